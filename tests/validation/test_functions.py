"""The page of validation has a row for every public function that computes something."""

from __future__ import annotations

import contextlib
import inspect
import re
from pathlib import Path

import pytest

import pandapower_evflex as evf
from tests.validation.functions import ROWS, row_of

ROOT = Path(__file__).parents[2]
#: that fill tables, write files or prepare
NOTHING_COMPUTED = re.compile(r"create_|set_cpo_rates|ev_std_types|warmup|report")


def test_every_function_that_computes_has_a_row():
    named = {re.sub(r"\(.*", "", name) for functions, *_ in ROWS for name in functions.split(", ")}
    public = {name for name in evf.__all__ if inspect.isfunction(getattr(evf, name))}
    for module in ("mobility", "networks"):
        public |= {f"{module}.{name}" for name in getattr(evf, module).__all__}
    computing = {name for name in public if not NOTHING_COMPUTED.match(name)}
    assert computing - named == set()
    assert named - computing == {"toolbox"}


def test_the_rows_of_the_page_are_those_of_the_tests():
    """But for tests that want what is not installed."""
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    differing = []
    for row in ROWS:
        with contextlib.suppress(pytest.skip.Exception):
            differing += [] if row_of(*row) in page else [row]
    assert differing == [], "python -m tests.validation functions writes them"
