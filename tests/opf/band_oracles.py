"""Bands by linear programs of their own, and calls within them; nothing here is shared with the package."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import linprog


class Program:
    """A linear program that is written row by row; variables are nonnegative."""

    def __init__(self):
        self.cost, self.rows, self.most = [], [], []

    def variable(self, cost=0.0):
        self.cost.append(cost)
        return {len(self.cost) - 1: 1.0}

    def at_most(self, form, value):
        if np.isposinf(value):
            return
        self.rows.append(form)
        self.most.append(value)

    def at_least(self, form, value):
        self.at_most({j: -a for j, a in form.items()}, -value)

    def equal(self, form, value):
        self.at_most(form, value)
        self.at_least(form, value)

    def largest(self):
        a = np.zeros((len(self.rows), len(self.cost)))
        for row, form in zip(a, self.rows, strict=True):
            for j, value in form.items():
                row[j] += value
        solved = linprog(-np.array(self.cost), a, self.most, method="highs")
        assert solved.status == 0, solved.message
        return -solved.fun


def plus(form, other, factor=1.0):
    return {j: form.get(j, 0.0) + factor * other.get(j, 0.0) for j in {*form, *other}}


def largest_bands(cars, weights, period_h, directions=("up", "down"), cap=np.inf):
    """Sum of C_up (hi - x) + C_dn (x - lo) over the cars, each alone and without a grid.

    ``cars``: list per car of its stays, dicts with first, last (periods), arrival (None: what the stay before left,
    less its trip), need, low, e_max, p_min, p_max, eta, trip.
    """
    program = Program()
    for stays in cars:
        lower, upper, gone = {}, {}, 0.0
        for stay in stays:
            d = stay["eta"] * period_h
            if stay["arrival"] is not None:
                lower, upper, gone = {}, {}, stay["arrival"]
            reach = stay["arrival"] if stay["arrival"] is not None else np.inf
            for t in range(stay["first"], stay["last"]):
                c_up = weights["up"][t] if "up" in directions else 0.0
                c_down = weights["down"][t] if "down" in directions else 0.0
                lo, x, hi = (program.variable(c) for c in (-c_down, c_down - c_up, c_up))
                program.at_least(lo, stay["p_min"])
                program.at_least(plus(x, lo, -1.0), 0.0)
                program.at_least(plus(hi, x, -1.0), 0.0)
                program.at_most(hi, stay["p_max"])
                program.at_most(plus(hi, x, -1.0), cap if "up" in directions else 0.0)
                program.at_most(plus(x, lo, -1.0), cap if "down" in directions else 0.0)
                lower, upper = plus(lower, lo, d), plus(upper, hi, d)
                reach = min(reach + d * stay["p_max"], stay["e_max"])
                left = stay["last"] - 1 - t
                program.at_most(upper, stay["e_max"] - gone)
                curve = min(reach, max(stay["low"], stay["need"] - left * d * stay["p_max"]))
                program.at_least(lower, curve - gone)
            gone -= stay["trip"]
    return program.largest()


def largest_by_any_policy(cars, weights, period_h):
    """Sum of C_t (H_t - L_t) that any policy can serve that sees the orders of the past, whatever comes after.

    Orders are the ends of the band, all sequences of them: a policy for orders in between is a mean of those.
    """
    n = max(stay["last"] for car in cars for stay in car)
    program = Program()
    ends = [(program.variable(-weights[t]), program.variable(weights[t])) for t in range(n)]
    for low, high in ends:
        program.at_least(plus(high, low, -1.0), 0.0)
    energy = {(): [{} for _ in cars]}
    for t in range(n):
        for orders in product((0, 1), repeat=t + 1):
            total, energies = {}, []
            for car, (stay,) in enumerate(cars):
                before = energy[orders[:-1]][car]
                if not stay["first"] <= t < stay["last"]:
                    energies.append(before)
                    continue
                p = program.variable()
                program.at_most(p, stay["p_max"])
                total = plus(total, p)
                after = plus(before, p, stay["eta"] * period_h)
                program.at_most(after, stay["e_max"] - stay["arrival"])
                left = (stay["last"] - 1 - t) * stay["eta"] * period_h * stay["p_max"]
                program.at_least(after, stay["need"] - left - stay["arrival"])
                energies.append(after)
            energy[orders] = energies
            program.equal(plus(total, ends[t][orders[-1]], -1.0), 0.0)
    return program.largest()


def random_calls(result, n, rng):
    """Loads of all cars [n, period, ev] of random sequences of calls, half of them of the ends of the band alone.

    A call of a period is shared along lower to upper edge, or through the plan.
    """
    p, up, down = (frame.to_numpy() for frame in (result.p_mw, result.p_up_mw, result.p_down_mw))
    theta = rng.uniform(size=(n, len(p)))
    theta[: n // 2] = np.round(theta[: n // 2])
    theta[0], theta[1] = 1.0, 0.0
    theta[2] = np.arange(len(p)) < len(p) // 2
    theta[3] = np.arange(len(p)) >= len(p) // 2
    straight = (p - down) + theta[..., None] * (up + down)
    side = 2.0 * theta[..., None] - 1.0
    through_the_plan = p + np.where(side > 0.0, side * up, side * down)
    return np.where(rng.uniform(size=(n, len(p), 1)) < 0.5, straight, through_the_plan)


def energies_of_calls(net, loads, period_h):
    """For every session: energies at the end of its periods [n, period], from loads [n, period, ev]; with its row."""
    for ev, sessions in net.ev_session[net.ev_session.in_service].sort_values("arrival_h").groupby("ev"):
        column = list(net.ev.index[net.ev.in_service]).index(ev)
        car, energy = net.ev.loc[ev], None
        for row in sessions.itertuples():
            first, last = int(np.ceil(row.arrival_h / period_h - 1e-9)), int(row.departure_h / period_h + 1e-9)
            periods = np.arange(max(first, 0), min(last, loads.shape[1]))
            if not len(periods):
                continue
            start = energy if np.isnan(row.e_arrival_mwh) else row.e_arrival_mwh
            d = car.efficiency_percent / 100.0 * period_h
            e = np.reshape(start, (-1, 1)) + d * np.cumsum(loads[:, periods, column], axis=1)
            trip = 0.0 if np.isnan(row.trip_km) else row.trip_km * car.consumption_kwh_per_km / 1e3
            energy = e[:, -1] - trip
            left = max(last - loads.shape[1], 0) * d * car.max_p_mw  # after the end of the horizon
            yield row, car, e, left
