"""Distribution system of bus 2 of the Roy Billinton Test System (Allan, Billinton et al. 1991, doi 10.1109/59.76730).

Four feeders of 11 kV with breakers at their heads, fuses at the laterals (two have none, as in the data of a public
analytical program), disconnectors at the start of every section and two open ties. Loads are means.
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


def rbts_bus_2(trafo_repair_h: float) -> Any:
    """Lines are repaired in 5 h, transformers repaired or replaced in the time given; switching takes 1 h."""
    net = pp.create_empty_network()
    names = ["source", *dict.fromkeys(bus for start, end, *_ in SECTIONS for bus in (start, end))]
    bus = dict(zip(names, pp.create_buses(net, len(names), 11.0, name=names).tolist(), strict=True))
    pp.create_ext_grid(net, bus["source"])
    pp.create_switch(net, bus["source"], bus["B2"], "b")  # of no type: closed, clears nothing
    for start, end, length_km, kind in SECTIONS:
        line = pp.create_line_from_parameters(net, bus[start], bus[end], length_km, 0.2, 0.1, 0.0, 5.0)
        if kind is not None:
            pp.create_switch(net, bus[start], line, "l", type=kind)
    for start, end in TIES:
        pp.create_switch(net, bus[start], bus[end], "b", closed=False)
    for place, p_mw, customers in LOADS:
        at = bus[place.removesuffix("lv")]
        if place.endswith("lv"):
            low = pp.create_bus(net, 0.4)
            pp.create_transformer_from_parameters(net, at, low, 2.0, 11.0, 0.4, 1.0, 6.0, 1.0, 0.1)
            at = low
        pp.create_load(net, at, p_mw, customers=float(customers))
    net.line["failure_rate_per_year"] = FAILURES_PER_KM * net.line["length_km"]
    net.line["repair_time_h"], net.line["switching_time_h"] = 5.0, 1.0
    net.trafo["failure_rate_per_year"] = TRAFO_FAILURES
    net.trafo["repair_time_h"], net.trafo["switching_time_h"] = trafo_repair_h, 1.0
    return net
