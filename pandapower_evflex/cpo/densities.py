"""How busy and how full sites are during a window of the day (second paper, equations 9 and 10)."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.cpo.checks import scalar_faults
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.cpo import CPO
from pandapower_evflex.tables.cpo_rates import moved_rate_faults, rates_of
from pandapower_evflex.tables.faults import frame_faults, labels_of
from pandapower_evflex.tables.kinds import check_net, is_label, shown
from pandapower_evflex.tables.links import link_faults

FUNCTION = "cpo_densities"


def cpo_densities(net: Net, start_h: float, end_h: float, cpos: Sequence[int] | int | None = None) -> pd.DataFrame:
    """Mean charging and occupancy rate of sites during a window of the day.

    Parameters
    ----------
    net : pandapowerNet           with rates of the sites (`set_cpo_rates`)
    start_h, end_h : float        hours of the day from 00:00 local; across midnight 22 to 26 or 22 to 2. The window is
                                  half-open: from 11 to 12 are the four quarter hours from 11:00 on. A period that is
                                  partly within counts by that part
    cpos : indices of net.cpo     a list, or one of them; None: those in service

    Returns
    -------
    DataFrame [cpo] with `charging_density` d_c and `occupancy_density` d_o, shares of the outlets

    Notes
    -----
    (9) and (10) sum over dT + 1 periods and divide by dT; here both are dT.

    Raises
    ------
    InvalidInputError    an empty window or one of more than a day, unknown sites, sites without rates

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> cpo = evf.create_cpo(net, 5, n_evse=60, evse_p_mw=0.025)
    >>> evf.set_cpo_rates(net, cpo, [0.4, 0.5, 0.3, 0.2], [0.8, 0.9, 0.9, 0.7])
    >>> evf.cpo_densities(net, 6, 18).loc[cpo].tolist()
    [0.4, 0.9]
    """
    check_net(FUNCTION, net)
    cpos = list(cpos) if isinstance(cpos, Iterator) else cpos
    faults = site_faults(net, cpos)
    try:
        start, length = window_hours(FUNCTION, start_h, end_h)
    except InvalidInputError as error:
        faults += list(error.faults)
    if faults:
        raise InvalidInputError(faults)
    in_service = net["cpo"].index[net["cpo"]["in_service"].to_numpy(dtype=bool)]
    sites = in_service if cpos is None else pd.Index(_listed(cpos), dtype=np.int64)
    charging, occupancy = rates_of(net, sites.tolist())
    weights = _shares_of_window(start, length, len(charging))
    return pd.DataFrame({"charging_density": weights @ charging, "occupancy_density": weights @ occupancy}, index=sites)


def window_hours(function: str, start_h: Any, end_h: Any) -> tuple[float, float]:
    """Start of a window within the day, and its length [h].

    Raises
    ------
    InvalidInputError    no hours, empty, or longer than a day; names ``function``
    """
    remedy = "give hours of the day from 00:00, such as 11.5"
    faults = scalar_faults(function, "start_h", start_h, remedy) + scalar_faults(function, "end_h", end_h, remedy)
    if faults:
        raise InvalidInputError(faults)
    start, end = float(start_h), float(end_h)
    length = end - start if end >= start else end - start + 24.0
    if not 0.0 < length <= 24.0:
        problem = "is empty" if length == 0.0 else "is longer than a day"
        remedy = "let the window end after its start, by no more than 24 h; across midnight, say 22 to 26 or 22 to 2"
        raise InvalidInputError([Fault(function, "end_h", (), f"{start:g} to {end:g} h", problem, remedy)])
    return start % 24.0, length


def _shares_of_window(start: float, length: float, n_periods: int) -> FloatArray:
    """What part of the window each period of the day holds [n_periods]."""
    edges = np.arange(2 * n_periods + 1) * 24.0 / n_periods  # two days: the window may cross midnight
    hours = np.diff(np.clip(edges, start, start + length))
    return hours.reshape(2, n_periods).sum(axis=0) / length


def site_faults(net: Net, cpos: Any) -> list[Fault]:
    """What is wrong with net.cpo, or with the sites asked for."""
    if "cpo" not in net:
        return [Fault("cpo", "", (), "the table", "is missing", "create the sites with create_cpo")]
    faults = frame_faults(net, CPO, net["cpo"])
    faults = faults or link_faults(net, {"cpo": CPO}) + moved_rate_faults(net)
    if cpos is None or faults:
        return faults
    labels = labels_of(net, "cpo").tolist()
    if isinstance(cpos, pd.DataFrame | Mapping | str | bytes) or np.ndim(np.array(cpos, dtype=object)) > 1:
        return [Fault(FUNCTION, "cpos", (), shown(cpos), "is not a list of sites", "use indices of net.cpo")]
    unknown = tuple(cpo for cpo in _listed(cpos) if not isinstance(cpo, numbers.Integral) or not is_label(cpo, labels))
    return (
        [Fault(FUNCTION, "cpos", unknown, "labels", "are not in net.cpo", "use indices of net.cpo")] if unknown else []
    )


def _listed(cpos: Any) -> list[Any]:
    return list(cpos) if pd.api.types.is_list_like(cpos) else [cpos]
