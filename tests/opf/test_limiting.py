"""What `limited_by` names is what stands in the way: asked of pandapower's power flow."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pytest
from pandapower.create import create_line

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, constant, feeder_net, two_feeders_net

OWN = {
    "away",
    "not offered",
    "max_p_mw",
    "battery full",
    "must leave charged",
    "nothing scheduled",
    "all scheduled power",
}
#: MW; more of one EV's flexibility
STEP = 1e-4


def ring():
    """Both cables end at a common one: each EV loads both sides, not equally."""
    net = two_feeders_net(max_loading_percent=[15.0, 15.0])
    create_line(net, 2, 3, 0.02, "NAYY 4x150 SE")
    net.line["max_loading_percent"] = 12.0
    return net


def overvoltage():
    net = feeder_net(6, load_mw=0.0, pv_mw=0.08)
    net.bus["max_vm_pu"] = 1.03
    return net


def loading_after(net, result, period, direction, ev, change):
    """Loadings and voltages when one EV is activated by ``change`` more, from pandapower."""
    plain = evf.with_evs_as_loads(net, result, period, direction)
    row = plain.load.index[plain.load["ev"] == ev]
    sign = 1.0 if direction == "up" else -1.0
    plain.load.loc[row, "p_mw"] += sign * change
    plain.load.loc[row, "q_mvar"] += sign * change * np.tan(np.arccos(net.ev.cos_phi[ev]))
    pp.runpp(plain, tolerance_mva=1e-11, trafo_model="t")
    return {
        **{f"line {i}": value for i, value in plain.res_line.loading_percent.items()},
        **{f"trafo {i}": value for i, value in plain.res_trafo.loading_percent.items()},
        **{f"bus {i}": value for i, value in plain.res_bus.vm_pu.items()},
    }


CASES = [
    (two_feeders_net, {}, "up"),
    (ring, {}, "up"),
    (lambda: feeder_net(6), {}, "up"),
    (overvoltage, {"profiles": lambda net: constant(net, "sgen", "p_mw", [0.08] * 4 + [0.0] * 4)}, "down"),
]


@sweep
@pytest.mark.parametrize(("make", "arguments", "direction"), sampled(CASES, 2, place=1))
def test_an_element_is_named_only_for_evs_whose_flexibility_brings_it_nearer_to_its_limit(make, arguments, direction):
    net = make()
    profiles = {name: build(net) for name, build in arguments.items()}
    run = {"period_h": 1.0, "progress": False} if profiles else EIGHT_HOURS
    result = evf.run_flexibility_opf(net, **profiles, **run)
    rows = result.binding[result.binding.scenario == direction]
    asked = 0
    for period in sampled(rows.period.unique(), 2):
        bound = rows[rows.period == period].drop_duplicates(["element_type", "element"])
        effect = {}
        before = loading_after(net, result, period, direction, net.ev.index[0], 0.0)
        for ev in net.ev.index:
            after = loading_after(net, result, period, direction, ev, STEP)
            effect[ev] = {name: after[name] - before[name] for name in before}
        for ev, reason in result.limited_by(period)[direction].items():
            if reason in OWN:
                continue
            for row in bound.itertuples():
                name = f"{row.element_type} {row.element}"
                towards = (1.0 if row.bound == "max" else -1.0) * effect[ev][name]
                strongest = max(abs(of[name]) for of in effect.values())
                if name in reason.split(", "):
                    assert towards > 0.1 * strongest
                else:
                    assert towards < 0.5 * strongest
                asked += 1
    assert asked


def test_each_feeder_s_evs_name_their_own_cable():
    result = evf.run_flexibility_opf(two_feeders_net(), **EIGHT_HOURS)
    assert set(result.binding.element) == {0, 1}
    assert result.limited_by(2)["up"].tolist() == ["line 0"] * 3 + ["line 1"] * 3


@pytest.mark.parametrize("other", ["up", "down"])
def test_a_direction_of_weight_0_is_not_offered_whatever_binds(other):
    net = two_feeders_net()
    evf.create_flexibilities(net, "ev", [0, 0], ["up", "down"], weight=[0.0, 1.0])
    hours = np.ones(8)
    hours[3] = 0.0
    result = evf.run_flexibility_opf(net, weights={other: hours}, **EIGHT_HOURS)
    assert (result.limited_by(3)[other] == "not offered").all()
    assert result.limited_by(2).loc[0, "up"] == "not offered"
    assert (result.limited_by(2).loc[1:] != "not offered").all().all()


@pytest.mark.parametrize("limited", [3, 4])
def test_of_buses_fused_by_a_closed_switch_the_one_whose_limit_binds_is_named(limited):
    net = feeder_net(6, sn_mva=1.0)
    net.bus.loc[limited, "min_vm_pu"] = 0.955
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert set(result.binding["element"]) == {limited}
    named = {reason for t in range(8) for reason in result.limited_by(t)["up"] if reason not in OWN}
    assert named == {f"bus {limited}"}


@pytest.mark.parametrize("method", ["exact", "fast"])
def test_the_schedule_keeps_its_limits_where_only_up_is_sought_and_shows_those_that_bind(method):
    """With all upward flexibility activated the voltage is low enough; what is scheduled must make it so alone."""
    net = overvoltage()
    profiles = constant(net, "sgen", "p_mw", [0.08] * 4 + [0.0] * 4)
    run = {"period_h": 1.0, "progress": False, "method": method, "scenarios": ("up",)}
    result = evf.run_flexibility_opf(net, profiles, **run)
    assert result.vm_pu["base"].max().max() == pytest.approx(1.03, abs=1e-6)
    assert result.vm_pu["up"].max().max() < 1.029
    base = result.binding[result.binding.scenario == "base"]
    assert set(base.period) == {0, 1, 2, 3} and set(base.bound) == {"max"}
    assert (result.p_down_mw == 0.0).all().all()


def test_activation_downward_may_go_below_the_least_power_of_the_schedule():
    net = feeder_net(3)
    net.ev["min_p_mw"] = 0.002
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert (result.p_mw >= 0.002 - 1e-9).all().all()
    assert (result.p_mw - result.p_down_mw).min().min() < 0.001
