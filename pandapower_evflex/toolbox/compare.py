"""Equality of nets, and what of ours is connected to buses."""

from __future__ import annotations

import numpy as np
import pandapower.toolbox as pandapower_toolbox
import pandas as pd

from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.format_version import KEY
from pandapower_evflex.tables.kinds import check_net
from pandapower_evflex.tables.references import REFERENCES, series_names
from pandapower_evflex.tables.schema import LINKED_TO
from pandapower_evflex.toolbox.carry import holds_our_tables


def nets_equal(
    net1, net2, check_only_results=False, check_without_results=False, exclude_elms=None, name_selection=None,
    assume_geojson_strings=True, **kwargs,
):  # fmt: skip
    """`pandapower.toolbox.nets_equal`; stored series count as results, and frames in dicts are compared as well.

    The version that wrote our tables, and what they remember of their links, make no difference.

    Parameters
    ----------
    all : see pandapower

    Returns
    -------
    bool
    """
    for net in (net1, net2):
        check_net("nets_equal", net)
    if holds_our_tables(net1) or holds_our_tables(net2):
        net1, net2 = _comparable(net1, name_selection), _comparable(net2, name_selection)
        if name_selection is not None:
            name_selection = sorted({name for net in (net1, net2) for name in net})
    return pandapower_toolbox.nets_equal(
        net1, net2, check_only_results, check_without_results, exclude_elms, name_selection, assume_geojson_strings,
        **kwargs,
    )  # fmt: skip


def _comparable(net, selection):
    """The net, or the selected keys of it, in a form in which pandapower sees all and tells results from input."""
    results = series_names(net)
    comparable = net.__class__({})
    for name in net if selection is None else selection:
        if name == KEY:
            continue
        shown = f"res_{name}" if name in results else name
        for part, value in _parts(shown, net[name]).items():
            comparable[part] = value
    return comparable


def _parts(name, value):
    """Frames in a dict one by one; several levels of columns as text."""
    if isinstance(value, dict) and any(isinstance(part, pd.DataFrame) for part in value.values()):
        return {f"{name} {key}": part for key, part in value.items()}
    if isinstance(value, pd.DataFrame) and value.columns.nlevels > 1:
        value = value.set_axis([str(label) for label in value.columns], axis=1)
    if isinstance(value, pd.DataFrame) and name in TABLES:
        value = value.drop(columns=LINKED_TO, errors="ignore")
    return {name: value}


def get_connected_elements(net, element_type, buses, respect_switches=True, respect_in_service=False):
    """`pandapower.toolbox.get_connected_elements`, for our tables as well.

    Parameters
    ----------
    net : pandapowerNet
    element_type : str      "ev" and "cpo" stand at buses; of "ev_session", "flexibility", "reinforcement" and
                            "cos_phi_p" those that belong to a connected element; or a table of pandapower
    buses : int or labels
    respect_switches, respect_in_service : bool    see pandapower

    Returns
    -------
    set    labels
    """
    check_net("get_connected_elements", net)
    if element_type not in TABLES or element_type not in net:
        return pandapower_toolbox.get_connected_elements(net, element_type, buses, respect_switches, respect_in_service)
    frame = net[element_type]
    connected = np.zeros(len(frame), dtype=bool)
    for reference in (r for r in REFERENCES if r.table == element_type and r.required):
        targets = [reference.target] if reference.target else frame["element_type"].unique()
        for target in targets:
            labels = _labels_at(net, target, buses, respect_switches, respect_in_service)
            connected |= reference.points_to(frame, target) & frame[reference.column].isin(labels).to_numpy()
    if respect_in_service and element_type != "reinforcement" and "in_service" in frame:
        connected &= frame["in_service"].to_numpy(dtype=bool)
    return set(frame.index[connected])


def _labels_at(net, target, buses, respect_switches, respect_in_service):
    if target == "bus":
        return list(buses) if hasattr(buses, "__iter__") else [buses]
    return list(get_connected_elements(net, target, buses, respect_switches, respect_in_service))
