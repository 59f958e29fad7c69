"""`opf`: the day-ahead schedule of a net from files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandapower
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.profiles import Profile
from pandapower_evflex.commands import arguments
from pandapower_evflex.commands.ev_files import add_evs, add_sessions
from pandapower_evflex.commands.outlet_files import AS_EVS, add_outlet_sessions, horizon_of, is_export
from pandapower_evflex.commands.result_files import write_pictures, write_tables
from pandapower_evflex.errors import FlexibilityOPFNotConverged
from pandapower_evflex.files.net_file import read_net
from pandapower_evflex.files.profile_files import read_profile_files
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging, uncontrolled_charging
from pandapower_evflex.output import prepare_folder, say, writing
from pandapower_evflex.reporting.report import report

NAME = "opf"
SUMMARY = "schedule the charging of a day for the most flexibility that the grid can take"
EXAMPLES = (
    "opf net.json --profiles profiles --sessions sessions.csv --out results",
    "opf net.json --evs evs.csv --sessions sessions.csv --n-periods 96 --out results",
    "opf net.json --profiles day.csv --min-vm-pu 0.93 --best-effort --out results",
    "opf net.json --profiles profiles --evs outlets.csv --sessions ocpi.json --timezone Europe/Berlin --out results",
)
LIMITS = ("min_vm_pu", "max_vm_pu", "max_line_loading_percent", "max_trafo_loading_percent")
PERIODS = ("n_periods", "period_h", "start", "dayfirst")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    number, whole = arguments.number, arguments.whole_number
    arguments.add_net(parser)
    arguments.add_profiles(parser)
    parser.add_argument("--n-periods", type=whole, metavar="N", help="number of periods, where there are no profiles")
    parser.add_argument("--start", metavar="TIME", help="of the first period, where the profiles have no dates")
    parser.add_argument("--evs", type=Path, metavar="CSV", help="rows for net.ev: bus, std_type or max_p_mw, ...")
    parser.add_argument(
        "--sessions",
        type=Path,
        metavar="FILE",
        help="CSV rows for net.ev_session: ev, arrival_h, departure_h (or arrival, departure as times), "
        "soc_arrival_percent, soc_departure_percent, ...; or an export of charging points (OCPI, OCPP, ACN-Data, CSV), "
        f"whose outlets are the names of EVs: --evs with {AS_EVS}",
    )
    parser.add_argument("--timezone", metavar="ZONE", help="of the site, for exports, such as Europe/Berlin")
    for name in LIMITS:
        text = "instead of the limits of the net"
        parser.add_argument(f"--{name.replace('_', '-')}", type=number, metavar="X", help=text)
    parser.add_argument("--margin-percent", type=number, metavar="X", help="how much of every limit is kept free")
    parser.add_argument("--duration-h", type=number, metavar="H", help="how long each activation is held")
    parser.add_argument("--any-sequence", action="store_true", help="a band for calls in any order and number")
    parser.add_argument("--best-effort", action="store_true", help="relax limits and needs where nothing keeps all")
    arguments.add_out(parser)
    arguments.add_quiet(parser)


def run(given: argparse.Namespace) -> None:
    with writing(f"--out {given.out}"):
        prepare_folder(given.out)
    net, profiles, are_of_outlets = read_case(given)
    options = arguments.given_options(given, *PERIODS, *LIMITS)
    promise = arguments.given_options(given, "margin_percent", "duration_h")
    promise |= {"guarantee": "any_sequence"} if given.any_sequence else {}
    promise |= {"on_infeasible": "best_effort"} if given.best_effort else {}
    if are_of_outlets:
        promise["unreachable"] = "reduce"  # what was charged between the minutes is not reached in whole periods
    try:
        result = run_flexibility_opf(net, profiles, **options, **promise, progress=arguments.progress_of(given))
    except FlexibilityOPFNotConverged as error:
        with writing(f"--out {given.out}"):
            error.findings.to_csv(given.out / "findings.csv")
        raise
    say(str(result))
    without = uncontrolled_charging(net, profiles, energy=result, **options) if len(result.p_mw.columns) else None
    with writing(f"--out {given.out}, where files are now missing or cut short"):
        (given.out / "findings.csv").unlink(missing_ok=True)  # of an earlier run that found no schedule
        write_tables(given.out, "results", tables_of(net, result, without))
        pandapower.to_json(net, str(given.out / "net.json"))
        write_pictures(given.out, _pictures(result, without))
        report(result, given.out / "report.html", uncontrolled=without)
    say(f"Tables, pictures and the net with its results in {given.out}")


def read_case(given: argparse.Namespace) -> tuple[Net, Profile | None, bool]:
    """The net with its EVs and sessions, the profiles, and whether the sessions are those of outlets.

    Raises
    ------
    InvalidInputError
    """
    net = read_net(given.net)
    profiles = read_profile_files(given.profiles) if given.profiles else None
    if given.evs:
        add_evs(net, given.evs)
    are_of_outlets = given.sessions is not None and is_export(given.sessions)
    if are_of_outlets:
        horizon = horizon_of(profiles, given.n_periods, given.period_h, given.start, given.dayfirst)
        add_outlet_sessions(net, given.sessions, horizon, given.timezone, given.dayfirst)
    elif given.sessions:
        add_sessions(net, given.sessions, given.start or _first_label(profiles), given.dayfirst)
    return net, profiles, are_of_outlets


def _first_label(profiles: Profile | None) -> Any:
    """The time of the first period, None where profiles tell none."""
    labels = next(iter((profiles or {}).values()), pd.DataFrame()).index
    return labels[0] if len(labels) and isinstance(labels[0], str) and any(c in labels[0] for c in "-/.") else None


def tables_of(net: Net, result: FlexibilityOpfResult, without: UncontrolledCharging | None) -> dict[str, pd.DataFrame]:
    """By name of file and sheet."""
    worst = {
        f"{name}_{key}": getattr(result, name)[key]
        for name in ("vm_pu", "line_loading_percent", "trafo_loading_percent")
        for key in getattr(result, name)
        if isinstance(key, str)
    }
    tables = {
        "res_period": net["res_period"],
        "summary": result.summary.reset_index(),
        "ev_p_mw": result.p_mw,
        "ev_p_up_mw": result.p_up_mw,
        "ev_p_down_mw": result.p_down_mw,
        "ev_e_mwh": result.e_mwh,
        "binding": result.binding,
        "relaxed": result.relaxed,
        "short": result.short,
        "reduced": result.reduced,
        **worst,
    }
    if without is not None:
        tables |= {"uncontrolled_p_mw": without.p_mw, "uncontrolled_violations": without.violations}
    return {name: table for name, table in tables.items() if table.shape[1]}


def _pictures(result: FlexibilityOpfResult, without: UncontrolledCharging | None) -> dict[str, Any]:
    pictures: dict[str, Any] = {
        "flexibility": lambda plotting: plotting.plot_flexibility(result),
        "charging_power": lambda plotting: plotting.plot_charging_power(result, without),
        "min_voltage": lambda plotting: plotting.plot_min_voltage(result, uncontrolled=without),
    }
    if any(len(frame.columns) for frame in result.trafo_loading_percent.values()):
        pictures["trafo_loading"] = lambda plotting: plotting.plot_trafo_loading(result, uncontrolled=without)
    return pictures
