"""Small nets for many studies."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandapower as pp
import pandas as pd

import pandapower_evflex as evf

#: hours are quick, and coarse enough for nights
HOURS = {"period_h": 1.0}


@cache
def feeder(n_houses: int = 10, sn_mva: float = 0.1, km: float = 0.05, name: str = "feeder") -> Any:
    """Houses in a row behind a transformer; built once, as no study changes a net."""
    net = pp.create_empty_network(name=name)
    source, bar = pp.create_bus(net, 20.0), pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, source)
    pp.create_transformer_from_parameters(
        net, source, bar, sn_mva=sn_mva, vn_hv_kv=20.0, vn_lv_kv=0.4, vk_percent=4.0, vkr_percent=1.2, pfe_kw=0.3,
        i0_percent=0.3,
    )  # fmt: skip
    for house in range(n_houses):
        bus = pp.create_bus(net, 0.4)
        pp.create_line(net, bar if house == 0 else bus - 1, bus, km, "NAYY 4x150 SE")
        pp.create_load(net, bus, 0.001, 0.0002)
    return net


@cache
def evening() -> dict[tuple[str, str], pd.DataFrame]:
    """Three days of hours: an evening peak that differs from day to day."""
    hour = np.arange(72) % 24
    shape = 0.0005 + 0.002 * np.exp(-(((hour - 19) / 2.0) ** 2)) * (1.0 + np.arange(72) // 24 * 0.3)
    return {("load", "p_mw"): pd.DataFrame({load: shape for load in range(10)})}


def few(shares: Any = (0.0, 0.3, 1.0), seed: int = 0, **options: Any) -> list[evf.Study]:
    """Two nets; the grid does not carry all of the largest share of the first without a solver."""
    north = [evf.Study(feeder(name="north"), None, share, seed, {**HOURS, **options}) for share in shares]
    return [*north, evf.Study(feeder(name="south"), None, 0.3, seed + 1, {**HOURS, **options})]
