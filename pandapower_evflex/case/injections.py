"""What the elements of a net inject, EVs apart: the only place where MW become per unit (of 1 MVA)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import ComplexArray, Net
from pandapower_evflex.case.grid import Grid
from pandapower_evflex.case.net_values import without_gaps
from pandapower_evflex.case.profiles import Profiles
from pandapower_evflex.case.ratings import positions

#: injection (generation positive) per unit of the table's power
INJECTION_SIGN = {"load": -1.0, "sgen": 1.0, "storage": -1.0, "gen": 1.0}
_PART = {"p_mw": 1.0, "q_mvar": 1.0j}


def load_sign(table: str) -> float:
    """Load (consumption positive) per unit of a table's power; tables of ours hold loads."""
    return -INJECTION_SIGN.get(table, -1.0)


def base_injections(net: Net, grid: Grid, profiles: Profiles) -> ComplexArray:
    """Injections [n_period, n_bus] without EVs: table values, replaced by profiles where there are any."""
    return grid.s_fixed + profile_deviation(net, profiles) @ grid.rows_of_buses


def without_scheduled(profiles: Profiles, scheduled: Mapping[tuple[str, str], pd.Index]) -> Profiles:
    """Profiles in which elements that are scheduled inject nothing of their own.

    Parameters
    ----------
    scheduled : {(table, column): labels}
    """
    values = dict(profiles.values)
    for key, labels in scheduled.items():
        nothing = pd.DataFrame(0.0, index=range(profiles.horizon.n_periods), columns=labels)
        given = values.get(key, nothing.iloc[:, :0])
        values[key] = pd.concat([given.drop(columns=labels, errors="ignore"), nothing], axis=1)
    return Profiles(profiles.horizon, values)


def profile_deviation(net: Net, profiles: Profiles) -> ComplexArray:
    """What profiles change against the table values, as an injection [n_period, n_pp_bus], MW and Mvar."""
    change = np.zeros((profiles.horizon.n_periods, len(net["bus"])), dtype=np.complex128)
    for (table, column), frame in profiles.values.items():
        elements = without_gaps(net, table)
        rows = elements.index.get_indexer(frame.columns)
        live = elements["in_service"].to_numpy(dtype=bool)[rows]
        rows = rows[live]
        value, scaling = (elements[name].to_numpy(dtype=float)[rows] for name in (column, "scaling"))
        more = (frame.to_numpy(dtype=float)[:, live] - value) * scaling
        at = positions(net["bus"].index, elements["bus"].to_numpy()[rows])
        at_bus = csr_matrix((np.ones(len(at)), at, np.arange(len(at) + 1)), shape=(len(at), change.shape[1]))
        change += INJECTION_SIGN[table] * _PART[column] * (more @ at_bus)
    return change
