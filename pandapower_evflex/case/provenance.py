"""What a result rests on: a fingerprint of the net, and versions."""

from __future__ import annotations

import platform
from importlib import import_module
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.fingerprint import fingerprint
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import CHARGING, OCCUPANCY

#: whose versions are told
PACKAGES = ("pandapower_evflex", "pandapower", "numpy", "scipy", "pandas", "numba")
#: what a run reads beside pandapower's tables and ours
_OTHERS = (
    *("f_hz", "sn_mva", "user_pf_options", "std_types", CHARGING, OCCUPANCY),
    *("trafo_characteristic_table", "shunt_characteristic_table"),
)
READ = tuple(sorted({*NET_TABLES, *TABLES, *_OTHERS}))


def provenance(net: Net) -> dict[str, Any]:
    """Name and fingerprint of the net, and versions of what computed."""
    versions = {name: import_module(name).__version__ for name in PACKAGES}
    return {
        "net": str(net["name"] or ""),
        "net_sha256": net_sha256(net),
        "python": platform.python_version(),
        **versions,
    }


def net_sha256(net: Net) -> str:
    """SHA-256 of what runs read of a net, by values: the same after a run, and after a way through JSON.

    Results and what rows remember of their links do not count.
    """
    there = [name for name in READ if name in net and not (isinstance(net[name], pd.DataFrame) and net[name].empty)]
    return fingerprint({name: net[name] for name in there})
