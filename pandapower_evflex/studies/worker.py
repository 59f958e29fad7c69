"""What a worker does with a chunk: read nets once, answer study after study, write one file."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pandapower_evflex.case.periods import periods_of_a_day
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.solve.budget import Budget
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.studies.answer import answer, without_warnings
from pandapower_evflex.studies.car_loads import CarLoads, car_loads
from pandapower_evflex.studies.compiling import compile_in_worker
from pandapower_evflex.studies.files import CACHE, write_beside, write_chunk
from pandapower_evflex.studies.fleet import Fleet
from pandapower_evflex.studies.net_day import NetDay, NoHouseholds, read_net_day, read_whole, run_options
from pandapower_evflex.studies.place import place_of
from pandapower_evflex.studies.row import CHANGED, full_row
from pandapower_evflex.studies.screened import screened_values
from pandapower_evflex.studies.sources import (
    PICKLED,
    Changed,
    Unreadable,
    as_asked,
    day_of_profiles,
    read_net,
    read_profiles,
    versions,
    with_times,
)
from pandapower_evflex.studies.study import FUNCTION
from pandapower_evflex.studies.task import FORMAT, Task
from pandapower_evflex.tables.kinds import raise_if

#: days of nets and fleets that a process keeps; a chunk has the studies of a net one after the other
N_KEPT = 16
#: of large nets fewer: about 100 bytes per bus and period, and 10 kB per car
MOST_KEPT_BUS_PERIODS, MOST_KEPT_CARS = 2_000_000, 10_000


class TooLarge(Exception):
    """More than a worker is to hold."""


@dataclass(frozen=True)
class Limits:
    """How far one study may go.

    Parameters
    ----------
    seconds : float           for the solver; who needs more is a straggler and comes again at the end
    bus_periods : int         most buses times periods
    is_last : bool            stragglers do not come again: they become rows
    """

    seconds: float
    bus_periods: int
    is_last: bool = False


@dataclass(frozen=True)
class Done:
    """What comes back of a chunk: numbers only, since the rows are in its file.

    Parameters
    ----------
    n_rows : int
    seconds : float             of all studies of the chunk
    stragglers : tuple of str   keys of those without a row
    statuses : {status: number}
    """

    n_rows: int
    seconds: float
    stragglers: tuple[str, ...]
    statuses: dict[str, int]


class _Kept:
    """The last few values by key: at most so many, and no more than weigh so much together; always the last one."""

    def __init__(self, most: int, heaviest: float = math.inf, weight: Callable[[Any], float] = lambda _: 0.0) -> None:
        self._most, self._heaviest, self._weight, self._values = most, heaviest, weight, OrderedDict[Any, Any]()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._values:
            self._values[key] = make()
        self._values.move_to_end(key)
        while len(self._values) > self._most or (
            len(self._values) > 1 and sum(map(self._weight, self._values.values())) > self._heaviest
        ):
            self._values.popitem(last=False)
        return self._values[key]


_nets, _profiles = _Kept(2), _Kept(2)
_net_days = _Kept(N_KEPT, MOST_KEPT_BUS_PERIODS, lambda day: day.study.case.s_base[""].size)
_cars = _Kept(N_KEPT, MOST_KEPT_CARS, lambda cars: len(cars.fleet.evs))


def run_chunk(out: str, tasks: Sequence[Task], limits: Limits) -> Done:
    """Answer the studies of a chunk and write their rows.

    Raises
    ------
    InvalidInputError    versions of this worker are not those that its rows would be kept under
    """
    end_with_parent()
    _refuse_other_versions(tasks)
    compile_in_worker()
    folder, began = Path(out), time.perf_counter()
    with without_warnings():
        found = {task.key: row_of(task, limits, folder / CACHE) for task in tasks}
    rows = [row for row in found.values() if row is not None]
    stragglers = [key for key, row in found.items() if row is None]
    write_chunk(folder, rows)
    counts = pd.Series([row["status"] for row in rows], dtype=object).value_counts()
    return Done(len(rows), time.perf_counter() - began, tuple(stragglers), counts.to_dict())


def _refuse_other_versions(tasks: Sequence[Task]) -> None:
    """
    Raises
    ------
    InvalidInputError
    """
    own, asked = versions(), tasks[0].versions if tasks else versions()
    remedy = "install the same versions on all machines"
    raise_if(
        [
            Fault(FUNCTION, "executor", (), f"{name} {own[name]}", f"of a worker is {asked.get(name)} here", remedy)
            for name in own
            if own[name] != asked.get(name)
        ]
    )


@cache
def end_with_parent() -> None:
    """A process of a pool would wait for ever for a client that was killed."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def row_of(task: Task, limits: Limits, cache: Path | None = None) -> dict[str, Any] | None:
    """The row of a study, whatever happens to it; None for one that took too long and comes again."""
    began = time.perf_counter()
    values: dict[str, Any] = {"net": task.label, "seed": task.seed}
    values |= {"share": float("nan") if task.share is None else task.share}
    values |= {"day": pd.NA if task.day is None else task.day, "key": task.key}
    solving = 0.0
    try:
        with without_warnings():
            solve = _prepared(task, limits, cache)
            solving = time.perf_counter()
            values |= solve()
            solving = time.perf_counter() - solving
    except Changed as error:
        values |= {"status": CHANGED, "message": str(error)}
    except Unreadable as error:
        values |= {"status": "unreadable", "message": str(error)}
    except (InvalidInputError, NoHouseholds) as error:
        values |= {"status": "invalid_input", "message": str(error)}
    except (TooLarge, MemoryError) as error:
        values |= {"status": "too_large", "message": str(error) or "out of memory"}
    except Exception as error:  # whatever it is: of ten thousand nets one must not end the others, and its row names it
        values |= {"status": "failed", "message": f"{type(error).__name__}: {error}"}
    if solving >= limits.seconds:
        if not limits.is_last:
            return None
        if values["status"] == "iteration_limit":
            values["status"] = "timed_out"
    return full_row({**values, "seconds": time.perf_counter() - began})


