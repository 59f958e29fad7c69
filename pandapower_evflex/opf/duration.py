"""How many periods an activation is held."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.errors import Fault

#: distance from a whole number of periods up to which a duration is one
WHOLE = 1e-6


def periods_held(function: str, duration_h: float | None, horizon: Horizon) -> tuple[int, list[Fault]]:
    """Periods for which an activation is held; None: one. 1, and the fault, where the duration does not fit."""
    if duration_h is None:
        return 1, []
    period_h = horizon.period_h
    ratio = float(duration_h) / period_h
    number = int(np.floor(ratio + 0.5)) if np.isfinite(ratio) else 0
    if number > horizon.n_periods:
        most_h = horizon.n_periods * period_h
        problem = f"is longer than the horizon of {most_h:g} h"
        return 1, [Fault(function, "duration_h", (), f"{duration_h:g}", problem, f"give at most {most_h:g}")]
    if abs(ratio - number) > WHOLE or not number:
        problem = f"is not a multiple of the period of {period_h:g} h"
        remedy = f"give for instance {max(number, 1) * period_h:g}, or None for one period"
        return 1, [Fault(function, "duration_h", (), f"{duration_h:g}", problem, remedy)]
    return number, []
