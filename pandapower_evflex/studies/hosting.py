"""How many EVs a net can host before a limit breaks, by how they are operated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf import read
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.uncontrolled import charging_at_arrival
from pandapower_evflex.studies.answer import (
    Scheduled,
    band_of,
    band_percent,
    keeps_limits,
    most_broken,
    schedule_of,
    state_at,
    without_warnings,
)
from pandapower_evflex.studies.fleet import Fleet
from pandapower_evflex.studies.net_day import NetDay, NoHouseholds, read_net_day, run_options
from pandapower_evflex.studies.sources import Unreadable, day_of_profiles, read_net
from pandapower_evflex.studies.study import (
    LARGEST_SEED,
    MOST_DAYS,
    net_faults,
    profiles_faults,
    run_option_faults,
    share_faults,
)
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.kinds import choice_faults, raise_if, shown, whole_number_faults
from pandapower_evflex.tables.schema import Column

FUNCTION = "hosting_capacity"
UNCONTROLLED, SCHEDULED, ANY_SEQUENCE = OPERATIONS = ("uncontrolled", "scheduled", "any_sequence")
SHARES = tuple(float(share) for share in np.round(np.arange(0.0, 1.01, 0.1), 1))
BAND = Column("min_band_percent", "float64", "", "percent", required=True, lower=0.0, upper=100.0, hint="give percent")
GROWTH = Column("share_per_year", "float64", "", required=True, lower=1e-6, upper=1.0, hint="give a share of 0 to 1")
#: what breaks, as columns
BREAKS = ("element_type", "element", "quantity", "period")


@dataclass(frozen=True, repr=False)
class HostingCapacity:
    """Shares of EVs up to which the operation of a net holds.

    Attributes
    ----------
    operation : "uncontrolled", "scheduled" or "any_sequence"
    by_seed : DataFrame [seed]
        `share, n_evs` up to which it holds (NaN where it holds with no share), `from_share` from which on (above 0
        where charging cures what the grid breaks without EVs), `next_share`, the next one tried, which breaks it (NaN
        where all hold), and for uncontrolled charging of that share what breaks most: `breaks_element_type,
        breaks_element, breaks_quantity, breaks_period`
    scan : DataFrame
        everything that was tried: `seed, share, n_evs, holds` (NA where a solver stopped before it knew: counts as not)
    households : int
    """

    operation: str
    by_seed: pd.DataFrame
    scan: pd.DataFrame
    households: int

    @property
    def share(self) -> float:
        """The median over the seeds."""
        return self.quantile(0.5)

    def quantile(self, q: float) -> float:
        """The share that 1 - q of the seeds reach; NaN where it holds with no share in so many of them."""
        shares = self.by_seed["share"].fillna(-np.inf).to_numpy(dtype=float)
        found = float(np.quantile(shares, q, method="inverted_cdf"))
        return found if np.isfinite(found) else np.nan

    def years_after(self, other: HostingCapacity, share_per_year: float) -> pd.Series:
        """How many years later than that of the other this capacity is used up, by seed.

        Parameters
        ----------
        other : HostingCapacity    of another operation of the same net, with the same seeds
        share_per_year : float     of the households that get an EV every year

        Raises
        ------
        InvalidInputError
        """
        faults = single_number_faults("years_after", GROWTH, share_per_year)
        if not isinstance(other, HostingCapacity) or not other.by_seed.index.equals(self.by_seed.index):
            remedy = "give the result of hosting_capacity for another operation, with the same seeds"
            faults.append(Fault("years_after", "other", (), shown(other), "has not the same seeds", remedy))
        raise_if(faults)
        return ((self.by_seed["share"] - other.by_seed["share"]) / float(share_per_year)).rename("years")

    def __str__(self) -> str:
        low, middle, high = (
            "none" if np.isnan(share) else f"{100 * share:.3g}" for share in map(self.quantile, (0.1, 0.5, 0.9))
        )
        broken = "; none: it holds with no share, not even without EVs" if "none" in (low, middle, high) else ""
        return (
            f"{self.operation}: EVs in {middle}{_percent(middle)} of {self.households} households (median of "
            f"{len(self.by_seed)} seeds; 10 to 90 %: {low} to {high}{_percent(high)}{broken})"
        )

    def __repr__(self) -> str:
        return f"<HostingCapacity: {self}>"


def _percent(share: str) -> str:
    return "" if share == "none" else " %"


def hosting_capacity(
    net: Any,
    profiles: Any = None,
    *,
    operation: str = UNCONTROLLED,
    shares: Sequence[float] = SHARES,
    seeds: Sequence[int] = tuple(range(5)),
    day: int | None = 0,
    min_band_percent: float = 10.0,
    options: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
) -> HostingCapacity:
    """The largest share of households with an EV up to which a net keeps its limits.

    The shares are scanned, since charging can also cure over-voltage: the capacity is the end of the first run of
    shares that hold, refined by bisection between the last that holds and the first that breaks, down to one car. Cars
    are drawn as in `adoption_studies`: the seeds give the distribution over who buys which car.

    Parameters
    ----------
    net, profiles, day, options    as in `Study`
    operation : str
        "uncontrolled": everyone charges what the next trip needs from arrival at full power. "scheduled": there is a
        schedule that serves every driver. "any_sequence": there is one with a band for any sequence of calls (see
        `run_flexibility_opf`) of at least `min_band_percent`, proved. Each holds only where the one before could:
        uncontrolled charging is a schedule
    shares : list of float         scanned, 0 to 1; 0, 0.1, ..., 1 by default
    seeds : list of int
    min_band_percent : float       width of the band as a share of the power of all cars while plugged in, over the day
    executor : concurrent.futures.Executor or Dask client    one task per seed

    Returns
    -------
    HostingCapacity    `by_seed`: the share, the number of cars, and what breaks first

    Raises
    ------
    InvalidInputError    arguments, a net that cannot be read, or one without households

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> found = evf.hosting_capacity("create_kerber_landnetz_freileitung_1", seeds=[0], options={"min_vm_pu": 0.95})
    >>> found.by_seed.n_evs.tolist()
    [13]
    """
    all_shares, all_seeds = _checked(net, profiles, operation, shares, seeds, day, min_band_percent, options, executor)
    with without_warnings():
        net_day = _read(net, profiles, day, dict(options or {}))
    scanned = sorted({float(share) for share in all_shares})
    search = _Search(net_day, operation, scanned, float(min_band_percent), dict(options or {}))
    different = list(dict.fromkeys(int(seed) for seed in all_seeds))
    if executor is None:
        found = [search.of(seed) for seed in different]
    else:
        pool = executor.get_executor(pure=False) if hasattr(executor, "get_executor") else executor
        found = [future.result() for future in [pool.submit(search.of, seed) for seed in different]]
    by_seed = pd.DataFrame([row for row, _ in found]).set_index("seed")
    return HostingCapacity(
        operation,
        by_seed.astype({"n_evs": "Int64", "breaks_element": "Int64", "breaks_period": "Int64"}),
        pd.concat([scan for _, scan in found], ignore_index=True),
        len(net_day.households),
    )


def _checked(
    net: Any, profiles: Any, operation: Any, shares: Any, seeds: Any, day: Any, band: Any, options: Any, executor: Any
) -> tuple[list[Any], list[Any]]:
    """The values of ``shares`` and ``seeds``, which may be such as can be read only once.

    Raises
    ------
    InvalidInputError    all faults
    """
    faults = net_faults(FUNCTION, net) + profiles_faults(FUNCTION, profiles)
    faults += choice_faults(FUNCTION, "operation", operation, OPERATIONS)
    all_shares, all_seeds = (_listed(name, values, faults) for name, values in (("shares", shares), ("seeds", seeds)))
    for share in all_shares:
        faults += share_faults(FUNCTION, "shares", share)
    for seed in all_seeds:
        faults += whole_number_faults(FUNCTION, "seeds", seed, 0, LARGEST_SEED)
    if day is not None:
        faults += whole_number_faults(FUNCTION, "day", day, 0, MOST_DAYS)
    faults += single_number_faults(FUNCTION, BAND, band)
    faults += run_option_faults(FUNCTION, {} if options is None else options)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        remedy = "give a concurrent.futures.Executor or a dask.distributed.Client, or None"
        faults.append(Fault(FUNCTION, "executor", (), shown(executor), "takes no tasks", remedy))
    raise_if(faults)
    return all_shares, all_seeds


def _listed(name: str, values: Any, faults: list[Fault]) -> list[Any]:
    """The values of a list that is not empty."""
    is_list = pd.api.types.is_list_like(values) and not isinstance(values, Mapping)
    found = list(values) if is_list else []
    if not found:
        example = {"shares": "(0.1, 0.2, 0.4)", "seeds": "range(5)"}[name]
        faults.append(Fault(FUNCTION, name, (), shown(values), "is not a list of values", f"give {example}"))
    return found


def _read(net: Any, profiles: Any, day: int | None, options: Mapping[str, Any]) -> NetDay:
    """
    Raises
    ------
    InvalidInputError
    """
    try:
        read_one = net if isinstance(net, pandapowerNet) else read_net(str(net))
        return read_net_day(read_one, day_of_profiles(read_one, profiles, day, options), options)
    except (Unreadable, NoHouseholds) as error:
        remedy = "see Study for what can be given"
        raise InvalidInputError([Fault(FUNCTION, "net", (), shown(str(net)[:60]), str(error), remedy)]) from error


@dataclass(frozen=True)
class _Search:
    """Scan and bisection for one seed."""

    net_day: NetDay
    operation: str
    shares: Sequence[float]
    min_band_percent: float
    options: Mapping[str, Any]

    def of(self, seed: int) -> tuple[dict[str, Any], pd.DataFrame]:
        """The row of a seed and all that was tried, by number of cars."""
        with without_warnings():
            return self._of(seed)

    def _of(self, seed: int) -> tuple[dict[str, Any], pd.DataFrame]:
        fleet, n = self.net_day.fleet(seed), len(self.net_day.households)
        tried: dict[int, Any] = {}

        def holds(number: int) -> bool:
            if number not in tried:
                tried[number] = self._holds(fleet, number / n)
            return tried[number] is True

        scanned = sorted({self.net_day.households.n_cars(share) for share in self.shares})
        first, last, broken = capacity(scanned, holds)
        row = {
            "seed": seed,
            "share": np.nan if last is None else last / n,
            "n_evs": pd.NA if last is None else last,
            "from_share": np.nan if first is None else first / n,
            "next_share": np.nan if broken is None else broken / n,
            **self._breaks(fleet, broken),
        }
        scan = pd.DataFrame(
            {"seed": seed, "share": np.array(sorted(tried)) / n, "n_evs": sorted(tried),
             "holds": pd.array([tried[number] for number in sorted(tried)], dtype="boolean")}
        )  # fmt: skip
        return row, scan

    def _breaks(self, fleet: Fleet, n_cars: int | None) -> dict[str, Any]:
        """What uncontrolled charging of so many cars breaks most."""
        broken: dict[str, Any] = {}
        if n_cars is not None:
            study = self.net_day.with_cars(fleet, n_cars / len(self.net_day.households))
            broken = most_broken(study.case, self._at_arrival(study))
        missing = {"element_type": "", "element": pd.NA, "quantity": "", "period": pd.NA}
        return {f"breaks_{name}": broken.get(f"breaks_{name}", missing[name]) for name in BREAKS}

    def _at_arrival(self, study: read.Study) -> Any:
        return state_at(study.case, self.net_day.flow, charging_at_arrival(study.case, "needed", None))

    def _holds(self, fleet: Fleet, share: float) -> Any:
        """True, False, or NA where a solver stopped before it knew."""
        study = self.net_day.with_cars(fleet, share)
        if keeps_limits(study.case, self._at_arrival(study)):
            return True if self.operation != ANY_SEQUENCE else self._has_band(study)
        if self.operation == UNCONTROLLED:
            return False
        found = schedule_of(study, self.net_day.flow, self._strict)
        if found.schedule is None:
            return False if found.is_known else pd.NA
        return True if self.operation == SCHEDULED else self._has_band(study)

    def _has_band(self, study: read.Study) -> Any:
        flow = self.net_day.flow
        band = band_of(Scheduled("", "", None, {}, study), flow, self._strict)
        if band.schedule is None:
            return False if band.is_known else pd.NA
        return bool(band.proved and band_percent(band.study.case, band.schedule) >= self.min_band_percent)

    @property
    def _strict(self) -> Options:
        return replace(run_options(self.options), on_infeasible="raise", unreachable="reduce", tie_break=None)


def capacity(numbers: Sequence[int], holds: Callable[[int], bool]) -> tuple[int | None, int | None, int | None]:
    """First and last number of the first run of numbers that hold, and the number after it, which does not.

    Bisection narrows the last two down to neighbours; (None, None, None) where none holds, and no third where all do.
    """
    held = [holds(number) for number in numbers]
    if not any(held):
        return None, None, None
    start = held.index(True)
    end = next((place for place in range(start, len(held)) if not held[place]), None)
    if end is None:
        return numbers[start], numbers[-1], None
    last, broken = numbers[end - 1], numbers[end]
    while broken - last > 1:
        middle = (last + broken) // 2
        last, broken = (middle, broken) if holds(middle) else (last, middle)
    return numbers[start], last, broken
