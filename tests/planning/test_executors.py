"""Faults studied side by side give the frames of faults studied one after the other."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from tests.planning.plan_nets import planned, random_ring
from tests.pools import dask_client, processes, threads

FRAMES = ["plans", "deltas", "faults", "fault_costs", "findings"]


# starting a process takes seconds, and the search sends its work the same way
POOLS = [
    (threads, "enumeration"),
    pytest.param(threads, "milp", marks=pytest.mark.slow),
    pytest.param(processes, "enumeration", marks=pytest.mark.slow),
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
