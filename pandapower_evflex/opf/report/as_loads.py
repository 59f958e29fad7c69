"""EVs as ordinary loads: what pandapower's own functions understand."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray, Net
from pandapower_evflex.case.grid import slack_faults
from pandapower_evflex.case.injections import INJECTION_SIGN, load_sign
from pandapower_evflex.case.net_faults import net_faults
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.case.net_values import POWERS, without_gaps
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.elements import replaced_by_schedule
from pandapower_evflex.errors import EvflexError, Fault, InvalidInputError
from pandapower_evflex.opf.report.moment import checked_scenario, period_position
from pandapower_evflex.opf.report.other_evs import refuse_other_evs
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cos_phi_p import tan_phi
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from pandapower_evflex.tables.faults import labels_of
from pandapower_evflex.tables.kinds import check_net

#: reactive powers of units by scenario, where these are scheduled
Q_SERIES = {"base": "q_mvar", "up": "q_up_mvar", "down": "q_down_mvar"}


def with_evs_as_loads(net: Net, result: Any, period: Any = None, scenario: str = "base") -> Any:
    """A plain net with the EVs as loads, for power flow, short circuit or time series.

    Parameters
    ----------
    net : pandapowerNet                 not changed
    result : FlexibilityOpfResult       None: the frames that the last run stored on the net
    period : int, time or None
        a period from 0 or by its label: all profiled elements take their values of that moment. None: loads carry the
        first period's values, and ConstControl controllers all profiles, so that `run_timeseries` of pandapower runs
    scenario : "base", "up" or "down"

    Returns
    -------
    pandapowerNet without our tables; the new loads are named after their EVs and carry the EV's label in column `ev`

    Raises
    ------
    IndexError, InvalidInputError    no such period, no such scenario, or the result is of other EVs or other buses
    """
    from pandapower_evflex.opf.report.on_net import checked_result

    check_net("with_evs_as_loads", net)
    result = checked_result("with_evs_as_loads", net, result)
    refuse_other_evs(net, result)
    scenario = checked_scenario(scenario)
    check_result(net, result)
    position = 0 if period is None else period_position(period, result.p_mw.index)
    plain = copy.deepcopy(_without_our_tables(plain_net(net)))
    profiles = _add_units_as_loads(plain, net, result, scenario)
    _take_values(plain, profiles, position)
    if period is None:
        _add_controllers(plain, profiles)
    return plain


def for_one_power_flow(net: Net, result: Any, position: int, scenario: str) -> Any:
    """`with_evs_as_loads` of one period of a net that `check_result` has passed, for a power flow that is thrown away.

    The tables of elements are its own; whatever else a power flow only reads is that of the net. Loads have the columns
    that a power flow reads.
    """
    plain = _without_our_tables(plain_net(net))
    units, replaced = _units(plain, net, result, scenario)
    values: dict[str, dict[str, FloatArray]] = {}
    for (table, column), frame in [*result.profiles.items(), *replaced.items()]:
        cells = values.setdefault(table, {}).setdefault(column, plain[table][column].to_numpy(dtype=float, copy=True))
        cells[plain[table].index.get_indexer(frame.columns)] = frame.iloc[position].to_numpy()
    for name, value in plain.items():
        if isinstance(value, pd.DataFrame) and not str(name).startswith(("res_", "_")):
            plain[name] = pd.DataFrame(value.copy()) if len(value) else value.copy(deep=False)
            for column, cells in values.get(name, {}).items():
                plain[name][column] = cells
        elif isinstance(value, dict) and str(name).startswith("_"):
            plain[name] = dict(value)
    for _, rows, p, q in units:
        plain["load"] = _with_rows(plain["load"], rows["bus"].to_numpy(dtype=int), p[position], q[position])
    _fill_gaps(plain)
    return plain


def _with_rows(loads: pd.DataFrame, buses: IntArray, p_mw: FloatArray, q_mvar: FloatArray) -> pd.DataFrame:
    """What a power flow reads of loads, and of a new one at each of the buses."""
    n = len(buses)
    new = {"bus": buses, "p_mw": p_mw, "q_mvar": q_mvar, "scaling": np.ones(n), "in_service": np.ones(n, dtype=bool)}
    columns = {
        name: np.concatenate([loads[name].to_numpy(), new.get(name, np.zeros(n))])
        for name in NET_TABLES["load"].dtypes
        if name in loads
    }
    first = loads.index.max() + 1 if len(loads) else 0
    return pd.DataFrame(columns, index=loads.index.append(pd.RangeIndex(first, first + n)))


def check_result(net: Net, result: Any) -> None:
    """Whether a power flow of the net with the result's EVs can be set up.

    Raises
    ------
    EvflexError, InvalidInputError
    """
    if np.isnan(result.p_mw.to_numpy()).any():
        raise EvflexError(f"the result holds no schedule: {getattr(result, 'message', 'the run failed')}")
    faults = missing_elements(net, result) or net_faults(net) or slack_faults(net)
    if faults:
        raise InvalidInputError(faults)


def _add_units_as_loads(plain: Any, net: Net, result: Any, scenario: str) -> dict[tuple[str, str], pd.DataFrame]:
    """Loads for EVs and other units; the profiles of all elements, theirs among them.

    Units of a table of pandapower stay what they are, and take their powers from the schedule.
    """
    units, replaced = _units(plain, net, result, scenario)
    profiles = {key: frame.reset_index(drop=True) for key, frame in result.profiles.items()}
    for key, own in replaced.items():
        given = profiles.get(key, own.iloc[:, :0])
        profiles[key] = pd.concat([given.drop(columns=own.columns, errors="ignore"), own], axis=1)
    for kind, rows, p, q in units:
        labels = _add_loads(plain, rows) if kind == "ev" else _add_units(plain, kind, rows)
        for column, values in (("p_mw", p), ("q_mvar", q)):
            key, own = ("load", column), pd.DataFrame(values, columns=labels)
            profiles[key] = pd.concat([profiles[key], own], axis=1) if key in profiles else own
    return profiles


def _units(
    plain: Any, net: Net, result: Any, scenario: str
) -> tuple[list[tuple[str, pd.DataFrame, FloatArray, FloatArray]], dict[tuple[str, str], pd.DataFrame]]:
    """Kind, rows with their buses, and powers [n_period, n_unit] of what becomes loads; powers of pandapower's rows."""
    evs = _scheduled_evs(net, result)
    added, replaced = [("ev", evs, *_ev_powers(result, evs, scenario))] if len(evs) else [], {}
    for kind, units in result.settings.get("other_units", {}).items():
        ratio = result.settings["other_tan_phi"][kind][units.index].to_numpy()
        p, q = _unit_powers(kind, result.series[kind], ratio, scenario, result.settings)
        if kind in INJECTION_SIGN:
            factor = load_sign(kind) / scaling_of(plain, kind, units.index)
            powers = {"p_mw": p, "q_mvar": q}
            for column in replaced_by_schedule(kind):
                replaced[kind, column] = pd.DataFrame(factor * powers[column], columns=units.index)
        else:
            added.append((kind, units, p, q))
    return added, replaced


