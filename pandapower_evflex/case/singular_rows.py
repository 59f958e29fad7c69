"""Rows of branches that no single cell spoils, and that the model cannot be built from: checks of `net_tables`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import as_numbers, fault_where
from pandapower_evflex.tables.schema import Check


def _values(rows: pd.DataFrame, column: str) -> FloatArray:
    return as_numbers(rows[column])[0]


def no_impedance(table: str, r: str, x: str) -> Check:
    """Rows whose resistance and reactance are both 0 join two buses to one, which no branch can."""

    def check(net: Net, rows: pd.DataFrame) -> list[Fault]:
        none = (_values(rows, r) == 0.0) & (_values(rows, x) == 0.0)
        remedy = "give an impedance, or join the two buses by a switch"
        return fault_where(table, rows, x, none, f"beside {r} 0 leaves no impedance", remedy)

    return check


def no_short_circuit_voltage(table: str, vk: str, vkr: str) -> Check:
    """vk is the hypotenuse: |vk| >= |vkr|, and not 0; a negative one is a capacitive series reactance."""

    def check(net: Net, rows: pd.DataFrame) -> list[Fault]:
        size, part = np.abs(_values(rows, vk)), np.abs(_values(rows, vkr))
        return [
            *fault_where(
                table, rows, vk, size == 0.0, "leaves no impedance", "give percent, 4 to 12 for most transformers"
            ),
            *fault_where(table, rows, vkr, (part > size) & (size > 0.0), f"is above {vk}", f"give percent up to {vk}"),
        ]

    return check


def no_characteristic(table: str, flag: str) -> Check:
    """Rows that follow a characteristic and name none."""

    def check(net: Net, rows: pd.DataFrame) -> list[Fault]:
        if flag not in rows:
            return []
        follows = rows[flag].eq(True).fillna(False).to_numpy(dtype=bool)
        named = rows["id_characteristic_table"] if "id_characteristic_table" in rows else pd.Series(None, rows.index)
        remedy = "name the characteristic in id_characteristic_table, or set the column to False"
        return fault_where(table, rows, flag, follows & named.isna().to_numpy(), "names no characteristic", remedy)

    return check


def two_tap_steps(table: str) -> Check:
    """An ideal phase shifter has its step in degrees or in percent."""

    def check(net: Net, rows: pd.DataFrame) -> list[Fault]:
        if not {"tap_changer_type", "tap_step_percent", "tap_step_degree"} <= set(rows):
            return []
        ideal = rows["tap_changer_type"].eq("Ideal").fillna(False).to_numpy(dtype=bool)
        both = [np.nan_to_num(_values(rows, f"tap_step_{unit}")) != 0.0 for unit in ("percent", "degree")]
        remedy = "keep one of the two, and set the other to NaN"
        return fault_where(
            table, rows, "tap_step_degree", ideal & both[0] & both[1], "stands beside tap_step_percent", remedy
        )

    return check


def taps_without_neutral(table: str) -> Check:
    """A position counts from the neutral one."""

    def check(net: Net, rows: pd.DataFrame) -> list[Fault]:
        if "tap_neutral" in rows or "tap_pos" not in rows or not rows["tap_pos"].notna().any():
            return []
        return [Fault(table, "tap_neutral", (), "the column", "is missing beside tap_pos", "put it back")]

    return check
