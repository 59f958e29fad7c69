"""What can be promised for how long: flexibility against the duration of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.plotting.axes import COLOUR, new_axes, title_and_legend
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.kinds import shown


def plot_durations(results: Sequence[Any], ax: Any | None = None) -> Any:
    """Mean flexibility of a period in kW, upward and downward, for one result per promise.

    Parameters
    ----------
    results : list of FlexibilityOpfResult
        of the same day with other `duration_h` or `guarantee`; drawn from the shortest activation to the longest, then
        the band for any sequence

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InvalidInputError    no results
    """
    listed = list(results) if isinstance(results, list | tuple) else []
    if not listed:
        remedy = "give a list of what run_flexibility_opf returned"
        raise InvalidInputError([Fault("plot_durations", "results", (), shown(results), "are not results", remedy)])
    for result in listed:
        check_result("plot_durations", result)
    ax = new_axes(ax)
    ordered = sorted(listed, key=_hours)
    at, below = np.arange(len(ordered)), np.zeros(len(ordered))
    for name, label in (("down", "downward (less charging)"), ("up", "upward (more charging)")):
        mean = np.array([1e3 * result.total(f"p_{name}_mw").mean() for result in ordered])
        ax.bar(at, mean, bottom=below, color=COLOUR[name], alpha=0.75, label=label)
        below = below + mean
    for x, height in zip(at, below, strict=True):
        ax.annotate(f"{height:.3g}", (x, height), ha="center", va="bottom", fontsize="small")
    ax.set_xticks(at, [_label(result) for result in ordered])
    ax.set_ylabel("mean flexibility in kW")
    ax.margins(y=0.12)
    title_and_legend(ax, "What can be promised, by the length of a call")
    return ax


def _hours(result: Any) -> float:
    return np.inf if result.settings["guarantee"] == ANY_SEQUENCE else float(result.settings["duration_h"])


def _label(result: Any) -> str:
    hours = _hours(result)
    return f"{hours:g} h" if np.isfinite(hours) else "any sequence"
