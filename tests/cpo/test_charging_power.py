"""Cars often draw less than their outlet has: MW of a site count what they draw."""

from __future__ import annotations

import logging

import numpy as np
import pandapower.networks as nw
import pandas as pd
import pytest

import pandapower_evflex as evf

SESSIONS = pd.DataFrame(
    {
        "arrival": ["2024-05-14 08:00", "2024-05-14 09:00", "2024-05-15 08:00"],
        "charging_end": ["2024-05-14 10:00", "2024-05-14 13:00", "2024-05-15 11:00"],
        "departure": ["2024-05-14 17:00", "2024-05-14 17:00", "2024-05-15 17:00"],
        "evse": ["A", "B", "A"],
        "energy_kwh": [8.0, 12.0, np.nan],
    }
)


def test_the_mean_power_is_the_energy_over_the_hours_of_charging_of_the_sessions_that_tell_both():
    rates = evf.cpo_rates_from_sessions(SESSIONS, 2)
    assert rates.charging_p_mw == pytest.approx(20.0e-3 / 6.0)
    assert "cars charge with 3.33 kW on average" in str(rates)


def test_sessions_without_energies_tell_no_power():
    rates = evf.cpo_rates_from_sessions(SESSIONS.drop(columns="energy_kwh"), 2)
    assert np.isnan(rates.charging_p_mw) and "on average:" not in str(rates)


def site(**values):
    net = nw.create_kerber_landnetz_freileitung_1()
    cpo = evf.create_cpo(net, 5, 2, 0.0066, price_eur_per_mwh=500, **values)
    rates = evf.cpo_rates_from_sessions(SESSIONS, 2)
    evf.set_cpo_rates(net, cpo, rates.charging_rate, rates.occupancy_rate)
    return net, rates


@pytest.mark.parametrize("rule", ["paper", "exact", "meanfield"])
def test_what_a_site_can_shave_is_counted_in_what_its_cars_draw(rule):
    shaved = [
        evf.cpo_peak_shaving(site(**values)[0], 9, 10, rule=rule, seed=0)
        for values in ({}, {"charging_p_mw": 0.0033}, {"charging_p_mw": None})
    ]
    assert shaved[0].outlets.item() == shaved[1].outlets.item()
    assert shaved[1].p_mw.item() == pytest.approx(0.5 * shaved[0].p_mw.item())
    assert shaved[2].p_mw.item() == shaved[0].p_mw.item()


def test_a_plan_pays_a_site_for_what_its_cars_draw():
    procured = []
    for values in ({}, {"charging_p_mw": 0.0125}):
        net, profiles = evf.networks.ring_10kv()
        for column, value in values.items():
            net.cpo[column] = value
        study = evf.run_planning(
            net, profiles, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=80, discount_rate=0.065, rebound=False,
            progress=False,
        )  # fmt: skip
        procured.append(study.faults.procured_mw.iloc[0])
    assert procured[1] == pytest.approx(0.5 * procured[0])


def test_a_site_that_counts_with_far_more_power_than_its_sessions_tell_is_warned_of(caplog):
    for values, n_warned in (({}, 1), ({"charging_p_mw": 0.0035}, 0)):
        net, rates = site(**values)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            evf.cpo_peak_shaving(net, 9, 10, rule="exact", lattices=rates)
        assert caplog.text.count("MW are overstated 2 times") == n_warned
