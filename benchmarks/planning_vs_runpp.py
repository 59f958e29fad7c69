"""A planning study of a real medium-voltage net against the same power flows by `runpp` in a loop."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd

import pandapower_evflex as evf
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

N_SITES, N_CANDIDATES = 8, 5
PRICES = {"voll_eur_per_mwh": 10_000, "loss_price_eur_per_mwh": 80, "discount_rate": 0.065}
RUNPP_SAMPLES = 30


def study_case(scaling: float) -> tuple[Any, dict[tuple[str, str], pd.DataFrame]]:
    """mv_oberrhein with failure rates of all lines, a day of two humps, workplaces, and its busiest lines doubled."""
    net = nw.mv_oberrhein()
    net.line["failure_rate_per_year"] = 0.05 * net.line["length_km"]
    net.line["repair_time_h"], net.line["switching_time_h"] = 6.0, 1.0
    net.load["scaling"], net.sgen["scaling"] = scaling, 0.3
    hour = (np.arange(96) + 0.5) / 4
    shape = 0.55 + 0.38 * np.exp(-(((hour - 11.5) / 3.2) ** 2)) + 0.3 * np.exp(-(((hour - 19.0) / 2.0) ** 2))
    rng = np.random.default_rng(0)
    occupancy = np.clip(0.85 * np.exp(-(((hour - 12.0) / 4.5) ** 2)) + 0.08, 0.0, 1.0)
    charging = np.minimum(0.5 * np.exp(-(((hour - 10.5) / 2.5) ** 2)) + 0.05, occupancy)
    p = shape[:, None] * net.load["p_mw"].to_numpy()
    for bus in rng.choice(net.load["bus"].unique(), N_SITES, replace=False):
        cpo = evf.create_cpo(net, bus, 40, 0.022, price_eur_per_mwh=float(rng.uniform(1000, 6000)))
        evf.set_cpo_rates(net, cpo, charging, occupancy)
        load = net.load.index[net.load["bus"] == bus][0]
        p[:, net.load.index.get_loc(load)] += 40 * 0.022 * charging / scaling
    pp.runpp(net)
    busiest = net.res_line["loading_percent"].nlargest(N_CANDIDATES).index.tolist()
    evf.create_reinforcements(net, "line", busiest, 60_000.0, lifetime_years=40, parallel=2)
    return net, {("load", "p_mw"): pd.DataFrame(p, columns=net.load.index)}


def counted(run: Any) -> tuple[Any, float, int]:
    """Result, CPU seconds and number of power flows of a call."""
    solve, n_flows = BatchedPowerFlow.solve, 0

    def counting(self: BatchedPowerFlow, s: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal n_flows
        n_flows += len(s)
        return solve(self, s, *args, **kwargs)

    BatchedPowerFlow.solve = counting  # type: ignore[method-assign]
    try:
        start = time.process_time()
        result = run()
        return result, time.process_time() - start, n_flows
    finally:
        BatchedPowerFlow.solve = solve  # type: ignore[method-assign]


def runpp_seconds(net: Any, profiles: dict[tuple[str, str], pd.DataFrame]) -> float:
    """CPU seconds of one `runpp` with the loads of a period, median."""
    seconds = []
    for period in range(RUNPP_SAMPLES):
        start = time.process_time()
        net.load["p_mw"] = profiles["load", "p_mw"].iloc[period].to_numpy()
        pp.runpp(net)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def peak_mb() -> float:
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024


def measure(scaling: float) -> None:
    ring, day = evf.networks.ring_10kv()
    evf.run_planning(ring, day, **PRICES, progress=False)  # compiles
    net, profiles = study_case(scaling)
    study, seconds, n_flows = counted(lambda: evf.run_planning(net, profiles, **PRICES, progress=False))
    memory = peak_mb()
    loop = n_flows * runpp_seconds(net, profiles)
    n_overloaded = study.faults.dropna(subset="start_h")["element"].nunique()
    print(
        f"| {scaling:g} | {n_overloaded} | {len(study.plans)} | {n_flows} | {seconds:.1f} | {memory:.0f} | {loop:.0f} "
        f"| 1/{loop / seconds:.0f} |",
        flush=True,
    )


def main() -> None:
    print("## Planning (mv_oberrhein, all 181 lines as faults, 96 periods, 5 candidates, 8 sites, 2 ties at most)\n")
    print("Compilation excluded. runpp: its median times the number of power flows of the study, nothing else.\n")
    print("| loads scaled by | faults with congestion | plans | power flows | CPU s | peak MB | runpp CPU s | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for scaling in (0.4, 0.5):
        subprocess.run([sys.executable, __file__, str(scaling)], check=True)
    print()


if __name__ == "__main__":
    measure(float(sys.argv[1]))
