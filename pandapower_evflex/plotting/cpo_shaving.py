"""What a charging site can shave: a try (Fig. 4 of the second paper), and the rule against the exact limit by hour."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.cpo.checks import (
    CHARGING,
    EMPTY,
    Int8Array,
    raise_if,
    scalar_faults,
    series_faults,
    window_faults,
)
from pandapower_evflex.cpo.shave.lattice import PeakShave
from pandapower_evflex.cpo.shave.peak_shaving import cpo_peak_shaving
from pandapower_evflex.cpo.shaving_rule import velocity_limit
from pandapower_evflex.errors import Fault
from pandapower_evflex.plotting.axes import (
    COLOUR,
    STATE_COLOUR,
    draw_steps,
    label_hours,
    new_axes,
    several_axes,
    title_and_legend,
)  # fmt: skip
from pandapower_evflex.plotting.cpo import drawable_lattice
from pandapower_evflex.tables.faults import labels_of
from pandapower_evflex.tables.kinds import check_net

SHAVE, OVER_DAY = "plot_peak_shave", "plot_shaving_over_day"

#: periods drawn before and after the window
MARGIN = 8


def plot_peak_shave(
    lattice: Any,
    shave: PeakShave,
    reduction: Any,
    start: int,
    *,
    period_h: float = 0.25,
    axes: Sequence[Any] | None = None,
) -> Any:
    """A peak that cars make room for, or do not (one column of figure 4).

    Above: outlets that charge before and after, and how many may in the window. Below: the velocity, its limit in each
    period (8), beyond which a shave fails, and the paper's estimate of that (11) from the densities of the lattice.

    Parameters
    ----------
    lattice, reduction, start    what `shave_peak` was given; the first period of the lattice begins at 00:00
    shave : PeakShave            what it returned
    period_h : float             [h]
    axes : two matplotlib axes   None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    a shave of another lattice or window, no such lattice, window or period

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> lattice = [[0, 1, 1, 1, 2, 2, 0]]
    >>> shave = evf.shave_peak(lattice, [1, 1], 1)
    >>> figure = evf.plotting.plot_peak_shave(lattice, shave, [1, 1], 1)
    """
    states = drawable_lattice(SHAVE, lattice, 0.0, period_h)
    wanted = _checked_shave(states, shave, reduction, start)
    axes = several_axes(axes, 2, 1, figsize=(6.5, 6.0), sharex=True)
    above, below = axes
    first, end = int(start), int(start) + len(wanted)
    edges = float(period_h) * np.arange(states.shape[1] + 1)
    shown = slice(max(first - MARGIN, 0), min(end + MARGIN, states.shape[1]))
    _draw_demand(above, states, shave, wanted, first, edges, shown)
    _draw_velocity(below, states, shave, first, edges, shown)
    for ax in (above, below):
        ax.axvspan(edges[first], edges[end], color="black", alpha=0.06, linewidth=0.0)
        if shave.first_failing_period is not None:
            failing = edges[shave.first_failing_period]
            ax.axvline(failing, color=COLOUR["limit"], linewidth=1.0, label="fails from here")
        label_hours(ax, edges[shown.start], edges[shown.stop])
        ax.set_ylabel("outlets")
        ax.set_ylim(bottom=0.0)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(True, alpha=0.3)
    above.set_xlabel("")
    verdict = "succeeds" if shave.success else "fails"
    title_and_legend(above, f"Charging outlets: the shave {verdict}")
    title_and_legend(below, "Charging cells that wait")
    return above.figure


def _checked_shave(states: Int8Array, shave: Any, reduction: Any, start: Any) -> FloatArray:
    """The reduction, of the window that was shaved."""
    if not isinstance(shave, PeakShave):
        raise_if(
            [
                Fault(
                    SHAVE,
                    "shave",
                    (),
                    f"a {type(shave).__name__}",
                    "is not a result of shave_peak",
                    "give what shave_peak returned",
                )
            ]
        )
    wanted, faults = series_faults(SHAVE, "reduction", reduction, "give outlets of 0 or more, per period", least=0.0)
    faults += window_faults(SHAVE, start, len(wanted), states.shape[1])
    is_other = shave.lattice.shape != states.shape or not np.array_equal(shave.lattice == EMPTY, states == EMPTY)
    if is_other or len(shave.velocity_limit) != len(wanted):
        remedy = "give the lattice, the reduction and the start that shave_peak was given"
        faults.append(Fault(SHAVE, "shave", (), "the shave", "is of another lattice or window", remedy))
    raise_if(faults)
    return wanted


def _draw_demand(
    ax: Any, states: Int8Array, shave: PeakShave, wanted: FloatArray, first: int, edges: FloatArray, shown: slice
) -> None:
    before, after = (np.count_nonzero(cells == CHARGING, axis=0) for cells in (states, shave.lattice))
    end = first + len(wanted)
    ax.stairs(
        before[first:end], edges[first : end + 1], baseline=before[first:end] - wanted, fill=True,
        color=COLOUR["base"], alpha=0.5, label="peak to shave",
    )  # fmt: skip
    at = edges[shown.start : shown.stop + 1]
    draw_steps(ax, at, before[shown], color="black", linestyle="--", label="before")
    draw_steps(ax, at, after[shown], color=STATE_COLOUR["charging"], linewidth=2.0, label="after")


def _draw_velocity(ax: Any, states: Int8Array, shave: PeakShave, first: int, edges: FloatArray, shown: slice) -> None:
    """Velocities at the ends of periods, limits within the window."""
    end = first + len(shave.velocity_limit)
    d_c = float((states[:, first:end] == CHARGING).mean())
    d_o = max(float((states[:, first:end] != EMPTY).mean()), d_c)
    ends, velocity = slice(shown.start, shown.stop + 1), np.concatenate([[0], shave.velocity])
    ax.plot(edges[ends], velocity[ends], color=STATE_COLOUR["charging"], linewidth=2.0, label="velocity $v(k)$")
    limits = {"color": COLOUR["limit"], "marker": "v", "linestyle": "none", "label": "limit (8)"}
    ax.plot(edges[first + 1 : end + 1], shave.velocity_limit, **limits)
    style = {"colors": "black", "linestyles": ":", "label": r"$(d_o - d_c) N$ (11)"}
    ax.hlines(velocity_limit(d_c, d_o, len(states)), edges[first], edges[end], **style)


def plot_shaving_over_day(
    net: Net, cpo: int, *, window_h: float = 1.0, lattices: Any = None, ax: Any | None = None
) -> Any:
    """What the paper's rule promises for each hour of the day, against what the cars can shave.

    Apexes of triangles in windows that begin on the hour: the rule; the limit of many outlets that follow the rates;
    with days also the exact limit, its mean and what 19 of 20 days allow. Where the rule promises more than the
    cars can do on average, it is shaded.

    Parameters
    ----------
    net : pandapowerNet    with the site (`create_cpo`) and its rates (`set_cpo_rates`)
    cpo : int              index in net.cpo
    window_h : float       length of the windows [h], up to a day
    lattices : CpoRates or int [n_day, n_evse, n_period]
        real days of the site, as `cpo_peak_shaving` takes them

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    an unknown site, no rates, no such window or lattices

    Examples
    --------
    >>> import pandapower.networks as nw, pandapower_evflex as evf
    >>> net = nw.create_kerber_landnetz_freileitung_1()
    >>> cpo = evf.create_cpo(net, 5, n_evse=60, evse_p_mw=0.025)
    >>> evf.set_cpo_rates(net, cpo, [0.0, 0.6, 0.2, 0.1], [0.1, 0.8, 0.8, 0.2])
    >>> ax = evf.plotting.plot_shaving_over_day(net, cpo)
    """
    check_net("plot_shaving_over_day", net)
    remedy = "give the length of the windows in hours, above 0 and up to 24"
    raise_if(scalar_faults(OVER_DAY, "window_h", window_h, remedy, above=0.0, most=24.0))
    limits = _limits_by_hour(_alone(net, cpo), cpo, float(window_h), lattices)
    ax = new_axes(ax)
    hours = limits.index.to_numpy(dtype=float)
    cars = limits["exact"] if lattices is not None else limits["meanfield"]
    too_much = limits["paper"] > cars
    ax.fill_between(
        hours, cars, limits["paper"], where=too_much, interpolate=True, color=COLOUR["uncontrolled"], alpha=0.3,
        linewidth=0.0, label="promised in vain",
    )  # fmt: skip
    for name, (label, style) in LINES.items():
        if name in limits:
            ax.plot(hours, limits[name], label=label, **style)
    ax.set_ylabel("largest apex in outlets")
    ax.set_ylim(bottom=0.0)
    title_and_legend(ax, f"What can be shaved in {float(window_h):g} h")
    label_hours(ax, 0.0, 24.0)
    ax.set_xlabel("start of the window")
    ax.grid(True, alpha=0.3)
    return ax


#: column -> label and style
LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "paper": ("paper's rule", {"color": COLOUR["uncontrolled"], "marker": "o", "markersize": 4.0}),
    "meanfield": ("many outlets", {"color": COLOUR["base"], "linestyle": "--"}),
    "exact": ("exact, mean day", {"color": "black", "linewidth": 2.0}),
    "exact_p05": ("exact, 19 of 20 days", {"color": "black", "linestyle": ":"}),
}


def _alone(net: Net, cpo: Any) -> Any:
    """The net with this site only, in service and whatever it offers."""
    if not isinstance(cpo, numbers.Integral) or cpo not in labels_of(net, "cpo"):
        raise_if([Fault(OVER_DAY, "cpo", (), repr(cpo), "is not in net.cpo", "use an index of net.cpo")])
    alone = pandapowerNet({key: net[key] for key in net if key != "flexibility"})
    alone["cpo"] = net["cpo"].loc[[cpo]].assign(in_service=True)
    for name in ("cpo_charging_rate", "cpo_occupancy_rate"):
        if name in net and cpo in net[name]:
            alone[name] = net[name][[cpo]]
    return alone


def _limits_by_hour(net: Net, cpo: Any, window_h: float, lattices: Any) -> pd.DataFrame:
    """Outlets by each rule [24], for windows that begin on the hour."""
    rules: dict[str, dict[str, Any]] = {"meanfield": {"rule": "meanfield"}}
    if lattices is not None:
        rules["exact"] = {"rule": "exact"}
        rules["exact_p05"] = {"rule": "exact", "quantile": 0.05}
    rows = []
    for hour in range(24):
        bids = {
            name: cpo_peak_shaving(net, hour, hour + window_h, lattices=lattices, **options).loc[cpo]
            for name, options in rules.items()
        }
        row = {name: bid["outlets"] for name, bid in bids.items()}
        rows.append({"paper": bids["meanfield"]["paper_outlets"], **row})
    return pd.DataFrame(rows, index=range(24))
