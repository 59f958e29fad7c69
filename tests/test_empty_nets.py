"""The tests build their nets from the tables that pandapower makes."""

from __future__ import annotations

import pandas as pd
from pandapower.create import create_bus, create_empty_network
from pandapower.network_structure import get_structure_dict

from tests.empty_nets import by_pandapower, copied


def test_empty_nets_have_the_tables_of_pandapower_each_its_own():
    create_bus(create_empty_network(), 20.0)
    ours, theirs = copied(get_structure_dict()), by_pandapower(get_structure_dict())
    assert list(ours) == list(theirs) and "bus" in theirs
    for key, table in theirs.items():
        if isinstance(table, pd.DataFrame):
            pd.testing.assert_frame_equal(ours[key], table)
