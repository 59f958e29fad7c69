"""Distribution systems of buses 2 and 4 of the Roy Billinton Test System (Allan et al. 1991, doi 10.1109/59.76730).

Feeders of 11 kV with breakers at their heads, fuses at the laterals and open ties between them. Bus 2 has
disconnectors at the start of every section, and two laterals without a fuse, as in the data of a public analytical
program; bus 4 has disconnectors at both ends of every section. Loads are means.
"""

from __future__ import annotations

from typing import Any

import pandapower as pp

#: from, to, km, type of the switch at the first end
SECTIONS = [
    ("B2", "B3", 0.75, "CB"), ("B3", "LP1", 0.6, "CB"), ("B3", "LP2", 0.8, "CB"),
    ("B3", "B4", 0.75, "LBS"), ("B4", "LP3", 0.8, "CB"), ("B4", "LP4", 0.6, "CB"),
    ("B4", "B5", 0.75, "LBS"), ("B5", "LP5", 0.8, "CB"), ("B5", "LP6", 0.75, "CB"),
    ("B5", "B6", 0.6, "LBS"), ("B6", "LP7", 0.8, "CB"), ("B2", "B7", 0.75, "CB"),
    ("B7", "LP8", 0.8, None), ("B7", "B8", 0.6, "LBS"), ("B8", "LP9", 0.8, None),
    ("B2", "B9", 0.75, "CB"), ("B9", "LP10", 0.6, "CB"), ("B9", "B10", 0.8, "LBS"),
    ("B10", "LP11", 0.75, "CB"), ("B10", "LP12", 0.8, "CB"), ("B10", "B11", 0.6, "LBS"),
    ("B11", "LP13", 0.75, "CB"), ("B11", "LP14", 0.8, "CB"), ("B11", "B12", 0.75, "LBS"),
    ("B12", "LP15", 0.6, "CB"), ("B2", "B13", 0.8, "CB"), ("B13", "LP16", 0.75, "CB"),
    ("B13", "LP17", 0.6, "CB"), ("B13", "B14", 0.75, "LBS"), ("B14", "LP18", 0.6, "CB"),
    ("B14", "LP19", 0.8, "CB"), ("B14", "B15", 0.75, "LBS"), ("B15", "LP20", 0.8, "CB"),
    ("B15", "B16", 0.6, "LBS"), ("B16", "LP21", 0.75, "CB"), ("B16", "LP22", 0.8, "CB"),
]  # fmt: skip
TIES = [("B6", "B8"), ("B12", "B16")]
#: bus, MW, customers; "lv": behind a transformer
LOADS = [
    ("LP1lv", 0.535, 210), ("LP2lv", 0.535, 210), ("LP3lv", 0.535, 210), ("LP4lv", 0.566, 1), ("LP5lv", 0.566, 1),
    ("LP6lv", 0.454, 10), ("LP7lv", 0.454, 10), ("LP8", 1.0, 1), ("LP9", 1.15, 1), ("LP10lv", 0.535, 210),
    ("LP11lv", 0.535, 210), ("LP12lv", 0.45, 200), ("LP13lv", 0.566, 1), ("LP14lv", 0.566, 1), ("LP15lv", 0.454, 10),
    ("LP16lv", 0.454, 10), ("LP17lv", 0.45, 200), ("LP18lv", 0.45, 200), ("LP19lv", 0.45, 200), ("LP20lv", 0.566, 1),
    ("LP21lv", 0.566, 1), ("LP22lv", 0.454, 10),
]  # fmt: skip
FAILURES_PER_KM, TRAFO_FAILURES = 0.065, 0.015

