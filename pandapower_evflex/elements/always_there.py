"""Units that are there all the horizon: in the equations of EVs, cars with one stay, all of them scheduled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, IntArray
from pandapower_evflex.elements.ev_slots import Slots, offers_of
from pandapower_evflex.elements.ev_stays import Stay
from pandapower_evflex.elements.inputs import Inputs
from pandapower_evflex.scenarios import DIRECTIONS


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
