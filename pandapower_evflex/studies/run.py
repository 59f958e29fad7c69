"""Many studies: chunks on any executor, a file each, and what is there already is not computed again."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pandapower_evflex.errors import EvflexError, Fault, InvalidInputError
from pandapower_evflex.studies.files import (
    STUDIES,
    read_chunks,
    read_manifest,
    require_pyarrow,
    write_chunk,
    write_manifest,
)
from pandapower_evflex.studies.row import full_row
from pandapower_evflex.studies.sources import versions
from pandapower_evflex.studies.study import FUNCTION, Study, study_faults
from pandapower_evflex.studies.task import FORMAT, Task, Tasks
from pandapower_evflex.studies.worker import Done, Limits, run_chunk
from pandapower_evflex.tables.kinds import progress_faults, raise_if, shown, whole_number_faults

#: s that a chunk should take, and how many studies the first ones have, before anything was measured
CHUNK_S, FIRST_CHUNK = 30.0, 4
MOST_PER_CHUNK = 5_000
#: chunks that wait at the executor for every one that runs
AHEAD = 2
TIME_LIMIT_S, SECOND_PASS = 60.0, 5.0
MOST_BUS_PERIODS = 5_000_000
MOST_SECONDS = 1e9


class StudiesInterrupted(EvflexError):
    """A worker died; what was finished is kept, and the same call goes on from there."""


@dataclass(frozen=True)
class StudiesReport:
    """What a call of `run_studies` did.

    Attributes
    ----------
    n_studies : int              that were asked for, each once; copies of one file count once
    n_there : int                of these, rows that were there already
    n_computed : int
    statuses : {status: number}  of those computed
    seconds : float              of all workers together
    """

    n_studies: int
    n_there: int
    n_computed: int
    statuses: dict[str, int]
    seconds: float

    def __str__(self) -> str:
        by_status = ", ".join(f"{number} {status}" for status, number in sorted(self.statuses.items())) or "none"
        return (
            f"{self.n_studies} studies: {self.n_there} were there, {self.n_computed} computed in "
            f"{self.seconds:.3g} s of work ({by_status})"
        )


def run_studies(
    studies: Iterable[Study],
    out: Any,
    *,
    executor: Any = None,
    progress: bool | None = None,
    chunk: int | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    most_bus_periods: int = MOST_BUS_PERIODS,
) -> StudiesReport:
    """Run many studies, in this process, on an executor or on a Dask cluster.

    Each study becomes one row (see `read_studies`). A study that fails is a row with its status and message. Studies
    go out in chunks of about half a minute; a chunk is one parquet file, written beside and renamed, so that a file
    that exists is complete. Called again with the same folder, only rows that are missing are computed: after an
    interruption, for more shares, or after a net, its profiles, the options or a version changed.

    Parameters
    ----------
    studies : iterable of Study         `adoption_studies` yields them, too
    out : folder                        of the results; every worker must be able to write there
    executor : concurrent.futures.Executor or dask.distributed.Client
        None: in this process. Processes should be spawned
        (``ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))``), workers of Dask have one thread each
    progress : bool                     None: a bar on a terminal; True: always; False: never
    chunk : int                         studies per chunk; None: as many as take about half a minute, by what the
                                        chunks before took. The rows are the same for every size
    time_limit_s : float                s for the solves of one study; who needs more is tried once more at the end,
                                        with five times as much, and is a row "timed_out" then
    most_bus_periods : int              buses times periods beyond which a study is a row "too_large"

    Returns
    -------
    StudiesReport

    Raises
    ------
    InvalidInputError     studies, folder or executor that are none; nothing was computed
    MissingExtra          pyarrow is not installed
    StudiesInterrupted    a worker was killed: call again, with a new executor where the old one is broken

    Examples
    --------
    >>> import tempfile, pandapower_evflex as evf
    >>> net = "create_kerber_landnetz_freileitung_1"
    >>> with tempfile.TemporaryDirectory() as out:
    ...     report = evf.run_studies([evf.Study(net, None, share) for share in (0.0, 0.5)], out, progress=False)
    ...     rows = evf.read_studies(out)
    >>> report.n_computed, rows.n_evs.tolist()
    (2, [0, 6])
    """
    described = _checked(studies, out, executor, progress, chunk, time_limit_s, most_bus_periods)
    require_pyarrow()
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is not the path of a folder"
        raise InvalidInputError([_no_folder(out, why)]) from error
    asked = list(Tasks(folder).of(described))
    write_manifest(folder, asked, {"format": FORMAT, "versions": versions()})
    tasks = list({task.key: task for task in asked}.values())  # copies of one file are computed once
    there = set(read_chunks(folder, ["key"])["key"])
    missing = [task for task in tasks if task.key not in there]
    limits = Limits(float(time_limit_s), int(most_bus_periods))
    done: list[Done] = []
    if missing:
        with tqdm(total=len(missing), desc="studies", unit="study", disable=_bar(progress)) as bar:
            _Chunks(folder, executor, chunk, limits, bar, done).run(missing)
    statuses: dict[str, int] = {}
    for one in done:
        for status, number in one.statuses.items():
            statuses[status] = statuses.get(status, 0) + number
    n_computed = sum(one.n_rows for one in done)
    return StudiesReport(
        len(tasks), len(tasks) - len(missing), n_computed, statuses, sum(one.seconds for one in done)
    )  # fmt: skip


def _bar(progress: bool | None) -> bool | None:
    return None if progress is None else not progress


def _checked(
    studies: Any, out: Any, executor: Any, progress: Any, chunk: Any, time_limit_s: Any, most_bus_periods: Any
) -> list[Study]:
    """
    Raises
    ------
    InvalidInputError    all faults
    """
    faults = progress_faults(FUNCTION, progress)
    if (
        isinstance(studies, Study)
        or isinstance(studies, str | bytes | dict | np.ndarray)
        or not isinstance(studies, Iterable)
    ):
        remedy = "give a list of Study, or what adoption_studies returns"
        faults.append(Fault(FUNCTION, "studies", (), shown(studies), "are not studies", remedy))
        studies = ()
    described = list(studies)
    faults += study_faults(described)
    if not isinstance(out, str | Path) or not str(out) or os.path.isfile(out):
        faults.append(_no_folder(out, "is not the path of a folder"))
    if executor is not None and not callable(getattr(executor, "submit", None)):
        remedy = "give a concurrent.futures.Executor or a dask.distributed.Client, or None"
        faults.append(Fault(FUNCTION, "executor", (), shown(executor), "takes no tasks", remedy))
    if chunk is not None:
        faults += whole_number_faults(FUNCTION, "chunk", chunk, 1, MOST_PER_CHUNK)
    faults += whole_number_faults(FUNCTION, "most_bus_periods", most_bus_periods, 1, 10**12)
    faults += positive_faults(FUNCTION, "time_limit_s", time_limit_s)
    raise_if(faults)
    return described


def positive_faults(function: str, name: str, value: Any) -> list[Fault]:
    """What is no positive number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0.0 < value <= MOST_SECONDS:
        return []
    return [
        Fault(function, name, (), shown(value), "is not a positive number", f"give seconds, up to {MOST_SECONDS:g}")
    ]


