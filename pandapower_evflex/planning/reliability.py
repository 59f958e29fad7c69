"""Who is interrupted how often and for how long in a year: load points, and the indices of IEEE 1366."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.planning.days import LoadPoints
from pandapower_evflex.planning.fault.outages import Frequency
from pandapower_evflex.planning.fault_study import FaultOutcome

HOURS_PER_YEAR = 8760.0
INDICES = ["saifi_per_year", "saidi_h_per_year", "caidi_h", "asai", "eens_mwh_per_year", "maifi_per_year"]


@dataclass(frozen=True)
class Interruptions:
    """Of load points by faults, per event or per year [n_fault, n_point].

    Parameters
    ----------
    sustained, momentary : number of interruptions
    hours : of the sustained ones
    outage_mwh : not supplied, momentary interruptions included
    shed_mwh : shed against overload
    """

    sustained: FloatArray
    momentary: FloatArray
    hours: FloatArray
    outage_mwh: FloatArray
    shed_mwh: FloatArray

    @property
    def energy_mwh(self) -> FloatArray:
        return self.outage_mwh + self.shed_mwh


def interruptions_of(
    outcomes: list[FaultOutcome],
    frequency: list[Frequency],
    mean_mw: FloatArray,
    *,
    flexibility: bool,
    momentary_h: float,
) -> Interruptions:
    """In a year.

    A time that is not known counts as a sustained interruption of 0 h. What is shed counts with the share of customers
    that it interrupts.

    Parameters
    ----------
    frequency : of every outcome
    mean_mw : mean loads of the load points [n_point]
    momentary_h : interruptions that are known to be shorter are momentary
    """
    shape = (len(outcomes), len(mean_mw))
    sustained, momentary, hours, outage_mwh, shed_mwh = (np.zeros(shape) for _ in range(5))
    for number, own in enumerate(outcomes):
        is_momentary = own.is_out & (own.out_h < momentary_h)
        known_h = np.nan_to_num(own.out_h)
        sustained[number] = own.probability @ (own.is_out & ~is_momentary)
        momentary[number] = own.probability @ is_momentary
        hours[number] = own.probability @ np.where(is_momentary, 0.0, known_h)
        outage_mwh[number] = own.probability @ known_h * mean_mw
        shed = own.congestion.shed_with_flexibility if flexibility else own.congestion.shed
        if shed is not None:
            sustained[number] += shed.interruptions_of(frequency[number])
            hours[number] += frequency[number].events * shed.hours
            shed_mwh[number] = frequency[number].events * shed.energy_mwh
    per_year = np.reshape([own.per_year for own in frequency], (-1, 1))
    return Interruptions(*(per_year * of_event for of_event in (sustained, momentary, hours, outage_mwh, shed_mwh)))


def indices(year: Interruptions, customers: FloatArray) -> dict[str, float]:
    """SAIFI, SAIDI, CAIDI, ASAI, EENS and MAIFI; NaN for what no customer can experience."""
    total = float(customers.sum())

    def per_customer(values: FloatArray) -> float:
        return float(values.sum(axis=0) @ customers) / total if total else np.nan

    saifi, saidi = per_customer(year.sustained), per_customer(year.hours)
    caidi = saidi / saifi if saifi else np.nan
    eens = float(year.energy_mwh.sum())
    values = [saifi, saidi, caidi, 1.0 - saidi / HOURS_PER_YEAR, eens, per_customer(year.momentary)]
    return dict(zip(INDICES, values, strict=True))


def load_points(year: Interruptions, points: LoadPoints) -> pd.DataFrame:
    """One row per load in service."""
    return pd.DataFrame(
        {
            "bus": points.bus.to_numpy(),
            "customers": points.customers,
            "interruptions_per_year": year.sustained.sum(axis=0),
            "hours_per_year": year.hours.sum(axis=0),
            "energy_mwh_per_year": year.energy_mwh.sum(axis=0),
            "momentary_per_year": year.momentary.sum(axis=0),
        },
        index=points.index,
    )
