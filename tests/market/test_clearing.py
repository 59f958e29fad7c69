"""Clearing: acceptance cases, a linear program and brute force as oracles, and the laws of an auction."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

import pandapower_evflex as evf
from tests.examples import examples

CASES = Path(__file__).parents[1] / "cases" / "cpo"
MARKET = json.loads((CASES / "market.json").read_text())
BAD_INPUTS = json.loads((CASES / "bad_inputs.json").read_text())
#: the cases speak of kW and EUR/kWh
MW, EUR_PER_MWH = 1e-3, 1e3
CAP = 10.0


def offers_of(bids, **columns):
    p, price = zip(*bids, strict=True) if bids else ((), ())
    return pd.DataFrame({"p_mw": np.array(p, float), "price_eur_per_mwh": np.array(price, float), **columns})


@st.composite
def auctions(draw):
    """Few different prices and powers, so that ties, exact fits and the cap itself are met often."""
    bids = draw(
        st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7]), st.integers(0, 12).map(float)), max_size=7)
    )
    return offers_of(bids), draw(st.sampled_from([0.0, 0.1, 0.3, 0.45, 0.9, 5.0]))


def total_cost(cleared, demand):
    return cleared.payment_eur_per_h + CAP * (demand - cleared.accepted_mw.sum())


@pytest.mark.parametrize("case", MARKET["cases"], ids=lambda c: f"{c['name']}, {c['rule']}, {c['procurement']}")
def test_acceptance_cases(case):
    names, p, price = zip(*case["bids"], strict=True)
    offers = offers_of(list(zip(np.array(p) * MW, np.array(price) * EUR_PER_MWH, strict=True)), name=names)
    cleared = evf.clear_flexibility(
        offers,
        case["demand"] * MW,
        price_cap_eur_per_mwh=case["gamma"] * EUR_PER_MWH,
        pricing=case["rule"].replace("-", "_"),
        procurement={"paper": "merit_order"}.get(case["procurement"], case["procurement"]),
    )
    expect = case["expect"]
    accepted = dict(zip(names, cleared.accepted_mw / MW, strict=True))
    assert accepted == pytest.approx({name: expect["accepted"].get(name, 0.0) for name in names}, abs=1e-9)
    assert cleared.accepted_mw.sum() / MW == pytest.approx(expect["D"], abs=1e-9)
    assert cleared.clearing_price_eur_per_mwh / EUR_PER_MWH == pytest.approx(expect["price"], abs=1e-9)
    assert cleared.payment_eur_per_h == pytest.approx(expect["pay_per_kwh_equiv"], abs=1e-9)


@examples(few=40, many=800)
@given(auction=auctions(), procurement=st.sampled_from(["merit_order", "optimal"]))
def test_pay_as_bid_is_the_optimum_of_a_linear_program(auction, procurement):
    offers, demand = auction
    cleared = evf.clear_flexibility(
        offers, demand, price_cap_eur_per_mwh=CAP, pricing="pay_as_bid", procurement=procurement
    )
    n = len(offers)
    best = linprog(
        [*offers["price_eur_per_mwh"], CAP], A_eq=[[1.0] * (n + 1)], b_eq=[demand],
        bounds=[*((0.0, p) for p in offers["p_mw"]), (0.0, None)],
    )  # fmt: skip
    assert total_cost(cleared, demand) == pytest.approx(best.fun, abs=1e-9)


@examples(few=40, many=800)
@given(auction=auctions())
def test_optimal_pay_as_clear_beats_every_set_of_accepted_offers(auction):
    """Brute force: any set may be accepted, its dearest member sets the price, and any part of its power is bought."""
    offers, demand = auction
    cleared = evf.clear_flexibility(offers, demand, price_cap_eur_per_mwh=CAP, procurement="optimal")
    bids = list(offers[["p_mw", "price_eur_per_mwh"]].itertuples(index=False))
    costs = [CAP * demand]
    for size in range(1, len(bids) + 1):
        for accepted in itertools.combinations(bids, size):
            p, price = min(sum(bid[0] for bid in accepted), demand), max(bid[1] for bid in accepted)
            costs += [price * part * p + CAP * (demand - part * p) for part in (0.5, 1.0)]
    assert total_cost(cleared, demand) == pytest.approx(min(costs), abs=1e-9)


@examples(few=40, many=800)
@given(
    auction=auctions(),
    pricing=st.sampled_from(["pay_as_clear", "pay_as_bid"]),
    procurement=st.sampled_from(["merit_order", "optimal"]),
)
def test_laws_of_an_auction(auction, pricing, procurement):
    offers, demand = auction
    kinds = {"price_cap_eur_per_mwh": CAP, "pricing": pricing, "procurement": procurement}
    cleared = evf.clear_flexibility(offers, demand, **kinds)
    accepted, price = cleared.accepted_mw, offers["price_eur_per_mwh"]
    pd.testing.assert_index_equal(accepted.index, offers.index)
    assert ((accepted >= 0.0) & (accepted <= offers["p_mw"])).all() and accepted.sum() <= demand * (1 + 1e-12)
    assert (accepted[price >= CAP] == 0.0).all()
    assert cleared.payment_eur_per_h == pytest.approx(cleared.clearing_price_eur_per_mwh * accepted.sum())
    if pricing == "pay_as_clear":
        assert cleared.clearing_price_eur_per_mwh == price[accepted > 0.0].max() or not accepted.any()
    if procurement == "merit_order":
        assert accepted.sum() == pytest.approx(min(demand, offers["p_mw"][price < CAP].sum()))
    within = accepted.reset_index(drop=True)[price.reset_index(drop=True).sort_values(kind="stable").index]
    full = (within < offers["p_mw"].to_numpy()[within.index]).to_numpy()
    assert (full & (within > 0.0)).sum() <= 1  # one offer at most is taken in part


def test_more_offers_never_make_the_optimum_dearer_and_can_make_merit_order_dearer():
    one, two = offers_of([(0.1, 1.0)]), offers_of([(0.1, 1.0), (0.1, 9.9)])
    costs = {
        (procurement, len(offers)): total_cost(
            evf.clear_flexibility(offers, 0.2, price_cap_eur_per_mwh=CAP, procurement=procurement), 0.2
        )
        for procurement in ("merit_order", "optimal")
        for offers in (one, two)
    }
    assert costs["optimal", 2] == costs["optimal", 1] == pytest.approx(1.1)
    assert costs["merit_order", 2] == pytest.approx(1.98) and costs["merit_order", 1] == pytest.approx(1.1)


def test_ties_go_by_name_and_without_names_by_index():
    bids = [(0.2, 5.0)] * 3
    named = offers_of(bids, name=["c", None, "a"])
    assert evf.clear_flexibility(named, 0.5, price_cap_eur_per_mwh=CAP).accepted_mw.tolist() == pytest.approx(
        [0.2, 0.1, 0.2]
    )
    numbered = offers_of(bids).set_axis([7, 3, 5])
    accepted = evf.clear_flexibility(numbered, 0.5, price_cap_eur_per_mwh=CAP).accepted_mw
    assert accepted.to_dict() == pytest.approx({7: 0.1, 3: 0.2, 5: 0.2})


def test_a_demand_met_but_for_rounding_does_not_raise_the_price():
    """0.1 + 0.2 is below 0.30000000000000004 by one bit."""
    offers = offers_of([(0.1, 1.0), (0.2, 2.0), (1.0, 9.0)])
    cleared = evf.clear_flexibility(offers, np.nextafter(0.1 + 0.2, 1.0), price_cap_eur_per_mwh=CAP)
    assert cleared.clearing_price_eur_per_mwh == 2.0


@pytest.mark.parametrize(
    ("bids", "demand", "cap"),
    [
        pytest.param([(0.3, 10.0)], 0.5, 10.0, id="price at the cap"),
        pytest.param([(0.3, 5.0)], 0.5, 0.0, id="cap of 0"),
        pytest.param([(0.0, 5.0)], 0.5, 10.0, id="offer of 0 MW"),
        pytest.param([(0.3, 5.0)], 0.0, 10.0, id="no demand"),
        pytest.param([], 0.5, 10.0, id="no offers"),
    ],
)
@pytest.mark.parametrize("procurement", ["merit_order", "optimal"])
@pytest.mark.parametrize("pricing", ["pay_as_clear", "pay_as_bid"])
def test_nothing_bought_is_well_defined(bids, demand, cap, pricing, procurement):
    cleared = evf.clear_flexibility(
        offers_of(bids), demand, price_cap_eur_per_mwh=cap, pricing=pricing, procurement=procurement
    )
    assert cleared.accepted_mw.tolist() == [0.0] * len(bids)
    assert cleared.clearing_price_eur_per_mwh == 0.0 and cleared.payment_eur_per_h == 0.0


@pytest.mark.parametrize(
    "case",
    [case for case in BAD_INPUTS["cases"] if "price" in case or "gamma" in case],
    ids=lambda case: case["what"],
)
def test_acceptance_cases_of_bad_input(case):
    price, cap = (float(case.get(name, usual)) * EUR_PER_MWH for name, usual in (("price", 5.0), ("gamma", CAP)))
    offers = offers_of([(0.3, price)])
    if case["answer"].startswith("error"):
        with pytest.raises(ValueError, match=r"offers\.price_eur_per_mwh of row 0"):
            evf.clear_flexibility(offers, 0.675, price_cap_eur_per_mwh=cap)
    else:
        cleared = evf.clear_flexibility(offers, 0.675, price_cap_eur_per_mwh=cap)
        assert (cleared.accepted_mw.tolist(), cleared.payment_eur_per_h) == ([0.0], 0.0)


GOOD = offers_of([(0.1, 1.0), (0.2, 2.0)])
WRONG = {
    "a negative price": (GOOD.assign(price_eur_per_mwh=[1.0, -1.0]), {}, "price_eur_per_mwh", (1,)),
    "a missing price": (GOOD.assign(price_eur_per_mwh=[np.nan, 1.0]), {}, "price_eur_per_mwh", (0,)),
    "an infinite price": (GOOD.assign(price_eur_per_mwh=[1.0, np.inf]), {}, "price_eur_per_mwh", (1,)),
    "a price as text": (GOOD.assign(price_eur_per_mwh=["1", 2.0]), {}, "price_eur_per_mwh", (0,)),
    "a negative power": (GOOD.assign(p_mw=[-0.1, 0.2]), {}, "p_mw", (0,)),
    "a missing power": (GOOD.assign(p_mw=[0.1, np.nan]), {}, "p_mw", (1,)),
    "no column of prices": (GOOD[["p_mw"]], {}, "price_eur_per_mwh", ()),
    "offers that are no table": ([(0.1, 1.0)], {}, "", ()),
    "one label twice": (GOOD.set_axis([4, 4]), {}, "index", (4,)),
    "a negative demand": (GOOD, {"demand_mw": -0.1}, "demand_mw", ()),
    "several demands": (GOOD, {"demand_mw": [0.1, 0.2]}, "demand_mw", ()),
    "a missing demand": (GOOD, {"demand_mw": np.nan}, "demand_mw", ()),
    "a negative cap": (GOOD, {"price_cap_eur_per_mwh": -1.0}, "price_cap_eur_per_mwh", ()),
    "an infinite cap": (GOOD, {"price_cap_eur_per_mwh": np.inf}, "price_cap_eur_per_mwh", ()),
    "an unknown pricing": (GOOD, {"pricing": "pay-as-bid"}, "pricing", ()),
    "an unknown procurement": (GOOD, {"procurement": "paper"}, "procurement", ()),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_named(what):
    offers, arguments, column, rows = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        evf.clear_flexibility(offers, **{"demand_mw": 0.3, "price_cap_eur_per_mwh": CAP, **arguments})
    assert [(fault.column, fault.rows) for fault in error.value.faults] == [(column, rows)]


def test_all_faults_are_gathered():
    with pytest.raises(evf.InvalidInputError) as error:
        evf.clear_flexibility(GOOD.assign(p_mw=[-1.0, np.nan]), -1.0, price_cap_eur_per_mwh=np.nan, pricing="x")
    assert [fault.column for fault in error.value.faults] == [
        "p_mw", "p_mw", "demand_mw", "price_cap_eur_per_mwh", "pricing",
    ]  # fmt: skip
