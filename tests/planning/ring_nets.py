"""Small nets for faults: random ones, and some whose answer is plain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp


def net_of(n_buses: int, lines: Any, switches: Any, sources: Any = (0,), load_mw: Any = None) -> Any:
    """Buses of 10 kV with a load each.

    Parameters
    ----------
    lines : [(from_bus, to_bus), ...]
    switches : [(bus, element, et, closed), ...]
    """
    net = pp.create_empty_network()
    pp.create_buses(net, n_buses, 10.0)
    for bus in sources:
        pp.create_ext_grid(net, bus)
    for start, end in lines:
        pp.create_line_from_parameters(net, start, end, 1.0, 0.1, 0.1, 0.0, 0.4)
    for bus, element, et, closed in switches:
        pp.create_switch(net, bus, element, et, closed=closed)
    pp.create_loads(net, range(n_buses), p_mw=[1.0] * n_buses if load_mw is None else load_mw)
    return net


def random_net(seed: int) -> Any:
    """A tree with further lines, bus-bus switches and a transformer; some ends open, some without any switch."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 9))
    lines = [(int(rng.integers(0, bus)), bus) for bus in range(1, n)]
    lines += [tuple(int(b) for b in rng.choice(n, 2, replace=False)) for _ in range(rng.integers(0, 4))]
    switches = []
    for line, ends in enumerate(lines):
        for bus in ends:
            if rng.random() < 0.7:
                switches.append((bus, line, "l", bool(rng.random() < 0.75)))
    for _ in range(rng.integers(0, 3)):
        bus, other = (int(b) for b in rng.choice(n, 2, replace=False))
        switches.append((bus, other, "b", bool(rng.random() < 0.4)))
    sources = rng.choice(n, int(rng.integers(1, 3)), replace=False).tolist()
    net = net_of(n, lines, switches, sources, rng.integers(0, 4, n).astype(float))
    if rng.random() < 0.5:  # a transformer to a further bus, which a second one or a tie may reach too
        low = pp.create_bus(net, 0.4)
        pp.create_load(net, low, p_mw=1.0)
        for hv in rng.choice(n, int(rng.integers(1, 3)), replace=False).tolist():
            trafo = pp.create_transformer(net, hv, low, "0.63 MVA 10/0.4 kV")
            if rng.random() < 0.7:
                pp.create_switch(net, hv, trafo, "t", closed=bool(rng.random() < 0.6))
    return net
