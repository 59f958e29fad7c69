"""A result in some ten lines: what can be moved, what limits it, how it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE, ONE_ACTIVATION
from pandapower_evflex.errors import counted
from pandapower_evflex.opf.report.why_not_more import NOTHING_BINDS

if TYPE_CHECKING:
    from pandapower_evflex.opf.report.results import FlexibilityOpfResult

#: elements and reasons that a line names
MAX_NAMED = 4
#: characters that a line of several parts has at most
LINE = 140
#: relative
ROUNDING = 1e-6
#: what an element itself is limited by
OWN_REASONS = {
    *("not offered", "max_p_mw", "nothing scheduled", "all scheduled power", NOTHING_BINDS),
    *("leaves too soon", "battery full", "must leave charged", "must end charged", "battery empty"),
    *("fully advanced", "fully deferred", "must be served"),
    *("all available power", "nothing available"),
}
_OWN = {"up": "all upward", "down": "all downward", "base": "schedule"}


def overview(result: FlexibilityOpfResult) -> str:
    """The lines that `print(result)` shows."""
    lines = [folded(f"{result.status}: {result.message}"), _size(result)]
    if result.p_mw.notna().to_numpy().all() and (len(result.p_mw.columns) or result.series):
        lines += [
            *filter(None, [_given_up(result)]),
            *(
                _flexibility(label, result.total(name))
                for label, name in zip(direction_labels(result), ("p_up_mw", "p_down_mw"), strict=True)
            ),
            _promise(result),
            f"limits of the grid that bind: {_binding(result.binding)}{_left_of_bound(result)}",
            *(
                f"limits of {'the cars' if kind == 'ev' else f'net.{kind}'}, {name}: {_reasons(result, kind, name)}"
                for kind in _kinds(result)
                for name in ("up", "down")
            ),
            _extremes(result),
            _check(result.verification),
        ]
    return "\n".join(lines)


def direction_labels(result: FlexibilityOpfResult) -> tuple[str, str]:
    """What upward and downward mean: of cars alone charging, of other kinds what the grid sees."""
    if not result.series:
        return "upward (more charging)", "downward (less charging)"
    if "sgen" not in result.series:
        return "upward (more load)", "downward (less load)"
    return "upward (more load or less PV)", "downward (less load)"


def _kinds(result: FlexibilityOpfResult) -> list[str]:
    """Kinds with a unit; cars where there is nothing else."""
    cars = ["ev"] if len(result.p_mw.columns) or not result.series else []
    return [*cars, *result.series]


def folded(message: str) -> str:
    """A message of several parts over as many lines as it needs."""
    first, *parts = message.split("; ")
    lines = [first]
    for part in parts:
        if len(lines[-1].splitlines()[-1]) + len(part) + 2 < LINE:
            lines[-1] = f"{lines[-1]}; {part}"
        else:
            lines[-1] += ";"
            lines.append(f"  {part}")
    return "\n".join(lines)


def _size(result: FlexibilityOpfResult) -> str:
    n_periods, n_evs = result.p_mw.shape
    period_h = result.settings["period_h"]
    others = "".join(f", {len(frames['p_mw'].columns)} of net.{kind}" for kind, frames in result.series.items())
    text = f"{counted(n_evs, 'EV')}, {counted(len(result.summary), 'session')}{others}, "
    text += f"{counted(n_periods, 'period')} of {period_h:g} h"
    of_evs = " for EVs" if result.series else ""
    power = 1e3 * result.p_mw.sum(axis=1, min_count=1)
    if not power.notna().any():
        return text
    return f"{text}; {power.sum() * period_h:.4g} kWh scheduled{of_evs}, at most {power.max():.4g} kW"


def _given_up(result: FlexibilityOpfResult) -> str:
    """What a best effort has given up, "" for nothing."""
    limits = result.relaxed.drop_duplicates(["element_type", "element", "quantity", "bound"])
    cars, kwh = result.short["ev"].nunique(), 1e3 * result.short["energy_mwh"].sum()
    parts = [f"relaxed {counted(len(limits), 'limit')}"] if len(limits) else []
    parts += [f"{kwh:.1f} kWh short of {counted(cars, 'car')}"] if cars else []
    return ", ".join(parts)


def _flexibility(name: str, of_all: pd.Series) -> str:
    total = 1e3 * of_all
    plugged = total[total > 0.0]
    mean = plugged.mean() if len(plugged) else 0.0
    return (
        f"{name}: mean {mean:.4g} kW in {counted(len(plugged), 'period')}, largest {total.max():.4g} kW in period "
        f"{total.index[_first_largest(total.to_numpy())]}"
    )


def _promise(result: FlexibilityOpfResult) -> str:
    """What the flexibilities of different periods are to each other."""
    if result.settings["guarantee"] == ANY_SEQUENCE:
        proved = "" if result.guarantee_proved else "; not proved between its edges"
        return f"  (a band: any power within it, in every period and in any order{proved})"
    return "  (each period alone: these do not add up to an energy)"


def _binding(binding: pd.DataFrame) -> str:
    """Elements by the number of their periods."""
    once = binding.drop_duplicates(["period", "element_type", "element", "quantity"])
    counts = once.groupby(["element_type", "element"], sort=False).size().sort_values(ascending=False, kind="stable")
    if not len(counts):
        return "none"
    most = counts.head(MAX_NAMED).items()
    named = [f"{kind} {element} in {counted(count, 'period')}" for (kind, element), count in most]
    return ", ".join(named) + (f" and {len(counts) - MAX_NAMED} more" if len(counts) > MAX_NAMED else "")


def _left_of_bound(result: FlexibilityOpfResult) -> str:
    """The share of what the cars could offer without a grid, "" for all of it and where more was promised."""
    settings = result.settings
    is_single = settings["guarantee"] == ONE_ACTIVATION and settings["duration_h"] == settings["period_h"]
    if not is_single or not result.objective_mw < result.bound_mw * (1.0 - ROUNDING):
        return ""
    of = 100.0 * result.objective_mw / result.bound_mw
    return f"; they leave {of:.3g} % of what the {'elements' if result.series else 'cars'} could offer"


def _reasons(result: FlexibilityOpfResult, kind: str, direction: str) -> str:
    """Shares of the periods of all units, of cars those plugged in; the grid's elements count as one reason."""
    reasons = pd.Series(result.reasons[kind][direction].to_numpy().ravel())
    reasons = reasons[reasons != "away"]
    shares = reasons.where(reasons.isin(OWN_REASONS), "the grid").value_counts(normalize=True)
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items()) or "no EV is plugged in"


