"""Functions of `pandapower.toolbox` by name and signature, which carry our tables along.

pandapower's own know nothing of them: cars would stay behind at the labels of other buses. A net without our tables
is treated as by pandapower.
"""

from pandapower_evflex.toolbox.compare import get_connected_elements, nets_equal
from pandapower_evflex.toolbox.drop import drop_buses, drop_elements_at_buses, fuse_buses
from pandapower_evflex.toolbox.merge import merge_nets
from pandapower_evflex.toolbox.reindex import (
    create_continuous_bus_index,
    create_continuous_elements_index,
    reindex_buses,
    reindex_elements,
)
from pandapower_evflex.toolbox.subnet import select_subnet

__all__ = [
    "create_continuous_bus_index",
    "create_continuous_elements_index",
    "drop_buses",
    "drop_elements_at_buses",
    "fuse_buses",
    "get_connected_elements",
    "merge_nets",
    "nets_equal",
    "reindex_buses",
    "reindex_elements",
    "select_subnet",
]
