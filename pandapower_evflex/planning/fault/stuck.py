"""Breakers that fail to open: what trips in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any


def stuck_sets(tripped: Iterable[Any], stuck: Mapping[Any, float]) -> Iterator[tuple[frozenset[Any], float]]:
    """Every set of these breakers that may be stuck, none first, with its probability; they fail apart from each other.

    Parameters
    ----------
    stuck : {label: probability of failing to open}
    """
    able = [switch for switch in tripped if stuck.get(switch, 0.0) > 0.0]
    for states in product((False, True), repeat=len(able)):
        fails = frozenset(switch for switch, is_stuck in zip(able, states, strict=True) if is_stuck)
        probability = prod(stuck[s] if s in fails else 1.0 - stuck[s] for s in able)
        if probability > 0.0:
            yield fails, probability
