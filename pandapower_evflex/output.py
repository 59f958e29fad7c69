"""Folders and standard output that may be full, closed or not ours to write."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: bytes tried before the solve: more than the demo writes
ROOM_NEEDED = 8_000_000


class CannotWrite(Exception):
    """What could not be written and why, in one line."""


@contextmanager
def writing(where: str) -> Iterator[None]:
    """Turns an error of the operating system into one line.

    Raises
    ------
    CannotWrite
    """
    try:
        yield
    except OSError as error:
        file = f" ({error.filename})" if error.filename else ""
        raise CannotWrite(f"cannot write to {where}: {error.strerror or error}{file}") from error


def prepare_folder(out: Path) -> None:
    """Create the folder and try to write there: before the solve, so that no minute is lost.

    Raises
    ------
    OSError
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out) as file:
        file.write(bytes(ROOM_NEEDED))


def say(text: str) -> None:
    """On standard output, at once: a pipe that was closed or a file on a full disk shows here."""
    with writing("standard output"):
        print(text, flush=True)
