"""What a run needs of pandapower's own tables: columns, kinds, ranges and references, one list per table.

Found by trying every column of every table of pandapower 3.5: what is listed here makes the model singular, not finite
or impossible to build when it is missing or wrong. Negative resistances and reactances are legal: equivalents of
transmission nets have them. Ratings, limits and powers, which arguments and profiles can replace, are listed in
`net_limits` and `net_values`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pandapower_evflex.case.singular_rows import (
    no_characteristic,
    no_impedance,
    no_short_circuit_voltage,
    taps_without_neutral,
    two_tap_steps,
)
from pandapower_evflex.tables.schema import Check, Column

NUMBER_OR_NONE = "give a number, or NaN where there is none"
_SET_POINT = "give pu, 1.02 for 2 % above the nominal voltage"
#: load columns of voltage-dependent shares; one column in old nets, two in new ones
VOLTAGE_DEPENDENT = (
    "const_z_percent",
    "const_i_percent",
    "const_z_p_percent",
    "const_i_p_percent",
    "const_z_q_percent",
    "const_i_q_percent",
)
#: tables of elements with a power per phase
ASYMMETRIC = ("asymmetric_load", "asymmetric_sgen")
P_OF_PHASES = ("p_a_mw", "p_b_mw", "p_c_mw")
Q_OF_PHASES = ("q_a_mvar", "q_b_mvar", "q_c_mvar")
#: columns that any table may have, for limits
LIMITS = ("min_vm_pu", "max_vm_pu", "max_loading_percent")
#: largest set point [pu]; beyond it, it must be in percent or kV
MOST_VM_PU = 2.0


@dataclass(frozen=True)
class NetTable:
    """Columns that a run reads, beside those that may hold anything.

    Parameters
    ----------
    ends : columns that hold buses
    columns : of dtype "float64" (their ``default`` stands for values of rows out of service), "boolean"
    held : columns of numbers that must be there, but whose values `net_limits` and `net_values` check
    loose : columns in which any number or none may stand
    present : columns that must be there, whatever stands in them
    words : columns of text that must be there
    checks : of several columns; they see the rows in service
    flags : columns of truth values
    """

    name: str
    ends: tuple[str, ...]
    columns: tuple[Column, ...] = ()
    held: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    flags: tuple[str, ...] = ("in_service",)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Columns that must be there."""
        needed = (column.name for column in self.columns if not column.optional)
        return (*self.ends, *self.flags, *self.held, *self.present, *self.words, *needed)

    @cached_property
    def dtypes(self) -> dict[str, str]:
        """Dtypes of all columns that a run reads."""
        floats = (*self.held, *self.loose, *LIMITS, *VOLTAGE_DEPENDENT)
        return {
            **dict.fromkeys(floats, "float64"),
            **dict.fromkeys(self.words, "object"),
            **dict.fromkeys(self.ends, "int64"),
            **dict.fromkeys(self.flags, "bool"),
            **{column.name: "bool" if column.dtype == "boolean" else column.dtype for column in self.columns},
            **({"element": "int64"} if self.name == "switch" else {}),
        }


def _number(name: str, unit: str = "", neutral: float = 0.0, **more: Any) -> Column:
    """A finite number that every row in service must have."""
    hint = more.pop("hint", f"give a finite number{f' in {unit}' if unit else ''}")
    return Column(name, "float64", "", unit, default=neutral, required=True, hint=hint, **more)


def _positive(name: str, unit: str, hint: str = "") -> Column:
    return _number(name, unit, 1.0, above=0.0, hint=hint or f"give {unit} above 0")


def _or_nothing(name: str) -> Column:
    """A finite number, or NaN where the element has none."""
    return Column(name, "float64", "", default=np.nan, optional=True, hint=NUMBER_OR_NONE)


def _nothing_or_flag(name: str) -> Column:
    return Column(name, "boolean", "", default=False, optional=True)


def _taps(*numbers: str) -> tuple[Column, ...]:
    parts = ("pos", "neutral", "step_percent", "step_degree")
    return (
        *(_or_nothing(f"tap{number}_{part}") for number in numbers for part in parts),
        _nothing_or_flag("tap_dependency_table"),
    )


_SIDES = ("hv", "mv", "lv")
#: what pandapower asks of a DC line, though its power flow does not use it
_DCLINE_LIMITS = ("max_p_mw", *(f"{limit}_q_{end}_mvar" for limit in ("min", "max") for end in ("from", "to")))
_ELEMENT = ("bus",)

