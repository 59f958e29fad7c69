"""How many EVs a net can host before a limit breaks, by how they are operated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.studies.answer import without_warnings
from pandapower_evflex.studies.hosting_result import HostingCapacity
from pandapower_evflex.studies.hosting_search import OPERATIONS, UNCONTROLLED, Search
from pandapower_evflex.studies.net_day import NetDay, NoHouseholds, read_net_day
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
SHARES = tuple(float(share) for share in np.round(np.arange(0.0, 1.01, 0.1), 1))
BAND = Column("min_band_percent", "float64", "", "percent", required=True, lower=0.0, upper=100.0, hint="give percent")


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
    search = Search(net_day, operation, scanned, float(min_band_percent), dict(options or {}))
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
        what = ("an empty list", "holds no values") if is_list else (shown(values), "is not a list of values")
        faults.append(Fault(FUNCTION, name, (), *what, f"give {example}"))
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
        problem, remedy = f"cannot be studied: {error}", "see Study for what can be given"
        raise InvalidInputError([Fault(FUNCTION, "net", (), shown(net), problem, remedy)]) from error
