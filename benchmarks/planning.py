"""A plan of a medium-voltage net in which every line fails, against the same power flows by pandapower one by one."""

from __future__ import annotations

import copy
import logging
import multiprocessing
import resource
import time
import warnings
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.networks as nw
import pandas as pd

import pandapower_evflex as evf
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

N_PERIODS, N_CANDIDATES, N_SITES = 96, 5, 8
#: of the table values of loads and generators: loaded so that about every third fault overloads something
LOADS, GENERATORS = 0.5, 0.3
#: power flows by pandapower from which the others are extrapolated
N_SAMPLE = 20
SEED = 0
PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 80.0, "discount_rate": 0.065, "progress": False}


def oberrhein() -> tuple[Any, dict[tuple[str, str], pd.DataFrame]]:
    """mv_oberrhein with failure rates by length, a second system for the most loaded lines, sites at eight buses."""
    net = nw.mv_oberrhein()
    net.line["failure_rate_per_year"] = 0.05 * net.line.length_km
    net.line["repair_time_h"], net.line["switching_time_h"] = 6.0, 1.0
    net.load["scaling"], net.sgen["scaling"] = LOADS, GENERATORS
    hour = np.arange(N_PERIODS) * 24.0 / N_PERIODS
    shape = 0.55 + 0.38 * np.exp(-(((hour - 11.5) / 3.2) ** 2)) + 0.3 * np.exp(-(((hour - 19.0) / 2.0) ** 2))
    profiles = {("load", "p_mw"): pd.DataFrame(shape[:, None] * net.load.p_mw.to_numpy(), columns=net.load.index)}
    rng = np.random.default_rng(SEED)
    occupancy = np.clip(0.85 * np.exp(-(((hour - 12.0) / 4.5) ** 2)) + 0.08, 0.0, 1.0)
    charging = np.minimum(0.5 * np.exp(-(((hour - 10.5) / 2.5) ** 2)) + 0.05, occupancy)
    for bus in rng.choice(net.load.bus.unique(), N_SITES, replace=False):
        cpo = evf.create_cpo(net, int(bus), 40, 0.022, price_eur_per_mwh=float(rng.uniform(1_000.0, 6_000.0)))
        evf.set_cpo_rates(net, cpo, charging, occupancy)
    pp.runpp(net)
    lines = net.res_line.loading_percent.nlargest(N_CANDIDATES).index
    evf.create_reinforcements(net, "line", lines, 60_000.0, lifetime_years=40, parallel=2)
    return net, profiles


class PowerFlowCounter:
    """Counts the cases that batched power flows solve."""

    def __enter__(self) -> PowerFlowCounter:
        self.n, self._solve = 0, BatchedPowerFlow.solve

        def counted(flow: BatchedPowerFlow, s: Any, *args: Any, **kwargs: Any) -> Any:
            self.n += len(s)
            return self._solve(flow, s, *args, **kwargs)

        BatchedPowerFlow.solve = counted  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: Any) -> None:
        BatchedPowerFlow.solve = self._solve  # type: ignore[method-assign]


def runpp_seconds(net: Any) -> float:
    """Median CPU seconds of one power flow by pandapower; nothing is recycled, as after each fault the net is new."""
    net, seconds = copy.deepcopy(net), []
    pp.runpp(net)
    for _ in range(N_SAMPLE):
        start = time.process_time()
        pp.runpp(net)
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def measure(queue: Any) -> None:
    """In a process of its own, whose peak of memory is that of the study."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    net, profiles = oberrhein()
    evf.run_planning(*evf.networks.ring_10kv(), **PRICES)  # compiles
    evf.run_planning(net, profiles, **{**PRICES, "max_ties": 0})
    before = time.process_time()
    study = evf.run_planning(net, profiles, **PRICES, max_ties=2)
    seconds = time.process_time() - before
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    with PowerFlowCounter() as flows:
        evf.run_planning(net, profiles, **PRICES, max_ties=2)
    queue.put((seconds, peak_mb, flows.n, runpp_seconds(net), len(study.plans), study.faults.element.nunique()))


def main() -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=measure, args=(queue,))
    process.start()
    seconds, peak_mb, n_flows, one, n_plans, n_congested = queue.get()
    process.join()
    print("## Planning\n")
    print(
        f"`mv_oberrhein`, all 181 lines fail, {N_PERIODS} periods, {N_CANDIDATES} candidates ({n_plans} plans), "
        f"{N_SITES} sites, max_ties=2; {n_congested} faults\noverload something or leave load dark. One thread, "
        f"compilation excluded; `runpp` (numba) is the median of {N_SAMPLE}, not recycled, extrapolated to\n"
        "as many power flows as the study solves.\n"
    )
    print("| study, CPU s | peak MB | power flows | runpp ms | as many by runpp, s | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(
        f"| {seconds:.1f} | {peak_mb:.0f} | {n_flows} | {1e3 * one:.1f} | {n_flows * one:.0f} | "
        f"1/{n_flows * one / seconds:.0f} |\n"
    )


if __name__ == "__main__":
    main()
