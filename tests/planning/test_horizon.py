"""`run_planning_horizon`: against single years of `run_planning`, and a brute force over all sequences."""

from __future__ import annotations

import itertools
import logging

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.errors import InvalidInputError

PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 80.0, "discount_rate": 0.065, "progress": False}


def ring(invest_eur=60_000.0):
    net, profiles = evf.networks.ring_10kv()
    net.reinforcement["invest_eur"] = invest_eur
    return net, profiles


def test_without_growth_every_year_is_that_of_run_planning():
    net, profiles = ring(20_000.0)
    study = evf.run_planning(net, profiles, **PRICES)
    horizon = evf.run_planning_horizon(net, profiles, 3, 0.0, **PRICES)
    best = study.plans.loc[study.best]
    assert horizon.path["with_flexibility"].tolist() == [best.reinforcements] * 3
    assert horizon.yearly_cost_eur["with_flexibility"].tolist() == pytest.approx([best.total_eur_per_year] * 3)
    factor = sum(1.065**-year for year in range(3))
    assert horizon.present_value_eur["with_flexibility"] == pytest.approx(factor * best.total_eur_per_year)


def test_a_year_of_growth_is_run_planning_with_that_growth():
    net, profiles = ring()
    horizon = evf.run_planning_horizon(net, profiles, 3, 2.0, **PRICES)
    study = evf.run_planning(net, profiles, load_growth_percent=100.0 * (1.02**2 - 1.0), **PRICES)
    own = horizon.plans[horizon.plans.year == 2].drop(columns="year").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, study.plans)


def test_what_every_year_would_say_is_said_once_a_run(caplog):
    net, profiles = ring()
    net.switch["type"] = None
    horizon = evf.run_planning_horizon(net, profiles, 2, 1.0, **PRICES)
    assert all("switches without a type" in set(study.findings.kind) for study in horizon.studies)
    assert sum("closed switches without a type" in record.message for record in caplog.records) == 1
    assert not logging.getLogger("pandapower_evflex.planning.findings").filters


def test_loads_grow_as_in_profiles_scaled_by_hand():
    net, profiles = ring()
    grown = {key: 1.02 * frame for key, frame in profiles.items()}
    scaled = evf.run_planning(net, grown, **PRICES).plans
    own = evf.run_planning(net, profiles, load_growth_percent=2.0, **PRICES).plans
    pd.testing.assert_frame_equal(own, scaled, rtol=1e-7)


@pytest.mark.parametrize(
    ("invest_eur", "growth"), [(20_000.0, 2.0), (60_000.0, 2.0), (100_000.0, {"load": 2.0, "cpo": 8.0})]
)
def test_no_sequence_of_investments_is_cheaper(invest_eur, growth):
    net, profiles = ring(invest_eur)
    n_years = 4
    horizon = evf.run_planning_horizon(net, profiles, n_years, growth, **PRICES)
    plans = horizon.plans
    for name, allowed in (("with_flexibility", [False, True]), ("without_flexibility", [False])):
        values = []
        for path in itertools.combinations_with_replacement([(), (0,)], n_years):  # () before (0,): nothing is undone
            total = 0.0
            for year, built in enumerate(path):
                same = np.array([own == built for own in plans.reinforcements])
                rows = plans[(plans.year == year) & same & plans.flexibility.isin(allowed)]
                total += rows.total_eur_per_year.min() * 1.065**-year
            values.append(total)
        assert horizon.present_value_eur[name] == pytest.approx(min(values), rel=1e-9)


def test_flexibility_defers_what_the_load_makes_necessary():
    net, profiles = ring()
    horizon = evf.run_planning_horizon(net, profiles, 5, 2.0, **PRICES)
    assert horizon.build_years.loc[0].tolist() == [3, 2]
    assert horizon.years_deferred[0] == 1.0
    saved = horizon.present_value_eur["without_flexibility"] - horizon.present_value_eur["with_flexibility"]
    assert horizon.value_of_flexibility_eur == pytest.approx(saved) and saved > 0.0


@pytest.mark.parametrize(
    ("n_years", "growth", "options", "column"),
    [
        (0, 2.0, {}, "n_years"),
        (1.5, 2.0, {}, "n_years"),
        (3, "2 %", {}, "growth_percent_per_year"),
        (3, float("nan"), {}, "growth_percent_per_year"),
        (3, -100.0, {}, "growth_percent_per_year"),
        (3, {"ev": 2.0}, {}, "growth_percent_per_year"),
        (3, 2.0, {"max_plans": 2}, "max_plans"),
        (3, 2.0, {"rule": "papers"}, "rule"),
        (3, 2.0, {"discount_rate": 6.5}, "discount_rate"),
    ],
)
def test_wrong_input_is_named(n_years, growth, options, column):
    net, profiles = ring()
    with pytest.raises(InvalidInputError) as error:
        evf.run_planning_horizon(net, profiles, n_years, growth, **{**PRICES, **options})
    assert column in {fault.column for fault in error.value.faults}
