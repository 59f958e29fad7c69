"""Ten popular European electric vehicles of 2024."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import pandas as pd


def ev_std_types() -> pd.DataFrame:
    """Standard types for `create_ev`.

    Returns
    -------
    DataFrame by name
        `max_e_mwh` (usable battery), `consumption_kwh_per_km`, `max_p_mw_1ph` and `max_p_mw_3ph` (AC charging power,
        one-phase 16 A and three-phase 16 A), `sales_share` (of these ten; approximate European registrations of 2024,
        rounded to whole percent, adds up to 1), `source` (of each of these figures)
    """
    return _read().copy()


@cache
def _read() -> pd.DataFrame:
    with files(__package__).joinpath("ev_std_types.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col="name")
