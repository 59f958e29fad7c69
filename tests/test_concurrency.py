"""Interrupts, threads, processes and asyncio: a run ends cleanly, or as it would have alone."""

from __future__ import annotations

import asyncio
import copy
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from pandapower.toolbox import nets_equal

import pandapower_evflex as evf
from pandapower_evflex.nlp.problem import Problem
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.planning import fault_study
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.planning.plan_nets import planned, random_ring

ROOT = Path(__file__).parents[1]


def interrupting(usual, call=2):
    """The function, with Ctrl-C pressed in its second call."""
    calls = []

    def function(*arguments, **keywords):
        calls.append(None)
        if len(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return usual(*arguments, **keywords)

    return function


@pytest.fixture(autouse=True)
def ctrl_c_raises():
    """Whatever ran before: the handler that Python starts with."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def solved_feeder():
    net = feeder_net(3)
    evf.run_flexibility_opf(net, method="fast", **EIGHT_HOURS)
    return net


@pytest.mark.parametrize(
    ("method", "owner", "name"),
    [
        ("fast", Progress, "step"),
        ("exact", Progress, "step"),
        *(("exact", Problem, name) for name in ("objective", "gradient", "constraints", "jacobian", "hessian")),
    ],
)
def test_ctrl_c_within_a_run_arrives_and_leaves_the_net_as_it_was(monkeypatch, method, owner, name):
    net = solved_feeder()
    before = copy.deepcopy(net)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(owner, name, interrupting(getattr(owner, name)))
        evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert list(net) == list(before) and nets_equal(net, before)
    again = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert again.status == "optimal"


def test_ctrl_c_within_a_plan_arrives_and_leaves_the_net_as_it_was(monkeypatch):
    net, profiles = random_ring(7)
    before = copy.deepcopy(net)
    monkeypatch.setattr(fault_study, "restore_supply", interrupting(fault_study.restore_supply))
    with pytest.raises(KeyboardInterrupt):
        planned(net, profiles)
    assert list(net) == list(before) and nets_equal(net, before)


def objective_and_power(n_evs):
    net = feeder_net(n_evs)
    result = evf.run_flexibility_opf(net, method="fast", **EIGHT_HOURS)
    return result.objective_mw, net["evflex_ev_p_mw"]


def assert_alike(found, expected):
    for (objective, p), (expected_objective, expected_p) in zip(found, expected, strict=True):
        assert objective == expected_objective
        pd.testing.assert_frame_equal(pd.DataFrame(p), pd.DataFrame(expected_p), rtol=0.0, atol=0.0)


def test_four_threads_with_nets_of_their_own_find_what_one_finds():
    sizes = [2, 3, 4, 5]
    alone = [objective_and_power(n) for n in sizes]
    with ThreadPoolExecutor(4) as pool:
        assert_alike(pool.map(objective_and_power, sizes), alone)


def test_runs_in_the_executor_of_asyncio_find_what_one_finds():
    async def both():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(None, objective_and_power, n) for n in (2, 3)))

    assert_alike(asyncio.run(both()), [objective_and_power(n) for n in (2, 3)])


#: a process of its own: a fork of one with threads, as pytest's may be, can hang
POOLS = """
import json, multiprocessing
from concurrent.futures import ProcessPoolExecutor
from tests.test_concurrency import objective_and_power

if __name__ == "__main__":
    found = {"none": objective_and_power(3)}
    for method in multiprocessing.get_all_start_methods():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            found[method] = pool.submit(objective_and_power, 3).result()
    print(json.dumps({name: [objective, p.to_numpy().tolist()] for name, (objective, p) in found.items()}))
"""


def test_process_pools_of_every_start_method_find_what_one_process_finds(tmp_path):
    """fork, spawn and forkserver on Linux, the last two on macOS too; spawn alone on Windows."""
    script = tmp_path / "pools.py"
    script.write_text(POOLS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert set(found) == {"none", *multiprocessing.get_all_start_methods()}
    assert all(other == found["none"] for other in found.values())
