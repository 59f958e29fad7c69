"""What the README and the pages for users show is what their lines print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/start.md", "docs/claims.md", "docs/coming_from.md")
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]\d+)?")
#: of a number shown; solvers stop within it, and what is rounding already (exponents below) counts as equal
RELATIVE, ROUNDING = 2e-2, 1e-6
#: shares, shown in whole percent: one car in one period can be on either side
PERCENT = re.compile(r"(?<![\d.])(\d+) %")


def sections() -> dict[str, list[tuple[str, str]]]:
    """Code and what it prints, by page and section; lines of a section see those before them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for page in PAGES:
        for part in (ROOT / page).read_text(encoding="utf-8").split("\n## ")[1:]:
            blocks = BLOCK.findall(part)
            if blocks:
                kinds = [kind for kind, _ in blocks]
                assert kinds == ["python", "text"] * (len(blocks) // 2), "each block of code is followed by its output"
                found[f"{page}: {part.splitlines()[0]}"] = [
                    (code, text) for (_, code), (_, text) in zip(blocks[::2], blocks[1::2], strict=True)
                ]
    return found


@pytest.mark.parametrize("section", sections())
def test_every_block_prints_what_stands_below_it(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, expected in sections()[section]:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, section, "exec"), names)
        assert_same_text(printed.getvalue(), expected)
    plt.close("all")


def assert_same_text(printed: str, expected: str) -> None:
    """Words to the letter, numbers to what is shown of them."""
    assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", expected).split(), printed
    for own, shown in zip(PERCENT.findall(printed), PERCENT.findall(expected), strict=True):
        assert abs(int(own) - int(shown)) <= 1, (own, shown, printed)
    printed, expected = PERCENT.sub("", printed), PERCENT.sub("", expected)
    for own, shown in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
        a, b = float(own.replace(",", "")), float(shown.replace(",", ""))
        assert a == pytest.approx(b, rel=RELATIVE, abs=ROUNDING), (own, shown, printed)


def test_no_line_of_the_shown_text_is_too_wide():
    for blocks in sections().values():
        for _, text in blocks:
            assert max(map(len, text.splitlines())) <= 160
