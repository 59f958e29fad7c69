"""The report of a flexibility OPF. A result holds no net: elements are named by their index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pandapower_evflex.errors import listed
from pandapower_evflex.opf.outcome import SOLVED
from pandapower_evflex.opf.report.overview import overview
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging
from pandapower_evflex.reporting.page import folded, heading, paragraphs, picture, section, small, table, with_plotting
from pandapower_evflex.reporting.provenance_part import provenance_part

TITLE = "EV charging flexibility"
#: status -> what it means in a sentence, and the colour of its mark
STATUSES = {
    "optimal": ("No schedule offers more flexibility.", "good"),
    "optimal_within_gap": ("Stopped early; no schedule offers more by more than the gap stated below.", "good"),
    "feasible": ("Stopped early; the schedule keeps every limit, a better one may exist.", "partly"),
    "best_effort": ("No schedule keeps every limit and need; this one gives up least.", "partly"),
}
PROMISES = {
    "one_activation": (
        "Each number is one activation of one period, with the day as scheduled before and after it: those of "
        "different periods do not add up to an energy."
    ),
    "any_sequence": (
        "The flexibilities are a band: in every period, in any order and any number of times, the power may be set "
        "anywhere between its edges, and every driver still leaves with what is needed."
    ),
}


def parts_of_result(result: FlexibilityOpfResult, without: UncontrolledCharging | None) -> Iterator[str]:
    is_solved = result.status in SOLVED
    meaning, kind = STATUSES.get(result.status, ("There is no schedule.", ""))
    yield heading(TITLE, result.status, kind)
    told = _sentences(result) if is_solved else result.message.split("\n")
    beside = [] if without is None else [f"Without a schedule: {without}."]
    yield section("In short", paragraphs([meaning, *told, *beside]))
    if is_solved:
        yield section("Pictures", *with_plotting(_pictures, result, without))
        yield section("What limits the flexibility", *_binding(result))
        yield section("What can be made up after an activation", *_recoverable(result))
        yield section("What was given up", *_given_up(result))
        yield section("Forecasts", table(result.by_forecast))
        yield section("Sessions", _sessions(result))
        yield section("Period by period", small("Power and flexibility in kW"), table(_periods(result)))
        yield section("How it was checked", table(_checks(result)), folded("As print(result) tells it", _lines(result)))
    yield section("Findings", table(result.findings.dropna(axis=1, how="all"), index=False))
    settings = {name: result.settings[name] for name in ("period_h", "cyclic") if name in result.settings}
    yield provenance_part(result.provenance, {**settings, **result.settings.get("arguments", {})})


def _lines(result: FlexibilityOpfResult) -> str:
    return paragraphs(overview(result).split("\n"))


def _sentences(result: FlexibilityOpfResult) -> list[str]:
    period_h, n_evs = result.settings["period_h"], len(result.p_mw.columns)
    kw = 1e3 * result.total("p_mw")
    lines = [
        f"{n_evs} EVs in {len(result.summary)} sessions, {len(kw)} periods of {period_h:g} h. The schedule draws "
        f"{kw.sum() * period_h:.4g} kWh, at most {kw.max():.4g} kW at once."
    ]
    for name, words in (("p_up_mw", "charge more"), ("p_down_mw", "charge less")):
        total = 1e3 * result.total(name)
        offered = total[total > 0.0]
        if len(offered):
            lines.append(
                f"In {len(offered)} periods the fleet can {words}: by {offered.mean():.4g} kW on average, most in "
                f"period {_label(total.idxmax())} with {total.max():.4g} kW."
            )
        else:
            lines.append(f"In no period can the fleet {words}.")
    lines.append(PROMISES[result.settings["guarantee"]])
    lines.append(_left_by_the_grid(result))
    return lines


def _left_by_the_grid(result: FlexibilityOpfResult) -> str:
    elements = result.binding.drop_duplicates(["element_type", "element"])
    if not len(elements):
        return "The grid limits nothing: what the cars could offer by themselves is offered."
    named = listed([f"{kind} {one}" for kind, one in elements[["element_type", "element"]].to_numpy()])
    share = 100.0 * result.objective_mw / result.bound_mw if result.bound_mw > 0.0 else 100.0
    single = result.settings["guarantee"] == "one_activation"
    left = f" {share:.3g} % of what the cars could offer without a grid is left." if single and share < 99.99 else ""
    return f"The grid limits it at {named}.{left}"


def _label(label: Any) -> str:
    return f"{label:%Y-%m-%d %H:%M}" if isinstance(label, pd.Timestamp) else str(label)


def _pictures(plotting: Any, result: FlexibilityOpfResult, without: UncontrolledCharging | None) -> list[str]:
    if result.forecasts:
        return [small("Pictures of a single forecast: report result.in_forecast(name).")]
    drawn = [picture(plotting.plot_flexibility(result), "How much more or less can be charged, period by period")]
    if len(result.p_mw.columns):
        drawn.append(picture(plotting.plot_charging_power(result, without), "The schedule"))
    drawn.append(picture(plotting.plot_min_voltage(result, uncontrolled=without), "Lowest voltage of any bus"))
    if any(len(frame.columns) for frame in result.trafo_loading_percent.values()):
        caption = "Loading of the most loaded transformer"
        drawn.append(picture(plotting.plot_trafo_loading(result, uncontrolled=without), caption))
    return drawn


def _binding(result: FlexibilityOpfResult) -> list[str]:
    """Per limit that binds: when, and how much one more unit of it would add."""
    rows = result.binding
    if not len(rows):
        return [paragraphs(["No limit of the grid binds."])]
    labels = result.p_mw.index
    grouped = rows.groupby(["element_type", "element", "quantity", "bound", "scenario"], sort=False)
    found = grouped.agg(
        periods=("period", "nunique"),
        first=("period", lambda periods: labels[periods.min()]),
        last=("period", lambda periods: labels[periods.max()]),
        limit=("limit", "first"),
        price=("shadow_price_mw", "max"),
        per=("shadow_price_per", "first"),
    )
    price = {"price": "flexibility [MW] that one more unit adds, at most", "per": "unit"}
    return [table(found.reset_index().rename(columns=price), index=False)]


def _recoverable(result: FlexibilityOpfResult) -> list[str]:
    """Periods after which the grid cannot carry what is left to be made up."""
    known = result.recoverable
    lines = []
    for name, words in (("up", "upward"), ("down", "downward")):
        wrong = [_label(label) for label in known.index[known[name].eq(False)]]
        if known[name].isna().all():
            continue
        listed = ", ".join(wrong[:12]) + (f" and {len(wrong) - 12} more" if len(wrong) > 12 else "")
        lines.append(
            f"After a full {words} activation of period {listed} the grid cannot carry what is left to be made up."
            if wrong
            else f"After a full {words} activation of any period the grid can carry what is left to be made up."
        )
    return [paragraphs(lines)]


def _given_up(result: FlexibilityOpfResult) -> list[str]:
    names = {"relaxed": "Limits that stand", "short": "Needs that were lowered", "reduced": "Needs out of reach"}
    parts = []
    for name, words in names.items():
        rows = table(getattr(result, name).reset_index(), index=False)
        parts += [paragraphs([words]), rows] if rows else []
    return parts


def _sessions(result: FlexibilityOpfResult) -> str:
    rows = result.summary.reset_index()
    energies = {c: 1e3 * rows[c] for c in rows if c.endswith(("_mwh", "_mw"))}
    renamed = {c: c.replace("_mwh", "_kwh") if c.endswith("_mwh") else c.replace("_mw", "_kw") for c in energies}
    return table(rows.assign(**energies).rename(columns=renamed), index=False)


def _periods(result: FlexibilityOpfResult) -> pd.DataFrame:
    names = {"p_mw": "schedule", "p_up_mw": "upward", "p_down_mw": "downward"}
    return pd.DataFrame({words: 1e3 * result.total(name) for name, words in names.items()})


def _checks(result: FlexibilityOpfResult) -> pd.DataFrame:
    checked = result.verification
    return pd.DataFrame({"value": [float(value) for value in checked.values()]}, index=pd.Index(list(checked)))
