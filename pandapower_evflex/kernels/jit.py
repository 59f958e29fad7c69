"""The one way kernels are compiled: cached on disk where numba can write, NaN-safe."""

from __future__ import annotations

import hashlib
import inspect
import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

logger = logging.getLogger(__name__)


#: without wrappers for C, which nobody calls: they take a tenth of the time to compile
OPTIONS: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True, "error_model": "numpy"}

#: what numba compiles into a kernel as it stands
CONSTANTS = (bool, int, float, str)


def jit_sum(function: Callable[..., Any]) -> Any:
    """As `jit`, for sums whose terms may be added in any order, four or eight at a time; NaN still shows."""
    return jit(function, {**OPTIONS, "fastmath": {"reassoc"}})


def jit_fused(function: Callable[..., Any]) -> Any:
    """As `jit`, with a product and the sum that it goes into in one operation, rounded once."""
    return jit(function, {**OPTIONS, "fastmath": {"contract"}})


def jit(function: Callable[..., Any], options: Mapping[str, Any] = OPTIONS) -> Any:
    """Compile at the first call, or load what an earlier process compiled; without a folder for it, in memory.

    Division by zero gives inf or NaN, as in numpy, which callers look for: raising takes a seventh more to compile.
    """
    kernel: Any = numba.njit(**options)(function)
    try:
        kernel._cache = _Cache(function, options)
    except RuntimeError:  # numba found no folder: neither beside the package nor in the user's own cache
        _say_that_nothing_is_stored()
    return kernel


class _Cache(FunctionCache):
    """Numba's own, but stored code also becomes stale with what is compiled into it from other files.

    Numba looks at the file of the kernel alone: one whose callees, or options, have changed since would run the old
    code. A kernel that cannot be stored still runs: the disk may be full by then.
    """

    stamp: str  # of everything that is compiled into the kernel

    def __init__(self, function: Any, options: Mapping[str, Any]) -> None:
        super().__init__(function)
        own, known = self._impl.locator.get_source_stamp(), sorted(function.__globals__.items())
        constants = [(name, value) for name, value in known if isinstance(value, CONSTANTS) and name[:2] != "__"]
        caches = [(name, getattr(value, "_cache", None)) for name, value in known]
        called = [(name, of.stamp) for name, of in caches if isinstance(of, _Cache)]
        whole = repr((own, sorted(options.items()), constants, called)).encode()
        self.stamp = hashlib.sha256(whole).hexdigest()
        self._cache_file = IndexDataCacheFile(self._cache_path, self._impl.filename_base, self.stamp)

    def save_overload(self, signature: Any, compiled: Any) -> None:
        try:
            super().save_overload(signature, compiled)
        except OSError:
            _say_that_nothing_is_stored()


@cache
def _say_that_nothing_is_stored() -> None:
    """Once per process: the wait comes back with every one."""
    logger.warning(
        "compiled code can be stored neither in the package's folder nor in the user's cache folder: the kernels of "
        "pandapower_evflex are compiled in memory, up to half a minute in every new process; set NUMBA_CACHE_DIR to a "
        "folder that can be written"
    )


def is_compiled(kernel: Any) -> bool:
    """Whether this kernel is loaded, or on disk from an earlier run; plain Python (NUMBA_DISABLE_JIT) needs none."""
    if inspect.isfunction(kernel):
        return True
    if kernel.signatures or not is_stored(kernel):
        return bool(kernel.signatures)
    return any(Path(kernel.stats.cache_path).glob(f"*.{kernel.py_func.__name__}-*.nbi"))


def is_stored(kernel: Any) -> bool:
    """Whether there is a folder for it on disk."""
    return inspect.isfunction(kernel) or kernel.stats.cache_path is not None
