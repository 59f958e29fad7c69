"""The one way kernels are compiled: cached on disk, NaN-safe (no fastmath)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba

jit = numba.njit(cache=True, nogil=True)


def is_compiled(kernel: Any) -> bool:
    """Whether this kernel is loaded, or on disk from an earlier run."""
    if kernel.signatures:
        return True
    return any(Path(kernel.stats.cache_path).glob(f"*.{kernel.py_func.__name__}-*.nbi"))
