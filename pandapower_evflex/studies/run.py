"""Many studies: what is missing in a folder of results is computed, and what is there already is not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.studies.chunks import MOST_PER_CHUNK, Chunks
from pandapower_evflex.studies.files import read_chunks, require_pyarrow, write_manifest
from pandapower_evflex.studies.row import CHANGED
from pandapower_evflex.studies.sources import versions
from pandapower_evflex.studies.study import FUNCTION, Study, study_faults
from pandapower_evflex.studies.task import FORMAT, Tasks
from pandapower_evflex.studies.worker import Done, Limits
from pandapower_evflex.tables.kinds import progress_faults, raise_if, shown, whole_number_faults

TIME_LIMIT_S = 60.0
MOST_BUS_PERIODS = 5_000_000
MOST_SECONDS = 1e9


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
    InvalidInputError     studies, folder or executor that are none; nothing was computed. Or a worker has other
                          versions of what numbers depend on; what was finished is kept
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
    there = read_chunks(folder, ["key", "status"])
    there = set(there["key"][there["status"] != CHANGED])
    missing = [task for task in tasks if task.key not in there]
    limits = Limits(float(time_limit_s), int(most_bus_periods))
    done: list[Done] = []
    if missing:
        with tqdm(total=len(missing), desc="studies", unit="study", disable=_bar(progress)) as bar:
            Chunks(folder, executor, chunk, limits, bar, done).run(missing)
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
