"""`net.ev`: one row per electric vehicle, or per charging point where no vehicle is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.schema import Column, TableSchema, create_rows, fault_where
from pandapower_evflex.tables.std_types import ev_std_types


def _check_energy(net: Any, ev: pd.DataFrame) -> list[Fault]:
    wrong = ev["min_e_mwh"] > ev["max_e_mwh"]
    return fault_where("ev", ev, "min_e_mwh", wrong, "is above max_e_mwh", "lower it to within the battery")


def _check_power(net: Any, ev: pd.DataFrame) -> list[Fault]:
    wrong = ev["min_p_mw"] > ev["max_p_mw"]
    return fault_where("ev", ev, "min_p_mw", wrong, "is above max_p_mw", "give a least power below the greatest")


def _check_percent(net: Any, ev: pd.DataFrame) -> list[Fault]:
    wrong = ev["efficiency_percent"] <= 1.0
    return fault_where("ev", ev, "efficiency_percent", wrong, "looks like a fraction", "give percent, for instance 95")


EV = TableSchema(
    "ev",
    "Electric vehicles, positive when they consume.",
    (
        Column("name", "str", "name of the EV"),
        Column("bus", "int", "bus where it charges", required=True, references="bus"),
        Column("std_type", "str", "name in `ev_std_types()`"),
        Column("phases", "int", "1 or 3: which AC power of the std type is meant", default=3),
        Column(
            "max_p_mw", "float", "greatest charging power", "MW", required=True, above=0.0, upper=10.0,
            hint="give the charging power in MW (11 kW is 0.011) or a std_type",
        ),
        Column(
            "max_e_mwh", "float", "usable battery", "MWh", required=True, above=0.0, upper=10.0,
            hint="give the battery in MWh (60 kWh is 0.060) or a std_type",
        ),
        Column("min_e_mwh", "float", "lower limit of the energy (18)", "MWh", default=0.0, required=True, lower=0.0),
        Column(
            "min_p_mw", "float", "least charging power in every plugged period (20); not the 6 A threshold", "MW",
            default=0.0, required=True, lower=0.0, hint="discharging (V2G) is not modelled: give 0 or more",
        ),
        Column(
            "efficiency_percent", "float", "charging efficiency", "%", default=100.0, required=True, above=0.0,
            upper=100.0, hint="give percent between 1 and 100",
        ),
        Column(
            "cos_phi", "float", "power factor, inductive", default=1.0, required=True, above=0.0, upper=1.0,
            hint="give a power factor in (0, 1]",
        ),
        Column(
            "consumption_kwh_per_km", "float", "average consumption, for needs given as trips", "kWh/km",
            default=np.nan, lower=0.0, upper=5.0, hint="give kWh per km (170 Wh/km is 0.17)",
        ),
        Column("controllable", "bool", "False: charges at full power from arrival, as a fixed load", default=True),
        Column("cpo", "Int64", "site whose outlet the EV hangs on", references="cpo"),
        Column("in_service", "bool", "takes part", default=True),
    ),
    (_check_energy, _check_power, _check_percent),
)  # fmt: skip

#: column of the std types that fills a column of net.ev
_FROM_STD_TYPE = ("max_e_mwh", "consumption_kwh_per_km")


def create_ev(
    net: Any,
    bus: int,
    std_type: str | None = None,
    *,
    phases: int = 3,
    max_p_mw: float | None = None,
    max_e_mwh: float | None = None,
    min_e_mwh: float | None = None,
    min_p_mw: float = 0.0,
    efficiency_percent: float | None = None,
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
    min_p_mw : float             least power in every plugged period [MW], eq. (20)
    efficiency_percent : float   charging efficiency
    cos_phi : float              power factor, inductive
    consumption_kwh_per_km : float
    controllable : bool          False: charges at full power from arrival until its departure energy is reached
    cpo : int                    the EV hangs on an outlet of this row of net.cpo
    **kwargs                     further columns

    Returns
    -------
    int    index in net.ev

    Raises
    ------
    InvalidInputError    the net is unchanged

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
    net: Any,
    buses: Sequence[int],
    std_type: str | Sequence[str | None] | None = None,
    *,
    phases: Any = 3,
    max_p_mw: Any = None,
    max_e_mwh: Any = None,
    min_e_mwh: Any = None,
    min_p_mw: Any = 0.0,
    efficiency_percent: Any = None,
    cos_phi: Any = None,
    consumption_kwh_per_km: Any = None,
    controllable: Any = True,
    cpo: Any = None,
    name: Any = None,
    index: Sequence[int] | None = None,
    in_service: Any = True,
    **kwargs: Any,
) -> NDArray[np.int64]:
    """Add many EVs at once: arguments of `create_ev` as scalars or one value per bus, None or NaN: the default."""
    n = len(buses)
    given = {
        "max_p_mw": max_p_mw,
        "max_e_mwh": max_e_mwh,
        "consumption_kwh_per_km": consumption_kwh_per_km,
    }
    values = {
        "name": name,
        "bus": buses,
        "std_type": std_type,
        "phases": phases,
        "min_e_mwh": min_e_mwh,
        "min_p_mw": min_p_mw,
        "efficiency_percent": efficiency_percent,
        "cos_phi": cos_phi,
        "controllable": controllable,
        "cpo": cpo,
        "in_service": in_service,
        **_with_std_types(n, std_type, phases, given),
    }
    return create_rows(net, EV, n, values, index=index, extra=kwargs)


def _with_std_types(n: int, std_type: Any, phases: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Fill what is not given from the std types, row by row."""
    names = pd.Series(std_type if _is_list(std_type) else [std_type] * n, dtype=object)
    n_phases = pd.Series(phases if _is_list(phases) else [phases] * n, dtype=object)
    types = ev_std_types()
    faults = []
    unknown = names.notna() & ~names.isin(types.index)
    if unknown.any():
        shown = ", ".join(map(str, names[unknown].unique()))
        remedy = f"use one of {', '.join(types.index)}, or give max_p_mw and max_e_mwh"
        faults.append(Fault("ev", "std_type", tuple(names.index[unknown]), shown, "is not an EV std type", remedy))
    wrong = ~n_phases.isin([1, 3])
    if wrong.any():
        shown = ", ".join(map(str, n_phases[wrong].unique()))
        faults.append(Fault("ev", "phases", tuple(n_phases.index[wrong]), shown, "is not 1 or 3", "give 1 or 3"))
    if faults:
        raise InvalidInputError(faults)
    if not names.notna().any():
        return given
    chosen = types.reindex(names)
    power = np.where(n_phases == 1, chosen["max_p_mw_1ph"], chosen["max_p_mw_3ph"])
    from_type = {"max_p_mw": power, **{column: chosen[column].to_numpy() for column in _FROM_STD_TYPE}}
    return {column: _filled_from(given[column], from_type[column], n) for column in given}


def _filled_from(value: Any, standard: NDArray[np.float64], n: int) -> Any:
    if value is None:
        return standard
    if _is_list(value) and len(value) != n:
        return value  # create_rows names the wrong length
    series = pd.Series(value if _is_list(value) else [value] * n, dtype=object)
    return series.where(series.notna(), pd.Series(standard, dtype=object)).to_numpy()


def _is_list(value: Any) -> bool:
    return not isinstance(value, str) and np.ndim(value) > 0
