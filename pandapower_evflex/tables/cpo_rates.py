"""`net.cpo_charging_rate` and `net.cpo_occupancy_rate`: a day of rates per site, as flat frames (period x cpo)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.faults import is_readable, labels_of
from pandapower_evflex.tables.format_version import stamp_version
from pandapower_evflex.tables.kinds import check_net, is_label
from pandapower_evflex.tables.links import moved_columns
from pandapower_evflex.tables.rate_values import checked_rates, label_faults, period_count_faults
from pandapower_evflex.tables.rows import as_cells
from pandapower_evflex.tables.stored_frame import StoredFrame

FUNCTION = "set_cpo_rates"
CHARGING, OCCUPANCY = "cpo_charging_rate", "cpo_occupancy_rate"
RATE_TABLES = (CHARGING, OCCUPANCY)

#: number of periods of a day where only scalars are given: quarter hours
DEFAULT_PERIODS = 96


def set_cpo_rates(net: Net, cpo: int, charging_rate: Any, occupancy_rate: Any) -> None:
    """Keep a day of charging and occupancy rates of a site on the net.

    All sites of a net have rates of the same period. Rates beyond their bounds by at most 1e-9 are set to the bound.

    Parameters
    ----------
    net : pandapowerNet
    cpo : int                        index in net.cpo; rates that it already has are replaced
    charging_rate : float or [n]     C of the second paper: share of the outlets that charge a car, in each period from
                                     00:00 local; the period is 24 h / n, a whole number of minutes. Values count by
                                     position: a Series with labels of other times, or in another order, is refused
    occupancy_rate : float or [n]    O: share of the outlets with a car, at least C. Two scalars: n is that of the other
                                     sites, else 96

    Raises
    ------
    InvalidInputError    unknown site; rates that are missing, negative, above 1 (percent) or above the occupancy; a
        number of rates that does not fit; the net is unchanged

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> cpo = evf.create_cpo(net, 5, n_evse=12, evse_p_mw=0.022)
    >>> evf.set_cpo_rates(net, cpo, [0.0, 0.6, 0.3, 0.1], [0.1, 0.7, 0.8, 0.2])  # periods of 6 h
    >>> net.cpo_occupancy_rate[cpo].tolist()
    [0.1, 0.7, 0.8, 0.2]
    """
    check_net("set_cpo_rates", net)
    faults = _site_faults(net, cpo)
    others = [frame.drop(columns=cpo, errors="ignore") for frame in _frames(net)] if not faults else []
    n_others = next((len(frame) for frame in others if len(frame.columns)), None)
    cells, number = _day_cells({"charging_rate": charging_rate, "occupancy_rate": occupancy_rate}, n_others)
    faults += number
    if not faults:
        places = ((FUNCTION, "charging_rate"), (FUNCTION, "occupancy_rate"))
        faults, charging, occupancy = checked_rates(cells[0], cells[1], places)
    if faults:
        raise InvalidInputError(faults)
    for i, (name, rates) in enumerate(((CHARGING, charging), (OCCUPANCY, occupancy))):
        own = pd.DataFrame({int(cpo): rates})
        net[name] = StoredFrame(own if n_others is None else pd.concat([others[i], own], axis=1))
    stamp_version(net)


def rates_of(net: Net, cpos: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Charging and occupancy rates [n_period, n_cpo] of sites.

    Raises
    ------
    InvalidInputError    a site without rates, or rates that are wrong
    """
    faults = rate_faults(net)
    charging, occupancy = _frames(net) if not faults else (pd.DataFrame(), pd.DataFrame())
    without = tuple(cpo for cpo in cpos if cpo not in charging)
    if without and not faults:
        faults = [Fault(CHARGING, "", without, "a day of rates", "is missing", "give it with set_cpo_rates")]
    if faults:
        raise InvalidInputError(faults)
    _, c, o = checked_rates(
        charging[list(cpos)].to_numpy(dtype=float).ravel(), occupancy[list(cpos)].to_numpy(dtype=float).ravel(),
        ((CHARGING, ""), (OCCUPANCY, "")),
    )  # fmt: skip
    shape = (len(charging), len(cpos))
    return c.reshape(shape), o.reshape(shape)


