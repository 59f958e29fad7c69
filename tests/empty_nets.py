"""pandapower makes some hundred empty tables for every net, most of what a small net costs: the tests copy them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandapower.auxiliary import pandapowerNet

by_pandapower = pandapowerNet.create_dataframes
_empty: dict[tuple[Any, ...], pd.DataFrame] = {}


def copied(data: dict[str, Any]) -> dict[str, Any]:
    """What `pandapowerNet.create_dataframes` returns."""
    for key, columns in data.items():
        if isinstance(columns, dict):
            kind = tuple(columns.items())
            if kind not in _empty:
                # a copy is in one piece, and is copied faster
                _empty[kind] = by_pandapower({key: columns})[key].copy()
            data[key] = _empty[kind].copy()
    return data


def copy_empty_tables() -> None:
    pandapowerNet.create_dataframes = staticmethod(copied)
