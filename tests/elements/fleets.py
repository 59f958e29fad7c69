"""Random fleets of every kind, and the first paper's linear program without a grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, vstack

from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev import compile_evs
from pandapower_evflex.elements.ev_needs import overfull_stays, unreachable_stays, with_reduced_needs
from pandapower_evflex.elements.ev_stays import read_stays
from pandapower_evflex.opf.case import Case
from pandapower_evflex.scenarios import rows_of

KW = 1e3
TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def random_fleet(seed, n_evs=3, n_periods=12):
    """EVs, sessions (chained, with trips, round the day), offers with caps, weights, directions, horizon."""
    rng = np.random.default_rng(seed)
    cyclic, hours = bool(rng.random() < 0.3), rng.choice([0.25, 0.5, 1.0])
    power = rng.choice([0.0037, 0.011, 0.022], n_evs)
    battery = power * hours * rng.uniform(1.5, 12.0, n_evs)
    least = np.where(rng.random(n_evs) < 0.25, rng.uniform(0.0, 0.3, n_evs), 0.0)
    evs = pd.DataFrame(
        {
            "bus": 0,
            "max_p_mw": power,
            "max_e_mwh": battery,
            "min_e_mwh": battery * rng.choice([0.0, 0.1, 0.3], n_evs),
            "min_p_mw": power * least,
            "efficiency_percent": rng.choice([100.0, 90.0, 87.3], n_evs),
            "consumption_kwh_per_km": 0.2,
            "cos_phi": 1.0,
            "controllable": rng.random(n_evs) < 0.9,
        }
    )
    sessions = [
        session
        for ev in range(n_evs)
        for session in _sessions(rng, ev, battery[ev], power[ev], n_periods, hours, cyclic)
    ]
    offers = [
        ("ev", ev, direction, rng.choice([0.0, 1.0, rng.uniform(0.1, 3.0)]), power[ev] * rng.choice([np.nan, 0.2, 0.6]),
         bool(rng.random() < 0.9))
        for ev in range(n_evs) if rng.random() < 0.5
        for direction in ("up", "down") if rng.random() < 0.8
    ]  # fmt: skip
    columns = ["element_type", "element", "direction", "weight", "max_p_mw", "in_service"]
    shape = (n_periods, n_evs)
    weights = {d: rng.uniform(0.0, 2.0, shape) if rng.random() < 0.4 else np.ones(shape) for d in ("up", "down")}
    scenarios = [("down", "up"), ("up",), ("down",), ("up", "base")][rng.choice(4, p=[0.6, 0.15, 0.15, 0.1])]
    horizon = Horizon(n_periods=n_periods, period_h=hours, time=None, cyclic=cyclic)
    return evs, pd.DataFrame(sessions), pd.DataFrame(offers, columns=columns), weights, scenarios, horizon


def _sessions(rng, ev, battery, power, n_periods, hours, cyclic):
    """One to three of an EV; the later ones mostly arrive with what is left."""
    edges = np.sort(rng.uniform(0 if cyclic else -2, n_periods + (0 if cyclic else 3), 2 * rng.integers(1, 4)))
    if cyclic and rng.random() < 0.5:  # the night goes on at the start of the horizon
        edges = np.append(edges[1:], edges[0] + n_periods)
    for number, (arrival, departure) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
        yield {
            "ev": ev,
            "arrival_h": arrival * hours,
            "departure_h": departure * hours,
            "e_arrival_mwh": np.nan if number and rng.random() < 0.8 else battery * rng.uniform(0.0, 1.0),
            "trip_km": rng.uniform(0.0, 0.8) * battery / 2e-4,
            "max_p_mw": power * rng.uniform(0.4, 1.0) if rng.random() < 0.2 else np.nan,
        }


def fleet_case(evs, sessions, offers, weights, scenarios, horizon):
    """The case without a grid; None where the draw is refused (sessions that overlap, batteries that overflow)."""
    stays, faults = read_stays(evs, sessions, horizon)
    if faults or overfull_stays(stays):
        return None
    stays = with_reduced_needs(stays, unreachable_stays(stays))
    directions = {d: weights[d] if d in scenarios else None for d in ("up", "down")}
    compiled = compile_evs(evs, offers, stays, np.zeros(len(evs), dtype=int), horizon, directions)
    case = Case(None, horizon, compiled, None, rows_of(scenarios), True)
    return case if len(compiled.slots) else None


class PaperProgram:
    """(4) and (17) to (24) as they read, over (E, P_ch, P_up, P_down) of every slot, in kW and kWh.

    Slots whose energy no schedule can choose offer nothing, as documented.
    """

    def __init__(self, case):
        slots, offers, n = case.evs.slots, case.evs.offers, len(case.evs.slots)
        self.n, k = n, slots.energy_per_p
        every, follows = np.arange(n), np.flatnonzero(slots.previous >= 0)
        e, p, u, d = (every + block * n for block in range(4))
        before = (follows, e[slots.previous[follows]])

        def rows(energy_before, *entries):
            row, column = (
                np.concatenate(part) for part in zip(*[(every, at) for at, _ in entries], before, strict=True)
            )
            value = np.concatenate([*(np.broadcast_to(v, n) for _, v in entries), np.full(len(follows), energy_before)])
            return coo_matrix((value, (row, column)), shape=(n, 4 * n)).tocsr()

        chooses = ~slots.pinned
        self.balance, self.balance_b = rows(-1.0, (e, 1.0), (p, -k)), slots.e_offset * KW  # (17)
        limits = [
            (rows(0.0, (d, 1.0), (p, -1.0)), np.zeros(n)),  # (21)
            (rows(0.0, (u, 1.0), (p, 1.0)), slots.p_max),  # (23)
            (rows(1.0, (u, k), (p, k)), slots.e_max - slots.e_offset),  # (22)
            (rows(-1.0, (d, k), (p, -k)), slots.e_offset - slots.e_min),  # (24)
        ]
        self.a = vstack([a[chooses] for a, _ in limits])
        self.b = np.concatenate([b[chooses] for _, b in limits]) * KW
        fixed, moves = np.minimum(slots.e_most, slots.e_max), ~slots.power_is_fixed
        most = [np.where(offers[x].offered & chooses, np.minimum(offers[x].p_max, 1.0), 0.0) for x in ("up", "down")]
        low = [np.where(chooses, slots.e_min, fixed), np.where(moves, slots.p_min, -1.0), np.zeros(n), np.zeros(n)]
        high = [np.where(chooses, slots.e_max, fixed), np.where(moves, slots.p_max, 1.0), *most]
        self.bounds = np.stack([np.concatenate(low), np.concatenate(high)], axis=1) * KW
        weights = [np.where(offers[x].offered, offers[x].weight, 0.0) for x in ("up", "down")]
        self.reward = np.concatenate([np.zeros(2 * n), *weights])

    def best_mw(self):
        """Largest sum of C P_flex; NaN where there is no schedule."""
        return self._largest(self.reward, self.a, self.b) / KW

    def most_of(self, direction, flexibility_mw):
        """Largest value of ``direction`` times P_ch, kW, among schedules with at least that much flexibility."""
        a = vstack([self.a, coo_matrix(-self.reward)])
        return self._largest(
            np.concatenate([np.zeros(self.n), direction, np.zeros(2 * self.n)]),
            a,
            np.append(self.b, -flexibility_mw * KW),
        )

    def _largest(self, c, a, b):
        solved = linprog(-c, a, b, self.balance, self.balance_b, self.bounds, method="highs-ds", options=TIGHT)
        return -solved.fun if solved.status == 0 else np.nan