def _no_folder(out: Any, why: str) -> Fault:
    return Fault(FUNCTION, "out", (), shown(out), why, "give the path of a folder for the results")


class _Chunks:
    """Studies on their way through an executor: the larger the chunks, the faster the studies were so far."""

    def __init__(self, out: Path, executor: Any, size: int | None, limits: Limits, bar: Any, done: list[Done]) -> None:
        self._out, self._size, self._limits, self._bar, self._done = out, size, limits, bar, done
        self._pool = _pool_of(executor)
        self._n_workers = _n_workers(executor)

    def run(self, tasks: Sequence[Task]) -> None:
        """All of them, then the stragglers once more, one by one and with more time."""
        stragglers = self._pass(_by_net(tasks), self._limits)
        if stragglers:
            last = replace(self._limits, seconds=SECOND_PASS * self._limits.seconds, is_last=True)
            again = [task for task in tasks if task.key in stragglers]
            self._pass(again, last)

    def _pass(self, tasks: Sequence[Task], limits: Limits) -> set[str]:
        """Returns the keys of those that took too long."""
        waiting, stragglers = deque(tasks), set[str]()
        running: dict[Future[Done], list[Task]] = {}
        while waiting or running:
            while waiting and len(running) < AHEAD * self._n_workers:
                chunk = self._next_chunk(waiting, limits)
                running[self._pool(run_chunk, str(self._out.absolute()), chunk, limits)] = chunk
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                chunk = running.pop(future)
                done = self._result(future, chunk, waiting)
                if done is not None:
                    self._done.append(done)
                    stragglers.update(done.stragglers)
                    self._bar.update(done.n_rows)
        return stragglers

    def _next_chunk(self, waiting: deque[Task], limits: Limits) -> list[Task]:
        size = 1 if limits.is_last else self._size or self._measured_size(len(waiting))
        chunk = [waiting.popleft() for _ in range(min(size, len(waiting)))]
        # studies of one net stay together, where that costs little: a worker reads it once
        while self._size is None and waiting and len(chunk) < 2 * size and waiting[0].net == chunk[-1].net and size > 1:
            chunk.append(waiting.popleft())
        return chunk

    def _measured_size(self, n_left: int) -> int:
        """About half a minute by what was measured, less at the end so that all workers end together."""
        n_rows = sum(done.n_rows for done in self._done)
        if not n_rows:
            return FIRST_CHUNK
        by_time = CHUNK_S / max(sum(done.seconds for done in self._done) / n_rows, 1e-4)
        fair = math.ceil(n_left / (AHEAD * self._n_workers))
        return max(1, min(round(by_time), fair, MOST_PER_CHUNK))

    def _result(self, future: Future[Done], chunk: list[Task], waiting: deque[Task]) -> Done | None:
        """What came back. Of a chunk that killed its worker each study goes out alone, and is a row if it does again.

        Raises
        ------
        StudiesInterrupted    the pool takes nothing any more
        """
        try:
            return future.result()
        except BrokenExecutor as error:
            raise StudiesInterrupted(
                f"a worker died, killed or out of memory, in a chunk that begins with {_named(chunk[0])}. What was "
                "finished is kept: call run_studies again with a new executor, and only the rest is computed"
            ) from error
        except Exception as error:  # Dask's own kinds have no name here without importing it; all others are raised
            if not _is_killed(error):
                raise
            if len(chunk) > 1:
                waiting.extend(chunk)
                self._size = 1
                return None
            task = chunk[0]
            message = f"the worker died on it: {type(error).__name__}"
            share = math.nan if task.share is None else task.share
            values = {"net": task.label, "share": share, "seed": task.seed, "key": task.key}
            write_chunk(self._out, [full_row({**values, "status": "crashed", "message": message})])
            return Done(1, 0.0, (), {"crashed": 1})


