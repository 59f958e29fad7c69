"""What every flexible element and every kind of grid limit must satisfy, and a sham of each that runs end to end."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.elements import ELEMENTS
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.limits.limit import Place
from pandapower_evflex.limits.voltage import UNDERVOLTAGE
from pandapower_evflex.opf.solve.chains import reward
from tests.elements import sham
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.opf.test_flexibility import compiled


def net_with_sham():
    net = feeder_net(4)
    net["sham"] = pd.DataFrame({"bus": [net.ev.bus.iloc[0], net.ev.bus.iloc[-1]]}, index=[3, 7])
    return net


@pytest.fixture
def registered():
    ELEMENTS.append(sham)
    yield sham
    ELEMENTS.remove(sham)


def net_of_all_kinds():
    """Cars, one feeds in with losses; a battery with losses, a load that is shifted, PV with reactive power."""
    net = feeder_net(4)
    net.ev.loc[1, ["min_p_mw", "efficiency_percent"]] = -0.011, 90.0
    pp.create_storage(net, 3, 0.0, max_e_mwh=0.05, soc_percent=60.0, max_p_mw=0.02, min_p_mw=-0.015)
    net.storage["efficiency_percent"] = 85.0
    net.load["shift_h"], net.load["max_p_mw"] = 2.0, 2.0 * net.load["p_mw"]
    net.sgen["p_mw"], net.sgen["sn_mva"], net.sgen["control_q"] = 0.01, 0.01, True
    evf.create_cos_phi_p(net, 0)
    for kind, directions in {"storage": ["up", "down"], "load": ["up", "down"], "sgen": ["up"]}.items():
        evf.create_flexibilities(net, kind, [0] * len(directions), directions)
    return net


@pytest.fixture(params=["one_activation", "any_sequence"])
def case(request):
    """Every kind, and the sham, which promises no band."""
    is_single = request.param == "one_activation"
    net = net_of_all_kinds()
    if is_single:
        net["sham"] = net_with_sham()["sham"]
        ELEMENTS.append(sham)
    yield compiled(net, guarantee=request.param)
    if is_single:
        ELEMENTS.remove(sham)


def test_no_kind_is_left_out_of_the_contract(case):
    assert [part.kind for part in case.parts] == [element.KIND for element in ELEMENTS]
    assert case.evs.slots.loses.any()


def points(case, n=20):
    """Points between the bounds of the chain, most of them outside of its limits."""
    rng, chain = np.random.default_rng(0), case.chain
    for share in rng.uniform(size=(n, *chain.low.shape)):
        yield chain.low + share * (chain.high - chain.low)


def test_the_start_keeps_the_bounds_of_every_element(case):
    for part in case.parts:
        chain = part.chain
        assert np.all(chain.low <= chain.high + 1e-12), part.kind
        assert np.all((chain.start >= chain.low - 1e-9) & (chain.start <= chain.high + 1e-9)), part.kind


def test_what_the_forms_allow_the_independent_check_allows(case):
    """At an optimum of a linear program over the forms, with random rewards, the equations of every element hold."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix

    rng = np.random.default_rng(1)
    for part in case.parts:
        chain, (n, width) = part.chain, part.chain.low.shape
        m, rows, columns, values = len(chain.states), [], [], []
        for k in range(m + width):
            rows.append(np.arange(len(chain.limits)))
            columns.append(width * (chain.limits.slot - (k < m)) + (k if k < m else k - m))
            values.append(chain.limits.coefficient[:, k])
        used = np.concatenate(values) != 0.0
        at = (np.concatenate(values)[used], (np.concatenate(rows)[used], np.concatenate(columns)[used]))
        a = coo_matrix(at, shape=(len(chain.limits), width * n)).tocsr()
        low = np.where(np.pad(chain.free, ((0, 0), (0, width - m)), constant_values=True), chain.low, chain.high)
        bounds = np.stack([low.ravel(), chain.high.ravel()], axis=1)
        for _ in range(5):
            solved = linprog(rng.normal(size=width * n), a, chain.bound, bounds=bounds, method="highs")
            assert solved.status == 0, part.kind
            x = solved.x.reshape(n, width)
            loads = {name: loads.kw(x) / 1e3 for name, loads in chain.loads.items()}
            schedule = part.element.series(part.data, loads)
            assert part.element.violation(part.data, schedule) < 1e-7, part.kind
            assert part.element.violation(part.data, part.element.nearest(part.data, schedule)) < 1e-7, part.kind


def test_a_schedule_is_a_point_of_the_chain_and_the_point_that_schedule(case):
    for part, units, _ in case.by_part():
        if part.kind == "sham":
            continue
        schedule = part.element.nearest(part.data, case.schedule_at(case.chain.loads, case.chain.start).of(units))
        x = part.element.point(part.data, schedule) * 1e3
        assert x.shape == part.chain.low.shape, part.kind
        m = len(part.chain.states)
        x[:, :m] = np.where(part.chain.free, x[:, :m], part.chain.high[:, :m])
        again = part.element.series(part.data, {name: load.kw(x) / 1e3 for name, load in part.chain.loads.items()})
        for name in ("p", "p_up", "p_down"):
            assert getattr(again, name) == pytest.approx(getattr(schedule, name), abs=1e-9), (part.kind, name)


