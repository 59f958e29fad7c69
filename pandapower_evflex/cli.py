"""The command line: `evflex`, or `python -m pandapower_evflex`, with one subcommand."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from pandapower_evflex.commands import check, cpo, demo, opf, plan, study
from pandapower_evflex.errors import EvflexError, FlexibilityOPFNotConverged, listed
from pandapower_evflex.output import CannotWrite

#: in the order of the help
COMMANDS: tuple[ModuleType, ...] = (opf, cpo, plan, study, check, demo)
#: what commands write
RESULTS = (".csv", ".xlsx", ".png", ".html", ".json")
EXIT_CODES = "exit codes: 0 solved, 1 no schedule or something to mend, 2 bad input or no output, 130 after Ctrl-C"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line.

    Parameters
    ----------
    arguments : without the name of the program; None: those of the process

    Returns
    -------
    exit code: 0; 1 when there is no schedule; 2 when arguments or input are wrong or the output cannot be written; 130
    after Ctrl-C. Every code but 0 comes with its reason on standard error.
    """
    given, unknown = _parser().parse_known_args(arguments)
    if unknown:
        given.parser.error(f"unknown argument {' '.join(unknown)}{_likely(unknown[0], given.parser)}")
    out: Path | None = getattr(given, "out", None)
    before = _files_of(out)
    try:
        code: int | None = given.run(given)
    except (EvflexError, CannotWrite, KeyboardInterrupt) as error:
        code, reason = _ending(error)
        print(reason, file=sys.stderr)
    if code in (None, 0, 1):
        _tell_of_earlier_files(out, before)
    return code or 0


def _likely(unknown: str, parser: argparse.ArgumentParser) -> str:
    """What may have been meant."""
    known = sorted(set(re.findall(r"--[a-z][a-z-]+", parser.format_help())))
    likely = difflib.get_close_matches(unknown.partition("=")[0], known, 1)
    return f": {likely[0]} is meant?" if likely else ""


def _files_of(out: Path | None) -> dict[str, int]:
    """Results in a folder and in those of it, and when each was written [ns]; {} where nothing can be read.

    The state that a study resumes from does not count as a result.
    """
    if out is None:
        return {}
    try:
        files = [file for file in (*out.glob("*"), *out.glob("*/*")) if file.is_file() and file.suffix in RESULTS]
        return {str(file.relative_to(out)): file.stat().st_mtime_ns for file in files}
    except OSError:
        return {}


def _tell_of_earlier_files(out: Path | None, before: dict[str, int]) -> None:
    """What lies in the folder of a run may be taken for what it found."""
    kept = sorted(dict(before.items() & _files_of(out).items()))
    if kept:
        print(f"{out} holds files that this run did not write: {listed(kept)}", file=sys.stderr)


def _ending(error: BaseException) -> tuple[int, str]:
    """Exit code and its reason."""
    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted"
    return (1 if isinstance(error, FlexibilityOPFNotConverged) else 2), str(error)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help lists the arguments)\n")


def _parser() -> argparse.ArgumentParser:
    from pandapower_evflex import __version__

    name = "evflex" if Path(sys.argv[0]).stem == "evflex" else "python -m pandapower_evflex"
    parser = _Parser(
        prog=name, description=__doc__, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"pandapower_evflex {__version__}")
    commands = parser.add_subparsers(metavar="|".join(command.NAME for command in COMMANDS), required=True)
    for command in COMMANDS:
        _add_command(commands, name, command)
    return parser


def _add_command(commands: argparse._SubParsersAction[_Parser], name: str, command: ModuleType) -> None:
    examples = "\n".join(f"  {name} {example}" for example in command.EXAMPLES)
    own = commands.add_parser(
        command.NAME,
        help=command.SUMMARY,
        description=command.SUMMARY,
        epilog=f"examples:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(own)
    own.set_defaults(run=command.run, parser=own)
