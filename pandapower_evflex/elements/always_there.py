"""Units that are there all the horizon: in the equations of EVs, cars with one stay, all of them scheduled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, IntArray
from pandapower_evflex.elements.ev_slots import Offers, Slots, Units, offers_of, slots_of
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.inputs import Inputs
from pandapower_evflex.scenarios import DIRECTIONS

Same = TypeVar("Same", bound=Units)


def always_there(
    inputs: Inputs, kind: str, rows: pd.DataFrame, bus_row: IntArray, tan_phi: FloatArray, stays: list[Stay],
    slots: Slots,
) -> dict[str, Any]:  # fmt: skip
    """Fields of the `Units` of some rows of a table."""
    shape = (inputs.profiles.horizon.n_periods, len(rows))
    weight = {direction: inputs.weight(direction, len(rows)) for direction in DIRECTIONS}
    flexibility = inputs.net["flexibility"]
    return {
        "index": rows.index.to_numpy(),
        "bus": rows["bus"].to_numpy(),
        "bus_row": bus_row,
        "tan_phi": tan_phi,
        "controllable": np.ones(len(rows), dtype=bool),
        "stays": stays,
        "slots": slots,
        "offers": {d: offers_of(d, rows, flexibility, slots.ev, slots.period, weight[d], kind) for d in DIRECTIONS},
        "held": np.zeros(shape, dtype=bool),
        "fixed_p": np.zeros(shape),
        "fixed_e": np.full(shape, np.nan),
        "guarantee": inputs.guarantee,
        "duration": inputs.duration,
    }


def rest_of_day(units: Same, first: int, e: FloatArray) -> Same:
    """The same units from period ``first`` on, with the energies ``e`` before it; what they must end with stays."""
    later = units.slots.period >= first
    stays = [
        replace(stay, periods=np.arange(len(units.fixed_p) - first), e_arrival=float(min(e[stay.ev], stay.e_max)))
        for stay in units.stays
    ]
    return replace(
        units,
        stays=stays,
        slots=slots_of([[stay] for stay in stays], units.controllable),
        offers={d: _later(offers, later) for d, offers in units.offers.items()},
        tan_phi=units.tan_phi if units.tan_phi.ndim == 1 else units.tan_phi[first:],
        **{name: getattr(units, name)[first:] for name in ("held", "fixed_p", "fixed_e")},
    )


def _later(offers: Offers, later: BoolArray) -> Offers:
    return Offers(**{name: getattr(offers, name)[later] for name in Offers.__dataclass_fields__})