def test_no_schedule_has_more_than_the_bound_without_a_grid(case):
    for part, units, _ in case.by_part():
        bound = part.element.alone(part.data)
        schedule = part.element.nearest(part.data, case.schedule_at(case.chain.loads, case.chain.start).of(units))
        for values in (bound.p_up + bound.p_down, schedule.p_up + schedule.p_down):
            assert np.all(np.isfinite(values)), part.kind
        assert (schedule.p_up + schedule.p_down).sum() <= (bound.p_up + bound.p_down).sum() + 1e-9, part.kind


def test_every_unit_and_period_has_a_reason_in_words(case):
    schedule = case.schedule_at(case.chain.loads, case.chain.start)
    for part, units, _ in case.by_part():
        for direction in ("up", "down"):
            reasons = part.element.reasons(part.data, schedule.of(units), direction)
            assert reasons.shape == (8, len(part.element.index(part.data))), part.kind
            assert all(isinstance(reason, str) for reason in reasons.ravel()), part.kind


def test_a_net_from_json_is_the_same_problem():
    net = net_of_all_kinds()
    one, two = (compiled(each).chain for each in (net, pp.from_json_string(pp.to_json(net))))
    for name in ("low", "high", "bound", "bus_row", "tan_phi", "p_min", "p_max", "period", "unit"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


@pytest.mark.parametrize("what", ["the element", "its rows of net.flexibility"])
def test_what_is_out_of_service_is_left_out(what):
    """An EV without rows in service stays plugged in, and offers nothing."""
    net = net_of_all_kinds()
    evf.create_flexibilities(net, "ev", [1, 1], ["up", "down"])
    for kind in [element.KIND for element in ELEMENTS]:
        if what == "the element":
            net[kind].loc[net[kind].index[1 if kind == "ev" else 0], "in_service"] = False
        else:
            net.flexibility.loc[net.flexibility.element_type == kind, "in_service"] = False
    case = compiled(net)
    assert [part.kind for part in case.parts] == ["ev"]
    if what == "the element":
        assert case.evs.index.tolist() == [0, 2, 3]
    else:
        offered = [offers.offered[case.evs.slots.ev == 1].any() for offers in case.evs.offers.values()]
        assert offered == [False, False] and case.evs.offers["up"].offered.any()


def test_a_schedule_beyond_its_limits_is_found_out_by_the_independent_check(case):
    for part in case.parts:
        loads = {name: np.full(len(part.chain), 0.5 * load.kw(part.chain.start).max() / 1e3)
                 for name, load in part.chain.loads.items()}  # fmt: skip
        schedule = part.element.series(part.data, loads)
        bad = replace(schedule, p_up=schedule.p_up + 1.0)
        assert part.element.violation(part.data, bad) > 1.0, part.kind


def test_least_and_greatest_loads_bracket_every_schedule(case):
    for x in points(case):
        schedule = case.schedule_at(case.chain.loads, x)
        for scenario in ("base", "up", "down"):
            load = schedule.load(scenario)
            assert np.all(load >= case.chain.least - 1e-12) and np.all(load <= case.chain.greatest + 1e-12)


def test_the_reward_is_the_weighted_flexibility(case):
    chain = case.chain
    c, constant = reward(chain, 1.0)
    for x in points(case, 5):
        base = chain.loads["base"].kw(x)
        flex = {d: sign * (chain.loads[d].kw(x) - base) for d, sign in (("up", 1.0), ("down", -1.0))}
        value = sum(np.sum(np.where(chain.offered[d], chain.weight[d], 0.0) * flex[d]) for d in flex)
        assert -(np.sum(c * x) + constant) == pytest.approx(value)


def test_every_record_pickles(case):
    for part in case.parts:
        pickle.loads(pickle.dumps(part.chain))


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_sham_element_runs_end_to_end(registered, method):
    net = net_with_sham()
    result = evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
    assert result.status == "optimal"
    own = result.series["sham"]
    assert own["p_mw"].columns.tolist() == [3, 7]
    assert np.allclose(own["p_mw"], sham.P_MW)
    assert own["p_up_mw"].to_numpy().max() <= sham.MAX_P_MW - sham.P_MW + 1e-9
    assert result.verification["max_sham_violation"] < 1e-6
    assert result.verification["against_runpp"] < 1e-6
    assert result.recoverable.shape == (8, 2)
    reasons = result.limited_by(0, element_type="sham")
    assert reasons.index.tolist() == [3, 7] and (reasons.down == "not offered").all()
    assert np.allclose(net.res_period.p_up_mw, result.total("p_up_mw"))
    assert np.allclose(net["evflex_sham_p_up_mw"], own["p_up_mw"])
    plain = evf.with_evs_as_loads(net, None, 2, "up")
    assert plain.load[plain.load.type == "sham"].p_mw.to_numpy() == pytest.approx(
        (own["p_mw"] + own["p_up_mw"]).iloc[2]
    )
    bars = evf.plotting.plot_flexibility(result).patches
    assert bars[0].get_data().values == pytest.approx(1e3 * result.total("p_up_mw").to_numpy())


def test_fast_and_exact_agree_with_a_sham_element_and_it_adds_flexibility(registered):
    with_sham = [
        evf.run_flexibility_opf(net_with_sham(), method=method, tie_break=None, **EIGHT_HOURS).objective_mw
        for method in ("fast", "exact")
    ]
    assert with_sham[0] == pytest.approx(with_sham[1], rel=2e-6)
    plain = net_with_sham()
    for label, bus in plain.sham.bus.items():
        pp.create_load(plain, bus, sham.P_MW, 0.1 * sham.P_MW, name=f"sham {label}")
    del plain["sham"]
    assert with_sham[0] > evf.run_flexibility_opf(plain, method="fast", tie_break=None, **EIGHT_HOURS).objective_mw


@pytest.fixture
def tighter_voltage():
    """A sham limit: 2 % above the lower voltage limit of the net, in squares."""
    limit = replace(
        UNDERVOLTAGE,
        finding="sag",
        of_grid=lambda grid: 1.02 * UNDERVOLTAGE.of_grid(grid),
        place=lambda grid, row: Place("bus", UNDERVOLTAGE.place(grid, row).element, "sham"),
        checks=lambda grid: {"max_sag": np.ones(len(grid.vm_min), dtype=bool)},
    )
    LIMITS.append(limit)
    yield limit
    LIMITS.remove(limit)


@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_sham_limit_runs_end_to_end(tighter_voltage, method):
    net = feeder_net(6)
    arguments = {"method": method, "max_line_loading_percent": 1e4, "max_trafo_loading_percent": 1e4, **EIGHT_HOURS}
    result = evf.run_flexibility_opf(net, min_vm_pu=0.95, **arguments)
    assert result.status == "optimal"
    assert result.verification["max_sag"] < 1e-6
    lowest = min(frame.drop(columns=net.ext_grid.bus).min().min() for frame in result.vm_pu.values())
    assert lowest >= 1.02 * 0.95 - 1e-6
    assert set(result.binding.side) == {"sham"} and set(result.binding.shadow_price_per) == {"0.01 pu"}
    LIMITS.remove(tighter_voltage)
    equal = evf.run_flexibility_opf(feeder_net(6), min_vm_pu=1.02 * 0.95, **arguments)
    LIMITS.append(tighter_voltage)
    assert result.objective_mw == pytest.approx(equal.objective_mw, rel=2e-6)


def test_slopes_of_every_limit_equal_differences():
    grid = compiled(feeder_net(6)).grid
    rng = np.random.default_rng(0)
    n = len(grid.vm_min)
    angle, ln_vm = 0.05 * rng.normal(size=n), 0.05 * rng.normal(size=n)

    def value(limit, angle, ln_vm):
        of_limit = limit.value(grid, np.exp(ln_vm + 1j * angle)[None, :])[0]
        return of_limit**2 if limit.squared else of_limit

    v, step = np.exp(ln_vm + 1j * angle)[None, :], 1e-6
    for limit in LIMITS:
        n_places = len(limit.of_grid(grid))
        slopes = limit.slopes(grid, v, np.zeros(n_places, dtype=int), np.arange(n_places))
        for bus in range(n):
            for given, own in (("angle", slopes.angle), ("ln_vm", slopes.ln_vm)):
                moved = np.zeros(n)
                moved[bus] = step
                more, less = (
                    value(limit, angle + sign * moved, ln_vm) if given == "angle"
                    else value(limit, angle, ln_vm + sign * moved)
                    for sign in (1.0, -1.0)
                )  # fmt: skip
                of_bus = np.where(slopes.node == bus, own, 0.0).sum(axis=1)
                assert np.allclose(of_bus, (more - less) / (2.0 * step), rtol=1e-6, atol=1e-6), limit.finding


def test_every_limit_has_a_place_in_the_net_and_a_price():
    grid = compiled(feeder_net(6)).grid
    for limit in LIMITS:
        allowed = limit.of_grid(grid)
        assert set(limit.checks(grid)), limit.finding
        for position in np.flatnonzero(np.isfinite(allowed)).tolist():
            assert limit.place(grid, position).element_type in ("bus", "line", "trafo", "trafo3w")
            share, unit = limit.price_unit(grid, position, allowed[position])
            assert 0.0 < share and unit


def test_a_day_in_operation_refuses_what_it_cannot_carry_on(registered):
    with pytest.raises(evf.InvalidInputError, match='element_type "sham" out of service'):
        evf.run_rolling_horizon(net_with_sham(), every_h=1.0, **EIGHT_HOURS)
