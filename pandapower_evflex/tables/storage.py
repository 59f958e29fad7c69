"""Our frames are stored right the second time, too.

What was loaded are ordinary frames, since whoever reads a file need not have this package; pandapower would store them
with the losses that `StoredFrame` prevents. So where pandapower begins to write a net, ours are stored frames again.
"""

from __future__ import annotations

import copy
from functools import wraps
from typing import Any

import pandapower.file_io
import pandas as pd
from pandapower.auxiliary import pandapowerNet
from pandapower.io_utils import json_pandapowernet, to_dict_of_dfs, to_serializable

from pandapower_evflex.arrays import Net
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from pandapower_evflex.tables.references import series_names
from pandapower_evflex.tables.stored_frame import StoredFrame


def keep_our_frames() -> None:
    """From now on; a net without our tables is stored as ever."""
    to_serializable.register(pandapowerNet, lambda net: json_pandapowernet(_with_stored_frames(net)))
    pandapower.file_io.to_dict_of_dfs = _to_frames


@wraps(to_dict_of_dfs)
def _to_frames(net: Net, *args: Any, **kwargs: Any) -> Any:
    return to_dict_of_dfs(_with_stored_frames(net), *args, **kwargs)


def _with_stored_frames(net: Net) -> Net:
    """The net, or a shallow copy with stored frames where it has lost ours."""
    names = [name for name in (*TABLES, *RATE_TABLES, *series_names(net)) if type(net.get(name)) is pd.DataFrame]
    if not names:
        return net
    stored = copy.copy(net)
    stored.update({name: StoredFrame(net[name]) for name in names})
    return stored
