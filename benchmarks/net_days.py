"""A thousand net-days on one process and on two, what of them was screened, and the memory of a worker."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: one process is to be one thread, its workers too

import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

import pandapower_evflex as evf
from pandapower_evflex.studies.run import MOST_BUS_PERIODS, TIME_LIMIT_S
from pandapower_evflex.studies.worker import Limits, run_chunk

SIMBENCH = [f"1-LV-{name}--0-sw" for name in ("rural1", "rural2", "rural3", "semiurb4", "semiurb5", "urban6")]
#: breaks limits without any car: its rows are best efforts of solvers, and would take as long as all others together
BROKEN_BEFORE = "1-LV-semiurb5--0-sw"
KERBER = [
    f"create_kerber_{name}"
    for name in (
        "landnetz_freileitung_1", "landnetz_freileitung_2", "landnetz_kabel_1", "landnetz_kabel_2", "dorfnetz",
        "vorstadtnetz_kabel_1", "vorstadtnetz_kabel_2",
    )
]  # fmt: skip
SHARES, DAYS = (0.0, 0.1, 0.2, 0.3), (14, 196)
LIMITS = Limits(TIME_LIMIT_S, MOST_BUS_PERIODS)
#: net and number of tasks in which the memory of a worker is looked at
SMALL, N_SMALL = "create_kerber_landnetz_freileitung_1", 10_000

#: run in the child: RSS in MB after every thousand tasks
CHILD = """
import sys
from pathlib import Path
import pandapower_evflex as evf
from pandapower_evflex.studies.task import Tasks
from pandapower_evflex.studies.worker import run_chunk
from net_days import LIMITS, N_SMALL, SMALL
studies = evf.adoption_studies([SMALL], [i / 1000 for i in range(200)], range(N_SMALL // 200), (0,))
tasks = list(Tasks(Path(sys.argv[1])).of(studies))
for first in range(0, N_SMALL, 1000):
    run_chunk(sys.argv[1], tasks[first : first + 1000], LIMITS)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(round(pages * 4096 / 2**20))
"""


def thousand() -> list[evf.Study]:
    """5 SimBench nets on two days, 7 Kerber nets at the values of their tables, so many seeds that it is 1000 or so."""
    of_simbench = evf.adoption_studies([net for net in SIMBENCH if net != BROKEN_BEFORE], SHARES, range(12), DAYS)
    return [*of_simbench, *evf.adoption_studies(KERBER, SHARES, range(19), (0,))][:1000]


def timed(studies: Sequence[Any], n_processes: int, cache: Path) -> dict[str, Any]:
    """Wall and CPU time of workers that are up, with the nets as pickles; compiled before."""
    with tempfile.TemporaryDirectory() as out:
        shutil.copytree(cache / "cache", Path(out) / "cache")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with ProcessPoolExecutor(n_processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            start_cpu = sum(pool.map(_up, [n_processes] * n_processes))
            load, start = os.getloadavg()[0], time.perf_counter()
            evf.run_studies(studies, out, executor=pool, progress=False)
            wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows = evf.read_studies(out)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "start_cpu": start_cpu, "load": load, "rows": rows}


def _up(n_processes: int) -> float:
    """CPU s of a process until it can work; takes long enough that every process takes one."""
    run_chunk(tempfile.mkdtemp(), [], LIMITS)
    spent = time.process_time()
    time.sleep(2.0 * n_processes)
    return spent


def memory() -> list[int]:
    """MB of one worker after every thousand small tasks."""
    with tempfile.TemporaryDirectory() as out:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
        command = [sys.executable, "-c", CHILD, out]
        child = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [int(line) for line in child.stdout.split()]


def main() -> None:
    studies = thousand()
    with tempfile.TemporaryDirectory() as folder:
        evf.run_studies([study for study in studies if study.seed == 0 and not study.ev_share], folder, progress=False)
        runs = {n: timed(studies, n, Path(folder)) for n in (1, 2)}
    one, two = runs[1], runs[2]
    print("## A thousand net-days\n")
    print(
        f"{len(studies)} studies of {len(SIMBENCH) - 1} SimBench and {len(KERBER)} Kerber LV nets, shares {SHARES}.\n"
    )
    print("| processes | wall s of workers that are up | CPU s of workers | of these to start | load before |")
    print("| --- | --- | --- | --- | --- |")
    for n, run in runs.items():
        print(f"| {n} | {run['wall']:.0f} | {run['cpu']:.0f} | {run['start_cpu']:.1f} | {run['load']:.1f} |")
    print(f"\nTwo processes: {one['wall'] / two['wall']:.2f} times as fast as one.\n")
    rows = two["rows"]
    pd.testing.assert_frame_equal(rows.drop(columns="seconds"), one["rows"].drop(columns="seconds"))
    print(f"Screened: {100 * rows['screened'].astype(float).mean():.0f} %.\n")
    by_net = rows.assign(ms=1e3 * rows["seconds"], screened=rows["screened"].astype(float)).groupby("net", sort=False)
    print("| net | households | screened | ms, median of a screened row |")
    print("| --- | --- | --- | --- |")
    for net, of_net in by_net:
        screened = of_net["ms"][of_net["screened"] == 1.0].median()
        share = 100 * of_net["screened"].mean()
        print(f"| {net} | {of_net['households'].max()} | {share:.0f} % | {screened:.1f} |")
    print(f"\nMemory of a worker after every thousand of {N_SMALL} small tasks, MB: {memory()}.")


if __name__ == "__main__":
    main()
