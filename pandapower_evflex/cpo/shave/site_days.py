"""Days of a site, simulated or real, as lattices that hold a whole window."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pandapower_evflex.arrays import BoolArray, FloatArray, Net
from pandapower_evflex.cpo.chain.markov import simulate_lattice
from pandapower_evflex.cpo.checks import Int8Array, array_of, checked_lattice, raise_if, scalar_faults
from pandapower_evflex.cpo.sessions.rates import CpoRates
from pandapower_evflex.cpo.shave.common_days import can_wait, outlets_of_days
from pandapower_evflex.cpo.shave.shaving import apex_of
from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.cpo import charging_mw_per_outlet

logger = logging.getLogger(__name__)

FUNCTION = "cpo_peak_shaving"

#: power counted over power charged from which on it is warned of
OVERSTATED = 1.2


@dataclass(frozen=True)
class SiteDays:
    """Real days of a site.

    Parameters
    ----------
    lattices : [n_day, n_evse, n_period]            states, not checked yet
    arrivals : bool [n_day, n_evse, n_period]       first cells of stays; None: those after an empty cell only
    charging_p_mw : float                           mean power of a car that charges; NaN where nobody tells
    """

    lattices: NDArray[Any]
    arrivals: BoolArray | None
    charging_p_mw: float = np.nan
    _known: list[tuple[Int8Array, BoolArray]] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, given: Any) -> SiteDays:
        """The days of a `CpoRates`, or of an array of states alone; those that are read by now as they are."""
        if isinstance(given, SiteDays):
            return given
        if isinstance(given, CpoRates):
            return cls(given.lattices, given.arrivals, given.charging_p_mw)
        return cls(array_of(given), None)

    def checked(self, function: str) -> tuple[Int8Array, BoolArray]:
        """States and first cells of stays [n_day, n_evse, n_period]; looked through once.

        Raises
        ------
        InvalidInputError    see `checked_lattice`
        """
        if not self._known:
            self._known.append(_checked(function, self.lattices, self.arrivals))
        return self._known[0]


def read_once(lattices: Any) -> Any:
    """The `lattices` of a call, of one site or {cpo: of several}, so that no part of the call reads them again."""
    if isinstance(lattices, Mapping):
        return {cpo: SiteDays.of(given) for cpo, given in lattices.items()}
    return None if lattices is None else SiteDays.of(lattices)


def warn_of_power(sites: pd.DataFrame, days: Mapping[Any, SiteDays]) -> None:
    """Sites whose charging cars are counted with far more power than their sessions tell."""
    counted = charging_mw_per_outlet(sites)
    for cpo, own in days.items():
        if counted[cpo] > OVERSTATED * own.charging_p_mw:
            logger.warning(
                "cpo %s: a car that charges counts with %.4g kW, its sessions tell of %.3g kW on average: MW are "
                "overstated %.2g times; set net.cpo.charging_p_mw",
                cpo, 1e3 * counted[cpo], 1e3 * own.charging_p_mw, counted[cpo] / own.charging_p_mw,
            )  # fmt: skip


def quantile_faults(function: str, quantile: Any, rule: Any) -> list[Fault]:
    """Of a share of the days, which only rule="exact" knows."""
    if quantile is None:
        return []
    remedy = "give a share of the days from 0 to 1: 0.05 for what can be shaved on 19 of 20"
    faults = scalar_faults(function, "quantile", quantile, remedy, least=0.0, most=1.0)
    if rule in ("paper", "meanfield"):
        remedy = 'days differ with rule="exact" only'
        faults.append(Fault(function, "quantile", (), quantile, f"is not known to rule={rule!r}", remedy))
    return faults


def plug_in_faults(function: str, net: Net, given: Any) -> list[Fault]:
    """Of arrivals per outlet and day, of all sites or by site."""
    remedy = "give the arrivals per outlet and day, above 0, as a number or as {cpo: number}"
    if given is None:
        return []
    if not isinstance(given, Mapping | pd.Series):
        return scalar_faults(function, "plug_ins_per_day", given, remedy, above=0.0)
    known = net["cpo"].index if "cpo" in net else pd.Index([])
    unknown = tuple(cpo for cpo in given.keys() if cpo not in known)
    faults = [Fault(function, "plug_ins_per_day", unknown, "sites", "are not in net.cpo", remedy)] if unknown else []
    for cpo, value in given.items():
        found = scalar_faults(function, "plug_ins_per_day", value, remedy, above=0.0)
        faults += [Fault(function, "plug_ins_per_day", (cpo,), f.value, f.problem, f.remedy) for f in found]
    return faults


def plug_ins_of(plug_ins_per_day: Any, cpo: Any) -> Any:
    return plug_ins_per_day.get(cpo) if isinstance(plug_ins_per_day, Mapping | pd.Series) else plug_ins_per_day


def warn_of_few_days(days: Mapping[Any, SiteDays], quantile: float | None) -> None:
    """Sites with too few days for a quantile: it is then their least."""
    for cpo, own in days.items():
        n_days = len(own.lattices)
        if quantile is not None and 0.0 < quantile < 1.0 / (n_days + 1):
            logger.warning(
                "cpo %s: %d days do not tell what can be shaved on all but %.3g %% of days; the least of them counts",
                cpo, n_days, 100.0 * quantile,
            )  # fmt: skip


def over_days(apexes: FloatArray, quantile: float | None, are_real: bool) -> float:
    """Mean, or what the next day keeps with probability ``1 - quantile``.

    The next day is equally likely to lie below, between or above the n real ones that are known: the k-th least of them
    is the quantile k / (n + 1), with straight lines in between. Of simulated days, which can be many and hold few
    different values, it is the least value that is not exceeded on the share of the days.
    """
    if quantile is None:
        return float(np.mean(apexes))
    return float(np.quantile(apexes, quantile, method="weibull" if are_real else "inverted_cdf"))


def simulated_apexes(
    chain: tuple[FloatArray, FloatArray],
    occupancy_rate: FloatArray,
    n_evse: int,
    start: int,
    heights: FloatArray,
    n_days: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Largest apex on each of many days [n_days] that have a factor in common; stays go on through the following day.

    Parameters
    ----------
    chain : transition matrices and probabilities in the first period
    occupancy_rate : float [n_period]
    """
    lattices = simulate_lattice(*chain, n_evse * n_days, n_days=2, seed=rng)
    states, first = checked_lattice(FUNCTION, lattices, None)
    waits = can_wait(states, first, start, len(heights))
    days = outlets_of_days(waits, n_evse, occupancy_rate, n_days, rng)
    return np.array([apex_of(states[rows], first[rows], start, heights) for rows in days])