def rate_faults(net: Net) -> list[Fault]:
    """Everything wrong with the rates as they stand on the net."""
    faults = _frame_faults(net)
    if faults or CHARGING not in net:
        return faults
    charging, occupancy = _frames(net)
    unknown = tuple(charging.columns.difference(labels_of(net, "cpo"), sort=False))
    if unknown:
        remedy = "drop these columns here and in net.cpo_occupancy_rate, or create the sites"
        faults.append(Fault(CHARGING, "columns", unknown, "labels", "are not in net.cpo", remedy))
    for cpo in charging:
        places = ((CHARGING, str(cpo)), (OCCUPANCY, str(cpo)))
        faults += checked_rates(charging[cpo].to_numpy(dtype=object), occupancy[cpo].to_numpy(dtype=object), places)[0]
    return faults


def _frame_faults(net: Net) -> list[Fault]:
    """Both tables are there, of the same shape, and hold a day."""
    present = [name for name in RATE_TABLES if name in net]
    if not present:
        return []
    remedy = f"remove {' and '.join(f'net.{name}' for name in present)}, and set the rates anew with set_cpo_rates"
    if len(present) < len(RATE_TABLES):
        absent = next(name for name in RATE_TABLES if name not in net)
        return [Fault(absent, "", (), "the table", "is missing", remedy)]
    for name in RATE_TABLES:
        if not isinstance(net[name], pd.DataFrame):
            return [Fault(name, "", (), f"a {type(net[name]).__name__}", "is not a table", remedy)]
        if net[name].columns.has_duplicates:
            return [Fault(name, "columns", (), "a label", "occurs more than once", remedy)]
    charging, occupancy = _frames(net)
    if len(charging) != len(occupancy) or set(charging) != set(occupancy):
        problem = "has other periods or sites than net.cpo_charging_rate"
        return [Fault(OCCUPANCY, "", (), "the table", problem, remedy)]
    return period_count_faults((CHARGING, ""), len(charging)) if len(charging.columns) else []


def _frames(net: Net) -> list[pd.DataFrame]:
    """Both tables, empty where there is none; column labels that a database returns as text are numbers again."""
    frames = [net[name] if name in net else pd.DataFrame() for name in RATE_TABLES]
    labelled = [frame.rename(columns=lambda name: int(name) if str(name).isdecimal() else name) for frame in frames]
    return [frame.reset_index(drop=True) for frame in labelled]


def _site_faults(net: Net, cpo: Any) -> list[Fault]:
    """The site is in net.cpo, and the rates of the others can be read."""
    if not is_label(cpo, labels_of(net, "cpo").tolist()):
        remedy = "use an index of net.cpo, or create the site first"
        return [Fault(FUNCTION, "cpo", (), cpo, "is not in net.cpo", remedy)]
    return _frame_faults(net) or moved_rate_faults(net)


def moved_rate_faults(net: Net) -> list[Fault]:
    """Rates whose sites have other labels now."""
    if CHARGING not in net or not is_readable(net.get("cpo")) or _frame_faults(net):
        return []
    return moved_columns(net["cpo"], CHARGING, _frames(net)[0], "evf.toolbox.reindex_elements")


def _day_cells(rates: dict[str, Any], n_others: int | None) -> tuple[list[NDArray[Any]], list[Fault]]:
    """Cells of each rate, one per period, and what is wrong with their number.

    Parameters
    ----------
    rates : {argument: scalar or values}
    n_others : number of periods of the other sites, None when there are none
    """
    series = {name: rate for name, rate in rates.items() if pd.api.types.is_list_like(rate)}
    faults = [
        Fault(FUNCTION, name, (), f"a {type(rate).__name__}", "is not a series of rates", "give one value per period")
        for name, rate in series.items()
        if isinstance(rate, (pd.DataFrame, Mapping))
    ]
    if faults:
        return [], faults
    cells = {name: as_cells(rate if name in series else [rate]) for name, rate in rates.items()}
    lengths = {len(cells[name]) for name in series}
    if len(lengths) > 1:
        remedy = "give one value per period, of the same periods"
        value, problem = f"{len(cells['occupancy_rate'])} values", f"for {len(cells['charging_rate'])} of charging_rate"
        return [], [Fault(FUNCTION, "occupancy_rate", (), value, problem, remedy)]
    n = lengths.pop() if lengths else n_others or DEFAULT_PERIODS
    first = next(iter(series), "charging_rate")
    if n_others is not None and n != n_others:
        remedy = "give all sites of a net rates of the same period"
        return [], [Fault(FUNCTION, first, (), f"{n} values", f"for {n_others} of the other sites", remedy)]
    faults = period_count_faults((FUNCTION, first), n)
    for name, rate in series.items() if not faults else ():
        if isinstance(rate, pd.Series):
            faults += label_faults((FUNCTION, name), rate)
    return [np.resize(values, n) for values in cells.values()], faults