NET_TABLES: dict[str, NetTable] = {
    table.name: table
    for table in (
        NetTable("bus", (), (_positive("vn_kv", "kV"),)),
        NetTable(
            "ext_grid",
            _ELEMENT,
            (
                _number("vm_pu", "pu", 1.0, above=0.0, upper=MOST_VM_PU, hint=_SET_POINT),
                _number("va_degree", "degree"),
            ),
            loose=("slack_weight",),
            present=("slack_weight",),
        ),
        NetTable(
            "line",
            ("from_bus", "to_bus"),
            (
                _positive("length_km", "km"),
                _number("r_ohm_per_km", "ohm/km", 1.0),
                _number("x_ohm_per_km", "ohm/km", 1.0),
                _number("c_nf_per_km", "nF/km"),
                _number("g_us_per_km", "uS/km"),
            ),
            held=("max_i_ka", "df", "parallel"),
            checks=(no_impedance("line", "r_ohm_per_km", "x_ohm_per_km"),),
        ),
        NetTable(
            "trafo",
            ("hv_bus", "lv_bus"),
            (
                _positive("vn_hv_kv", "kV"),
                _positive("vn_lv_kv", "kV"),
                _number("vk_percent", "percent", 4.0),
                _number("vkr_percent", "percent", 1.0),
                _number("pfe_kw", "kW"),
                _number("i0_percent", "percent"),
                _number("shift_degree", "degree"),
                *_taps("", "2"),
            ),
            held=("sn_mva", "df", "parallel"),
            checks=(
                no_short_circuit_voltage("trafo", "vk_percent", "vkr_percent"),
                no_characteristic("trafo", "tap_dependency_table"),
                two_tap_steps("trafo"),
                taps_without_neutral("trafo"),
            ),
        ),
        NetTable(
            "trafo3w",
            tuple(f"{side}_bus" for side in _SIDES),
            (
                *(_positive(f"vn_{side}_kv", "kV") for side in _SIDES),
                *(_number(f"vk_{side}_percent", "percent", 4.0) for side in _SIDES),
                *(_number(f"vkr_{side}_percent", "percent", 1.0) for side in _SIDES),
                _number("pfe_kw", "kW"),
                _number("i0_percent", "percent"),
                _number("shift_mv_degree", "degree"),
                _number("shift_lv_degree", "degree"),
                *_taps(""),
            ),
            loose=("tap_min", "tap_max"),
            held=tuple(f"sn_{side}_mva" for side in _SIDES),
            words=("tap_side",),
            checks=(
                *(no_short_circuit_voltage("trafo3w", f"vk_{s}_percent", f"vkr_{s}_percent") for s in _SIDES),
                no_characteristic("trafo3w", "tap_dependency_table"),
            ),
            flags=("in_service", "tap_at_star_point"),
        ),
        NetTable("load", _ELEMENT, held=("p_mw", "q_mvar", "scaling")),
        NetTable("sgen", _ELEMENT, held=("p_mw", "q_mvar", "scaling")),
        NetTable("storage", _ELEMENT, held=("p_mw", "q_mvar", "scaling")),
        NetTable(
            "gen",
            _ELEMENT,
            (_number("vm_pu", "pu", 1.0, above=0.0, upper=MOST_VM_PU, hint=_SET_POINT),),
            loose=("sn_mva", "slack_weight", "min_q_mvar", "max_q_mvar"),
            present=("sn_mva", "slack_weight"),
            held=("p_mw", "scaling"),
            flags=("in_service", "slack"),
        ),
        *(
            NetTable(
                table,
                _ELEMENT,
                (
                    *(
                        _number(name, unit)
                        for names, unit in ((P_OF_PHASES, "MW"), (Q_OF_PHASES, "Mvar"))
                        for name in names
                    ),
                    _number("scaling", neutral=1.0),
                ),
            )
            for table in ASYMMETRIC
        ),
        NetTable(
            "dcline",
            ("from_bus", "to_bus"),
            (
                _number("p_mw", "MW"),
                _number("loss_percent", "percent"),
                _number("loss_mw", "MW"),
                *(
                    _number(f"vm_{end}_pu", "pu", 1.0, above=0.0, upper=MOST_VM_PU, hint=_SET_POINT)
                    for end in ("from", "to")
                ),
            ),
            loose=_DCLINE_LIMITS,
            present=_DCLINE_LIMITS,
        ),
        NetTable(
            "shunt",
            _ELEMENT,
            (
                Column("vn_kv", "float64", "", "kV", default=1.0, above=0.0, hint="give kV above 0, NaN for the bus's"),
                _number("step", neutral=1.0),
                _nothing_or_flag("step_dependency_table"),
            ),
            held=("p_mw", "q_mvar"),
            present=("id_characteristic_table",),
            checks=(no_characteristic("shunt", "step_dependency_table"),),
        ),
        NetTable("ward", _ELEMENT, held=("ps_mw", "qs_mvar", "pz_mw", "qz_mvar")),
        NetTable(
            "xward",
            _ELEMENT,
            (
                _number("r_ohm", "ohm", 1.0),
                _number("x_ohm", "ohm", 1.0),
                _number("vm_pu", "pu", 1.0, above=0.0, upper=MOST_VM_PU, hint=_SET_POINT),
            ),
            loose=("slack_weight",),
            present=("slack_weight",),
            held=("ps_mw", "qs_mvar", "pz_mw", "qz_mvar"),
            checks=(no_impedance("xward", "r_ohm", "x_ohm"),),
        ),
        NetTable(
            "impedance",
            ("from_bus", "to_bus"),
            (
                *(_number(f"{part}{way}_pu", "pu", 1.0) for way in ("ft", "tf") for part in "rx"),
                *(_number(f"{part}{side}_pu", "pu") for side in "ft" for part in "gb"),
                _positive("sn_mva", "MVA"),
            ),
            checks=tuple(no_impedance("impedance", f"r{way}_pu", f"x{way}_pu") for way in ("ft", "tf")),
        ),
        NetTable(
            "motor",
            _ELEMENT,
            (
                _number("pn_mech_mw", "MW"),
                _number("loading_percent", "percent"),
                _number("cos_phi", neutral=1.0, above=0.0, upper=1.0, hint="give a power factor above 0, up to 1"),
                _positive("efficiency_percent", "percent"),
                _number("scaling", neutral=1.0),
            ),
        ),
        NetTable(
            "switch",
            _ELEMENT,
            loose=("z_ohm",),
            present=("z_ohm", "element"),
            words=("et",),
            flags=("closed",),
        ),
    )
}

#: what `element` of a switch is an index of
SWITCHED = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}
