"""`solver_options`, checked without a solver, so that every method refuses the same.

The table beside the solver lists what Ipopt 3.14 knows, as it prints it with ``print_options_documentation``.
"""

from __future__ import annotations

import difflib
import functools
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from numbers import Real
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault

FUNCTION = "run_flexibility_opf"
#: seconds; these and "max_iter" stop a run by any method
TIMES = ("max_cpu_time", "max_wall_time")
#: a run leaves no files, and reads none but its own input
FILES = ("output_file", "file_print_level", "file_append", "option_file_name")
#: what Ipopt's C interface takes
LARGEST_INT = 2**31 - 1

_BOUNDS = {
    ">": (operator.gt, "above"),
    ">=": (operator.ge, "of at least"),
    "<": (operator.lt, "below"),
    "<=": (operator.le, "of at most"),
}


@dataclass(frozen=True)
class IpoptOption:
    """One row of the table.

    Parameters
    ----------
    kind : "whole", "number" or "text"
    bounds : tuple of str      as ">0", "<=12"
    values : tuple of str      of a text; () where it is free
    """

    kind: str
    bounds: tuple[str, ...]
    values: tuple[str, ...]

    def fits(self, value: Any) -> bool:
        """Whether Ipopt takes the value, where whole numbers and others stand for each other."""
        if self.kind == "text":
            return isinstance(value, str) and (not self.values or value in self.values)
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        if self.kind == "whole" and not (abs(number) <= LARGEST_INT and number.is_integer()):
            return False
        return math.isfinite(number) and all(_keeps(number, bound) for bound in self.bounds)

    @property
    def wanted(self) -> str:
        if self.kind == "text":
            return f"use one of {', '.join(self.values)}" if self.values else "give text"
        bounds = [f"{_BOUNDS[sign][1]} {number}" for sign, number in map(_split, self.bounds)]
        return " ".join(["give a whole number" if self.kind == "whole" else "give a number", " and ".join(bounds)])


def solver_option_faults(given: Mapping[Any, Any]) -> list[Fault]:
    """Names that Ipopt does not know, values that it does not take, and options that use files."""
    known, faults = _known(), []
    for name, value in given.items():
        if name in FILES:
            problem = "reads or writes a file, which no run does"
            remedy = 'leave it out; "print_level" shows the same on the console'
        elif name not in known:
            problem, remedy = "is not an option of Ipopt 3.14", _near(str(name))
        elif not (known[name].fits(value) or (name in TIMES and isinstance(value, float) and value == math.inf)):
            problem, remedy = "is not a value that Ipopt takes", known[name].wanted
        else:
            continue
        faults.append(Fault(FUNCTION, "solver_options", (), f"{name}={value!r}", problem, remedy))
    return faults


def as_ipopt_takes_them(given: Mapping[str, Any]) -> dict[str, Any]:
    """Checked options, whole numbers as int and others as float."""
    convert: dict[str, Any] = {"whole": int, "number": float, "text": str}
    return {name: convert[_known()[name].kind](value) for name, value in given.items()}


@functools.cache
def _known() -> dict[str, IpoptOption]:
    with files("pandapower_evflex.solvers").joinpath("ipopt_options.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, index_col="option", dtype=str, keep_default_na=False)
    return {
        str(row.Index): IpoptOption(row.kind, tuple(filter(None, (row.low, row.high))), tuple(row.values_.split()))
        for row in table.rename(columns={"values": "values_"}).itertuples()
    }


def _near(name: str) -> str:
    """Whatever the case of its letters; nothing that is refused itself."""
    lower = name.strip().lower()
    if lower in FILES:
        return "leave it out: no run reads or writes a file"
    near = difflib.get_close_matches(lower, [known for known in _known() if known not in FILES], n=1)
    return f'did you mean "{near[0]}"?' if near else 'name one, for instance "max_cpu_time"'


def _split(bound: str) -> tuple[str, str]:
    number = bound.lstrip("<>=")
    return bound.removesuffix(number), number


def _keeps(value: float, bound: str) -> bool:
    sign, number = _split(bound)
    return bool(_BOUNDS[sign][0](value, float(number)))
