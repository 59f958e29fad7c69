"""The ring of the second paper's example (Figs. 6 and 7), with a day that gives its figures in an AC power flow.

The paper prints no impedances, loads or profiles. Here they are chosen such that its text holds: after a fault of a-b
the branch f-e carries b, c, d and e; its rating is 6.75 MVA; just below it in the quarter hours before
11:00 and after 12:00; between them 0.16875, 0.50625, 0.50625 and 0.16875 MW must be removed, the averages of a triangle
with an apex of 0.675 MW.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandapower.create import (
    create_buses,
    create_empty_network,
    create_ext_grid,
    create_lines_from_parameters,
    create_loads,
    create_switches,
)

from pandapower_evflex.tables.cpo import create_cpo
from pandapower_evflex.tables.cpo_rates import set_cpo_rates
from pandapower_evflex.tables.reinforcement import create_reinforcement

VN_KV = 10.0
#: rating of f-e in the paper, and of the other lines, which shall not be what limits [MVA]
RATED_MVA, AMPLE_FACTOR = 6.75, 1.5
R_OHM, X_OHM = 0.06, 0.08
#: MW of the loads at b, c and e at the value 1 of the day's shape
LOADS_MW = {"b": 2.2, "c": 1.9, "e": 1.9}
#: the site at d: N outlets of P at the densities d_c and d_o, bid and prices of the paper
N_EVSE, EVSE_P_MW, CHARGING_RATE, OCCUPANCY_RATE = 60, 0.025, 0.45, 0.85
PRICE_EUR_PER_MWH = 5_000.0
FAILURES_PER_YEAR = 0.5
INVEST_EUR, LIFETIME_YEARS = 20_000.0, 30.0
#: Tuesday of an ordinary week
START = pd.Timestamp("2024-05-14 00:00")


def ring_10kv() -> tuple[Any, dict[tuple[str, str], pd.DataFrame]]:
    """The second paper's 10 kV grid: substations a and f, loads b, c and e, a charging site at d, an open tie c-d.

    Returns
    -------
    net : pandapowerNet with `net.cpo` and its rates, `net.reinforcement` (a second system f-e), failure rates of lines,
          coordinates. Breakers CB1 and CB2 at the ends of a-b, CB3 is the open tie at c-d, CB4 is at the head of f-e
    profiles : {("load", "p_mw"): DataFrame} of a day in quarter hours, labelled by time

    Notes
    -----
    The paper says 30 years of lifetime, which is what `net.reinforcement` holds; its printed annuity of 2.78 kEUR
    belongs to 10 years. It values lost load at 10 EUR/kWh and discounts at 6.5 %. The saving of losses that it assumes,
    1.2 kEUR a year, is met at 108.786 EUR/MWh.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> net.bus.name.tolist(), profiles["load", "p_mw"].shape
    (['a', 'b', 'c', 'd', 'e', 'f'], (96, 4))
    """
    net = create_empty_network(name="ring_10kv")
    places = [(0.0, 0.0), (0.0, 1.0), (0.5, 2.0), (1.5, 2.0), (2.0, 1.0), (2.0, 0.0)]
    create_buses(net, 6, VN_KV, name=list("abcdef"), geodata=places)
    for bus in (0, 5):
        create_ext_grid(net, bus, vm_pu=1.0)
    rated_ka = RATED_MVA / (np.sqrt(3.0) * VN_KV)
    create_lines_from_parameters(
        net, [0, 1, 2, 3, 4], [1, 2, 3, 4, 5], length_km=1.0, r_ohm_per_km=R_OHM, x_ohm_per_km=X_OHM, c_nf_per_km=0.0,
        max_i_ka=[AMPLE_FACTOR * rated_ka] * 4 + [rated_ka], name=["a-b", "b-c", "c-d", "d-e", "e-f"],
        max_loading_percent=100.0, failure_rate_per_year=[FAILURES_PER_YEAR] + [np.nan] * 4,
    )  # fmt: skip
    create_switches(
        net, [0, 1, 2, 5], [0, 0, 2, 4], et="l", type="CB", closed=[True, True, False, True],
        name=["CB1", "CB2", "CB3", "CB4"],
    )  # fmt: skip
    site_mw = CHARGING_RATE * N_EVSE * EVSE_P_MW
    create_loads(net, [1, 2, 4, 3], p_mw=[*LOADS_MW.values(), site_mw], name=[*LOADS_MW, "d"])
    cpo = create_cpo(net, 3, N_EVSE, EVSE_P_MW, price_eur_per_mwh=PRICE_EUR_PER_MWH, name="d")
    set_cpo_rates(net, cpo, CHARGING_RATE, OCCUPANCY_RATE)
    create_reinforcement(
        net, "line", 4, INVEST_EUR, lifetime_years=LIFETIME_YEARS, parallel=2, name="second system f-e"
    )
    time = pd.date_range(START, periods=96, freq="15min")
    p = np.column_stack([*(_shape() * p for p in LOADS_MW.values()), np.full(96, site_mw)])
    return net, {("load", "p_mw"): pd.DataFrame(p, index=time, columns=net["load"].index)}


def _shape() -> np.ndarray[Any, Any]:
    """The day of b, c and e: humps before noon and in the evening; from 11:00 to 12:00 what the triangle asks for."""
    hour = (np.arange(96) + 0.5) / 4
    humps = 0.38 * np.exp(-(((hour - 11.5) / 3.2) ** 2)) + 0.12 * np.exp(-(((hour - 19.5) / 2.0) ** 2))
    shape = 1.079504880 * (0.55 + humps)  # f-e at 98.7 % before and after
    shape[44:48] = [
        1.031432258,
        1.087668561,
        1.087668561,
        1.031432258,
    ]  # 0.16875, 0.50625, 0.50625, 0.16875 MW too much
    return shape
