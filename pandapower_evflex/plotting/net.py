"""The net with its EVs, from coordinates (Fig. 6 of the first paper)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.plotting.axes import COLOUR, new_axes


def plot_net(net: Any, ax: Any | None = None) -> Any:
    """Lines, transformers, buses, and where EVs and generators are; coordinates from `net.bus.geo`.

    Raises
    ------
    ValueError    no bus has coordinates (`pandapower.plotting.create_generic_coordinates(net)` makes some)
    """
    places = _coordinates(net)
    if not len(places):
        raise ValueError("net.bus.geo is empty; pandapower.plotting.create_generic_coordinates(net) makes coordinates")
    ax = new_axes(ax, width=7.5, height=6.0)
    for table, ends, style in (
        ("line", ("from_bus", "to_bus"), {"color": "gray", "linewidth": 1.2}),
        ("trafo", ("hv_bus", "lv_bus"), {"color": "black", "linewidth": 3.0}),
    ):
        for first, second in net[table][list(ends)].to_numpy():
            if first in places.index and second in places.index:
                ax.plot(*places.loc[[first, second]].to_numpy().T, zorder=1, **style)
    _scatter(ax, places, net["bus"].index, f"{len(net['bus'])} buses", s=14, color="gray")
    if len(net["sgen"]):
        _scatter(ax, places, net["sgen"]["bus"], f"{len(net['sgen'])} generators", s=90, marker="^", color="#e9a820")
    _scatter(ax, places, net["ev"]["bus"], f"{len(net['ev'])} EVs", s=34, color=COLOUR["up"])
    _scatter(ax, places, net["ext_grid"]["bus"], "external grid", s=130, marker="s", color="black")
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    ax.legend(loc="best")
    ax.set_title(net["name"] or "net")
    return ax


def _coordinates(net: Any) -> pd.DataFrame:
    geo = net["bus"]["geo"].dropna() if "geo" in net["bus"] else pd.Series(dtype=object)
    geo = geo[geo.map(lambda text: isinstance(text, str) and bool(text))]
    points = [json.loads(text)["coordinates"][:2] for text in geo]
    return pd.DataFrame(np.array(points).reshape(-1, 2), index=geo.index, columns=["x", "y"])


def _scatter(ax: Any, places: pd.DataFrame, buses: Any, label: str, **style: Any) -> None:
    known = pd.Index(buses).intersection(places.index)
    ax.scatter(places.loc[known, "x"], places.loc[known, "y"], label=label, zorder=2, **style)
