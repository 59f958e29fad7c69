"""A call of flexibility: who gives how much, what the grid allows, and what is left afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import BoolArray, FloatArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.operation.aftermath import Aftermath, aftermath_of_all
from pandapower_evflex.operation.calls import not_sought
from pandapower_evflex.operation.grant import Grant, grant
from pandapower_evflex.operation.remaining_day import renewed_plan
from pandapower_evflex.operation.sharing import SHARES
from pandapower_evflex.opf.case import Case
from pandapower_evflex.opf.report.as_loads import missing_elements
from pandapower_evflex.opf.report.frames import unit_frames, unit_labels
from pandapower_evflex.opf.report.moment import period_position
from pandapower_evflex.opf.report.one_forecast import refuse_forecasts
from pandapower_evflex.opf.report.other_evs import refuse_other_evs
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.powerflow.batched import BatchedPowerFlow
from pandapower_evflex.scenarios import DIRECTIONS
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import check_net, is_one_of, raise_if, shown, unknown_labels

FUNCTION, EV = "activate_flexibility", "ev"
LACKING = ["element_type", "element", "energy_mwh"]


@dataclass(frozen=True, repr=False)
class Activation:
    """What a call of flexibility gets, and what is left after it.

    Attributes
    ----------
    granted_mw : float                  of `asked_mw`, positive in both directions; by all kinds of elements
    p_mw : Series [ev]                  what each EV gives, positive; sums to `granted_mw` where there are only EVs
    e_mwh : Series [ev]                 energies at the end of the period (NaN while away)
    p_up_mw, p_down_mw : DataFrame [later period x ev]
        what is left, never more than was promised
    plan_mw, plan_e_mwh : DataFrame [period x ev]
        charging power and energies with the call in it: the plan is kept, except that a full EV stops, that none feeds
        in what it needs, and that an EV that would be short recovers as early as the grid allows
    short : DataFrame                   `ev, session, energy_mwh`: who leaves short, after calls that were forced
    message : str                       why less was granted than asked for, and how recovery goes
    result : FlexibilityOpfResult       the plan renewed for the later periods, None without ``renew``
    series : dict
        the same of the elements other than EVs, {"storage": {"p_mw": Series [storage], "e_mwh", "p_up_mw", "p_down_mw",
        "plan_mw", "plan_e_mwh"}, ...}; `plan_mw` has the sign of the table; generators have no energies
    lacking : DataFrame
        `element_type, element, energy_mwh`: what batteries and shiftable loads lack at the end of the day, after calls
        that were forced
    """

    asked_mw: float
    granted_mw: float
    p_mw: pd.Series
    e_mwh: pd.Series
    p_up_mw: pd.DataFrame
    p_down_mw: pd.DataFrame
    plan_mw: pd.DataFrame
    plan_e_mwh: pd.DataFrame
    short: pd.DataFrame
    message: str
    result: FlexibilityOpfResult | None = None
    series: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lacking: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=LACKING))

    def __repr__(self) -> str:
        return f"<Activation: {1e3 * self.granted_mw:.4g} of {1e3 * self.asked_mw:.4g} kW granted; {self.message}>"


def activate_flexibility(
    net: Net,
    result: FlexibilityOpfResult,
    period: Any,
    direction: str,
    p_mw: float | None = None,
    *,
    evs: Sequence[int] | None = None,
    share: str = "proportional",
    force: bool = False,
    renew: bool = False,
) -> Activation:
    """Call flexibility of one period of a schedule, up to all that is offered.

    The amount is shared among the EVs and all other elements that offer, checked by a power flow, and granted as far as
    the grid carries it and every EV can still be served afterwards, every battery end as it must, and every load be
    served. Nothing on the net changes.

    Parameters
    ----------
    net : pandapowerNet
        that the result is of
    result : FlexibilityOpfResult
    period : int or time
        position from 0, or label of the result's index
    direction : "up" or "down"
    p_mw : float
        amount, positive; None: all that is offered
    evs : list of int
        who is called, and nobody else; None: all EVs and all other elements that offer
    share : "proportional" or "slack"
        in proportion to what each offers; or by those that lose least of their later flexibility in this direction
    force : bool
        what an EV could give at all, downward to no charging (to feeding in, where it may), although needs may then be
        missed (see `short` and `lacking`); loads are deferred no further than `shift_h`, and limits of the grid hold
        all the same
    renew : bool
        plan the later periods anew from the energies after the call, with the arguments of the run; sessions are taken
        as the net has them now

    Returns
    -------
    Activation    what is granted, by whom, the day after it, and what is left

    Raises
    ------
    InvalidInputError    no schedule, a cyclic one, other EVs; no such period, direction or EVs; an amount that is none

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
    >>> result = evf.run_flexibility_opf(net, profiles, progress=False)
    >>> call = evf.activate_flexibility(net, result, 10, "up", 0.01)
    >>> round(call.granted_mw, 6), len(call.short)
    (0.01, 0)
    """
    chosen = _checked(net, result, direction, p_mw, evs, share, {"force": force, "renew": renew})
    t = period_position(period, result.p_mw.index)
    assert result.recovery is not None
    case, schedule = result.recovery.case, result.recovery.schedule
    flow = BatchedPowerFlow(case.grid)
    got = grant(case, flow, schedule, t, direction, p_mw, chosen, share=share, force=force)
    after = aftermath_of_all(case, flow, schedule, t, direction, got.given)
    notes = [*got.notes, *(["recovery took another plan of all EVs"] if after.is_planned_anew else [])]
    found = _activation(result, t, got, after, "; ".join(notes) or "as asked")
    if not renew:
        return found
    if t == len(result.p_mw) - 1:
        return replace(found, message=f"{found.message}; nothing is left to plan anew")
    return replace(found, result=renewed_plan(net, result, t, found.plan_e_mwh, after.schedule.e[t]))


def _checked(
    net: Any, result: Any, direction: Any, p_mw: Any, evs: Any, share: Any, flags: dict[str, Any]
) -> BoolArray:
    """Which units are called [n_unit]."""
    check_net(FUNCTION, net)
    if not isinstance(result, FlexibilityOpfResult):
        remedy = "give what run_flexibility_opf returned"
        raise InvalidInputError([Fault(FUNCTION, "result", (), shown(result), "is not a result", remedy)])
    refuse_forecasts(FUNCTION, result)
    faults = []
    if result.recovery is None:
        remedy = "give a result with a schedule"
        faults.append(Fault(FUNCTION, "result", (), result.status, "has no schedule to call from", remedy))
    elif result.settings["cyclic"]:
        remedy, problem = "run the day with cyclic=False", "goes on at its start: no period comes after a call"
        faults.append(Fault(FUNCTION, "result", (), "a day with cyclic=True", problem, remedy))
    elif result.recovery.case.evs.duration > 1:
        remedy, problem = "run the day without duration_h", "is held for hours, and calls here last one period"
        value = f"flexibility with duration_h={result.settings['duration_h']:g}"
        faults.append(Fault(FUNCTION, "result", (), value, problem, remedy))
    elif flags["renew"] is True and result.settings.get("renewed_from", 0):
        problem = "cannot be renewed again: the hours of its sessions count from the start of the day"
        remedy = "renew from the plan of the whole day, or use run_rolling_horizon with all calls"
        faults.append(Fault(FUNCTION, "renew", (), "a plan that was renewed", problem, remedy))
    for name, value, choices in (("direction", direction, tuple(DIRECTIONS)), ("share", share, SHARES)):
        if not is_one_of(value, choices):
            faults.append(Fault(FUNCTION, name, (), shown(value), "is not known", f"use one of {choices}"))
        elif name == "direction" and value not in result.settings["scenarios"] and flags["force"] is False:
            faults.append(not_sought(FUNCTION, name, value, result.settings["scenarios"]))
    for name, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            faults.append(Fault(FUNCTION, name, (), shown(value), "is not understood", "give True or False"))
    faults += _amount_faults(p_mw)
    labels = result.p_mw.columns.tolist()
    wanted = labels if evs is None else list(evs) if pd.api.types.is_list_like(evs) else [evs]
    unknown = unknown_labels(wanted, labels)
    if unknown or (evs is not None and not wanted):
        remedy = "give indices of net.ev that are in service, or None for all"
        value = ", ".join(map(shown, unknown)) or "an empty list"
        faults.append(Fault(FUNCTION, "evs", (), value, "are not in the result", remedy))
    if faults:
        raise InvalidInputError(faults)
    refuse_other_evs(net, result)
    raise_if(missing_elements(net, result))
    assert result.recovery is not None
    n_others = result.recovery.schedule.p.shape[1] - len(labels)
    return np.append(np.isin(labels, wanted), np.full(n_others, evs is None))


def _amount_faults(p_mw: Any) -> list[Fault]:
    if p_mw is None:
        return []
    remedy = "give a positive number of MW, or None for all that is offered; the direction says which way"
    is_number = isinstance(p_mw, Real) and not isinstance(p_mw, bool | np.bool_)
    if not (is_number and 0.0 <= as_numbers([p_mw])[0][0] < np.inf):
        return [Fault(FUNCTION, "p_mw", (), shown(p_mw), "is not an amount of power", remedy)]
    return []


def _activation(result: FlexibilityOpfResult, t: int, got: Grant, after: Aftermath, message: str) -> Activation:
    assert result.recovery is not None
    case, index = result.recovery.case, result.p_mw.index
    later = slice(t + 1, None)
    series: dict[str, dict[str, Any]] = {}
    for part, units, _ in case.by_part():
        frames = unit_frames(case, part, after.schedule.of(units), index)
        own: dict[str, Any] = {"p_mw": pd.Series(got.given[units], index=unit_labels(part))}
        own |= {name: frames[name].iloc[later] for name in ("p_up_mw", "p_down_mw")}
        own["plan_mw"] = frames["p_mw"]
        if "e_mwh" in frames:
            own |= {"e_mwh": frames["e_mwh"].iloc[t].rename(None), "plan_e_mwh": frames["e_mwh"]}
        series[part.kind] = own
    return Activation(
        asked_mw=got.asked_mw,
        granted_mw=float(got.given.sum()),
        **series.pop(EV),
        **_short_and_lacking(case, after.short_mwh),
        message=message,
        series=series,
    )


def _short_and_lacking(case: Case, short_mwh: FloatArray) -> dict[str, pd.DataFrame]:
    """Whose stays end short [n_stay of all kinds that have any], EVs apart from the others."""
    short, lacking, at = [], [], 0
    for part in case.parts:
        stays = getattr(part.data, "stays", [])
        for stay, energy in zip(stays, short_mwh[at : at + len(stays)].tolist(), strict=True):
            label = part.element.index(part.data)[stay.ev]
            if energy > 0.0 and part.kind == EV:
                short.append((label, stay.session, energy))
            elif energy > 0.0:
                lacking.append((part.kind, label, energy))
        at += len(stays)
    return {
        "short": pd.DataFrame(short, columns=["ev", "session", "energy_mwh"]),
        "lacking": pd.DataFrame(lacking, columns=LACKING),
    }
