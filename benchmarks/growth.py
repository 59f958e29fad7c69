"""Growth of CPU time and peak memory over periods and buses; each size in its own process, after a warm-up call."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np

PERIODS = [{"n_periods": n} for n in (24, 96, 672)]
BUSES = [{"n_buses": n} for n in (61, 250, 1000)]

#: run in the child: warm-up on the smallest case, then the case itself
CHILD = """
import json, statistics, sys, time
from pathlib import Path
import pandapower_evflex as evf

def peak_kb():  # of this process alone: ru_maxrss would start at the parent's peak
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

size, n_runs = json.loads(sys.argv[1]), int(sys.argv[2])
net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
evf.run_flexibility_opf(net, profiles, progress=False)
net, profiles = evf.networks.suburban_lv(seed=0, **size)
before = peak_kb()
seconds = []
for _ in range(n_runs):
    start = time.process_time()
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    seconds.append(time.process_time() - start)
grown = peak_kb() - before
print(json.dumps({"seconds": statistics.median(seconds), "mb": grown / 1024, "blocks": result.stats["n_blocks"],
                  "iterations": result.stats["iterations"], "rounds": result.stats["rounds"],
                  "variables": result.stats["n_variables"]}))
"""


def measure(size: dict[str, int], n_runs: int = 3) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(size), str(n_runs)], capture_output=True, text=True, check=True
    )
    return json.loads(child.stdout.strip().splitlines()[-1])


def main() -> None:
    print("## Growth of the exact method (whole calls, median of 3, compilation excluded)\n")
    print("| size | CPU s | growth of peak memory MB | variables | blocks | iterations | rounds | exponent |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for sizes in (PERIODS, BUSES):
        last: tuple[int, float] | None = None
        for size in sizes:
            (name, n), found = next(iter(size.items())), measure(size)
            exponent = "" if last is None else f"{np.log(found['seconds'] / last[1]) / np.log(n / last[0]):.2f}"
            print(
                f"| {name} = {n} | {found['seconds']:.2f} | {found['mb']:.0f} | {found['variables']} "
                f"| {found['blocks']} | {found['iterations']} | {found['rounds']} | {exponent} |",
                flush=True,
            )
            last = (n, found["seconds"])
    print()
