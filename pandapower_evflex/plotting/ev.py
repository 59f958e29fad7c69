"""One EV: powers, energies, the minimum-energy curve and both flexibilities (Fig. 1 of the first paper)."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pandapower_evflex.plotting.axes import COLOUR, draw_steps, label_time, period_edges


def plot_ev(net: Any, result: Any, ev: int) -> Any:
    """Draw one EV over its plugged periods.

    Above: scheduled power with the upward and downward flexibility of each period. Below: scheduled energy between the
    battery's limits, the minimum-energy curve, and t_L, the latest start of (1).

    Returns
    -------
    the matplotlib figure
    """
    figure, (above, below) = plt.subplots(2, 1, figsize=(8.0, 6.0), sharex=True, layout="constrained")
    plugged = np.flatnonzero(result.e_mwh[ev].notna())
    if not len(plugged):
        raise ValueError(f"EV {ev} is plugged in no period")
    chosen = slice(plugged[0], plugged[-1] + 1)
    index, period_h = result.p_mw.index[chosen], result.settings["period_h"]
    edges = period_edges(index, period_h)
    _draw_powers(above, result, ev, chosen, edges, 1e3 * net.ev.at[ev, "max_p_mw"])
    _draw_energies(below, net, result, ev, chosen, edges)
    for latest in np.atleast_1d(result.summary.loc[[ev], "latest_start_h"]):
        at = latest if not isinstance(index, pd.DatetimeIndex) else result.p_mw.index[0] + pd.Timedelta(hours=latest)
        below.axvline(at, color="black", linestyle=":", label="latest start $t_L$")
    name = net.ev.at[ev, "name"]
    above.set_title(f"EV {ev}" + (f": {name}" if isinstance(name, str) else ""))
    above.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small")
    below.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small")
    label_time(above, index)
    label_time(below, index)
    above.set_xlabel("")
    return figure


def _draw_powers(ax: Any, result: Any, ev: int, chosen: slice, edges: Any, p_max: float) -> None:
    p, up, down = (1e3 * frame[ev].to_numpy()[chosen] for frame in (result.p_mw, result.p_up_mw, result.p_down_mw))
    ax.stairs(p + up, edges, baseline=p, fill=True, color=COLOUR["up"], alpha=0.3, label="upward flexibility")
    ax.stairs(p, edges, baseline=p - down, fill=True, color=COLOUR["down"], alpha=0.3, label="downward flexibility")
    draw_steps(ax, edges, p, color=COLOUR["base"], linewidth=2.0, label="scheduled power")
    ax.axhline(p_max, color=COLOUR["limit"], linestyle="--", label="charger")
    ax.set(ylabel="power in kW", ylim=(0.0, 1.08 * p_max))


def _draw_energies(ax: Any, net: Any, result: Any, ev: int, chosen: slice, edges: Any) -> None:
    """Energies at the ends of the periods, as lines from edge to edge."""
    energy, minimum = (1e3 * frame[ev].to_numpy()[chosen] for frame in (result.e_mwh, result.e_min_mwh))
    arrival = 1e3 * float(np.atleast_1d(result.summary.loc[[ev], "e_arrival_mwh"])[0])
    ax.plot(edges, np.concatenate([[arrival], energy]), color=COLOUR["base"], linewidth=2.0, label="scheduled energy")
    ax.plot(edges[1:], minimum, color=COLOUR["up"], label="minimum-energy curve")
    ax.axhline(1e3 * net.ev.at[ev, "max_e_mwh"], color=COLOUR["limit"], linestyle="--", label="battery")
    ax.axhline(1e3 * net.ev.at[ev, "min_e_mwh"], color=COLOUR["limit"], linestyle="-.", label="lower limit")
    ax.set(ylabel="energy in kWh", ylim=(0.0, None))
