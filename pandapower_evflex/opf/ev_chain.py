r"""EV part of the problem: everything about EVs is linear.

Variables per slot, in kW and kWh so that they are of order one: the energy E at the end of the period, the load
T = P_ch + P_up in scenario "up" and D = P_ch - P_down in scenario "down" (only where offered). The charging power is
no variable: (17) gives it as :math:`P_{ch} = (E_t - E_{t-1}) / \eta\Delta T`. With it the paper's constraints read

.. math::

    0 \le T - P_{ch} \le \bar P_{up},\ T \le P_{max}         & \qquad (23) \\
    E_{t-1} + \eta\Delta T\, T \le E_{max}                   & \qquad (22) \\
    0 \le P_{ch} - D \le \bar P_{down},\ D \ge 0             & \qquad (21) \\
    E_{t-1} + \eta\Delta T\, D \ge E_{min,t}                 & \qquad (24)

and imply (18) and (20) where both directions are offered; where one is not, its limit falls on the schedule itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.elements.ev_slots import Offers, Slots, fill_energies_while_held
from pandapower_evflex.kernels import LINEAR
from pandapower_evflex.nlp.problem import ProblemBuilder
from pandapower_evflex.opf.case import Case

#: kW per pu (1 MVA): Ipopt's dual tolerance is absolute, an objective in MW ends 1e-5 short
KW = 1e3


@dataclass(frozen=True)
class LinearPower:
    """Power per slot in kW, a x[first] + b x[second] + constant; ``second`` is -1 where there is no second variable."""

    first: IntArray
    second: IntArray
    a: FloatArray
    b: FloatArray
    constant: FloatArray

    def of(self, chosen: IntArray) -> LinearPower:
        return LinearPower(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def add_to(self, builder: ProblemBuilder, rows: IntArray, factor: FloatArray | float) -> None:
        """Add ``factor`` times the variable part to rows of g; the caller moves the constant into their bounds."""
        factor = np.broadcast_to(factor, len(rows))
        for columns, coefficient in ((self.first, self.a), (self.second, self.b)):
            used = columns >= 0
            builder.add_term(LINEAR, rows[used], columns[used, None], (factor * coefficient)[used, None])


@dataclass(frozen=True)
class EvVariables:
    """Energies as positions in x [n_slot]; ``load[scenario]`` is the EV load of that scenario; the objective
    times ``scale`` is in kW."""

    energy: IntArray
    load: Mapping[str, LinearPower]
    scale: float


@dataclass(frozen=True)
class Schedule:
    """EV powers [n_period, n_ev] in MW and energies in MWh (nan while away)."""

    p: FloatArray
    p_up: FloatArray
    p_down: FloatArray
    e: FloatArray

    def load(self, scenario: str) -> FloatArray:
        """EV load under full activation."""
        return {"base": self.p, "up": self.p + self.p_up, "down": self.p - self.p_down}[scenario]


def add_evs(builder: ProblemBuilder, case: Case) -> EvVariables:
    """Variables, rows and objective of all EVs."""
    slots = case.evs.slots
    offers = offers_of_free_slots(case)
    up, down = offers["up"], offers["down"]
    energy = _add_energies(builder, slots, up, down)
    power = _charging_power(slots, energy)
    _add_power_limits(builder, slots, power, up, down)
    load = {
        "base": power,
        "up": _add_activation(builder, "up", slots, up, energy, power),
        "down": _add_activation(builder, "down", slots, down, energy, power),
    }
    scale = objective_scale(offers)
    for sign, name in ((1.0, "up"), (-1.0, "down")):  # (4), as a minimum
        rewarded = np.flatnonzero(offers[name].offered & (offers[name].weight > 0))
        c = sign * offers[name].weight[rewarded] / scale
        for linear, factor in ((load[name].of(rewarded), -c), (power.of(rewarded), c)):
            for columns, coefficient in ((linear.first, linear.a), (linear.second, linear.b)):
                used = columns >= 0
                builder.add_objective(LINEAR, columns[used, None], (factor * coefficient)[used, None])
    return EvVariables(energy, load, scale)


def objective_scale(offers: Mapping[str, Offers]) -> float:
    """Largest weight of anything offered: objectives in kW are divided by it."""
    weight = [offers[d].weight[offers[d].offered].max(initial=0.0) for d in ("up", "down")]
    return float(max(weight)) or 1.0


def offers_of_free_slots(case: Case) -> dict[str, Offers]:
    """Both directions; a slot whose energy no schedule can choose offers nothing."""
    free = ~case.evs.slots.pinned
    return {d: replace(offers, offered=offers.offered & free) for d, offers in case.evs.offers.items()}


def _add_energies(builder: ProblemBuilder, slots: Slots, up: Offers, down: Offers) -> IntArray:
    """(18) and (19), where (22) and (24) do not imply them: redundant bounds have no duals."""
    n = len(slots)
    least, most = np.maximum(slots.e_least, slots.e_min), np.minimum(slots.e_most, slots.e_max)
    lower = np.where(~down.offered | slots.is_last, slots.e_min, -np.inf)
    upper = np.where(up.offered, np.inf, slots.e_max)
    only = np.where(slots.pinned, most, np.nan)
    return builder.x.add(
        "energy",
        n,
        lower=np.where(slots.pinned, only, lower) * KW,
        upper=np.where(slots.pinned, only, upper) * KW,
        start=0.5 * (least + most) * KW,
    )


def _charging_power(slots: Slots, energy: IntArray) -> LinearPower:
    """(17), solved for P_ch."""
    follows = slots.previous >= 0
    second = np.where(follows, energy[slots.previous], -1)
    per_energy = 1.0 / slots.energy_per_p
    return LinearPower(energy, second, per_energy, -per_energy, -slots.e_offset * KW * per_energy)


def _add_power_limits(builder: ProblemBuilder, slots: Slots, power: LinearPower, up: Offers, down: Offers) -> None:
    """(20), where T <= P_max and D >= 0 do not imply it."""
    lower = np.where(~down.offered | (slots.p_min > 0.0), slots.p_min * KW, -np.inf)
    upper = np.where(up.offered, np.inf, slots.p_max * KW)
    chosen = np.flatnonzero((np.isfinite(lower) | np.isfinite(upper)) & ~slots.power_is_fixed)
    limited = power.of(chosen)
    rows = builder.g.add(
        "power", len(chosen), lower=lower[chosen] - limited.constant, upper=upper[chosen] - limited.constant
    )
    limited.add_to(builder, rows, 1.0)


def _add_activation(
    builder: ProblemBuilder, direction: str, slots: Slots, offers: Offers, energy: IntArray, power: LinearPower
) -> LinearPower:
    """Load of one scenario: a variable where flexibility is offered, the charging power elsewhere."""
    chosen = np.flatnonzero(offers.offered)
    n, sign = len(chosen), 1.0 if direction == "up" else -1.0
    p_max = slots.p_max[chosen] * KW
    if direction == "up":
        load = builder.x.add("load_up", n, upper=p_max, start=0.8 * p_max)
    else:
        load = builder.x.add("load_down", n, lower=0.0, start=0.1 * p_max)
    # sign (load - P_ch) within 0 and the cap: (23), (21)
    scheduled = power.of(chosen)
    shift = sign * scheduled.constant
    flex = builder.g.add(f"p_{direction}", n, lower=shift, upper=shift + offers.p_max[chosen] * KW)
    builder.add_term(LINEAR, flex, load[:, None], np.full((n, 1), sign))
    scheduled.add_to(builder, flex, -sign)
    activated = _replaced(power, chosen, load)
    _add_energy_limit(builder, direction, slots, chosen, energy, activated)
    return activated


def _add_energy_limit(
    builder: ProblemBuilder, direction: str, slots: Slots, chosen: IntArray, energy: IntArray, load: LinearPower
) -> None:
    """(22) and (24), only where they can bind: a short stay never fills its battery, an early hour owes nothing yet."""
    if direction == "up":
        chosen = chosen[slots.e_most[chosen] > slots.e_max[chosen]]
        limit = {"upper": (slots.e_max - slots.e_offset)[chosen] * KW}
    else:
        chosen = chosen[slots.e_min[chosen] > slots.e_least[chosen]]
        limit = {"lower": (slots.e_min - slots.e_offset)[chosen] * KW}
    rows = builder.g.add(f"energy_{direction}", len(chosen), **limit)
    load.of(chosen).add_to(builder, rows, slots.energy_per_p[chosen])
    previous = slots.previous[chosen]
    follows = previous >= 0
    builder.add_term(LINEAR, rows[follows], energy[previous[follows], None], np.ones((follows.sum(), 1)))


def _replaced(power: LinearPower, chosen: IntArray, load: IntArray) -> LinearPower:
    """The charging power, with variables of their own in the chosen slots."""
    first, second = power.first.copy(), power.second.copy()
    a, b, constant = power.a.copy(), power.b.copy(), power.constant.copy()
    first[chosen], second[chosen] = load, -1
    a[chosen], b[chosen], constant[chosen] = 1.0, 0.0, 0.0
    return LinearPower(first, second, a, b, constant)


def schedule_of(case: Case, variables: EvVariables, x: FloatArray) -> Schedule:
    """Powers and energies of all EVs at the point x."""
    return schedule_from_slots(case, {name: _values(load, x) for name, load in variables.load.items()})


def schedule_from_slots(case: Case, load: Mapping[str, FloatArray]) -> Schedule:
    """From EV loads per scenario and slot [MW]; the solver's 1e-9 are clipped so that P_up, P_down >= 0 and (17) hold.

    Limits hold after it as well: a charging power moved by clipping moves the energies after it by as little.
    """
    slots = case.evs.slots
    p_slot = np.clip(load["base"], slots.p_min, slots.p_max)
    flex = {}
    for direction, sign in (("up", 1.0), ("down", -1.0)):
        activated = np.clip(load[direction], 0.0, slots.p_max)
        offered = case.evs.offers[direction].offered
        flex[direction] = np.where(offered, np.maximum(sign * (activated - p_slot), 0.0), 0.0)
    e_slot = np.empty(len(slots))
    for i in range(len(slots)):  # in order of time within each chain
        before = e_slot[slots.previous[i]] if slots.previous[i] >= 0 else 0.0
        e_slot[i] = before + slots.e_offset[i] + slots.energy_per_p[i] * p_slot[i]
    p, e = case.evs.fixed_p.copy(), case.evs.fixed_e.copy()
    p_up, p_down = np.zeros_like(p), np.zeros_like(p)
    at = (slots.period, slots.ev)
    p[at], e[at], p_up[at], p_down[at] = p_slot, e_slot, flex["up"], flex["down"]
    if case.evs.held.any():
        fill_energies_while_held(case.evs, e)
    return Schedule(p, p_up, p_down, e)


def _values(power: LinearPower, x: FloatArray) -> FloatArray:
    """In MW."""
    second = np.where(power.second >= 0, power.b * x[power.second], 0.0)
    return (power.a * x[power.first] + second + power.constant) / KW
