"""The band of `guarantee="any_sequence"`: its edges, the plan inside, and a random walk of calls through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.plotting.axes import COLOUR, draw_steps, label_time, period_edges, several_axes
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.kinds import shown

#: share of the width of the band by which the called power moves from one period to the next, standard deviation
STEP = 0.2


def plot_band(result: Any, seed: int = 0, axes: Sequence[Any] | None = None) -> Any:
    """Draw the band of all that is scheduled and one day of calls.

    Above: the power that an operator may set in every period, and a random walk of calls within it. Below: the energy
    charged since the start at the lower edge, at the upper edge, as planned and as called. Whatever is called, the
    energy stays between the two edges, and at the lower one every EV has what it needs at its departure.

    Parameters
    ----------
    result : FlexibilityOpfResult    with ``guarantee="any_sequence"``
    seed : int                       of the calls
    axes : two matplotlib axes       None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    no result, a result without a band, or a seed that is none
    """
    check_result("plot_band", result)
    if result.settings["guarantee"] != ANY_SEQUENCE:
        remedy = f'give one of run_flexibility_opf(..., guarantee="{ANY_SEQUENCE}")'
        raise InvalidInputError([Fault("plot_band", "result", (), "the result", "has no band", remedy)])
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        remedy = "give a whole number of 0 or more"
        raise InvalidInputError([Fault("plot_band", "seed", (), shown(seed), "is not understood", remedy)])
    axes = several_axes(axes, 2, 1, figsize=(9.0, 6.0), sharex=True)
    index, period_h = result.p_mw.index, result.settings["period_h"]
    edges = period_edges(index, period_h)
    plan = 1e3 * result.total("p_mw").to_numpy()
    lower = plan - 1e3 * result.total("p_down_mw").to_numpy()
    upper = plan + 1e3 * result.total("p_up_mw").to_numpy()
    called = lower + _walk(len(plan), int(seed)) * (upper - lower)
    powers, energies = axes
    _draw(powers, edges, lower, upper, plan, called)
    _draw_energies(energies, edges, *(_charged(p, period_h) for p in (lower, upper, plan, called)))
    is_charging = not result.series and lower.min() >= 0.0
    powers.set(
        title="Band for any sequence of calls",
        ylabel="charging power in kW" if is_charging else "load in kW, below 0: fed in",
    )
    energies.set_ylabel("energy charged in kWh" if is_charging else "energy drawn in kWh")
    for ax in axes:
        if is_charging:
            ax.set_ylim(bottom=0.0)
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small", frameon=False)
        label_time(ax, index, period_h)
    powers.set_xlabel("")
    return powers.figure


def _walk(n: int, seed: int) -> FloatArray:
    """Shares of the width of the band, reflected at its edges."""
    steps = np.cumsum(np.random.default_rng(seed).normal(0.5 * STEP, STEP, n))
    share: FloatArray = np.abs((steps + 1.0) % 2.0 - 1.0)
    return share


def _charged(p_kw: FloatArray, period_h: float) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(p_kw) * period_h])


def _draw(ax: Any, edges: Any, lower: FloatArray, upper: FloatArray, plan: FloatArray, called: FloatArray) -> None:
    ax.stairs(upper, edges, baseline=lower, fill=True, color=COLOUR["up"], alpha=0.25, label="band")
    draw_steps(ax, edges, plan, color=COLOUR["base"], linewidth=2.0, label="plan")
    draw_steps(ax, edges, called, color=COLOUR["uncontrolled"], linewidth=1.0, label="calls")


def _draw_energies(
    ax: Any, edges: Any, lower: FloatArray, upper: FloatArray, plan: FloatArray, called: FloatArray
) -> None:
    ax.fill_between(edges, lower, upper, color=COLOUR["up"], alpha=0.25, label="between the edges", linewidth=0.0)
    ax.plot(edges, upper, color=COLOUR["up"], label="upper edge throughout")
    ax.plot(edges, lower, color=COLOUR["down"], label="lower edge throughout")
    ax.plot(edges, plan, color=COLOUR["base"], linewidth=2.0, label="plan")
    ax.plot(edges, called, color=COLOUR["uncontrolled"], label="calls")
