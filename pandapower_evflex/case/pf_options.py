"""What a user sets through `net.user_pf_options`: taken over as `pandapower.runpp` does, or refused by name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.errors import Fault, listed
from pandapower_evflex.tables.faults import as_numbers, fault_where, is_readable

logger = logging.getLogger(__name__)

TABLE = "user_pf_options"


@dataclass(frozen=True)
class ModelOption:
    """An option that changes the model, or what loadings are measured by.

    Parameters
    ----------
    default : Any         of `runpp`
    is_right : function   of a value
    remedy : str
    """

    default: Any
    is_right: Callable[[Any], bool]
    remedy: str


def _is_bool(value: Any) -> bool:
    """SQLite gives truth values back as 0 and 1."""
    return isinstance(value, bool | int | float | np.bool_ | np.number) and value in (0, 1)


def _is_flag(option: ModelOption) -> bool:
    return isinstance(option.default, bool)


def _is_ratio(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return bool(number and np.isfinite(value) and value >= 0.0)


_FLAG = "give True or False"
MODEL_OPTIONS: dict[str, ModelOption] = {
    "calculate_voltage_angles": ModelOption(True, lambda v: _is_bool(v) or v == "auto", 'give True, False or "auto"'),
    "trafo_model": ModelOption("t", lambda v: isinstance(v, str) and v in ("t", "pi"), 'give "t" or "pi"'),
    "trafo3w_losses": ModelOption(
        "hv", lambda v: isinstance(v, str) and v in ("hv", "mv", "lv", "star"), 'give "hv", "mv", "lv" or "star"'
    ),
    "trafo_loading": ModelOption(
        "current", lambda v: isinstance(v, str) and v in ("current", "power"), 'give "current" or "power"'
    ),
    "switch_rx_ratio": ModelOption(2, _is_ratio, "give a number of 0 or more"),
    "neglect_open_switch_branches": ModelOption(False, _is_bool, _FLAG),
    "consider_line_temperature": ModelOption(False, _is_bool, _FLAG),
    "voltage_depend_loads": ModelOption(True, _is_bool, _FLAG),
}
#: only these values leave the model as it is here
ONLY: dict[str, tuple[Any, str]] = {
    "enforce_q_lims": (False, "reactive limits of generators are not enforced"),
    "enforce_p_lims": (False, "active limits of generators are not enforced"),
    "distributed_slack": (False, "the slack is not distributed"),
    "tdpf": (False, "line temperatures do not follow currents"),
    "ac": (True, "the power flow is an AC one"),
    "mode": ("pf", "the power flow is an ordinary one"),
}
#: columns by which `enforce_q_lims` changes a power flow; a slack takes what it must
REACTIVE_LIMITS = {
    "gen": ("min_q_mvar", "max_q_mvar", "id_q_capability_characteristic"),
    "sgen": ("min_q_mvar", "max_q_mvar", "id_q_capability_characteristic"),
    "dcline": ("min_q_from_mvar", "max_q_from_mvar", "min_q_to_mvar", "max_q_to_mvar"),
}
#: how `runpp` gets to its solution or shows it, not what that is
HARMLESS = {
    "algorithm", "check_connectivity", "copy_constraints_to_ppc", "delta", "delta_q", "init", "init_results",
    "init_va_degree", "init_vm_pu", "lightsim2grid", "max_iteration", "numba", "only_v_results", "permc_spec",
    "recycle", "run_control", "tdpf_delay_s", "tdpf_update_r_theta", "tolerance_mva", "use_umfpack",
    "v_debug",
}  # fmt: skip


def model_options(net: Net) -> dict[str, Any]:
    """Options of the model, as the user set them or by default; they are right (`pf_option_faults`)."""
    given = _given(net)
    options = {name: given.get(name, option.default) for name, option in MODEL_OPTIONS.items()}
    # runpp decides "auto" where it is an argument; set by the user, it stays the text, which counts as true
    return {name: bool(value) if _is_flag(MODEL_OPTIONS[name]) else value for name, value in options.items()}


def trafo_loading(net: Net, argument: str, default: str) -> str:
    """What loadings of transformers are measured by, "power" or "current".

    As in `runpp`, the user's option holds unless the argument is another one than its default.
    """
    option = _given(net).get("trafo_loading", default)
    return option if argument == default and MODEL_OPTIONS["trafo_loading"].is_right(option) else argument


def loads_ignore_voltage(net: Net) -> bool:
    """Whether `runpp` takes loads with shares of constant impedance or current as constant powers."""
    given = _given(net).get("voltage_depend_loads", True)
    return _is_bool(given) and not bool(given)


def pf_option_faults(net: Net) -> list[Fault]:
    """Options that would make `runpp` solve something else than this package does; unknown ones are logged."""
    if not isinstance(net.get(TABLE, {}), Mapping):
        remedy = "set them with pandapower.set_user_pf_options(net, ...)"
        return [Fault(TABLE, "", (), f"a {type(net[TABLE]).__name__}", "is not a dict of options", remedy)]
    given, faults = _given(net), []
    for name, option in MODEL_OPTIONS.items():
        if name in given and not option.is_right(given[name]):
            faults.append(Fault(TABLE, name, (), repr(given[name]), "is not understood", option.remedy))
    for name, (value, meaning) in ONLY.items():
        wrong = given.get(name, value)
        if name == "enforce_q_lims" and _is_bool(wrong) and wrong and not _has_reactive_limits(net):
            continue
        if not (_is_bool(wrong) if isinstance(value, bool) else isinstance(wrong, str)) or wrong != value:
            faults.append(
                Fault(TABLE, name, (), repr(wrong), f"is not supported: {meaning} here", f"set it to {value!r}")
            )
    unknown = [name for name in given if name not in {*MODEL_OPTIONS, *ONLY, *HARMLESS}]
    if unknown:
        logger.warning("net.user_pf_options holds %s, which runpp does not know: without effect", listed(unknown))
    return faults + _temperature_faults(net, given)


def _has_reactive_limits(net: Net) -> bool:
    """Whether anything in service has a reactive limit."""
    return any(
        net[table].loc[live_rows(net, NET_TABLES[table])].filter(items=columns).notna().any(axis=None)
        for table, columns in REACTIVE_LIMITS.items()
        if is_readable(net.get(table))
    )


def _given(net: Net) -> Mapping[str, Any]:
    return net.get(TABLE, {}) if isinstance(net.get(TABLE, {}), Mapping) else {}


def _temperature_faults(net: Net, given: Mapping[str, Any]) -> list[Fault]:
    """With line temperatures, every line in service needs one."""
    considered = given.get("consider_line_temperature")
    if not (_is_bool(considered) and considered):
        return []
    column = "temperature_degree_celsius"
    remedy = "give the temperature of every line, or set user_pf_options.consider_line_temperature to False"
    if column not in net["line"]:
        return [Fault("line", column, (), "the column", "is missing, and line temperatures are considered", remedy)]
    floats, not_number = as_numbers(net["line"][column])
    live, _ = as_numbers(net["line"]["in_service"].astype(object).map(lambda v: 1.0 if v is True or v == 1 else 0.0))
    wrong = (not_number | ~np.isfinite(floats)) & (live > 0.0)
    return fault_where("line", net["line"], column, wrong, "is not a finite number", remedy)
