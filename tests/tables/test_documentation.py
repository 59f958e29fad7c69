"""docs/tables.md and docs/bad_input.md say what the code does; `python -m tests.tables.documentation` writes them."""

from __future__ import annotations

from tests.tables.documentation import DOCS, bad_input_page, tables_page


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_page_of_tables_is_up_to_date():
    assert page("tables.md") == tables_page()


def test_the_page_of_bad_inputs_has_its_cases_in_order():
    """What each line says of its case is compared where the case is refused, in test_bad_inputs.py."""
    lines = page("bad_input.md").splitlines()
    expected = bad_input_page(lambda what, bad: f"| {what} | `{bad.table}` |").splitlines()
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start) if start.startswith("| ") else line == start
