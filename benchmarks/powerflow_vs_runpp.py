"""All power flows of a day at once against `pandapower.runpp` in a loop and power-grid-model's batch."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pandapower as pp
import power_grid_model_batch
from methods_vs_casadi import compiled_case, cpu_seconds

import pandapower_evflex as evf
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

N_LOOP = 20


def main() -> None:
    print("## Batched power flow against `runpp` in a loop and power-grid-model's batch\n")
    print("One thread; power-grid-model (Newton, 1e-8) computes node results only, as ours.\n")
    print("| buses | us per power flow | runpp us, numba, median of 20 | ratio | power-grid-model us | ratio |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for n_buses in (61, 250, 1000):
        net, profiles = evf.networks.suburban_lv(seed=0, n_buses=n_buses)
        case = compiled_case(net, profiles)
        flow, s = BatchedPowerFlow(case.grid), np.tile(case.injections(case.evs.fixed_p), (2, 1))
        flow.solve(s)
        batch = min(cpu_seconds(partial(flow.solve, s))[0] for _ in range(5)) / len(s)
        pp.runpp(net)
        loop = []
        for _ in range(N_LOOP):
            start = time.process_time()
            pp.runpp(net)
            loop.append(time.process_time() - start)
        single = float(np.median(loop))
        seconds, vm = power_grid_model_batch.batch(case.grid, s)
        assert np.max(np.abs(vm - np.abs(flow.solve(s).v))) < 1e-3
        peer = seconds / len(s)
        print(
            f"| {n_buses} | {1e6 * batch:.1f} | {1e6 * single:.0f} | 1/{single / batch:.0f} | {1e6 * peer:.0f} "
            f"| 1/{peer / batch:.1f} |",
            flush=True,
        )
    print()
