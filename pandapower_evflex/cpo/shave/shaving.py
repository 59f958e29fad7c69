"""The largest peak that the cars of a lattice can shave, exactly."""

from __future__ import annotations

from typing import Any

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.cpo.checks import Int8Array, checked_lattice, raise_if, window_faults
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.cpo.shave.stay_classes import stay_classes
from pandapower_evflex.cpo.shave.subsets import largest_apex

FUNCTION = "max_peak_shave"


def max_peak_shave(lattice: Any, start: int, n_periods: int, *, shape: Any = "triangle", arrivals: Any = None) -> float:
    """Largest peak that can be shaved from a lattice, whatever the policy.

    Parameters
    ----------
    lattice : int [n_evse, n_period]    states: 0 empty, 1 charging, 2 idle. A charging cell may move to a later idle
                                        cell of its stay; stays end with the lattice
    start : int                         first period of the window
    n_periods : int                     its length in periods
    shape : "triangle", "rectangle" or float [n_periods]
        of the peak, see `peak_shape`. Where it is 0, the load must not rise
    arrivals : bool [n_evse, n_period]  first cells of stays, for stays that follow each other without an empty cell

    Returns
    -------
    float    largest apex theta in outlets, such that ``theta * shape[k]`` outlets can be switched off in each period k
             of the window; fluid, so it need not be whole. The load after the window is not limited: see `max_shave_lp`

    Notes
    -----
    The least ratio, over all sets A of window periods, of what can be moved out of A to the sum of the shape in A. With
    A the whole window this counts, for each stay, the lesser of its charging cells and the idle cells after them: what
    (11) of the second paper approximates by idle outlets.

    Raises
    ------
    InvalidInputError    no such lattice, window or shape

    Examples
    --------
    One car that charges in periods 1 to 3 and then stays for two more:

    >>> import pandapower_evflex as evf
    >>> evf.max_peak_shave([[0, 1, 1, 1, 2, 2, 0]], 1, 2)
    2.0
    """
    states, first = checked_lattice(FUNCTION, lattice, arrivals)
    raise_if(window_faults(FUNCTION, start, n_periods, states.shape[1]))
    return apex_of(states, first, int(start), peak_shape(shape, n_periods))


def apex_of(states: Int8Array, first: BoolArray, start: int, heights: FloatArray) -> float:
    """`max_peak_shave` of a lattice, a window and heights that are right."""
    return largest_apex(stay_classes(states, first, start, len(heights)).limits, heights)
