"""Days of SimBench nets that once took a solver minutes. Slow: `python -m pytest -m slow`."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pytest
import simbench

import pandapower_evflex as evf

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def windy_winter_hour():
    """A rural medium-voltage net with 20 cars, and its hour of most feed-in of January, February and December."""
    net = simbench.get_simbench_net("1-MV-rural--0-sw")
    year = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    surplus = year[("sgen", "p_mw")].sum(axis=1) - year[("load", "p_mw")].sum(axis=1)
    winter = np.r_[0 : 59 * 96, 335 * 96 : len(surplus)]
    peak = int(winter[surplus.to_numpy()[winter].argmax()])
    profiles = {key: frame.iloc[peak - 2 : peak + 2].reset_index(drop=True) for key, frame in year.items()}
    evs = evf.create_evs(net, net.load["bus"].iloc[:20].tolist(), max_p_mw=0.011, max_e_mwh=0.06)
    evf.create_ev_sessions(net, evs, 0.0, 1.0, e_arrival_mwh=0.02, e_departure_mwh=0.025)
    return net, profiles


def highest_excess(net, profiles, period, ev_p_mw):
    """By `runpp`, pu."""
    moment = copy.deepcopy(net)
    for (table, column), frame in profiles.items():
        if len(frame.columns):
            moment[table].loc[frame.columns, column] = frame.iloc[period].to_numpy()
    pp.create_loads(moment, moment.ev["bus"].tolist(), ev_p_mw)
    pp.runpp(moment, calculate_voltage_angles=True)
    return float((moment.res_bus["vm_pu"] - moment.bus["max_vm_pu"]).max())


@pytest.mark.parametrize("method", ["auto", "fast", "exact"])
def test_an_overvoltage_that_all_cars_leave_is_refused_before_any_solver_runs(windy_winter_hour, method):
    net, profiles = windy_winter_hour
    with pytest.raises(evf.FlexibilityOPFNotConverged, match="no schedule exists:\novervoltage of bus") as error:
        evf.run_flexibility_opf(net, profiles, period_h=0.25, method=method, progress=False)
    result = error.value.result
    assert result.status == "infeasible"
    assert set(result.stats["seconds"]) == {"read", "base power flow"} and "iterations" not in result.stats
    assert "max_vm_pu=" in str(error.value) and "best_effort" in str(error.value)
    worst = result.findings.loc[result.findings["value"].idxmax()]
    without, with_all = (highest_excess(net, profiles, int(worst["period"]), p_mw) for p_mw in (0.0, 0.011))
    assert worst["value"] - worst["limit"] == pytest.approx(without, abs=1e-8)
    assert with_all > 1e-3


def test_the_same_hour_with_best_effort_keeps_the_voltage_where_the_grid_has_it(windy_winter_hour):
    net, profiles = windy_winter_hour
    result = evf.run_flexibility_opf(net, profiles, period_h=0.25, progress=False, on_infeasible="best_effort")
    assert result.status == "best_effort" and len(result.short) == 0
    assert set(result.relaxed["quantity"]) == {"vm_pu"} and set(result.relaxed["bound"]) == {"max"}
    for period, rows in result.relaxed.groupby("period"):
        allowed = (rows["allowed"] - rows["limit"]).max()
        assert allowed == pytest.approx(highest_excess(net, profiles, period, 0.0), abs=1e-8)
