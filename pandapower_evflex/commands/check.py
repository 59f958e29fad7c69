"""`check`: what is wrong with a net before a run."""

from __future__ import annotations

import argparse

from pandapower_evflex.commands.arguments import add_net
from pandapower_evflex.diagnosis.diagnostic import diagnostic
from pandapower_evflex.files.net_file import read_net
from pandapower_evflex.files.profile_files import read_profile_files
from pandapower_evflex.output import say

NAME = "check"
SUMMARY = "say what is wrong with a net, or odd about it; exit code 1 where a run would refuse it or find no schedule"
EXAMPLES = ("check net.json", "check net.json --profiles profiles")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from pathlib import Path

    add_net(parser)
    parser.add_argument("--profiles", type=Path, metavar="DIR|CSV", help="as of opf")


def run(given: argparse.Namespace) -> int:
    net = read_net(given.net)
    found = diagnostic(net, read_profile_files(given.profiles) if given.profiles else None)
    say(str(found))
    return int((found["severity"] == "error").any())
