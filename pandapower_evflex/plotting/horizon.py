"""The years of a plan: what each costs, and when what is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from pandapower_evflex.planning.years import PlanningHorizon
from pandapower_evflex.plotting.axes import several_axes, title_and_legend
from pandapower_evflex.plotting.planning import FLEXIBILITY, candidate_name, refuse_other
from pandapower_evflex.plotting.results import check_names

#: column -> label and style
SCENARIOS: dict[str, tuple[str, dict[str, Any]]] = {
    "without_flexibility": ("without flexibility", {"color": "black", "marker": "o", "markerfacecolor": "white"}),
    "with_flexibility": ("with flexibility", {"color": FLEXIBILITY, "marker": "o"}),
}
#: rows of a candidate above and below its middle
OFFSET = {"without_flexibility": -0.17, "with_flexibility": 0.17}


def plot_horizon(
    horizon: PlanningHorizon, *, names: Mapping[Any, str] | pd.Series | None = None, axes: Sequence[Any] | None = None
) -> Any:
    """What each year costs with and without flexibility, and from which year on each candidate stands.

    Above: operation and annuities of each year, not discounted. Below: a bar per candidate that is ever built, from its
    build year to the end of the horizon.

    Parameters
    ----------
    horizon : PlanningHorizon
    names : dict or Series        of the candidates, such as net.reinforcement.name; None: their index
    axes : two matplotlib axes    None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    what is no horizon

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> net, profiles = evf.networks.ring_10kv()
    >>> net.reinforcement["invest_eur"] = 60_000.0
    >>> horizon = evf.run_planning_horizon(net, profiles, 4, 2.0, voll_eur_per_mwh=10_000, loss_price_eur_per_mwh=80,
    ...                                    discount_rate=0.065, progress=False)
    >>> figure = evf.plotting.plot_horizon(horizon, names=net.reinforcement.name)
    """
    check_names("plot_horizon", names)
    refuse_other("plot_horizon", "horizon", horizon, PlanningHorizon, "run_planning_horizon")
    built = horizon.build_years[horizon.build_years.notna().any(axis=1)]
    heights = {"height_ratios": [3.0, 0.6 + 0.4 * max(len(built), 1)]}
    axes = several_axes(axes, 2, 1, figsize=(8.0, 4.4 + 0.4 * len(built)), sharex=True, gridspec_kw=heights)
    above, below = axes
    years = horizon.yearly_cost_eur.index.to_numpy(dtype=float)
    for name, (label, style) in SCENARIOS.items():
        value = f"{label}: {horizon.present_value_eur[name]:,.0f} EUR present value".replace(",", " ")
        above.plot(years, horizon.yearly_cost_eur[name], label=value, **style)
        _draw_build_years(below, built[name], years[-1] + 1.0, OFFSET[name], color=style["color"], label=label)
    above.set_ylabel("EUR a year")
    above.grid(True, alpha=0.3)
    title_and_legend(
        above, f"Flexibility saves {horizon.value_of_flexibility_eur:,.0f} EUR of present value".replace(",", " ")
    )
    below.set_yticks(np.arange(len(built)), [candidate_name(candidate, names) for candidate in built.index])
    below.set(xlabel="year", ylim=(len(built) - 0.5, -0.5) if len(built) else (0.5, -0.5))
    if not len(built):
        below.text(0.5, 0.5, "nothing is built", transform=below.transAxes, ha="center", va="center")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    below.set_xlim(-0.3, years[-1] + 1.0)
    below.grid(True, axis="x", alpha=0.3)
    return above.figure


def _draw_build_years(ax: Any, years: pd.Series, end: float, offset: float, *, color: str, label: str) -> None:
    """A bar per candidate from its build year on, with the year before it."""
    places = np.flatnonzero(years.notna())
    first = years.dropna().to_numpy(dtype=float)
    ax.barh(places + offset, end - first, height=0.3, left=first, color=color, alpha=0.85, label=label)
    for place, year in zip(places, first, strict=True):
        text = {"textcoords": "offset points", "va": "center", "color": "white", "fontsize": "small"}
        ax.annotate(f"{year:.0f}", (year, place + offset), (3, 0), **text)
