"""Text where a number belongs: it is refused, and the reader of files is told how to read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

#: what a file must be read with, by what its text looks like; the first that fits a cell
_READ_WITH = (
    (re.compile(r"\d[.\u2019' \u00a0\u202f]\d{3}.*,\d"), 'decimal=",", thousands="."'),
    (re.compile(r"\d,\d{3}.*\.\d"), 'decimal=".", thousands=","'),
    (re.compile(r",\d"), 'decimal=","'),
)


def read_hint(cells: Iterable[Any]) -> str:
    """How to read text as numbers, to go on a remedy; "" where no cell is text."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    hints = [hint for text in texts for pattern, hint in _READ_WITH if pattern.search(text)]
    if hints:
        return f"; pandas.read_csv(..., {max(hints, key=len)}) reads such text as numbers"
    if any(re.search(r"\d", text) and re.search(r"[^\W\d_]|%", text) for text in texts):
        return '; leave out units and names; decimal commas are read by pandas.read_csv(..., decimal=",")'
    return ""
