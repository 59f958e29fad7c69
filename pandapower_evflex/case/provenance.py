"""What a result rests on: a fingerprint of the net, and versions."""

from __future__ import annotations

import hashlib
import platform
from importlib import import_module
from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.schema import LINKED_TO

#: whose versions are told
PACKAGES = ("pandapower_evflex", "pandapower", "numpy", "scipy", "pandas", "numba")


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
    """SHA-256 of the tables that runs read, as CSV: the same after a run, and after a way through JSON.

    Results and what rows remember of their links do not count.
    """
    digest = hashlib.sha256()
    for name in sorted({*NET_TABLES, *TABLES}):
        table = net.get(name)
        if table is not None and len(table):
            plain = table.drop(columns=LINKED_TO, errors="ignore")
            digest.update(f"{name}\n{plain.sort_index(axis=1).to_csv(float_format='%.12g')}".encode())
    return digest.hexdigest()
