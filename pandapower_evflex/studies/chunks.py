"""Studies on their way through an executor, chunk by chunk."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

from pandapower_evflex.errors import EvflexError
from pandapower_evflex.studies.files import write_chunk
from pandapower_evflex.studies.row import full_row
from pandapower_evflex.studies.task import Task
from pandapower_evflex.studies.worker import Done, Limits, run_chunk

#: s that a chunk should take, and how many studies the first ones have, before anything was measured
CHUNK_S, FIRST_CHUNK = 30.0, 4
MOST_PER_CHUNK = 5_000
#: chunks that wait at the executor for every one that runs
AHEAD = 2
#: times the limit of time, for those that reached it
SECOND_PASS = 5.0


class StudiesInterrupted(EvflexError):
    """A worker died; what was finished is kept, and the same call goes on from there."""


class Chunks:
    """Studies on their way through an executor: the larger the chunks, the faster the studies were so far."""

    def __init__(self, out: Path, executor: Any, size: int | None, limits: Limits, bar: Any, done: list[Done]) -> None:
        self._out, self._size, self._limits, self._bar, self._done = out, size, limits, bar, done
        self._pool = _pool_of(executor)
        self._n_workers = _n_workers(executor)

    def run(self, tasks: Sequence[Task]) -> None:
        """All of them, then the stragglers once more, one by one and with more time."""
        stragglers = self._pass(by_net(tasks), self._limits)
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


def by_net(tasks: Sequence[Task]) -> list[Task]:
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
