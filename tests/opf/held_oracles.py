"""Held activations by a linear program of their own, without voltages; nothing here is shared with the package."""

from __future__ import annotations

import numpy as np

from tests.opf.band_oracles import Program, plus


def largest_held(cars, weights, period_h, k, *, room=np.inf, cap=np.inf, directions=("up", "down")):
    """Sum of C_up u + C_dn d of activations that are held for k periods, where all loads together stay below room.

    ``cars``: list per car of its stays, as in `largest_bands`.
    """
    program = Program()
    loads, up, down = {}, {}, {}
    for car, stays in enumerate(cars):
        energy, gone = {}, 0.0
        for stay in stays:
            d = stay["eta"] * period_h
            if stay["arrival"] is not None:
                energy, gone, reach = {}, stay["arrival"], stay["arrival"]
            else:
                reach = np.inf
            periods = list(range(stay["first"], stay["last"]))
            x, e, curve = {}, {}, {}
            for t in periods:
                x[t] = program.variable()
                program.at_least(x[t], stay["p_min"])
                program.at_most(x[t], stay["p_max"])
                energy = plus(energy, x[t], d)
                e[t] = energy
                reach = min(reach + d * stay["p_max"], stay["e_max"])
                left = stay["last"] - 1 - t
                curve[t] = min(reach, max(stay["low"], stay["need"] - left * d * stay["p_max"])) - gone
                program.at_most(e[t], stay["e_max"] - gone)
                program.at_least(e[t], curve[t])
                loads[car, t] = x[t]
            for t in periods[: max(len(periods) - k + 1, 0)]:
                if "up" in directions:
                    u = up[car, t] = program.variable(weights["up"][t])
                    program.at_most(u, cap)
                    program.at_most(plus(e[t + k - 1], u, k * d), stay["e_max"] - gone)
                if "down" in directions:
                    v = down[car, t] = program.variable(weights["down"][t])
                    program.at_most(v, cap)
                for s in range(t, t + k):
                    if "up" in directions:
                        program.at_most(plus(x[s], u), stay["p_max"])
                    if "down" in directions:
                        program.at_least(plus(x[s], v, -1.0), 0.0)
                        program.at_least(plus(e[s], v, -(s - t + 1) * d), curve[s])
            gone -= stay["trip"]
    if np.isfinite(room):
        _within(program, room, loads, up, k)
    return program.largest()


def _within(program, room, loads, up, k):
    """The schedule, and every activation in every period in which it is held."""
    for s in {period for _, period in loads}:
        here = {car: form for (car, period), form in loads.items() if period == s}
        plan = {}
        for form in here.values():
            plan = plus(plan, form)
        program.at_most(plan, room)
        for since in range(k):
            block = plan
            for car in here:
                block = plus(block, up.get((car, s - since), {}))
            program.at_most(block, room)
