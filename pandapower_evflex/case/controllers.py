"""pandapower's controllers: the profiles that they hold, and that none of them is run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.profiles import SUPPORTED, Profile
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.kinds import check_net
from pandapower_evflex.tables.number_text import read_hint


def idle_controllers(net: Net, profiled: Mapping[tuple[str, str], Collection[Any]]) -> str:
    """A sentence on controllers in service that `runpp(run_control=True)` or `run_timeseries` would run; "" for none.

    A ConstControl whose profile is given does not count.

    Parameters
    ----------
    profiled : {(table, column): elements}
    """
    others, unread = _idle_kinds(net, profiled)
    parts = []
    if others:
        parts.append(
            f"controllers in service ({listed(others)}) are not run: their set points stay as they are on the net; "
            "pandapower.runpp(net, run_control=True) first sets them for the state on the net"
        )
    if unread:
        parts.append(
            f"profiles of ConstControl ({listed(unread)}) are not read unless given: "
            "profiles=evf.profiles_from_controllers(net)"
        )
    return "; ".join(parts)


def _idle_kinds(net: Net, profiled: Mapping[tuple[str, str], Collection[Any]]) -> tuple[list[str], list[str]]:
    """Classes of controllers that would act, with their number, and variables of profiles that were not given."""
    from pandapower.control import ConstControl

    table = net.get("controller")
    if not isinstance(table, pd.DataFrame) or not {"object", "in_service"} <= set(table):
        return [], []
    others: dict[str, int] = {}
    unread: dict[str, None] = {}
    for controller, live in zip(table["object"], table["in_service"], strict=True):
        if live is not True and live != 1:
            continue
        key = (getattr(controller, "element", None), getattr(controller, "variable", None))
        if isinstance(controller, ConstControl) and key in SUPPORTED:
            known = set(profiled.get(key, ()))
            if not known.issuperset(np.atleast_1d(controller.element_index).tolist()):
                unread[".".join(key)] = None
            continue
        name = type(controller).__name__
        others[name] = others.get(name, 0) + 1
    return [f"{name} {count}" for name, count in others.items()], list(unread)


def driven_by_controllers(net: Net, table: str, column: str, labels: pd.Index) -> list[Fault]:
    """Controllers in service that set a column of the given rows, which a schedule sets too."""
    controllers = net.get("controller")
    if not isinstance(controllers, pd.DataFrame) or not {"object", "in_service"} <= set(controllers):
        return []
    faults = []
    for number, controller, live in zip(
        controllers.index, controllers["object"], controllers["in_service"], strict=True
    ):
        sets = (getattr(controller, "element", None), getattr(controller, "variable", None))
        own = labels.intersection(np.atleast_1d(getattr(controller, "element_index", [])))
        if (live is True or live == 1) and sets == (table, column) and len(own):
            remedy = (
                f"set in_service of net.controller row {number} to False, or that of the row of net.flexibility; a "
                "profile that is given is replaced by the schedule"
            )
            problem = f"is also driven by controller {number} ({type(controller).__name__})"
            faults.append(Fault(table, column, tuple(own), f"the {table}", problem, remedy))
    return faults


def profiles_from_controllers(net: Net) -> Profile:
    """Profiles of the ConstControl controllers on the net that read from a DFData source.

    Parameters
    ----------
    net : pandapowerNet    nothing on it is changed

    Returns
    -------
    {(table, column): DataFrame[period x element index]}
        as `run_flexibility_opf` takes them; controllers out of service and those of other variables are left out

    Raises
    ------
    InvalidInputError    a controller names a profile that its data source does not have, or one that holds text
    """
    from pandapower.control import ConstControl
    from pandapower.timeseries import DFData

    check_net("profiles_from_controllers", net)
    parts: dict[tuple[str, str], dict[Any, pd.Series]] = {}
    faults: list[Fault] = []
    for label, row in net["controller"].iterrows():
        controller = row["object"]
        if not row["in_service"] or not isinstance(controller, ConstControl):
            continue
        key = (controller.element, controller.variable)
        if key not in SUPPORTED or not isinstance(controller.data_source, DFData):
            continue
        elements = np.atleast_1d(controller.element_index)
        names = np.broadcast_to(np.atleast_1d(np.asarray(controller.profile_name, dtype=object)), elements.shape)
        df = controller.data_source.df
        found = _source_faults(label, df, names)
        faults += found
        if not found:
            scale = getattr(controller, "scale_factor", 1.0)
            pairs = zip(elements.tolist(), names, strict=True)
            parts.setdefault(key, {}).update({element: df[name] * scale for element, name in pairs})
    if faults:
        raise InvalidInputError(faults)
    return {key: pd.DataFrame(columns) for key, columns in parts.items()}


def _source_faults(controller: Any, df: pd.DataFrame, names: Any) -> list[Fault]:
    """Profiles that the data source of a controller does not have, and those that hold text."""
    missing = [name for name in names if name not in df.columns]
    if missing:
        problem, remedy = "is not among the columns of its data source", "name a column of the DFData frame"
        return [Fault("controller", "profile_name", (controller,), listed(missing), problem, remedy)]
    faults = []
    for name in dict.fromkeys(names):
        _, not_number = as_numbers(df[name])
        if not_number.any():
            shown = df[name].to_numpy(dtype=object)[not_number]
            rows, remedy = tuple(df.index[not_number].tolist()), f"give numbers in MW or Mvar{read_hint(shown)}"
            faults.append(Fault("DFData", str(name), rows, shown_values(shown), "is not a number", remedy))
    return faults