def _prepared(task: Task, limits: Limits, cache: Path | None) -> Callable[[], dict[str, Any]]:
    """Everything is read; what is left to do is to solve."""
    options = _with_time_limit(run_options(task.options), limits.seconds)
    if task.share is None:
        net = _nets.get(task.net_content, lambda: _net_of(task, cache))
        _refuse_large(net, task, limits)
        study = read_whole(net, profiles_of(net, task), task.options)
        of_net = {"n_evs": len(study.case.evs.index), **place_of(net)}
        return lambda: {**of_net, **answer(study, BatchedPowerFlow(study.case.grid), options)}
    day, cars = net_day_of(task, limits, cache), cars_of(task, limits, cache)
    share = task.share
    return lambda: answer_with_cars(day, cars, share, options)


@dataclass(frozen=True)
class Cars:
    """A fleet, and what its cars draw where no grid limits them."""

    fleet: Fleet
    loads: CarLoads | None


def cars_of(task: Task, limits: Limits, cache: Path | None) -> Cars:
    day = net_day_of(task, limits, cache)
    horizon = day.study.case.horizon
    of_cars = (task.net_content, task.seed, horizon.n_periods, horizon.period_h, horizon.cyclic, horizon.start_h)

    def draw() -> Cars:
        fleet = day.fleet(task.seed)
        return Cars(fleet, car_loads(day.with_cars(fleet, 1.0)))

    cars: Cars = _cars.get(of_cars, draw)
    return cars


def answer_with_cars(day: NetDay, cars: Cars, share: float, options: Options) -> dict[str, Any]:
    """What a share of the households with cars finds."""
    n = day.households.n_cars(share)
    values = None
    if cars.loads is not None and options.method != "exact":
        values = screened_values(day, cars.loads.first(n))
    if values is None:
        values = answer(day.with_cars(cars.fleet, share), day.flow, options)
    if day.n_own:
        values["message"] += f"; the {day.n_own} EVs of the net were left out, those of the share took their place"
    return {"households": len(day.households), "n_evs": n, **day.place, **values}


def _with_time_limit(options: Options, seconds: float) -> Options:
    """The tighter of the study's own limit and that of all."""
    own = Budget.of(options.solver_options).options.get("max_wall_time", float("inf"))
    return replace(options, solver_options={**options.solver_options, "max_wall_time": min(own, seconds)})


def net_day_of(task: Task, limits: Limits, cache: Path | None) -> NetDay:
    """From memory, from the folder of results, or from the net."""
    key = (FORMAT, task.net_content, task.profiles_content, task.day, repr(sorted(task.options.items(), key=str)))

    def read() -> NetDay:
        net = _nets.get(task.net_content, lambda: _net_of(task, cache))
        _refuse_large(net, task, limits)
        return read_net_day(net, profiles_of(net, task), task.options)

    day: NetDay = _net_days.get(key, read)
    return day


def _net_of(task: Task, cache: Path | None) -> Any:
    """The net, read once on all machines where reading takes longer than loading what was read."""
    if cache is None or task.net.endswith((".p", ".pickle", ".pkl", PICKLED)):
        return as_asked(read_net, task.net, task.net_content)
    path = cache / f"net-{FORMAT}-{task.net_content[:32]}.pickle"
    try:
        return pickle.loads(path.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):  # none yet, or of other versions
        net = as_asked(read_net, task.net, task.net_content)
    write_beside(path, lambda beside: beside.write_bytes(pickle.dumps(net, pickle.HIGHEST_PROTOCOL)))
    return net


def profiles_of(net: Any, task: Task) -> Any:
    source = task.profiles
    frames = None
    if source is not None:
        dayfirst = task.options.get("dayfirst")
        content = task.profiles_content
        frames = _profiles.get(
            (content, dayfirst), lambda: with_times(as_asked(read_profiles, source, content), dayfirst)
        )
    return day_of_profiles(net, frames, task.day, task.options)


def _refuse_large(net: Any, task: Task, limits: Limits) -> None:
    """Before pandapower builds a model of it.

    Raises
    ------
    TooLarge
    """
    n_periods = task.options.get("n_periods") or periods_of_a_day(task.options.get("period_h"))
    size = len(net["bus"]) * n_periods
    if size > limits.bus_periods:
        raise TooLarge(
            f"{len(net['bus'])} buses times {n_periods} periods are {size}, more than the {limits.bus_periods} that "
            "one study may have (most_bus_periods=)"
        )
