"""What can be scheduled: one module per kind of flexible element, and `ELEMENTS`, the list of them.

A module has

* ``KIND``: its table on the net, "ev" for instance;
* ``read(inputs, faults)``: tables to its own record, the only place that knows the columns; None where there is none
  (EVs, whose needs a best effort lowers, are read by `opf/read.py` with ``compile_evs``);
* ``chain(data)``: that record as a `Chain`, the equations as forms;
* ``series(data, load)``: a `Schedule` from loads [MW] per scenario and slot, with the solver's noise clipped;
* ``point(data, schedule)``: the reverse, a schedule as a point of the chain [n_slot, m + k], MW and MWh;
* ``alone(data)``: the `Schedule` with the most flexibility if there were no grid, by single activations: an upper bound
  that shares no code with a solver;
* ``nearest(data, schedule)``: the nearest schedule within its limits, for solvers that were stopped;
* ``violation(data, schedule)``: largest violation of its equations, written from the paper and not from the forms;
* ``reasons(data, schedule, direction)``: which of its own limits binds [n_period, n_unit], "" where none does;
* ``index(data)``: labels of its units;
* ``REPLACES``: columns of one of pandapower's tables, and their profiles, that a schedule stands in place of: what the
  table says of these units is not injected, and a power flow of the result finds the schedule there. A module without
  it has a table of its own, and its units become loads;
* ``CAN_HOLD``: activations of several periods are in its equations; without it `duration_h` is refused;
* ``IS_DEVIATION``: its load comes on top of what table and profiles inject, which stays (curtailment of generators);
* ``frames(data, schedule, q_follows_flexibility)``: its series [n_period, n_unit] with pandapower's signs, where they
  are not the arrays of the `Schedule`;
* ``rest_of_day(data, first, e)``: the record of the periods from ``first`` on, from what its units hold before it
  [n_unit, MWh]; without it a day in operation refuses the kind;
* ``realised(data, period, load, q, planned, at)``: of units without energies what they draw, and their reactive load,
  in a period [n_unit], where a plan that took them for ``planned`` in its period ``at`` asks for so much;
* ``uncontrolled(data)``: what its units draw where nobody schedules them [n_period, n_unit]; without it, they are idle.
"""

from __future__ import annotations

from typing import Any

from pandapower_evflex.elements import ev, load, sgen, storage

#: every kind of element; EVs, which have sessions and needs, come first
ELEMENTS: list[Any] = [ev, storage, load, sgen]


def replaced_by_schedule(kind: str) -> tuple[str, ...]:
    """Columns of the table of a kind that a schedule stands in place of."""
    element = next(element for element in ELEMENTS if element.KIND == kind)
    columns: tuple[str, ...] = getattr(element, "REPLACES", ())
    return columns
