"""EVs of a net as arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev_slots import EvCase, charge_at_arrival, offers_of, slots_of
from pandapower_evflex.elements.ev_stays import Stay, with_needs_of_next
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.cos_phi_p import tan_phi


def compile_evs(
    evs: pd.DataFrame,
    flexibility: pd.DataFrame | None,
    stays: list[list[Stay]],
    bus_row: IntArray,
    horizon: Horizon,
    weights: Mapping[str, FloatArray | None],
) -> EvCase:
    """Arrays of the EVs in service.

    Parameters
    ----------
    evs : DataFrame                          in-service rows of net.ev
    flexibility : DataFrame or None          net.flexibility
    stays : list per EV of Stay              needs reachable
    bus_row : int [n_ev]                     internal bus of each EV
    weights : {direction: [n_period, n_ev]}  None: the direction is no scenario
    """
    stays = with_needs_of_next(stays)
    controllable = evs["controllable"].to_numpy(dtype=bool)
    slots = slots_of(stays, controllable)
    n_ev = len(evs)
    fixed_p, fixed_e = np.zeros((horizon.n_periods, n_ev)), np.full((horizon.n_periods, n_ev), np.nan)
    for i in np.flatnonzero(~controllable):
        fixed_p[:, i], fixed_e[:, i] = charge_at_arrival(stays[i], horizon.n_periods)
    held = np.zeros(fixed_p.shape, dtype=bool)
    for i in np.flatnonzero(controllable):
        for stay in stays[i]:
            held[stay.periods[list(stay.held)], i] = True
            fixed_p[stay.periods[list(stay.held)], i] = stay.p_min
    return EvCase(
        index=evs.index.to_numpy(),
        bus_row=bus_row,
        tan_phi=tan_phi(evs["cos_phi"].to_numpy(dtype=float)),
        controllable=controllable,
        stays=[stay for own in stays for stay in own],
        slots=slots,
        offers={d: offers_of(d, evs, flexibility, slots, weights[d]) for d in ("up", "down")},
        held=held,
        fixed_p=fixed_p,
        fixed_e=fixed_e,
    )


def ev_bus_rows(evs: pd.DataFrame, grid: Grid) -> tuple[IntArray, list[Fault]]:
    """Internal bus of each EV; an EV at a bus without supply is a fault."""
    rows = pd.Series(grid.bus_row, index=grid.bus_index)[evs["bus"]].to_numpy()
    dead = evs.index[rows < 0]
    if not len(dead):
        return rows, []
    buses = ", ".join(str(bus) for bus in evs.loc[dead, "bus"])
    return rows, [
        Fault(
            "ev",
            "bus",
            tuple(dead),
            buses,
            "is out of service or without supply",
            "connect the bus, or set the EV's in_service to False",
        )
    ]
