"""Text where a number belongs is refused wherever a frame or a list is taken, with how to read it."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.tables.bad import good_net, load_profile, run

#: text -> part of the remedy
TEXTS = {
    "0,5": 'decimal=","',
    "11 kW": "leave out units",
    "1.011,5": 'decimal=",", thousands="."',
    "1,010.5": 'decimal=".", thousands=","',
}


def profile(net, text):
    frame = load_profile(net).astype(object)
    frame.iloc[2, 1] = text
    return frame


def controller(net, text):
    data = pd.DataFrame({"load": [0.001, text, 0.002]})
    pp.control.ConstControl(net, "load", "p_mw", 0, profile_name="load", data_source=pp.timeseries.DFData(data))
    return evf.profiles_from_controllers(net)


def offers(text):
    return pd.DataFrame({"p_mw": pd.Series([0.1, 0.2, text], dtype=object), "price_eur_per_mwh": 100.0})


def sessions(text):
    times = {"arrival": "2024-05-14 08:00", "charging_end": "2024-05-14 09:00", "departure": "2024-05-14 10:00"}
    return pd.DataFrame({"evse": list("abc"), **times, "energy_kwh": pd.Series([1.0, text, 2.0], dtype=object)})


def site(net):
    return evf.create_cpo(net, 5, 2, 0.011)


def edited(net, table, column, text):
    net[table][column] = net[table][column].astype(object)
    net[table].loc[net[table].index[0], column] = text
    return net


def with_std_type(net, text):
    data = {"r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1, "c_nf_per_km": 0.0, "max_i_ka": text}
    pp.create_std_type(net, data, "own", element="line")
    return net


def planned_cost(text):
    return pd.DataFrame([[10.0, 8.0], [text, 8.0]], columns=pd.Index([(), ("cable",)], tupleize_cols=False))


#: call -> table and column of the fault
CALLS = {
    "a profile": (lambda net, t: run(net, {("load", "p_mw"): profile(net, t)}), "profiles[load.p_mw]"),
    "a profile of uncontrolled charging": (
        lambda net, t: evf.uncontrolled_charging(net, {("load", "p_mw"): profile(net, t)}), "profiles[load.p_mw]",
    ),
    "a profile of a controller": (controller, "DFData.load"),
    "a frame of weights": (
        lambda net, t: run(net, weights={"up": pd.DataFrame({0: pd.Series([1.0] * 7 + [t], dtype=object)})}),
        "run_flexibility_opf.weights['up']",
    ),
    "a list of weights": (
        lambda net, t: run(net, weights={"down": [1.0, t, *[1.0] * 6]}), "run_flexibility_opf.weights['down']",
    ),
    "a weight": (lambda net, t: run(net, weights={"down": t}), "run_flexibility_opf.weights['down']"),
    "EVs": (lambda net, t: evf.create_evs(net, [5, 6], max_p_mw=[0.011, t], max_e_mwh=0.06), "ev.max_p_mw"),
    "sessions": (
        lambda net, t: evf.create_ev_sessions(net, [0, 1], 3.0, 4.0, energy_mwh=[0.001, t]), "ev_session.energy_mwh",
    ),
    "a table": (lambda net, t: run(edited(net, "ev", "max_e_mwh", t)), "ev.max_e_mwh"),
    "loads": (lambda net, t: run(edited(net, "load", "p_mw", t)), "load.p_mw"),
    "ratings": (lambda net, t: run(edited(net, "line", "max_i_ka", t)), "line.max_i_ka"),
    "EVs from loads": (
        lambda net, t: evf.evs_from_loads(net, [0], max_p_mw=t, max_e_mwh=0.06), "ev.max_p_mw",
    ),
    "offers of an auction": (
        lambda net, t: evf.clear_flexibility(offers(t), 0.2, price_cap_eur_per_mwh=1e4), "offers.p_mw",
    ),
    "sessions of a site": (lambda net, t: evf.cpo_rates_from_sessions(sessions(t), 3), "sessions.energy_kwh"),
    "reports": (
        lambda net, t: evf.mobility.sessions_from_reports(sessions(t), "2024-05-14", 24), "reports.energy_kwh",
    ),
    "rates of a site": (
        lambda net, t: evf.set_cpo_rates(net, site(net), [0.1, t] * 12, [0.5] * 24), "set_cpo_rates.charging_rate",
    ),
    "rates of a chain": (
        lambda net, t: evf.estimate_transition_matrices([0.1, t] * 12, [0.5] * 24), "estimate_transition_matrices",
    ),
    "a peak": (lambda net, t: evf.velocity_of_reduction([1.0, t]), "velocity_of_reduction.reduction"),
    "costs of a plan": (
        lambda net, t: evf.schedule_investments(planned_cost(t), {"cable": 5.0}, 0.0),
        "schedule_investments.yearly_cost_eur",
    ),
    "annuities": (
        lambda net, t: evf.schedule_investments(planned_cost(9.0), {"cable": t}, 0.0),
        "schedule_investments.annuity_eur",
    ),
    "costs of faults": (
        lambda net, t: evf.reliability_cost([0.1, t], [1.0, 1.0], 1e4), "reliability_cost",
    ),
    "candidates of a plan": (
        lambda net, t: evf.create_reinforcement(net, "line", 0, invest_eur=t, lifetime_years=40, std_type="NAYY 4x150"),
        "reinforcement.invest_eur",
    ),
    "a standard type": (
        lambda net, t: evf.create_reinforcement(
            with_std_type(net, t), "line", 0, invest_eur=1e3, lifetime_years=40, std_type="own",
        ),
        "reinforcement.std_type",
    ),
    "costs of plans": (
        lambda net, t: evf.cost_deltas(pd.DataFrame({"losses": [1.0, t], "reliability": 2.0}), 0),
        "cost_deltas.costs[losses] of row 1",
    ),
    "a picture of sun": (
        lambda net, t: evf.plotting.plot_pv_profile(net, {("sgen", "p_mw"): pd.DataFrame({0: [t, 0.1]}, dtype=object)}),
        "plot_pv_profile.profiles[0]",
    ),
    "a picture of rates": (
        lambda net, t: evf.plotting.plot_cpo_rates([0.1, t] * 12, [0.5] * 24), "plot_cpo_rates",
    ),
    "a picture of a peak": (lambda net, t: evf.plotting.plot_peak([1.0, t]), "velocity_of_reduction.reduction"),
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("what", CALLS)
def test_text_is_refused_with_how_to_read_it(what, text):
    call, place = CALLS[what]
    net = good_net()
    with pytest.raises(evf.InvalidInputError) as error:
        call(net, text)
    (fault,) = error.value.faults
    assert str(fault).startswith(place), str(fault)
    assert TEXTS[text] in fault.remedy, str(fault)


@pytest.mark.parametrize("what", [what for what in CALLS if what != "a weight"])
def test_plain_numbers_as_text_are_refused_too(what):
    """They are read once with quotes left out; some functions take them and others would not."""
    with pytest.raises(evf.InvalidInputError):
        CALLS[what][0](good_net(), "0.5")


def test_a_weight_as_text_is_no_weight():
    with pytest.raises(evf.InvalidInputError, match="without quotes"):
        run(good_net(), weights={"up": "1"})


def test_rows_of_weights_are_named():
    weights = np.ones((8, 2), dtype=object)
    weights[3, 1] = weights[5, 0] = "1"
    with pytest.raises(evf.InvalidInputError) as error:
        run(good_net(), weights={"up": weights})
    assert error.value.faults[0].rows == (3, 5)
