"""One day of one net with a share of EVs, described in a few words: what a worker is sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.errors import Fault
from pandapower_evflex.opf.options import Options, option_faults
from pandapower_evflex.tables.kinds import shown, whole_number_faults

FUNCTION = "run_studies"
#: arguments of `run_flexibility_opf` that say what is solved; the others a study chooses by itself
OF_PERIODS = ("n_periods", "period_h", "start", "dayfirst", "cyclic")
OF_RUN = (
    "trafo_loading", "max_line_loading_percent", "max_trafo_loading_percent", "min_vm_pu", "max_vm_pu",
    "margin_percent", "q_follows_flexibility", "method", "tol", "solver_options",
)  # fmt: skip
LARGEST_SEED = 2**63 - 1
MOST_DAYS = 100_000


@dataclass(frozen=True)
class Study:
    """One day of one net with a share of EVs.

    Parameters
    ----------
    net : str, path or pandapowerNet
        file of pandapower (.json, .p, .pickle, .xlsx) or MATPOWER (.m, .mat), SimBench code ("1-LV-rural1--0-sw") or
        name of a function of `pandapower.networks` without arguments ("create_kerber_landnetz_freileitung_1"); a net
        itself is written to the folder of the results once
    profiles : None, path or mapping
        as in `run_flexibility_opf`, or a folder of files load_p_mw.csv, sgen_p_mw.csv, ... (or .parquet), or one file
        with columns such as load.p_mw.3: a row per period, which the first column labels (numbers or times), a column
        per element; see docs/command_line.md. None: those of SimBench where the net has them, else the values of its
        tables
    ev_share : float
        share of the households that have an EV, 0 to 1; it takes the place of the EVs of the net. None: the EVs of the
        net as they are
    seed : int
        draws who has which EV, and when it is at home
    options : mapping
        of `run_flexibility_opf`: limits, `margin_percent`, `trafo_loading`, `method`, `solver_options`, `period_h`, ...
    day : int
        which 24 h of the profiles, 0 for the first; None: all of them as one horizon
    """

    net: Any
    profiles: Any = None
    ev_share: float | None = None
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    day: int | None = 0


def study_faults(studies: Iterable[Any]) -> list[Fault]:
    """What is wrong with descriptions, each kind once with the positions of those that have it."""
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for position, study in enumerate(studies):
        for fault in _faults_of(study):
            found.setdefault((fault.column, str(fault.value), fault.problem, fault.remedy), []).append(position)
    return [
        Fault(FUNCTION, column, tuple(rows), value, problem, remedy)
        for (column, value, problem, remedy), rows in found.items()
    ]


def _faults_of(study: Any) -> list[Fault]:
    if not isinstance(study, Study):
        remedy = "give Study(net, profiles, ev_share), or what adoption_studies returns"
        return [Fault(FUNCTION, "studies", (), shown(study), "is not a study", remedy)]
    faults = net_faults(FUNCTION, study.net)
    faults += profiles_faults(FUNCTION, study.profiles)
    if study.ev_share is not None:
        faults += share_faults(FUNCTION, "ev_share", study.ev_share)
    faults += whole_number_faults(FUNCTION, "seed", study.seed, 0, LARGEST_SEED)
    if study.day is not None:
        faults += whole_number_faults(FUNCTION, "day", study.day, 0, MOST_DAYS)
    return faults + run_option_faults(FUNCTION, study.options)


def net_faults(function: str, net: Any) -> list[Fault]:
    """What is neither a net nor the name of one."""
    if isinstance(net, pandapowerNet) or (isinstance(net, str | os.PathLike) and os.fspath(net)):
        return []
    remedy = (
        "give a net of pandapower (pandapower.create_empty_network() makes one), the path of its file, a SimBench code "
        "or the name of a function of pandapower.networks"
    )
    return [Fault(function, "net", (), shown(net), "is not a net", remedy)]


def profiles_faults(function: str, profiles: Any) -> list[Fault]:
    if profiles is None or isinstance(profiles, str | os.PathLike):
        return []
    if isinstance(profiles, Mapping) and not isinstance(profiles, pandapowerNet):
        return []
    remedy = 'give {("load", "p_mw"): DataFrame[period x load index], ...}, or a folder of files such as load_p_mw.csv'
    return [Fault(function, "profiles", (), shown(profiles), "are not profiles", remedy)]


def share_faults(function: str, name: str, share: Any) -> list[Fault]:
    """What is not a fraction."""
    if isinstance(share, Real) and not isinstance(share, bool | np.bool_):
        value = float(share)
        if 0.0 <= value <= 1.0:
            return []
        hint = f", {value / 100:g} for {value:g} %" if 1.0 < value <= 100.0 else ""
        problem = "is not a share from 0 to 1"
        return [Fault(function, name, (), shown(share), problem, f"give a fraction of the households{hint}")]
    return [Fault(function, name, (), shown(share), "is not a number", "give a fraction of the households, 0 to 1")]


def run_option_faults(function: str, options: Any) -> list[Fault]:
    """Options that are unknown, or that a run would refuse."""
    if not isinstance(options, Mapping):
        remedy = 'give {"max_line_loading_percent": 80, ...}'
        return [Fault(function, "options", (), shown(options), "is not a mapping", remedy)]
    unknown = [name for name in options if name not in (*OF_PERIODS, *OF_RUN)]
    if unknown:
        names, remedy = ", ".join(map(str, unknown)), f"use any of {', '.join((*OF_RUN, *OF_PERIODS))}"
        return [Fault(function, "options", (), names, "cannot be chosen here", remedy)]
    run, _ = split_options(options)
    return [Fault(function, fault.column, fault.rows, fault.value, fault.problem, fault.remedy)
            for fault in option_faults(Options(**run))]  # fmt: skip


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those of the run, and those that tell the periods."""
    run = {name: value for name, value in options.items() if name in OF_RUN}
    return run, {name: value for name, value in options.items() if name in OF_PERIODS}
