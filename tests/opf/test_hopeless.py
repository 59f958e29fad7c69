"""What the fast method calls infeasible is so: by hand, and by Ipopt."""

from __future__ import annotations

import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.solve.hopeless import is_proved_infeasible
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from tests.opf.odd_feeders import odd_feeder
from tests.opf.options import exact_options
from tests.opf.test_best_effort import least_short_by_linprog, random_feeder
from tests.opf.test_recovery import two_cars_one_charger


def proved(net, profiles=None, **horizon):
    case = read_study(net, profiles, exact_options(), **horizon).case
    return is_proved_infeasible(case, BatchedPowerFlow(case.grid))


@pytest.mark.parametrize(("sn_mva", "is_infeasible"), [(0.0104, True), (0.01056, False)])
def test_two_cars_that_need_a_hair_more_than_the_transformer_carries(sn_mva, is_infeasible):
    """10.5 kWh each in two hours: 10.5 kVA, nearly without losses."""
    net = two_cars_one_charger()
    net.trafo["sn_mva"] = sn_mva
    net.trafo[["vkr_percent", "pfe_kw", "i0_percent", "vk_percent"]] = 1e-3, 0.0, 0.0, 2e-3
    assert proved(net, n_periods=2, period_h=1.0, cyclic=False) == is_infeasible


@pytest.mark.parametrize("seed", range(6))
def test_a_proof_agrees_with_the_energy_short_by_a_linear_program(seed):
    """Of a lossless net at 1 pu, so only where more than a hair is short."""
    net, profiles = random_feeder(seed)
    least = least_short_by_linprog(net, profiles[("load", "p_mw")])
    assert least is not None
    assert proved(net, profiles, n_periods=None, period_h=1.0, cyclic=False) == (least > 1e-5)


@pytest.mark.parametrize("method", ["fast", "auto"])
def test_a_feeder_on_which_fast_once_failed_without_a_reason_is_infeasible_as_exact_says(method):
    net, own = odd_feeder(11)
    result = evf.run_flexibility_opf(net, progress=False, raise_on_failure=False, method=method, **own)
    exact = evf.run_flexibility_opf(net, progress=False, raise_on_failure=False, method="exact", **own)
    assert result.status == exact.status == "infeasible"
    assert result.message.startswith("no schedule exists: needs and limits of the grid exclude each other")
    assert "overload of line 0" in result.message and "best_effort" in result.message
    best = evf.run_flexibility_opf(net, progress=False, method=method, on_infeasible="best_effort", **own)
    assert best.status == "best_effort" and best.short["energy_mwh"].sum() > 1e-4
    assert f"{1e3 * best.short['energy_mwh'].sum():.1f} kWh short of {best.short['ev'].nunique()} car" in str(best)


def test_nothing_is_proved_where_a_schedule_exists():
    for seed in (2, 15, 16, 27, 30):
        net, own = odd_feeder(seed)
        own = {name: own[name] for name in ("n_periods", "period_h")} | {"cyclic": own.get("cyclic", False)}
        case = read_study(net, None, exact_options(unreachable="reduce"), **own).case
        assert not is_proved_infeasible(case, BatchedPowerFlow(case.grid))
