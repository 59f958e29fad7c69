"""Sites that sell a share of their days: what is sold, and what is not delivered on the others."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf

OPTIONS = {
    "voll_eur_per_mwh": 10_000, "loss_price_eur_per_mwh": 108.786, "discount_rate": 0.065, "rebound": False,
    "rule": "exact", "progress": False,
}  # fmt: skip
#: outlets that charge from 10 to 15 h and are idle until 20 h, one number per day
OUTLETS = np.array([30, 20, 10, 5])


def four_days():
    """Outlets that can wait all through the congested hour from 11 to 12 h: their number is what can be shaved."""
    lattices = np.zeros((len(OUTLETS), 60, 96), dtype=np.int8)
    for day, n in zip(lattices, OUTLETS, strict=True):
        day[:n, 40:60], day[:n, 60:80] = 1, 2
    return lattices


@pytest.mark.parametrize("quantile", [None, 0.0, 0.5, 0.6])
def test_what_is_sold_and_cannot_be_shaved_on_a_day_is_not_served(quantile):
    """By hand: an outlet has 25 kW, the overload is the only one of the day, and every MW counts."""
    net, profiles = evf.networks.ring_10kv()
    study = evf.run_planning(net, profiles, lattices=four_days(), quantile=quantile, **OPTIONS)
    fault = study.faults.iloc[0]
    sold = np.mean(OUTLETS) if quantile is None else np.quantile(OUTLETS, quantile, method="weibull")
    assert fault.procured_mw == pytest.approx(0.025 * sold)
    bought_mwh = fault.ens_mwh * fault.procured_mw / fault.missing_mw  # in the shape of the overload
    share_not_delivered = np.mean([max(0.0, sold - n) / sold for n in OUTLETS])
    left = fault.ens_mwh - bought_mwh * (1.0 - share_not_delivered)
    assert fault.ens_with_flexibility_mwh == pytest.approx(left)
    r_without, r_with = study.plans.reliability_eur_per_year[study.plans.reinforcements.map(len) == 0]
    assert r_with / r_without == pytest.approx(left / fault.ens_mwh)


def test_less_is_sold_for_more_days():
    net, profiles = evf.networks.ring_10kv()
    sold = [
        evf.run_planning(net, profiles, quantile=quantile, **OPTIONS).faults.procured_mw.iloc[0]
        for quantile in (0.0, 0.05, 0.5)
    ]
    assert sold[0] <= sold[1] < sold[2]


def test_plug_ins_of_all_sites_are_those_of_each():
    net, profiles = evf.networks.ring_10kv()
    rows = [
        evf.run_planning(net, profiles, plug_ins_per_day=given, **OPTIONS).faults.procured_mw.iloc[0]
        for given in (2.0, {0: 2.0}, None)
    ]
    assert rows[0] == rows[1] != rows[2]


def test_the_paper_s_rule_knows_no_days():
    net, profiles = evf.networks.ring_10kv()
    with pytest.raises(evf.InvalidInputError) as error:
        evf.run_planning(net, profiles, quantile=0.05, lattices=four_days(), **{**OPTIONS, "rule": "paper"})
    assert [fault.column for fault in error.value.faults] == ["quantile", "lattices"]
