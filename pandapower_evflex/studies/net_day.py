"""A net on one day as arrays, read once; the same with the cars of a share, which costs no look at a table."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.case.forecasts import NO_NAME, Forecast
from pandapower_evflex.case.periods import periods_of_a_day
from pandapower_evflex.case.profiles import Profiles
from pandapower_evflex.elements.ev import compile_evs
from pandapower_evflex.elements.ev_needs import unreachable_stays, with_reduced_needs
from pandapower_evflex.opf import read
from pandapower_evflex.opf.cars import reduced_frame
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.report.worst_phase import OnePhase
from pandapower_evflex.opf.verify import GridState, grid_state
from pandapower_evflex.planning.outage_columns import CUSTOMERS
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.studies.extremes import Extremes, near_limits
from pandapower_evflex.studies.fleet import Fleet, Households, draw_fleet
from pandapower_evflex.studies.place import place_of
from pandapower_evflex.studies.room import Room
from pandapower_evflex.studies.study import FUNCTION, split_options
from pandapower_evflex.tables.ev import create_ev
from pandapower_evflex.tables.faults import column_faults
from pandapower_evflex.tables.kinds import raise_if

#: what every study asks for, beside its own options
ASKED: Mapping[str, Any] = {
    "scenarios": ("down", "up"),
    "on_infeasible": "best_effort",
    "raise_on_failure": False,
    "progress": False,
}
NO_HOUSEHOLDS = "no load in service is supplied: there is no household that could have an EV"


class NoHouseholds(Exception):
    """A share of none."""


@dataclass(frozen=True)
class NetDay:
    """A net on one day, without its EVs.

    Parameters
    ----------
    study : opf.read.Study     the case without any EV; what else it holds is not asked for
    bus : DataFrame            `net.bus`
    households : Households
    n_own : int                EVs of the net, whose place the drawn ones take
    place : {"x", "y"}         see `place_of`
    """

    study: read.Study
    bus: pd.DataFrame
    households: Households
    n_own: int
    place: Mapping[str, float]

    @cached_property
    def flow(self) -> BatchedPowerFlow:
        return BatchedPowerFlow(self.study.case.grid)

    @cached_property
    def idle(self) -> tuple[GridState, Extremes]:
        """The power flows of the day without cars."""
        case = self.study.case
        state = grid_state(case, self.flow, case.uncontrolled)
        return state, Extremes.of(case, state.values, self.near)

    @cached_property
    def room(self) -> Room | None:
        """None where only power flows tell."""
        return Room.of(self.study.case, self.idle[0], self.near)

    @cached_property
    def near(self) -> list[float]:
        """See `near_limits`."""
        return near_limits(self.study.case)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is planned anew."""
        planned = ("flow", "idle", "room", "near", "_row_of_bus")
        return {name: value for name, value in self.__dict__.items() if name not in planned}

    def fleet(self, seed: int) -> Fleet:
        return draw_fleet({"bus": self.bus}, self.households, self.study.case.horizon, seed)

    def with_cars(self, fleet: Fleet, share: float) -> read.Study:
        """The case with the cars of a share; needs that no charging reaches are lowered."""
        n, of_all = self.households.n_cars(share), self.study.evs_of.keywords
        evs, horizon = fleet.evs.iloc[:n], self.study.case.horizon
        evs_of = partial(
            compile_evs,
            evs,
            None,
            bus_row=self._row_of_bus[evs["bus"].to_numpy()],
            horizon=horizon,
            weights={d: np.ones((horizon.n_periods, n)) for d in DIRECTIONS},
            guarantee=of_all["guarantee"],
            duration=of_all["duration"],
        )
        stays = fleet.stays[:n]
        unreachable = unreachable_stays(stays)
        stays = with_reduced_needs(stays, unreachable) if unreachable else stays
        return replace(
            self.study,
            case=replace(self.study.case, evs=evs_of(stays)),
            stays=stays,
            evs_of=evs_of,
            reduced=reduced_frame(fleet.evs.index, unreachable) if unreachable else self.study.reduced,
        )

    @cached_property
    def _row_of_bus(self) -> IntArray:
        """Row of the grid by the label of a bus."""
        grid = self.study.case.grid
        rows = np.full(int(grid.bus_index.max()) + 1, -1, dtype=np.int64)
        rows[grid.bus_index] = grid.bus_row
        return rows


def run_options(options: Mapping[str, Any]) -> Options:
    return Options(**{**ASKED, **split_options(options)[0]})


def read_net_day(net: Net, profiles: Any, options: Mapping[str, Any]) -> NetDay:
    """Read and check a net with its profiles.

    Raises
    ------
    InvalidInputError    as `run_flexibility_opf`
    NoHouseholds
    """
    if not len(net["bus"]):
        raise NoHouseholds(NO_HOUSEHOLDS)
    study = read_whole(_with_idle_car(without_evs(net)), profiles, options, cyclic=True)
    if CUSTOMERS.name in net["load"]:
        raise_if(column_faults(net, "load", CUSTOMERS, net["load"]))
    grid, horizon = study.case.grid, study.case.horizon
    households = Households.of(net, grid.bus_index[grid.bus_row >= 0])
    if not len(households):
        raise NoHouseholds(NO_HOUSEHOLDS)
    nothing = Profiles(horizon, {})
    study = replace(
        study,
        profiles=nothing,
        forecasts={NO_NAME: Forecast(1.0, nothing)},
        unit_doubts=list,
        one_phase=OnePhase(np.zeros(0, dtype=bool), str),
        evs_of=partial(compile_evs, **{name: study.evs_of.keywords[name] for name in ("guarantee", "duration")}),
        findings=[],
    )
    n_own = len(net["ev"]) if isinstance(net.get("ev"), pd.DataFrame) else 0
    return NetDay(study, net["bus"], households, n_own, place_of(net))


def read_whole(net: Net, profiles: Any, options: Mapping[str, Any], *, cyclic: bool = False) -> read.Study:
    """The net with the EVs that it has.

    Raises
    ------
    InvalidInputError
    """
    periods = {"n_periods": None, "period_h": None, "cyclic": cyclic, **split_options(options)[1]}
    if profiles is None and periods["n_periods"] is None:
        periods["n_periods"] = periods_of_a_day(periods["period_h"])
    return read.read_study(net, profiles, run_options(options), function=FUNCTION, **periods)


def without_evs(net: Net) -> Net:
    """A shallow copy without the EVs of the net and what they offer."""
    bare = copy.copy(net)
    for table in ("ev", "ev_session"):
        if table in bare:
            del bare[table]
    if isinstance(bare.get("flexibility"), pd.DataFrame) and "element_type" in bare["flexibility"]:
        bare["flexibility"] = bare["flexibility"][bare["flexibility"]["element_type"] != "ev"]
    return bare


def _with_idle_car(bare: Net) -> Net:
    """A car out of service to read the net with: a net without any flexible element is refused."""
    create_ev(bare, int(bare["bus"].index[0]), max_p_mw=0.011, max_e_mwh=0.05, in_service=False)
    return bare
