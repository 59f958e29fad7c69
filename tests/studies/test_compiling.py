"""A machine compiles once, however many workers start at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pandapower_evflex.studies import compiling


def test_of_workers_that_start_at_once_one_compiles_and_the_others_wait(tmp_path, monkeypatch):
    begun, ended = [], []

    def slow():
        begun.append(time.monotonic())
        time.sleep(0.05)
        ended.append(time.monotonic())

    monkeypatch.setattr(compiling, "warmup", slow)

    def start(_):
        compiling.compile_once(tmp_path / "cache")
        return time.monotonic()

    with ThreadPoolExecutor(4) as pool:
        came_back = list(pool.map(start, range(4)))
    assert len(begun) == 1 and min(came_back) >= ended[0]
    monkeypatch.setattr(compiling, "versions", lambda: {"numba": "9"})
    start(None)
    assert len(begun) == 2


def test_where_nothing_can_be_stored_workers_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "warmup", lambda: None)
    (tmp_path / "file").touch()
    compiling.compile_once(tmp_path / "file" / "cache")


#: how many kernels a process compiled
WORKER = """
import multiprocessing, sys
from pathlib import Path
multiprocessing.parent_process = lambda: True
from pandapower_evflex.studies import compiling
compiling.compile_in_worker()
kernels = [k for m in list(sys.modules.values()) if getattr(m, "__name__", "").startswith("pandapower_evflex")
           for k in vars(m).values() if hasattr(k, "signatures") and hasattr(k, "py_func")]
print(sum(sum(k.stats.cache_misses.values()) for k in kernels))
"""


@pytest.mark.slow
def test_two_workers_of_a_fresh_machine_compile_nothing_twice(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", WORKER]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]
    compiled = sorted(int(process.communicate()[0]) for process in started)
    assert compiled[0] == 0 and compiled[1] > 10
