"""Whole calls of every method against the same problem modelled in CasADi, interleaved in one process."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import Any

from casadi_model import solve_with_casadi

import pandapower_evflex as evf
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import read_study

N_RUNS = 5


def compiled_case(net: Any, profiles: Any) -> Any:
    options = Options(method="exact", tie_break=None, progress=False)
    return read_study(net, profiles, options, n_periods=None, period_h=None, cyclic=False).case


def cpu_seconds(call: Any) -> tuple[float, Any]:
    start = time.process_time()
    value = call()
    return time.process_time() - start, value


CALLS = {
    "fast, tie_break=None": {"method": "fast", "tie_break": None},
    "auto, tie_break=None": {"method": "auto", "tie_break": None},
    "auto, smooth (the default)": {},
    "exact, tie_break=None": {"method": "exact", "tie_break": None},
}
#: sizes, and how often each is run
SIZES = [({}, 5), ({"n_periods": 672}, 1), ({"n_evs": 60}, 2), ({"n_evs": 120}, 1)]


def main() -> None:
    print("## Methods against CasADi `map` + Ipopt, the same model\n")
    print(
        "Whole calls of ours (read, solve, verify by power flow, write) against building and solving in CasADi with "
        "the case already read; compilation excluded.\n"
        "Seconds are medians; a ratio is the median over pairs of runs, so that it may differ from the ratio of the "
        "medians.\n"
    )
    print("| size | call | CPU s | CasADi CPU s | ratio | gap | objective over CasADi's - 1 |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for size, n_runs in SIZES:
        compare(size, n_runs)
    print()


def compare(size: dict[str, int], n_runs: int) -> None:
    net, profiles = evf.networks.suburban_lv(seed=0, **size)
    case = compiled_case(net, profiles)
    evf.run_flexibility_opf(net, profiles, progress=False)
    seconds: dict[str, list[float]] = {name: [] for name in ("casadi", *CALLS)}
    results = {}
    for _ in range(n_runs):
        for name, arguments in CALLS.items():
            call = partial(evf.run_flexibility_opf, net, profiles, progress=False, **arguments)
            spent, results[name] = cpu_seconds(call)
            seconds[name].append(spent)
        spent, competitor = cpu_seconds(partial(solve_with_casadi, case))
        seconds["casadi"].append(spent)
    theirs = statistics.median(seconds["casadi"])
    label = ", ".join(f"{key} {value}" for key, value in size.items()) or "61 buses, 24 EVs, 96 periods"
    for name, result in results.items():
        ratio = statistics.median(a / b for a, b in zip(seconds[name], seconds["casadi"], strict=True))
        print(
            f"| {label} | {name} | {statistics.median(seconds[name]):.2f} | {theirs:.2f} | 1/{1 / ratio:.1f} "
            f"| {result.gap:.0e} | {result.objective_mw / competitor['objective_mw'] - 1:.1e} |",
            flush=True,
        )
