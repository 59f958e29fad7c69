"""The figures of this version beside those of earlier ones: `python benchmarks/history.py [--keep]`.

Time is counted in runs of a fixed piece of numpy and LAPACK work, taken between the calls of the same process, so that
versions measured on different machines can be compared; a figure that is `SLOWER` times that of the last version is
named, and the exit code is 1. ``--keep`` adds the rows to `history/figures.csv`, one per version and case.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: threads of BLAS would count as CPU time of both

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pandapower_evflex as evf

FIGURES = Path(__file__).parent / "history" / "figures.csv"
#: a figure this many times that of the version before is worth a look; machines differ by less
SLOWER = 1.3
CALLS: dict[str, dict[str, Any]] = {
    "fast": {"method": "fast", "tie_break": None},
    "smooth": {},
    "exact": {"method": "exact", "tie_break": None},
}
#: phases of a call beside its solver, told of the fast one
PHASES = ("read", "results", "runpp", "write")


def built_in_day() -> tuple[Any, Any]:
    """61 buses, 24 EVs, 96 periods."""
    return evf.networks.suburban_lv(seed=0)


def congested_day() -> tuple[Any, Any]:
    """60 EVs, 48 periods; every line carries what charging without control loads it with, and hardly more."""
    net, profiles = evf.networks.suburban_lv(seed=0, n_evs=60)
    profiles = {key: frame.resample("30min").mean() for key, frame in profiles.items()}
    peak = evf.uncontrolled_charging(net, profiles).line_loading_percent.max()
    net.line["max_loading_percent"] = np.maximum(np.ceil(peak), 15.0)
    return net, profiles


def week() -> tuple[Any, Any]:
    """672 periods."""
    return evf.networks.suburban_lv(seed=0, n_periods=672)


def minutes() -> tuple[Any, Any]:
    """The built-in day in 1440 periods of a minute."""
    net, profiles = evf.networks.suburban_lv(seed=0)
    longer = {key: frame.reindex(_minutes_of(frame.index), method="ffill") for key, frame in profiles.items()}
    return net, longer


def _minutes_of(quarters: pd.Index) -> pd.DatetimeIndex:
    return pd.date_range(quarters[0], periods=15 * len(quarters), freq="1min")


#: net and profiles, calls, how often each
CASES: dict[str, tuple[Callable[[], tuple[Any, Any]], tuple[str, ...], int]] = {
    "built-in day": (built_in_day, ("fast", "smooth", "exact"), 5),
    "congested day": (congested_day, ("fast", "smooth", "exact"), 1),
    "week": (week, ("fast",), 1),
    "day at 1 min": (minutes, ("fast",), 1),
}


def reference() -> float:
    """CPU seconds of fixed work like that of the solver: small Cholesky factors, a dense one, passes over arrays."""
    rng = np.random.default_rng(0)
    small, dense = rng.normal(size=(400, 24, 24)), rng.normal(size=(400, 400))
    small, dense = small @ small.transpose(0, 2, 1) + np.eye(24), dense @ dense.T + np.eye(400)
    start = time.process_time()
    for _ in range(10):
        np.linalg.cholesky(small)
        np.linalg.cholesky(dense)
        np.exp(dense).sum()
    return time.process_time() - start


def measured(case: str) -> dict[str, Any]:
    """One row: CPU time of each call in references, and what the fast one was busy with."""
    make, names, n_runs = CASES[case]
    net, profiles = make()
    spent: dict[str, list[float]] = {name: [] for name in names}
    references, phases, result = [reference()], [], None
    for _ in range(n_runs):
        for name in names:
            start = time.process_time()
            found = evf.run_flexibility_opf(net, profiles, progress=False, raise_on_failure=False, **CALLS[name])
            spent[name].append(time.process_time() - start)
            references.append(reference())
            if name == "fast":
                result, seconds = found, found.stats["cpu_seconds"]
                phases.append({phase: seconds.get(phase, np.nan) for phase in PHASES})
    assert result is not None
    unit = statistics.median(references)
    times = {name: statistics.median(values) / unit for name, values in spent.items()}
    row: dict[str, Any] = {"case": case, "status": result.status, "objective_mw": round(result.objective_mw, 7)}
    row |= {key: result.stats.get(key) for key in ("iterations", "n_network_rows")}
    row |= {name: round(times[name], 2) if name in times else np.nan for name in CALLS}
    row["exact_per_fast"] = round(times["exact"] / times["fast"], 2) if "exact" in times else np.nan
    row |= {phase: round(float(np.median([one[phase] for one in phases])) / unit, 3) for phase in PHASES}
    return row | {"reference_s": round(unit, 4)}


def version() -> str:
    """Date and abbreviated hash of the commit."""
    command = ["git", "log", "-1", "--format=%cs %h"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=FIGURES.parent).stdout.strip()


def slower_than(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Figures that grew, one line each; ``before`` has the last version of each case."""
    last = before.groupby("case").last()
    found = []
    for row in now.itertuples():
        for name in (*CALLS, *PHASES) if row.case in last.index else ():
            then, today = float(last[name][row.case]), float(getattr(row, name))
            if today > SLOWER * then:
                found.append(f"{row.case}, {name}: {today:g} references, {then:g} in {last.version[row.case]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="add the rows to history/figures.csv")
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(CASES)}; default: all")
    chosen = parser.parse_args()
    evf.warmup()
    rows = []
    for case in chosen.cases or CASES:
        rows.append({"version": version(), **measured(case)})
        print(rows[-1], flush=True)
    now = pd.DataFrame(rows)
    before = pd.read_csv(FIGURES) if FIGURES.exists() else now.iloc[:0]
    found = slower_than(before, now)
    print("\n".join(found) or "no figure is slower than in the last version")
    if chosen.keep:
        pd.concat([before, now] if len(before) else [now]).to_csv(FIGURES, index=False)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
