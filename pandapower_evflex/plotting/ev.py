"""One EV: powers, energies, the minimum-energy curve and both flexibilities (Fig. 1 of the first paper)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.plotting.axes import COLOUR, draw_steps, label_time, period_edges, several_axes
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.kinds import check_net, is_label, shown


def plot_ev(net: Net, result: Any, ev: int, axes: Sequence[Any] | None = None) -> Any:
    """Draw one EV from its first plugged period to its last.

    Above: scheduled power with the upward and downward flexibility of each period; what stays white below the charger's
    power is held back by the battery or by the grid. Below: scheduled energy between the battery's limits, the
    minimum-energy curve, and t_L, the latest start of (1).

    Parameters
    ----------
    net : pandapowerNet
    result : FlexibilityOpfResult
    ev : int                      label in net.ev
    axes : two matplotlib axes    None: of a new figure

    Returns
    -------
    the matplotlib figure

    Raises
    ------
    InvalidInputError    the result or the EV is not one, or the EV is plugged in no period
    """
    check_result("plot_ev", result)
    if not is_label(ev, result.p_mw.columns.tolist()):
        raise InvalidInputError(
            [Fault("plot_ev", "ev", (), shown(ev), "is not in the result", "use an index of net.ev")]
        )
    check_net("plot_ev", net)
    plugged = np.flatnonzero(result.e_mwh[ev].notna())
    if not len(plugged):
        remedy = "choose an EV with a session within the horizon"
        raise InvalidInputError([Fault("plot_ev", "ev", (), f"EV {ev}", "is plugged in no period", remedy)])
    axes = several_axes(axes, 2, 1, figsize=(9.0, 6.0), sharex=True)
    above, below = axes
    chosen = slice(plugged[0], plugged[-1] + 1)
    index, period_h = result.p_mw.index[chosen], result.settings["period_h"]
    edges = period_edges(index, period_h)
    _draw_powers(above, result, ev, chosen, edges, 1e3 * net["ev"].at[ev, "max_p_mw"])
    _draw_energies(below, net, result, ev, chosen, edges)
    _draw_latest_starts(below, result, ev)
    name = net["ev"].at[ev, "name"]
    above.set_title(f"EV {ev}" + (f": {name}" if isinstance(name, str) else ""))
    for ax in axes:
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small", frameon=False)
        label_time(ax, index, period_h)
    above.set_xlabel("")
    return above.figure


def _draw_powers(ax: Any, result: Any, ev: int, chosen: slice, edges: Any, p_max: float) -> None:
    p, up, down = (1e3 * frame[ev].to_numpy()[chosen] for frame in (result.p_mw, result.p_up_mw, result.p_down_mw))
    ax.stairs(p + up, edges, baseline=p, fill=True, color=COLOUR["up"], alpha=0.3, label="upward flexibility")
    ax.stairs(p, edges, baseline=p - down, fill=True, color=COLOUR["down"], alpha=0.3, label="downward flexibility")
    draw_steps(ax, edges, p, color=COLOUR["base"], linewidth=2.0, label="scheduled power")
    ax.axhline(p_max, color=COLOUR["limit"], linestyle="--", label="charger's power")
    ax.set(ylabel="power in kW", ylim=(min(0.0, 1.08 * (p - down).min(initial=0.0)), 1.08 * p_max))  # V2G may feed in


def _draw_energies(ax: Any, net: Net, result: Any, ev: int, chosen: slice, edges: Any) -> None:
    """Energies at the ends of the periods, as lines from edge to edge."""
    energy, minimum = (1e3 * frame[ev].to_numpy()[chosen] for frame in (result.e_mwh, result.e_min_mwh))
    arrival = 1e3 * result.summary.loc[[ev], "e_arrival_mwh"].iloc[0]
    ax.plot(edges, np.concatenate([[arrival], energy]), color=COLOUR["base"], linewidth=2.0, label="scheduled energy")
    ax.plot(edges[1:], minimum, color=COLOUR["up"], label="minimum-energy curve")
    ax.axhline(
        1e3 * result.summary.loc[[ev], "max_e_mwh"].max(), color=COLOUR["limit"], linestyle="--", label="battery"
    )
    ax.axhline(1e3 * net["ev"].at[ev, "min_e_mwh"], color=COLOUR["limit"], linestyle="-.", label="lower limit")
    ax.set(ylabel="energy in kWh")
    ax.set_ylim(bottom=0.0)


def _draw_latest_starts(ax: Any, result: Any, ev: int) -> None:
    """One line a session, named once."""
    start = result.p_mw.index[0]
    for number, latest_h in enumerate(result.summary.loc[[ev], "latest_start_h"]):
        at = start + pd.Timedelta(hours=latest_h) if isinstance(start, pd.Timestamp) else latest_h
        ax.axvline(at, color="black", linestyle=":", label=None if number else "latest start $t_L$")