def _take_values(plain: Any, profiles: Mapping[tuple[str, str], pd.DataFrame], position: int) -> None:
    """Let all elements with a profile take its values of one row."""
    for (table, column), frame in profiles.items():
        values = plain[table][column].to_numpy(dtype=float, copy=True)
        values[plain[table].index.get_indexer(frame.columns)] = frame.iloc[position].to_numpy()
        plain[table][column] = values
    _fill_gaps(plain)


def _fill_gaps(plain: Any) -> None:
    for table in POWERS:
        if table in plain:
            plain[table] = without_gaps(plain, table)


def missing_elements(net: Net, result: Any) -> list[Fault]:
    """Elements of the result that were dropped from the net since."""
    named = [("ev", result.p_mw.columns)]
    named += [(kind, units.index) for kind, units in result.settings.get("other_units", {}).items()]
    named += [(table, frame.columns) for (table, _), frame in result.profiles.items()]
    known: dict[str, pd.Index] = {}
    for table, labels in named:
        known[table] = known[table].union(labels) if table in known else labels
    return [
        Fault(
            table,
            "index",
            tuple(dropped),
            "rows of the result",
            f"are not in net.{table}",
            "put them back, or run again",
        )
        for table, columns in known.items()
        if len(dropped := columns.difference(labels_of(net, table)).tolist())
    ]


