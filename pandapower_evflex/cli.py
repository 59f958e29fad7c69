"""The command line: `python -m pandapower_evflex demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pandapower_evflex.demo import run_demo
from pandapower_evflex.errors import EvflexError
from pandapower_evflex.output import CannotWrite


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Parameters
    ----------
    arguments : without the name of the program; None: those of the process

    Returns
    -------
    exit code: 0; 1 when there is no schedule; 2 when the arguments are wrong or the output cannot be written; 130 after
    Ctrl-C. Every code but 0 comes with its reason on standard error.
    """
    given = _parser().parse_args(arguments)
    try:
        run_demo(given.out, given.seed, progress=False if given.quiet else None)
    except (EvflexError, CannotWrite, KeyboardInterrupt) as error:
        code, reason = _ending(error)
        print(reason, file=sys.stderr)
        return code
    return 0


def _ending(error: BaseException) -> tuple[int, str]:
    """Exit code and its reason."""
    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted"
    return (2 if isinstance(error, CannotWrite) else 1), str(error)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help lists the arguments)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m pandapower_evflex", description=__doc__)
    commands = parser.add_subparsers(metavar="demo", required=True)
    demo = commands.add_parser("demo", help="solve a synthetic suburb of 61 nodes, 24 EVs and 96 periods")
    demo.add_argument("--out", type=Path, default=Path("evflex_demo"), help="folder for CSV files and figures")
    demo.add_argument("--seed", type=_seed, default=0, help="of houses, roofs, cars and nights; 0, 1, 2, ...")
    demo.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 0 or more")
    return int(text)
