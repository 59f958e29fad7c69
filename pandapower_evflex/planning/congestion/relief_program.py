"""Several limits broken in a window: the program of sheds and offers, solved again until a power flow agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray
from pandapower_evflex.planning.congestion.overload import AT_LIMIT, Overload, find_overloads
from pandapower_evflex.planning.congestion.reactive_power import effect_of, with_reactive_power
from pandapower_evflex.planning.congestion.sheds import Relief, Sheds, least_cost_sheds
from pandapower_evflex.planning.congestion.windows import Congestion
from pandapower_evflex.planning.fault.operating_state import OperatingState

#: excess, as a share of the limit, up to which the program is not solved again; what branches that feed a part alone
#: then still miss is shed behind them in the same proportion
SMALL_EXCESS = 1e-4
#: most times that the program is solved
MAX_PROGRAMS = 8


@dataclass(frozen=True)
class Cut:
    """A limit to first order [n_period of the window, n_row]."""

    missing_mw: FloatArray
    effect: FloatArray
    counts: ComplexArray

    @classmethod
    def of(cls, overload: Overload) -> Cut:
        counts = overload.effect.astype(np.complex128) if overload.counts is None else overload.counts
        return cls(overload.missing_mw, overload.effect, counts)

    def of_reliefs(self, reliefs: Sequence[Relief]) -> FloatArray:
        """What of a MW of every offer counts [n_period, n_relief]."""
        rows = [relief.row for relief in reliefs]
        return effect_of(self.counts[:, rows], np.array([relief.tan_phi for relief in reliefs]))

    def on_top_of(self, shed_mw: FloatArray, bought_mw: FloatArray, reliefs: Sequence[Relief]) -> Cut:
        """The same limit, counted from nothing shed and nothing bought."""
        taken = (self.effect * shed_mw).sum(axis=1) + (self.of_reliefs(reliefs) * bought_mw).sum(axis=1)
        return Cut(np.where(self.missing_mw > 0.0, self.missing_mw + taken, 0.0), self.effect, self.counts)

    def where_now(self, now: BoolArray, before: Cut) -> Cut:
        """This one in the periods of now, the one before elsewhere."""
        rows = now[:, None]
        return Cut(
            np.where(now, self.missing_mw, before.missing_mw),
            np.where(rows, self.effect, before.effect),
            np.where(rows, self.counts, before.counts),
        )


class _Cuts:
    """All limits to first order.

    The loading of a branch that feeds a part alone is convex in what is removed, so that each of its cuts goes on
    holding; of others the latest counts in each period.
    """

    def __init__(self) -> None:
        self.cuts: list[Cut] = []
        self._place: dict[tuple[object, ...], int] = {}

    def add(self, overload: Overload, cut: Cut) -> None:
        place = None if overload.is_radial else self._place.get(overload.limit_key)
        if place is not None:
            self.cuts[place] = cut.where_now(overload.missing_mw > 0.0, self.cuts[place])
            return
        self._place[overload.limit_key] = len(self.cuts)
        self.cuts.append(cut)


def relieve(
    state: OperatingState,
    congestion: Congestion,
    s: ComplexArray,
    load: ComplexArray,
    reliefs: Sequence[Relief],
    voll_eur_per_mwh: float,
) -> Sheds:
    """The cheapest sheds and purchases of a window with which all limits hold in a power flow.

    Parameters
    ----------
    s, load : complex [n_case, n_row]    injections of all periods, and what can be shed of them
    """
    cases, period_h = congestion.window.cases, congestion.window.day.period_h
    state, s, load = state.in_periods(cases), s[cases], load[cases]
    p = np.maximum(load.real, 0.0)
    cuts = _Cuts()
    for own in congestion.overloads:
        of_window = own.in_cases(cases)
        cuts.add(of_window, Cut.of(with_reactive_power(state, s, load, load, of_window)))
    for _ in range(MAX_PROGRAMS):
        sheds = _solved(cuts.cuts, p, reliefs, voll_eur_per_mwh, period_h)
        s_left, load_left = _without(s, load, sheds, reliefs)
        still = find_overloads(state, s_left, load_left, load, (AT_LIMIT, SMALL_EXCESS)).curable
        large = [own for own in still if own.excess.max() > SMALL_EXCESS]
        if not large or sheds.broken.any():
            break
        for own in large:
            cut = Cut.of(with_reactive_power(state, s_left, load_left, load, own))
            cuts.add(own, cut.on_top_of(sheds.shed_mw, sheds.bought_mw, reliefs))
    return Sheds(sheds.shed_mw + _rest(still, load_left), sheds.bought_mw, sheds.broken)


def _solved(
    cuts: Sequence[Cut], p: FloatArray, reliefs: Sequence[Relief], voll_eur_per_mwh: float, period_h: float
) -> Sheds:
    missing, effect = (np.array([getattr(cut, name) for cut in cuts]) for name in ("missing_mw", "effect"))
    of_reliefs = np.array([cut.of_reliefs(reliefs) for cut in cuts])
    return least_cost_sheds(missing, effect, p, reliefs, voll_eur_per_mwh, period_h, of_reliefs)


def _without(
    s: ComplexArray, load: ComplexArray, sheds: Sheds, reliefs: Sequence[Relief]
) -> tuple[ComplexArray, ComplexArray]:
    """Injections and what can still be shed, with all that the program takes away."""
    p = load.real
    taken = np.divide(sheds.shed_mw, p, out=np.zeros(p.shape), where=p > 0.0) * load
    for relief, bought in zip(reliefs, sheds.bought_mw.T, strict=True):
        taken[:, relief.row] += bought * (1.0 + 1.0j * relief.tan_phi)
    left = load - taken
    return s + taken, np.where(left.real > 0.0, left, 0.0)


def _rest(still: Sequence[Overload], load: ComplexArray) -> FloatArray:
    """What branches that feed a part alone still miss, shed in the same proportion behind each [n_period, n_row]."""
    p = np.maximum(load.real, 0.0)
    share = np.zeros(p.shape)
    for own in still:
        if own.is_radial:
            behind = own.effect > 0.0
            total = (behind * p).sum(axis=1)
            of_branch = np.divide(own.missing_mw, total, out=np.zeros(len(total)), where=total > 0.0)
            share = np.maximum(share, behind * of_branch[:, None])
    return share * p
