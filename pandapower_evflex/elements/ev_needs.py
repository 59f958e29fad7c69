"""What stays can reach, and needs that follow from it: lowered to what charging can do, raised for the next stay."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from pandapower_evflex.elements.ev_stays import Stay

#: shortfall [MWh] up to which a need counts as met
ENERGY_TOLERANCE = 1e-12


def unreachable_stays(stays: list[list[Stay]]) -> list[tuple[Stay, float]]:
    """Stays that miss their need even at full power, each with the energy that it can reach.

    A coupled stay starts from the most that the stay before can leave. A stay without a whole period can only leave
    with what it brought.
    """
    found = []
    for own in stays:
        e_left = np.nan
        for stay in own:
            e_start = e_left if stay.is_coupled else stay.e_arrival
            reached = stay.reach(e_start)
            if reached < stay.e_need - ENERGY_TOLERANCE:
                found.append((stay, reached))
            e_left = max(reached - stay.trip, 0.0)
    return found


def idle_sessions(stays: list[list[Stay]], unreachable: list[tuple[Stay, float]]) -> list[Any]:
    """Sessions without a whole period that need none: their trips are driven, and nothing else is left of them."""
    named = {stay.session for stay, _ in unreachable}
    return [stay.session for own in stays for stay in own if not stay.n_whole and stay.session not in named]


def overfull_stays(stays: list[list[Stay]]) -> list[tuple[Stay, float]]:
    """Stays whose least power (20) overfills the battery even from the least arrival energy, with that energy."""
    found = []
    for own in stays:
        e_left = 0.0
        for stay in own:
            e_start = e_left if stay.is_coupled else stay.e_arrival
            e_end = e_start + stay.energy_per_p * stay.p_min * len(stay.periods)
            if e_end > stay.e_max + ENERGY_TOLERANCE:
                found.append((stay, e_end))
            e_left = max(min(max(e_end, stay.e_need), stay.e_max) - stay.trip, 0.0)
    return found


def with_reduced_needs(stays: list[list[Stay]], unreachable: list[tuple[Stay, float]]) -> list[list[Stay]]:
    """The same stays with every unreachable need lowered to what can be reached.

    Where that does not suffice for the trip to a coupled stay, the EV arrives there empty (it charged on the way).
    """
    reached = {(stay.ev, stay.session): energy for stay, energy in unreachable}
    result = []
    for own in stays:
        reduced: list[Stay] = []
        for stay in own:
            if stay.is_coupled and reduced[-1].e_need < reduced[-1].trip - ENERGY_TOLERANCE:
                stay = replace(stay, e_arrival=0.0)
            reduced.append(replace(stay, e_need=min(stay.e_need, reached.get((stay.ev, stay.session), np.inf))))
        result.append(reduced)
    return result


def trips_to_coupled(stays: list[list[Stay]]) -> dict[Any, float]:
    """Energy that the way to a coupled stay uses, by session."""
    return {
        stay.session: stay.trip
        for own in stays
        for stay, after in zip(own, own[1:], strict=False)
        if after.is_coupled and stay.trip > 0.0
    }


def arriving_empty(stays: list[list[Stay]], after: Collection[Any]) -> list[list[Stay]]:
    """The coupled stays after the given sessions start empty: the EV charged on the way."""
    return [
        [
            replace(stay, e_arrival=0.0) if before is not None and before.session in after else stay
            for before, stay in zip([None, *own], own, strict=False)
        ]
        for own in stays
    ]


def with_needs_of_next(stays: list[list[Stay]]) -> list[list[Stay]]:
    """Needs raised so that a coupled next stay can still reach its own: the minimum-energy curve goes on backwards."""
    result = []
    for own in stays:
        later: list[Stay] = []
        for stay in reversed(own):
            if later and later[0].is_coupled:
                following = later[0]
                start = following.e_need - following.e_at_full_power
                stay = replace(stay, e_need=max(stay.e_need, min(stay.trip + max(start, 0.0), stay.e_max)))
            later.insert(0, stay)
        result.append(later)
    return result
