"""Laws of every kind beside cars on a feeder whose transformer binds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandapower.create import create_storage

import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, feeder_net

RUN = {"method": "fast", "tie_break": None, **EIGHT_HOURS}


def cars():
    return feeder_net(3, sn_mva=0.06, pv_mw=0.004)


def with_battery(net, *, energy, soc, power, efficiency, least=0.0):
    row = create_storage(
        net, 3, 0.0, max_e_mwh=energy, min_e_mwh=least, soc_percent=soc, max_p_mw=power, min_p_mw=-power
    )
    net.storage.loc[row, "efficiency_percent"] = efficiency
    evf.create_flexibilities(net, "storage", [row] * 2, ["up", "down"])
    return net


def best(net, **arguments):
    result = evf.run_flexibility_opf(net, **{**RUN, **arguments})
    assert result.status in ("optimal", "optimal_within_gap"), result.message
    return result.objective_mw


shares = st.floats(0.05, 0.95)


@pytest.fixture(scope="module")
def of_cars():
    return best(cars())


@settings(max_examples=2, deadline=None, derandomize=True)
@given(shares, shares, shares, shares)
def test_a_battery_never_lowers_the_optimum(of_cars, energy, soc, power, efficiency):
    net = with_battery(
        cars(), energy=0.05 * energy, soc=100.0 * soc, power=0.02 * power, efficiency=60.0 + 40.0 * efficiency
    )
    assert best(net) >= of_cars * (1.0 - 1e-6)


@settings(max_examples=2, deadline=None, derandomize=True)
@given(shares, shares, st.floats(0.0, 8.0))
def test_a_load_that_may_be_shifted_never_lowers_the_optimum(of_cars, most, share, shift):
    """One that does not offer draws its profile, and it may draw it still where it offers."""
    net = cars()
    net.load.loc[0, ["shift_h", "max_p_mw"]] = shift, net.load.at[0, "p_mw"] * (1.0 + most)
    evf.create_flexibilities(net, "load", [0, 0], ["up", "down"])
    assert best(net) >= of_cars * (1.0 - 1e-6)


def test_a_generator_that_may_be_curtailed_never_lowers_the_optimum(of_cars):
    net = cars()
    evf.create_flexibility(net, "sgen", 0, "up")
    assert best(net) > of_cars


@pytest.mark.parametrize("efficiency", [100.0, 90.0])
def test_a_battery_of_no_energy_changes_nothing(of_cars, efficiency):
    """Full, and not to be emptied: what it may hold is what it must hold."""
    net = with_battery(cars(), energy=0.04, least=0.04, soc=100.0, power=0.01, efficiency=efficiency)
    result = evf.run_flexibility_opf(net, **RUN)
    assert result.objective_mw == pytest.approx(of_cars, rel=1e-6)
    for name in ("p_mw", "p_up_mw", "p_down_mw"):
        assert np.abs(result.series["storage"][name].to_numpy()).max() < 1e-9
