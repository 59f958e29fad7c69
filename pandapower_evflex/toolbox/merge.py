"""Two nets become one: the tables of the second follow its buses and elements to their new labels."""

from __future__ import annotations

import copy
import logging

import pandapower.toolbox as pandapower_toolbox
import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.on_net import renew_period_table
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import CHARGING, RATE_TABLES
from pandapower_evflex.tables.format_version import stamp_version
from pandapower_evflex.tables.kinds import check_net
from pandapower_evflex.tables.links import remember_all
from pandapower_evflex.tables.references import (
    REFERENCES,
    ROWS_OF,
    SERIES_PREFIX,
    present,
    series_names,
    whole_labels,
)
from pandapower_evflex.tables.stored_frame import StoredFrame
from pandapower_evflex.toolbox.carry import holds_our_tables, refuse_stale, relabel

logger = logging.getLogger(__name__)

RESULTS = ("res_period", *ROWS_OF)
EV_SERIES = f"{SERIES_PREFIX}ev_p_mw"
SAID_ONCE = ("res_period", f"{SERIES_PREFIX}time")


def merge_nets(net1, net2, validate=True, merge_results=True, tol=1e-9, **kwargs):
    """`pandapower.toolbox.merge_nets`; EVs, sites, offers and candidates of both nets stay at their own buses.

    Stored results are merged where both nets have them for the same periods, or only one has EVs.

    Parameters
    ----------
    net1, net2 : pandapowerNet    not changed; labels of net1 stay
    validate, merge_results, tol, **kwargs : see pandapower

    Returns
    -------
    pandapowerNet, or with `return_net2_reindex_lookup=True` the net and {table: {old: new label}} of net2

    Raises
    ------
    InvalidInputError    no net is given, or sites of the two nets have rates of different periods
    """
    for net in (net1, net2):
        check_net("merge_nets", net)
    if not (holds_our_tables(net1) or holds_our_tables(net2)):
        return pandapower_toolbox.merge_nets(net1, net2, validate, merge_results, tol, **kwargs)
    _refuse_other_periods(net1, net2)
    refuse_stale(net1)
    refuse_stale(net2)
    wants_lookup = kwargs.pop("return_net2_reindex_lookup", False)
    net, lookup = pandapower_toolbox.merge_nets(
        _without(net1, _frames(net1)), _without(net2, _frames(net2)), validate, merge_results, tol,
        return_net2_reindex_lookup=True, **kwargs,
    )  # fmt: skip
    second = net2.__class__({name: copy.deepcopy(net2[name]) for name in (*TABLES, *_frames(net2)) if name in net2})
    relabel(second, lookup)
    for reference in present(second, REFERENCES):
        _put_last(net[reference.table], second[reference.table], reference.column)
    with_results = merge_results and _results_fit(net1, net2)
    for source in (net1, second):
        for name in _frames(source) if with_results else RATE_TABLES:
            if name in source:
                net[name] = _beside(net[name], source[name], name) if name in net else copy.deepcopy(source[name])
    renew_period_table(net)
    remember_all(net, TABLES)
    stamp_version(net)
    return (net, lookup) if wants_lookup else net


def _frames(net):
    """Keys of ours whose rows are periods, or results: what pandapower would put below each other."""
    return [name for name in (*RATE_TABLES, *RESULTS, *series_names(net)) if name in net]


def _without(net, names):
    return net.__class__({name: value for name, value in net.items() if name not in names})


def _put_last(table, rows, column):
    """References of the second net, whose rows are the last ones of the merged table."""
    values = table[column].to_numpy(dtype=object, copy=True)
    values[len(values) - len(rows) :] = rows[column].to_numpy(dtype=object)
    table[column] = pd.Series(values, index=table.index, dtype=object).astype(rows[column].dtype)


def _beside(first, second, name):
    """Series and rates column by column, results of rows below each other; what is said once stays as it is."""
    if name in ROWS_OF:
        return StoredFrame(pd.concat([first, second]))
    if isinstance(first, pd.DataFrame) and name not in SAID_ONCE:
        return StoredFrame(pd.concat([whole_labels(first), whole_labels(second)], axis=1))
    return first


def _refuse_other_periods(net1, net2):
    lengths = [len(net[CHARGING]) for net in (net1, net2) if CHARGING in net]
    if len(set(lengths)) > 1:
        value, problem = f"{lengths[1]} periods in net2", f"meet {lengths[0]} in net1"
        remedy = "give the sites of both nets rates of the same period with set_cpo_rates"
        raise InvalidInputError([Fault(CHARGING, "", (), value, problem, remedy)])


def _results_fit(net1, net2):
    """Whether the stored results of both can stand side by side; said where they cannot."""
    stored = [net for net in (net1, net2) if EV_SERIES in net]
    if len(stored) == 1:
        other = net2 if stored[0] is net1 else net1
        fit = not len(other.get("ev", ()))
    else:
        fit = len({_axes(net) for net in stored}) == 1
    if stored and not fit:
        logger.warning("stored results are left out: the two nets have none for the same periods; run again")
    return fit


def _axes(net):
    """What both results must have in common."""
    voltages = tuple(sorted(name for name in series_names(net) if name.startswith(f"{SERIES_PREFIX}bus_")))
    times = tuple(net[f"{SERIES_PREFIX}time"]["time"].astype(str))
    return times, voltages, bool(net[f"{SERIES_PREFIX}q_follows_flexibility"])
