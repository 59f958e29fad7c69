"""What a plan costs, and what a fault leaves unserved (Fig. 8 of the second paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.cpo.checks import raise_if
from pandapower_evflex.errors import Fault
from pandapower_evflex.planning.study import PlanningStudy
from pandapower_evflex.plotting.axes import label_hours, new_axes, several_axes, title_and_legend
from pandapower_evflex.plotting.results import check_names
from pandapower_evflex.tables.kinds import flag_faults, is_label

NOT_SERVED, PLAN_COSTS = "plot_energy_not_served", "plot_plan_costs"
#: column -> label and colour
COSTS = {
    "reliability_eur_per_year": ("reliability R", "#b2182b"),
    "losses_eur_per_year": ("losses S", "#878787"),
    "investment_eur_per_year": ("investment I", "#2166ac"),
    "flexibility_eur_per_year": ("flexibility F", "#1b9e77"),
}
FLEXIBILITY = COSTS["flexibility_eur_per_year"][1]
GREY, LEFT, SERVED = "#bdbdbd", "#6baed6", "#74c476"
#: hours drawn beside the periods in which something is missing
MARGIN_H = 0.25
#: power [MW] below which nothing counts as missing
SMALL_MW = 1e-12


def plot_energy_not_served(study: PlanningStudy, row: Any = 0, axes: Sequence[Any] | None = None) -> Any:
    """A congestion window before and after flexibility is bought, as it is and as the paper's triangles (figure 8).

    On the left the power to remove in each period, and the triangle of the same energy, whose apex 2 ENS / dT is what
    the paper's rule asks for. On the right what flexibility serves of it and what is left, also after the window where
    charging comes back. Where several elements are overloaded at once, it is the power not served for all of them, and
    the triangle is that of the element of this row.

    Parameters
    ----------
    study : PlanningStudy
    row : int                     of `study.faults`
    axes : two matplotlib axes    None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    no study, a row that it does not have or without overload

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> study = evf.run_planning(net, profiles, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=80, discount_rate=0.065,
    ...                          progress=False)
    >>> figure = evf.plotting.plot_energy_not_served(study, 0)
    """
    fault, window = _checked_window(study, row)
    axes = several_axes(axes, 1, 2, figsize=(11.0, 4.2), sharey=True)
    before, after = axes
    start, end = float(fault["start_h"]), float(fault["end_h"])
    hours = (window["end_h"] - window["start_h"]).to_numpy()
    without, left = (float(hours @ window[name]) for name in ("not_served_mw", "left_mw"))
    apex = 2.0 * float(fault["ens_mwh"]) / (end - start)
    _fill(before, window, 0.0, window["not_served_mw"], color=GREY, label="not served")
    if not np.allclose(window["not_served_mw"], window["missing_mw"]):
        _fill(before, window, 0.0, window["missing_mw"], fill=False, edgecolor="black", label="to remove for this one")
    _triangle(before, start, end, apex, color="black", label=f"same energy: apex {apex:.4g} MW")
    _fill(after, window, 0.0, window["left_mw"], color=LEFT, label="still not served")
    served = np.maximum(window["not_served_mw"], window["left_mw"])
    _fill(after, window, window["left_mw"], served, color=SERVED, label="served by flexibility")
    if without > left:
        bought = 2.0 * (without - left) / (end - start)
        _triangle(after, start, end, bought, color=FLEXIBILITY, label=f"apex {bought:.4g} MW")
    _triangle(after, start, end, apex, color="black", label=None)
    last = max(end, float(window["end_h"].max()))
    for ax, title in ((before, f"Not served: {without:.4g} MWh"), (after, f"With flexibility: {left:.4g} MWh")):
        label_hours(ax, min(start, float(window["start_h"].min())) - MARGIN_H, last + MARGIN_H)
        ax.set_ylabel("MW")
        ax.set_ylim(bottom=0.0)
        ax.grid(True, alpha=0.3)
        title_and_legend(ax, title)
    return before.figure


def _checked_window(study: Any, row: Any) -> tuple[pd.Series, pd.DataFrame]:
    """The row of study.faults, and its periods."""
    refuse_other(NOT_SERVED, "study", study, PlanningStudy, "run_planning")
    if not is_label(row, study.faults.index.tolist()):
        remedy = f"use a row of study.faults, 0 to {len(study.faults) - 1}" if len(study.faults) else "nothing is cut"
        raise_if([Fault(NOT_SERVED, "row", (), repr(row), "is not in study.faults", remedy)])
    window = study.overloads[study.overloads["row"] == row]
    if not len(window):
        remedy = "choose a row with an overloaded element"
        raise_if([Fault(NOT_SERVED, "row", (), repr(row), "is a fault without overload", remedy)])
    return study.faults.loc[row], window


def refuse_other(function: str, column: str, given: Any, wanted: type, maker: str) -> None:
    if not isinstance(given, wanted):
        remedy = f"give what {maker} returned"
        raise_if([Fault(function, column, (), f"a {type(given).__name__}", f"is not a {wanted.__name__}", remedy)])


def _fill(ax: Any, window: pd.DataFrame, bottom: Any, top: Any, **style: Any) -> None:
    """One bar per period, none where there is nothing."""
    height = np.asarray(top, dtype=float) - bottom
    shown = np.asarray(height) > SMALL_MW
    if shown.any():
        base = np.broadcast_to(bottom, height.shape)[shown]
        width = (window["end_h"] - window["start_h"])[shown]
        ax.bar(window["start_h"][shown], height[shown], width, bottom=base, align="edge", **{"linewidth": 0, **style})


def _triangle(ax: Any, start: float, end: float, apex: float, **style: Any) -> None:
    ax.plot([start, 0.5 * (start + end), end], [0.0, apex, 0.0], linestyle="--", linewidth=1.8, **style)


def plot_plan_costs(
    study: PlanningStudy,
    *,
    against_nothing: bool = True,
    names: Mapping[Any, str] | pd.Series | None = None,
    most: int = 12,
    ax: Any | None = None,
) -> Any:
    """Costs of the plans a year, stacked: reliability, losses, investment, flexibility (17); the cheapest on top.

    Parameters
    ----------
    study : PlanningStudy
    against_nothing : bool     costs minus those of doing nothing, as in the paper's Table I; False: the costs
    names : dict or Series     of the candidates, such as net.reinforcement.name; None: their index
    most : int                 plans drawn, the cheapest ones; doing nothing is always among them

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    no study, no number of plans

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> study = evf.run_planning(net, profiles, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=80, discount_rate=0.065,
    ...                          progress=False)
    >>> ax = evf.plotting.plot_plan_costs(study, names=net.reinforcement.name)
    """
    check_names("plot_plan_costs", names)
    refuse_other(PLAN_COSTS, "study", study, PlanningStudy, "run_planning")
    raise_if(flag_faults(PLAN_COSTS, "against_nothing", against_nothing))
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        remedy = "give a whole number of 1 or more"
        raise_if([Fault(PLAN_COSTS, "most", (), repr(most), "is not a number of plans", remedy)])
    table = study.deltas if against_nothing else study.plans
    shown = _cheapest(study, most)
    ax = new_axes(ax, height=1.8 + 0.42 * len(shown))
    places = np.arange(len(shown))
    ends = {1.0: np.zeros(len(shown)), -1.0: np.zeros(len(shown))}
    for column, (label, colour) in COSTS.items():
        value = table.loc[shown, column].to_numpy(dtype=float)
        sign = np.where(value < 0.0, -1.0, 1.0)
        left = np.where(sign < 0.0, ends[-1.0], ends[1.0])
        ax.barh(places, value, left=left, color=colour, label=label, gid=column)
        for direction in ends:
            ends[direction] = ends[direction] + np.where(sign == direction, value, 0.0)
    total = table.loc[shown, "total_eur_per_year"].to_numpy(dtype=float)
    ax.plot(total, places, linestyle="none", marker="D", color="black", markerfacecolor="white", label="total")
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.use_sticky_edges = False  # room for the last mark
    ax.margins(x=0.04)
    ax.set_yticks(places, [_plan_name(study.plans.loc[plan], names) for plan in shown])
    ax.get_yticklabels()[shown.index(study.best)].set_fontweight("bold")
    ax.invert_yaxis()
    ax.set_xlabel("EUR a year" + (" more than doing nothing" if against_nothing else ""))
    ax.grid(True, axis="x", alpha=0.3)
    number = f"{len(shown)} of {len(study.plans)} plans" if len(shown) < len(study.plans) else "plans"
    title_and_legend(ax, f"Costs of {number}")
    return ax


def _cheapest(study: PlanningStudy, most: int) -> list[Any]:
    """Rows of the plans to draw, the best first, doing nothing among them."""
    plans = study.plans.assign(is_other=study.plans.index != study.best)
    order = plans.sort_values(["total_eur_per_year", "is_other"], kind="stable").index.tolist()
    order.insert(0, order.pop(order.index(study.best)))
    nothing = next(i for i, plan in plans.iterrows() if not plan["reinforcements"] and not plan["flexibility"])
    shown = order[:most]
    return shown if nothing in shown or most == 1 else [*shown[:-1], nothing]


def _plan_name(plan: pd.Series, names: Any) -> str:
    parts = [candidate_name(candidate, names) for candidate in plan["reinforcements"]]
    parts += ["flexibility"] if plan["flexibility"] else []
    return " + ".join(parts) or "nothing"


def candidate_name(candidate: Any, names: Any) -> str:
    name = None if names is None else names.get(candidate)
    return str(name) if isinstance(name, str) and name else f"candidate {candidate}"
