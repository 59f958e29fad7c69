"""`net["evflex_format_version"]`: which version of the tables a net was written with.

Nets of version 0.1.0 carry none: their tables are read as they are.
"""

from __future__ import annotations

from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault

KEY = "evflex_format_version"

#: raised when tables change so that an older version of this package would misread them
FORMAT_VERSION = "0.2.0"


def stamp_version(net: Net) -> None:
    """The net holds tables of this version from here on."""
    net[KEY] = FORMAT_VERSION


def version_faults(net: Net) -> list[Fault]:
    """A net that a newer version wrote may hold what this one does not know."""
    found = net.get(KEY)
    if found is None:
        return []
    parts = _numbers(found)
    if parts is None:
        remedy = f'remove it, or set it to "{FORMAT_VERSION}"'
        return [Fault(KEY, "", (), repr(found), "is not a version", remedy)]
    if parts > (_numbers(FORMAT_VERSION) or ()):
        problem = f"is newer than {FORMAT_VERSION}, which this version of pandapower_evflex reads"
        return [Fault(KEY, "", (), found, problem, "update pandapower_evflex")]
    return []


def _numbers(version: Any) -> tuple[int, ...] | None:
    """0.2.0 as (0, 2, 0); None where it is not a version."""
    parts = version.split(".") if isinstance(version, str) else []
    return tuple(int(part) for part in parts) if parts and all(part.isdecimal() for part in parts) else None
