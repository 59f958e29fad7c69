"""The gallery shows every picture that the package draws, as the tutorials store it."""

from __future__ import annotations

import re

import pandapower_evflex as evf
from tests.tutorials.gallery import GALLERY, PAGE, PICTURES, entry, of_notebook

SHOWN = {function: source for functions in GALLERY.values() for function, source in functions.items()}


def test_every_plot_is_in_the_gallery():
    assert set(SHOWN) == {name for name in evf.plotting.__all__ if name.startswith("plot_")}
    assert {path.stem for path in PICTURES.glob("*.png")} == set(SHOWN)


def test_the_gallery_shows_what_the_tutorials_store():
    page = PAGE.read_text(encoding="utf-8")
    stale = []
    for function, source in SHOWN.items():
        if re.fullmatch(r"\w+", source):
            lines, picture = of_notebook(function, source)
            if entry(function, lines, source) not in page or (PICTURES / f"{function}.png").read_bytes() != picture:
                stale.append(function)
        elif entry(function, source, "") not in page:
            stale.append(function)
    assert stale == [], "python -m tests.tutorials.gallery draws them"
