"""`evf.diagnostic`: everything that can be said of a net before a run, in one table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.diagnosis import grid, look_alikes, net_habits, refused, sessions
from pandapower_evflex.diagnosis.diagnosis import Diagnosis, diagnosis_of, finding
from pandapower_evflex.diagnosis.examined import Examined
from pandapower_evflex.tables.kinds import check_net

CHECKS: tuple[Callable[[Examined], Iterator[dict[str, Any]]], ...] = (
    refused.tables,
    refused.pandapower_tables,
    refused.profiles,
    refused.units,
    sessions.sessions,
    grid.limits_without_evs,
    grid.supply,
    look_alikes.loads_like_evs,
    look_alikes.evs_at_sites,
    net_habits.controllers,
    net_habits.switches,
    net_habits.phases,
)


def diagnostic(net: Net, profiles: Mapping[Any, pd.DataFrame] | None = None) -> Diagnosis:
    """What is wrong with a net, or odd about it; nothing on it is changed.

    Looks for rows that point nowhere, values that a run refuses, sessions that cannot be met, cars that arrive below
    their minimum, EVs larger than the line that feeds them, EVs without supply, limits that the grid breaks without any
    EV, powers that look like kW, loads that look like EVs, EVs and a charging site at one bus, controllers that no run
    executes, and switches that a plan would miss. The grid is modelled balanced: nothing is said of single phases.

    Parameters
    ----------
    net : pandapowerNet
    profiles : {("load", "p_mw"): DataFrame[period x element index], ...}
        as in `run_flexibility_opf`; None: table values, in quarter hours until the last departure

    Returns
    -------
    Diagnosis
        a DataFrame, one row per finding, errors first; `print` shows it as lines. Columns:

        * `severity` : "error" (a run refuses it or finds no schedule), "warning" (probably not meant), "note"
        * `check` : "dangling links", "sessions that cannot be met", ...
        * `table, column, rows` : where, as far as it is a matter of rows
        * `text` : what, and what to do about it

        It is empty where nothing was found. A check that a spoilt net stops is a note of its own.

    Raises
    ------
    InvalidInputError    only for what is not a net

    Notes
    -----
    `pandapower.diagnostic(net)` runs the same checks, without profiles, as "pandapower_evflex" on nets that have tables
    of ours.

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> ev = evf.create_ev(net, 8, "VW ID.3")
    >>> _ = evf.create_ev_session(net, ev, 17.5, 18.5, soc_arrival_percent=10, soc_departure_percent=80)
    >>> print(evf.diagnostic(net))  # doctest: +ELLIPSIS
    1 error, 1 note
    error: sessions that cannot be met
        EV 0, session 0: needs 46.40 kWh at departure and has at most ...
    """
    check_net("diagnostic", net)
    seen = Examined(net, profiles)
    with _quiet():
        return diagnosis_of([row for check in CHECKS for row in _tried(check, seen)])


def _tried(check: Callable[[Examined], Iterator[dict[str, Any]]], seen: Examined) -> list[dict[str, Any]]:
    """What a check finds; what is spoilt beyond its reach is said instead of raised."""
    found = []
    try:
        for row in check(seen):
            found.append(row)
    except Exception as error:  # whatever a user wrote into a table may stop it
        why = " ".join(str(error).split()) or type(error).__name__
        name = check.__name__.replace("_", " ")
        found.append(finding("note", "checks that could not end", f"{name}: {type(error).__name__}, {why}"))
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """What readers log is among the findings."""
    logger = logging.getLogger("pandapower_evflex")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
