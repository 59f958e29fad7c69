"""What shedding against an overload means to each load: who is interrupted, how long, how much energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.planning.congestion.windows import runs
from pandapower_evflex.planning.days import Days
from pandapower_evflex.planning.fault.operating_state import OperatingState
from pandapower_evflex.planning.fault.outages import HOURS_PER_DAY, Frequency


@dataclass(frozen=True)
class ShedPoints:
    """Per load point and event, averaged over the days of the year [n_point].

    Parameters
    ----------
    interruptions : share of its customers that are interrupted, the largest of every window
    beginning : of these what begins in the course of a day, all but windows that never end
    under_way : of these what is under way at any time of a day
    hours : mean over its customers
    energy_mwh : float
    """

    interruptions: FloatArray
    beginning: FloatArray
    under_way: FloatArray
    hours: FloatArray
    energy_mwh: FloatArray

    def interruptions_of(self, frequency: Frequency) -> FloatArray:
        """By one outage.

        One that lasts T hours and may begin at any time meets a daily window of w hours (T + w) / 24 times: w / 24 of
        the outages begin within one. A window that lasts all day is met once.
        """
        if frequency.lasts:
            return frequency.events * self.beginning + self.under_way
        return frequency.events * self.interruptions


def shed_points(days: Days, state: OperatingState, shed_mw: FloatArray) -> ShedPoints | None:
    """Share out what is shed at the rows of a grid [n_period, n_row]; None where nothing is.

    All loads of a row go down in the same proportion: a third of the power is a third of the customers, and within a
    window these are the same ones.
    """
    if not shed_mw.any():
        return None
    load = state.load.real
    of_row = np.divide(shed_mw, load, out=np.zeros(shed_mw.shape), where=(shed_mw > 0.0) & (load > 0.0))
    row = np.array([state.row_of(bus) for bus in days.points.bus], dtype=np.int64)
    share = np.where((row >= 0) & (days.points.p_mw > 0.0), of_row[:, row], 0.0)
    energy_mwh = (days.share_of_year * days.period_h) @ (share * days.points.p_mw)
    share = np.minimum(share, 1.0)  # charging that comes back may be shed beyond the load of the profile
    interruptions, beginning, under_way = np.zeros((3, len(row)))
    for day in days.types:
        for window in runs(day, np.asarray(share[day.periods].any(axis=1))):
            own = day.share_of_year * share[window.cases].max(axis=0)
            interruptions += own
            beginning += 0.0 if window.never_ends else own
            under_way += own if window.never_ends else own * window.duration_h / HOURS_PER_DAY
    hours = (days.share_of_year * days.period_h) @ share
    return ShedPoints(interruptions, beginning, under_way, hours, energy_mwh)
