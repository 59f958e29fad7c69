"""Profiles from CSV and parquet files: one per column of pandapower's tables, or one for all."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.profiles import SUPPORTED, Profile
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.files.net_file import LONGEST_REASON
from pandapower_evflex.mobility.file_numbers import decimal_of, floats_of
from pandapower_evflex.mobility.text_table import read_text, text_table
from pandapower_evflex.tables.kinds import check_file, gathered, raise_if

logger = logging.getLogger(__name__)

#: name of a file -> table and column
KEYS = {f"{table}{mark}{column}": (table, column) for table, column in SUPPORTED for mark in "._-"}
SUFFIXES = (".csv", ".parquet")
KNOWN = ", ".join(sorted(f"{table}_{column}.csv" for table, column in SUPPORTED))


def read_profile_files(path: Path, argument: str = "--profiles") -> Profile:
    """Profiles in MW and Mvar.

    Parameters
    ----------
    path : folder with load_p_mw.csv, sgen_p_mw.csv, ... (columns named by the index of net.load, net.sgen, ...), or a
        file of such a name, or a file with columns named load.p_mw.3. The first column, or the index of a parquet
        file, labels the periods: times, hours, or numbers
    argument : what named the path, for faults

    Raises
    ------
    InvalidInputError    all faults of all files, and profiles by their name that are neither CSV nor parquet
    """
    if not path.is_dir():
        return _read_file(path, argument)
    files = files_of(path)
    if not files:
        problem, remedy = "holds no CSV or parquet file", f"name them {KNOWN}, or .parquet"
        raise InvalidInputError([Fault(path.name, "", (), "the folder", problem, remedy)])
    profiles: Profile = {}
    faults = _of_other_kinds(path)
    for file in files:
        with gathered(faults):
            for key, frame in _read_file(file, argument).items():
                if key in profiles:
                    remedy = "keep one of the two"
                    faults.append(Fault(file.name, "", (), ".".join(key), "is in another file too", remedy))
                profiles[key] = frame
    raise_if(faults)
    return profiles


def files_of(folder: Path) -> list[Path]:
    """All that are read."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)


def _of_other_kinds(folder: Path) -> list[Fault]:
    """Profiles by their name that are not read; whatever else lies there is named in the log."""
    others = sorted(file for file in folder.iterdir() if file.suffix.lower() not in SUFFIXES and file.name[0] != ".")
    problem, remedy = "is neither CSV nor parquet", "save it as CSV, or take it out of the folder"
    wrong = [file for file in others if file.stem.lower() in KEYS]
    left_out = [file.name for file in others if file not in wrong]
    if left_out:
        logger.warning(
            "of the folder %s, %s are left out: only CSV and parquet files are read", folder.name, listed(left_out)
        )
    return [Fault(file.name, "", (), "the file", problem, remedy) for file in wrong]


def _read_file(path: Path, argument: str) -> Profile:
    check_file(argument, path)
    cells = _parquet(path) if path.suffix.lower() == ".parquet" else _plain_csv(path)
    is_text = cells is None
    if cells is None:
        cells = _text_cells(path)
    if not len(cells) or not len(cells.columns):
        remedy = "give a line per period: its label, then a value per element"
        raise InvalidInputError([Fault(path.name, "", (), "the file", "holds no profiles", remedy)])
    key = KEYS.get(path.stem.lower())
    names = {column: (*key, column) if key else _key_of(column) for column in cells.columns}
    unknown = [column for column, name in names.items() if name is None or not name[2].isdecimal()]
    if unknown:
        remedy = f"name the file {KNOWN} and its columns by the index of the table, or columns such as load.p_mw.3"
        raise InvalidInputError([Fault(path.name, listed(unknown), (), "the columns", "are not known", remedy)])
    elements = pd.Index([(*name[:2], int(name[2])) for name in names.values() if name is not None])
    twice = [column for column, is_twice in zip(names, elements.duplicated(keep=False), strict=True) if is_twice]
    if twice:
        remedy = "keep one column for each element: 01 and 1 are the same"
        raise InvalidInputError([Fault(path.name, listed(twice), (), "the columns", "name one element twice", remedy)])
    values = _numbers_of_text(path.name, cells) if is_text else _numbers(path.name, cells)
    profiles: dict[tuple[str, str], dict[int, FloatArray]] = {}
    for column, name in names.items():
        assert name is not None
        profiles.setdefault(name[:2], {})[int(name[2])] = values[column]
    return {key: pd.DataFrame(columns, index=cells.index) for key, columns in profiles.items()}


