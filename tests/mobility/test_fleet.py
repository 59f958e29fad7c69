"""Cars come in their shares of sales and connections."""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf

N = 10_000


def _sigmas(count: int, share: float) -> float:
    """How far a binomial count lies from its mean."""
    return abs(count - N * share) / np.sqrt(N * share * (1 - share))


@pytest.fixture(scope="module")
def fleet() -> pd.DataFrame:
    return evf.mobility.sample_fleet(N, seed=0)


def test_types_come_by_sales_share(fleet):
    shares = evf.ev_std_types()["sales_share"]
    counts = fleet["std_type"].value_counts()
    assert set(counts.index) == set(shares.index)
    assert max(_sigmas(counts[name], share) for name, share in shares.items()) < 4


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_phases_come_by_share_of_connections(share):
    phases = evf.mobility.sample_fleet(N, three_phase_share=share, seed=0)["phases"]
    assert set(phases) <= {1, 3}
    if 0 < share < 1:
        assert _sigmas((phases == 3).sum(), share) < 4
    else:
        assert (phases == 3).mean() == share


def test_by_default_four_fifths_are_three_phase(fleet):
    assert _sigmas((fleet["phases"] == 3).sum(), 0.8) < 4


def test_columns_are_arguments_of_create_evs():
    net = nw.create_kerber_landnetz_freileitung_1()
    fleet = evf.mobility.sample_fleet(6, seed=1)
    evf.create_evs(net, [3, 3, 4, 5, 6, 7], **fleet.to_dict("list"))
    types = evf.ev_std_types().loc[fleet["std_type"]]
    np.testing.assert_array_equal(net.ev["max_e_mwh"], types["max_e_mwh"])
    power = np.where(fleet["phases"] == 3, types["max_p_mw_3ph"], types["max_p_mw_1ph"])
    np.testing.assert_array_equal(net.ev["max_p_mw"], power)


def test_the_seed_decides():
    draws = [evf.mobility.sample_fleet(50, seed=seed) for seed in (3, 3, 4)]
    pd.testing.assert_frame_equal(draws[0], draws[1])
    assert not draws[0].equals(draws[2])