def _is_killed(error: Exception) -> bool:
    """What Dask raises where a task took several workers with it."""
    return type(error).__name__ == "KilledWorker"


def _named(task: Task) -> str:
    share = "" if task.share is None else f", share {task.share:g}"
    return f"{task.label}{share}, seed {task.seed}"


def _by_net(tasks: Sequence[Task]) -> list[Task]:
    """Nets in the order in which they came; of days and seeds the fewer change faster, as a worker keeps these."""
    order: dict[str, int] = {}
    for task in tasks:
        order.setdefault(task.net, len(order))
    days, seeds = {task.day or 0 for task in tasks}, {task.seed for task in tasks}

    def place(task: Task) -> tuple[int, ...]:
        of_net, day, seed = order[task.net], task.day or 0, task.seed
        return (of_net, seed, day) if len(days) <= len(seeds) else (of_net, day, seed)

    return sorted(tasks, key=place)


def _pool_of(executor: Any) -> Callable[..., Future[Done]]:
    """How to hand in a call: a Dask client keeps results by what was called, which files on disk must not be."""
    if executor is None:
        return _run_here
    if hasattr(executor, "get_executor"):
        pool: Executor = executor.get_executor(pure=False)
        return pool.submit
    submit: Callable[..., Future[Done]] = executor.submit
    return submit


def _run_here(function: Callable[..., Done], *arguments: Any) -> Future[Done]:
    future: Future[Done] = Future()
    future.set_result(function(*arguments))
    return future


def _n_workers(executor: Any) -> int:
    if executor is None:
        return 1
    if hasattr(executor, "ncores"):
        return max(1, sum(executor.ncores().values()))
    return max(1, getattr(executor, "_max_workers", 1))


def read_studies(out: Any) -> Any:
    """The rows of a folder of studies: the newest of each, in the order in which the studies were asked for.

    Parameters
    ----------
    out : folder    as in `run_studies`, which may still be at work

    Returns
    -------
    DataFrame [study], see docs/studies.md for its columns

    Raises
    ------
    InvalidInputError    no such folder, or one without studies
    MissingExtra         pyarrow is not installed
    """
    if not isinstance(out, str | Path) or not os.path.isfile(Path(out) / STUDIES):
        remedy = "give the folder that run_studies was given"
        raise InvalidInputError([Fault("read_studies", "out", (), shown(out), "holds no studies", remedy)])
    require_pyarrow()
    asked = read_manifest(Path(out))
    rows = read_chunks(Path(out)).drop_duplicates("key").set_index("key", drop=False)
    asked = asked[asked["key"].isin(rows.index)]
    found = rows.loc[asked["key"]].reset_index(drop=True)
    found["net"] = asked["net"].to_numpy()  # copies of one file share a row, under the name of each
    return found
