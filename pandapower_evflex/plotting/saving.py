"""Pictures as files that print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.tables.kinds import shown

SUFFIXES = (".png", ".pdf", ".svg")
DPI = 300


def save(drawn: Any, path: str | os.PathLike[str]) -> None:
    """Write a picture with its legends whole: PNG at 300 dpi, PDF or SVG.

    Parameters
    ----------
    drawn : axes or figure of matplotlib, as every function here returns them
    path : file that ends in .png, .pdf or .svg, in a folder that is there

    Raises
    ------
    InvalidInputError    no picture, another ending, a file that cannot be written
    """
    faults = []
    if not isinstance(drawn, Axes | Figure):
        remedy = "give what a function of evf.plotting returned"
        faults.append(Fault("save", "drawn", (), shown(drawn), "is not a picture of matplotlib", remedy))
    file = Path(path) if isinstance(path, str | os.PathLike) else Path()
    if file.suffix.lower() not in SUFFIXES:
        remedy = f"name a file that ends in {', '.join(SUFFIXES)}"
        faults.append(Fault("save", "path", (), shown(path), "is not the path of a picture", remedy))
    if faults:
        raise InvalidInputError(faults)
    try:
        _figure(drawn).savefig(file, dpi=DPI, bbox_inches="tight")
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "cannot be written"
        fault = Fault("save", "path", (), shown(str(path)), problem, "name a file that can be written")
        raise InvalidInputError([fault]) from error


def write_and_close(drawn: Any, file: Any, dpi: int, **kind: Any) -> None:
    """Write a picture that nobody else holds, its legends whole, to a path or a binary stream.

    Raises
    ------
    OSError
    """
    figure = _figure(drawn)
    figure.savefig(file, dpi=dpi, bbox_inches="tight", **kind)
    plt.close(figure)


def _figure(drawn: Any) -> Any:
    return drawn.figure if isinstance(drawn, Axes) else drawn
