"""DC lines and elements with a power per phase count as they do in `runpp`."""

from __future__ import annotations

import itertools
import logging

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.case.asymmetric import unseen_phases
from pandapower_evflex.case.grid import read_grid
from pandapower_evflex.opf.report.by_runpp import busiest_moment
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.planning.plan_nets import planned

#: buses that a source of the net holds, with its set points
HELD = {0: 1.02, 4: 1.01}


def feeder():
    """Six buses in a row of 110 kV: a slack at bus 0, a generator at bus 4, loads everywhere."""
    net = pp.create_empty_network()
    buses = pp.create_buses(net, 6, 110.0)
    pp.create_ext_grid(net, buses[0], vm_pu=HELD[0])
    pp.create_gen(net, buses[4], 2.0, vm_pu=HELD[4])
    for start, end in itertools.pairwise(buses):
        pp.create_line(net, start, end, 10.0, "149-AL1/24-ST1A 110.0")
    pp.create_loads(net, buses, 3.0, 1.0)
    return net


def dc_line(net, start, end, p_mw=5.0, loss_percent=2.0, loss_mw=0.1, **more):
    vm_from, vm_to = (HELD.get(bus, 1.0) for bus in (start, end))
    return pp.create_dcline(net, start, end, p_mw, loss_percent, loss_mw, vm_from, vm_to, **more)


def difference_to_runpp(net):
    """Largest of a bus voltage, pu; infinite where only one of the two supplies a bus."""
    grid = read_grid(net)
    flow = BatchedPowerFlow(grid).solve(grid.s_fixed[None, :])
    assert flow.converged.all()
    pp.runpp(net, tolerance_mva=1e-10, calculate_voltage_angles=True)
    ours = np.where(grid.bus_row >= 0, np.abs(flow.v[0])[grid.bus_row], np.nan)
    theirs = net.res_bus.vm_pu.to_numpy()
    return np.inf if (np.isnan(ours) != np.isnan(theirs)).any() else np.nanmax(np.abs(ours - theirs))


@pytest.mark.parametrize("ends", [(2, 5), (0, 5), (5, 0), (4, 1), (1, 4), (2, 3)])
@pytest.mark.parametrize("losses", [(0.0, 0.0), (2.0, 0.1)])
@pytest.mark.parametrize("p_mw", [5.0, -5.0, 0.0])
def test_a_dc_line_is_that_of_runpp(ends, losses, p_mw):
    net = feeder()
    dc_line(net, *ends, p_mw, *losses)
    assert difference_to_runpp(net) < 1e-10


def end_out_of_service(net):
    dc_line(net, 2, 5)
    net.bus.loc[5, "in_service"] = False


def to_an_island(net):
    island = pp.create_bus(net, 110.0)
    pp.create_load(net, island, 1.0)
    dc_line(net, 3, island)


def two_with_labels_of_their_own(net):
    dc_line(net, 3, 5, 3.0, index=9)
    dc_line(net, 2, 5, -2.0, index=7)
    net.gen.index = [3]


def alone_with_a_slack_generator(net):
    dc_line(net, 2, 5)
    net.ext_grid["in_service"] = False
    net.gen["slack"] = True


def nothing_known_out_of_service(net):
    dc_line(net, 2, 5, in_service=False)
    net.dcline.loc[0, ["p_mw", "vm_from_pu", "loss_mw"]] = np.nan


@pytest.mark.parametrize(
    "change",
    [
        end_out_of_service, to_an_island, two_with_labels_of_their_own, alone_with_a_slack_generator,
        nothing_known_out_of_service,
    ],
)  # fmt: skip
def test_odd_dc_lines_are_those_of_runpp(change):
    net = feeder()
    change(net)
    tables = net.gen.copy(), net.dcline.copy()
    read_grid(net)
    for before, after in zip(tables, (net.gen, net.dcline), strict=True):
        pd.testing.assert_frame_equal(before, after)
    if change is nothing_known_out_of_service:
        net.dcline.loc[0, ["p_mw", "vm_from_pu", "loss_mw"]] = 0.0, 1.0, 0.0  # runpp does not look either
    assert difference_to_runpp(net) < 1e-10


