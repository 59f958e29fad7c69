"""A suburban low-voltage grid like that of the first paper's case study.

The paper's cables, loads, PV and survey are not public. This case is **synthetic**: it keeps the printed facts (11/0.4
kV, 315 kVA, delta-wye, three radial feeders, 61 nodes, 30 to 50 customers a feeder, 20 % of them with an EV, 80 %
three-phase with 11 kW and 20 % one-phase with 3.7 kW, rooftop PV up to 10.4 and 4.16 kWp with cos phi(P) as in
VDE-AR-N 4105, a day in May in 96 periods) and draws the rest from documented distributions.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from pandapower.create import (
    create_bus,
    create_buses,
    create_empty_network,
    create_ext_grid,
    create_lines,
    create_loads,
    create_sgens,
    create_transformer_from_parameters,
)

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.mobility.fleet import THREE_PHASE_SHARE, sample_fleet
from pandapower_evflex.mobility.sessions import sample_sessions
from pandapower_evflex.networks.households import household_loads, pv_shape
from pandapower_evflex.tables.cos_phi_p import create_cos_phi_p
from pandapower_evflex.tables.ev import create_evs
from pandapower_evflex.tables.ev_session import create_ev_sessions
from pandapower_evflex.tables.kinds import checked_generator, raise_if, whole_number_faults

FUNCTION = "suburban_lv"
N_FEEDERS = 3
N_CUSTOMERS = 120
#: source, busbar and four buses a feeder
MIN_BUSES = 2 + 4 * N_FEEDERS
#: more than any test needs
MOST_EVS, MOST_BUSES, MOST_PERIODS = 10_000, 10_000, 96 * 366
EV_SHARE = 0.2
PV_SHARE = 0.28
#: km of main cable and of each branch cable of a feeder
TRUNK_KM, BRANCH_KM = 0.30, 0.09
#: roofs: kWp and how often, three-phase and one-phase
PV_KWP = {3: ((4.0, 0.2), (6.0, 0.3), (8.0, 0.25), (10.4, 0.25)), 1: ((2.0, 0.3), (3.0, 0.4), (4.16, 0.3))}
#: power factors of houses and of chargers
COS_PHI_LOAD, COS_PHI_EV = 0.96, 0.98
#: EN 50160
VOLTAGE_LIMITS = {"min_vm_pu": 0.9, "max_vm_pu": 1.1}
#: share of the battery below which no driver wants to be
MIN_SOC = 0.2
START = pd.Timestamp("2024-05-14 12:00")


def suburban_lv(
    seed: int = 0, *, n_evs: int | None = None, n_periods: int = 96, n_buses: int = 61
) -> tuple[Any, dict[tuple[str, str], pd.DataFrame]]:
    """The first paper's suburb, synthetic.

    Parameters
    ----------
    seed : int         draws everything: houses, roofs, cars, nights
    n_evs : int        None: 20 % of 120 customers; more than one EV per customer is possible
    n_periods : int    24 periods of 1 h, or whole days of 96 periods of 15 min; starts at 12:00, so that a night is in
                       one piece; every EV comes home once a day
    n_buses : int      61 as in the paper; more: the same cables cut into more pieces, with the same customers

    Returns
    -------
    net : pandapowerNet with `net.ev`, `net.ev_session`, `net.cos_phi_p` and coordinates
    profiles : {("load", "p_mw"): DataFrame, ("load", "q_mvar"): ..., ("sgen", "p_mw"): ...} labelled by time

    Raises
    ------
    InvalidInputError    n_periods is neither 24 nor whole days, or n_buses does not suffice for the branches

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.suburban_lv(seed=1)
    >>> len(net.bus), len(net.ev), profiles["load", "p_mw"].shape
    (61, 24, (96, 120))
    """
    raise_if(_argument_faults(n_evs, n_periods, n_buses))
    rng = checked_generator(FUNCTION, seed)
    n_periods, n_buses, n_evs = int(n_periods), int(n_buses), None if n_evs is None else int(n_evs)
    period_h = 1.0 if n_periods == 24 else 0.25
    net, feeder_buses = _cables(n_buses)
    customers = _customers(feeder_buses)
    phases = rng.permutation(np.where(np.arange(N_CUSTOMERS) < THREE_PHASE_SHARE * N_CUSTOMERS, 3, 1))
    create_loads(net, customers, p_mw=0.0, name=[f"house {i}" for i in range(N_CUSTOMERS)])
    _create_roofs(net, customers, phases, rng)
    _create_evs(net, customers, phases, n_evs, n_periods * period_h, rng)
    return net, _profiles(net, n_periods, period_h, rng)


def _argument_faults(n_evs: Any, n_periods: Any, n_buses: Any) -> list[Fault]:
    """Each feeder needs a main cable and two branches."""
    faults = [] if n_evs is None else whole_number_faults(FUNCTION, "n_evs", n_evs, 0, MOST_EVS)
    faults += whole_number_faults(FUNCTION, "n_buses", n_buses, MIN_BUSES, MOST_BUSES)
    of_periods = whole_number_faults(FUNCTION, "n_periods", n_periods, 24, MOST_PERIODS)
    if not of_periods and n_periods != 24 and n_periods % 96:
        remedy = "give 24 hours, or whole days of 96 quarter hours"
        of_periods = [Fault(FUNCTION, "n_periods", (), n_periods, "is neither 24 nor a multiple of 96", remedy)]
    return faults + of_periods


def _cables(n_buses: int) -> tuple[Any, list[IntArray]]:
    """Substation and three feeders, each a main cable with two branches; returns the net and the buses per feeder."""
    net = create_empty_network(name="suburban_lv (synthetic)")
    source = create_bus(net, vn_kv=11.0, name="11 kV", geodata=(0.0, 0.04), **VOLTAGE_LIMITS)
    busbar = create_bus(net, vn_kv=0.4, name="busbar", geodata=(0.0, 0.0), **VOLTAGE_LIMITS)
    create_ext_grid(net, source)
    create_transformer_from_parameters(
        net, source, busbar, sn_mva=0.315, vn_hv_kv=11.0, vn_lv_kv=0.4, vk_percent=4.0, vkr_percent=1.25,
        pfe_kw=0.7, i0_percent=0.25, shift_degree=330.0, vector_group="Dyn11", max_loading_percent=100.0,
        tap_side="hv", tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2.5, tap_pos=0,
        tap_changer_type="Ratio", name="315 kVA",
    )  # fmt: skip
    sizes = [len(part) for part in np.array_split(np.arange(n_buses - 2), N_FEEDERS)]
    return net, [_feeder(net, busbar, number, size) for number, size in enumerate(sizes)]


def _feeder(net: Net, busbar: int, number: int, size: int) -> IntArray:
    """Three fifths of the buses on the main cable, the rest on two branches from its first and second third."""
    n_main = round(0.6 * size)
    lengths = [n_main, (size - n_main) // 2, size - n_main - (size - n_main) // 2]
    angle = np.deg2rad((200.0, 270.0, 340.0)[number])
    ahead, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    starts = [busbar, None, None]
    buses: list[IntArray] = []
    for part, n in enumerate(lengths):
        if part:
            starts[part] = buses[0][part * n_main // 3]
        origin = np.array(json.loads(net.bus.at[starts[part], "geo"])["coordinates"])
        direction = ahead if part == 0 else aside * (1 if part == 1 else -1)
        step = (TRUNK_KM if part == 0 else BRANCH_KM) / n
        places = origin + step * np.arange(1, n + 1)[:, None] * direction
        name = f"feeder {number + 1}"
        new = create_buses(net, n, vn_kv=0.4, name=name, geodata=[tuple(place) for place in places], **VOLTAGE_LIMITS)
        cable = "NAYY 4x150 SE" if part == 0 else "NAYY 4x120 SE"
        create_lines(
            net, np.concatenate([[starts[part]], new[:-1]]), new, length_km=step, std_type=cable, name=name,
            max_loading_percent=100.0,
        )  # fmt: skip
        buses.append(new)
    return np.concatenate(buses)


def _customers(feeder_buses: list[IntArray]) -> IntArray:
    """Bus of every customer: 40 a feeder, evenly along it."""
    per_feeder = N_CUSTOMERS // N_FEEDERS
    places = [np.linspace(0, len(buses) - 1, per_feeder).round().astype(int) for buses in feeder_buses]
    return np.concatenate([buses[place] for buses, place in zip(feeder_buses, places, strict=True)])


def _create_roofs(net: Net, customers: IntArray, phases: IntArray, rng: np.random.Generator) -> None:
    owners = np.sort(rng.choice(N_CUSTOMERS, round(PV_SHARE * N_CUSTOMERS), replace=False))
    kwp = []
    for owner in owners:
        sizes, shares = zip(*PV_KWP[int(phases[owner])], strict=True)
        kwp.append(rng.choice(sizes, p=shares))
    rated = np.array(kwp) / 1e3
    names = [f"PV of house {owner}" for owner in owners]
    for sgen in create_sgens(net, customers[owners], p_mw=0.0, sn_mva=rated, name=names, type="PV"):
        create_cos_phi_p(net, sgen)


def _create_evs(
    net: Net,
    customers: IntArray,
    phases: IntArray,
    n_evs: int | None,
    hours: float,
    rng: np.random.Generator,
) -> None:
    n = round(EV_SHARE * N_CUSTOMERS) if n_evs is None else n_evs
    owners = _owners(phases, n, rng)
    fleet = sample_fleet(n, seed=rng)
    names = [f"{std_type} of house {owner}" for std_type, owner in zip(fleet["std_type"], owners, strict=True)]
    buses = customers[owners].tolist()
    evs = create_evs(net, buses, fleet["std_type"].tolist(), phases=phases[owners], cos_phi=COS_PHI_EV, name=names)
    net["ev"]["min_e_mwh"] = MIN_SOC * net["ev"]["max_e_mwh"]
    nights = sample_sessions(evs.tolist(), max(1, round(hours / 24.0)), start_hour=START.hour, seed=rng)
    create_ev_sessions(
        net, nights["ev"], nights["arrival_h"], nights["departure_h"],
        soc_arrival_percent=nights["soc_arrival_percent"], trip_km=nights["trip_km"],
    )  # fmt: skip


def _owners(phases: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Houses of n EVs, three-phase ones in their share; beyond one EV per house it goes round again."""
    n_three_phase = round(THREE_PHASE_SHARE * n)
    drawn = [
        np.resize(rng.permutation(np.flatnonzero(phases == kind)), count)
        for kind, count in ((3, n_three_phase), (1, n - n_three_phase))
    ]
    return np.sort(np.concatenate(drawn))


def _profiles(
    net: Net, n_periods: int, period_h: float, rng: np.random.Generator
) -> dict[tuple[str, str], pd.DataFrame]:
    """The same sun for all roofs, a noise of its own for every house."""
    time = pd.date_range(START, periods=n_periods, freq=pd.Timedelta(hours=period_h))
    hours = START.hour + period_h * (np.arange(n_periods) + 0.5)
    p = household_loads(hours, N_CUSTOMERS, period_h, rng)
    tan_phi = np.sqrt(1.0 / COS_PHI_LOAD**2 - 1.0)
    pv = pv_shape(hours)[:, None] * net["sgen"]["sn_mva"].to_numpy()
    return {
        ("load", "p_mw"): pd.DataFrame(p, index=time, columns=net["load"].index),
        ("load", "q_mvar"): pd.DataFrame(p * tan_phi, index=time, columns=net["load"].index),
        ("sgen", "p_mw"): pd.DataFrame(pv, index=time, columns=net["sgen"].index),
    }
