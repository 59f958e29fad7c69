"""Writes the named sections of docs/validation.md, or all, and leaves the others as they are.

A section is a module of this package with a function `section()` that returns its Markdown, the heading included.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import re
import sys
import warnings
from pathlib import Path

from tests import validation

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"
#: in this order, then whatever else there is
FIRST = ("nets", "random_cases")
HEAD = """# Validation

What the package was compared with, and the numbers that decide. `python -m tests.validation` writes this page (an hour;
it needs the extras `test` and `benchmark`), `python -m tests.validation nets` one of its sections.
"""


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    known = sections()
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"no section {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in names or known:
        text = importlib.import_module(f"tests.validation.{name}").section().strip()
        PAGE.write_text(page({**stored_sections(), name: text}))


def sections() -> list[str]:
    """Modules of this package that are sections."""
    found = [module.name for module in pkgutil.iter_modules(validation.__path__)]
    names = [name for name in found if not name.startswith(("_", "test_"))]
    return sorted(names, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def stored_sections() -> dict[str, str]:
    """What the page holds now."""
    if not PAGE.exists():
        return {}
    parts = re.split(r"<!-- section (\w+) -->\n", PAGE.read_text())
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def page(written: dict[str, str]) -> str:
    """The page with the sections in their order."""
    order = [name for name in sections() if name in written]
    return "\n".join([HEAD, *(f"<!-- section {name} -->\n{written[name]}\n" for name in order)])


if __name__ == "__main__":
    main(sys.argv[1:])