@pytest.mark.parametrize("kind", ["wye", "delta"])
@pytest.mark.parametrize("create", [pp.create_asymmetric_load, pp.create_asymmetric_sgen])
def test_the_sum_of_the_phases_is_that_of_runpp(create, kind):
    net = feeder()
    phases = {"p_a_mw": 1.0, "p_b_mw": -0.2, "p_c_mw": 0.3, "q_a_mvar": 0.1, "q_b_mvar": 0.5}
    for bus, scaling in enumerate((1.0, 0.5, 0.0, 2.0)):
        create(net, bus, **phases, scaling=scaling, type=kind)
    create(net, 5, **phases, in_service=False)
    assert difference_to_runpp(net) < 1e-10


def charged(net, **more):
    ev = evf.create_ev(net, 3, max_p_mw=0.5, max_e_mwh=1.0)
    evf.create_ev_session(net, ev, 0, 2, e_arrival_mwh=0.2, e_departure_mwh=0.5)
    return evf.run_flexibility_opf(net, **{"n_periods": 2, "period_h": 1.0, "progress": False, **more})


def test_a_run_leaves_the_dc_line_as_runpp_has_it():
    net = feeder()
    dc_line(net, 2, 5)
    dc_line(net, 1, 3, in_service=False)
    net.dcline.loc[1, "p_mw"] = np.nan
    result = charged(net)
    assert result.status == "optimal" and result.verification["against_runpp"] < 1e-9
    scenario, period = busiest_moment(result)
    plain = evf.with_evs_as_loads(net, result, period, scenario)
    pp.runpp(plain, tolerance_mva=1e-10, calculate_voltage_angles=True)
    columns = ["p_from_mw", "p_to_mw", "vm_from_pu", "vm_to_pu"]
    assert np.allclose(net.res_dcline[columns], plain.res_dcline[columns], atol=1e-9, equal_nan=True)
    assert len(net.gen) == len(net.res_gen) == 1


def test_a_dc_line_beside_generators_of_any_dtypes_is_solved_by_runpp_all_the_same():
    net = feeder()
    dc_line(net, 2, 5)
    net.gen["id_q_capability_characteristic"] = "x"  # the power flow does not read it
    net.gen = net.gen.convert_dtypes()
    assert charged(net).verification["against_runpp"] < 1e-9


def with_a_large_load(net, asymmetric):
    if asymmetric:
        pp.create_asymmetric_load(net, 5, p_a_mw=9.0, p_b_mw=1.0, p_c_mw=2.0, q_b_mvar=3.0, scaling=0.5)
    else:
        pp.create_load(net, 5, 12.0, 3.0, scaling=0.5)
    net.line["max_i_ka"] = 0.1
    return net


def test_a_run_with_an_asymmetric_load_is_that_with_the_sum_of_its_phases(caplog):
    with caplog.at_level(logging.WARNING, logger="pandapower_evflex"):
        asymmetric = charged(with_a_large_load(feeder(), True))
    said = [record.message for record in caplog.records if "asymmetric_load" in record.message]
    assert said == [unseen_phases(with_a_large_load(feeder(), True))]
    balanced = charged(with_a_large_load(feeder(), False))
    assert asymmetric.objective_mwh == pytest.approx(balanced.objective_mwh, abs=1e-9)
    assert np.allclose(asymmetric.vm_pu["base"], balanced.vm_pu["base"], atol=1e-9)


def test_nothing_is_said_of_asymmetric_elements_out_of_service():
    net = with_a_large_load(feeder(), True)
    net.asymmetric_load["in_service"] = False
    assert unseen_phases(net) == ""


def test_a_profile_of_an_asymmetric_load_is_refused():
    frame = pd.DataFrame({0: [1.0, 2.0]})
    with pytest.raises(evf.InvalidInputError, match="profiles.asymmetric_load.p_a_mw: the key is not known"):
        charged(with_a_large_load(feeder(), True), profiles={("asymmetric_load", "p_a_mw"): frame})


def test_a_plan_with_asymmetric_loads_costs_what_it_costs_with_the_sums_of_their_phases():
    studies = []
    for asymmetric in (True, False):
        net = with_a_large_load(feeder(), asymmetric)
        for line, bus in net.line.from_bus.items():
            pp.create_switch(net, bus, line, et="l")
        net.line["failure_rate_per_year"], net.line["repair_time_h"] = 0.1, 5.0
        studies.append(planned(net, None, load_growth_percent=10.0))
    first, second = studies
    pd.testing.assert_frame_equal(first.plans, second.plans)
    pd.testing.assert_frame_equal(first.faults, second.faults)
    assert first.plans.reliability_eur_per_year.min() > 0.0
