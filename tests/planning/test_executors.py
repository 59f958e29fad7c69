"""A study is the same whoever works on it."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest

import pandapower_evflex as evf

PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 80.0, "discount_rate": 0.065, "progress": False}


def frames(executor=None):
    net, profiles = evf.networks.ring_10kv()
    net.line["failure_rate_per_year"] = 0.3
    study = evf.run_planning(net, profiles, **PRICES, executor=executor)
    return study.plans, study.faults, study.fault_costs


def threads():
    return ThreadPoolExecutor(2)


def processes():
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def dask():
    distributed = pytest.importorskip("distributed")
    return distributed.Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)


@pytest.mark.parametrize("make", [threads, processes, dask])
def test_an_executor_changes_nothing_but_who_works(make):
    with make() as executor:
        found = frames(executor)
    for own, expected in zip(found, frames(), strict=True):
        pd.testing.assert_frame_equal(own, expected)


def test_what_is_no_executor_is_refused_before_anything_runs():
    with pytest.raises(evf.InvalidInputError, match="executor"):
        frames(executor=2)
