"""EVs on the grid: injections with EV loads give the voltages of runpp with the same loads."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandapower as pp
import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.case.nets import NETS
from tests.examples import sampled, sweep
from tests.opf.options import exact_options

#: MW per EV, by the voltage of its bus: enough to move voltages, little enough to have a solution
LARGEST_MW = {"low": 0.011, "medium": 0.2}


@sweep
@pytest.mark.parametrize(("name", "q_follows"), sampled(list(product(NETS, (True, False))), 5))
def test_voltages_with_evs_on_equal_those_of_runpp_with_them_as_loads(name, q_follows):
    net = NETS[name]()
    rng = np.random.default_rng(0)
    grid_buses = net.bus.index[net.bus.in_service & net.bus.index.isin(net.load.bus[net.load.in_service])]
    pp.runpp(net)
    buses = rng.choice(grid_buses[net.res_bus.vm_pu[grid_buses].notna()], 6)
    p_max = np.where(net.bus.vn_kv[buses] < 1.0, LARGEST_MW["low"], LARGEST_MW["medium"])
    evs = evf.create_evs(net, buses, max_p_mw=p_max, max_e_mwh=1.0, cos_phi=rng.uniform(0.9, 1.0, 6))
    evf.create_ev_sessions(net, evs, 0.0, 2.0, e_arrival_mwh=0.1)
    options = exact_options(q_follows_flexibility=q_follows)
    case = read_study(net, None, options, n_periods=2, period_h=1.0, cyclic=False).case
    scheduled, activated = rng.uniform(0.0, 1.0, (2, 2, 6)) * p_max
    flows = BatchedPowerFlow(case.grid).solve(case.injections(activated, scheduled))
    assert flows.converged.all()
    tan_phi = np.tan(np.arccos(net.ev.cos_phi.to_numpy()))
    for t in range(2):
        plain = pp.pandapowerNet(net)
        q = (activated if q_follows else scheduled)[t] * tan_phi
        pp.create.create_loads(plain, buses, p_mw=activated[t], q_mvar=q)
        pp.runpp(plain, tolerance_mva=1e-10, trafo_model="t", max_iteration=50)
        row = case.grid.bus_row
        found = np.where(row >= 0, np.abs(flows.v[t])[row], np.nan)
        assert np.nanmax(np.abs(found - plain.res_bus.vm_pu.to_numpy())) < 1e-9


def test_an_ev_at_a_fused_bus_and_at_the_slack_work():
    net = NETS["elements"]()
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = 0.8, 1.2
    for table in ("line", "trafo", "trafo3w"):
        net[table]["max_loading_percent"] = 200.0
    evs = evf.create_evs(net, [0, 6], max_p_mw=0.011, max_e_mwh=0.05)
    evf.create_ev_sessions(net, evs, 0.0, 4.0, e_arrival_mwh=0.01, e_departure_mwh=0.03)
    result = evf.run_flexibility_opf(net, n_periods=4, period_h=1.0, progress=False)
    assert result.objective_mw == pytest.approx(_without_grid(evs), rel=1e-6)


def _without_grid(evs):
    """10 to 30 kWh of 50 in 4 h at 11 kW: no hour is limited by the battery, each offers P_max in sum."""
    return len(evs) * 4 * 0.011