def real_apexes(function: str, days: SiteDays, start: int, heights: FloatArray, cpo: Any) -> FloatArray:
    """Largest apex on each day; stays end with the day.

    Where the window goes on after midnight, each day is followed by the next one given, and there is one fewer.
    """
    if start + len(heights) <= days.lattices.shape[2]:
        return _apexes(*days.checked(function), start, heights)
    if len(days.lattices) < 2:
        remedy = "give more days: after midnight the window goes on in the next one"
        raise_if([Fault(function, "lattices", (cpo,), "one day", "is too few", remedy)])
    arrivals = None if days.arrivals is None else _with_next(days.arrivals)
    return _apexes(*_checked(function, _with_next(days.lattices), arrivals), start, heights)


def _checked(function: str, cells: NDArray[Any], arrivals: BoolArray | None) -> tuple[Int8Array, BoolArray]:
    flat = (-1, cells.shape[2])
    states, first = checked_lattice(function, cells.reshape(flat), None if arrivals is None else arrivals.reshape(flat))
    return states.reshape(cells.shape), first.reshape(cells.shape)


def _with_next(days: Any) -> Any:
    return np.concatenate([days[:-1], days[1:]], axis=2)


def _apexes(states: Int8Array, first: BoolArray, start: int, heights: FloatArray) -> FloatArray:
    return np.array([apex_of(day, begins, start, heights) for day, begins in zip(states, first, strict=True)])


def lattices_of_sites(
    function: str, lattices: Any, cpos: Any, n_evse: Mapping[Any, int], n_periods: int
) -> dict[Any, SiteDays]:
    """The days of each site, by its index; a single site may give them without.

    Raises
    ------
    InvalidInputError    sites without lattices, lattices of other outlets or periods
    """
    if lattices is None:
        return {}
    given = dict(lattices) if isinstance(lattices, Mapping) else dict.fromkeys(cpos, lattices)
    days = {cpo: SiteDays.of(given[cpo]) for cpo in cpos if cpo in given}
    faults = []
    if not isinstance(lattices, Mapping) and len(cpos) > 1:
        remedy = "say whose they are: {cpo: lattices}"
        faults.append(Fault(function, "lattices", (), "one stack", f"for {len(cpos)} sites", remedy))
    missing = tuple(cpo for cpo in cpos if cpo not in given)
    if missing:
        faults.append(Fault(function, "lattices", missing, "lattices", "are missing", "give them for all sites"))
    for cpo, own in days.items():
        shape = own.lattices.shape
        if len(shape) != 3 or not shape[0] or shape[1:] != (n_evse[cpo], n_periods):
            problem = f"has no days of {n_evse[cpo]} outlets and {n_periods} periods"
            remedy = "give states [day, outlet, period] of all outlets in the periods of the rates"
            faults.append(Fault(function, "lattices", (cpo,), f"an array of shape {shape}", problem, remedy))
    raise_if(faults)
    return days
