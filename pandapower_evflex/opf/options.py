"""The arguments of `run_flexibility_opf`, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.net_limits import GivenLimits
from pandapower_evflex.case.periods import Horizon
from pandapower_evflex.elements.ev_slots import ANY_SEQUENCE, ONE_ACTIVATION
from pandapower_evflex.errors import Fault
from pandapower_evflex.opf.solver_options import solver_option_faults
from pandapower_evflex.solvers import ipopt
from pandapower_evflex.tables.faults import as_numbers, shown_values
from pandapower_evflex.tables.kinds import is_one_of, shown
from pandapower_evflex.tables.number_text import read_hint

FUNCTION = "run_flexibility_opf"
#: arguments that replace the columns of the net, and their unit
LIMITS = {
    "max_line_loading_percent": "percent",
    "max_trafo_loading_percent": "percent",
    "min_vm_pu": "pu",
    "max_vm_pu": "pu",
}
FLAGS = ("q_follows_flexibility", "verify", "raise_on_failure")
CHOICES: dict[str, tuple[Any, ...]] = {
    "trafo_loading": ("power", "current"),
    "unreachable": ("raise", "reduce"),
    "on_infeasible": ("raise", "best_effort"),
    "method": ("auto", "fast", "exact"),
    "guarantee": (ONE_ACTIVATION, ANY_SEQUENCE),
    "tie_break": (None, "min_energy", "smooth", "level"),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Keyword arguments of `run_flexibility_opf` that are neither the net nor its profiles, with its defaults."""

    scenarios: tuple[str, ...] = ("down", "up")
    weights: Any = None
    q_follows_flexibility: bool = True
    trafo_loading: str = "power"
    max_line_loading_percent: float | None = None
    max_trafo_loading_percent: float | None = None
    min_vm_pu: float | None = None
    max_vm_pu: float | None = None
    margin_percent: float = 0.0
    unreachable: str = "raise"
    on_infeasible: str = "raise"
    method: str = "auto"
    guarantee: str = ONE_ACTIVATION
    duration_h: float | None = None
    tie_break: str | None = "smooth"
    tol: float = 1e-8
    verify: bool = True
    raise_on_failure: bool = True
    progress: bool | None = None
    solver_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """Those that say what is solved, to ask for the same again."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("progress",)}

    @property
    def reduces(self) -> bool:
        """Whether unreachable needs are lowered; best effort implies it."""
        return self.unreachable == "reduce" or self.on_infeasible == "best_effort"

    @property
    def given_limits(self) -> GivenLimits:
        given = {name: getattr(self, name) for name in LIMITS}
        return GivenLimits(**{name: None if value is None else float(value) for name, value in given.items()})


def names_of(scenarios: Any) -> tuple[str, ...]:
    """Scenarios as given, one or several; () where they are neither."""
    if isinstance(scenarios, str):
        return (scenarios,)
    return tuple(scenarios if pd.api.types.is_list_like(scenarios) else ())


def option_faults(options: Options) -> list[Fault]:
    """Wrong arguments, each named."""
    return _kind_faults(options) or _value_faults(options)


def _kind_faults(options: Options) -> list[Fault]:
    """Arguments that are not a number, truth value or mapping where one is wanted."""
    flag, number = "give True or False", "give a number"
    wrong = [(name, flag) for name in FLAGS if not isinstance(getattr(options, name), bool | np.bool_)]
    if not isinstance(options.progress, bool | np.bool_ | None):
        wrong.append(("progress", "give True, False or None"))
    wrong += [(name, number) for name in ("tol", "margin_percent") if not _is_number(getattr(options, name))]
    for name in LIMITS:
        if getattr(options, name) is not None and not _is_number(getattr(options, name)):
            wrong.append((name, number))
    if options.duration_h is not None and not _is_number(options.duration_h):
        wrong.append(("duration_h", "give hours as a number, or None for one period"))
    if not isinstance(options.solver_options, Mapping):
        wrong.append(("solver_options", 'give a mapping, for instance {"max_cpu_time": 60}'))
    return [Fault(FUNCTION, name, (), shown(getattr(options, name)), "is not understood", do) for name, do in wrong]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _value_faults(options: Options) -> list[Fault]:
    faults = [
        Fault(FUNCTION, name, (), shown(getattr(options, name)), "is not known", f"use one of {choices}")
        for name, choices in CHOICES.items()
        if not is_one_of(getattr(options, name), choices)
    ]
    if is_one_of(options.method, ("exact",)) and not ipopt.is_installed():
        remedy = f'install it with {ipopt.HOW_TO_INSTALL}, or use method="fast"'
        faults.append(Fault(FUNCTION, "method", (), "'exact'", "needs Ipopt, which cannot be imported", remedy))
    wrong = [name for name in options.scenarios if not is_one_of(name, ("down", "up", "base"))]
    if wrong or not options.scenarios:
        remedy = 'use any of "down", "up", "base"'
        faults.append(Fault(FUNCTION, "scenarios", (), repr(options.scenarios), "is not a set of scenarios", remedy))
    faults += _duration_faults(options)
    faults += _limit_faults(options)
    if not 0 <= options.margin_percent < 100:
        margin, remedy = shown(options.margin_percent), "give percent of every limit, for instance 5"
        faults.append(Fault(FUNCTION, "margin_percent", (), margin, "is not from 0 to below 100", remedy))
    if not 0 < options.tol < 1:
        faults.append(Fault(FUNCTION, "tol", (), options.tol, "is not between 0 and 1", "give for instance 1e-8"))
    return faults + solver_option_faults(options.solver_options)


def _duration_faults(options: Options) -> list[Fault]:
    """What can be said of the duration before the periods are known."""
    if options.duration_h is None:
        return []
    value = as_numbers([options.duration_h])[0][0]
    if not (0 < value < np.inf):
        problem, remedy = "is not a positive number of hours", "give a multiple of the period, or None for one period"
    elif is_one_of(options.guarantee, (ANY_SEQUENCE,)):
        problem = 'has no meaning with guarantee="any_sequence": a band may be used for any time'
        remedy = 'leave it out, or use guarantee="one_activation"'
    else:
        return []
    return [Fault(FUNCTION, "duration_h", (), shown(options.duration_h), problem, remedy)]


def _limit_faults(options: Options) -> list[Fault]:
    faults = []
    for name, unit in LIMITS.items():
        if getattr(options, name) is None:
            continue
        value = as_numbers([getattr(options, name)])[0][0]  # infinite beyond any float
        remedy = f"give {unit}, None for the net's columns"
        if not value > 0:
            faults.append(Fault(FUNCTION, name, (), value, "is not above 0", remedy))
        elif not np.isfinite(value):
            faults.append(Fault(FUNCTION, name, (), value, "is not finite", remedy))
    low, high = options.min_vm_pu, options.max_vm_pu
    if not faults and low is not None and high is not None and low >= high:
        remedy = "give a lower limit below the upper one"
        faults.append(Fault(FUNCTION, "min_vm_pu", (), low, f"is not below max_vm_pu={float(high):g}", remedy))
    return faults


def read_weights(weights: Any, evs: pd.Index, horizon: Horizon) -> tuple[dict[str, FloatArray], list[Fault]]:
    """Weights per direction [n_period, n_ev]; what is not given is 1.

    Each of ``weights["up"]`` and ``weights["down"]`` is a scalar, one value per period, or DataFrame[period x ev].
    """
    read = {d: np.ones((horizon.n_periods, len(evs))) for d in ("up", "down")}
    if weights is None:
        return read, []
    if not isinstance(weights, Mapping) or not all(is_one_of(direction, read) for direction in weights):
        remedy = 'give {"up": w, "down": w}'
        return read, [Fault(FUNCTION, "weights", (), type(weights).__name__, "is not understood", remedy)]
    faults: list[Fault] = []
    for direction, weight in weights.items():
        faults += _read_weight(read[direction], direction, weight, evs)
    return read, faults


def weight_of_all(weights: Any, direction: str, horizon: Horizon) -> FloatArray:
    """The weight of one direction for elements other than EVs [n_period]: scalars and series; frames are for EVs."""
    weight = np.asarray(({} if weights is None else weights).get(direction, 1.0), dtype=float)
    of_evs = weight.ndim > 1 and weight.shape[1] != 1
    return np.array(np.broadcast_to(1.0 if of_evs else weight.reshape(-1), horizon.n_periods))


def _read_weight(target: FloatArray, direction: str, weight: Any, evs: pd.Index) -> list[Fault]:
    """Fill ``target`` from one weight."""
    place = f"weights[{direction!r}]"
    n_periods = len(target)
    columns: Any = slice(None)
    if isinstance(weight, pd.DataFrame):
        unknown = weight.columns.difference(evs)
        if len(unknown):
            remedy = "name columns after in-service rows of net.ev"
            return [Fault(FUNCTION, place, tuple(unknown), "columns", "are not EVs in service", remedy)]
        columns = evs.get_indexer(weight.columns)
    cells = np.asarray(weight, dtype=object)
    floats, not_number = as_numbers(cells.ravel())
    if not_number.any():
        rows = tuple(np.flatnonzero(not_number.reshape(len(cells), -1).any(axis=1)).tolist()) if cells.ndim else ()
        shown = cells.ravel()[not_number]
        remedy = f"give numbers, without quotes{read_hint(shown)}"
        return [Fault(FUNCTION, place, rows, shown_values(shown), "is not a number", remedy)]
    values = floats.reshape(cells.shape)
    if values.ndim and len(values) != n_periods:
        return [Fault(FUNCTION, place, (), f"{len(values)} rows", f"do not match {n_periods} periods", "give one each")]
    if not np.all(np.isfinite(values)) or np.any(values < 0):
        return [Fault(FUNCTION, place, (), "some", "are negative, NaN or infinite", "give finite weights of 0 or more")]
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim > 2 or values.shape[1:] not in ((), (1,), target[:, columns].shape[1:]):
        remedy = "give a scalar, one value per period, or a DataFrame with one column per EV"
        return [Fault(FUNCTION, place, (), f"shape {values.shape}", "does not fit the EVs", remedy)]
    target[:, columns] = values
    return []
