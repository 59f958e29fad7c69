"""After a fault: which ties are closed, so that what cannot be served costs least.

The second paper's Figs. 5 and 7 show the final stage only; the search for it is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.asymmetric import balanced_loads
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.planning.fault.isolation import SOURCE, Supply, isolate, supply_of
from pandapower_evflex.planning.fault.outages import OUTAGE_TABLES, Outage, duration_h, switching_time_h
from pandapower_evflex.planning.fault.restoration import Restoration, Shed
from pandapower_evflex.planning.fault.stuck import stuck_sets
from pandapower_evflex.planning.fault.supply_graph import BRANCHES
from pandapower_evflex.planning.fault.tie_sets import is_radial, tie_sets
from pandapower_evflex.planning.fault.waiting_load import SAME_DIGITS, WaitingLoad


def restore_supply(
    net: Net,
    element_type: str,
    element: Any,
    *,
    max_ties: int = 2,
    load_mw: pd.Series | None = None,
    shed: Callable[[Restoration], Shed] | None = None,
    supply: Supply | None = None,
    split: bool = False,
    planned: bool = False,
) -> Restoration:
    """The cheapest state after a fault of a line, transformer, bus or switch, or during its planned outage.

    Breakers and fuses trip; the fault is isolated by the switches nearest to it: where a branch has none at its end,
    the bus and all that hangs on it without a switch stay dark too. What is supplied then by the switches that were
    closed comes back first. For the rest sets of open switches are closed: radial ones (no tie may close a loop, all
    sources counted as one; a net that is meshed already stays so) with at most ``max_ties`` in a row between an island
    and what is supplied. Of these the set with the least energy not served is taken: load that stays dark until the
    repair, load that waits for its switches, load that is shed because a limit is broken. Where the element has no
    `repair_time_h`, the load that stays dark decides before the energy. Of equal sets the one with the fewest
    switchings is taken.

    A switch fails with both of its ends. Before a planned outage ties are closed first: nothing trips, and only what no
    tie supplies is without supply, for as long as it takes.

    Parameters
    ----------
    net : pandapowerNet    times of the element are read from its row
    element_type, element : "line", "trafo", "trafo3w", "impedance", "bus" or "switch", and its index
    max_ties : int         ties closed in a row
    load_mw : Series [bus]    load that counts; None: net.load as it stands
    shed : function        of a state; None: nothing is overloaded. Asked only where it can decide
    supply : Supply        of the net, where it is known
    split : bool           where the best set sheds load or leaves an island dark, one further switch may be opened in
                           an island, so that its parts come back by ties of their own, or one of them does
    planned : bool         taken out on purpose, for `planned_outage_time_h`

    Returns
    -------
    Restoration    with no tie closed where no path exists

    Raises
    ------
    InvalidInputError    an element that is not in the net or out of service, a negative number of ties
    """
    supply = supply_of(net) if supply is None else supply
    outage = Outage(element_type, element, planned)
    _refuse_unknown(supply, outage, max_ties)
    load = _load_by_bus(net) if load_mw is None else load_mw
    isolation = isolate(supply, outage, switching_time_h(net, outage))
    repair_h = duration_h(net, outage)
    shed = _nothing_shed if shed is None else shed
    best = _cheapest(WaitingLoad(isolation, load, repair_h), max_ties, shed, (np.inf,) * 4)
    assert best is not None  # without any tie there is always a state
    if split and best.leaves_load:
        for parted in isolation.splits():
            best = _cheapest(WaitingLoad(parted, load, repair_h), max_ties, shed, best.cost) or best
    return best.state


def _nothing_shed(state: Restoration) -> Shed:
    return Shed()


class _Choice(NamedTuple):
    """A state; its cost: dark MW where the repair time is not known, MWh, limits left broken, switchings."""

    state: Restoration
    cost: tuple[float, ...]
    leaves_load: bool


def _cheapest(
    waiting: WaitingLoad, max_ties: int, shed: Callable[[Restoration], Shed], below: tuple[float, ...]
) -> _Choice | None:
    """The cheapest set of ties; None where none costs less than what is known."""
    found = tie_sets(waiting.isolation.ties, waiting.islands, max_ties)
    best, cost = None, below
    for dark, energy, n_switchings, ties in sorted(waiting.outlook(ties) for ties in found.sets):
        if (dark, energy, 0.0, n_switchings) >= cost:
            break  # no set that follows costs less, whatever it sheds
        state = waiting.state(ties)
        own = shed(state)
        own_cost = (dark, round(energy + own.mwh, SAME_DIGITS), round(own.beyond, SAME_DIGITS), float(n_switchings))
        if own_cost < cost:
            leaves_load = own.mwh > 0.0 or own.beyond > 0.0 or waiting.dark_islands_mw(ties) > 0.0
            best, cost = _Choice(replace(state, shed_mwh=own.mwh), own_cost, leaves_load), own_cost
    if best is None:
        return None
    more = waiting.one_tie_more_mw(max_ties)
    return best._replace(state=replace(best.state, one_tie_more_mw=more, all_compared=found.are_all))


def restored_by(
    net: Net,
    element_type: str,
    element: Any,
    switches_closed: Iterable[Any],
    switches_opened: Iterable[Any] = (),
    planned: bool = False,
) -> Restoration:
    """The state after a fault, or during a planned outage, with these ties closed, as rows of study.faults name them.

    Parameters
    ----------
    switches_opened : labels    one that isolation does not open splits an island there

    Raises
    ------
    InvalidInputError    an element that is not in the net or out of service, switches that bring nothing back or close
                         a loop
    """
    ties = tuple(sorted(switches_closed))
    supply, outage = supply_of(net), Outage(element_type, element, planned)
    _refuse_unknown(supply, outage, len(ties))
    whole = isolate(supply, outage, switching_time_h(net, outage))
    further = set(switches_opened) - set(whole.opened)
    parted = [own for own in whole.splits() if {own.split} == further] if further else [whole]
    for isolation in parted:
        at = {tie[0]: tie for tie in isolation.ties}
        lost = set(isolation.island_of.values()) - {SOURCE}
        if set(ties) <= set(at) and is_radial([at[tie] for tie in ties], lost, len(ties)):
            return WaitingLoad(isolation, _load_by_bus(net), duration_h(net, outage)).state(ties)
    remedy = "give open switches that together supply what the fault has parted from its source"
    raise InvalidInputError(
        [Fault("restored_by", "switches_closed", ties, "closing these switches", "restores no supply", remedy)]
    )


def with_stuck_breakers(
    net: Net, state: Restoration, supply: Supply, load_mw: pd.Series
) -> Iterator[tuple[float, Restoration]]:
    """Probability of every set of tripped breakers that may be stuck, none first, and the state with the same ties.

    In the place of a stuck one the breakers upstream of it trip. It is opened by hand then, so that the same is
    isolated; more has to wait.
    """
    outage = state.outage
    switching_h, repair_h = switching_time_h(net, outage), duration_h(net, outage)
    for stuck, probability in stuck_sets(state.switches_tripped, supply.stuck):
        isolation = isolate(supply, outage, switching_h, stuck=stuck, split=state.split)
        yield probability, WaitingLoad(isolation, load_mw, repair_h).state(state.switches_closed)


def _load_by_bus(net: Net) -> pd.Series:
    load = balanced_loads(net)
    return (load["p_mw"] * load["scaling"]).groupby(load["bus"]).sum()


def _refuse_unknown(supply: Supply, outage: Outage, max_ties: int) -> None:
    faults = []
    tables = tuple(dict.fromkeys((*BRANCHES, *OUTAGE_TABLES)))
    if outage.element_type not in tables:
        remedy = "use " + " or ".join(f'"{table}"' for table in tables)
        faults.append(Fault("restore_supply", "element_type", (), repr(outage.element_type), "is not known", remedy))
    elif not supply.nodes_of(outage):
        remedy = f"use an index of net.{outage.element_type} that is in service"
        faults.append(Fault("restore_supply", "element", (), repr(outage.element), "cannot fail", remedy))
    if isinstance(max_ties, bool) or not isinstance(max_ties, int) or max_ties < 0:
        remedy = "give a whole number of 0 or more"
        faults.append(Fault("restore_supply", "max_ties", (), repr(max_ties), "is not a number of ties", remedy))
    if faults:
        raise InvalidInputError(faults)
