"""What a reader dropped, cut or guessed, said as loudly as it matters."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

#: share of the rows or of the energy beyond which a loss is logged as a warning; exactly 1 % is not, however it rounds
WARNED_SHARE = 0.01 + 1e-9


def log_report(
    logger: logging.Logger, what: str, report: Mapping[Any, Any], n_changed: int, energy_lost: float = 0.0
) -> None:
    """Log the counts of a reader.

    Parameters
    ----------
    report : counts; the first is that of the rows read
    n_changed : rows that were dropped, cut or guessed
    energy_lost : share of the energy that was dropped
    """
    n_read = int(next(iter(report.values())))
    share = n_changed / n_read if n_read else 0.0
    level = logging.WARNING if max(share, energy_lost) > WARNED_SHARE else logging.INFO
    lost = f"; {energy_lost:.1%} of the energy is left out" if energy_lost > WARNED_SHARE else ""
    counts = ", ".join(f"{key} {value}" for key, value in report.items())
    logger.log(level, "%s: %s%s", what, counts, lost)
