"""Nets and profiles by path, code or name: how they are read, and what tells one content from another."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pandapower
import pandapower.networks
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.fingerprint import fingerprint
from pandapower_evflex.case.period_labels import read_labels
from pandapower_evflex.case.periods import PERIOD_H_OF_A_DAY, periods_of_a_day
from pandapower_evflex.case.profiles import profile_name
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.files.net_file import read_net as read_net_file
from pandapower_evflex.files.profile_files import files_of, read_profile_files
from pandapower_evflex.tables.kinds import raise_if

#: our own copies of nets and profiles: exact and quick
PICKLED = ".pickled"
#: length of a period of the year profiles of SimBench
SIMBENCH_PERIOD_H = 0.25


class Unreadable(Exception):
    """Why a net or its profiles cannot be read, in one sentence."""


class Changed(Exception):
    """A net or its profiles have changed since the key of a study was made; says which, in one sentence."""


def as_asked(read: Callable[[str], Any], source: str, content: str) -> Any:
    """What is read of a source, if that has the content that it had when the studies were described.

    Raises
    ------
    Changed    it was edited, replaced or taken away since
    """
    try:
        return read(source)
    finally:
        if not source.endswith(PICKLED) and content_of(source) != content:
            raise Changed(f"{source} changed after these studies were asked for: call run_studies again")


def read_net(source: str) -> Net:
    """A net by path, SimBench code or function of `pandapower.networks`.

    Raises
    ------
    Unreadable
    """
    if source.endswith(PICKLED):
        return pd.read_pickle(source)
    if is_file_name(source):
        try:
            return read_net_file(Path(source), "net")
        except InvalidInputError as error:
            raise Unreadable(str(error)) from error
    if not is_built_in(source):
        return _simbench_net(source)
    try:
        net = getattr(pandapower.networks, source)()
    except TypeError as error:
        raise Unreadable(f"pandapower.networks.{source} makes no net without arguments: {error}") from error
    if not isinstance(net, pandapower.pandapowerNet):
        raise Unreadable(f"pandapower.networks.{source} makes a {type(net).__name__}, not a net")
    return net


def is_file_name(source: str) -> bool:
    """A path, there or not: it has a folder or an ending, which codes and functions lack."""
    return os.path.exists(source) or bool(Path(source).suffix) or os.sep in source


def is_built_in(source: str) -> bool:
    return source.isidentifier() and callable(getattr(pandapower.networks, source, None))


def _simbench_net(code: str) -> Net:
    try:
        import simbench
    except ImportError as error:
        known = "is neither a file nor a function of pandapower.networks"
        raise Unreadable(f"{code!r} {known}; for a SimBench code, install simbench") from error
    if code not in simbench.collect_all_simbench_codes():
        raise Unreadable(f"{code!r} is neither a file, nor a function of pandapower.networks, nor a SimBench code")
    return simbench.get_simbench_net(code)


def day_of_profiles(net: Net, source: Any, day: int | None, options: Mapping[str, Any]) -> Any:
    """Profiles of one day as `run_flexibility_opf` takes them; None where the values of the tables hold.

    Parameters
    ----------
    options : of the study, of which `period_h` and `dayfirst` say how the rows are labelled

    Raises
    ------
    Unreadable           no such files, no such day
    InvalidInputError    rows that are not labelled by times or numbers
    """
    if source is None and has_simbench_profiles(net):
        return _simbench_day(net, day)
    if source is None:
        if day:
            raise Unreadable(f"day {day}: without profiles there is one day only, day 0")
        return None
    frames = source if isinstance(source, Mapping) else read_profiles(os.fspath(source))
    frames = with_times(frames, options.get("dayfirst"))
    if day is None:
        return frames
    return {key: _day(profile_name(key), frame, day, options.get("period_h")) for key, frame in frames.items()}


def has_simbench_profiles(net: Net) -> bool:
    """Year profiles, and loads that name theirs."""
    profiles = net.get("profiles")
    known = isinstance(profiles, Mapping) and isinstance(profiles.get("load"), pd.DataFrame)
    return bool(known and len(profiles["load"]) and "profile" in net["load"])


def _simbench_day(net: Net, day: int | None) -> Any:
    """Of the year in `net.profiles`: cut first, since a year of all elements is large."""
    try:
        import simbench
    except ImportError as error:
        raise Unreadable("the profiles of this net are read by simbench: install it") from error
    cut = copy.copy(net)
    cut["profiles"] = {
        name: frame if day is None else _day(name, frame, day, SIMBENCH_PERIOD_H)
        for name, frame in net["profiles"].items()
    }
    values = simbench.get_absolute_values(cut, profiles_instead_of_study_cases=True)
    return {key: frame for key, frame in values.items() if key[0] in ("load", "sgen", "storage", "gen")}


def with_times(frames: Mapping[Any, Any], dayfirst: Any) -> dict[Any, Any]:
    """Labels that are text as times of all rows: those of one day may leave open which number is the month.

    Raises
    ------
    InvalidInputError
    """
    faults: list[Fault] = []
    texts = {
        key: frame for key, frame in frames.items() if getattr(getattr(frame, "index", None), "dtype", None) == "O"
    }
    timed = dict(frames)
    for key, frame in texts.items():
        labels, _ = read_labels({profile_name(key): frame.index}, None, dayfirst, faults)
        if labels and labels[0].time is not None:
            timed[key] = frame.set_axis(labels[0].time, axis=0)
    raise_if(faults)
    return timed


def _day(name: str, frame: Any, day: int, period_h: float | None) -> Any:
    """24 h of a frame; what is no frame is left to the run to refuse.

    Raises
    ------
    InvalidInputError
    """
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        return frame
    faults: list[Fault] = []
    labels, _ = read_labels({name: frame.index}, None, None, faults)
    raise_if(faults)
    per_day = _periods_of_day(len(frame), period_h or labels[0].step_h)
    rows = frame.iloc[day * per_day : (day + 1) * per_day]
    if len(rows) < per_day and (len(frame) > per_day or day):
        raise Unreadable(f"day {day}: the profiles have {len(frame) / per_day:g} days of {per_day} periods")
    return rows


def _periods_of_day(n_rows: int, period_h: float | None) -> int:
    """
    Raises
    ------
    Unreadable    nothing tells how long a period is
    """
    if period_h is None and n_rows not in PERIOD_H_OF_A_DAY:
        raise Unreadable(f"{n_rows} rows of profiles without times do not tell how long a period is: give period_h")
    return periods_of_a_day(PERIOD_H_OF_A_DAY[n_rows] if period_h is None else period_h)


def read_profiles(source: str) -> Mapping[Any, Any]:
    """All rows of a folder of files, of one file, or of our own copy.

    Raises
    ------
    Unreadable
    """
    if source.endswith(PICKLED):
        return pd.read_pickle(source)
    try:
        return read_profile_files(Path(source), "profiles")
    except (InvalidInputError, OSError) as error:  # no path at all: too long, for instance
        raise Unreadable(str(error)) from error


def content_of(source: Any) -> str:
    """What tells the content of a net or of profiles from every other, as hexadecimal digits.

    Files by their bytes, frames by their values, built-in nets by name and version. A missing file has the content of
    its name, so that it fails again until it is there.
    """
    if source is None:
        return "none"
    if isinstance(source, Mapping):
        return fingerprint(source)
    path = Path(source)
    if os.path.isdir(path):
        files = files_of(path)
        return fingerprint([(file.name, _of_file(file)) for file in files])
    if os.path.isfile(path):
        return _of_file(path)
    package = "pandapower" if is_built_in(str(source)) else "simbench"
    return fingerprint([str(source), _version(package)])


def _of_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def content_of_net(net: Net) -> str:
    """Of a net itself: everything but results and what pandapower remembers for itself."""
    names = sorted(name for name in net if not name.startswith(("_", "res_")))
    return fingerprint({name: net[name] for name in names})


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    return {name: _version(name) for name in ("pandapower_evflex", "pandapower", "numpy", "scipy", "numba", "pandas")}
