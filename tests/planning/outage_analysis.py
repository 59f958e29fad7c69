"""Failure mode and effect analysis of the tests' own, from the definitions: floods, a clock, every set of ties.

It shares no code with the package. Lines and buses fail, loads are constant, no limit binds.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd

MOMENTARY_H = 0.05


class Found(NamedTuple):
    """What a set of ties does: cost, switchings and ties; hours without supply by bus; whether more could be done."""

    key: tuple
    hours: dict
    leaves_load: bool


class Outages:
    """A net as links (node, node, switch or None, closed, clears); lines are nodes."""

    def __init__(self, net, max_ties=2):
        self.net, self.max_ties = net, max_ties
        self.sources = {("bus", bus) for bus in net.ext_grid.bus}
        at_end = {}
        self.links = []
        for label, row in net.switch.iterrows():
            head = row.et == "l" and ("bus", row.bus) in self.sources
            clears = row.type in ("CB", "fuse") or (row.type is None and head)
            if row.et == "b":
                self.links.append((("bus", row.bus), ("bus", row.element), label, bool(row.closed), clears))
            else:
                at_end[row.element, row.bus] = (label, bool(row.closed), clears)
        for line, row in net.line.iterrows():
            for bus in (row.from_bus, row.to_bus):
                self.links.append((("line", line), ("bus", bus), *at_end.get((line, bus), (None, True, False))))
        self.load = net.load.groupby("bus").p_mw.sum()

    def time_of(self, label, table, element):
        own = self.net.switch.switching_time_h[label]
        return float(self.net[table].switching_time_h[element] if np.isnan(own) else own)

    def after(self, element, table="line", *, shed=None, split=False):
        """Hours without supply of every bus that loses it, and the ties closed."""
        best = self.best(element, table, shed=shed, split=split)
        return best.hours, best.key[2]

    def best(self, element, table, *, shed=None, split=False):
        best = self.cheapest(element, table, shed)
        if split and best.leaves_load:
            parted = (self.cheapest(element, table, shed, own) for own in self.links if own[2] is not None and own[3])
            best = min([best, *filter(None, parted)], key=lambda found: found.key)
        return best

    def cheapest(self, element, table, shed=None, further=None):
        """Of all sets of ties, with a further switch open; None where that parts nothing."""
        fault, links = (table, element), [link for link in self.links if link is not further]
        fed = flood(self.sources, [link for link in self.links if link[3]])
        down = flood({fault}, [link for link in self.links if link[3] and not link[4]])
        alive = flood(self.sources - down, [link for link in self.links if link[3] and not down & set(link[:2])])
        edge = {link[2] for link in self.links if link[3] and len(down & set(link[:2])) == 1}
        tripped = {link[2] for link in self.links if link[2] in edge and alive & set(link[:2])}
        zone = flood({fault}, [link for link in self.links if link[2] is None])
        lost = {node for node in fed - alive if node[0] == "bus"}
        closed = [link for link in links if link[3] and not zone & set(link[:2])]
        open_links = [link for link in links if not link[3] and not zone & set(link[:2])]
        back_at_once = flood(self.sources - zone, closed)
        if further is not None:
            one, other = further[:2]
            is_out = {one, other} <= fed - alive - zone and not {one, other} & back_at_once
            if not is_out or other in flood({one}, closed):
                return None
        repair_h = float(self.net[table].repair_time_h[element])
        load = {bus: self.load.get(bus[1], 0.0) for bus in lost}
        best = None
        for size in range(len(open_links) + 1):
            for ties in itertools.combinations(open_links, size):
                if n_loops(closed + list(ties), self.sources) != n_loops(closed, self.sources):
                    continue
                steps = ties_in_a_row(self.sources - zone, closed, ties)
                if any(steps.get(bus, 0) > self.max_ties and mw > 0 for bus, mw in load.items()):
                    continue
                back = self.clock(fault, zone, edge, tripped, ties, further)
                hours = {bus: min(back.get(bus, repair_h), repair_h) for bus in lost}
                shed_mwh = 0.0 if shed is None else repair_h * shed(self.sources - zone, closed, ties)
                cost = sum(load[bus] * h for bus, h in hours.items()) + shed_mwh
                key = (round(cost, 7), size + (further is not None), tuple(sorted(tie[2] for tie in ties)))
                if best is None or key < best.key:
                    leaves_load = shed_mwh > 0 or any(load[b] > 0 for b in lost - zone - set(back))
                    best = Found(key, {bus[1]: h for bus, h in hours.items()}, leaves_load)
        return best

    def clock(self, fault, zone, edge, tripped, ties, further=None):
        """When every node is energised, watching the switches at work."""
        moved = {label: self.time_of(label, *fault) for *_, label, _, _ in self.links if label is not None}
        chosen = {tie[2] for tie in ties}
        apart = tripped if further is None else tripped | {further[2]}
        unmoved = [link for link in self.links if link[3] and link[2] not in apart and not zone & set(link[:2])]
        isolators = [link for link in self.links if link[3] and len(zone & set(link[:2])) == 1 and link[2] not in edge]
        since = {}
        for now in sorted({0.0, *moved.values()}):
            still_closed = [link for link in isolators if moved[link[2]] > now]
            at_fault = flood(zone, still_closed + [link for link in unmoved]) if still_closed else set(zone)
            if further is not None and further[2] not in edge and moved[further[2]] > now:
                at_fault |= flood(set(further[:2]), unmoved)
            again = [link for link in self.links if link[2] in (tripped | chosen) - (apart - tripped)]
            again = [link for link in again if link is not further and moved[link[2]] <= now]
            usable = [link for link in unmoved + again if not (at_fault | zone) & set(link[:2])]
            for node in flood(self.sources - at_fault - zone, usable):
                since.setdefault(node, now)
        return since

    def indices(self):
        """Interruptions, momentary ones, hours and energy a year of every load, and SAIFI, SAIDI, EENS, MAIFI."""
        net = self.net
        rows = pd.DataFrame(0.0, index=net.load.index, columns=["sustained", "momentary", "hours", "energy"])
        faults = [(rate, i, table) for table in ("line", "bus") for i, rate in net[table].failure_rate_per_year.items()]
        for rate, element, table in faults:
            out, _ = self.after(element, table)
            for load, bus in net.load.bus.items():
                if bus in out:
                    kind = "momentary" if out[bus] < MOMENTARY_H else "sustained"
                    rows.loc[load, kind] += rate
                    rows.loc[load, "hours"] += rate * out[bus] * (kind == "sustained")
                    rows.loc[load, "energy"] += rate * out[bus] * net.load.p_mw[load]
        share = net.load.customers.fillna(1.0) / net.load.customers.fillna(1.0).sum()
        system = {name: float(rows[name] @ share) for name in ("sustained", "hours", "momentary")}
        return rows, {**system, "energy": rows.energy.sum()}


def flood(starts, links):
    """Everything connected to these nodes by these links."""
    reached, grown = set(starts), True
    while grown:
        grown = False
        for one, other, *_ in links:
            if (one in reached) != (other in reached):
                reached |= {one, other}
                grown = True
    return reached


def n_loops(links, sources):
    """Independent loops, with all sources as one node."""
    parent = {}

    def root(node):
        node = "source" if node in sources else node
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    loops = 0
    for one, other, *_ in links:
        a, b = root(one), root(other)
        loops += a == b
        parent[a] = b
    return loops


def ties_in_a_row(starts, closed, ties):
    """Ties between every node and what is supplied without them."""
    steps, reached = {}, set()
    for n in range(len(ties) + 1):
        grown = flood(starts, closed) if n == 0 else flood(reached | next_to(reached, ties), closed)
        for node in grown - reached:
            steps[node] = n
        reached = grown
    return steps


def next_to(reached, ties):
    return {node for tie in ties if set(tie[:2]) & reached for node in tie[:2]}