def _extremes(result: FlexibilityOpfResult) -> str:
    """Lowest voltage and highest loading of all scenarios, with the element."""
    lowest = _extreme({("bus", name): frame for name, frame in result.vm_pu.items()}, -1.0)
    loadings = {
        (kind, name): frame
        for kind in ("line", "trafo", "trafo3w")
        for name, frame in getattr(result, f"{kind}_loading_percent").items()
    }
    highest = _extreme(loadings, 1.0)
    parts = [f"lowest voltage {lowest[0]:.4g} pu ({lowest[1]})"] if lowest else []
    parts += [f"highest loading {highest[0]:.4g} % ({highest[1]})"] if highest else []
    return ", ".join(parts)


def _extreme(frames: dict[tuple[str, Any], pd.DataFrame], sign: float) -> tuple[float, str] | None:
    """Largest value times ``sign``, and where it is."""
    best: tuple[float, str] | None = None
    for (kind, key), frame in frames.items():
        values = sign * frame.to_numpy(dtype=float)
        if not np.isfinite(values).any():
            continue
        row, column = np.unravel_index(_first_largest(values), values.shape)
        if best is None or values[row, column] > sign * best[0]:
            best = (sign * values[row, column], f"{kind} {frame.columns[column]}, {_of(key)}, {frame.index[row]}")
    return best


def _of(key: Any) -> str:
    """A scenario, and its forecast where there are several."""
    return _OWN[key] if isinstance(key, str) else f"{_OWN[key[0]]}, forecast {key[1]}"


def _first_largest(values: FloatArray) -> int:
    """Flat position of the largest value; of those that only rounding tells apart the first."""
    largest = np.nanmax(values)
    return int(np.argmax(values >= largest - ROUNDING * abs(largest)))


def _check(checked: Any) -> str:
    worst = max(value for name, value in checked.items() if name.endswith(("voltage", "overload", "violation")))
    return (
        f"verified by {checked['n_power_flows']} power flows: mismatch {checked['max_mismatch_mva']:.0e} MVA, "
        f"largest violation {worst:.0e} (relative)"
    )
