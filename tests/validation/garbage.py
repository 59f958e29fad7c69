"""Every public function with a hundred kinds of garbage in each argument: an `EvflexError`, or a sound answer."""

from __future__ import annotations

import copy
import inspect
import pathlib
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandapower as pp
import pandas as pd

import pandapower_evflex as evf
from tests.built_once import built_once
from tests.validation._garbage_kinds import KINDS

#: s; a call that takes longer hangs
PATIENCE_S = 120

N_PERIODS = 4
#: kinds per argument where a sample is enough
N_SAMPLED = 2
#: functions of which docs/validation.md tells a sample; the slow tests try all kinds on them too
SLOW = (
    "create_ev_session", "create_ev_sessions", "create_reinforcements",
    "mobility.sample_workplace_sessions", "networks.suburban_lv", "run_flexibility_opf", "run_planning",
    "run_planning_horizon",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one value in one argument: "refused", "accepted", or the name of a raw error."""

    function: str
    argument: str
    kind: str
    outcome: str


@built_once
def _fresh() -> Any:
    """Two buses behind a transformer, an EV, a site, a generator with a characteristic, and a line that fails."""
    net = pp.create_empty_network()
    buses = [pp.create_bus(net, 20.0), *(pp.create_bus(net, 0.4) for _ in range(2))]
    pp.create_ext_grid(net, buses[0])
    pp.create_transformer(net, buses[0], buses[1], "0.25 MVA 20/0.4 kV")
    for _ in range(2):
        pp.create_line(net, buses[1], buses[2], 0.1, "NAYY 4x150 SE", geodata=[(0, 0), (0, 1)])
    pp.create_load(net, buses[2], 0.005, 0.001)
    pp.create_load(net, buses[1], 0.011)
    pp.create_sgen(net, buses[2], 0.004, sn_mva=0.01)
    net.bus["geo"] = [f'{{"type": "Point", "coordinates": [{x}, 0.0]}}' for x in range(3)]
    net.line["failure_rate_per_year"], net.line["repair_time_h"] = 0.1, 4.0
    evf.create_ev(net, buses[2], max_p_mw=0.011, max_e_mwh=0.06, min_e_mwh=0.01, consumption_kwh_per_km=0.2)
    evf.create_ev_session(net, 0, 0.0, 1.0, e_arrival_mwh=0.03, trip_km=30.0)
    evf.create_cpo(net, buses[2], 4, 0.022, price_eur_per_mwh=100.0)
    evf.set_cpo_rates(net, 0, 0.4, 0.8)
    evf.create_reinforcement(net, "line", 0, 1e4, lifetime_years=30, parallel=2)
    return net


@cache
def _solved() -> tuple[Any, Any]:
    net = _fresh()
    return net, evf.run_flexibility_opf(net, n_periods=N_PERIODS, progress=False)


@cache
def _solved_band() -> Any:
    return evf.run_flexibility_opf(_fresh(), n_periods=N_PERIODS, guarantee="any_sequence", progress=False)


@cache
def _rolled() -> Any:
    return evf.run_rolling_horizon(_fresh(), n_periods=N_PERIODS, progress=False)


PRICES = {"voll_eur_per_mwh": 1e4, "loss_price_eur_per_mwh": 80.0, "discount_rate": 0.06, "progress": False}


@cache
def _study() -> Any:
    return evf.run_planning(_fresh(), period_h=6.0, **PRICES)


@cache
def _horizon() -> Any:
    return evf.run_planning_horizon(_fresh(), None, 2, 1.0, period_h=6.0, **PRICES)


def _few_words() -> Any:
    return evf.Study("create_kerber_landnetz_freileitung_1", None, 0.2, options={"period_h": 6.0})


@cache
def _studied() -> str:
    out = tempfile.mkdtemp()
    evf.run_studies([_few_words()], out, progress=False)
    return out


def _lattice() -> Any:
    return np.array([[0, 1, 1, 2, 2, 2, 0, 0], [1, 1, 1, 2, 2, 2, 2, 0]], dtype=np.int8)


def _sessions() -> pd.DataFrame:
    day = pd.Timestamp("2024-05-14")
    hours = {"arrival": 8, "charging_end": 11, "departure": 16}
    return pd.DataFrame({"evse": ["a", "b"], **{name: [day + pd.Timedelta(hours=h)] * 2 for name, h in hours.items()}})


def _reports() -> pd.DataFrame:
    sessions = _sessions()
    return pd.DataFrame(
        {"user": [1, 2], "plug_in": sessions.arrival, "plug_out": sessions.departure, "energy_kwh": [5.0, 6.0]}
    )


ACN = """[{"stationID": "a", "connectionTime": "Wed, 25 Apr 2018 11:08:04 GMT",
"doneChargingTime": "Wed, 25 Apr 2018 12:08:04 GMT", "disconnectTime": "Wed, 25 Apr 2018 13:20:10 GMT",
"kWhDelivered": 7.9, "timezone": "America/Los_Angeles"}]"""
CSV = """Station;Port;Plug-in;Unplug;Charging Time (hh:mm:ss);Energy (kWh)
North;1;14.05.2024 08:00;14.05.2024 17:00;03:10:00;19,96
"""


@cache
def _file(name: str, text: str) -> str:
    path = pathlib.Path(tempfile.mkdtemp(), name)
    path.write_text(text)
    return str(path)


def _rates() -> dict[str, Any]:
    return {"charging_rate": [0.4] * 96, "occupancy_rate": [0.8] * 96}


def _matrices() -> Any:
    return evf.estimate_transition_matrices(**_rates())


WINDOW = {"start": 1, "n_periods": 2}
DENSITIES = {"charging_density": 0.4, "occupancy_density": 0.8}
DAY = {"profiles": None, "period_h": 6.0, **PRICES}

#: right arguments of every public function, made anew for each call; {} means that it takes none
CALLS: dict[str, Callable[[], dict[str, Any]]] = {
    "activate_flexibility": lambda: {"net": _fresh(), "result": _solved()[1], "period": 1, "direction": "up"},
    "run_rolling_horizon": lambda: {
        "net": _fresh(), "n_periods": N_PERIODS, "period_h": 0.25, "every_h": 1.0, "progress": False,
    },
    "adoption_studies": lambda: {
        "nets": ["create_kerber_landnetz_freileitung_1"], "shares": [0.2], "seeds": [0], "days": [0],
    },
    "charging_density": lambda: {"charging_rate": [0.4, 0.5, 0.3, 0.2], **WINDOW},
    "clear_flexibility": lambda: {
        "offers": pd.DataFrame({"p_mw": [0.1], "price_eur_per_mwh": [50.0]}),
        "demand_mw": 0.1,
        "price_cap_eur_per_mwh": 1e3,
    },
    "cost_deltas": lambda: {"costs": pd.DataFrame({"a": [1.0, 2.0]}, index=["x", "y"]), "reference": "x"},
    "count_transition_matrices": lambda: {"lattices": _lattice()[None]},
    "cpo_densities": lambda: {"net": _fresh(), "start_h": 11.0, "end_h": 12.0},
    "cpo_peak_shaving": lambda: {"net": _fresh(), "start_h": 11.0, "end_h": 12.0},
    "cpo_rates_from_sessions": lambda: {"sessions": _sessions(), "n_evse": 2},
    "create_cos_phi_p": lambda: {"net": _fresh(), "sgen": 0},
    "create_cpo": lambda: {"net": _fresh(), "bus": 1, "n_evse": 4, "evse_p_mw": 0.022},
    "create_cpos": lambda: {"net": _fresh(), "buses": [1, 2], "n_evse": 4, "evse_p_mw": 0.022},
    "create_ev": lambda: {"net": _fresh(), "bus": 1, "max_p_mw": 0.011, "max_e_mwh": 0.06},
    "create_ev_session": lambda: {"net": _fresh(), "ev": 0, "arrival_h": 3.0, "departure_h": 4.0},
    "create_ev_sessions": lambda: {"net": _fresh(), "evs": [0], "arrival_h": [3.0], "departure_h": [4.0]},
    "create_evs": lambda: {"net": _fresh(), "buses": [1, 2], "max_p_mw": 0.011, "max_e_mwh": 0.06},
    "create_flexibilities": lambda: {"net": _fresh(), "element_type": "ev", "elements": [0], "direction": "up"},
    "create_flexibility": lambda: {"net": _fresh(), "element_type": "ev", "element": 0, "direction": "up"},
    "create_reinforcement": lambda: {
        "net": _fresh(), "element_type": "line", "element": 1, "invest_eur": 1e4, "lifetime_years": 30, "parallel": 2,
    },
    "create_reinforcements": lambda: {
        "net": _fresh(), "element_type": "line", "elements": [1], "invest_eur": 1e4, "lifetime_years": 30,
        "parallel": 2,
    },
    "diagnostic": lambda: {"net": _fresh(), "profiles": None},
    "energy_not_served": lambda: {"overload_mw": [0.1, 0.2], "period_h": 0.25},
    "energy_not_served_triangle": lambda: {"peak_mw": 0.1, "duration_h": 2.0},
    "estimate_transition_matrices": _rates,
    "ev_std_types": dict,
    "evs_from_loads": lambda: {"net": _fresh(), "loads": [1], "max_e_mwh": 0.06},
    "flexibility_bound": lambda: {"net": _fresh(), "n_periods": N_PERIODS},
    "flexibility_cost": lambda: {
        "failure_rate_per_year": 0.1, "price_eur_per_mwh": 50.0, "p_mw": 0.1, "duration_h": 2.0,
    },
    "hosting_capacity": lambda: {
        "net": "create_kerber_landnetz_freileitung_1", "shares": [0.0, 0.2], "seeds": [0], "options": {"period_h": 6.0},
    },
    "hours_since": lambda: {"timestamps": ["2024-05-14 08:00"], "start": "2024-05-14"},
    "investment_annuity": lambda: {"invest_eur": 1e4, "discount_rate": 0.06, "lifetime_years": 30.0},
    "is_flexible_enough": lambda: {"velocity": [0.1, 0.2], "velocity_limit": 0.3},
    "load_reduction": lambda: {"demand": [0.4, 0.5], "target": [0.3, 0.5]},
    "loss_cost": lambda: {"losses_mw": [0.1, 0.2], "period_h": 12.0, "loss_price_eur_per_mwh": 80.0},
    "max_peak_shave": lambda: {"lattice": _lattice(), **WINDOW},
    "max_shave_lp": lambda: {"lattice": _lattice(), **WINDOW},
    "max_velocity": lambda: {"peak": 0.2, "n_periods": 4},
    "mean_field_peak_shave": lambda: {
        "P": _matrices(), "initial": [0.6, 0.2, 0.2], "n_evse": 4, "start": 40, "n_periods": 4,
    },
    "normalised_demand": lambda: {"lattice": _lattice()},
    "occupancy_density": lambda: {"occupancy_rate": [0.4, 0.5, 0.3, 0.2], **WINDOW},
    "peak_limit_outlets": lambda: {**DENSITIES, "n_evse": 4, "n_periods": 4},
    "peak_shape": lambda: {"shape": "triangle", "n_periods": 4},
    "profiles_from_controllers": lambda: {"net": _fresh()},
    "rank_nets": lambda: {"rows": evf.read_studies(_studied())},
    "read_studies": lambda: {"out": _studied()},
    "reduction_of_velocity": lambda: {"velocity": [0.1, -0.1]},
    "reliability_cost": lambda: {"failure_rate_per_year": 0.1, "voll_eur_per_mwh": 1e4, "ens_mwh": 0.2},
    "run_flexibility_opf": lambda: {"net": _fresh(), "n_periods": N_PERIODS, "progress": False},
    "run_planning": lambda: {"net": _fresh(), **DAY},
    "run_planning_horizon": lambda: {"net": _fresh(), "n_years": 1, "growth_percent_per_year": 1.0, **DAY},
    "run_studies": lambda: {
        "studies": [_few_words()], "out": tempfile.mkdtemp(), "progress": False, "chunk": 1, "time_limit_s": 60.0,
    },
    "schedule_investments": lambda: {
        "yearly_cost_eur": pd.DataFrame([[2.0, 1.0]], columns=pd.Index([(), (0,)], tupleize_cols=False)),
        "annuity_eur": pd.Series({0: 0.5}),
        "discount_rate": 0.06,
    },
    "set_cpo_rates": lambda: {"net": _fresh(), "cpo": 0, "charging_rate": 0.4, "occupancy_rate": 0.8},
    "shave_peak": lambda: {"lattice": _lattice(), "reduction": [1, 1], "start": 1},
    "shaving_limit_mw": lambda: {**DENSITIES, "n_evse": 4, "evse_p_mw": 0.022, "n_periods": 4},
    "shaving_limit_outlets": lambda: {**DENSITIES, "n_evse": 4, "n_periods": 4},
    "shifting_velocity": lambda: {"waiting": [0.1, 0.2]},
    "simulate_lattice": lambda: {"P": _matrices(), "initial": [0.6, 0.2, 0.2], "n_evse": 4},
    "state_probabilities": _rates,
    "uncontrolled_charging": lambda: {"net": _fresh(), "n_periods": N_PERIODS},
    "velocity_limit": lambda: {**DENSITIES, "n_evse": 4},
    "velocity_of_reduction": lambda: {"reduction": [0.1, 0.2]},
    "warmup": dict,
    "with_evs_as_loads": lambda: {"net": copy.deepcopy(_solved()[0]), "result": None, "period": 0},
    "write_period": lambda: {"net": copy.deepcopy(_solved()[0]), "period": 0},
    "report": lambda: {"result_or_study": _solved()[1], "path": _file("report.html", "")},
    "result.limited_by": lambda: {"period": 0},
    "mobility.read_acn_sessions": lambda: {"path": _file("sessions.json", ACN)},
    "mobility.read_sessions": lambda: {"path": _file("sessions.csv", CSV)},
    "mobility.sample_fleet": lambda: {"n": 3, "seed": 0},
    "mobility.sample_sessions": lambda: {"evs": [0, 1], "seed": 0},
    "mobility.sample_workplace_sessions": lambda: {"n_evse": 3, "days": ["2024-05-14"], "seed": 0},
    "mobility.sessions_from_reports": lambda: {"reports": _reports(), "start": "2024-05-14", "hours": 24.0},
    "networks.ring_10kv": dict,
    "networks.suburban_lv": lambda: {"seed": 0, "n_evs": 2, "n_periods": 24, "n_buses": 14},
    "plotting.plot_activation": lambda: {
        "result": _solved()[1], "call": evf.activate_flexibility(*_solved(), 0, "up"),
    },
    "plotting.plot_rolling_day": lambda: {"day": _rolled()},
    "plotting.plot_charging_power": lambda: {"result": _solved()[1]},
    "plotting.plot_cos_phi_p": lambda: {"net": _with_characteristic()},
    "plotting.plot_cpo_rates": _rates,
    "plotting.plot_energy_not_served": lambda: {"study": _study()},
    "plotting.plot_adoption": lambda: {"rows": evf.read_studies(_studied())},
    "plotting.plot_ranking": lambda: {"rows": evf.read_studies(_studied())},
    "plotting.plot_band": lambda: {"result": _solved_band()},
    "plotting.plot_durations": lambda: {"results": [_solved()[1], _solved_band()]},
    "plotting.plot_ev": lambda: {"net": _fresh(), "result": _solved()[1], "ev": 0},
    "plotting.plot_flexibility": lambda: {"result": _solved()[1]},
    "plotting.map": lambda: {"net": _fresh(), "result": _solved()[1]},
    "plotting.plot_energies": lambda: {"result": _solved()[1]},
    "plotting.plot_heat_map": lambda: {"result": _solved()[1]},
    "plotting.plot_voltage_profile": lambda: {"net": _fresh(), "result": _solved()[1], "period": 0},
    "plotting.save": lambda: {"drawn": plt.subplots()[1], "path": _file("a.png", "")},
    "plotting.plot_horizon": lambda: {"horizon": _horizon()},
    "plotting.plot_lattice": lambda: {"lattice": _lattice()},
    "plotting.plot_min_voltage": lambda: {"result": _solved()[1]},
    "plotting.plot_net": lambda: {"net": _fresh()},
    "plotting.plot_normal_state": lambda: {"net": _fresh()},
    "plotting.plot_peak": lambda: {"reduction": [1.0, 2.0]},
    "plotting.plot_peak_shave": lambda: {
        "lattice": _lattice(), "shave": evf.shave_peak(_lattice(), [1, 1], 1), "reduction": [1, 1], "start": 1,
    },
    "plotting.plot_plan_costs": lambda: {"study": _study()},
    "plotting.plot_post_fault": lambda: {"net": _fresh(), "fault": ("line", 0)},
    "plotting.plot_pv_profile": lambda: {
        "net": _fresh(), "profiles": {("sgen", "p_mw"): pd.DataFrame({0: [0.001] * 24})},
    },
    "plotting.plot_sessions": lambda: {"net": _fresh()},
    "plotting.plot_shaving_over_day": lambda: {"net": _fresh(), "cpo": 0},
    "plotting.plot_trafo_loading": lambda: {"result": _solved()[1]},
}  # fmt: skip

#: arguments whose garbage is another matter: where to draw, who computes, functions of the user
LEFT_OUT = {"ax", "axes", "kwargs", "ev_values", "forecast", "opf"}


def _with_characteristic() -> Any:
    net = _fresh()
    evf.create_cos_phi_p(net, 0)
    return net


def function_of(name: str) -> Any:
    """The public function behind a name of `CALLS`."""
    if name == "result.limited_by":
        return _solved()[1].limited_by
    import pandapower_evflex.plotting  # noqa: F401

    found: Any = evf
    for part in name.split("."):
        found = getattr(found, part)
    return found


def arguments_of(name: str) -> list[str]:
    parameters = inspect.signature(function_of(name)).parameters
    return [argument for argument in parameters if argument not in LEFT_OUT]


def public_functions() -> list[str]:
    """Names of all functions that the package exports."""

    homes = {"": evf, "mobility.": evf.mobility, "networks.": evf.networks, "plotting.": evf.plotting}
    return [
        f"{prefix}{name}"
        for prefix, home in homes.items()
        for name in home.__all__
        if inspect.isfunction(getattr(home, name))
    ]


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Interrupts what takes longer, where signals can (the main thread of a Unix machine)."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome_of(name: str, argument: str, value: Any) -> str:
    """What becomes of one value in one argument, the others being right."""
    arguments = {**CALLS[name](), argument: value}
    with warnings.catch_warnings(), patience(PATIENCE_S):
        warnings.simplefilter("ignore")
        try:
            function_of(name)(**arguments)
        except evf.EvflexError as error:
            return "refused" if str(error) else "an error without words"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        finally:
            plt.close("all")
    return "accepted"


def sampled_kinds(name: str, argument: str, n: int = N_SAMPLED) -> dict[str, Any]:
    """Some kinds, other ones for each argument."""
    number, place, kinds = list(CALLS).index(name), arguments_of(name).index(argument), list(KINDS.items())
    first = (7 * number + 12 * place) % len(kinds)
    return dict([*kinds, *kinds][first : first + n])


def section_outcomes(name: str) -> list[Outcome]:
    """All kinds, or some of them where a call takes long."""
    takes_long = name in SLOW
    return [
        one
        for argument in arguments_of(name)
        for one in outcomes_of_argument(name, argument, sampled_kinds(name, argument) if takes_long else KINDS)
    ]


def outcomes(name: str, kinds: dict[str, Any] = KINDS) -> list[Outcome]:
    """Of all arguments of a function."""
    return [one for argument in arguments_of(name) for one in outcomes_of_argument(name, argument, kinds)]


def outcomes_of_argument(name: str, argument: str, kinds: dict[str, Any] = KINDS) -> list[Outcome]:
    return [Outcome(name, argument, kind, outcome_of(name, argument, value)) for kind, value in kinds.items()]


def section() -> str:
    """What docs/validation.md says of it."""
    return "\n".join(["## Garbage in arguments", "", *markdown()])


def markdown() -> list[str]:
    """The lines of docs/validation.md: how many were refused and accepted, function by function."""
    return lines_of({name: section_outcomes(name) for name in CALLS})


def lines_of(found: dict[str, list[Outcome]]) -> list[str]:
    everything = [one for ones in found.values() for one in ones]
    lines = [
        f"{len(found)} public functions, {sum(len(arguments_of(name)) for name in found)} arguments, up to "
        f"{len(KINDS)} kinds of garbage in each, {len(everything)} calls: {_count(everything, 'refused')} were refused "
        f"by an `EvflexError`, {_count(everything, 'accepted')} accepted (a value that is right there, such as None "
        f"for a default), {_raw(everything)} ended in another error.",
        "",
        "| function | arguments | kinds in each | refused | accepted | other errors |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, ones in found.items():
        n = len(arguments_of(name))
        counts = f"{_count(ones, 'refused')} | {_count(ones, 'accepted')} | {_raw(ones)}"
        lines.append(f"| `{name}` | {n} | {len(ones) // n if n else 0} | {counts} |")
    return lines


def _count(ones: list[Outcome], outcome: str) -> int:
    return sum(one.outcome == outcome for one in ones)


def _raw(ones: list[Outcome]) -> int:
    return sum(one.outcome not in ("refused", "accepted") for one in ones)
