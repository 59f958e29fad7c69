"""What keeps a generator from being curtailed, and from choosing its reactive power."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.inputs import Inputs, powers_of
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.cos_phi_p import greatest_ratios, reactive_powers
from pandapower_evflex.tables.faults import fault_where

TABLE = "sgen"
#: Mvar up to which a profile of reactive power is that of the characteristic
SAME_MVAR = 1e-9


def chooses_q(rows: pd.DataFrame) -> BoolArray:
    """Rows whose reactive power is chosen."""
    if "control_q" not in rows:
        return np.zeros(len(rows), dtype=bool)
    return rows["control_q"].fillna(False).to_numpy(dtype=bool)


def range_faults(inputs: Inputs, rows: pd.DataFrame) -> list[Fault]:
    """Reactive power is chosen within a characteristic, and not beside a profile."""
    chosen = rows[chooses_q(rows)]
    without = np.isnan(greatest_ratios(inputs.net, chosen.index))
    problem = "is True without a characteristic, in whose range reactive power would be chosen"
    faults = fault_where(
        TABLE, chosen, "control_q", without, problem, "add one with create_cos_phi_p(net, sgen), or set it to False"
    )
    labels = chosen.index[~without]
    q = inputs.profiles.values.get((TABLE, "q_mvar"))
    if q is None or not len(labels):
        return faults
    p = powers_of(inputs.profiles, TABLE, chosen.loc[labels].assign(scaling=1.0), "p_mw")
    own = reactive_powers(inputs.net, pd.DataFrame(p, columns=labels)).to_numpy()
    given = np.any(np.abs(q[labels].to_numpy() - own) > SAME_MVAR, axis=0)
    problem = "is True beside a profile of q_mvar"
    return faults + fault_where(
        TABLE, chosen.loc[labels], "control_q", given, problem, "leave the profile out, or set it to False"
    )


def draws_faults(rows: pd.DataFrame, p: FloatArray) -> list[Fault]:
    """Powers p [n_period, n_unit] below 0."""
    draws = np.any(p < 0.0, axis=0)
    remedy = "give a profile of 0 or more (it feeds in), or set its rows of net.flexibility out of service"
    problem = "is below 0: what draws power cannot be curtailed"
    return fault_where(TABLE, rows.assign(p_mw=p.min(axis=0)), "p_mw", draws, problem, remedy)


def held_faults(inputs: Inputs, rows: pd.DataFrame) -> list[Fault]:
    """Reactive power is chosen for activations of one period."""
    problem = "is True, which is not modelled with duration_h"
    remedy = "set it to False, or leave duration_h out"
    return fault_where(TABLE, rows, "control_q", chooses_q(rows) & (inputs.duration > 1), problem, remedy)
