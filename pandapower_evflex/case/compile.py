"""From a net and its profiles to arrays: the only place where MW become per unit (of 1 MVA)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.limits import Limits, Relaxed
from pandapower_evflex.case.net_values import without_gaps
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.case.profiles import Profiles
from pandapower_evflex.elements.ev_slots import EvCase, charge_at_arrival, offers_of, slots_of
from pandapower_evflex.elements.ev_stays import Stay, with_needs_of_next
from pandapower_evflex.errors import Fault
from pandapower_evflex.nlp.layout import FloatArray
from pandapower_evflex.tables.cos_phi_p import tan_phi

ComplexArray = NDArray[np.complex128]

#: injection (generation positive) per unit of the table's power
INJECTION_SIGN = {"load": -1.0, "sgen": 1.0, "storage": -1.0, "gen": 1.0}
_PART = {"p_mw": 1.0, "q_mvar": 1.0j}


@dataclass(frozen=True)
class Case:
    """All arrays of one problem.

    Parameters
    ----------
    grid : Grid
    horizon : Horizon
    evs : EvCase
    s_base : complex [n_period, n_bus]   injection of everything but EVs, pu
    scenarios : activation scenarios, of "down", "up", "base"
    q_follows_flexibility : bool         reactive power of EVs follows the activated power (True) or P_ch alone (eq. 8)
    relaxed : Relaxed or None            limits that stand in for those of the grid
    """

    grid: Grid
    horizon: Horizon
    evs: EvCase
    s_base: ComplexArray
    scenarios: tuple[str, ...]
    q_follows_flexibility: bool
    relaxed: Relaxed | None = None

    @cached_property
    def limits(self) -> Limits:
        """What every schedule keeps."""
        return self.relaxed.kept if self.relaxed else Limits.of(self.grid, self.horizon.n_periods)

    @property
    def seen_limits(self) -> Limits:
        """Of these, the ones that a schedule could exceed."""
        return self.relaxed.seen if self.relaxed else self.limits

    def injections(self, p_ev: FloatArray, p_scheduled: FloatArray | None = None) -> ComplexArray:
        """Bus injections [n_case, n_bus] with EV loads ``p_ev`` [n_period, n_ev].

        ``p_scheduled`` is the power that the reactive power follows where it does not follow ``p_ev``.
        """
        p_for_q = p_ev if self.q_follows_flexibility or p_scheduled is None else p_scheduled
        s = self.s_base.copy()
        np.subtract.at(s.T, self.evs.bus_row, (p_ev + 1j * p_for_q * self.evs.tan_phi).T)
        return s


def base_injections(net: Any, grid: Grid, profiles: Profiles) -> ComplexArray:
    """Injections [n_period, n_bus] without EVs: table values, replaced by profiles where there are any."""
    return grid.s_fixed + profile_deviation(net, profiles) @ grid.rows_of_buses


def profile_deviation(net: Any, profiles: Profiles) -> ComplexArray:
    """What profiles change against the table values, as an injection [n_period, n_pp_bus], MW and Mvar."""
    change = np.zeros((profiles.horizon.n_periods, len(net["bus"])), dtype=np.complex128)
    for (table, column), frame in profiles.values.items():
        elements = without_gaps(net, table).loc[frame.columns]
        live = elements["in_service"].to_numpy(dtype=bool)
        scaling = elements["scaling"].to_numpy(dtype=float)[live]
        more = (frame.to_numpy(dtype=float)[:, live] - elements[column].to_numpy(dtype=float)[live]) * scaling
        at = net["bus"].index.get_indexer(elements["bus"][live])
        np.add.at(change.T, at, INJECTION_SIGN[table] * _PART[column] * more.T)
    return change


def compile_evs(
    evs: pd.DataFrame,
    flexibility: pd.DataFrame | None,
    stays: list[list[Stay]],
    bus_row: NDArray[np.int64],
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


def ev_bus_rows(evs: pd.DataFrame, grid: Grid) -> tuple[NDArray[np.int64], list[Fault]]:
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