def _plain_csv(path: Path) -> pd.DataFrame | None:
    """Numbers with points between commas, in every cell: a year of many elements is read in a hundredth of the time.

    None where anything else is in the file, to be read as text.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, float_precision="round_trip")
    except (ValueError, UnicodeError):  # all that pandas says of files that are not of this kind
        return None
    cells = table.iloc[:, 1:]
    is_plain = isinstance(table.index, pd.RangeIndex) and all(kind.kind in "iuf" for kind in cells.dtypes)
    if not is_plain or not cells.size or not np.isfinite(cells.to_numpy(dtype=float)).all():
        return None
    names = path.open(encoding="utf-8-sig").readline().rstrip("\r\n").split(",")
    labels = table.columns[0]
    if names[1:] != list(cells.columns) or _key_of(labels) or labels.isdecimal():
        return None
    return cells.set_axis(_labels(table[labels]), axis=0)


def _text_cells(path: Path) -> pd.DataFrame:
    """Text of all cells, under the labels of the periods."""
    table = text_table(path.name, read_text(path))
    labels = table.columns[0]
    if len(table) and (_key_of(labels) or labels.isdecimal()):
        remedy = "let the first column label the periods, by times or numbers (DataFrame.to_csv with its index)"
        raise InvalidInputError([Fault(path.name, labels, (), "the first column", "is named as an element", remedy)])
    return table.iloc[:, 1:].set_axis(_labels(table[labels]), axis=0)


def _numbers_of_text(name: str, cells: pd.DataFrame) -> dict[str, FloatArray]:
    plain = cells.reset_index(drop=True)  # faults name rows of the file
    decimal = decimal_of(name, {column: plain[column] for column in plain}, cells.attrs["delimiter"])
    return {column: floats_of(name, column, plain[column], decimal) for column in plain}


def _parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        remedy = 'python -m pip install "pandapower_evflex[studies]", or give CSV files'
        raise InvalidInputError([Fault(path.name, "", (), "the file", "needs pyarrow to be read", remedy)]) from error
    except Exception as error:  # whatever pyarrow says of a damaged file
        why = " ".join(str(error).split())[:LONGEST_REASON]
        remedy = "write it with DataFrame.to_parquet(path)"
        raise InvalidInputError([Fault(path.name, "", (), "the file", f"cannot be read: {why}", remedy)]) from error
    return frame.rename(columns=str).rename_axis(index=None, columns=None)


def _numbers(name: str, cells: pd.DataFrame) -> dict[str, FloatArray]:
    wrong = [column for column, kind in cells.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if wrong:
        remedy = "store them as numbers"
        raise InvalidInputError([Fault(name, listed(wrong), (), "the columns", "hold no numbers", remedy)])
    return {column: cells[column].to_numpy(dtype=float, na_value=np.nan) for column in cells}


def _key_of(column: str) -> tuple[str, str, str] | None:
    """Table, column and element of a heading such as load.p_mw.3."""
    parts = tuple(column.split("."))
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[:2] in SUPPORTED else None


def _labels(texts: pd.Series) -> pd.Index:
    """Numbers where all of them are, else the text, which the run reads as times."""
    numbers = pd.to_numeric(texts, errors="coerce")
    return pd.Index((texts if numbers.isna().any() else numbers).to_numpy())