#: sections of bus 4 by their length in km, numbered along each feeder, a station's laterals after the line to it
LENGTHS = {
    0.6: (2, 6, 10, 14, 17, 21, 25, 28, 30, 34, 38, 41, 43, 46, 49, 51, 55, 58, 61, 64, 67),
    0.75: (1, 4, 7, 9, 12, 16, 19, 22, 24, 27, 29, 32, 35, 37, 40, 42, 45, 48, 50, 53, 56, 60, 63, 65),
    0.8: (3, 5, 8, 11, 13, 15, 18, 20, 23, 26, 31, 33, 36, 39, 44, 47, 52, 54, 57, 59, 62, 66),
}
#: laterals at the stations of every feeder, and whether their loads are behind transformers. Which station a lateral
#: leaves from is drawn in the paper only; with these its totals come out
FEEDERS = [
    ((2, 2, 1, 1, 1), True), ((1, 1, 1), False), ((2, 2, 1, 1, 1), True), ((2, 2, 2, 2, 0), True), ((1, 1, 1), False),
    ((1, 1, 1), False), ((2, 2, 1, 1, 1), True),
]  # fmt: skip
#: feeders with an open tie between their ends
TIED = [(0, 1), (2, 3), (4, 5), (5, 6)]
#: load points of bus 4 with these MW and customers
LOADS_4 = [
    ((*range(1, 5), *range(11, 14), *range(18, 22), *range(32, 36)), 0.545, 220),
    ((5, 14, 15, 22, 23, 36, 37), 0.5, 200),
    ((8, 10, *range(26, 31)), 1.0, 1),
    ((9, 31), 1.5, 1),
    ((6, 7, 16, 17, 24, 25, 38), 0.415, 10),
]


def rbts_bus_2(trafo_repair_h: float) -> Any:
    """Lines are repaired in 5 h, transformers repaired or replaced in the time given; switching takes 1 h."""
    net = pp.create_empty_network()
    names = ["source", *dict.fromkeys(bus for start, end, *_ in SECTIONS for bus in (start, end))]
    bus = dict(zip(names, pp.create_buses(net, len(names), 11.0, name=names).tolist(), strict=True))
    pp.create_ext_grid(net, bus["source"])
    pp.create_switch(net, bus["source"], bus["B2"], "b")  # of no type: closed, clears nothing
    for start, end, length_km, kind in SECTIONS:
        _line(net, bus[start], bus[end], length_km, kind)
    for start, end in TIES:
        pp.create_switch(net, bus[start], bus[end], "b", closed=False)
    for place, p_mw, customers in LOADS:
        at = bus[place.removesuffix("lv")]
        _load(net, at, p_mw, customers, has_trafo=place.endswith("lv"))
    return _with_rates(net, trafo_repair_h)


def rbts_bus_4() -> Any:
    """Transformers are repaired in 200 h; all seven feeders leave one busbar."""
    net = pp.create_empty_network()
    busbar = pp.create_bus(net, 11.0)
    pp.create_ext_grid(net, busbar)
    lengths = iter(km for _, km in sorted((section, km) for km, own in LENGTHS.items() for section in own))
    points = iter(sorted((point, p_mw, customers) for own, p_mw, customers in LOADS_4 for point in own))
    ends = []
    for laterals, has_trafo in FEEDERS:
        station = busbar
        for number, n_laterals in enumerate(laterals):
            before, station = station, pp.create_bus(net, 11.0)
            _line(net, before, station, next(lengths), "LBS" if number else "CB", "LBS")
            for _ in range(n_laterals):
                _, p_mw, customers = next(points)
                at = pp.create_bus(net, 11.0)
                _line(net, station, at, next(lengths), "fuse")
                _load(net, at, p_mw, customers, has_trafo=has_trafo)
        ends.append(station)
    for one, other in TIED:
        pp.create_switch(net, ends[one], ends[other], "b", type="LBS", closed=False)
    return _with_rates(net, 200.0)


def _line(net: Any, start: int, end: int, length_km: float, first: str | None, second: str | None = None) -> None:
    """With switches of these types at its ends; None: no switch."""
    line = pp.create_line_from_parameters(net, start, end, length_km, 0.2, 0.1, 0.0, 5.0)
    for bus, kind in ((start, first), (end, second)):
        if kind is not None:
            pp.create_switch(net, bus, line, "l", type=kind)


def _load(net: Any, at: int, p_mw: float, customers: int, *, has_trafo: bool) -> None:
    if has_trafo:
        high, at = at, pp.create_bus(net, 0.4)
        pp.create_transformer_from_parameters(net, high, at, 2.0, 11.0, 0.4, 1.0, 6.0, 1.0, 0.1)
    pp.create_load(net, at, p_mw, customers=float(customers))


def _with_rates(net: Any, trafo_repair_h: float) -> Any:
    net.line["failure_rate_per_year"] = FAILURES_PER_KM * net.line["length_km"]
    net.line["repair_time_h"], net.line["switching_time_h"] = 5.0, 1.0
    net.trafo["failure_rate_per_year"] = TRAFO_FAILURES
    net.trafo["repair_time_h"], net.trafo["switching_time_h"] = trafo_repair_h, 1.0
    return net
