"""Which cars drive in a neighbourhood."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.kinds import checked_generator, raise_if, whole_number_faults
from pandapower_evflex.tables.schema import Column
from pandapower_evflex.tables.std_types import ev_std_types

#: more than any study draws
MOST_CARS = 1_000_000
SHARE = Column("three_phase_share", "float64", "", required=True, lower=0.0, upper=1.0, hint="give a share of 0 to 1")
#: share of residential connections; detached houses of a suburb (first paper, section IV-A)
THREE_PHASE_SHARE = 0.8


def sample_fleet(
    n: int, *, three_phase_share: float = THREE_PHASE_SHARE, seed: int | np.random.Generator | None = None
) -> pd.DataFrame:
    """Draw cars by their sales share.

    Parameters
    ----------
    n : int                       number of cars
    three_phase_share : float     share of three-phase connections (11 kW; the others 3.7 kW)
    seed : int or Generator

    Returns
    -------
    DataFrame [n] with columns `std_type` and `phases`, as `create_evs` takes them

    Examples
    --------
    >>> sample_fleet(2, seed=0).columns.tolist()
    ['std_type', 'phases']
    """
    faults = whole_number_faults("sample_fleet", "n", n, 0, MOST_CARS)
    raise_if(faults + single_number_faults("sample_fleet", SHARE, three_phase_share))
    rng = checked_generator("sample_fleet", seed)
    n, types = int(n), ev_std_types()
    std_type = rng.choice(types.index.to_numpy(), size=n, p=types["sales_share"].to_numpy())
    phases = np.where(rng.random(n) < three_phase_share, 3, 1)
    return pd.DataFrame({"std_type": std_type, "phases": phases})
