"""Columns of our tables that hold labels of another table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray
from pandapower_evflex.tables.schema import TableSchema


@dataclass(frozen=True)
class Reference:
    """A column with labels of another table.

    Parameters
    ----------
    table, column : where the labels stand
    target : table that they belong to; "" where `element_type` of the row names it
    required : False: rows may have none
    """

    table: str
    column: str
    target: str
    required: bool = True

    def points_to(self, frame: pd.DataFrame, target: str) -> BoolArray:
        """Rows whose label belongs to ``target``."""
        if self.target:
            return np.full(len(frame), self.target == target)
        is_target = (isinstance(cell, str) and cell == target for cell in frame["element_type"])
        return np.fromiter(is_target, dtype=bool, count=len(frame))


def references_of(schema: TableSchema) -> tuple[Reference, ...]:
    return tuple(
        Reference(schema.name, column.name, column.foreign_key, column.required)
        for column in schema.columns
        if column.foreign_key or column.name == "element"
    )