def scaling_of(net: Any, table: str, labels: pd.Index) -> FloatArray:
    return net[table]["scaling"].reindex(labels).to_numpy(dtype=float)


def _scheduled_evs(net: Net, result: Any) -> pd.DataFrame:
    """Rows of net.ev that the result is of; a net of other elements alone needs no such table."""
    labels = result.p_mw.columns
    return net["ev"].loc[labels] if len(labels) else pd.DataFrame({"bus": [], "name": [], "cos_phi": []})


def _ev_powers(result: Any, evs: pd.DataFrame, scenario: str) -> tuple[FloatArray, FloatArray]:
    frames = {name: getattr(result, name) for name in ("p_mw", "p_up_mw", "p_down_mw")}
    return _powers(frames, tan_phi(evs["cos_phi"].to_numpy(dtype=float)), scenario, result.settings)


def _powers(
    frames: Mapping[str, pd.DataFrame], tan_phi_of_units: FloatArray, scenario: str, settings: Mapping[str, Any]
) -> tuple[FloatArray, FloatArray]:
    """Active and reactive power in one scenario [n_period, n_unit]."""
    scheduled = p = frames["p_mw"].to_numpy()
    if scenario == "up":
        p = scheduled + frames["p_up_mw"].to_numpy()
    elif scenario == "down":
        p = scheduled - frames["p_down_mw"].to_numpy()
    return p, (p if settings["q_follows_flexibility"] else scheduled) * tan_phi_of_units


def _unit_powers(
    kind: str, frames: Mapping[str, pd.DataFrame], ratio: FloatArray, scenario: str, settings: Mapping[str, Any]
) -> tuple[FloatArray, FloatArray]:
    """Loads of units of other kinds in one scenario [n_period, n_unit]."""
    sign = load_sign(kind)
    p, q = _powers({**frames, "p_mw": sign * frames["p_mw"]}, ratio, scenario, settings)
    own = frames.get(Q_SERIES[scenario])
    return p, q if own is None else sign * own.to_numpy()


def _add_units(plain: Any, kind: str, units: pd.DataFrame) -> pd.Index:
    from pandapower.create import create_loads

    names = [f"{kind} {label}" for label in units.index]
    buses = units["bus"].to_numpy(dtype=int)
    return pd.Index(create_loads(plain, buses, p_mw=0.0, q_mvar=0.0, name=names, type=kind))


def _without_our_tables(net: Net) -> Any:
    """The net without what pandapower does not know."""
    ours = {name for name in net if isinstance(name, str) and (name in TABLES or name.startswith("evflex_"))}
    ours |= {"res_period", "res_flexibility", "res_ev", *RATE_TABLES}
    return net.__class__({name: value for name, value in net.items() if name not in ours})


def _add_loads(plain: Any, evs: pd.DataFrame) -> pd.Index:
    from pandapower.create import create_loads

    names = [name if isinstance(name, str) else f"ev {label}" for label, name in evs["name"].items()]
    labels = create_loads(plain, evs["bus"].to_numpy(), p_mw=0.0, q_mvar=0.0, name=names, type="ev", ev=evs.index)
    return pd.Index(labels)


def _add_controllers(plain: Any, profiles: dict[tuple[str, str], pd.DataFrame]) -> None:
    from pandapower.control import ConstControl
    from pandapower.timeseries import DFData

    for (table, column), frame in profiles.items():
        ConstControl(
            plain, table, column, element_index=list(frame.columns), profile_name=list(frame.columns),
            data_source=DFData(frame),
        )  # fmt: skip
