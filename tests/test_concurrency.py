"""Interrupts, threads, processes and asyncio: a run ends cleanly, or as it would have alone."""

from __future__ import annotations

import asyncio
import copy
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest
from pandapower.toolbox import nets_equal

import pandapower_evflex as evf
from pandapower_evflex.nlp.problem import Problem
from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.planning import fault_study
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.planning.plan_nets import planned, random_ring

START_METHODS = multiprocessing.get_all_start_methods()


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
    net = feeder_net(3, sn_mva=0.06)  # small enough to need a solver
    evf.run_flexibility_opf(net, method="fast", **EIGHT_HOURS)
    return net


INTERRUPTED = [
    ("fast", Progress, "step"),
    ("exact", Progress, "step"),
    *(("exact", Problem, name) for name in ("objective", "gradient", "constraints", "jacobian", "hessian")),
]


@sweep
@pytest.mark.parametrize(("method", "owner", "name"), sampled(INTERRUPTED, 3))
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


def test_threads_with_nets_of_their_own_find_what_one_finds():
    sizes = [2, 3]
    alone = [objective_and_power(n) for n in sizes]
    with ThreadPoolExecutor(2) as pool:
        assert_alike(pool.map(objective_and_power, sizes), alone)


def test_runs_in_the_executor_of_asyncio_find_what_one_finds():
    async def both():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(None, objective_and_power, n) for n in (2, 3)))

    assert_alike(asyncio.run(both()), [objective_and_power(n) for n in (2, 3)])


def in_a_pool(method, function, *arguments):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        return pool.submit(function, *arguments).result()


def alone_and_forked(n_evs):
    """In this process and in a fork of it, after a run."""
    alone = objective_and_power(n_evs)
    return [alone, in_a_pool("fork", objective_and_power, n_evs)] if "fork" in START_METHODS else [alone]


@pytest.mark.parametrize(
    "method", ["spawn", *(pytest.param(m, marks=pytest.mark.slow) for m in START_METHODS if m == "forkserver")]
)
def test_process_pools_of_every_start_method_find_what_one_process_finds(method):
    """spawn and forkserver, and fork in the process that was spawned: one with threads, as this may be, can hang."""
    found = in_a_pool(method, alone_and_forked if method == "spawn" else objective_and_power, 3)
    expected = objective_and_power(3)
    found = found if method == "spawn" else [found]
    assert_alike(found, [expected] * len(found))
