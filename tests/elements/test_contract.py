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


@pytest.fixture
def case(registered):
    """EVs, the sham, a load that may be shifted and a generator that may be curtailed."""
    net = net_with_sham()
    net.sgen["p_mw"] = 0.01
    evf.create_flexibility(net, "sgen", 0, "up")
    net.load["shift_h"], net.load["max_p_mw"] = 2.0, 2.0 * net.load["p_mw"]
    evf.create_flexibilities(net, "load", [0, 0], ["up", "down"])
    return compiled(net)


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
        chain, n = part.chain, len(part.chain)
        rows, columns, values = [], [], []
        for k in range(4):
            slot = chain.limits.slot - (k == 0)
            rows.append(np.arange(len(slot)))
            columns.append(3 * slot + max(k - 1, 0))
            values.append(chain.limits.coefficient[:, k])
        used = np.concatenate(values) != 0.0
        at = (np.concatenate(values)[used], (np.concatenate(rows)[used], np.concatenate(columns)[used]))
        a = coo_matrix(at, shape=(len(chain.limits), 3 * n)).tocsr()
        bounds = np.stack([chain.low.ravel(), chain.high.ravel()], axis=1)
        for _ in range(5):
            solved = linprog(rng.normal(size=3 * n), a, chain.bound, bounds=bounds, method="highs")
            assert solved.status == 0, part.kind
            x = solved.x.reshape(n, 3)
            loads = {name: loads.kw(x) / 1e3 for name, loads in chain.loads.items()}
            schedule = part.element.series(part.data, loads)
            assert part.element.violation(part.data, schedule) < 1e-7, part.kind
            assert part.element.violation(part.data, part.element.nearest(part.data, schedule)) < 1e-7, part.kind


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
