"""docs/tables.md and docs/bad_input.md say what the code does."""

from __future__ import annotations

import pytest

from tests.tables.documentation import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name):
    """`python -m tests.tables.documentation` writes it anew."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()
