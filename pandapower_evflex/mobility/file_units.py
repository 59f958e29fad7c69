"""Units of the energies and powers of session files: what the heading says, and what cars take."""

from __future__ import annotations

import logging

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.session_formats import Format, spelling
from pandapower_evflex.tables.car_numbers import LEAST_KW, LEAST_KWH, MOST_KW, MOST_KWH, median_of_cars

logger = logging.getLogger(__name__)

#: end of a header -> kWh
ENERGY_UNITS = {"kwh": 1.0, "mwh": 1e3, "wh": 1e-3}


def refuse_other_energy(name: str, energy_kwh: FloatArray) -> None:
    """Energies of records whose format says the unit, where they show that another one was written.

    Raises
    ------
    InvalidInputError
    """
    median = median_of_cars(energy_kwh, LEAST_KWH)
    if not LEAST_KWH <= median <= MOST_KWH:
        remedy = "write energies in the unit of the format: kWh, in logs of OCPP Wh"
        value = f"a median session of {median:g} kWh"
        raise InvalidInputError([Fault(name, "energy", (), value, "is not what cars take", remedy)])


def refuse_other_power(name: str, column: str, p_kw: FloatArray) -> None:
    """Largest powers that are not in kW.

    Raises
    ------
    InvalidInputError
    """
    median = median_of_cars(p_kw, LEAST_KW)
    if not LEAST_KW <= median <= MOST_KW:
        value, remedy = f"a median of {median:g} kW", "give the largest power in kW, or leave the column out"
        raise InvalidInputError([Fault(name, column, (), value, "is not what cars take", remedy)])


def kwh_of(name: str, known: Format, column: str, energy: FloatArray) -> float:
    """Unit of a column of energies in kWh, by the end of its name; without one, kWh if these are energies of cars.

    Raises
    ------
    InvalidInputError    they are not
    """
    unit = next((unit for unit in ENERGY_UNITS if spelling(column).endswith(unit)), None)
    if unit is not None:
        return ENERGY_UNITS[unit]
    median = median_of_cars(energy, LEAST_KWH)
    if not LEAST_KWH <= median <= MOST_KWH:
        shown, problem = f"half of the energies are above {median:g}", "and the heading names no unit"
        remedy = f'kWh is meant; name another unit in the heading: "{column} (Wh)"'
        raise InvalidInputError([Fault(name, column, (), shown, problem, remedy)])
    if known.name == "chargepoint":
        logger.warning("%s: the column %r names no unit, it is taken for kWh", name, column)
    return 1.0
