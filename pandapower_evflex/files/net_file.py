"""A net from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandapower
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.kinds import check_file

#: characters of what a reader of pandapower says
LONGEST_REASON = 300


def _from_matpower(path: str) -> Net:
    from pandapower.converter.matpower import from_mpc

    return from_mpc(path)


#: by the ending of the file
READERS: dict[str, Any] = {
    ".json": pandapower.from_json,
    ".xlsx": pandapower.from_excel,
    **dict.fromkeys((".p", ".pickle", ".pkl"), pandapower.from_pickle),
    **dict.fromkeys((".m", ".mat"), _from_matpower),
}


def read_net(path: Path, argument: str = "NET") -> Net:
    """JSON, Excel and pickles of pandapower, MATPOWER cases; ``argument`` is what named the file, for faults.

    Raises
    ------
    InvalidInputError    a missing file, another kind of file, or one that holds no net
    """
    check_file(argument, path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        remedy = f"give a file that ends in {', '.join(READERS)}; pandapower.to_json(net, path) writes one"
        raise InvalidInputError([Fault(path.name, "", (), "the file", "is not a net that can be read", remedy)])
    try:
        net: Any = READERS[suffix](str(path))
    except Exception as error:  # whatever a damaged file does to its reader
        why = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        remedy = "see pandapower" if suffix in (".m", ".mat") else "write it with pandapower.to_json(net, path)"
        raise InvalidInputError([Fault(path.name, "", (), "the file", f"cannot be read: {why}", remedy)]) from error
    if not isinstance(net, pandapowerNet) or not len(net.get("bus", ())):
        problem, remedy = "holds no pandapower net with buses", "write it with pandapower.to_json(net, path)"
        raise InvalidInputError([Fault(path.name, "", (), "the file", problem, remedy)])
    return net
