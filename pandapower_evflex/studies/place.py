"""Where a net lies, for a map of many."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pandapower_evflex.arrays import Net


def place_of(net: Net) -> dict[str, float]:
    """Mean of the coordinates of its buses, {} where there are none."""
    found = [_coordinates(geo) for geo in net["bus"].get("geo", ())]
    known = [place for place in found if place is not None]
    if not known:
        return {}
    x, y = np.mean(known, axis=0)
    return {"x": float(x), "y": float(y)}


def _coordinates(geo: Any) -> tuple[float, float] | None:
    """Of a GeoJSON point as pandapower keeps it."""
    if not isinstance(geo, str):
        return None
    try:
        x, y = json.loads(geo)["coordinates"][:2]
        return (float(x), float(y)) if np.isfinite([float(x), float(y)]).all() else None
    except (ValueError, KeyError, TypeError):
        return None
