"""The folder of results: a manifest, and one parquet file per chunk that is complete as soon as it exists."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pandapower_evflex.errors import EvflexError, Fault, InvalidInputError
from pandapower_evflex.studies.row import COLUMNS, frame_of, with_all_columns

MANIFEST, STUDIES, CHUNKS, CACHE = "manifest.json", "manifest.parquet", "chunks", "cache"
HOW_TO_INSTALL = 'python -m pip install "pandapower_evflex[studies]"'


class MissingExtra(EvflexError, ImportError):
    """A package of the extra "studies" is not installed."""


def require_pyarrow() -> None:
    """
    Raises
    ------
    MissingExtra
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"results of studies are parquet files, which need pyarrow: {HOW_TO_INSTALL}") from error


def write_beside(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under another name and rename it: it exists complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_chunk(out: Path, rows: list[dict[str, Any]]) -> None:
    """The rows of some studies as a file of its own, named after them all; none without rows."""
    if rows:
        frame = frame_of(rows)
        name = f"{hashlib.sha256(''.join(frame['key']).encode()).hexdigest()[:16]}-{len(frame)}.parquet"
        write_beside(out / CHUNKS / name, lambda beside: frame.to_parquet(beside, index=False))


def read_chunks(out: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """All rows that are there, of older versions and contents too.

    Raises
    ------
    InvalidInputError    a file that is no chunk of studies
    """
    frames = [_read(file, ["key"], columns) for file in sorted((out / CHUNKS).glob("*.parquet"))]
    if columns is None:
        frames = [with_all_columns(frame) for frame in frames]
    return pd.concat(frames, ignore_index=True) if frames else frame_of([])[columns or list(COLUMNS)]


def _read(file: Path, needed: list[str], columns: list[str] | None = None) -> pd.DataFrame:
    """
    Raises
    ------
    InvalidInputError    no parquet file, or one without the columns that make it one of ours
    """
    try:
        frame = pd.read_parquet(file, columns=columns)
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        raise InvalidInputError([_no_file_of_ours(file, f"cannot be read ({str(error).splitlines()[0]})")]) from error
    if not set(needed) <= set(frame):
        raise InvalidInputError([_no_file_of_ours(file, "holds no studies")])
    return frame


def _no_file_of_ours(file: Path, problem: str) -> Fault:
    remedy = "take it out of the folder and call run_studies again: what is missing is computed"
    return Fault("studies", "out", (), str(file), problem, remedy)


def write_manifest(out: Path, tasks: Iterable[Any], about: dict[str, Any]) -> None:
    """What the folder is to hold, before anything is computed; studies of earlier calls stay in it."""
    new = pd.DataFrame(
        [(task.identity, task.key, task.label) for task in tasks], columns=["identity", "key", "net"], dtype="string"
    )
    known = read_manifest(out)
    kept = pd.concat([known, new], ignore_index=True).drop_duplicates("identity", keep="last")
    order = pd.concat([known["identity"], new["identity"]]).drop_duplicates()
    kept = kept.set_index("identity").loc[order].reset_index().drop_duplicates(["key", "net"])
    write_beside(out / STUDIES, lambda beside: kept.to_parquet(beside, index=False))
    text = json.dumps({**about, "studies": len(kept)}, indent=1)
    write_beside(out / MANIFEST, lambda beside: beside.write_text(text))


def read_manifest(out: Path) -> pd.DataFrame:
    path = out / STUDIES
    if path.exists():
        return _read(path, ["identity", "key", "net"])
    return pd.DataFrame({name: pd.Series(dtype="string") for name in ("identity", "key", "net")})
