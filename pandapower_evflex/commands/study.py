"""`study`: increasing adoption of EVs over a folder of nets."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pandapower_evflex.commands.arguments import add_quiet, given_options, number, progress_of, whole_number
from pandapower_evflex.commands.result_files import write_pictures
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.files.net_file import READERS
from pandapower_evflex.output import say, writing
from pandapower_evflex.studies.adoption import adoption_studies
from pandapower_evflex.studies.files import HOW_TO_INSTALL, MissingExtra
from pandapower_evflex.studies.ranking import rank_nets
from pandapower_evflex.studies.read import read_studies
from pandapower_evflex.studies.run import run_studies

NAME = "study"
SUMMARY = "study growing shares of EVs on every net of a folder, on this machine or on a Dask cluster"
EXAMPLES = (
    "study nets --shares 0.1 0.2 0.4 --out adoption",
    "study nets --shares 0.2 --seeds 0 1 2 --days 14 196 --processes 4 --out adoption",
    "study nets --shares 0.2 --dask tcp://scheduler:8786 --out /shared/adoption",
)
LIMITS = ("min_vm_pu", "max_vm_pu", "max_line_loading_percent", "max_trafo_loading_percent")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = (
        f"nets ({', '.join(READERS)}); a folder of the name of a net beside it holds its profiles (load_p_mw.csv, ...)"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=text)
    parser.add_argument("--shares", type=number, nargs="+", required=True, help="of households with an EV, 0 to 1")
    parser.add_argument("--seeds", type=whole_number, nargs="+", default=[0], help="who has which EV; 0 by default")
    parser.add_argument(
        "--days", type=whole_number, nargs="+", default=[0], help="which 24 h of the profiles; the first by default"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="results; what is there is kept")
    parser.add_argument("--period-h", type=number, metavar="H", help="length of a period, where no times tell it")
    for name in LIMITS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=number, help="in place of the columns of the nets")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--dask", metavar="ADDRESS", help="of a scheduler, whose workers see FOLDER and DIR")
    where.add_argument("--processes", type=whole_number, metavar="N", help="on this machine; 1 by default")
    add_quiet(parser)


def run(given: argparse.Namespace) -> None:
    options = given_options(given, "period_h", *LIMITS)
    studies = list(adoption_studies(nets_of(given.folder), given.shares, given.seeds, given.days, options=options))
    with _workers(given) as executor:
        report = run_studies(studies, given.out, executor=executor, progress=progress_of(given))
    say(str(report))
    rows = read_studies(given.out)
    with writing(f"--out {given.out}"):
        ranking = rank_nets(rows)
        ranking.to_csv(given.out / "ranking.csv")
        rows.to_csv(given.out / "studies.csv", index=False)
        write_pictures(
            given.out,
            {
                "adoption": lambda plotting: plotting.plot_adoption(rows),
                "ranking": lambda plotting: plotting.plot_ranking(rows),
            },
        )
    say(ranking.head(10).to_string(columns=["net", "share_uncontrolled", "share_scheduled", "failed"]))
    say(f"Rows in {given.out / 'studies.csv'}, nets in {given.out / 'ranking.csv'}")
    if len(rows) > len(studies):
        earlier = len(rows) - len(studies)
        say(f"{earlier} of the {len(rows)} rows are of earlier calls with other arguments; the ranking is of all")


def nets_of(folder: Path) -> list[Any]:
    """Nets of a folder, with their profiles where a folder of their name holds some.

    Raises
    ------
    InvalidInputError
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in READERS) if folder.is_dir() else []
    if not files:
        remedy = f"name a folder of nets that end in {', '.join(READERS)}"
        raise InvalidInputError([Fault("study", "FOLDER", (), str(folder), "holds no nets", remedy)])
    return [_with_profiles(path) for path in files]


def _with_profiles(path: Path) -> Any:
    profiles = path.with_suffix("")
    return (str(path), str(profiles)) if profiles.is_dir() else str(path)


@contextmanager
def _workers(given: argparse.Namespace) -> Iterator[Any]:
    if given.dask is not None:
        with _client(given.dask) as client:
            yield client
    elif given.processes is not None and given.processes > 1:
        with ProcessPoolExecutor(given.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    else:
        yield None


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtra(f"--dask needs distributed: {HOW_TO_INSTALL}") from error
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        remedy = "give the address of a running scheduler, for instance tcp://10.0.0.5:8786"
        raise InvalidInputError([Fault("study", "--dask", (), address, f"does not answer: {error}", remedy)]) from error
