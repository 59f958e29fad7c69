"""Kernels are compiled by one process of a machine; the others wait for it, and load what it has stored."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from llvmlite.binding import get_host_cpu_name

from pandapower_evflex.kernels.jit import is_stored
from pandapower_evflex.powerflow.jacobian import newton
from pandapower_evflex.studies.sources import versions
from pandapower_evflex.warmup import warmup


@cache
def compile_in_worker() -> None:
    """Before the first chunk of a process: without it a node of 32 workers compiles everything 32 times at once."""
    if multiprocessing.parent_process() is not None and is_stored(newton):
        compile_once(Path(newton.stats.cache_path))


def compile_once(folder: Path) -> None:
    """Warm up, unless a process has done so with these versions and kind of processor.

    Parameters
    ----------
    folder : Path    of compiled code, which the processes of a machine share
    """
    text = f"{sorted(versions().items())} {get_host_cpu_name()}"
    done = folder / f"warm-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / "warm.lock"):
            if not done.exists():
                warmup()
                done.touch()
    except OSError:  # no room, or no right to write: this process compiles what it meets
        return


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; the lock ends with its process. Where the system has none, processes do not wait."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
