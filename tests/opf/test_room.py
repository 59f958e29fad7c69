"""Energy against room: a refusal before any solver runs, only where it proves something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandapower.create import create_line

import pandapower_evflex as evf
from pandapower_evflex.opf.precheck.room import room_findings
from pandapower_evflex.opf.read import read_study
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net
from tests.opf.options import exact_options
from tests.opf.test_best_effort import SEEDS, least_short_by_linprog, random_feeder
from tests.opf.test_failures import jointly_infeasible_net


def findings_of(net, profiles=None):
    horizon = {"n_periods": None if profiles else 8, "period_h": 1.0, "cyclic": False}
    return pd.DataFrame(room_findings(read_study(net, profiles, exact_options(), **horizon).case))


def test_what_cars_need_behind_a_transformer_is_compared_with_what_it_carries():
    """Six cars need 35 kWh each in two hours; 50 kVA carry 30 kW beside a load of 20 kW."""
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(jointly_infeasible_net(), **EIGHT_HOURS)
    result = error.value.result
    assert result.status == "infeasible"
    found = result.findings[result.findings["element_type"] == "trafo"]
    assert set(found["finding"]) == {"no room for the energy"} and found["period"].tolist() == [0, 1]
    assert found["value"].tolist() == pytest.approx([0.21] * 2) and found["limit"].tolist() == pytest.approx([0.06] * 2)
    said = "behind trafo 0 in 2 periods from 0 to 1: cars need at least 210 kWh then, trafo 0 carries at most 60 kWh"
    assert said in str(error.value)
    assert "iterations" not in result.stats
    assert "max_trafo_loading_percent=" in str(error.value) and "best_effort" in str(error.value)


def test_five_cars_that_need_200_kwh_behind_a_transformer_that_carries_110_kwh_are_refused():
    """40 kWh each in two hours; 55 kVA without any other load."""
    net = feeder_net(5, load_mw=0.0, sn_mva=0.055)
    net.ev_session[["departure_h", "e_departure_mwh"]] = 2.0, 0.06
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert (
        "no room for the energy behind trafo 0 in 2 periods from 0 to 1: "
        "cars need at least 200 kWh then, trafo 0 carries at most 110 kWh for them"
    ) in str(error.value)
    assert "screening" not in error.value.result.stats["seconds"]


def test_generation_behind_the_transformer_makes_room():
    net = jointly_infeasible_net()
    assert len(findings_of(net))
    profiles = constant(net, "sgen", "p_mw", [0.1, 0.1, 0, 0, 0, 0, 0, 0])
    found = findings_of(net, profiles)
    assert "trafo" not in set(found.get("element_type", ()))


def test_only_the_window_of_the_stays_counts():
    """The same needs with the whole day to serve them."""
    net = jointly_infeasible_net()
    net.ev_session["departure_h"] = 8.0
    assert len(findings_of(net)) == 0


def test_a_car_that_can_wait_counts_only_with_what_it_cannot_draw_outside():
    net = jointly_infeasible_net()
    net.ev_session.loc[0, "departure_h"] = 8.0
    found = findings_of(net)
    assert found[found["element_type"] == "trafo"]["value"].iloc[0] == pytest.approx(5 * 0.035)


def test_a_meshed_grid_is_left_to_the_solver():
    net = jointly_infeasible_net()
    create_line(net, net.line.from_bus.iloc[0], net.line.to_bus.iloc[1], 0.2, "NAYY 4x150 SE")
    assert len(findings_of(net)) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_where_room_is_missing_a_linear_program_finds_energy_short(seed):
    net, profiles = random_feeder(seed)
    if len(findings_of(net, profiles)):
        assert least_short_by_linprog(net, profiles[("load", "p_mw")]) > 1e-6


def test_most_of_what_a_linear_program_finds_short_is_proved_without_one():
    found = []
    for seed in range(100, 120):
        net, profiles = random_feeder(seed)
        if least_short_by_linprog(net, profiles[("load", "p_mw")]) > 1e-3:
            found.append(len(findings_of(net, profiles)) > 0)
    assert len(found) >= 5 and np.mean(found) > 0.6
