"""Random feeders with random EVs against the same problem written independently in CasADi (`benchmarks/`)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandapower.create import (
    create_bus,
    create_empty_network,
    create_ext_grid,
    create_line,
    create_load,
    create_sgen,
    create_transformer,
)

import pandapower_evflex as evf
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import read_study

N_CASES, N_PERIODS = 60, 8
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: relative; Ipopt stops at 1e-8 of a scaled problem
SAME = 1e-6


def random_feeder(seed: int) -> tuple[Any, dict[tuple[str, str], pd.DataFrame]]:
    """A tree of 4 to 12 cables behind a transformer, with a rating near to what the EVs ask for."""
    rng = np.random.default_rng(seed)
    net = create_empty_network()
    mv, first = create_bus(net, vn_kv=20.0), create_bus(net, vn_kv=0.4)
    create_ext_grid(net, mv, vm_pu=1.02)
    create_transformer(net, mv, first, "0.25 MVA 20/0.4 kV")
    buses = [first]
    for _ in range(rng.integers(4, 13)):
        bus = create_bus(net, vn_kv=0.4)
        create_line(net, rng.choice(buses), bus, rng.uniform(0.03, 0.15), "NAYY 4x150 SE")
        create_load(net, bus, rng.uniform(0.002, 0.01), rng.uniform(0.0, 0.002))
        buses.append(bus)
    create_sgen(net, rng.choice(buses[1:]), 0.0)
    net.bus["min_vm_pu"], net.bus["max_vm_pu"] = rng.uniform(0.93, 0.96), 1.1
    net.line["max_loading_percent"] = rng.uniform(40.0, 100.0)
    net.trafo["sn_mva"] = net.load.p_mw.sum() * 1.2 + rng.uniform(0.01, 0.05)
    n_evs = int(rng.integers(3, 9))
    evs = evf.create_evs(net, rng.choice(buses[1:], n_evs), max_p_mw=0.011, max_e_mwh=0.06, min_e_mwh=0.005)
    arrival = rng.integers(0, 4, n_evs)
    evf.create_ev_sessions(
        net, evs, arrival, arrival + rng.integers(3, 6, n_evs), e_arrival_mwh=0.01,
        e_departure_mwh=rng.uniform(0.01, 0.025, n_evs),
    )  # fmt: skip
    profile = net.load.p_mw.to_numpy() * rng.uniform(0.5, 1.0, (N_PERIODS, len(net.load)))
    return net, {
        ("load", "p_mw"): pd.DataFrame(profile, columns=net.load.index),
        ("sgen", "p_mw"): pd.DataFrame({0: rng.uniform(0.0, 0.02, N_PERIODS)}),
    }


def objectives(seed: int, solve_with_casadi: Any) -> dict[str, Any]:
    """Of both methods and of CasADi, MW; None where there is no solution."""
    net, profiles = random_feeder(seed)
    found: dict[str, Any] = {}
    for method in ("fast", "exact"):
        result = evf.run_flexibility_opf(
            net, profiles, period_h=1.0, method=method, tie_break=None, progress=False, raise_on_failure=False
        )
        found[method] = result.objective_mw if result.status in ("optimal", "optimal_within_gap") else None
    case = read_study(net, profiles, Options(), n_periods=None, period_h=1.0, cyclic=False).case
    theirs = solve_with_casadi(case)
    found["casadi"] = theirs["objective_mw"] if theirs["status"] == "Solve_Succeeded" else None
    found["n_binding"] = len(result.binding) if found["exact"] is not None else 0
    return found


def casadi_model() -> Any:
    """The model of the benchmarks, which are scripts beside each other and not a package."""
    sys.path.append(str(BENCHMARKS))
    return importlib.import_module("casadi_model").solve_with_casadi


def section() -> str:
    solve_with_casadi, rows = casadi_model(), []
    for seed in range(N_CASES):
        rows.append(objectives(seed, solve_with_casadi))
        print(seed, rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    solved = table[table[["exact", "casadi"]].notna().all(axis=1)].astype(float)
    neither = int(table[["exact", "casadi"]].isna().all(axis=1).sum())
    only_one = int((table["exact"].isna() != table["casadi"].isna()).sum())
    lines = [
        "## Random cases against an independent NLP",
        "",
        f"{N_CASES} random radial feeders (4 to 12 cables, 3 to 8 EVs, {N_PERIODS} periods of an hour, limits near to "
        "what binds; `tests/validation/random_cases.py`) against the same equations written in CasADi and solved by "
        f"Ipopt. {len(solved)} have a solution by both, {neither} by neither, {only_one} by one of the two; limits of "
        f"the grid bind in {int((solved['n_binding'] > 0).sum())}.",
        "",
        "| method | solved | largest difference of the objective | median | beyond 1e-6 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for method in ("exact", "fast"):
        relative = (solved[method] / solved["casadi"] - 1.0).abs().dropna()
        lines.append(
            f"| {method} | {len(relative)} | {relative.max():.1e} | {relative.median():.1e} "
            f"| {int((relative > SAME).sum())} |"
        )
    return "\n".join(lines)
