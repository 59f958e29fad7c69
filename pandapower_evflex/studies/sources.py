"""Nets and profiles by path, code or name: how they are read, and what tells one content from another."""

from __future__ import annotations

import copy
import hashlib
import os
import re
from collections.abc import Mapping
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pandapower
import pandapower.networks
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.fingerprint import fingerprint
from pandapower_evflex.case.periods import PERIOD_H_OF_A_DAY

#: what a file of a net may be called, and who reads it
READERS: dict[str, Any] = {
    ".json": pandapower.from_json,
    ".p": pandapower.from_pickle,
    ".pickle": pandapower.from_pickle,
    ".pkl": pandapower.from_pickle,
    ".xlsx": pandapower.from_excel,
    ".pickled": pd.read_pickle,  # our own: exact and quick
}
#: length of a period of the year profiles of SimBench
SIMBENCH_PERIOD_H = 0.25
#: files of profiles
FRAMES = {".csv": partial(pd.read_csv, index_col=0), ".parquet": pd.read_parquet}


class Unreadable(Exception):
    """Why a net or its profiles cannot be read, in one sentence."""


def read_net(source: str) -> Net:
    """A net by path, SimBench code or function of `pandapower.networks`.

    Raises
    ------
    Unreadable
    """
    try:
        if is_file_name(source):
            reader = READERS.get(Path(source).suffix.lower())
            if reader is None:
                raise Unreadable(f"{source}: files of nets end in {', '.join(READERS)}")
            net = reader(source)
        elif is_built_in(source):
            net = getattr(pandapower.networks, source)()
        else:
            net = _simbench_net(source)
    except Unreadable:
        raise
    except Exception as error:  # whatever a damaged file does to its reader
        raise Unreadable(f"{source} cannot be read: {type(error).__name__}: {_line(error)}") from error
    if not isinstance(net, pandapower.pandapowerNet):
        raise Unreadable(f"{source} holds a {type(net).__name__}, not a net")
    return net


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:300]}..."


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


def day_of_profiles(net: Net, source: Any, day: int | None, period_h: float | None) -> Any:
    """Profiles of one day as `run_flexibility_opf` takes them; None where the values of the tables hold.

    Raises
    ------
    Unreadable    no such files, no such day
    """
    if source is None and has_simbench_profiles(net):
        return _simbench_day(net, day)
    if source is None:
        if day:
            raise Unreadable(f"day {day}: without profiles there is one day only, day 0")
        return None
    frames = source if isinstance(source, Mapping) else read_folder(source)
    return frames if day is None else {key: _day(frame, day, period_h) for key, frame in frames.items()}


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
        name: frame if day is None else _day(frame, day, SIMBENCH_PERIOD_H) for name, frame in net["profiles"].items()
    }
    values = simbench.get_absolute_values(cut, profiles_instead_of_study_cases=True)
    return {key: frame for key, frame in values.items() if key[0] in ("load", "sgen", "storage", "gen")}


def _day(frame: Any, day: int, period_h: float | None) -> Any:
    """24 h of a frame; what is no frame is left to the run to refuse."""
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        return frame
    per_day = _periods_of_day(frame.index, period_h)
    if len(frame) <= per_day and day == 0:
        return frame
    rows = frame.iloc[day * per_day : (day + 1) * per_day]
    if len(rows) < per_day:
        raise Unreadable(f"day {day}: the profiles have {len(frame) / per_day:g} days of {per_day} periods")
    return rows


def _periods_of_day(index: pd.Index, period_h: float | None) -> int:
    """By the times, else by `period_h`; without both a day of 24 hours or 96 quarter hours.

    Raises
    ------
    Unreadable    nothing tells how long a period is
    """
    if period_h is None and isinstance(index, pd.DatetimeIndex) and len(index) > 1:
        period_h = (index[1] - index[0]) / pd.Timedelta(hours=1)
    if period_h is None and len(index) not in PERIOD_H_OF_A_DAY:
        raise Unreadable(f"{len(index)} rows of profiles without times do not tell how long a period is: give period_h")
    if period_h is None:
        period_h = PERIOD_H_OF_A_DAY[len(index)]
    return max(1, round(24.0 / period_h))


def read_folder(folder: Any) -> dict[str, pd.DataFrame]:
    """Frames of a folder by name: "load.p_mw" of load_p_mw.csv.

    Raises
    ------
    Unreadable
    """
    files = _frame_files(Path(folder)) if os.path.isdir(folder) else []
    if not files:
        raise Unreadable(f"{folder}: no files such as load_p_mw.csv or load_p_mw.parquet")
    keys = [_key_of(path) for path in files]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise Unreadable(f"{folder}: two files hold {', '.join(twice)}")
    return dict(zip(keys, map(_read_frame, files), strict=True))


def _frame_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in FRAMES and _key_of(path))


def _key_of(path: Path) -> str:
    """ "load.p_mw" of load_p_mw.csv and load.p_mw.csv, "" of other names."""
    found = re.fullmatch(r"(load|sgen|storage|gen)[._-](\w+)", path.stem)
    return f"{found[1]}.{found[2]}" if found else ""


def _read_frame(path: Path) -> pd.DataFrame:
    """The first column, or the index of a parquet file, labels the periods; the others are named by element."""
    try:
        frame = FRAMES[path.suffix.lower()](path)
        frame.columns = frame.columns.astype(int)
        if frame.index.dtype == object:
            frame.index = pd.DatetimeIndex(pd.to_datetime(frame.index, format="ISO8601"))
    except Exception as error:
        raise Unreadable(f"{path} cannot be read: {type(error).__name__}: {_line(error)}") from error
    return frame.rename_axis(index=None)


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
        files = _frame_files(path)
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
