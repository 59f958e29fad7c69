"""Failure mode and effect analysis of the tests' own, from the definitions: floods, a clock, every set of ties.

It shares no code with the package. Lines and buses fail, loads are constant, no limit binds.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

MOMENTARY_H = 0.05


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

    def after(self, element, table="line"):
        """Hours without supply of every bus that loses it, and the ties closed."""
        fault, links = (table, element), self.links
        fed = flood(self.sources, [link for link in links if link[3]])
        down = flood({fault}, [link for link in links if link[3] and not link[4]])
        alive = flood(self.sources - down, [link for link in links if link[3] and not down & set(link[:2])])
        edge = {link[2] for link in links if link[3] and len(down & set(link[:2])) == 1}
        tripped = {link[2] for link in links if link[2] in edge and alive & set(link[:2])}
        zone = flood({fault}, [link for link in links if link[2] is None])
        lost = {node for node in fed - alive if node[0] == "bus"}
        outside = [link for link in links if not zone & set(link[:2])]
        closed = [link for link in outside if link[3]]
        open_links = [link for link in outside if not link[3]]
        repair_h = float(self.net[table].repair_time_h[element])
        best = None
        for size in range(len(open_links) + 1):
            for ties in itertools.combinations(open_links, size):
                if n_loops(closed + list(ties), self.sources) != n_loops(closed, self.sources):
                    continue
                steps = ties_in_a_row(self.sources - zone, closed, ties)
                waiting = {bus: repair_h for bus in lost}
                waiting |= {bus: h for bus, h in self.clock(fault, zone, edge, tripped, ties).items() if bus in lost}
                too_long = [bus for bus in lost if steps.get(bus, 0) > self.max_ties and self.load.get(bus[1], 0) > 0]
                cost = sum(self.load.get(bus[1], 0.0) * min(h, repair_h) for bus, h in waiting.items())
                key = (round(cost, 7), size, tuple(sorted(tie[2] for tie in ties)))
                if not too_long and (best is None or key < best[0]):
                    best = key, {bus[1]: min(h, repair_h) for bus, h in waiting.items()}
        return best[1], best[0][2]

    def clock(self, fault, zone, edge, tripped, ties):
        """When every node is energised, watching the switches at work."""
        moved = {label: self.time_of(label, *fault) for *_, label, _, _ in self.links if label is not None}
        chosen = {tie[2] for tie in ties}
        unmoved = [link for link in self.links if link[3] and link[2] not in tripped and not zone & set(link[:2])]
        isolators = [link for link in self.links if link[3] and len(zone & set(link[:2])) == 1 and link[2] not in edge]
        since = {}
        for now in sorted({0.0, *moved.values()}):
            still_closed = [link for link in isolators if moved[link[2]] > now]
            at_fault = flood(zone, still_closed + [link for link in unmoved]) if still_closed else set(zone)
            again = [link for link in self.links if link[2] in tripped | chosen and moved[link[2]] <= now]
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
