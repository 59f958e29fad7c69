"""Profiles from CSV files: one per column of pandapower's tables, or one for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pandapower_evflex.case.profiles import SUPPORTED, Profile
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.mobility.file_numbers import decimal_of, floats_of
from pandapower_evflex.mobility.text_table import read_text, text_table
from pandapower_evflex.tables.kinds import check_file, gathered, raise_if

#: name of a file -> table and column
KEYS = {f"{table}{mark}{column}": (table, column) for table, column in SUPPORTED for mark in "._-"}
KNOWN = ", ".join(sorted(f"{table}_{column}.csv" for table, column in SUPPORTED))


def read_profile_files(path: Path) -> Profile:
    """Profiles in MW and Mvar.

    Parameters
    ----------
    path : folder with load_p_mw.csv, sgen_p_mw.csv, ... (columns named by the index of net.load, net.sgen, ...), or a
        file of such a name, or a file with columns named load.p_mw.3. The first column labels the periods: times,
        hours, or numbers

    Raises
    ------
    InvalidInputError    all faults of all files
    """
    if not path.is_dir():
        return _read_file(path)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
    if not files:
        raise InvalidInputError([Fault(path.name, "", (), "the folder", "holds no CSV file", f"name them {KNOWN}")])
    profiles: Profile = {}
    faults: list[Fault] = []
    for file in files:
        with gathered(faults):
            for key, frame in _read_file(file).items():
                if key in profiles:
                    remedy = "keep one of the two"
                    faults.append(Fault(file.name, "", (), ".".join(key), "is in another file too", remedy))
                profiles[key] = frame
    raise_if(faults)
    return profiles


def _read_file(path: Path) -> Profile:
    check_file("--profiles", path)
    table = text_table(path.name, read_text(path))
    labels, cells = table.columns[0], table.iloc[:, 1:]
    if not len(table) or not len(cells.columns):
        remedy = "give a line per period: its label, then a value per element"
        raise InvalidInputError([Fault(path.name, "", (), "the file", "holds no profiles", remedy)])
    if _key_of(labels) or labels.isdecimal():
        remedy = "let the first column label the periods, by times or numbers (DataFrame.to_csv with its index)"
        raise InvalidInputError([Fault(path.name, labels, (), "the first column", "is named as an element", remedy)])
    key = KEYS.get(path.stem.lower())
    names = {column: (*key, column) if key else _key_of(column) for column in cells.columns}
    unknown = [column for column, name in names.items() if name is None or not name[2].isdecimal()]
    if unknown:
        remedy = f"name the file {KNOWN} and its columns by the index of the table, or columns such as load.p_mw.3"
        raise InvalidInputError([Fault(path.name, listed(unknown), (), "the columns", "are not known", remedy)])
    decimal = decimal_of(path.name, {column: cells[column] for column in cells.columns})
    index = _labels(table[labels])
    profiles: dict[tuple[str, str], dict[int, np.ndarray]] = {}
    for column, name in names.items():
        assert name is not None
        profiles.setdefault(name[:2], {})[int(name[2])] = floats_of(path.name, column, cells[column], decimal)
    return {key: pd.DataFrame(columns, index=index) for key, columns in profiles.items()}


def _key_of(column: str) -> tuple[str, str, str] | None:
    """Table, column and element of a heading such as load.p_mw.3."""
    parts = tuple(column.split("."))
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[:2] in SUPPORTED else None


def _labels(texts: pd.Series) -> pd.Index:
    """Numbers where all of them are, else the text, which the run reads as times."""
    numbers = pd.to_numeric(texts, errors="coerce")
    return pd.Index(texts if numbers.isna().any() else numbers, name=None)
