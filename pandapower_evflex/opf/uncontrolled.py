"""What happens without any schedule: everyone charges at full power from arrival."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.case.ev_case import charge_at_arrival
from pandapower_evflex.opf.findings import exceeded_limits, findings_frame
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.results import period_labels
from pandapower_evflex.opf.study import read_study
from pandapower_evflex.opf.verify import grid_state
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.powerflow.flows import element_loading_percent


@dataclass(frozen=True)
class UncontrolledCharging:
    """Charging at arrival and what it does to the grid.

    Parameters
    ----------
    p_mw : DataFrame [period x ev]
    min_vm_pu : Series [period]                   lowest voltage of any bus with limits
    line_loading_percent, trafo_loading_percent : DataFrame [period x element]
    violations : DataFrame                        broken limits: period, element_type, element, value, limit, ...
    """

    p_mw: pd.DataFrame
    min_vm_pu: pd.Series
    line_loading_percent: pd.DataFrame
    trafo_loading_percent: pd.DataFrame
    violations: pd.DataFrame


def uncontrolled_charging(
    net: Any,
    profiles: Mapping[Any, pd.DataFrame] | None = None,
    *,
    fill: bool = True,
    n_periods: int | None = None,
    period_h: float | None = None,
    cyclic: bool = False,
    trafo_loading: str = "power",
    max_line_loading_percent: float | None = None,
    max_trafo_loading_percent: float | None = None,
    min_vm_pu: float | None = None,
    max_vm_pu: float | None = None,
) -> UncontrolledCharging:
    """Let every EV charge at full power from arrival, and run the power flow of every period.

    Parameters
    ----------
    net, profiles, n_periods, period_h, cyclic, trafo_loading : as in `run_flexibility_opf`
    fill : bool     True: until the battery is full, as plugged-in cars do; False: until the departure energy is reached
    max_line_loading_percent, max_trafo_loading_percent, min_vm_pu, max_vm_pu : float
        as in `run_flexibility_opf`: what counts as a violation

    Raises
    ------
    InvalidInputError    as in `run_flexibility_opf`
    """
    options = Options(
        scenarios=("base",),
        trafo_loading=trafo_loading,
        max_line_loading_percent=max_line_loading_percent,
        max_trafo_loading_percent=max_trafo_loading_percent,
        min_vm_pu=min_vm_pu,
        max_vm_pu=max_vm_pu,
        unreachable="reduce",
    )
    study = read_study(net, profiles, options, n_periods=n_periods, period_h=period_h, cyclic=cyclic)
    case = study.case
    n_t = case.horizon.n_periods
    stays_of: list[list[Any]] = [[] for _ in case.evs.index]
    for stay in case.evs.stays:
        stays_of[stay.ev].append(stay)
    p = np.stack([charge_at_arrival(own, n_t, fill=fill)[0] for own in stays_of], axis=1)
    state = grid_state(case, BatchedPowerFlow(case.grid), p)
    labels = period_labels(study.profiles)

    def loading(table: str) -> pd.DataFrame:
        index = net[table].index
        values = element_loading_percent(case.grid, state.loading, table, index.to_numpy())
        return pd.DataFrame(values, index=labels, columns=index)

    limited = np.isfinite(case.grid.vm_min) | np.isfinite(case.grid.vm_max)
    return UncontrolledCharging(
        p_mw=pd.DataFrame(p, index=labels, columns=case.evs.index),
        min_vm_pu=pd.Series(state.vm[:, limited].min(axis=1), index=labels),
        line_loading_percent=loading("line"),
        trafo_loading_percent=loading("trafo"),
        violations=findings_frame(exceeded_limits(case, state)).drop(columns=["ev", "session", "scenario", "curable"]),
    )
