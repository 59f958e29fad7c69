"""A net from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandapower
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.kinds import check_file

SUFFIXES = (".json", ".xlsx", ".m", ".mat")


def read_net(path: Path) -> Net:
    """JSON and Excel of pandapower, MATPOWER cases.

    Raises
    ------
    InvalidInputError    a missing file, another kind of file, or one that holds no net
    """
    check_file("NET", path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        remedy = f"give a file that ends in {', '.join(SUFFIXES)}; pandapower.to_json(net, path) writes one"
        raise InvalidInputError([Fault(path.name, "", (), "the file", "is not a net that can be read", remedy)])
    try:
        net: Any = _READERS[suffix](str(path))
    except Exception as error:  # whatever is in the file
        why = " ".join(str(error).split()) or type(error).__name__
        remedy = "write it with pandapower.to_json(net, path)" if suffix in (".json", ".xlsx") else "see pandapower"
        raise InvalidInputError([Fault(path.name, "", (), "the file", f"cannot be read: {why}", remedy)]) from error
    if not isinstance(net, pandapowerNet) or not len(net.get("bus", ())):
        problem, remedy = "holds no pandapower net with buses", "write it with pandapower.to_json(net, path)"
        raise InvalidInputError([Fault(path.name, "", (), "the file", problem, remedy)])
    return net


def _from_matpower(path: str) -> Net:
    from pandapower.converter.matpower import from_mpc

    return from_mpc(path)


_READERS = {
    ".json": pandapower.from_json,
    ".xlsx": pandapower.from_excel,
    ".m": _from_matpower,
    ".mat": _from_matpower,
}
