"""The cost functions give the paper's Table I, for the stated and for the printed lifetime, and refuse nonsense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf

CASES = Path(__file__).parents[1] / "cases" / "cpo"
PAPER = json.loads((CASES / "paper_table.json").read_text())
INPUTS = PAPER["inputs"]
#: the case speaks of kW and EUR/kWh
MW, EUR_PER_MWH = 1e-3, 1e3


def table_one(lifetime_years):
    """Table I by the cost functions: what both strategies change against doing nothing [EUR/year]."""
    rate, voll = INPUTS["lam"], INPUTS["gamma"] * EUR_PER_MWH
    duration_h = INPUTS["dT_periods"] * INPUTS["tau_h"]
    d = 2 * (INPUTS["d_o"] - INPUTS["d_c"]) / INPUTS["dT_periods"] * INPUTS["N"] * INPUTS["P"] * MW  # (15)
    offers = pd.DataFrame({"p_mw": [d], "price_eur_per_mwh": [INPUTS["pi"] * EUR_PER_MWH]})
    peak = INPUTS["dL_kW"] * MW
    bought = evf.clear_flexibility(offers, peak, price_cap_eur_per_mwh=voll)
    p, price = bought.accepted_mw.sum(), bought.clearing_price_eur_per_mwh
    ens = evf.energy_not_served_triangle([peak, peak - p, 0.0], duration_h)
    plans = pd.DataFrame(
        {
            "dR": [evf.reliability_cost(rate, voll, e) for e in ens],
            "dS": [0.0, 0.0, INPUTS["dS"]],
            "dI": [0.0, 0.0, evf.investment_annuity(INPUTS["I_T"], INPUTS["r"], lifetime_years)],
            "dF": [0.0, evf.flexibility_cost(rate, price, p, duration_h), 0.0],
        },
        index=["do nothing", "flexibility", "traditional"],
    )
    return evf.cost_deltas(plans.assign(total=plans.sum(axis=1)), "do nothing"), ens


@pytest.mark.parametrize("expected", PAPER["expected_EUR_per_year"], ids=lambda e: f"H = {e['H']}")
def test_table_one_follows_from_the_cost_functions(expected):
    deltas, ens = table_one(expected["H"])
    np.testing.assert_allclose(ens[:2] / MW, [expected["ENS"], expected["ENS_reduced"]], rtol=1e-9)
    for strategy in ("traditional", "flexibility"):
        assert deltas.loc[strategy].to_dict() == pytest.approx(expected[strategy], rel=1e-9)
    assert (deltas.loc["do nothing"] == 0.0).all()


def test_with_the_stated_30_years_reinforcement_wins_and_with_10_the_table_is_as_printed():
    stated, _ = table_one(30)
    printed, _ = table_one(10)
    assert stated["total"].idxmin() == "traditional" and printed["total"].idxmin() == "flexibility"
    assert stated.loc["traditional", "total"] == pytest.approx(-1355.95, abs=0.005)
    rounded = (printed / 1e3).round(2)
    assert rounded.loc["traditional"].to_dict() == {"dR": -1.69, "dS": -1.2, "dI": 2.78, "dF": 0.0, "total": -0.11}
    # the printed total of -0.37 is the sum of rounded rows; it is -0.375
    assert printed.loc["flexibility"].to_dict() == pytest.approx(
        {"dR": -750.0, "dS": 0.0, "dI": 0.0, "dF": 375.0, "total": -375.0}
    )


def test_break_even_of_both_strategies():
    at = PAPER["break_even"]
    for invest, rate, lifetime in (
        (INPUTS["I_T"], INPUTS["r"], at["H_at_20k"]),
        (at["I_T_at_H30"], INPUTS["r"], 30),
    ):
        assert evf.investment_annuity(invest, rate, lifetime) == pytest.approx(at["annuity"], rel=1e-9)


@given(
    rate=st.one_of(st.just(0.0), st.floats(1e-14, 1e-3), st.floats(1e-3, 1.0)),
    lifetime=st.integers(1, 200),
    invest=st.floats(0.0, 1e7),
)
def test_the_annuities_of_a_lifetime_are_worth_the_investment(rate, lifetime, invest):
    annuity = evf.investment_annuity(invest, rate, lifetime)
    assert annuity * np.sum((1 + rate) ** -np.arange(1.0, lifetime + 1)) == pytest.approx(invest, rel=1e-9)


def test_without_interest_the_investment_is_spread_evenly():
    assert evf.investment_annuity(20_000, 0.0, 8) == 2_500.0
    np.testing.assert_allclose(evf.investment_annuity([0.0, 800.0], 0.0, [10, 8]), [0.0, 100.0])


@given(st.lists(st.tuples(*[st.floats(0.0, 10.0)] * 4), min_size=1, max_size=5))
def test_costs_of_faults_add_up(faults):
    rate, price, p, duration = np.array(faults).T
    single = [evf.flexibility_cost(*fault) for fault in faults]
    assert evf.flexibility_cost(rate, price, p, duration) == pytest.approx(sum(single))
    ens = evf.energy_not_served_triangle(p, duration)
    assert evf.reliability_cost(rate, 3.0, ens) == pytest.approx(3.0 * np.sum(rate * ens))
    # flexibility at the cost of lost load is worth exactly what it avoids
    assert evf.flexibility_cost(rate, 3.0, p, duration) == pytest.approx(evf.reliability_cost(rate, 3.0, ens))


def test_windows_met_by_a_fault_multiply_both_costs():
    assert evf.reliability_cost(0.5, 1e4, 0.1, events_per_fault=0.25) == pytest.approx(125.0)
    assert evf.flexibility_cost(0.5, 5e3, 0.3, 1.0, events_per_fault=0.25) == pytest.approx(93.75)


def test_the_triangle_in_period_averages_has_its_energy_exactly():
    """A unit triangle averaged over 4 periods is .25, .75, .75, .25."""
    profile = 0.675 * np.array([0.25, 0.75, 0.75, 0.25])
    assert evf.energy_not_served(profile, 0.25) == pytest.approx(evf.energy_not_served_triangle(0.675, 1.0))


WRONG = {
    "a negative investment": (evf.investment_annuity, (-1.0, 0.065, 30), "invest_eur"),
    "a rate in percent": (evf.investment_annuity, (1.0, 6.5, 30), "discount_rate"),
    "a negative rate": (evf.investment_annuity, (1.0, -0.1, 30), "discount_rate"),
    "a lifetime of 0": (evf.investment_annuity, (1.0, 0.065, 0), "lifetime_years"),
    "a missing lifetime": (evf.investment_annuity, (1.0, 0.065, np.nan), "lifetime_years"),
    "a negative overload": (evf.energy_not_served, ([0.1, -0.1], 0.25), "overload_mw"),
    "a period of 0 h": (evf.energy_not_served, ([0.1], 0.0), "period_h"),
    "a negative peak": (evf.energy_not_served_triangle, (-0.1, 1.0), "peak_mw"),
    "a negative failure rate": (evf.reliability_cost, (-0.5, 1e4, 0.1), "failure_rate_per_year"),
    "a missing failure rate": (evf.reliability_cost, ([0.5, np.nan], 1e4, 0.1), "failure_rate_per_year"),
    "a negative value of lost load": (evf.reliability_cost, (0.5, -1e4, 0.1), "voll_eur_per_mwh"),
    "energy as text": (evf.reliability_cost, (0.5, 1e4, "0.1"), "ens_mwh"),
    "a negative price": (evf.flexibility_cost, (0.5, -1.0, 0.3, 1.0), "price_eur_per_mwh"),
    "an infinite duration": (evf.flexibility_cost, (0.5, 1.0, 0.3, np.inf), "duration_h"),
    "faults of different number": (evf.flexibility_cost, ([0.5, 0.5], 1.0, [1.0, 1.0, 1.0], 1.0), ""),
    "a negative price of losses": (evf.loss_cost, ([0.1], 0.25, -1.0), "loss_price_eur_per_mwh"),
    "a hole in the losses": (evf.loss_cost, ([0.1, np.nan], 0.25, 1.0), "losses_mw"),
    "a plan that is not there": (evf.cost_deltas, (pd.DataFrame({"R": [1.0]}), 3), "reference"),
    "a missing plan": (evf.cost_deltas, (pd.DataFrame({"R": [1.0]}), pd.NA), "reference"),
    "a plan that cannot be a label": (evf.cost_deltas, (pd.DataFrame({"R": [1.0]}), ([],)), "reference"),
    "True for the plan 1": (evf.cost_deltas, (pd.DataFrame({"R": [1.0]}, index=[1]), True), "reference"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_numbers_are_named(what):
    function, arguments, column = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        function(*arguments)
    assert [fault.column for fault in error.value.faults] == [column]
    assert error.value.faults[0].table == function.__name__


def test_the_remedy_for_percent_is_a_fraction():
    with pytest.raises(evf.InvalidInputError, match=r"0\.065 for 6\.5 %"):
        evf.investment_annuity(20_000, 6.5, 30)
