"""Our results on the net: flat frames under short keys, so that they survive JSON, Excel and SQLite."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import timezone
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.as_loads import Q_SERIES, check_result
from pandapower_evflex.opf.report.by_runpp import EV_SERIES, RunppMoment, moment_tables
from pandapower_evflex.opf.report.moment import SCENARIOS, checked_scenario, period_position
from pandapower_evflex.opf.report.one_forecast import refuse_forecasts
from pandapower_evflex.opf.report.other_evs import refuse_other_evs
from pandapower_evflex.opf.report.results import FlexibilityOpfResult, sum_of_units
from pandapower_evflex.opf.report.stored_series import NET_SHA256, PROFILES, SIDE, stored_faults
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.format_version import stamp_version
from pandapower_evflex.tables.kinds import check_net, shown
from pandapower_evflex.tables.links import remember_all
from pandapower_evflex.tables.references import SERIES_PREFIX, STORED_BUSES, series_names, whole_labels
from pandapower_evflex.tables.stored_frame import StoredFrame

_SHORT = {
    "vm_pu": "bus_vm_pu",
    "line_loading_percent": "line_loading",
    "trafo_loading_percent": "trafo_loading",
    "trafo3w_loading_percent": "trafo3w_loading",
}
#: key of the name of the forecast that the frames are of, where there were several
FORECAST = f"{SERIES_PREFIX}forecast"
#: end of the key of the frame with buses of elements other than EVs
UNIT_BUS = "bus"
#: reactive over active power of units other than EVs
TAN_PHI = "tan_phi"
_SUMS = ("p_mw", "p_up_mw", "p_down_mw")
_EXTREMES = ("min_vm_pu", "max_vm_pu", "max_line_loading_percent", "max_trafo_loading_percent")
_ORDER = ("up", "down", "base")
_FLEXIBILITY = {
    "element_type": "object",
    "element": "int64",
    "direction": "object",
    "n_periods": "int64",
    "mean_p_mw": "float64",
    "max_p_mw": "float64",
}
#: columns and dtypes; a run has the extremes of its own scenarios
RESULT_TABLES: dict[str, dict[str, str]] = {
    "res_period": {
        "time": "object",
        **dict.fromkeys((*_SUMS, *(f"{name}_{scenario}" for scenario in _ORDER for name in _EXTREMES)), "float64"),
    },
    "res_flexibility": _FLEXIBILITY,
    "res_ev": dict.fromkeys(EV_SERIES, "float64"),
}


def write_results(net: Net, result: FlexibilityOpfResult, moment: RunppMoment) -> None:
    """Write all tables of a solved result, and pandapower's own for the moment of highest loading.

    Of several forecasts that of this moment stands on the net. Everything is computed before the first table is
    touched, so the net is never left half written.
    """
    if result.forecasts:
        result = result.in_forecast(moment.forecast)
    tables: dict[str, Any] = {
        **series_frames(result),
        NET_SHA256: result.provenance["net_sha256"],
        "res_period": _period_table(result),
        "res_flexibility": _flexibility_table(net, result),
        **moment.tables,
        **({} if moment.forecast == "" else {FORECAST: str(moment.forecast)}),
    }
    clear_results(net, but=tables)
    for name, value in tables.items():
        net[name] = value
    stamp_version(net)
    remember_all(net, TABLES)
    net["OPF_converged"] = True


def clear_results(net: Net, but: Container[str] = ()) -> None:
    """Empty our results of an earlier run, but those that are about to be replaced; pandapower's tables stay."""
    for name in series_names(net):
        del net[name]
    for name, dtypes in RESULT_TABLES.items():
        if name not in but:
            net[name] = _empty(dtypes)
    net["OPF_converged"] = False


def _empty(dtypes: Mapping[str, str]) -> StoredFrame:
    """No rows, and the columns that others have."""
    return StoredFrame({name: np.empty(0, dtype=dtype) for name, dtype in dtypes.items()}, index=pd.RangeIndex(0))


def write_period(net: Net, period: Any, scenario: str = "base", result: FlexibilityOpfResult | None = None) -> None:
    """Fill pandapower's `res_*` tables and `net.res_ev` for one moment, so that every pandapower plot shows it.

    The tables equal those of `pandapower.runpp` on `with_evs_as_loads` at that moment. They hold one moment at a time
    and do not say which: a run leaves that of its highest loading there, and each call, or `runpp`, replaces it.

    Parameters
    ----------
    net : pandapowerNet
    period : int or time                  from 0, or a label of the result's index (also as text)
    scenario : "base", "up" or "down"     the schedule itself, or full activation of one direction
    result : FlexibilityOpfResult         None: what the last run on this net stored there, also where an earlier
                                          result of it is at hand; a run without a schedule leaves nothing to show

    Raises
    ------
    IndexError, InvalidInputError    no such period, no such scenario, or the result is of other EVs or other buses
    """
    check_net("write_period", net)
    written: Any = checked_result("write_period", net, result)
    refuse_other_evs(net, written)
    position = period_position(period, written.p_mw.index)
    check_result(net, written)
    for name, value in moment_tables(net, written, position, checked_scenario(scenario)).items():
        net[name] = value


