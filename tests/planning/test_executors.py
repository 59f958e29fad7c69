"""Faults studied side by side give the frames of faults studied one after the other."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import distributed
import pandas as pd
import pytest

from tests.planning.plan_nets import planned, random_ring

FRAMES = ["plans", "deltas", "faults", "fault_costs", "findings"]


@contextmanager
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


@contextmanager
def processes():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@contextmanager
def dask_client():
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, worker_dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


# starting a process takes seconds, and the search sends its work the same way
POOLS = [
    pytest.param(threads, "enumeration", marks=pytest.mark.slow),
    (threads, "milp"),
    (processes, "enumeration"),
    pytest.param(dask_client, "enumeration", marks=pytest.mark.slow),
    pytest.param(dask_client, "milp", marks=pytest.mark.slow),
]


@cache
def alone(solver):
    return planned(*random_ring(7, tie=True), solver=solver)


@pytest.mark.parametrize(("pool", "solver"), POOLS)
def test_an_executor_gives_the_frames_of_none(pool, solver):
    net, profiles = random_ring(7, tie=True)
    with pool() as executor:
        study = planned(net, profiles, solver=solver, executor=executor)
    assert len(study.faults) > 0
    for frame in FRAMES:
        pd.testing.assert_frame_equal(getattr(study, frame), getattr(alone(solver), frame), rtol=1e-9)
