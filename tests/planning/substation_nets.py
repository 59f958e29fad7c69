"""Random nets from 33 kV down: loops and double circuits, stations with parallel transformers and couplers, feeders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp

#: lines that carry anything
LINE = {"length_km": 1.0, "r_ohm_per_km": 1e-3, "x_ohm_per_km": 1e-3, "c_nf_per_km": 0.0, "max_i_ka": 50.0}
#: switches in a row at the end of a line, from the line on
INCOMERS = [["CB"], ["LBS"], ["DS"], [None], [], ["CB", "DS"]]
HEADS = [["CB"], [None], ["DS", "CB"]]
SECTIONS = [["LBS"], ["CB"], [], ["fuse"], [None], ["LS"], ["cb"]]
FAR_ENDS = [[], ["LBS"], ["DS"]]
LATERALS = [["fuse"], ["FUSE "], [], ["LBS", "fuse"], ["fuse", "fuse"]]


class _Builder:
    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.net = rng, pp.create_empty_network()

    def is_so(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def one_of(self, choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def line(self, start: int, end: int, first: Any, second: Any = (), *, closed: bool = True) -> None:
        """With switches of these types at its ends; the last one of the second end may be open."""
        line = pp.create_line_from_parameters(self.net, start, end, **LINE)
        for bus, kinds in ((start, first), (end, second)):
            for number, kind in enumerate(kinds):
                is_closed = closed or bus == start or number < len(kinds) - 1
                pp.create_switch(self.net, bus, line, "l", type=kind, closed=is_closed)

    def load(self, bus: int) -> None:
        pp.create_load(self.net, bus, round(float(self.rng.uniform(0.1, 1.0)), 3))

    def at_trafo(self, trafo: int, et: str, ends: Any) -> None:
        """Switches of some (bus, types to choose from) of a transformer."""
        for bus, kinds in ends:
            if self.is_so(0.6):
                pp.create_switch(self.net, bus, trafo, et, type=self.one_of(kinds))

    def transmission(self) -> list[int]:
        """One to three stations in a row or a loop, some lines twice, one or two external grids."""
        high = pp.create_buses(self.net, int(self.rng.integers(1, 4)), 33.0).tolist()
        for bus in high[: int(self.rng.integers(1, 3))]:
            pp.create_ext_grid(self.net, bus)
        for start, end in zip(high, high[1:], strict=False):
            for _ in range(int(self.rng.integers(1, 3))):
                self.line(start, end, self.one_of(INCOMERS), self.one_of(INCOMERS))
        if len(high) > 2 and self.is_so(0.5):
            self.line(high[0], high[-1], self.one_of(INCOMERS), ["LBS"], closed=self.is_so(0.5))
        return high

    def station(self, high: int) -> list[int]:
        """Two busbars with a coupler, each with a transformer, or the second one without."""
        busbars = pp.create_buses(self.net, 2, 11.0).tolist()
        coupler = self.one_of(["CB", "CB", "LBS", None])
        pp.create_switch(self.net, *busbars, "b", type=coupler, closed=self.is_so(0.6))
        for busbar in busbars[: 1 + self.is_so(0.8)]:
            if self.is_so(0.2):
                self.three_windings(high, busbar)
            else:
                trafo = pp.create_transformer_from_parameters(
                    self.net, high, busbar, 400.0, 33.0, 11.0, 0.5, 8.0, 0.0, 0.0
                )
                self.at_trafo(trafo, "t", [(high, ["CB", None, "LBS", "fuse"]), (busbar, ["CB", None, "LBS"])])
        if self.is_so(0.3):
            self.load(busbars[0])
        return busbars

    def three_windings(self, high: int, busbar: int) -> None:
        low = pp.create_bus(self.net, 0.4)
        trafo = pp.create_transformer3w_from_parameters(
            self.net, high, busbar, low, 33.0, 11.0, 0.4, *[200.0] * 3, *[5.0] * 3, *[0.3] * 3, 0.0, 0.0
        )
        self.at_trafo(trafo, "t3", [(high, ["CB", None, "LBS"]), (busbar, ["CB", None])])
        self.load(low)

    def feeder(self, busbar: int) -> int:
        """Up to three stations in a row with a load, a lateral or nothing; the last one."""
        at = busbar
        for number in range(int(self.rng.integers(1, 4))):
            before, at = at, pp.create_bus(self.net, 11.0)
            self.line(before, at, self.one_of(SECTIONS if number else HEADS), self.one_of(FAR_ENDS))
            kind = self.rng.random()
            if kind < 0.3:
                self.load(at)
            elif kind < 0.8:
                self.lateral(at)
        return at

    def lateral(self, station: int) -> None:
        end = pp.create_bus(self.net, 11.0)
        self.line(station, end, self.one_of(LATERALS))
        if self.is_so(0.6):
            high, end = end, pp.create_bus(self.net, 0.4)
            trafo = pp.create_transformer_from_parameters(self.net, high, end, 100.0, 11.0, 0.4, 1.0, 4.0, 0.0, 0.0)
            self.at_trafo(trafo, "t", [(high, ["fuse", "LBS", None]), (end, ["CB", None])])
        self.load(end)

    def ties(self, ends: list[int], busbars: list[int]) -> None:
        for _ in range(int(self.rng.integers(0, 3))):
            start, end = self.one_of(ends), self.one_of(ends + busbars)
            if start == end:
                continue
            if self.is_so(0.5):
                pp.create_switch(self.net, start, end, "b", type=self.one_of(["LBS", None, "CB"]), closed=False)
            else:
                self.line(start, end, self.one_of([["LBS"], []]), ["LBS"], closed=False)

    def rates(self) -> None:
        """Of some elements, 0 and missing ones among them; some are out of service."""
        for table, share in (("line", 0.9), ("trafo", 0.8), ("trafo3w", 0.8), ("bus", 0.4), ("switch", 0.1)):
            own, n = self.net[table], len(self.net[table])
            rate = np.where(self.rng.random(n) < share, self.rng.uniform(0.01, 0.3, n), np.nan)
            own["failure_rate_per_year"] = np.where(self.rng.random(n) < 0.05, 0.0, rate)
            own["repair_time_h"] = self.rng.choice([0.5, 2.0, 5.0, 200.0], n)
            own["switching_time_h"] = self.rng.choice([0.5, 1.0], n)
            own["planned_outage_rate_per_year"] = np.where(self.rng.random(n) < 0.1, 0.2, np.nan)
            own["planned_outage_time_h"] = 4.0
        n = len(self.net.switch)
        self.net.switch["switching_time_h"] = self.rng.choice([np.nan, 0.02, 0.3, 1.5], n, p=[0.6, 0.1, 0.2, 0.1])
        self.net.switch["stuck_probability"] = self.rng.choice([np.nan, 0.0, 0.05], n, p=[0.8, 0.1, 0.1])
        self.net.load["customers"] = self.rng.choice([np.nan, 0.0, 10.0, 55.0], len(self.net.load))
        self.net.load.loc[self.net.load.index[-1], "customers"] = 10.0
        if self.is_so(0.2):
            self.net.line.loc[self.one_of(self.net.line.index), "in_service"] = False
        if len(self.net.ext_grid) > 1 and self.is_so(0.2):
            self.net.ext_grid.loc[0, "in_service"] = False


def random_substations(seed: int) -> Any:
    """A net in which only faults interrupt: nothing is ever overloaded."""
    own = _Builder(np.random.default_rng(seed))
    busbars = [busbar for high in own.transmission() for busbar in own.station(high)]
    ends = [own.feeder(own.one_of(busbars)) for _ in range(int(own.rng.integers(1, 4)))]
    own.ties(ends, busbars)
    own.load(busbars[0])
    own.rates()
    return own.net
