"""The net with its EVs, from coordinates (Fig. 6 of the first paper)."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.collections import LineCollection

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.plotting.axes import COLOUR, SUN, new_axes
from pandapower_evflex.plotting.layout import coordinates
from pandapower_evflex.tables.kinds import check_net


def plot_net(net: Net, ax: Any | None = None) -> Any:
    """Lines, transformers, buses, and where EVs and generators are; coordinates from `net.bus.geo`.

    What has no coordinates is left out.

    Parameters
    ----------
    net : pandapowerNet
    ax : matplotlib Axes    to draw on; None: new ones

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    no bus has coordinates (`pandapower.plotting.create_generic_coordinates(net)` makes some)
    """
    check_net("plot_net", net)
    places = coordinates(net)
    if not len(places):
        remedy = "pandapower.plotting.create_generic_coordinates(net) makes coordinates"
        raise InvalidInputError([Fault("plot_net", "net", (), "net.bus.geo", "is empty", remedy)])
    ax = new_axes(ax, width=7.5, height=6.0)
    _draw_branches(ax, places, net["line"][["from_bus", "to_bus"]], "lines", color="gray", linewidth=1.2)
    _draw_branches(ax, places, net["trafo"][["hv_bus", "lv_bus"]], "transformers", color=COLOUR["limit"], linewidth=3.0)
    _scatter(ax, places, net["bus"].index, "buses", s=14, color="gray")
    _scatter(ax, places, net["ext_grid"]["bus"], "external grid", s=130, marker="s", color="black")
    _scatter(ax, places, net["sgen"]["bus"], "generators", s=110, marker="^", color=SUN)
    if "ev" in net:
        _scatter(ax, places, net["ev"]["bus"], "EVs", s=26, color=COLOUR["up"])
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    ax.legend(loc="best")
    ax.set_title(net["name"] or "net")
    return ax


def _draw_branches(ax: Any, places: pd.DataFrame, ends: pd.DataFrame, label: str, **style: Any) -> None:
    known = ends[ends.isin(places.index).all(axis=1)].to_numpy()
    if len(known):
        segments = places.loc[known.ravel()].to_numpy().reshape(-1, 2, 2)
        ax.add_collection(LineCollection(segments, zorder=1, label=f"{label}: {len(known)}", **style))


def _scatter(ax: Any, places: pd.DataFrame, buses: Any, label: str, **style: Any) -> None:
    known = pd.Index(buses).intersection(places.index)
    if len(known):
        x, y = places.loc[known].to_numpy().T
        ax.scatter(x, y, label=f"{label}: {len(buses)}", zorder=2, **style)
