"""Ten thousand sequences of calls on whole days, and their grids by `runpp`. Slow: `python -m pytest -m slow`."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandapower as pp
import pytest
import simbench

import pandapower_evflex as evf
from tests.opf.band_oracles import energies_of_calls, random_calls

pytestmark = pytest.mark.slow
N_SEQUENCES, N_MOMENTS = 10_000, 500


def built_in_day():
    net, profiles = evf.networks.suburban_lv(seed=0)
    return net, profiles, 0.25


def congested_day():
    net, profiles = evf.networks.suburban_lv(seed=0, n_evs=60)
    net.line["max_i_ka"] *= 0.5
    net.bus["min_vm_pu"] = 0.95
    return net, {key: frame.resample("30min").mean() for key, frame in profiles.items()}, 0.5


def simbench_summer_day():
    """A rural net with much feed-in: upper voltages are near."""
    net = simbench.get_simbench_net("1-LV-rural2--2-sw")
    year = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    first = 170 * 96
    profiles = {key: frame.iloc[first : first + 96].reset_index(drop=True) for key, frame in year.items()}
    rng = np.random.default_rng(0)
    buses = rng.choice(net.load["bus"].unique(), 27)
    evs = evf.create_evs(net, buses, max_p_mw=0.011, max_e_mwh=0.06, efficiency_percent=95.0)
    arrival = rng.uniform(0.0, 14.0, 27)
    start = rng.uniform(0.01, 0.03, 27)
    evf.create_ev_sessions(net, evs, arrival, arrival + rng.uniform(4.0, 10.0, 27), e_arrival_mwh=start,
                           e_departure_mwh=start + rng.uniform(0.0, 0.02, 27))  # fmt: skip
    return net, profiles, 0.25


def with_moment(net, profiles, t, p_mw):
    for (table, column), frame in profiles.items():
        if len(frame.columns):
            net[table].loc[frame.columns, column] = frame.iloc[t].to_numpy()
    net.load.loc[net.load.name == "car", "p_mw"] = p_mw
    net.load.loc[net.load.name == "car", "q_mvar"] = p_mw * np.tan(np.arccos(net.ev.cos_phi.to_numpy()))
    pp.runpp(net, calculate_voltage_angles=True, init="results" if len(net.res_bus) else "auto")


def excess(net):
    """The largest relative excess of any limit, by pandapower's own results."""
    slack = set(net.ext_grid.bus)
    buses = [bus for bus in net.bus.index if bus not in slack]
    vm = net.res_bus.vm_pu[buses]
    low = net.bus.min_vm_pu[buses].fillna(0.9) if "min_vm_pu" in net.bus else 0.9
    high = net.bus.max_vm_pu[buses].fillna(1.1) if "max_vm_pu" in net.bus else 1.1
    line = net.res_line.loading_percent / net.line.get("max_loading_percent", 100.0)
    s = np.maximum(np.hypot(net.res_trafo.p_hv_mw, net.res_trafo.q_hv_mvar),
                   np.hypot(net.res_trafo.p_lv_mw, net.res_trafo.q_lv_mvar))  # fmt: skip
    trafo = s / (net.trafo.sn_mva * net.trafo.get("max_loading_percent", 100.0) / 100.0)
    return max((low / vm).max(), (vm / high).max(), line.max(), trafo.max()) - 1.0


@pytest.mark.parametrize("day", [built_in_day, simbench_summer_day, congested_day])
def test_no_call_leaves_a_car_short_or_breaks_a_limit(day):
    net, profiles, period_h = day()
    result = evf.run_flexibility_opf(net, profiles, period_h=period_h, guarantee="any_sequence", progress=False)
    rng = np.random.default_rng(0)
    loads = random_calls(result, N_SEQUENCES, rng)
    n_short = 0
    for row, car, e, left in energies_of_calls(net, loads, period_h):
        n_short += int(np.sum((e[:, -1] + left < row.e_departure_mwh - 1e-8) | (e.max(axis=1) > car.max_e_mwh + 1e-8)))
    assert n_short == 0 and result.guarantee_proved
    moment = deepcopy(net)
    for bus in net.ev.bus:
        pp.create_load(moment, bus, 0.0, name="car")
    ends = [result.p_mw, result.p_mw + result.p_up_mw, result.p_mw - result.p_down_mw]
    moments = [(t, end.to_numpy()[t]) for t in range(len(result.p_mw)) for end in ends]
    moments += [(t, loads[rng.integers(N_SEQUENCES), t]) for t in rng.integers(len(result.p_mw), size=N_MOMENTS)]
    worst = -1.0
    for t, p_mw in moments:
        with_moment(moment, profiles, int(t), p_mw)
        worst = max(worst, excess(moment))
    assert worst < 1e-6
