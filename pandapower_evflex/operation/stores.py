"""Units of a day that hold energies: EVs with their real stays, batteries and shiftable loads that are always there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_needs import with_needs_of_next
from pandapower_evflex.elements.ev_slots import Units
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.operation.planner import with_needs_as_asked
from pandapower_evflex.opf.read import Study


@dataclass(frozen=True)
class Stores:
    """What a day carries on.

    Parameters
    ----------
    stays : list per unit of Stay           EVs first, with what was asked for
    least, most : float [n_period, n_unit]  MWh at the end of a period: nothing is fed in below, nothing charged above
    """

    stays: list[list[Stay]]
    least: FloatArray
    most: FloatArray

    @classmethod
    def of(cls, truth: Study) -> Stores:
        """As things really are."""
        real = with_needs_as_asked(truth)
        n_evs, n_periods = len(real), truth.case.horizon.n_periods
        stays = [*real, *([stay] for units in _others(truth) for stay in units.stays)]
        least, most = np.zeros((n_periods, len(stays))), np.zeros((n_periods, len(stays)))
        for ev, own in enumerate(with_needs_of_next(real)):
            for stay in own:
                charged_later = stay.energy_per_p * stay.p_max * (stay.n_whole - 1.0 - np.arange(len(stay.periods)))
                least[stay.periods, ev] = np.maximum(stay.e_low, stay.e_need - charged_later)
                most[stay.periods, ev] = stay.e_max
        at = n_evs
        for units in _others(truth):
            slots, n = units.slots, len(units.index)
            least[slots.period, at + slots.ev], most[slots.period, at + slots.ev] = slots.e_min, slots.e_max
            at += n
        return cls(stays, least, most)


def _others(study: Study) -> list[Units]:
    return [part.data for part in study.case.others if isinstance(part.data, Units)]
