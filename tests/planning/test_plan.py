"""`run_planning` on the second paper's example: the acceptance case, Table I, and what the options change."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf

CASES = Path(__file__).parents[1] / "cases" / "cpo"
#: the paper's value of lost load and discount rate, and the price of losses that gives its assumed saving
PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 108.78637694182688, "discount_rate": 0.065}


def fig6():
    """The independent net and profile of the acceptance case, with the tables that it implies."""
    case = json.loads((CASES / "plan_fig6_H30.json").read_text())
    spec = case["spec"]
    net = pp.from_json(str(CASES / "net_fig6.json"))
    net.line["failure_rate_per_year"] = pd.Series({int(line): rate for line, rate in spec["faults"].items()})
    for line, candidate in spec["candidates"].items():
        evf.create_reinforcement(
            net, "line", int(line), candidate["cost"], lifetime_years=spec["H"], parallel=candidate["parallel"]
        )
    for site in spec["cpos"]:
        cpo = evf.create_cpo(
            net, site["bus"], site["N"], site["P"] / 1e3, price_eur_per_mwh=1e3 * site["price"], name=site["name"]
        )
        evf.set_cpo_rates(net, cpo, site["C"], site["O"])
    profiles = {("load", "p_mw"): pd.DataFrame(spec["profile_mw"], columns=net.load.index)}
    prices = {
        "voll_eur_per_mwh": 1e3 * spec["gamma"],
        "loss_price_eur_per_mwh": 1e3 * spec["loss_price"],
        "discount_rate": spec["r"],
    }
    return net, profiles, prices, case["expect"]


def plan(plans, reinforcements, flexibility):
    built = np.array([own == reinforcements for own in plans.reinforcements])
    return plans[built & (plans.flexibility == flexibility)].iloc[0]


@pytest.mark.parametrize("solver", ["enumeration", "milp"])
def test_the_plans_of_the_acceptance_case_are_those_of_an_independent_implementation(solver):
    net, profiles, prices, expect = fig6()
    study = evf.run_planning(net, profiles, **prices, rebound=False, solver=solver, progress=False)
    for name, costs in expect["plans"].items():
        lines, flexibility = name.removeprefix("lines ").split(" flex ")
        own = plan(study.plans, (0,) if json.loads(lines) else (), flexibility == "True")
        for key, column in (("R", "reliability"), ("S", "losses"), ("I", "investment"), ("F", "flexibility")):
            assert own[f"{column}_eur_per_year"] == pytest.approx(costs[key], rel=expect["rel_tol"], abs=0.01), name
        assert own.total_eur_per_year == pytest.approx(costs["total"], rel=expect["rel_tol"])
    best = study.plans.loc[study.best]
    assert (best.reinforcements, best.flexibility) == ((0,), False)


def test_the_events_of_the_acceptance_case_are_those_of_an_independent_implementation():
    net, profiles, prices, expect = fig6()
    study = evf.run_planning(net, profiles, **prices, rebound=False, progress=False)
    (event,) = expect["events_without_reinforcement"].values()
    (row,) = study.faults.itertuples()
    (overload,) = event["overloaded"].values()
    assert row.switches_closed == tuple(event["ties"])
    assert (row.overloaded_element_type, row.overloaded_element) == ("line", 4)
    assert (row.start_h, row.end_h) == (11.0, 12.0)
    assert row.ens_mwh == pytest.approx(sum(overload["overload_kw"].values()) / 4e3, rel=1e-6)
    ((_, _, _, missing, _, bought, price),) = event["flex"]["D"]
    assert row.missing_mw == pytest.approx(missing / 1e3, rel=1e-6)
    assert (row.procured_mw, row.price_eur_per_mwh) == pytest.approx((bought / 1e3, 1e3 * price), rel=1e-9)
    assert row.ens_with_flexibility_mwh == pytest.approx(event["flex"]["ens_reduced"] / 1e3, rel=1e-5)


@pytest.mark.parametrize(
    ("lifetime_years", "best", "total"), [(30.0, ((0,), False), -1355.96), (10.0, ((), True), -375.0)]
)
def test_reinforcement_wins_over_the_stated_30_years_and_flexibility_over_the_printed_10(lifetime_years, best, total):
    net, profiles = evf.networks.ring_10kv()
    net.reinforcement["lifetime_years"] = lifetime_years
    study = evf.run_planning(net, profiles, **PRICES, rebound=False, progress=False)
    assert (study.plans.reinforcements[study.best], study.plans.flexibility[study.best]) == best
    assert study.deltas.total_eur_per_year[study.best] == pytest.approx(total, abs=0.05)
    reinforced, flexible = plan(study.deltas, (0,), False), plan(study.deltas, (), True)
    assert reinforced.reliability_eur_per_year == pytest.approx(-1687.5, abs=0.05)
    assert reinforced.losses_eur_per_year == pytest.approx(-1200.0, abs=0.05)
    assert flexible.reliability_eur_per_year == pytest.approx(-750.0, abs=0.05)
    assert flexible.flexibility_eur_per_year == pytest.approx(375.0, abs=0.05)


def test_the_study_pickles_and_the_net_is_not_changed():
    net, profiles = evf.networks.ring_10kv()
    before = pp.to_json(net)
    study = evf.run_planning(net, profiles, **PRICES, progress=False)
    assert pp.to_json(net) == before
    again = pickle.loads(pickle.dumps(study))
    pd.testing.assert_frame_equal(again.plans, study.plans)
    assert np.isfinite(study.plans.filter(like="eur").to_numpy()).all()


def test_a_missing_power_that_a_profile_replaces_changes_nothing():
    net, profiles = evf.networks.ring_10kv()
    expected = evf.run_planning(net, profiles, **PRICES, progress=False).plans
    net.load["p_mw"] = np.nan
    pd.testing.assert_frame_equal(evf.run_planning(net, profiles, **PRICES, progress=False).plans, expected)
