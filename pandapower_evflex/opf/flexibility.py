"""The day-ahead flexibility OPF of the first paper, as a table of contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.forecasts import NO_NAME
from pandapower_evflex.case.provenance import provenance
from pandapower_evflex.elements.schedule import Schedule
from pandapower_evflex.errors import FlexibilityOPFNotConverged
from pandapower_evflex.opf.findings.remedies import OTHER_VOLTAGES, breaks_grid, ways_on
from pandapower_evflex.opf.findings.table import no_rows
from pandapower_evflex.opf.options import Options, names_of
from pandapower_evflex.opf.outcome import SOLVED, Outcome, outcome_of
from pandapower_evflex.opf.progress import announce_compilation
from pandapower_evflex.opf.read import Study, read_study
from pandapower_evflex.opf.report.by_runpp import AGREES, RunppMoment, busiest_by_runpp
from pandapower_evflex.opf.report.fill import solved_result, unsolved_result
from pandapower_evflex.opf.report.on_net import clear_results, write_results
from pandapower_evflex.opf.report.results import RELAXED_COLUMNS, SHORT_COLUMNS, FlexibilityOpfResult
from pandapower_evflex.opf.report.worst_phase import worst_phase
from pandapower_evflex.opf.solve.solution import Solution
from pandapower_evflex.opf.stopwatch import Stopwatch


def run_flexibility_opf(
    net: Net,
    profiles: Mapping[Any, pd.DataFrame] | None = None,
    *,
    forecasts: Mapping[Any, tuple[float, Mapping[Any, pd.DataFrame]]] | None = None,
    n_periods: int | None = None,
    period_h: float | None = None,
    start: Any = None,
    dayfirst: bool | None = None,
    cyclic: bool = False,
    scenarios: Sequence[str] = ("down", "up"),
    weights: Mapping[str, Any] | None = None,
    q_follows_flexibility: bool = True,
    trafo_loading: str = "power",
    max_line_loading_percent: float | None = None,
    max_trafo_loading_percent: float | None = None,
    min_vm_pu: float | None = None,
    max_vm_pu: float | None = None,
    margin_percent: float = 0.0,
    unreachable: str = "raise",
    on_infeasible: str = "raise",
    guarantee: str = "one_activation",
    duration_h: float | None = None,
    method: str = "auto",
    tie_break: str | None = "smooth",
    tol: float = 1e-8,
    verify: bool = True,
    raise_on_failure: bool = True,
    progress: bool | None = None,
    solver_options: Mapping[str, Any] | None = None,
) -> FlexibilityOpfResult:
    r"""Schedule EV charging so that the flexibility that the grid can take is largest.

    Maximises :math:`\sum_{ev,t,s} C_{s,t} P^{flex}_{s,ev,t}` (first paper, eq. 4) such that the AC power flow keeps
    every limit of the grid when all upward ("up": more charging) or all downward ("down": less charging) flexibility
    of a period is activated, and every EV leaves with the energy it needs.

    Parameters
    ----------
    net : pandapowerNet
        with `net.ev` and `net.ev_session` (see `create_ev`, `create_ev_session`), optionally `net.flexibility`
    profiles : {("load", "p_mw"): DataFrame[period x element index], ...}
        as simbench returns them, values before `scaling`; rows count by position; an index of times gives `period_h`,
        and labels the results where it has dates; what is missing is constant at its table value
    forecasts : {name: (probability, profiles), ...}
        several days that may come, with probabilities that sum to 1: one schedule and one promise of flexibility, and
        the limits of the grid hold in each; `vm_pu` and the loadings then have keys (scenario, name). ``profiles`` may
        be left out; where given they hold in every forecast that lacks a key. Not with ``on_infeasible="best_effort"``
    n_periods, period_h : int, float
        number and length [h] of the periods where the profiles do not say. Without `period_h` and times, 96 rows are
        quarter hours and 24 rows hours, with a warning in the log, and other numbers of rows are refused; without
        profiles a period is 0.25 h
    start : timestamp
        of the first period, to label the results where the profiles have no dates
    dayfirst : bool
        order of day and month in text of the index and of `start`, see `hours_since`
    cyclic : bool
        a session that leaves after the horizon goes on at its start (typical-day studies)
    scenarios : of "down", "up", "base"
        which activations are sought; each must keep the limits of the grid. The schedule itself, "base", must keep them
        too, named or not: ("up",) keeps them with all upward flexibility activated and with none
    weights : {"up": w, "down": w}
        C of eq. (4): scalars, one value per period, or DataFrame[period x ev]; missing = 1; multiplies
        `net.flexibility.weight`
    q_follows_flexibility : bool
        reactive power follows the activated power; False: the scheduled power alone, as eq. (8) prints it
    trafo_loading : "power" or "current"
        what limits a transformer: apparent power as in eq. (16), or current as in pandapower's results; where the
        default is left, `trafo_loading` of `net.user_pf_options` holds, as in `runpp`
    max_line_loading_percent, max_trafo_loading_percent : float
        replace the columns `max_loading_percent` (missing: 100)
    min_vm_pu, max_vm_pu : float
        replace the columns of `net.bus` (missing: 0.9 and 1.1) at every bus but the slack
    margin_percent : float
        how much of every limit of the grid is kept free for what no profile foresees: of the largest loadings, and of
        the distance of voltage limits from 1 pu (10: a lower limit of 0.95 becomes 0.955). The run knows only the
        limits with this margin: in what it refuses, relaxes, verifies, and in `result.binding`
    unreachable : "raise" or "reduce"
        sessions that cannot reach their need: one error that names all, or a lower need, listed in `result.reduced`
    on_infeasible : "raise" or "best_effort"
        "best_effort", where no schedule keeps all limits and needs: limits that the grid breaks without controllable
        EVs, and that charging cannot cure, stand at the value they have there (`result.relaxed`; EVs that would worsen
        them wait in those periods), and needs are lowered by the least energy in sum, shared with the least squares of
        shortfall over need (`result.short`). EVs with `min_p_mw` above 0 draw it all the same: that value is the one
        with every plugged EV at its `min_p_mw`. Implies ``unreachable="reduce"``
    guarantee : "one_activation" or "any_sequence"
        what is promised. "one_activation", the paper's: a full activation of one period, and the day as scheduled
        before and after it. "any_sequence": `p_mw - p_down_mw` to `p_mw + p_up_mw` is a band; in every period, in any
        order and any number of times, unannounced, an operator may set any power between the sums of its edges, shared
        among the EVs along lower edge to upper edge, plan to upper or plan to lower edge: every EV leaves with what it
        needs, and no limit is broken (`result.guarantee_proved`). The lower edge is not below `min_p_mw`. Where a
        direction is not asked for or not offered, that edge is the plan; an EV that must leave full has no band
    duration_h : float
        how long each activation is held; a multiple of the period, with ``guarantee="one_activation"`` only. None: one
        period. `p_up_mw` and `p_down_mw` of a period are what an EV can hold from its start, 0 where its stay or the
        horizon ends before (`cyclic` runs wrap); a fleet that hands over from EV to EV could hold more than this sum.
        Every period of every activation keeps the limits of the grid. `vm_pu["up"]` and the loadings are those of the
        first period of the activation that begins there; `binding` names both, `period` and `start`
    method : "auto", "fast" or "exact"
        "exact" solves the nonlinear problem by Ipopt to a local optimum; "fast" an interior point over the EVs with the
        network reduced to rows over their loads, with a certified gap on radial grids; "auto" is fast, and exact where
        no gap within 1e-6 is certified
    tie_break : "smooth", "min_energy", "level" or None
        which of the many schedules of equal flexibility: the energy needed with the least sum of squares of the
        charging power, with the least energy alone, or with the flattest load of the net; up and down are then shared
        with the least squares of their share of P_max (of a band together with the plan, at a thousandth of its
        weight: its edges move with the plan). Costs at most 1e-6 of the flexibility. None: whichever the solver ends at
    tol : float
        of Ipopt
    verify : bool
        the run fails where a power flow of every scenario and period does not keep every limit to 1e-6, or where a
        voltage of the busiest moment differs from that of `runpp` by more. False: a difference from `runpp` is only
        told, in `message` and `verification`; limits decide all the same
    raise_on_failure : bool
        False: return the result with its status and NaN frames instead of raising
    progress : bool
        None: a bar on a terminal when it takes longer than a second; True: always; False: never
    solver_options : mapping
        "max_iter", "max_cpu_time" and "max_wall_time" [s] hold for every method: times for the whole run, iterations
        for each solve in it. A run that they stop returns the schedule that it has, if any, as "optimal_within_gap" or
        "feasible". Others are options of Ipopt; those that read or write files are refused, "hsllib" and "pardisolib",
        which name the library of a linear solver, are taken

    Returns
    -------
    FlexibilityOpfResult
        and on the net: `net.res_period`, `net.res_flexibility`, one frame per series (`net["evflex_ev_p_mw"]`, ...),
        pandapower's own result tables for the moment of highest loading (see `write_period`), `net.OPF_converged`

    Raises
    ------
    InvalidInputError
        names table, column, rows, value and remedy of all faults; nothing on the net was changed
    FlexibilityOPFNotConverged
        no schedule exists or none was found; `findings` says what stands in the way. Element tables are untouched and
        our old results are emptied.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
    >>> result = evf.run_flexibility_opf(net, profiles, progress=False)
    >>> result.status
    'optimal'
    """
    options = Options(
        scenarios=names_of(scenarios),
        weights=weights,
        q_follows_flexibility=q_follows_flexibility,
        trafo_loading=trafo_loading,
        max_line_loading_percent=max_line_loading_percent,
        max_trafo_loading_percent=max_trafo_loading_percent,
        min_vm_pu=min_vm_pu,
        max_vm_pu=max_vm_pu,
        margin_percent=margin_percent,
        unreachable=unreachable,
        on_infeasible=on_infeasible,
        guarantee=guarantee,
        duration_h=duration_h,
        method=method,
        tie_break=tie_break,
        tol=tol,
        verify=verify,
        raise_on_failure=raise_on_failure,
        progress=progress,
        solver_options={} if solver_options is None else solver_options,
    )
    announce_compilation(progress)
    clock = Stopwatch()
    with clock.phase("read"):
        periods = {"n_periods": n_periods, "period_h": period_h, "start": start, "dayfirst": dayfirst}
        study = read_study(net, profiles, options, cyclic=cyclic, forecasts=forecasts, **periods)
    result = solve_study(study, options, clock)
    if result.status in SOLVED:
        with clock.phase("runpp"):
            moment = busiest_by_runpp(net, result)
        result = compared_with_runpp(study, options, clock, result, moment)
    result = replace(result, provenance=provenance(net))
    if result.status in SOLVED:
        with clock.phase("write"):
            write_results(net, result, moment)
        return result
    clear_results(net)
    if options.raise_on_failure:
        raise FlexibilityOPFNotConverged(result.message, result.findings, result)
    return result


def solve_study(study: Study, options: Options, clock: Stopwatch) -> FlexibilityOpfResult:
    """Base check, solve, result; nothing is written, and nothing compared with `runpp`."""
    found = outcome_of(study, options, clock)
    if found.schedule is None:
        return _failed(study, options, clock, found.status, found.message, found.findings, found.solution)
    result = _succeeded(found, options, clock, found.schedule)
    effort = found.effort
    if effort is None:
        return result
    waits = effort.waits != ""
    of_evs = {
        "up": result.reasons["ev"]["up"].mask(waits, effort.waits),
        "down": result.reasons["ev"]["down"].mask(waits, "nothing scheduled"),
    }
    return replace(result, relaxed=effort.relaxed, short=effort.short, reasons={**result.reasons, "ev": of_evs})


def _succeeded(found: Outcome, options: Options, clock: Stopwatch, schedule: Schedule) -> FlexibilityOpfResult:
    study, solution = found.study, found.solution
    assert solution is not None and found.checked is not None and found.flow is not None
    with clock.phase("results"):
        phases = worst_phase(study.one_phase, study.case, schedule, solution.states)
        result = solved_result(
            study.case,
            study.profiles,
            study.forecasts,
            schedule,
            solution.states,
            solution.prices,
            found.flow,
            study.trafo_loading,
            status=found.status,
            message="; ".join(filter(None, (found.message, phases.note))),
            gap=solution.gap,
            guarantee_proved=not found.doubt,
            verification={**found.checked, "worst_phase_vm_pu": phases.vm_pu},
            reduced=study.reduced,
            relaxed=no_rows(RELAXED_COLUMNS),
            short=no_rows(SHORT_COLUMNS),
            findings=found.findings,
            stats=_stats(study, clock, solution),
        )
    return replace(result, settings={**result.settings, "arguments": options.arguments})


def compared_with_runpp(
    study: Study, options: Options, clock: Stopwatch, result: FlexibilityOpfResult, moment: RunppMoment
) -> FlexibilityOpfResult:
    """The result with its difference to runpp; failed where that is more than runpp's own inaccuracy."""
    differs = ""
    if moment.difference > AGREES:
        where = f"in period {moment.period} ({moment.named})"
        differs = f"{where} a voltage differs from that of runpp by {moment.difference:.2g} pu: {moment.voltages}"
    if differs and options.verify:
        message = f"the schedule does not verify: {differs}"
        return _failed(study, options, clock, "failed", message, result.findings, way=OTHER_VOLTAGES)
    message = "; ".join(filter(None, (result.message, moment.note(), differs)))
    return replace(result, message=message, verification={**result.verification, "against_runpp": moment.difference})


