"""Growth of CPU time and peak memory over periods, buses and EVs; each size in its own process, after a warm-up."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np

PERIODS = [{"n_periods": n} for n in (24, 96, 672)]
BUSES = [{"n_buses": n} for n in (61, 250, 1000)]
EVS = [{"n_evs": n} for n in (24, 60, 120, 240, 500)]

#: run in the child: warm-up, then the case itself
CHILD = """
import json, statistics, sys, time
from pathlib import Path
import pandapower_evflex as evf

def peak_kb():  # of this process alone: ru_maxrss would start at the parent's peak
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

size, method, n_runs = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
evf.warmup()
net, profiles = evf.networks.suburban_lv(seed=0, **size)
before = peak_kb()
seconds = []
for _ in range(n_runs):
    start = time.process_time()
    result = evf.run_flexibility_opf(net, profiles, method=method, tie_break=None, progress=False)
    seconds.append(time.process_time() - start)
grown = peak_kb() - before
print(json.dumps({"seconds": statistics.median(seconds), "mb": grown / 1024, "blocks": result.stats["n_blocks"],
                  "iterations": result.stats["iterations"], "gap": result.gap}))
"""


def measure(size: dict[str, int], method: str, n_runs: int) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(size), method, str(n_runs)], capture_output=True, text=True, check=True
    )
    return json.loads(child.stdout.strip().splitlines()[-1])


def main() -> None:
    print("## Growth (whole calls, tie_break=None, median of 3, compilation excluded)\n")
    print("| method | size | CPU s | growth of peak memory MB | blocks | iterations | gap | exponent |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for method in ("fast", "exact"):
        for sizes in (PERIODS, BUSES, EVS if method == "fast" else EVS[:2]):
            grow(method, sizes)
    print()


def grow(method: str, sizes: list[dict[str, int]]) -> None:
    last: tuple[int, float] | None = None
    for size in sizes:
        name, n = next(iter(size.items()))
        found = measure(size, method, 1 if n >= 240 and name != "n_buses" else 3)
        exponent = "" if last is None else f"{np.log(found['seconds'] / last[1]) / np.log(n / last[0]):.2f}"
        print(
            f"| {method} | {name} = {n} | {found['seconds']:.2f} | {found['mb']:.0f} | {found['blocks']} "
            f"| {found['iterations']} | {found['gap']:.0e} | {exponent} |",
            flush=True,
        )
        last = (n, found["seconds"])