class NoStoredResult(InvalidInputError, KeyError):
    """The net holds no result."""


def checked_result(function: str, net: Net, result: Any) -> Any:
    """The result that is given, or the one stored on the net.

    Raises
    ------
    InvalidInputError    something else is given, nothing is stored, or what is stored was cut or deleted
    """
    if result is None:
        return StoredResult(net)
    if not isinstance(result, FlexibilityOpfResult):
        remedy = "give what run_flexibility_opf returned, or None for what it stored on the net"
        raise InvalidInputError([Fault(function, "result", (), shown(result), "is not a result", remedy)])
    refuse_forecasts(function, result)
    return result


class StoredResult:
    """What `write_period` and `with_evs_as_loads` need of a result, read from the frames on the net."""

    def __init__(self, net: Net) -> None:
        if f"{SERIES_PREFIX}ev_p_mw" not in net:
            remedy = "run run_flexibility_opf first, or give a result"
            raise NoStoredResult([Fault("net", f"{SERIES_PREFIX}ev_p_mw", (), "the result", "is not stored", remedy)])
        faults = stored_faults(net)
        if faults:
            raise InvalidInputError(faults)
        time = net[f"{SERIES_PREFIX}time"]["time"].astype(str)
        evs = _stored(net, "ev_p_mw").columns
        for name in EV_SERIES:
            setattr(self, name, _stored(net, f"ev_{name}")[evs].set_axis(pd.Index(time), axis=0))
        self.settings: dict[str, Any] = {"q_follows_flexibility": bool(net[SIDE])}
        self.provenance = {"net_sha256": str(net.get(NET_SHA256) or "")}
        self.series, self.settings["other_units"] = _other_units(net)
        self.settings["other_tan_phi"] = {kind: _stored(net, f"{kind}_{TAN_PHI}") for kind in self.series}
        if STORED_BUSES in net:
            self.settings["ev_bus"] = whole_labels(net[STORED_BUSES]).iloc[0].astype(int).to_dict()
        self.profiles = {
            (table, column): _stored(net, f"{table}_{column}")
            for table in ("load", "sgen", "storage", "gen")
            for column in ("p_mw", "q_mvar")
            if f"{SERIES_PREFIX}{table}_{column}" in net
        }


def _other_units(net: Net) -> tuple[dict[str, dict[str, pd.DataFrame]], dict[str, pd.DataFrame]]:
    """Series of elements other than EVs, and their buses."""
    kinds = [
        key.removeprefix(SERIES_PREFIX).removesuffix(f"_{TAN_PHI}")
        for key in series_names(net)
        if key.endswith(f"_{TAN_PHI}")
    ]
    units = {kind: _stored(net, f"{kind}_{UNIT_BUS}").T.set_axis(["bus"], axis=1) for kind in kinds}
    series = {
        kind: {name: _stored(net, f"{kind}_{name}")[own.index] for name in (*_SUMS, *_of_kind(net, kind))}
        for kind, own in units.items()
    }
    return series, units


def _of_kind(net: Net, kind: str) -> tuple[str, ...]:
    """Reactive powers where these are scheduled, energies of other units."""
    return tuple(Q_SERIES.values()) if f"{SERIES_PREFIX}{kind}_{Q_SERIES['up']}" in net else ("e_mwh",)


def _stored(net: Net, name: str) -> pd.DataFrame:
    """A frame of the last run; SQLite gives labels back as text, and a column without any number as None."""
    return whole_labels(net[SERIES_PREFIX + name]).astype(float)


def series_frames(result: FlexibilityOpfResult) -> dict[str, Any]:
    """One flat frame per series: RangeIndex rows, element labels as columns."""
    frames = {f"ev_{name}": getattr(result, name) for name in EV_SERIES}
    for name, short in _SHORT.items():
        frames |= {f"{short}_{scenario}": frame for scenario, frame in getattr(result, name).items()}
    frames |= {f"{table}_{column}": frame for (table, column), frame in result.profiles.items()}
    for kind, units in result.settings["other_units"].items():
        for name, frame in result.series[kind].items():
            frames[f"{kind}_{name}"] = _beside_profiles(frame, frames.get(f"{kind}_{name}"))
        frames[f"{kind}_{TAN_PHI}"] = result.settings["other_tan_phi"][kind]
        frames[f"{kind}_{UNIT_BUS}"] = units.T
    frames["ev_bus"] = pd.DataFrame(result.settings["ev_bus"], index=[0])
    frames["time"] = pd.DataFrame({"time": _time_texts(result)})
    flat = {SERIES_PREFIX + name: _flat(frame) for name, frame in frames.items()}
    return {
        **flat,
        SIDE: result.settings["q_follows_flexibility"],
        PROFILES: " ".join(f"{table}.{column}" for table, column in result.profiles),
    }


