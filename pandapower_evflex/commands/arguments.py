"""Arguments that several subcommands share."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any


def number(text: str) -> float:
    """A finite number with a decimal point, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a number (a decimal point, no unit)")
    return value


def whole_number(text: str) -> int:
    """A whole number of 0 or more, for argparse."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 0 or more")
    return int(text)


def add_net(parser: argparse.ArgumentParser) -> None:
    text = "pandapower net as JSON or Excel (.json, .xlsx), or a MATPOWER case (.m, .mat)"
    parser.add_argument("net", type=Path, metavar="NET", help=text)


def add_profiles(parser: argparse.ArgumentParser) -> None:
    """The profiles, and what they may leave open."""
    text = (
        "folder of CSV files named load_p_mw.csv, sgen_p_mw.csv, ...: one column per element, the first column labels "
        "the periods; or one CSV file with columns named load.p_mw.3, ...; in MW"
    )
    parser.add_argument("--profiles", type=Path, metavar="DIR|CSV", help=text)
    parser.add_argument("--period-h", type=number, metavar="H", help="length of a period, where no times tell it")
    add_dayfirst(parser)


def add_dayfirst(parser: argparse.ArgumentParser) -> None:
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--dayfirst", action="store_true", default=None, help="02/03/2026 is in March")
    order.add_argument("--monthfirst", dest="dayfirst", action="store_false", help="02/03/2026 is in February")


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for CSV, Excel, pictures and report"
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def progress_of(given: argparse.Namespace) -> bool | None:
    """What the `progress` arguments of the library take."""
    return False if given.quiet else None


def given_options(given: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Keyword arguments of those that were given; the library's defaults hold for the others."""
    return {name: getattr(given, name) for name in names if getattr(given, name) is not None}
