"""What sessions of cars take: numbers in another unit show by their median."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault

#: bounds of the median energy of sessions: below it hardly anything is charged, above it no truck
LEAST_KWH, MOST_KWH = 0.1, 500.0
#: bounds of the median of the largest powers: a car takes 1.4 kW from a household socket, a truck some 1000 kW
LEAST_KW, MOST_KW = 0.4, 2000.0
#: the same where a column says its unit: wrong by a factor of 1000 only
MOST_SAID_KWH = 2000.0
OF_CARS = {
    "kWh": (LEAST_KWH, MOST_SAID_KWH), "MWh": (LEAST_KWH / 1e3, MOST_SAID_KWH / 1e3),
    "kW": (LEAST_KW, MOST_KW), "MW": (LEAST_KW / 1e3, MOST_KW / 1e3),
}  # fmt: skip


def median_of_cars(values: FloatArray, default: float) -> float:
    """Of the sessions that charged."""
    charged = values[values > 0]
    return float(np.median(charged)) if len(charged) else default


def other_unit_faults(table: str, column: str, values: FloatArray, unit: str) -> list[Fault]:
    """Energies or powers that are not in the unit in which they are read."""
    least, most = OF_CARS[unit]
    median = median_of_cars(values, least)
    if least <= median <= most:
        return []
    value, remedy = f"a median of {median:g} {unit}", f"give numbers in {unit}"
    return [Fault(table, column, (), value, "is not what cars take", remedy)]
