"""What a user can do about a refused or failed run: which argument, which column."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pandapower_evflex.errors import listed

NO_SOLUTION = "no power flow solution"
NO_POWER_FLOW = "no power flow solution without EVs"
LOW_VOLTAGE_ONLY = "only a low-voltage solution of the power flow without EVs"
TWO_POWER_FLOWS = "two power flow solutions without EVs, either may be the operating point"
#: findings without a known operating point
UNSOLVED = (NO_POWER_FLOW, LOW_VOLTAGE_ONLY, TWO_POWER_FLOWS)
NO_ROOM = "no room for the energy"
OVERFULL = "min_p_mw overfills the battery"

_OF_SESSIONS = {
    "unreachable": "lower net.ev_session.e_departure_mwh (trip_km, energy_mwh), give a later departure_h or more "
    'net.ev.max_p_mw; or unreachable="reduce": these needs are lowered and listed',
    "no whole period": "lengthen the stay (net.ev_session.arrival_h, departure_h) or shorten the periods (period_h=); "
    'or unreachable="reduce": these needs are lowered and listed',
    OVERFULL: "lower net.ev.min_p_mw or net.ev_session.e_arrival_mwh of these sessions",
    "unreachable within the grid": "lower net.ev_session.e_departure_mwh (trip_km, energy_mwh) of these sessions",
    NO_ROOM: "lower net.ev_session.e_departure_mwh (trip_km, energy_mwh) of cars behind it, or spread their stays",
}
_OF_BUSES = {
    "undervoltage": "min_vm_pu=, or net.bus.min_vm_pu, sets the limit",
    "overvoltage": "max_vm_pu=, or net.bus.max_vm_pu, sets the limit",
}
_OF_BRANCHES = {
    "line": "max_line_loading_percent=, or net.line.max_loading_percent, sets the limit of lines",
    "trafo": "max_trafo_loading_percent=, or net.trafo.max_loading_percent, sets the limit of transformers",
    "trafo3w": "max_trafo_loading_percent=, or net.trafo3w.max_loading_percent, sets the limit of transformers",
}

#: in the place of a status: the failure that no method mends
OTHER_VOLTAGES = "runpp has other voltages"
_OF_STATUSES = {
    OTHER_VOLTAGES: "both are solutions of the power flow: see which is the state that the net is operated in, and "
    "whether loads and set points are right; verify=False keeps the result with the voltages here",
    "iteration_limit": 'give more "max_iter", "max_cpu_time" or "max_wall_time" in solver_options=, or leave them out',
    "failed": 'try the other of method="fast" and method="exact", or a wider limit of what is named above',
}

#: findings that leave a best effort nothing to do
FINAL = (*UNSOLVED, OVERFULL)
_BEST_EFFORT = (
    'on_infeasible="best_effort" serves what the grid carries: needs are lowered by the least (result.short), limits '
    "that the grid breaks without controllable EVs stand where they are (result.relaxed)"
)


def breaks_grid(findings: pd.DataFrame) -> bool:
    """Whether a limit of the grid is broken, or no power flow exists."""
    if not len(findings):
        return False
    return bool(findings["element_type"].notna().any() or set(findings["finding"]) & {*UNSOLVED, NO_SOLUTION})


def ways_on(findings: pd.DataFrame, status: str, on_infeasible: str, causes: Sequence[str] = ()) -> str:
    """The end of a message: one line per kind of finding, and best effort where it was not asked for and helps.

    Parameters
    ----------
    status : of the run, or OTHER_VOLTAGES: some have a line of their own
    on_infeasible : as in the run, "" where a best effort is not possible
    causes : of broken limits: profiles in another unit, controllers that were not run
    """
    kinds = set(findings["finding"]) if len(findings) else set()
    overloaded = set(findings.loc[findings["side"].notna(), "element_type"]) if len(findings) else set()
    lines = [_OF_STATUSES[status]] if status in _OF_STATUSES else []
    lines += [line for kind, line in (*_OF_SESSIONS.items(), *_OF_BUSES.items()) if kind in kinds]
    lines += [line for table, line in _OF_BRANCHES.items() if table in overloaded]
    lines += _of_forecasts(findings)
    if kinds & {*UNSOLVED, NO_SOLUTION}:
        lines.append(
            "look at loads, generation and profiles of these periods (pandapower.runpp, pandapower.diagnostic)"
        )
    if breaks_grid(findings):
        lines += causes
    if on_infeasible == "raise" and status not in ("iteration_limit", OTHER_VOLTAGES) and not kinds & set(FINAL):
        lines.append(_BEST_EFFORT)
    return "\n".join(["what to do:", *[f"- {line}" for line in lines]]) if lines else ""


def _of_forecasts(findings: pd.DataFrame) -> list[str]:
    """Of runs with several forecasts that some of them break."""
    names = [] if not len(findings) else findings["forecast"].dropna().unique().tolist()
    if not names:
        return []
    return [
        f"limits hold in every forecast: leave out what need not be kept ({listed(names)}), or give each a run of its "
        'own, where on_infeasible="best_effort" serves what the grid carries'
    ]
