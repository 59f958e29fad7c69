"""What pandapower alone offers: `runopp` for one period, EVs as controllable loads, without coupling in time."""

from __future__ import annotations

import statistics
from functools import partial

import pandapower as pp
from methods_vs_casadi import cpu_seconds

import pandapower_evflex as evf

N_PERIODS = 3


def main() -> None:
    print("## pandapower's `runopp`, period by period\n")
    net, profiles = evf.networks.suburban_lv(seed=0)
    ours, result = cpu_seconds(partial(evf.run_flexibility_opf, net, profiles, progress=False))
    seconds = []
    for period in range(30, 30 + N_PERIODS):
        plain = evf.with_evs_as_loads(net, result, period=period)
        evs = plain.load.index[-len(net.ev) :]
        plain.load["controllable"] = False
        plain.load.loc[evs, "controllable"] = True
        plain.load.loc[evs, "max_p_mw"] = net.ev.max_p_mw.to_numpy()
        plain.load.loc[evs, ["min_p_mw", "min_q_mvar", "max_q_mvar"]] = 0.0
        for load in evs:
            pp.create_poly_cost(plain, load, "load", cp1_eur_per_mw=-1.0)
        seconds.append(cpu_seconds(partial(pp.runopp, plain))[0])
    single, n_blocks = statistics.median(seconds), 2 * len(result.p_mw)
    print(f"| `runopp`, median of {N_PERIODS} periods | times {n_blocks} blocks | ours, the whole day | ratio |")
    print("| --- | --- | --- | --- |")
    ratio = single * n_blocks / ours
    print(f"| {single:.2f} s | {single * n_blocks:.0f} s (extrapolated) | {ours:.2f} s | 1/{ratio:.0f} |\n", flush=True)
