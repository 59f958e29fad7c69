"""A picture of a net: its branches by their state, buses, switches and charging sites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PathCollection

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.cpo.checks import raise_if
from pandapower_evflex.errors import Fault
from pandapower_evflex.planning.fault.supply_graph import BRANCHES, Node
from pandapower_evflex.plotting.axes import COLOUR, new_axes
from pandapower_evflex.plotting.layout import places_of

#: buses up to which names and closed switches are drawn
MOST_NAMED = 30
#: size of the mark of a site in the largest nets
LEAST_SITE = 60.0
FAULTED, OVERLOADED, RESTORED, SITE, BEHIND = COLOUR["limit"], "#e08214", "#1b7837", "#0072b2", "#9ecae1"
#: states of a branch: label of the legend, style
BRANCH_STYLE: dict[str, tuple[str, dict[str, Any]]] = {
    "open": ("open", {"color": "silver", "linewidth": 1.0, "linestyle": (0, (3, 3))}),
    "fed": ("fed", {"color": "dimgray", "linewidth": 1.3}),
    "restored": ("fed by another way", {"color": RESTORED, "linewidth": 2.2}),
    "dark": ("without supply", {"color": "black", "linewidth": 1.2, "linestyle": ":"}),
    "overloaded": ("overloaded", {"color": OVERLOADED, "linewidth": 4.0}),
    "faulted": ("faulted", {"color": FAULTED, "linewidth": 2.0, "linestyle": "--"}),
}
SWITCH_STYLE: dict[str, tuple[str, dict[str, Any]]] = {
    "closed": ("closed switch", {"facecolor": "black", "edgecolor": "black"}),
    "open": ("open switch", {"facecolor": "white", "edgecolor": "black"}),
    "has opened": ("opened to isolate", {"facecolor": "white", "edgecolor": FAULTED, "linewidth": 1.8}),
    "has closed": ("tie closed", {"facecolor": RESTORED, "edgecolor": RESTORED}),
}
MARKS: dict[str, dict[str, Any]] = {
    "faulted": {"marker": "x", "s": 110.0, "color": FAULTED, "linewidths": 3.0},
    "overloaded": {"marker": "^", "s": 120.0, "facecolor": OVERLOADED, "edgecolor": "black"},
}


@dataclass
class _Segments:
    """Lines of a branch from bus to bus, or from the middle of three windings to each."""

    parts: list[FloatArray]
    middle: FloatArray


class GridPicture:
    """Branches, buses, switches and sites of a net at their places."""

    def __init__(self, net: Net, function: str, ax: Any | None) -> None:
        self.net = net
        self.places = places_of(net)
        if not len(self.places):
            raise_if([Fault(function, "net", (), "net.bus", "has no bus in service", "give a net with buses")])
        self.ax = new_axes(ax, width=8.0, height=6.0)
        self.size = float(np.clip(3000.0 / len(self.places), 12.0, 120.0))
        self.is_small = len(self.places) <= MOST_NAMED

    def draw_branches(self, states: dict[Node, str]) -> None:
        drawn = {node: self._segments(*node) for node in states}
        for kind, (label, style) in BRANCH_STYLE.items():
            own = [node for node, state in states.items() if state == kind]
            if not own:
                continue
            parts = [part for node in own for part in drawn[node].parts]
            self.ax.add_collection(LineCollection(parts, zorder=1.5, label=label, gid=kind, **style))
            trafos = np.array([drawn[node].middle for node in own if node[0] in ("trafo", "trafo3w")])
            if len(trafos):
                marker = {"marker": "$\\infty$", "s": 2.0 * self.size + 60.0, "color": style["color"], "zorder": 2.5}
                self.ax.scatter(*trafos.T, **marker)
            if kind in MARKS:  # a short line in a large net is lost without
                self.ax.scatter(*np.array([drawn[node].middle for node in own]).T, gid=kind, zorder=5, **MARKS[kind])

    def _segments(self, table: str, element: Any) -> _Segments:
        buses = self.net[table].loc[element, list(BRANCHES[table][0])].tolist()
        points = self.places.reindex(buses).to_numpy()
        middle = np.nanmean(points, axis=0)
        if len(points) == 2:
            return _Segments([points], middle)
        return _Segments([np.array([middle, point]) for point in points], middle)

    def finish(
        self,
        dark: Iterable[Any],
        behind: Iterable[Any],
        low: Iterable[Any],
        changed: Iterable[tuple[Any, str]],
        title: str,
    ) -> Any:
        """Everything but the branches, from the back to the front."""
        dark = list(dark)
        lit = self.places.index.difference(dark)
        self._mark(behind, "behind the overload", 4.0, zorder=1.0, color=BEHIND, alpha=0.7, linewidths=0)
        self._mark(lit, "", 0.6, zorder=2.0, color="dimgray")
        self._mark(dark, "dark until the repair", 0.8, zorder=2.1, facecolor="white", edgecolor="black")
        self._mark(low, "voltage too low", 2.5, zorder=2.2, facecolor="none", edgecolor=OVERLOADED, linewidth=2.5)
        times = max(1.8, LEAST_SITE / self.size)
        self._mark(self._sites(), "charging site", times, zorder=3.0, facecolor="none", edgecolor=SITE, linewidth=2.2)
        grids = self.net["ext_grid"]
        sources = grids.loc[grids["in_service"].to_numpy(dtype=bool), "bus"]
        self._mark(sources, "external grid", 1.8, zorder=2.8, marker="s", color="black")
        self._draw_switches(dict(changed))
        if self.is_small:
            for bus, name in self.net["bus"]["name"].reindex(self.places.index).items():
                offset = {"xytext": (9, 9), "textcoords": "offset points", "fontsize": "medium"}
                self.ax.annotate(str(bus if pd.isna(name) or not name else name), self.places.loc[bus], **offset)
        self.ax.margins(0.08)
        self.ax.set_aspect("equal", adjustable="datalim")
        self.ax.set_axis_off()
        self.ax.set_title(title)
        legend = self.ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small", frameon=False)
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([50.0])
        return self.ax

    def _sites(self) -> list[Any]:
        if "cpo" not in self.net:
            return []
        cpo = self.net["cpo"]
        return cpo.loc[cpo["in_service"].to_numpy(dtype=bool), "bus"].unique().tolist()

    def _mark(self, buses: Iterable[Any], label: str, times: float, **style: Any) -> None:
        known = self.places.index.intersection(pd.Index(list(buses)))
        if len(known):
            x, y = self.places.loc[known].to_numpy().T
            name = label or "_nolegend_"
            self.ax.scatter(x, y, s=times * self.size, label=name, gid=label or "bus", **style)

    def _draw_switches(self, changed: dict[Any, str]) -> None:
        switch = self.net["switch"]
        places: dict[str, list[FloatArray]] = {}
        for label, et, element, bus, closed in zip(
            switch.index, switch["et"], switch["element"], switch["bus"], switch["closed"], strict=True
        ):
            kind = changed.get(label, "closed" if closed else "open")
            place = self._place_of_switch(et, element, bus)
            if place is not None and (kind != "closed" or self.is_small):
                places.setdefault(kind, []).append(place)
        size = {"s": np.clip(0.7 * self.size, 22.0, 60.0), "marker": "s"}
        for kind, (label, style) in SWITCH_STYLE.items():
            if kind in places:
                x, y = np.array(places[kind]).T
                self.ax.scatter(x, y, zorder=4, label=label, gid=kind, **size, **style)

    def _place_of_switch(self, et: str, element: Any, bus: Any) -> FloatArray | None:
        """Near its bus on the way to the middle of its branch; between buses in the middle."""
        table = next((name for name, (_, letter) in BRANCHES.items() if letter == et), None)
        if bus not in self.places.index or (element not in self.places.index if table is None else False):
            return None
        start = self.places.loc[bus].to_numpy(dtype=float)
        if table is None:
            return 0.5 * (start + self.places.loc[element].to_numpy(dtype=float))
        if not bool(self.net[table].at[element, "in_service"]):
            return None
        return start + 0.4 * (self._segments(table, element).middle - start)
