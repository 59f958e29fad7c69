"""Speed and memory as ratios and growth, side by side in one run: `python benchmarks/run.py [part ...]`.

CPU seconds of whole calls; compilation is excluded and reported on its own. Times depend on the machine: compare the
ratios, and those only beyond its noise.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: threads of BLAS would count as CPU time of both

import argparse
import platform
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import cpo_vs_numpy
import growth
import many_evs
import methods_vs_casadi
import planning
import powerflow_vs_runpp
import rates_vs_pandas
import runopp_per_period

PARTS = {
    "cpo": cpo_vs_numpy.main,
    "methods": methods_vs_casadi.main,
    "many": many_evs.main,
    "growth": growth.main,
    "runopp": runopp_per_period.main,
    "planning": planning.main,
    "powerflow": powerflow_vs_runpp.main,
    "rates": rates_vs_pandas.main,
}


def machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
    packages = ("pandapower", "numpy", "numba", "cyipopt-wheels", "casadi", "power-grid-model")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    processor = names[0] if names else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}; {versions}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; default: all")
    chosen = parser.parse_args().parts or list(PARTS)
    print(f"# Benchmarks\n\n{machine()}\n", flush=True)
    for part in chosen:
        PARTS[part]()
