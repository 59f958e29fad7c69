"""`python -m pandapower_evflex demo`: the built-in case, solved, summarised, written and drawn."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from pandapower_evflex.errors import EvflexError
from pandapower_evflex.networks import suburban_lv
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.opf.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging, uncontrolled_charging

#: bytes tried before the solve: more than the demo writes
ROOM_NEEDED = 4_000_000


class CannotWrite(Exception):
    """What could not be written and why, in one line."""


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


@contextmanager
def writing(where: str) -> Iterator[None]:
    """Turns an error of the operating system into one line.

    Raises
    ------
    CannotWrite
    """
    try:
        yield
    except OSError as error:
        file = f" ({error.filename})" if error.filename else ""
        raise CannotWrite(f"cannot write to {where}: {error.strerror or error}{file}") from error


def prepare_folder(out: Path) -> None:
    """Create the folder and try to write there: before the solve, so that no minute is lost.

    Raises
    ------
    OSError
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out) as file:
        file.write(bytes(ROOM_NEEDED))


def run_demo(out: Path, seed: int, *, progress: bool | None) -> None:
    """Solve, print, write and draw.

    Raises
    ------
    CannotWrite, FlexibilityOPFNotConverged
    """
    with writing(f"--out {out}"):
        prepare_folder(out)
    _say("The first run after installation compiles for some seconds; later ones do not.")
    _say("A synthetic suburb: 315 kVA, 61 nodes, 120 customers, 96 periods of 15 min from 12:00.")
    net, profiles = suburban_lv(seed)
    started = time.perf_counter()
    result = run_flexibility_opf(net, profiles, progress=progress)
    seconds = time.perf_counter() - started
    without = uncontrolled_charging(net, profiles)
    _say(summary_text(net, result, without, seconds))
    with writing(f"--out {out}, where files are now missing or cut short"):
        write_csv(out, net, result, without)
        _say(f"Tables as CSV in {out}")
        try:
            from pandapower_evflex import plotting  # noqa: F401
        except ImportError as error:
            _say(f"No figures: {error}")
            return
        names = draw_figures(out, net, profiles, result, without)
    _say(f"Figures in {out}: {', '.join(names)}")


def _say(text: str) -> None:
    """On standard output, at once: a pipe that was closed or a file on a full disk shows here."""
    with writing("standard output"):
        print(text, flush=True)


def summary_text(net: Any, result: FlexibilityOpfResult, without: UncontrolledCharging, seconds: float) -> str:
    """What an engineer reads in ten seconds."""
    period_h = result.settings["period_h"]
    up, down = 1e3 * result.p_up_mw.sum(axis=1), 1e3 * result.p_down_mw.sum(axis=1)
    evening = _between(up.index, 18, 5)
    charged = 1e3 * result.p_mw.sum().sum() * period_h
    binding = result.binding.drop_duplicates(["period", "element_type", "element"])
    limits = ", ".join(
        f"{kind} {element} in {len(rows)} periods ({_span(up.index, rows['period'])})"
        for (kind, element), rows in binding.groupby(["element_type", "element"])
    )
    lines = [
        "",
        f"{result.status.upper()} in {seconds:.1f} s: {len(net.ev)} EVs, {charged:.0f} kWh scheduled.",
        f"  {result.message}",
        "",
        "  Flexibility of a single period   mean 18-05 h    largest",
        f"    upward (more charging)        {up[evening].mean():8.0f} kW {up.max():10.0f} kW  at {_clock(up.idxmax())}",
        f"    downward (less charging)      {down[evening].mean():8.0f} kW {down.max():10.0f} kW  "
        f"at {_clock(down.idxmax())}",
        "  (each period alone: these do not add up to an energy)",
        "",
        "  Extremes of the day               charging   lowest voltage   transformer      line",
        *(
            f"    {label:<28} {kw:8.0f} kW {vm:13.3f} pu {trafo:11.0f} % {line:7.0f} %"
            for label, (kw, vm, trafo, line) in (
                ("all downward activated", _extremes(result, "down", result.p_mw - result.p_down_mw)),
                ("schedule", _extremes(result, "base", result.p_mw)),
                ("all upward activated", _extremes(result, "up", result.p_mw + result.p_up_mw)),
                ("uncontrolled, from arrival", _extremes_without(without)),
            )
        ),
        "",
        f"  What limits it: {limits or 'only the EVs themselves'}.",
        f"  Uncontrolled charging {_broken(without, up.index)}.",
        f"  Verified by {result.verification['n_power_flows']} power flows: mismatch "
        f"{result.verification['max_mismatch_mva']:.0e} MVA, no limit exceeded by more than "
        f"{max(v for k, v in result.verification.items() if k.endswith(('voltage', 'overload'))):.0e} (relative).",
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
    return "breaks limits: " + "; ".join(parts)


def _between(index: pd.Index, first: int, last: int) -> Any:
    hours = pd.DatetimeIndex(index).hour
    return (hours >= first) | (hours < last)


def _span(index: pd.Index, periods: pd.Series) -> str:
    return f"{_clock(index[periods.min()])} to {_clock(index[periods.max()])}"


def _clock(label: Any) -> str:
    return pd.Timestamp(label).strftime("%H:%M")


def write_csv(out: Path, net: Any, result: FlexibilityOpfResult, without: UncontrolledCharging) -> None:
    """One file per table."""
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
        "uncontrolled_p_mw": without.p_mw,
        "uncontrolled_violations": without.violations,
    }
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv")


def draw_figures(
    out: Path,
    net: Any,
    profiles: dict[tuple[str, str], pd.DataFrame],
    result: FlexibilityOpfResult,
    without: UncontrolledCharging,
) -> list[str]:
    """The first paper's figures 1 and 3 to 10 as PNG; returns the file names."""
    import matplotlib.pyplot as plt

    from pandapower_evflex import plotting

    charging_needs = result.summary["e_need_mwh"] - result.summary["e_arrival_mwh"]
    neediest = charging_needs.idxmax()
    trafo_limit = float(net.trafo["max_loading_percent"].min())
    figures: dict[str, Callable[[], Any]] = {
        "fig01_one_ev": lambda: plotting.plot_ev(net, result, neediest),
        "fig03_sessions": lambda: plotting.plot_sessions(net, start_hour=12.0),
        "fig04_pv": lambda: plotting.plot_pv_profile(net, profiles),
        "fig05_cos_phi_p": lambda: plotting.plot_cos_phi_p(net),
        "fig06_net": lambda: plotting.plot_net(net),
        "fig07_flexibility": lambda: plotting.plot_flexibility(result),
        "fig08_min_voltage": lambda: plotting.plot_min_voltage(result, net.bus["min_vm_pu"].max()),
        "fig09_trafo_loading": lambda: plotting.plot_trafo_loading(result, trafo_limit, without.trafo_loading_percent),
        "fig10_charging_power": lambda: plotting.plot_charging_power(result, without.p_mw),
    }
    with plt.rc_context({"figure.max_open_warning": 0}):
        for name, draw in figures.items():
            drawn = draw()
            figure = getattr(drawn, "figure", None) or drawn
            figure.savefig(out / f"{name}.png", dpi=130)
            plt.close(figure)
    return [f"{name}.png" for name in figures]
