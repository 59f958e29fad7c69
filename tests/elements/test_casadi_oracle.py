"""Every kind on a small net whose limits bind, against a model in the element's own variables for CasADi and Ipopt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandapower.create import create_load, create_storage

import pandapower_evflex as evf
from tests.opf.feeder import feeder_net

casadi_model = pytest.importorskip("tests.elements.casadi_model", reason="CasADi is in the extra benchmark")

N, H = 4, 1.0
BUSES = (2, 4)
#: random cases of each kind
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 30))]


def random_net(rng):
    """Tight limits of voltages, lines and the transformer, and a load that varies."""
    net = feeder_net(1, load_mw=0.0)
    del net["ev"], net["ev_session"]
    net.sgen["in_service"] = False
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = rng.uniform(0.965, 0.98), 1.01
    net.line["max_loading_percent"] = rng.uniform(16.0, 30.0)
    net.trafo["max_loading_percent"], net.trafo["sn_mva"] = 100.0, rng.uniform(0.04, 0.06)
    return net, rng.uniform(0.0, 0.008, N)


def random_store(rng):
    e_max, most = rng.uniform(30.0, 80.0), rng.uniform(10.0, 25.0)
    return {
        "eta": rng.uniform(0.8, 1.0), "eta_d": rng.uniform(0.8, 1.0), "most": most, "least": rng.uniform(5.0, 20.0),
        "e_max": e_max, "e_low": rng.uniform(0.0, 0.2) * e_max, "e_start": rng.uniform(0.3, 0.8) * e_max,
        "first": 0, "last": N,
    }  # fmt: skip


def with_batteries(net, rng):
    units = {}
    for bus in BUSES:
        store = random_store(rng)
        units[bus] = {**store, "e_end": store["e_start"]}
        row = create_storage(
            net, bus, 0.0, max_e_mwh=store["e_max"] / 1e3, min_e_mwh=store["e_low"] / 1e3,
            soc_percent=100.0 * store["e_start"] / store["e_max"], max_p_mw=store["most"] / 1e3,
            min_p_mw=-store["least"] / 1e3,
        )  # fmt: skip
        net.storage.loc[row, "efficiency_percent"] = 100.0 * store["eta"]
        net.storage.loc[row, "discharge_efficiency_percent"] = 100.0 * store["eta_d"]
    evf.create_flexibilities(net, "storage", [0, 0, 1, 1], ["up", "down"] * 2)
    return units, {}


def with_cars(net, rng):
    units = {}
    for bus in BUSES:
        store = {**random_store(rng), "first": int(rng.integers(0, 2)), "last": int(rng.integers(N - 1, N + 1))}
        reach = store["e_start"] + store["eta"] * H * store["most"] * (store["last"] - store["first"])
        store["e_end"] = min(reach, store["e_max"]) * rng.uniform(0.5, 0.8)
        cos_phi = rng.uniform(0.95, 1.0)
        units[bus] = {**store, "tan_phi": np.tan(np.arccos(cos_phi))}
        ev = evf.create_ev(
            net, bus, max_p_mw=store["most"] / 1e3, min_p_mw=-store["least"] / 1e3, max_e_mwh=store["e_max"] / 1e3,
            min_e_mwh=store["e_low"] / 1e3, efficiency_percent=100.0 * store["eta"],
            discharge_efficiency_percent=100.0 * store["eta_d"], cos_phi=cos_phi,
        )  # fmt: skip
        evf.create_ev_session(
            net, ev, store["first"] * H, store["last"] * H, e_arrival_mwh=store["e_start"] / 1e3,
            e_departure_mwh=store["e_end"] / 1e3,
        )  # fmt: skip
    return units, {}


def with_shiftable_loads(net, rng):
    units, p, q = {}, {}, {}
    for bus in BUSES:
        profile = rng.uniform(1.0, 10.0, N)
        ratio = rng.uniform(0.0, 0.4, N)
        row = create_load(net, bus, 0.01)
        most = profile.max() * rng.uniform(1.2, 2.0)
        net.load.loc[row, ["shift_h", "max_p_mw"]] = rng.choice([1.0, 1.5, 2.0]), most / 1e3
        units[bus] = {"profile": profile, "most": most, "shift_h": net.load.at[row, "shift_h"], "tan_phi": ratio}
        p[row], q[row] = profile / 1e3, ratio * profile / 1e3
    evf.create_flexibilities(net, "load", [1, 1, 2, 2], ["up", "down"] * 2)
    return units, {("load", "p_mw"): p, ("load", "q_mvar"): q}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [with_batteries, with_cars, with_shiftable_loads])
def test_both_methods_reach_what_a_model_in_the_elements_own_variables_reaches(kind, seed):
    rng = np.random.default_rng(seed)
    net, load = random_net(rng)
    units, own_profiles = kind(net, rng)
    up = rng.uniform(0.5, 1.0, N)
    weights = {"up": up, "down": up * rng.uniform(0.3, 1.0, N)}
    profiles = {
        ("load", column): pd.DataFrame({0: factor * load, **own_profiles.get(("load", column), {})})
        for column, factor in (("p_mw", 1.0), ("q_mvar", 0.3))
    }
    others = [{3: complex(p, 0.3 * p)} for p in load]
    expected, _ = casadi_model.best(net, units, others, weights, N, H)
    for method in ("fast", "exact"):
        result = evf.run_flexibility_opf(
            net, profiles, period_h=H, weights=weights, method=method, tie_break=None, progress=False
        )
        assert result.status == "optimal", result.message
        assert result.objective_mw == pytest.approx(expected, rel=1e-6)
        assert seed or len(result.binding)  # limits of the grid bind in most draws
