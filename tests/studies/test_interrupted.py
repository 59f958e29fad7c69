"""Workers and clients that die: what was finished is kept, and the rest gives the rows of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future

import pytest

import pandapower_evflex as evf
from pandapower_evflex.studies.chunks import StudiesInterrupted
from tests.studies.nets import few
from tests.studies.test_run import assert_same, rows_of

SHARES = (0.0, 0.3)


class Broken:
    """An executor that dies with its second task."""

    n_tasks = 0

    def submit(self, function, *arguments):
        self.n_tasks += 1
        future = Future()
        if self.n_tasks > 1:
            future.set_exception(BrokenExecutor("a process was killed"))
        else:
            future.set_result(function(*arguments))
        return future


class KilledWorker(Exception):
    """As Dask names it."""


class Deadly:
    """An executor whose workers die of one net."""

    def submit(self, function, out, tasks, limits):
        future = Future()
        if any(task.label == "south" for task in tasks):
            future.set_exception(KilledWorker())
        else:
            future.set_result(function(out, tasks, limits))
        return future


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    return rows_of(few(SHARES), tmp_path_factory.mktemp("serial"))


def test_a_broken_pool_is_named_and_the_same_call_goes_on(serial, tmp_path):
    with pytest.raises(StudiesInterrupted, match="call run_studies again"):
        evf.run_studies(few(SHARES), tmp_path, executor=Broken(), chunk=1, progress=False)
    assert len(evf.read_studies(tmp_path)) == 1
    assert evf.run_studies(few(SHARES), tmp_path, progress=False).n_there == 1
    assert_same(evf.read_studies(tmp_path), serial)


def test_a_study_that_kills_every_worker_is_a_row(serial, tmp_path):
    rows = rows_of(few(SHARES), tmp_path, executor=Deadly(), chunk=3)
    assert rows["status"].tolist() == ["optimal", "optimal", "crashed"]
    assert_same(rows.iloc[:2], serial.iloc[:2])


#: kills one of its workers, or itself, when the first new chunk is there
SCRIPT = """
import multiprocessing, os, signal, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import pandapower_evflex as evf
from tests.studies.nets import few

def files():
    return len(list(Path(sys.argv[1], "chunks").glob("*.parquet")))

def kill(pool, before, victim):
    while files() == before:
        time.sleep(0.01)
    os.kill(next(iter(pool._processes)) if victim == "worker" else os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        threading.Thread(target=kill, args=(pool, files(), sys.argv[2]), daemon=True).start()
        studies = [one for seed in range(8) for one in few((0.2, 0.4), seed=seed)]
        evf.run_studies(studies, sys.argv[1], executor=pool, chunk=1, progress=False)
"""


def _run(script, out, victim):
    words = [sys.executable, str(script), str(out), victim]
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_after_a_worker_and_then_the_client_are_killed_the_rows_are_those_of_a_serial_run(tmp_path):
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT)
    studies = [one for seed in range(8) for one in few((0.2, 0.4), seed=seed)]
    by_worker = _run(script, out, "worker")
    assert by_worker.returncode == 1 and "StudiesInterrupted" in by_worker.stderr
    assert _run(script, out, "client").returncode == -signal.SIGKILL  # its pipes close: no worker is left
    n_there = len(evf.read_studies(out))
    assert 2 <= n_there < len(studies)
    assert evf.run_studies(studies, out, progress=False).n_computed <= len(studies) - n_there
    assert_same(evf.read_studies(out), rows_of(studies, tmp_path / "serial"))


def _pid():
    return os.getpid()


class Killer(threading.Thread):
    """Kills a process when the first chunk is there."""

    has_killed = False

    def __init__(self, out, pid):
        super().__init__(daemon=True)
        self.out, self.pid = out, pid

    def run(self):
        while not list((self.out / "chunks").glob("*.parquet")):
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        self.has_killed = True


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_workers_of_a_cluster_that_are_killed_are_replaced(tmp_path):
    import distributed

    studies = [one for seed in range(6) for one in few((0.2, 0.4), seed=seed)]
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = client.run(_pid)
        killer = Killer(tmp_path / "cluster", next(iter(pids.values())))
        killer.start()
        rows = rows_of(studies, tmp_path / "cluster", executor=client, chunk=1)
        assert killer.has_killed
    assert_same(rows, rows_of(studies, tmp_path / "serial"))
