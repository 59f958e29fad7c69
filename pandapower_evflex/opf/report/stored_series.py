"""What is wrong with the series that the last run left on a net: deleted, cut, reordered or edited since."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.case.profiles import SUPPORTED
from pandapower_evflex.errors import Fault
from pandapower_evflex.opf.report.by_runpp import EV_SERIES
from pandapower_evflex.tables.faults import as_numbers
from pandapower_evflex.tables.kinds import shown
from pandapower_evflex.tables.references import SERIES_PREFIX, STORED_BUSES, bus_names, labelled_columns

REMEDY = "run run_flexibility_opf again, or give its result"
TIME, SIDE = f"{SERIES_PREFIX}time", f"{SERIES_PREFIX}q_follows_flexibility"
#: names of the profiles of the run, which are stored too
PROFILES = f"{SERIES_PREFIX}profiles"
#: key of the fingerprint of the net that was solved
NET_SHA256 = f"{SERIES_PREFIX}net_sha256"
_OF_EVS = tuple(f"{SERIES_PREFIX}ev_{name}" for name in EV_SERIES)
_P = f"{SERIES_PREFIX}ev_p_mw"
#: energy and state of charge, which an EV has only while it is plugged in
_WHILE_PLUGGED = (f"{SERIES_PREFIX}ev_e_mwh", f"{SERIES_PREFIX}ev_soc_percent")
#: without a gap in any period
_GAPLESS = {*_OF_EVS, STORED_BUSES, *(f"{SERIES_PREFIX}{table}_{column}" for table, column in SUPPORTED)}
_GAPLESS -= set(_WHILE_PLUGGED)


def stored_faults(net: Net) -> list[Fault]:
    """Everything that keeps the series of the last run from being read as they were written; first what they are,
    then what stands in them."""
    profiled = str(net.get(PROFILES, "")).split()
    stored = [SERIES_PREFIX + f"{table}_{column}" for table, column in SUPPORTED if f"{table}.{column}" in profiled]
    faults = [_fault(key, "the frame", "is missing") for key in (TIME, *_OF_EVS, SIDE, *stored) if key not in net]
    keys = [key for key, _ in labelled_columns(net) if key.startswith(SERIES_PREFIX)]
    for key in (TIME, *keys):
        faults += _structure_faults(key, net[key]) if key in net else []
    if SIDE in net and not _is_flag(net[SIDE]):
        faults.append(_fault(SIDE, shown(net[SIDE]), "is neither True nor False"))
    if faults:
        return faults
    values = {key: _read(net[key]) for key in keys}
    for key, (floats, not_number) in values.items():
        wrong = not_number | np.isinf(floats) | (np.isnan(floats) & (key in _GAPLESS))
        faults += _cell_faults(key, wrong, "are not finite numbers")
    return faults or [*_row_faults(net, keys), *_label_faults(net)] or _gap_faults(net, values)


def _fault(key: str, value: Any, problem: str) -> Fault:
    return Fault("net", key, (), value, f"of the last run {problem}", REMEDY)


def _structure_faults(key: str, frame: Any) -> list[Fault]:
    if not isinstance(frame, pd.DataFrame):
        return [_fault(key, shown(frame), "is not a frame")]
    if key == TIME:
        return [] if list(frame.columns) == ["time"] else [_fault(key, "the column time", "is missing")]
    if isinstance(frame.columns, pd.MultiIndex) or not all(_is_whole(label) for label in frame.columns):
        return [_fault(key, "names of columns", "are not whole labels")]
    if frame.columns.has_duplicates:
        return [_fault(key, "columns", "are there twice")]
    return []


def _is_whole(label: Any) -> bool:
    """SQLite gives labels back as text."""
    return isinstance(label, int | np.integer) or (isinstance(label, str) and label.isdecimal())


def _is_flag(value: Any) -> bool:
    """SQLite and Excel give truth values back as numbers."""
    return isinstance(value, bool | np.bool_ | int | float | np.number) and value in (0, 1)


def _read(frame: pd.DataFrame) -> tuple[FloatArray, Any]:
    """Values, and which cells hold something else [n_row, n_column]."""
    if all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in frame.dtypes):
        return frame.to_numpy(dtype=float), np.zeros(frame.shape, dtype=bool)
    read = [as_numbers(frame[label]) for label in frame.columns]
    return np.column_stack([floats for floats, _ in read]), np.column_stack([wrong for _, wrong in read])


def _cell_faults(key: str, wrong: Any, problem: str) -> list[Fault]:
    return [_fault(key, f"{np.sum(wrong)} values", problem)] if np.any(wrong) else []


def _row_faults(net: Net, keys: list[str]) -> list[Fault]:
    """Rows are the periods, counted from 0; buses of units have one."""
    frames = {key: net[key] for key in (TIME, *keys)}
    once = bus_names(net)
    usual = Counter(len(frame) for key, frame in frames.items() if key not in once).most_common(1)[0][0]
    faults = []
    for key, frame in frames.items():
        n = 1 if key in once else usual
        if len(frame) != n:
            faults.append(_fault(key, f"{len(frame)} rows", f"are not the {n} of the others"))
        elif list(frame.index) != list(range(n)):
            faults.append(_fault(key, "labels of rows", f"do not count from 0 to {n - 1}: periods may have been moved"))
    return faults


def _label_faults(net: Net) -> list[Fault]:
    evs = {key: set(_labels(net[key])) for key in (*_OF_EVS, STORED_BUSES) if key in net}
    every = set().union(*evs.values())
    return [
        _fault(key, f"{len(labels)} columns", f"are not the {len(every)} EVs of the others")
        for key, labels in evs.items()
        if labels != every
    ]


def _gap_faults(net: Net, values: dict[str, tuple[FloatArray, Any]]) -> list[Fault]:
    """An EV that charges is plugged in."""
    evs, faults = _labels(net[_P]), []
    for key in _WHILE_PLUGGED:
        energy = values[key][0][:, _labels(net[key]).get_indexer(evs)]
        faults += _cell_faults(key, (values[_P][0] > 0.0) & np.isnan(energy), "are missing where an EV charges")
    return faults


def _labels(frame: pd.DataFrame) -> pd.Index:
    return pd.Index([int(label) for label in frame.columns], dtype=np.int64)
