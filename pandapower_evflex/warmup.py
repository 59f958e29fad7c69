"""Compiling the kernels ahead of time."""

from __future__ import annotations

from pandapower_evflex.networks import suburban_lv
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.solvers import ipopt


def warmup() -> None:
    """Compile all kernels, or load what is compiled already, so that the first real call is fast.

    Numba keeps the compiled code beside the package (or in `NUMBA_CACHE_DIR`): after the installation this takes up to
    half a minute, later about a second. Without Ipopt, the kernels of the exact method are left out.

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> evf.warmup()
    """
    for method in ("fast", "exact") if ipopt.is_installed() else ("fast",):
        net, profiles = suburban_lv(seed=0, n_periods=24)
        run_flexibility_opf(net, profiles, method=method, progress=False)
