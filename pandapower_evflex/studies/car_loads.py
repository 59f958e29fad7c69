"""What the cars of a fleet draw where no grid limits them: worked out once for all shares, car by car."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import ComplexArray, FloatArray
from pandapower_evflex.elements import ev
from pandapower_evflex.opf import read
from pandapower_evflex.opf.uncontrolled import charged_by, charging_at_arrival
from pandapower_evflex.opf.verify import VERIFIED
from pandapower_evflex.studies.answer import charged_in
from pandapower_evflex.studies.band import flat_band, with_bands

#: the schedule with the most flexibility and both activations, the edges of the widest band, and charging from arrival
BASE, UP, DOWN, LOWER, UPPER, SAME, FULL = LOADS = ("base", "up", "down", "lower", "upper", "same", "full")


@dataclass(frozen=True)
class CarLoads:
    """Every car of a fleet by itself; the cars of a share are the first of them.

    Parameters
    ----------
    mw : {name of `LOADS`: float [n_period, n_car]}
    tan_phi : float [n_car]                          reactive over active power
    at_bus : sparse [n_car, n_bus]                   1 at the bus of each car
    charged_mwh, full_mwh, short_mwh : float [n_car] by the schedule, until the battery is full, and what no charging
                                                     reaches
    plugged_mw : float [n_car]                       full power, summed over the periods that the car is plugged in
    """

    mw: Mapping[str, FloatArray]
    tan_phi: FloatArray
    at_bus: csr_matrix
    charged_mwh: FloatArray
    full_mwh: FloatArray
    short_mwh: FloatArray
    plugged_mw: FloatArray

    def first(self, n: int) -> CarLoads:
        """Those of the first n cars."""
        return CarLoads(
            {name: loads[:, :n] for name, loads in self.mw.items()},
            self.tan_phi[:n],
            self.at_bus[:n],
            *(values[:n] for values in (self.charged_mwh, self.full_mwh, self.short_mwh, self.plugged_mw)),
        )

    def mva(self, name: str, q_follows_flexibility: bool) -> ComplexArray:
        """Active and reactive load [n_period, n_car]."""
        p_for_q = name if q_follows_flexibility else _Q_WITHOUT_CALL.get(name, name)
        return self.mw[name] + 1j * (self.tan_phi * self.mw[p_for_q])

    def at_buses(self, loads: Any) -> Any:
        """Loads of cars [n, n_car], complex or their magnitudes, summed by bus [n, n_bus]."""
        return np.asarray((self.at_bus.T @ loads.T).T)


#: whose reactive power an activation has where that follows the schedule alone; the plan of a band is its lower edge
_Q_WITHOUT_CALL = {UP: BASE, DOWN: BASE, UPPER: LOWER}


def car_loads(study: read.Study) -> CarLoads | None:
    """Of the cars of a case with EVs alone; None where not all of them have such a schedule and a flat band."""
    case, evs = study.case, study.case.evs
    if case.others or case.forecasts != ("",) or not evs.controllable.all() or not len(evs.slots):
        return None
    schedule, banded = ev.alone(evs), with_bands(case).evs
    band = flat_band(banded)
    if np.isnan(schedule.p).any() or band is None:
        return None
    if max(ev.violation(evs, schedule), ev.violation(banded, band)) > VERIFIED:
        return None
    charged = charged_in(case, schedule)
    full = charging_at_arrival(case, "full", None)
    n_car = len(evs.index)
    car_of = {stay.session: stay.ev for stay in evs.stays}

    def summed(cars: Any, values: Any) -> FloatArray:
        return np.bincount(np.asarray(cars, dtype=np.int64), values, minlength=n_car).astype(float)

    def by_car(values: Mapping[Any, float]) -> FloatArray:
        return summed([car_of[session] for session in values], list(values.values()))

    return CarLoads(
        mw={
            BASE: schedule.p,
            UP: schedule.load("up"),
            DOWN: schedule.load("down"),
            LOWER: band.p,
            UPPER: band.load("up"),
            SAME: charging_at_arrival(case, "result", charged),
            FULL: full,
        },
        tan_phi=evs.tan_phi,
        at_bus=csr_matrix((np.ones(n_car), (np.arange(n_car), evs.bus_row)), shape=(n_car, len(case.grid.vm_min))),
        charged_mwh=by_car(charged),
        full_mwh=by_car(charged_by(case, full)),
        short_mwh=by_car((study.reduced["e_need_mwh"] - study.reduced["e_reduced_mwh"]).to_dict()),
        plugged_mw=summed(evs.slots.ev, evs.slots.p_max),
    )
