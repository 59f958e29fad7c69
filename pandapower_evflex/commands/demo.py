"""`demo`: the built-in case."""

from __future__ import annotations

import argparse
from pathlib import Path

from pandapower_evflex.commands.arguments import add_quiet, whole_number
from pandapower_evflex.demo import run_demo

NAME = "demo"
SUMMARY = "solve a synthetic suburb of 61 nodes, 24 EVs and 96 periods"
EXAMPLES = ("demo", "demo --seed 3 --out suburb", "demo --all")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("evflex_demo"), help="folder for CSV files and figures")
    parser.add_argument("--seed", type=whole_number, default=0, help="of houses, roofs, cars and nights; 0, 1, 2, ...")
    text = (
        "a battery, two V2G cars, three heat pumps and PV that may be curtailed, in place of the day of full batteries"
    )
    parser.add_argument("--all", action="store_true", dest="all_kinds", help=text)
    add_quiet(parser)


def run(given: argparse.Namespace) -> None:
    run_demo(given.out, given.seed, progress=False if given.quiet else None, all_kinds=given.all_kinds)
