"""`plan`: what to build and what to buy."""

from __future__ import annotations

import argparse

import pandas as pd

from pandapower_evflex.commands import arguments
from pandapower_evflex.commands.result_files import write_pictures, write_tables
from pandapower_evflex.cpo.shave.peak_shaving import RULES
from pandapower_evflex.files.net_file import read_net
from pandapower_evflex.files.profile_files import read_profile_files
from pandapower_evflex.output import prepare_folder, say, writing
from pandapower_evflex.planning.plan import run_planning
from pandapower_evflex.planning.study import PlanningStudy
from pandapower_evflex.reporting.report import report

NAME = "plan"
SUMMARY = "weigh reinforcement, load that is cut after a fault, and flexibility that charging sites sell"
EXAMPLES = (
    "plan net.json --profiles profiles --voll-eur-per-mwh 10000 --loss-price-eur-per-mwh 80 --discount-rate 0.065 "
    "--out plan",
)
PRICES = {
    "voll_eur_per_mwh": "value of energy not served",
    "loss_price_eur_per_mwh": "price of losses",
    "discount_rate": "a fraction, 0.065 for 6.5 %%",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    number = arguments.number
    arguments.add_net(parser)
    arguments.add_profiles(parser)
    for name, text in PRICES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=number, required=True, metavar="X", help=text)
    parser.add_argument("--days", type=number, metavar="N", help="how often a year has this day (default 365)")
    parser.add_argument("--load-growth-percent", type=number, metavar="X", help="all loads grow by it")
    parser.add_argument("--rule", choices=RULES, help="how much a site can shave (default paper)")
    parser.add_argument("--no-rebound", action="store_true", help="nothing comes back of what is bought, as the paper")
    arguments.add_out(parser)
    arguments.add_quiet(parser)


def run(given: argparse.Namespace) -> None:
    with writing(f"--out {given.out}"):
        prepare_folder(given.out)
    net = read_net(given.net)
    profiles = read_profile_files(given.profiles) if given.profiles else None
    names = (*PRICES, "period_h", "dayfirst", "days", "load_growth_percent", "rule")
    options = arguments.given_options(given, *names)
    rebound = not given.no_rebound
    study = run_planning(net, profiles, **options, rebound=rebound, progress=arguments.progress_of(given))
    say(str(study))
    with writing(f"--out {given.out}, where files are now missing or cut short"):
        write_tables(given.out, "plan", tables_of(study))
        write_pictures(given.out, {"plan_costs": lambda plotting: plotting.plot_plan_costs(study)})
        report(study, given.out / "report.html")
    say(f"Tables and pictures in {given.out}")


def tables_of(study: PlanningStudy) -> dict[str, pd.DataFrame]:
    """By name of file and sheet."""
    names = ("plans", "deltas", "faults", "fault_costs", "sites", "reliability", "load_points", "overloads", "findings")
    tables = {name: getattr(study, name) for name in names}
    return {name: table for name, table in tables.items() if table.shape[1]}
