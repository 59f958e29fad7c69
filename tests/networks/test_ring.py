"""The built-in ring gives the second paper's figures by pandapower's own power flow."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from pandapower.topology import unsupplied_buses

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import check_tables
from tests.examples import sampled, sweep

PLAN = json.loads((Path(__file__).parents[1] / "cases" / "cpo" / "plan_fig6_H30.json").read_text())
F_E, TIE = 4, 2


def after_fault(net):
    """Fig. 7: CB1 and CB2 open, CB3 closed."""
    faulted = copy.deepcopy(net)
    faulted.switch["closed"] = [False, False, True, True]
    return faulted


def loading(net, profiles, period, shed_share=0.0):
    net.load["p_mw"] = profiles["load", "p_mw"].iloc[period].to_numpy() * (1.0 - shed_share)
    pp.runpp(net)
    return net.res_line["loading_percent"]


def test_the_day_is_that_of_the_independent_study():
    net, profiles = evf.networks.ring_10kv()
    day = profiles["load", "p_mw"]
    np.testing.assert_allclose(day, PLAN["spec"]["profile_mw"], atol=2e-9)
    assert day.index[0] == pd.Timestamp("2024-05-14") and pd.infer_freq(day.index) == "15min"
    assert {str(f): rate for f, rate in net.line.failure_rate_per_year.dropna().items()} == PLAN["spec"]["faults"]
    assert net.switch.index[~net.switch.closed].tolist() == PLAN["spec"]["ties"]


def test_tables_are_right_and_hold_the_paper_s_figures():
    net, _ = evf.networks.ring_10kv()
    assert check_tables(net) == []
    candidate = net.reinforcement.loc[0]
    assert (candidate.element, candidate.parallel, candidate.invest_eur) == (F_E, 2, 20_000.0)
    assert candidate.lifetime_years == PLAN["spec"]["H"]
    assert net.line.at[F_E, "max_i_ka"] * np.sqrt(3) * 10.0 == pytest.approx(6.75)
    densities = evf.cpo_densities(net, 11, 12).loc[0]
    assert densities.tolist() == pytest.approx([0.45, 0.85])


def test_in_normal_operation_nothing_is_overloaded_and_everything_is_supplied():
    net, profiles = evf.networks.ring_10kv()
    assert not unsupplied_buses(net)
    assert loading(net, profiles, 45).max() < 70.0


def test_after_the_fault_f_e_alone_is_overloaded_from_11_to_12():
    net, profiles = evf.networks.ring_10kv()
    faulted = after_fault(net)
    assert not unsupplied_buses(faulted)
    periods = [*range(0, 42, 14), *range(42, 50), *range(54, 96, 14)]
    by_period = pd.DataFrame([loading(faulted, profiles, period) for period in periods], index=periods)
    assert by_period.index[by_period[F_E] > 100.0].tolist() == [44, 45, 46, 47]
    assert by_period[[1, TIE, 3]].to_numpy().max() < 100.0
    assert by_period.loc[[43, 48], F_E].min() > 98.5


@sweep
@pytest.mark.parametrize("period", sampled([45, 44], 1))
def test_the_paper_s_overload_is_what_must_be_removed(period):
    """168.75 and 506.25 kW in proportion of the loads leave f-e at its rating."""
    net, profiles = evf.networks.ring_10kv()
    missing = PLAN["expect"]["events_without_reinforcement"]["0"]["overloaded"]["4"]["overload_kw"][str(period)] / 1e3
    share = missing / profiles["load", "p_mw"].iloc[period].sum()
    assert loading(after_fault(net), profiles, period, share)[F_E] == pytest.approx(100.0, abs=1e-4)


@pytest.mark.slow
def test_the_losses_of_the_day_are_those_of_the_independent_study():
    """S of Table I at the price that meets the paper's saving."""
    net, profiles = evf.networks.ring_10kv()

    def year():
        losses = []
        for period in range(96):
            loading(net, profiles, period)
            losses.append(net.res_line["pl_mw"].sum())
        return evf.loss_cost(losses, 0.25, PLAN["spec"]["loss_price"] * 1e3)

    before = year()
    net.line.loc[F_E, "parallel"] = 2
    assert before == pytest.approx(PLAN["expect"]["table1"]["do nothing"]["S"], rel=1e-6)
    assert year() - before == pytest.approx(-1200.0, rel=1e-6)
