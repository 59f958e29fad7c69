"""The built-in case, solved, summarised, written and drawn: with what drivers need, and with full batteries."""

from __future__ import annotations

import copy
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.networks import suburban_lv
from pandapower_evflex.networks.all_kinds import with_all_kinds
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.opf.report.overview import direction_labels, folded
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging, uncontrolled_charging
from pandapower_evflex.output import prepare_folder, say, writing

#: folders of the CSV files of the second day
FULL_BATTERIES, ALL_KINDS = "full_batteries", "all_kinds"


@dataclass(frozen=True)
class Day:
    """A schedule, and beside it the same energy charged from arrival.

    Parameters
    ----------
    title : str
    net : pandapowerNet        with the results of the run
    result : FlexibilityOpfResult
    without : UncontrolledCharging    of the same energy
    seconds : float            of the run
    """

    title: str
    net: Net
    result: FlexibilityOpfResult
    without: UncontrolledCharging
    seconds: float


Profiles = dict[tuple[str, str], pd.DataFrame]


def run_demo(out: Path, seed: int, *, progress: bool | None, all_kinds: bool = False) -> None:
    """Solve, print, write and draw; with ``all_kinds`` the second day has other elements beside the EVs.

    Raises
    ------
    CannotWrite, FlexibilityOPFNotConverged
    """
    with writing(f"--out {out}"):
        prepare_folder(out)
    say("The first run after installation compiles for some seconds; later ones do not.")
    say("A synthetic suburb: 315 kVA, 61 nodes, 120 customers, 96 periods of 15 min from 12:00.")
    net, profiles = suburban_lv(seed)
    needed = needed_day(net, profiles, progress)
    say(summary_text(needed))
    second, folder = (
        (all_kinds_day(net, profiles, progress), ALL_KINDS)
        if all_kinds
        else (full_day(net, profiles, progress), FULL_BATTERIES)
    )
    say(summary_text(second))
    with writing(f"--out {out}, where files are now missing or cut short"):
        write_csv(out, needed)
        write_csv(out / folder, second)
        say(f"Tables as CSV in {out} and {out / folder}")
        try:
            from pandapower_evflex import plotting  # noqa: F401
        except ImportError as error:
            say(f"No figures: {error}")
            return
        names = draw_figures(out, profiles, needed, second)
    say(f"Figures in {out}: {', '.join(names)}")


def needed_day(net: Net, profiles: Profiles, progress: bool | None) -> Day:
    """Every driver wants what the next trip needs."""
    result, seconds = _timed_run(net, profiles, progress)
    return Day("What drivers need", net, result, uncontrolled_charging(net, profiles, energy=result), seconds)


def full_day(net: Net, profiles: Profiles, progress: bool | None) -> Day:
    """Every driver wants a full battery, or what full power reaches: the day that a grid engineer fears."""
    without = uncontrolled_charging(net, profiles, energy="full")
    net = copy.deepcopy(net)
    sessions = net["ev_session"]
    net["ev_session"] = sessions.assign(e_departure_mwh=sessions["e_arrival_mwh"] + without.charged_mwh)
    result, seconds = _timed_run(net, profiles, progress)
    return Day("Full batteries", net, result, without, seconds)


def all_kinds_day(net: Net, profiles: Profiles, progress: bool | None) -> Day:
    """What drivers need, beside a battery, two cars that may feed in, three heat pumps and PV that may be curtailed."""
    net, profiles = with_all_kinds(net, profiles)
    result, seconds = _timed_run(net, profiles, progress)
    return Day("All kinds of elements", net, result, uncontrolled_charging(net, profiles, energy="needed"), seconds)


def _timed_run(net: Net, profiles: Profiles, progress: bool | None) -> tuple[FlexibilityOpfResult, float]:
    started = time.perf_counter()
    result = run_flexibility_opf(net, profiles, progress=progress)
    return result, time.perf_counter() - started


def summary_text(day: Day) -> str:
    """What an engineer reads in ten seconds."""
    result, without = day.result, day.without
    up, down = 1e3 * result.total("p_up_mw"), 1e3 * result.total("p_down_mw")
    evening = _between(up.index, 18, 5)
    charged = 1e3 * result.p_mw.sum().sum() * result.settings["period_h"]
    binding = result.binding.drop_duplicates(["period", "element_type", "element"])
    limits = ", ".join(
        f"{kind} {element} in {len(rows)} periods ({_span(up.index, rows['period'])})"
        for (kind, element), rows in binding.groupby(["element_type", "element"])
    )
    checked = result.verification
    lines = [
        "",
        f"{day.title}: {result.status.upper()} in {day.seconds:.1f} s, "
        f"{len(day.net.ev)} EVs, {charged:.0f} kWh scheduled.",
        textwrap.indent(folded(result.message), "  "),
        "",
        "  Flexibility of a single period   mean 18-05 h    largest",
        *(
            f"    {label:<29} {flex[evening].mean():8.0f} kW {flex.max():10.0f} kW  at {_clock(flex.idxmax())}"
            for label, flex in zip(direction_labels(result), (up, down), strict=True)
        ),
        "  (each period alone: these do not add up to an energy)",
        "",
        f"  {'Extremes of the day':<42}charging   lowest voltage   transformer      line",
        *(
            f"    {label:<38} {kw:6.0f} kW {vm:13.3f} pu {trafo:11.0f} % {line:7.0f} %"
            for label, (kw, vm, trafo, line) in (
                ("all downward activated", _extremes(result, "down", result.p_mw - result.p_down_mw)),
                (f"schedule ({charged:.0f} kWh)", _extremes(result, "base", result.p_mw)),
                ("all upward activated", _extremes(result, "up", result.p_mw + result.p_up_mw)),
                (without.label, _extremes_without(without)),
            )
        ),
        "",
        f"  What limits the flexibility: {limits or 'only the elements themselves'}.",
        f"  {without.label[0].upper()}{without.label[1:]}: {_broken(without, up.index)}.",
        f"  Verified by {checked['n_power_flows']} power flows: mismatch {checked['max_mismatch_mva']:.0e} MVA, "
        f"no limit exceeded by more than "
        f"{max(v for k, v in checked.items() if k.endswith(('voltage', 'overload'))):.0e} (relative).",
        "",
    ]
    return "\n".join(lines)


