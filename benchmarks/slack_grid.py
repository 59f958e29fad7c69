"""A grid that carries all that its cars can offer: the closed form against the interior point and its tie-break."""

from __future__ import annotations

import statistics
import time
from typing import Any
from unittest import mock

import pandapower_evflex as evf
from pandapower_evflex.opf.objective import bound_mw
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.solve import methods

SIZES = ({"n_evs": 24}, {"n_evs": 120}, {"n_evs": 500})
N_RUNS = 5


def slack_day(size: dict[str, int]) -> Any:
    """The built-in day with cables and a transformer that carry every car at full power."""
    net, profiles = evf.networks.suburban_lv(seed=0, **size)
    net.trafo["sn_mva"] *= 40.0
    net.line["max_i_ka"] *= 40.0
    net.bus["min_vm_pu"] = 0.2
    net.line["length_km"] *= 0.1
    return net, profiles


def timed(net: Any, profiles: Any) -> tuple[float, float, Any]:
    """CPU milliseconds of the solve part and of the whole call, medians, and the last result."""
    parts, wholes = [], []
    for _ in range(N_RUNS + 1):  # the first one warms up
        start = time.process_time()
        result = evf.run_flexibility_opf(net, profiles, progress=False)
        wholes.append(1e3 * (time.process_time() - start))
        parts.append(1e3 * result.stats["cpu_seconds"]["solve"])
    return statistics.median(parts[1:]), statistics.median(wholes[1:]), result


def main() -> None:
    print("## Where the grid carries all that the cars can offer\n")
    print(
        'The built-in day on short cables of forty times the rating, `method="auto"`, smooth: the closed form and its\n'
        f"power flows against the same call without it (CPU ms, median of {N_RUNS}); the bound alone, the case read.\n"
    )
    print("| size | bound | solve part | whole call | solve part before | whole call before | ratio of solve parts |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for size in SIZES:
        net, profiles = slack_day(size)
        part, whole, result = timed(net, profiles)
        assert result.stats["iterations"] == 0
        with mock.patch.object(methods, "solve_in_closed_form", lambda *_: None):
            part_before, whole_before, solved = timed(net, profiles)
        assert abs(solved.objective_mw / result.objective_mw - 1.0) < 1e-6
        name = " ".join(f"{key} {value}" for key, value in size.items())
        print(
            f"| {name} | {bound_ms(net, profiles):.1f} | {part:.0f} | {whole:.0f} | {part_before:.0f} "
            f"| {whole_before:.0f} | 1/{part_before / part:.0f} |",
            flush=True,
        )
    print()


def bound_ms(net: Any, profiles: Any) -> float:
    """CPU milliseconds of the closed form alone, the least of several: it is short."""
    seconds = []
    for _ in range(N_RUNS):
        case = read_study(net, profiles, Options(), n_periods=None, period_h=None, cyclic=False).case
        start = time.process_time()
        bound_mw(case)
        seconds.append(time.process_time() - start)
    return 1e3 * min(seconds)


if __name__ == "__main__":
    main()
