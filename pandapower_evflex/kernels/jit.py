"""The one way kernels are compiled: cached on disk, NaN-safe (no fastmath)."""

from __future__ import annotations

import numba

jit = numba.njit(cache=True, nogil=True)
