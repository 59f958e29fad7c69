"""Speed and memory as ratios and growth, side by side in one run: `python benchmarks/run.py [--write] [part ...]`.

``--write`` restates the sections of docs/benchmarks.md that were run.
CPU seconds of whole calls; compilation is excluded and reported on its own. Times depend on the machine: compare the
ratios, and those only beyond its noise.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: threads of BLAS would count as CPU time of both

import argparse
import io
import platform
import re
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import cpo_vs_numpy
import growth
import many_evs
import methods_vs_casadi
import net_days
import planning_vs_runpp
import powerflow_vs_runpp
import rates_vs_pandas
import runopp_per_period
import slack_grid

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PARTS = {
    "cpo": cpo_vs_numpy.main,
    "methods": methods_vs_casadi.main,
    "many": many_evs.main,
    "growth": growth.main,
    "runopp": runopp_per_period.main,
    "powerflow": powerflow_vs_runpp.main,
    "rates": rates_vs_pandas.main,
    "planning": planning_vs_runpp.main,
    "slack": slack_grid.main,
    "net_days": net_days.main,
}


def machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
    packages = ("pandapower", "numpy", "numba", "cyipopt-wheels", "casadi", "power-grid-model")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    processor = names[0] if names else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}; {versions}"


class Both(io.StringIO):
    """Keeps what is printed, and shows it at once."""

    def write(self, text: str) -> int:
        sys.__stdout__.write(text)
        sys.__stdout__.flush()
        return super().write(text)


def restated(page: str, section: str) -> str:
    """The page with the section of the same heading replaced, or with a new one at its end."""
    section = f"{section.strip()}\n\n{machine()}.\n"
    heading = section.splitlines()[0]
    found = re.search(rf"^{re.escape(heading)}$.*?(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    if found is None:
        return f"{page.rstrip()}\n\n{section}"
    return f"{page[: found.start()]}{section}\n{page[found.end() :]}".rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="restate the sections of docs/benchmarks.md")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; default: all")
    arguments = parser.parse_args()
    print(f"# Benchmarks\n\n{machine()}\n", flush=True)
    for part in arguments.parts or PARTS:
        with redirect_stdout(Both()) as printed:
            PARTS[part]()
        if arguments.write:
            PAGE.write_text(restated(PAGE.read_text(encoding="utf-8"), printed.getvalue()), encoding="utf-8")


if __name__ == "__main__":
    main()