def _failed(
    study: Study,
    options: Options,
    clock: Stopwatch,
    status: str,
    message: str,
    findings: pd.DataFrame,
    solution: Solution | None = None,
    way: str = "",
) -> FlexibilityOpfResult:
    causes = study.unit_doubts() if breaks_grid(findings) else []
    causes += filter(None, [study.not_run, _smaller_margin(options)])
    on_infeasible = options.on_infeasible if NO_NAME in study.forecasts else ""
    ways = ways_on(findings, way or status, on_infeasible, causes)
    return unsolved_result(
        study.case,
        study.profiles,
        study.forecasts,
        study.trafo_loading,
        status=status,
        message="\n".join(filter(None, (message, ways, study.one_phase.balanced))),
        gap=np.nan,
        reduced=study.reduced,
        relaxed=no_rows(RELAXED_COLUMNS),
        short=no_rows(SHORT_COLUMNS),
        findings=findings,
        stats=_stats(study, clock, solution),
    )


def _smaller_margin(options: Options) -> str:
    """A way on of runs with a margin."""
    margin = float(options.margin_percent)
    return f"margin_percent={margin:g} keeps that much of every limit free, a smaller one less" if margin else ""


def _stats(study: Study, clock: Stopwatch, solution: Solution | None) -> dict[str, Any]:
    case = study.case
    sizes = {
        "n_buses": len(case.grid.vm_min),
        "n_branches": len(case.grid.from_bus),
        "n_periods": case.horizon.n_periods,
        "n_evs": len(case.evs.index),
        "n_ev_periods": len(case.evs.slots),
    }
    return {**sizes, **(solution.stats if solution else {}), "seconds": clock.seconds, "cpu_seconds": clock.cpu_seconds}
