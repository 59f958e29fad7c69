"""Values that may be right, and are more often in another unit: asked for when they are created and by every run."""

from __future__ import annotations

import logging

import pandas as pd

from pandapower_evflex.errors import listed
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.schema import TableSchema

logger = logging.getLogger(__name__)


def warn_of_unusual(schema: TableSchema, rows: pd.DataFrame) -> None:
    """Log what is beyond the usual in columns of rows whose values are right."""
    for column in schema.columns:
        if column.unusual_above is None or column.name not in rows:
            continue
        unusual = as_numbers(rows[column.name])[0] > column.unusual_above
        if unusual.any():
            shown = shown_values(rows[column.name].to_numpy(dtype=object)[unusual])
            logger.warning(
                "%s.%s of rows %s: %s %s is unusually much; is it given in %s?",
                schema.name, column.name, listed(tuple(rows.index[unusual])), shown, column.unit, column.unit,
            )  # fmt: skip


def in_service(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that do not say False: a candidate may say nothing."""
    flags = rows["in_service"]
    if flags.dtype == bool and flags.all():
        return rows
    return rows[~flags.eq(False).fillna(False).to_numpy(dtype=bool)]