def _extremes(result: FlexibilityOpfResult, scenario: str, p_mw: pd.DataFrame) -> tuple[float, ...]:
    """Largest charging power of all EVs in kW, lowest voltage, highest loadings."""
    return (
        1e3 * p_mw.sum(axis=1).max(),
        float(result.vm_pu[scenario].min().min()),
        float(result.trafo_loading_percent[scenario].max().max()),
        float(result.line_loading_percent[scenario].max().max()),
    )


def _extremes_without(without: UncontrolledCharging) -> tuple[float, ...]:
    return (
        1e3 * without.p_mw.sum(axis=1).max(),
        float(without.min_vm_pu.min()),
        float(without.trafo_loading_percent.max().max()),
        float(without.line_loading_percent.max().max()),
    )


def _broken(without: UncontrolledCharging, time_index: pd.Index) -> str:
    """Which limits, when and where."""
    if not len(without.violations):
        return "breaks no limit"
    parts = []
    for (finding, kind), rows in without.violations.groupby(["finding", "element_type"]):
        worst = rows.loc[(rows["value"] - rows["limit"]).abs().idxmax()]
        unit = "pu" if worst["quantity"] == "vm_pu" else "%"
        elements = rows["element"].nunique()
        where = f"{kind} {worst['element']}" + (f" and {elements - 1} others" if elements > 1 else "")
        parts.append(
            f"{finding} of {where} in {rows['period'].nunique()} periods ({_span(time_index, rows['period'])}), "
            f"worst {worst['value']:.4g} {unit} at {_clock(time_index[worst['period']])}"
        )
    return "breaks limits, " + "; ".join(parts)


def _between(index: pd.Index, first: int, last: int) -> Any:
    hours = pd.DatetimeIndex(index).hour
    return (hours >= first) | (hours < last)


def _span(index: pd.Index, periods: pd.Series) -> str:
    return f"{_clock(index[periods.min()])} to {_clock(index[periods.max()])}"


def _clock(label: Any) -> str:
    return pd.Timestamp(label).strftime("%H:%M")


def write_csv(out: Path, day: Day) -> None:
    """One file per table."""
    out.mkdir(exist_ok=True)
    net, result = day.net, day.result
    tables = {
        "res_period": net.res_period,
        "ev": net.ev,
        "ev_session": net.ev_session,
        "summary": result.summary.reset_index(),
        "ev_p_mw": result.p_mw,
        "ev_p_up_mw": result.p_up_mw,
        "ev_p_down_mw": result.p_down_mw,
        "ev_e_mwh": result.e_mwh,
        "binding": result.binding,
        "uncontrolled_p_mw": day.without.p_mw,
        "uncontrolled_violations": day.without.violations,
    }
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv")


def draw_figures(out: Path, profiles: Profiles, needed: Day, full: Day) -> list[str]:
    """The first paper's figures 1 and 3 to 10 as PNG, 7 to 10 for both days; returns the file names."""
    import matplotlib.pyplot as plt

    from pandapower_evflex import plotting
    from pandapower_evflex.plotting.saving import write_and_close

    net, result = needed.net, needed.result
    neediest = (result.summary["e_need_mwh"] - result.summary["e_arrival_mwh"]).idxmax()
    trafo_limit = float(net.trafo["max_loading_percent"].min())
    vm_limit = net.bus["min_vm_pu"].max()

    def both(draw: Callable[[Day, Any], Any]) -> Any:
        """The two days side by side on one scale."""
        figure, axes = plt.subplots(1, 2, figsize=(13.0, 4.2), layout="constrained")
        for day, ax in zip((needed, full), axes, strict=True):
            draw(day, ax)
            ax.set_title(f"{day.title}: {ax.get_title()[0].lower()}{ax.get_title()[1:]}", pad=40)
            ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize="small", frameon=False)
        lows, highs = zip(*(ax.get_ylim() for ax in axes), strict=True)
        for ax in axes:
            ax.set_ylim(min(lows), max(highs))
        return figure

    figures: dict[str, Callable[[], Any]] = {
        "fig01_one_ev": lambda: plotting.plot_ev(net, result, neediest),
        "fig03_sessions": lambda: plotting.plot_sessions(net, start_hour=12.0),
        "fig04_pv": lambda: plotting.plot_pv_profile(net, profiles),
        "fig05_cos_phi_p": lambda: plotting.plot_cos_phi_p(net),
        "fig06_net": lambda: plotting.plot_net(net),
        "fig07_flexibility": lambda: both(lambda day, ax: plotting.plot_flexibility(day.result, ax)),
        "fig08_min_voltage": lambda: both(
            lambda day, ax: plotting.plot_min_voltage(day.result, vm_limit, ax, uncontrolled=day.without)
        ),
        "fig09_trafo_loading": lambda: both(
            lambda day, ax: plotting.plot_trafo_loading(day.result, trafo_limit, day.without, ax)
        ),
        "fig10_charging_power": lambda: both(lambda day, ax: plotting.plot_charging_power(day.result, day.without, ax)),
    }
    with plt.rc_context({"figure.max_open_warning": 0}):
        for name, draw in figures.items():
            write_and_close(draw(), out / f"{name}.png", 130)
    return [f"{name}.png" for name in figures]
