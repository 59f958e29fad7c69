"""The nets in tests/cases/stored, and what version 0.1.0 found for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd

from tests.built_once import built_once

STORED = Path(__file__).parents[1] / "cases" / "stored"

READ = {"json": pp.from_json, "p": pp.from_pickle, "xlsx": pp.from_excel, "sqlite": pp.from_sqlite}

DAY = {
    "rows": {"cpo": 1, "ev": 3, "ev_session": 4, "flexibility": 4, "cos_phi_p": 2, "reinforcement": 2},
    "objective_mwh": 0.30813280376579016,
    "min_vm_pu_up_of_period_3": 0.9517103703312704,
    "bid": [0.010713043478260869, 250.0],
}


@built_once
def stored_day():
    """The net of day.json."""
    return pp.from_json(str(STORED / "day.json"))


def day_profiles():
    """Profiles of the stored day."""
    hours = pd.date_range("2024-05-14 12:00", periods=8, freq="h")
    load = pd.DataFrame({0: np.linspace(0.005, 0.02, 8), 1: np.linspace(0.03, 0.01, 8)}, index=hours)
    sgen = pd.DataFrame({0: np.linspace(0.01, 0.0, 8)}, index=hours)
    return {("load", "p_mw"): load, ("sgen", "p_mw"): sgen}
