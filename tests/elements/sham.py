"""A sham element: a constant load that may draw more in scenario "up". All that a new kind has to say."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.elements.chain import KW, Chain, Loads
from pandapower_evflex.elements.ev_chain import UP
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.solvers.chains.forms import Forms

KIND = "sham"
P_MW, MAX_P_MW = 0.002, 0.010


def read(inputs, faults):
    """One unit at every bus of the table net.sham, in all periods."""
    if KIND not in inputs.net:
        return None
    rows = dict(zip(inputs.grid.bus_index, inputs.grid.bus_row, strict=True))
    table = inputs.net[KIND]
    return table.index.to_numpy(), np.array([rows[bus] for bus in table["bus"]]), inputs.profiles.horizon.n_periods


def index(data):
    return data[0]


def chain(data):
    labels, bus_row, n_periods = data
    n = len(labels) * n_periods
    every, more = np.arange(n), np.zeros((n, 4))
    more[:, UP + 1] = 1.0
    constant = Loads(Forms(every, np.zeros((n, 4))), np.full(n, P_MW * KW))
    low, high, start = (np.zeros((n, 3)) for _ in range(3))
    low[:, UP], high[:, UP], start[:, UP] = P_MW * KW, MAX_P_MW * KW, MAX_P_MW * KW
    return Chain(
        states=("energy",),
        controls=("load_up", "load_down"),
        bus_row=bus_row,
        tan_phi=np.full((n_periods, len(labels)), 0.1),
        fixed_p=np.zeros((n_periods, len(labels))),
        unit=np.repeat(np.arange(len(labels)), n_periods),
        period=np.tile(np.arange(n_periods), len(labels)),
        follows=np.zeros(n, dtype=bool),
        free=np.zeros((n, 1), dtype=bool),
        limits=Forms.join([Forms(every, -more), Forms(every, more)]),
        bound=np.repeat([-P_MW * KW, MAX_P_MW * KW], n),
        low=low,
        high=high,
        start=start,
        quiet=low,
        loads={"base": constant, "up": Loads(Forms(every, more), np.zeros(n)), "down": constant},
        offered={"up": np.ones(n, dtype=bool), "down": np.zeros(n, dtype=bool)},
        weight={"up": np.ones(n), "down": np.ones(n)},
        p_min=np.full(n, P_MW),
        p_max=np.full(n, MAX_P_MW),
    )


def series(data, load):
    labels, _, n_periods = data
    up = np.clip(load["up"].reshape(len(labels), n_periods).T, P_MW, MAX_P_MW)
    p = np.full(up.shape, P_MW)
    return Schedule(p, up - p, np.zeros(up.shape), np.full(up.shape, np.nan))


def point(data, schedule):
    up = schedule.load("up").T.ravel()
    return np.stack([np.zeros(len(up)), up, np.zeros(len(up))], axis=1)


def alone(data):
    labels, _, n_periods = data
    p = np.full((n_periods, len(labels)), P_MW)
    return Schedule(p, np.full(p.shape, MAX_P_MW - P_MW), np.zeros(p.shape), np.full(p.shape, np.nan))


def nearest(data, schedule):
    return schedule


def violation(data, schedule):
    return max(0.0, float(np.max(np.stack([-schedule.p_up, P_MW + schedule.p_up - MAX_P_MW]))) / MAX_P_MW)


def reasons(data, schedule, direction):
    if direction == "down":
        return np.full(schedule.p.shape, "not offered", dtype=object)
    return np.where(schedule.p_up >= MAX_P_MW - P_MW - 1e-9, "max_p_mw", "").astype(object)
