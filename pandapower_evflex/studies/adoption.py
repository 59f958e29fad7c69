"""Studies of increasing adoption: nets times shares times seeds times days."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from pandapower.auxiliary import pandapowerNet

from pandapower_evflex.errors import Fault
from pandapower_evflex.studies.study import (
    LARGEST_SEED,
    MOST_DAYS,
    Study,
    net_faults,
    profiles_faults,
    run_option_faults,
    share_faults,
)
from pandapower_evflex.tables.kinds import raise_if, shown, whole_number_faults

FUNCTION = "adoption_studies"


def adoption_studies(
    nets: Any,
    shares: Sequence[float],
    seeds: Sequence[int] = (0,),
    days: Sequence[int] = (0,),
    *,
    profiles: Any = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[Study]:
    """Studies of every net with every share, seed and day, for `run_studies`.

    The cars of a share are among those of every larger share with the same seed: who buys a car keeps it. Seeds draw
    other cars in other nets, whatever the chunks and the other studies are.

    Parameters
    ----------
    nets : list of nets, paths or codes    as in `Study`; tuples are pairs of a net and its profiles
    shares : list of float                 of the households that have an EV, 0 to 1
    seeds : list of int                    who has which EV, for instance ``range(10)``
    days : list of int                     which 24 h of the profiles, 0 for the first
    profiles, options                      as in `Study`, the same for all nets

    Returns
    -------
    iterator of Study

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> import pandapower_evflex as evf
    >>> studies = list(evf.adoption_studies(["1-LV-rural1--0-sw"], (0.1, 0.2), seeds=range(3)))
    >>> len(studies), studies[0].ev_share
    (6, 0.1)
    """
    pairs = [_pair(net, profiles) for net in ([nets] if _is_one(nets) else listed_faults("nets", nets, []))]
    faults: list[Fault] = [] if pairs else [_no_list("nets", nets)]
    for net, own in pairs:
        faults += net_faults(FUNCTION, net) + profiles_faults(FUNCTION, own)
    all_shares, all_seeds, all_days = (
        listed_faults(name, values, faults) for name, values in (("shares", shares), ("seeds", seeds), ("days", days))
    )
    for share in all_shares:
        faults += share_faults(FUNCTION, "shares", share)
    for seed in all_seeds:
        faults += whole_number_faults(FUNCTION, "seeds", seed, 0, LARGEST_SEED)
    for day in all_days:
        faults += whole_number_faults(FUNCTION, "days", day, 0, MOST_DAYS)
    faults += run_option_faults(FUNCTION, {} if options is None else options)
    raise_if(list(dict.fromkeys(faults)))
    return _studies(pairs, all_shares, all_seeds, all_days, dict(options or {}))


def _studies(pairs: Any, shares: Any, seeds: Any, days: Any, options: Mapping[str, Any]) -> Iterator[Study]:
    for net, own in pairs:
        for day in days:
            for seed in seeds:
                for share in shares:
                    yield Study(net, own, share, seed, options, day)


def _is_one(nets: Any) -> bool:
    return isinstance(nets, str | os.PathLike | pandapowerNet) or (_is_pair(nets) and isinstance(nets[1], Mapping))


def _is_pair(net: Any) -> bool:
    """A net with its profiles, as `evf.networks.suburban_lv` returns them."""
    return (
        isinstance(net, tuple) and len(net) == 2 and (net[1] is None or isinstance(net[1], Mapping | str | os.PathLike))
    )


def _pair(net: Any, profiles: Any) -> tuple[Any, Any]:
    return net if _is_pair(net) else (net, profiles)


def listed_faults(name: str, values: Any, faults: list[Fault]) -> list[Any]:
    """The values of a list; what is none is a fault."""
    if isinstance(values, Mapping) or not pd.api.types.is_list_like(values):
        faults.append(_no_list(name, values))
        return []
    return list(values)


def _no_list(name: str, values: Any) -> Fault:
    example = {"nets": '["1-LV-rural1--0-sw"]', "shares": "(0.1, 0.2)", "seeds": "range(5)", "days": "(0, 180)"}[name]
    return Fault(FUNCTION, name, (), shown(values), "is not a list", f"give for instance {example}")
