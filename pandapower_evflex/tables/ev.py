"""`net.ev`: one row per electric vehicle, or per charging point where no vehicle is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import IntArray, Net
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.faults import fault_where
from pandapower_evflex.tables.rows import NewRows
from pandapower_evflex.tables.schema import MEMORY, Column, TableSchema
from pandapower_evflex.tables.site_links import check_sites, warn_of_unlinked_evs
from pandapower_evflex.tables.std_types import ev_std_types


def _check_energy(net: Net, ev: pd.DataFrame) -> list[Fault]:
    wrong = ev["min_e_mwh"] > ev["max_e_mwh"]
    return fault_where("ev", ev, "min_e_mwh", wrong, "is above max_e_mwh", "lower it to within the battery")


def _check_power(net: Net, ev: pd.DataFrame) -> list[Fault]:
    wrong = ev["min_p_mw"] > ev["max_p_mw"]
    return fault_where("ev", ev, "min_p_mw", wrong, "is above max_p_mw", "give a least power below the greatest")


def _check_feeding_in(net: Net, ev: pd.DataFrame) -> list[Fault]:
    name = "discharge_efficiency_percent"
    if name not in ev:
        return []
    wrong = ev[name].notna() & (ev["min_p_mw"] >= 0.0)
    remedy = "set min_p_mw to the greatest power fed in, as a number below 0, or leave the efficiency out"
    return fault_where("ev", ev, name, wrong, "is that of an EV that feeds nothing in", remedy)


EV = TableSchema(
    "ev",
    "Electric vehicles, positive when they consume.",
    (
        Column("name", "object", "name of the EV"),
        Column("bus", "int64", "bus where it charges", required=True, foreign_key="bus"),
        Column("std_type", "object", "name in `ev_std_types()`"),
        Column(
            "phases", "int64", "which AC power of the std type is meant", default=3, required=True, choices=(1, 3),
        ),
        Column(
            "max_p_mw", "float64", "greatest charging power; here or from the std type", "MW", required=True,
            above=0.0, upper=10.0, unusual_above=1.0,
            hint="give the charging power in MW (11 kW is 0.011) or a std_type",
        ),
        Column(
            "max_e_mwh", "float64", "usable battery; here or from the std type", "MWh", required=True, above=0.0,
            upper=10.0, unusual_above=1.0, hint="give the battery in MWh (60 kWh is 0.060) or a std_type",
        ),
        Column(
            "min_e_mwh", "float64", "lower limit of the energy (18)", "MWh", default=0.0, required=True, lower=0.0,
        ),
        Column(
            "min_p_mw", "float64", "least charging power in every plugged period (20), not the 6 A threshold; below 0: "
            "the greatest power that is fed in (V2G)", "MW", default=0.0, required=True, lower=-10.0,
            hint="give MW: 0, or for V2G the greatest power fed in as a number below 0 (11 kW is -0.011)",
        ),
        Column(
            "efficiency_percent", "float64", "charging efficiency", "%", default=100.0, required=True, above=1.0,
            upper=100.0, hint="percent from 0 to 100 is meant: 95, not 0.95",
        ),
        Column(
            "discharge_efficiency_percent", "float64", "share of what leaves the battery that is fed in; missing: "
            "`efficiency_percent`", "%", default=np.nan, optional=True, above=1.0, upper=100.0,
            hint="percent from 0 to 100 is meant: 95, not 0.95",
        ),
        Column(
            "cos_phi", "float64", "power factor, inductive", default=1.0, required=True, above=0.0, upper=1.0,
            hint="give a power factor in (0, 1]",
        ),
        Column(
            "consumption_kwh_per_km", "float64", "average consumption, for needs given as trips; here or from the std "
            "type", "kWh/km", default=np.nan, lower=0.0, upper=5.0, hint="give kWh per km (170 Wh/km is 0.17)",
        ),
        Column("controllable", "bool", "False: charges at full power from arrival, as a fixed load", default=True),
        Column("cpo", "Int64", "site at the same bus whose outlet the EV hangs on", foreign_key="cpo"),
        Column("in_service", "bool", "takes part", default=True),
        MEMORY,
    ),
    (_check_energy, _check_power, _check_feeding_in, check_sites),
)  # fmt: skip

#: column of net.ev -> column of the std types that fills it, for three phases
_FROM_STD_TYPE = {
    "max_p_mw": "max_p_mw_3ph",
    "max_e_mwh": "max_e_mwh",
    "consumption_kwh_per_km": "consumption_kwh_per_km",
}


def create_ev(
    net: Net,
    bus: int,
    std_type: str | None = None,
    *,
    phases: int = 3,
    max_p_mw: float | None = None,
    max_e_mwh: float | None = None,
    min_e_mwh: float | None = None,
    min_p_mw: float = 0.0,
    efficiency_percent: float | None = None,
    discharge_efficiency_percent: float | None = None,
    cos_phi: float | None = None,
    consumption_kwh_per_km: float | None = None,
    controllable: bool = True,
    cpo: int | None = None,
    name: str | None = None,
    index: int | None = None,
    in_service: bool = True,
    **kwargs: Any,
) -> int:
    """Add an electric vehicle to `net.ev`.

    Values come from the argument, else from the std type, else from the default (min_e 0, efficiency 100 %, cos phi 1).

    Parameters
    ----------
    net : pandapowerNet
    bus : int                    bus where it charges
    std_type : str               name in `ev_std_types()`
    phases : 1 or 3              which AC power of the std type is meant
    max_p_mw, max_e_mwh : float  greatest charging power [MW] and usable battery [MWh]; here or from the std type
    min_e_mwh : float            lower limit of the energy [MWh], eq. (18) of the first paper
    min_p_mw : float             least power in every plugged period [MW], eq. (20); below 0: what it may feed in (V2G)
    efficiency_percent : float   charging efficiency
    discharge_efficiency_percent : float
                                 share of what leaves the battery that is fed in; None: as for charging
    cos_phi : float              power factor, inductive
    consumption_kwh_per_km : float
                                 for needs that are given as trips
    controllable : bool          False: charges at full power from arrival until its departure energy is reached
    cpo : int                    the EV hangs on an outlet of this row of net.cpo, at the same bus
    **kwargs                     further columns

    Returns
    -------
    int    index in net.ev

    Raises
    ------
    InvalidInputError    all faults: table, column, rows, value and remedy; the net is unchanged

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> evf.create_ev(net, bus=5, std_type="VW ID.3", phases=3)
    0
    >>> float(net.ev.at[0, "max_p_mw"])
    0.011
    """
    return int(
        create_evs(
            net,
            [bus],
            std_type,
            phases=phases,
            max_p_mw=max_p_mw,
            max_e_mwh=max_e_mwh,
            min_e_mwh=min_e_mwh,
            min_p_mw=min_p_mw,
            efficiency_percent=efficiency_percent,
            discharge_efficiency_percent=discharge_efficiency_percent,
            cos_phi=cos_phi,
            consumption_kwh_per_km=consumption_kwh_per_km,
            controllable=controllable,
            cpo=cpo,
            name=name,
            index=None if index is None else [index],
            in_service=in_service,
            **kwargs,
        )[0]
    )


def create_evs(
    net: Net,
    buses: Sequence[int],
    std_type: str | Sequence[str | None] | None = None,
    *,
    phases: Any = 3,
    max_p_mw: Any = None,
    max_e_mwh: Any = None,
    min_e_mwh: Any = None,
    min_p_mw: Any = 0.0,
    efficiency_percent: Any = None,
    discharge_efficiency_percent: Any = None,
    cos_phi: Any = None,
    consumption_kwh_per_km: Any = None,
    controllable: Any = True,
    cpo: Any = None,
    name: Any = None,
    index: Sequence[int] | None = None,
    in_service: Any = True,
    **kwargs: Any,
) -> IntArray:
    """Add many EVs at once: arguments of `create_ev` as scalars or one value per bus, None or NaN: the default.

    Parameters
    ----------
    net : pandapowerNet
    buses : sequence [n]    labels in net.bus
    others : as in `create_ev`, each a scalar or one value per bus; None or NaN: not given there

    Returns
    -------
    int array [n]    indices in net.ev

    Raises
    ------
    InvalidInputError    all faults of all rows; the net is unchanged
    """
    rows = NewRows(net, EV, buses, index)
    values = {
        "name": name,
        "bus": buses,
        "min_e_mwh": min_e_mwh,
        "min_p_mw": min_p_mw,
        "efficiency_percent": efficiency_percent,
        "discharge_efficiency_percent": discharge_efficiency_percent,
        "cos_phi": cos_phi,
        "controllable": controllable,
        "cpo": cpo,
        "in_service": in_service,
    }
    own = {
        "max_p_mw": max_p_mw,
        "max_e_mwh": max_e_mwh,
        "consumption_kwh_per_km": consumption_kwh_per_km,
    }
    labels = rows.append({**values, **_with_std_types(rows, std_type, phases, own)}, kwargs)
    warn_of_unlinked_evs(net, evs=labels)
    return labels


def _with_std_types(rows: NewRows, std_type: Any, phases: Any, own: dict[str, Any]) -> dict[str, Any]:
    """Fill what is not given from the std types, row by row."""
    n_faults = len(rows.faults)
    names = pd.Series(rows.spread("std_type", std_type), dtype=object)
    types = ev_std_types()
    if len(rows.faults) > n_faults:
        names[:] = types.index[0]  # their number is refused already; any type leaves no further values missing
    n_phases = pd.Series(rows.spread("phases", phases), dtype=object)
    values = {**own, "std_type": names.to_numpy(), "phases": n_phases.to_numpy()}
    if not names.notna().any():
        return values
    unknown = (names.notna() & ~names.isin(types.index)).to_numpy()
    remedy = f"use one of {', '.join(types.index)}, or give max_p_mw and max_e_mwh"
    rows.refuse("std_type", unknown, names, "is not an EV std type", remedy)
    # rows of unknown types are refused already: any type leaves no further values missing in them
    chosen = types.reindex(names.mask(unknown, types.index[0]).to_numpy())
    one_phase = (n_phases == 1).to_numpy(dtype=bool)
    for column, standard in _FROM_STD_TYPE.items():
        of_type = chosen[standard].to_numpy(dtype=float)
        if column == "max_p_mw":
            of_type = np.where(one_phase, chosen["max_p_mw_1ph"].to_numpy(dtype=float), of_type)
        cells = pd.Series(rows.spread(column, own[column]), dtype=object)
        values[column] = cells.where(cells.notna(), pd.Series(of_type, dtype=object)).to_numpy()
    return values
