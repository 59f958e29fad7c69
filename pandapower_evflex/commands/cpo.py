"""`cpo`: rates of a charging site from its sessions, and what it can shave."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandapower
import pandas as pd

from pandapower_evflex.commands import arguments
from pandapower_evflex.commands.result_files import write_pictures, write_tables
from pandapower_evflex.cpo.sessions.rates import CpoRates, cpo_rates_from_sessions
from pandapower_evflex.cpo.shave.peak_shaving import cpo_peak_shaving
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.session_files import CHOICES, read_sessions
from pandapower_evflex.output import prepare_folder, say, writing
from pandapower_evflex.tables.cpo import create_cpo
from pandapower_evflex.tables.cpo_rates import set_cpo_rates

NAME = "cpo"
SUMMARY = "charging and occupancy rates of a site from its sessions, and the peak that it can shave in a window"
EXAMPLES = (
    "cpo sessions.csv --n-evse 16 --out site",
    "cpo sessions.csv --n-evse 16 --evse-p-kw 11 --start-h 11 --end-h 12 --out site",
)
#: by the paper's rule, and exactly on the days of the sessions
RULES = ("paper", "exact")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    number, whole = arguments.number, arguments.whole_number
    parser.add_argument("sessions", type=Path, metavar="SESSIONS", help="file of sessions, see docs/sessions.md")
    parser.add_argument("--n-evse", type=whole, required=True, metavar="N", help="outlets of the site, all of them")
    parser.add_argument("--format", choices=CHOICES, help="of the file, where its columns do not tell")
    parser.add_argument("--timezone", metavar="ZONE", help="of the site, such as Europe/Berlin")
    parser.add_argument("--decimal", choices=(".", ","), help="mark of the numbers in the file")
    arguments.add_dayfirst(parser)
    parser.add_argument("--period-h", type=number, metavar="H", help="length of a period (default 0.25)")
    parser.add_argument("--days", choices=("weekdays", "weekends", "all"), help="which days count (default weekdays)")
    parser.add_argument("--evse-p-kw", type=number, metavar="KW", help="power of an outlet, for what can be shaved")
    parser.add_argument("--start-h", type=number, metavar="H", help="start of the window, hour of the day")
    parser.add_argument("--end-h", type=number, metavar="H", help="end of the window, hour of the day")
    arguments.add_out(parser)


def run(given: argparse.Namespace) -> None:
    _refuse_half_a_window(given)
    with writing(f"--out {given.out}"):
        prepare_folder(given.out)
    how = arguments.given_options(given, "format", "timezone", "dayfirst", "decimal")
    sessions = read_sessions(given.sessions, **how)
    rates = cpo_rates_from_sessions(
        sessions, given.n_evse, timezone=given.timezone, **arguments.given_options(given, "period_h", "days")
    )
    say(str(rates))
    tables = {"rates": _rates_table(rates), "report": rates.report.to_frame("count")}
    if given.start_h is not None:
        tables["peak_shaving"] = _shaving(given, rates)
        say(f"what the site can shave from {given.start_h:g} to {given.end_h:g} h:")
        say(tables["peak_shaving"].to_string())
    with writing(f"--out {given.out}, where files are now missing or cut short"):
        write_tables(given.out, "site", tables)
        write_pictures(
            given.out, {"rates": lambda plotting: plotting.plot_cpo_rates(rates.charging_rate, rates.occupancy_rate)}
        )
    say(f"Tables and pictures in {given.out}")


def _refuse_half_a_window(given: argparse.Namespace) -> None:
    """The window and the power belong together."""
    named = {"--start-h": given.start_h, "--end-h": given.end_h, "--evse-p-kw": given.evse_p_kw}
    missing = [name for name, value in named.items() if value is None]
    if missing and (given.start_h is not None or given.end_h is not None):
        remedy = "give --start-h, --end-h and --evse-p-kw, or none of them"
        raise InvalidInputError([Fault("cpo", ", ".join(missing), (), "the window", "is not complete", remedy)])


def _rates_table(rates: CpoRates) -> pd.DataFrame:
    hours = rates.period_h * np.arange(len(rates.charging_rate))
    columns = {"charging_rate": rates.charging_rate, "occupancy_rate": rates.occupancy_rate}
    return pd.DataFrame(columns, index=pd.Index(hours, name="hour"))


def _shaving(given: argparse.Namespace, rates: CpoRates) -> pd.DataFrame:
    """One row per rule, of a site with these rates on a net of its own."""
    net = pandapower.create_empty_network()
    bus = pandapower.create_bus(net, 0.4)
    mw = given.evse_p_kw / 1e3
    site = create_cpo(net, bus, given.n_evse, mw, charging_p_mw=rates.charging_p_mw)
    set_cpo_rates(net, site, rates.charging_rate, rates.occupancy_rate)
    real: dict[str, dict[str, Any]] = {"exact": {"lattices": rates}}
    rows = [cpo_peak_shaving(net, given.start_h, given.end_h, rule=rule, **real.get(rule, {})) for rule in RULES]
    return pd.concat(rows, keys=RULES, names=["rule"]).droplevel(1)
