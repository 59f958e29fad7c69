"""What the cars could offer if there were no grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import FlexibilityOPFNotConverged
from pandapower_evflex.opf.findings.describe import describe
from pandapower_evflex.opf.findings.table import findings_frame
from pandapower_evflex.opf.objective import bound_mw
from pandapower_evflex.opf.options import Options, names_of
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.report.frames import period_labels
from pandapower_evflex.opf.verify import VERIFIED, element_violations

FUNCTION = "flexibility_bound"


@dataclass(frozen=True, repr=False)
class FlexibilityBound:
    """What the cars of a net could offer if there were no grid.

    Attributes
    ----------
    p_up_mw, p_down_mw : DataFrame [period x ev]
        of one schedule that reaches the bound, the smoothest one; single activations, as in `FlexibilityOpfResult`
    objective_mw : float
        sum over periods, EVs and activation scenarios of C P: no schedule on any grid has more
    is_exact : bool
        a schedule of the cars reaches it; False: it may be more than they can do (they feed in with losses)
    """

    p_up_mw: pd.DataFrame
    p_down_mw: pd.DataFrame
    objective_mw: float
    is_exact: bool

    def __str__(self) -> str:
        n_periods, n_evs = self.p_up_mw.shape
        up, down = (frame.sum(axis=1).max() * 1e3 for frame in (self.p_up_mw, self.p_down_mw))
        return (
            f"{self.objective_mw:.6g} MW without a grid, {n_evs} EVs, {n_periods} periods; "
            f"at most {up:.4g} kW upward and {down:.4g} kW downward in one period"
        )

    def __repr__(self) -> str:
        return f"<FlexibilityBound: {self}>"


def flexibility_bound(
    net: Net,
    profiles: Mapping[Any, pd.DataFrame] | None = None,
    *,
    n_periods: int | None = None,
    period_h: float | None = None,
    start: Any = None,
    dayfirst: bool | None = None,
    cyclic: bool = False,
    scenarios: Sequence[str] = ("down", "up"),
    weights: Mapping[str, Any] | None = None,
    unreachable: str = "raise",
) -> FlexibilityBound:
    """What the cars could offer without a grid, in closed form: an upper bound on every `run_flexibility_opf`.

    Exact car by car (a dynamic program over the energy of the battery), with chained sessions, trips, cyclic days,
    `min_p_mw`, caps on offers and weights that vary. Limits of the grid do not count; where they hold at this bound,
    `run_flexibility_opf` returns it without a solver.

    Parameters
    ----------
    net, profiles, n_periods, period_h, start, dayfirst, cyclic, scenarios, weights, unreachable
        as in `run_flexibility_opf`; of the profiles only their periods matter

    Returns
    -------
    FlexibilityBound    `p_up_mw`, `p_down_mw` [period x ev], `objective_mw`, `is_exact`

    Raises
    ------
    InvalidInputError             as in `run_flexibility_opf`
    FlexibilityOPFNotConverged    sessions that no charging can satisfy, in `findings`

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
    >>> bound = evf.flexibility_bound(net, profiles)
    >>> bound.is_exact
    True
    """
    options = Options(scenarios=names_of(scenarios), weights=weights, unreachable=unreachable)
    periods = {"n_periods": n_periods, "period_h": period_h, "start": start, "dayfirst": dayfirst}
    study = read_study(net, profiles, options, cyclic=cyclic, function=FUNCTION, **periods)
    if study.findings:
        findings = findings_frame(study.findings)
        raise FlexibilityOPFNotConverged("no schedule exists:\n" + describe(findings), findings)
    case, rows = study.case, period_labels(study.profiles)
    evs = case.alone.of(slice(0, len(case.evs.index)))

    is_reached = max(element_violations(case, case.alone).values()) <= VERIFIED

    def frame(values: Any) -> pd.DataFrame:
        return pd.DataFrame(values, index=rows, columns=case.evs.index)

    return FlexibilityBound(frame(evs.p_up), frame(evs.p_down), bound_mw(case), is_exact=is_reached)
