"""What kind of thing an argument is: a net, one of some texts, a truth value, a whole number."""

from __future__ import annotations

import numbers
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.arrays import Net
from pandapower_evflex.errors import Fault, InvalidInputError

#: length of a value's text beyond which a message names its type instead
MAX_SHOWN_LETTERS = 60
#: what numpy makes a generator of
SEEDS = (
    numbers.Integral, list, tuple,
    np.random.Generator, np.random.SeedSequence, np.random.BitGenerator, np.random.RandomState,
)  # fmt: skip


def check_net(function: str, net: Net) -> None:
    """Raise where what is given for a net is something else.

    Raises
    ------
    InvalidInputError    names ``function``
    """
    if not isinstance(net, pandapowerNet):
        remedy = "give a pandapower net, as create_empty_network() or from_json(path) of pandapower make one"
        raise InvalidInputError([Fault(function, "net", (), shown(net), "is not a net", remedy)])


def shown(value: Any) -> str:
    """A value in a message: short ones as they are, others by their type."""
    if isinstance(value, str | bool | int | float | None) and len(repr(value)) <= MAX_SHOWN_LETTERS:
        return repr(value)
    return f"a {type(value).__name__}"


def is_one_of(value: Any, known: Collection[Any]) -> bool:
    """Whether it is one of some texts (or None): no array, whose comparison would be one, too."""
    return (value is None or isinstance(value, str)) and value in known


def is_label(value: Any, labels: Collection[Any]) -> bool:
    """Whether it is one of some labels; True is no 1."""
    return not unknown_labels([value], labels)


def unknown_labels(values: Iterable[Any], labels: Collection[Any]) -> list[Any]:
    """Those that are none of the labels. By hashes, since not everything compares (pd.NA, arrays)."""
    known = {(isinstance(label, bool), label) for label in labels}

    def is_known(value: Any) -> bool:
        try:
            return (isinstance(value, bool | np.bool_), value) in known
        except TypeError:
            return False

    return [value for value in values if not is_known(value)]


def choice_faults(function: str, name: str, value: Any, known: Collection[str]) -> list[Fault]:
    """What is not among the texts that an argument knows."""
    if is_one_of(value, known):
        return []
    remedy = "use " + " or ".join(f'"{one}"' for one in known)
    return [Fault(function, name, (), shown(value), "is not known", remedy)]


def flag_faults(function: str, name: str, value: Any) -> list[Fault]:
    """What is neither True nor False."""
    if isinstance(value, bool | np.bool_):
        return []
    return [Fault(function, name, (), shown(value), "is neither True nor False", "give True or False")]


def progress_faults(function: str, value: Any) -> list[Fault]:
    """A truth value, or None: on a terminal."""
    return [] if value is None else flag_faults(function, "progress", value)


def whole_number_faults(function: str, name: str, value: Any, least: int, most: int) -> list[Fault]:
    """What is no whole number within bounds; whole floats are whole."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if is_number and least <= value <= most and value == int(value):
        return []
    remedy = f"give a whole number from {least} to {most}"
    return [Fault(function, name, (), shown(value), "is not such a number", remedy)]


def check_file(function: str, path: Any) -> None:
    """Raise where no file can be read.

    Raises
    ------
    InvalidInputError    names ``function``
    """
    try:
        with open(os.fspath(path), "rb"):
            return
    except (OSError, TypeError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "is not the path of a file"
        name = shown(str(path)) if isinstance(path, os.PathLike) else shown(path)
        raise InvalidInputError([Fault(function, "path", (), name, problem, "name a file that can be read")]) from error


def checked_generator(function: str, seed: Any) -> np.random.Generator:
    """The generator of a seed; one that is given goes on where it is."""
    if seed is not None and not isinstance(seed, SEEDS):
        raise InvalidInputError([_no_seed(function, seed)])
    try:
        return np.random.default_rng(seed)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        raise InvalidInputError([_no_seed(function, seed)]) from error


def _no_seed(function: str, seed: Any) -> Fault:
    remedy = "give a whole number of 0 or more, a Generator of numpy, or None"
    return Fault(function, "seed", (), shown(seed), "is not a seed", remedy)


def raise_if(faults: list[Fault]) -> None:
    """Raise with all of them, if there are any."""
    if faults:
        raise InvalidInputError(faults)


@contextmanager
def gathered(faults: list[Fault]) -> Iterator[None]:
    """Adds the faults of an error to those that are known, to be raised with what else is found."""
    try:
        yield
    except InvalidInputError as error:
        faults += error.faults
