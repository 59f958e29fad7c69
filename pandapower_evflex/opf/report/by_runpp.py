"""One moment of a result solved by `pandapower.runpp` itself: its tables, and a check that shares no code with ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandapower.powerflow import LoadflowNotConverged

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.pf_options import model_options
from pandapower_evflex.case.plain_net import generators_that_dc_lines_join
from pandapower_evflex.opf.report.as_loads import for_one_power_flow
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.tables.stored_frame import StoredFrame

#: tolerances [MVA], tried in this order: in double precision large nets cannot be balanced to the first
TOLERANCES_MVA = (1e-10, 1e-8, 1e-6)
MAX_ITERATION = 30
#: in every process pandapower compiles its kernels anew, for seconds; they save milliseconds of a power flow
NUMBA = False
#: difference of a voltage [pu] beyond which a run fails: as fine as limits are verified; runpp reaches it on EHV nets
AGREES = 1e-6

EV_SERIES = ("p_mw", "p_up_mw", "p_down_mw", "e_mwh", "soc_percent")


@dataclass(frozen=True)
class RunppMoment:
    """The busiest moment of a result by `runpp`.

    Parameters
    ----------
    scenario, forecast, period : which moment; forecast "" where there is one set of profiles
    tables : pandapower's result tables and res_ev; empty where runpp does not converge
    difference : float    largest difference of a bus voltage to ours, pu; NaN where runpp does not converge
    voltages : str        the bus with that difference and its two voltages
    own_start : bool      runpp converged from where it starts by itself
    """

    scenario: str
    forecast: Any
    period: int
    tables: dict[str, pd.DataFrame]
    difference: float
    voltages: str
    own_start: bool

    @property
    def named(self) -> str:
        """The scenario, and the forecast where there are several."""
        return self.scenario if self.forecast == "" else f"{self.scenario}, forecast {self.forecast}"

    def note(self) -> str:
        """What a reader of the result must know; empty in the usual case."""
        where = f"period {self.period} ({self.named}), the busiest"
        if not self.tables:
            return f"runpp does not converge in {where}: the result is not compared with it, its tables are not written"
        return "" if self.own_start else f"runpp converges in {where}, from the result's voltages only"


def busiest_by_runpp(net: Net, result: FlexibilityOpfResult) -> RunppMoment:
    """The moment of highest loading; where runpp does not converge from its own start, from our voltages."""
    key, period = busiest_moment(result)
    scenario, forecast = (key, "") if isinstance(key, str) else key
    if result.forecasts:
        result = result.in_forecast(forecast)
    ours = result.vm_pu[scenario].iloc[period]
    for start in (None, ours):
        try:
            tables = moment_tables(net, result, period, scenario, start)
        except LoadflowNotConverged:
            continue
        theirs = tables["res_bus"]["vm_pu"][ours.index]
        difference, bus = _largest_difference(ours, theirs)
        voltages = f"{_pu(ours[bus])} here and {_pu(theirs[bus])} by runpp at bus {bus}"
        return RunppMoment(scenario, forecast, period, tables, difference, voltages, start is None)
    return RunppMoment(scenario, forecast, period, {}, np.nan, "", False)


def busiest_moment(result: FlexibilityOpfResult) -> tuple[Any, int]:
    """Scenario, with its forecast where there are several, and period of the highest loading of any branch.

    Of several forecasts in the one whose limits cost most flexibility, where any does.
    """
    best: tuple[Any, int, float] = (next(key for key in result.vm_pu if "base" in (key, key[0])), 0, -np.inf)
    worst = result.settings.get("worst_forecast", "")
    for scenario in result.line_loading_percent:
        if worst != "" and scenario[1] != worst:
            continue
        frames = (result.line_loading_percent, result.trafo_loading_percent, result.trafo3w_loading_percent)
        loading = np.concatenate([frame[scenario].to_numpy(dtype=float) for frame in frames], axis=1)
        highest = np.nan_to_num(loading, nan=-np.inf).max(axis=1, initial=-np.inf)  # without ratings no loadings
        if highest.max() > best[2]:
            best = (scenario, int(highest.argmax()), float(highest.max()))
    return best[0], best[1]


def moment_tables(
    net: Net, result: Any, position: int, scenario: str, vm_pu: pd.Series | None = None
) -> dict[str, pd.DataFrame]:
    """pandapower's result tables of one moment from its own power flow, and res_ev; `check_result` has passed the net.

    Parameters
    ----------
    vm_pu : Series [bus]    where the power flow starts; None: where runpp starts by itself

    Raises
    ------
    LoadflowNotConverged
    """
    plain = for_one_power_flow(net, result, position, scenario)
    run_plain(plain, vm_pu)
    tables = {name: plain[name] for name in plain.keys() if isinstance(name, str) and name.startswith("res_")}
    tables["res_load"] = tables["res_load"].loc[net["load"].index]
    return {
        **{name: frame for name, frame in tables.items() if name in net},
        "res_ev": StoredFrame({name: getattr(result, name).iloc[position] for name in EV_SERIES}),
    }


def run_plain(plain: Any, vm_pu: pd.Series | None = None) -> None:
    """`runpp` with the options of our model, to the finest tolerance that it reaches.

    Raises
    ------
    LoadflowNotConverged
    """
    import pandapower as pp

    start: dict[str, Any] = {"init_vm_pu": _own_start(plain)}
    if vm_pu is not None:
        start = {"init_vm_pu": vm_pu.fillna(1.0), "init_va_degree": "dc"}
    options = model_options(plain)
    if len(plain["dcline"]):
        plain["gen"] = generators_that_dc_lines_join(plain)
    plain["user_pf_options"] = {}  # user options would replace arguments that equal runpp's defaults
    for tolerance in TOLERANCES_MVA:
        try:
            pp.runpp(
                plain, tolerance_mva=tolerance, max_iteration=MAX_ITERATION, numba=NUMBA, run_control=False,
                **options, **start,
            )  # fmt: skip
            return
        except LoadflowNotConverged:
            if tolerance == TOLERANCES_MVA[-1]:
                raise


def _own_start(plain: Any) -> float | None:
    """The voltage that `runpp` starts from by itself, the mean of all set points, in a quarter of its time for it."""
    if len(plain.get("vsc", ())):
        return None
    sources = [plain[name] for name in ("ext_grid", "gen")]
    set_points = [rows["vm_pu"].to_numpy()[rows["in_service"].to_numpy(dtype=bool)] for rows in sources]
    return float(np.mean(np.concatenate(set_points)))


def _largest_difference(ours: pd.Series, theirs: pd.Series) -> tuple[float, Any]:
    """With the label of its bus; infinite where only one of the two has a voltage there."""
    a, b = ours.to_numpy(dtype=float), theirs.to_numpy(dtype=float)
    difference = np.where(np.isnan(a) != np.isnan(b), np.inf, np.where(np.isnan(a), 0.0, np.abs(a - b)))
    largest = int(difference.argmax())
    return float(difference[largest]), ours.index[largest]


def _pu(vm_pu: float) -> str:
    return "no supply" if np.isnan(vm_pu) else f"{vm_pu:.7g} pu"