def _beside_profiles(series: pd.DataFrame, profiles: pd.DataFrame | None) -> pd.DataFrame:
    """A series of units whose table has profiles: each unit's own schedule, and the profiles of those without one."""
    if profiles is None:
        return series
    kept = profiles.drop(columns=series.columns, errors="ignore")
    return pd.concat([series.reset_index(drop=True), kept.reset_index(drop=True)], axis=1)


def _flat(frame: pd.DataFrame) -> StoredFrame:
    """Rows from 0; a net without such elements has no labels either, as JSON gives them back."""
    flat = frame.reset_index(drop=True)
    return StoredFrame(flat if len(flat.columns) else flat.set_axis(pd.Index([], dtype=object), axis=1))


def _period_table(result: FlexibilityOpfResult) -> pd.DataFrame:
    """One row per period: sums of the EVs, extremes of the grid in each scenario."""
    columns: dict[str, Any] = {"time": _in_one_offset(result.p_mw.index)}
    for name in _SUMS:
        columns[name] = sum_of_units(result, name).to_numpy()
    for scenario in [name for name in _ORDER if name in result.vm_pu]:
        vm_pu = result.vm_pu[scenario].to_numpy(dtype=float)  # NaN without supply
        columns[f"min_vm_pu_{scenario}"] = np.fmin.reduce(vm_pu, axis=1)
        columns[f"max_vm_pu_{scenario}"] = np.fmax.reduce(vm_pu, axis=1)
        columns[f"max_line_loading_percent_{scenario}"] = _highest(result.line_loading_percent[scenario])
        trafos = (result.trafo_loading_percent[scenario], result.trafo3w_loading_percent[scenario])
        columns[f"max_trafo_loading_percent_{scenario}"] = np.fmax(*map(_highest, trafos))
    return StoredFrame(columns)


def renew_period_table(net: Net) -> None:
    """`net.res_period` from the series as they stand on the net; without series it is left alone."""
    if f"{SERIES_PREFIX}ev_p_mw" not in net:
        return
    stored: Any = StoredResult(net)
    for name, short in _SHORT.items():
        scenarios = [scenario for scenario in SCENARIOS if f"{SERIES_PREFIX}{short}_{scenario}" in net]
        setattr(stored, name, {scenario: _stored(net, f"{short}_{scenario}") for scenario in scenarios})
    table = _period_table(stored)
    if len(table) == len(net["res_period"]) and "time" in net["res_period"]:
        table["time"] = net["res_period"]["time"].to_numpy()  # in one offset from UTC
    net["res_period"] = table


def _time_texts(result: FlexibilityOpfResult) -> list[str]:
    return [str(label) for label in result.p_mw.index]


def _in_one_offset(labels: pd.Index) -> list[str]:
    """Labels as text; times keep the first offset from UTC, as `pandas.to_datetime` reads no two in one column."""
    if isinstance(labels, pd.DatetimeIndex) and labels.tz is not None:
        labels = labels.tz_convert(timezone(labels[0].utcoffset()))
    return [str(label) for label in labels]


def _highest(loading: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Highest loading per period, 0 where the net has no such element."""
    return np.nan_to_num(
        np.fmax.reduce(loading.to_numpy(dtype=float), axis=1, initial=-np.inf), neginf=0.0, posinf=np.inf
    )


def _flexibility_table(net: Net, result: FlexibilityOpfResult) -> pd.DataFrame:
    """One row per row of net.flexibility: in how many periods it can be called, and how much."""
    if "flexibility" not in net:
        return _empty(_FLEXIBILITY)
    rows = []
    for offer in net["flexibility"].itertuples():
        rows.append((offer.element_type, offer.element, offer.direction, *_offered(result, offer)))
    frame = pd.DataFrame(rows, columns=list(_FLEXIBILITY), index=net["flexibility"].index)
    return StoredFrame(frame.astype(_FLEXIBILITY))


def _offered(result: FlexibilityOpfResult, offer: Any) -> tuple[int, float, float]:
    frames = {"ev": {"p_up_mw": result.p_up_mw, "p_down_mw": result.p_down_mw}, **result.series}
    frame: Mapping[Any, pd.Series] = frames.get(offer.element_type, {}).get(f"p_{offer.direction}_mw", {})
    if not offer.in_service or offer.element not in frame:
        return 0, 0.0, 0.0
    p = frame[offer.element]
    if offer.element_type == "ev":
        p = p[result.e_mwh[offer.element].notna()]  # while it is plugged in
    return int((p > 0).sum()), float(p.mean()) if len(p) else 0.0, float(p.max()) if len(p) else 0.0
