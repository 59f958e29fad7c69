"""Failure mode and effect analysis of the tests' own, from the definitions: floods, a clock, every set of ties.

It shares no code with the package. Loads are constant, no limit binds but those that `shed` stands for.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd

MOMENTARY_H = 0.05
#: letter in net.switch.et, and columns of the buses
BRANCHES = {
    "line": ("l", ["from_bus", "to_bus"]),
    "trafo": ("t", ["hv_bus", "lv_bus"]),
    "trafo3w": ("t3", ["hv_bus", "mv_bus", "lv_bus"]),
    "impedance": (None, ["from_bus", "to_bus"]),
}


class Found(NamedTuple):
    """What a set of ties does: cost, switchings and ties; hours without supply by bus; whether more could be done."""

    key: tuple
    hours: dict
    leaves_load: bool
    tripped: set


class Outages:
    """A net as links (node, node, switch or None, closed, clears); lines and transformers are nodes."""

    def __init__(self, net, max_ties=2):
        self.net, self.max_ties = net, max_ties
        self.sources = {("bus", bus) for bus in net.ext_grid.bus[net.ext_grid.in_service]}
        self.links = self._links(())
        fed = flood(self.sources, [link for link in self.links if link[3]])
        self.links = self._links({(*node, bus) for node, bus in self._lower_sides() if node in fed})
        self.load = net.load[net.load.in_service].groupby("bus").p_mw.sum()
        self.end_of = {label: (one, other) for one, other, label, _, _ in self.links if label is not None}

    def _links(self, low):
        """With the lower sides of supplied transformers known: untyped switches there are breakers."""
        links = []
        for label, row in self.net.switch[self.net.switch.et == "b"].iterrows():
            if self.net.bus.in_service[[row.bus, row.element]].all():
                links.append((("bus", row.bus), ("bus", row.element), label, bool(row.closed), clears(row.type)))
        busbars = flood(self.sources | {("bus", bus) for *_, bus in low}, [link for link in links if link[3]])
        for table, (letter, ends) in BRANCHES.items():
            for element, row in self.net[table][self.net[table].in_service].iterrows():
                for bus in row[ends]:
                    links += self._end((table, element), bus, letter, low, busbars)
        return links

    def _lower_sides(self):
        for table, ends in (("trafo", ["lv_bus"]), ("trafo3w", ["mv_bus", "lv_bus"])):
            for element, row in self.net[table].iterrows():
                yield from (((table, element), bus) for bus in row[ends])

    def _end(self, node, bus, letter, low, busbars):
        """Through all switches in a row."""
        if not self.net.bus.in_service[bus]:
            return
        rows = self.net.switch[(self.net.switch.et == letter) & (self.net.switch.element == node[1])]
        rows, own = rows[rows.bus == bus], node
        for number, (label, row) in enumerate(rows.iterrows()):
            after = ("bus", bus) if number == len(rows) - 1 else ("between", label)
            is_head = row.type is None and (letter == "l" and ("bus", bus) in busbars or (*own, bus) in low)
            yield node, after, label, bool(row.closed), is_head or clears(row.type)
            node = after
        if not len(rows):
            yield node, ("bus", bus), None, True, False

    def place(self, table, element):
        """Table and label of what a switch is at, else the element."""
        if table != "switch":
            return table, element
        row = self.net.switch.loc[element]
        own = {letter: own for own, (letter, _) in BRANCHES.items()}.get(row.et)
        return ("bus", row.bus) if own is None else (own, row.element)

    def time_of(self, label, table, element):
        own = self.net.switch.switching_time_h[label]
        where, which = self.place(table, element)
        return float(self.net[where].switching_time_h[which] if np.isnan(own) else own)

    def after(self, element, table="line", **how):
        """Hours without supply of every bus that loses it, and the ties closed."""
        best = self.best(element, table, **how)
        return best.hours, best.key[2]

    def best(self, element, table, *, shed=None, split=False, planned=False):
        best = self.cheapest(element, table, shed, planned=planned)
        if split and best.leaves_load:
            switches = [own for own in self.links if own[2] is not None and own[3]]
            parted = (self.cheapest(element, table, shed, own, planned=planned) for own in switches)
            best = min([best, *filter(None, parted)], key=lambda found: found.key)
        return best

    def with_stuck_breakers(self, element, table):
        """Probability of every set of breakers that do not open, and the hours then, with the usual ties."""
        usual = self.best(element, table)
        tripped = sorted(usual.tripped)
        chance = dict(zip(tripped, self.net.switch.stuck_probability[tripped].fillna(0.0), strict=True))
        for stuck in itertools.product([False, True], repeat=len(tripped)):
            own = {label for label, fails in zip(tripped, stuck, strict=True) if fails}
            probability = np.prod([chance[label] if label in own else 1.0 - chance[label] for label in tripped])
            if probability > 0.0:
                yield probability, self.cheapest(element, table, stuck=own, only=usual.key[2]).hours

    def cheapest(self, element, table, shed=None, further=None, *, planned=False, stuck=(), only=None):
        """Of all sets of ties, with a further switch open; None where that parts nothing."""
        links = [link for link in self.links if link is not further]
        fault = set(self.end_of[element]) if table == "switch" else {(table, element)}
        fed = flood(self.sources, [link for link in self.links if link[3]])
        zone = flood(fault, [link for link in self.links if link[2] is None])
        goes_on = [link for link in self.links if link[3] and (not link[4] or link[2] in stuck)]
        down = set() if planned else flood(fault, goes_on)
        off = zone if planned else down
        alive = flood(self.sources - off, [link for link in self.links if link[3] and not off & set(link[:2])])
        edge = {link[2] for link in self.links if link[3] and len(down & set(link[:2])) == 1}
        tripped = {link[2] for link in self.links if link[2] in edge and alive & set(link[:2])}
        lost = {node for node in fed - alive if node[0] == "bus"}
        closed = [link for link in links if link[3] and not zone & set(link[:2])]
        open_links = [link for link in links if not link[3] and not zone & set(link[:2])]
        if further is not None:
            one, other = further[:2]
            is_out = {one, other} <= fed - alive - zone and not {one, other} & flood(self.sources - zone, closed)
            if not is_out or other in flood({one}, closed):
                return None
        column = "planned_outage_time_h" if planned else "repair_time_h"
        repair_h = float(self.net[table][column][element])
        load = {bus: self.load.get(bus[1], 0.0) for bus in lost}
        best = None
        for size in range(len(open_links) + 1):
            for ties in itertools.combinations(open_links, size):
                labels = tuple(sorted(tie[2] for tie in ties))
                if only is not None and labels != only:
                    continue
                if n_loops(closed + list(ties), self.sources) != n_loops(closed, self.sources):
                    continue
                steps = ties_in_a_row(self.sources - zone, closed, ties)
                if any(steps.get(bus, 0) > self.max_ties and mw > 0 for bus, mw in load.items()):
                    continue
                if planned:
                    back = dict.fromkeys(flood(self.sources - zone, closed + list(ties)), 0.0)
                else:
                    back = self.clock((table, element), zone, edge, tripped, ties, further)
                hours = {bus: min(back.get(bus, repair_h), repair_h) for bus in lost}
                shed_mwh = 0.0 if shed is None else repair_h * shed(self.sources - zone, closed, ties)
                cost = sum(load[bus] * h for bus, h in hours.items()) + shed_mwh
                key = (round(cost, 7), size + (further is not None), labels)
                if best is None or key < best.key:
                    leaves_load = shed_mwh > 0 or any(load[b] > 0 for b in lost - zone - set(back))
                    out = {bus[1]: h for bus, h in hours.items() if not (planned and bus in back)}
                    best = Found(key, out, leaves_load, tripped)
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
            again = [link for link in self.links if link[2] in tripped | chosen]
            again = [link for link in again if link is not further and moved[link[2]] <= now]
            usable = [link for link in unmoved + again if not (at_fault | zone) & set(link[:2])]
            for node in flood(self.sources - at_fault - zone, usable):
                since.setdefault(node, now)
        return since

    def events(self):
        """Rate, element, table and whether it is planned, of everything in service that has a rate."""
        for table in ("line", "trafo", "trafo3w", "bus", "switch"):
            for column, planned in (("failure_rate_per_year", False), ("planned_outage_rate_per_year", True)):
                for element, rate in self.net[table].get(column, pd.Series(dtype=float)).items():
                    where, which = self.place(table, element)
                    if (
                        rate > 0.0
                        and self.net[where].in_service[which]
                        and (table != "switch" or element in self.end_of)
                    ):
                        yield rate, element, table, planned

    def indices(self):
        """Interruptions, momentary ones, hours and energy a year of every load, and SAIFI, SAIDI, EENS, MAIFI."""
        net = self.net
        rows = pd.DataFrame(0.0, index=net.load.index, columns=["sustained", "momentary", "hours", "energy"])
        for rate, element, table, planned in self.events():
            if planned:
                cases = [(1.0, self.after(element, table, planned=True)[0])]
            else:
                cases = self.with_stuck_breakers(element, table)
            for probability, out in cases:
                for load, bus in net.load.bus.items():
                    if bus in out:
                        kind, often = "momentary" if out[bus] < MOMENTARY_H else "sustained", rate * probability
                        rows.loc[load, kind] += often
                        rows.loc[load, "hours"] += often * out[bus] * (kind == "sustained")
                        rows.loc[load, "energy"] += often * out[bus] * net.load.p_mw[load]
        share = net.load.customers.fillna(1.0) / net.load.customers.fillna(1.0).sum()
        system = {name: float(rows[name] @ share) for name in ("sustained", "hours", "momentary")}
        return rows, {**system, "energy": rows.energy.sum()}


def clears(kind):
    return kind is not None and kind.strip().upper() in ("CB", "FUSE")


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
