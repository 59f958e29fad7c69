"""Hundreds of EVs behind one limit: the fast method against CasADi, each in a process of its own, with peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = [{"n_evs": 240}, {"n_evs": 500}, {"n_evs": 384, "n_buses": 977}]

#: run in the child
CHILD = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import pandapower_evflex as evf
from methods_vs_casadi import compiled_case

size, who = json.loads(sys.argv[1]), sys.argv[2]
evf.warmup()
net, profiles = evf.networks.suburban_lv(seed=0, **size)
if who == "fast":
    start = time.process_time()
    result = evf.run_flexibility_opf(net, profiles, method="fast", tie_break=None, progress=False)
    found = {"objective": result.objective_mw, "gap": result.gap}
else:
    from casadi_model import solve_with_casadi
    case = compiled_case(net, profiles)
    start = time.process_time()
    solved = solve_with_casadi(case)
    found = {"objective": solved["objective_mw"], "gap": solved["status"]}
lines = Path("/proc/self/status").read_text().splitlines()
peak = int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
print(json.dumps({**found, "seconds": time.process_time() - start, "mb": peak}))
"""


def measure(size: dict[str, int], who: str) -> dict[str, Any]:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", CHILD, json.dumps(size), who, here]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(child.stdout.strip().splitlines()[-1])


def main() -> None:
    print("## Many EVs behind one limit\n")
    print("One whole call each, tie_break=None; memory is the peak of the whole process.\n")
    print("| size | fast CPU s | gap | peak MB | CasADi CPU s | peak MB | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for size in SIZES:
        ours, theirs = measure(size, "fast"), measure(size, "casadi")
        label = ", ".join(f"{key} {value}" for key, value in size.items())
        print(
            f"| {label} | {ours['seconds']:.1f} | {ours['gap']:.0e} | {ours['mb']:.0f} | {theirs['seconds']:.1f} "
            f"({theirs['gap']}) | {theirs['mb']:.0f} | 1/{theirs['seconds'] / ours['seconds']:.1f} |",
            flush=True,
        )
    print()
