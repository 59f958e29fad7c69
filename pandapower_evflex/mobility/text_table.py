"""Delimited text files as tables of text, whatever their encoding and delimiter."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections import Counter
from pathlib import Path

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError

DELIMITERS = (";", ",", "\t", "|")
#: around headings: spaces of all kinds, a byte order mark, characters without a width
BLANKS = " \t\r\n\u00a0\u2007\u202f\u3000\ufeff\u200b\u200e\u200f\u2060"
#: first bytes -> encoding
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
#: first bytes of files that are no text -> what to do
NO_TEXT = {
    b"PK": "save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "save the sheet as CSV",
    b"%PDF": "ask for the table as CSV",
    b"PAR1": "read it with pandas.read_parquet and name its columns",
}


def read_text(path: str | os.PathLike[str]) -> str:
    """Text of a file in UTF-8, UTF-16 with a mark, or else Latin-1 as Windows has it; gzip is unpacked.

    Raises
    ------
    InvalidInputError    an empty file, a workbook or another file that is no text
    """
    name, raw = Path(path).name, Path(path).read_bytes()
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    for mark, remedy in NO_TEXT.items():
        if raw.startswith(mark):
            raise InvalidInputError([Fault(name, "", (), "the file", "is not a text file", remedy)])
    encoding = next((encoding for mark, encoding in MARKS.items() if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("cp1252", errors="replace")
    if not text.strip():
        remedy = "give a file with a header and rows below it"
        raise InvalidInputError([Fault(name, "", (), "the file", "is empty", remedy)])
    if "\0" in text:
        raise InvalidInputError([Fault(name, "", (), "the file", "is not a text file", "save it as CSV in UTF-8")])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_table(name: str, text: str) -> pd.DataFrame:
    """Rows of delimited text as text, "" where a cell is empty; the first row names the columns.

    Blank lines, the line `sep=;` of spreadsheets and titles above the header are passed over. The delimiter is the one
    that cuts most rows into the same number of cells, and these into most; `attrs["delimiter"]` holds it.

    Raises
    ------
    InvalidInputError    no delimiter that cuts rows as the header, rows of other lengths, columns that are there twice
    """
    text = re.sub(r"\A\ufeff?\s*(sep=.\n)?", "", text, flags=re.IGNORECASE)
    cells = {delimiter: _cells(text, delimiter) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda one: _fit(cells[one]))
    header, *rows = _below_titles(cells[delimiter])
    header = [cell.strip(BLANKS) for cell in header]
    while len(header) > 1 and not header[-1] and all(len(row) < len(header) or not row[-1].strip() for row in rows):
        header, rows = header[:-1], [row[: len(header) - 1] for row in rows]  # a delimiter at the end of each line
    wrong = tuple(i for i, row in enumerate(rows) if len(row) != len(header))
    twice = tuple(column for column, n in Counter(header).items() if n > 1)
    if wrong:
        shown = f"{len(rows[wrong[0]])} cells"
        problem = f"where the header has {len(header)}"
        remedy = "quote text that holds the delimiter, and numbers with decimal commas, or export with another one"
        raise InvalidInputError([Fault(name, "", wrong, shown, problem, remedy)])
    if twice:
        shown = f"the columns {', '.join(map(repr, twice))}"
        raise InvalidInputError([Fault(name, "", (), shown, "are there more than once", "rename all but one")])
    table = pd.DataFrame(rows, columns=header, dtype=object)
    table.attrs["delimiter"] = delimiter
    return table


def _cells(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, row))]


def _fit(rows: list[list[str]]) -> tuple[float, int]:
    """How well a delimiter fits: the share of rows with the number of cells that most have, which must be several."""
    n, n_rows = _width(rows)
    return (n_rows / len(rows) if n > 1 else 0.0, n)


def _width(rows: list[list[str]]) -> tuple[int, int]:
    """The number of cells that most rows have, of several the largest, and how many rows have it."""
    return max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]))


def _below_titles(rows: list[list[str]]) -> list[list[str]]:
    """Rows from the header on: the first of which at least half of the cells hold something."""
    n, _ = _width(rows)
    header = next((i for i, row in enumerate(rows) if 2 * sum(bool(cell.strip()) for cell in row) >= n), 0)
    return rows[header:]
