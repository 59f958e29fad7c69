"""How many examples a law is tried on: few by default, many with the slow tests (`-m slow`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import settings

Law = TypeVar("Law", bound=Callable[..., object])


def examples(few: int, many: int) -> Callable[[Law], Law]:
    """Decorator of a property test: ``few`` examples by default, ``many`` of the same law under `-m slow`."""

    def decorate(law: Law) -> Law:
        return sweep(settings(max_examples=many if _many() else few, deadline=None)(law))

    return decorate


def sweep(law: Law) -> Law:
    """Decorator of a test that asks `sampled`: slow where it is tried on everything."""
    return pytest.mark.slow(law) if _many() else law


def sampled(everything: Sequence[Any], few: int, place: int = 0) -> list[Any]:
    """``few`` of the examples, spread over all of them and others for each ``place``; all of them under `-m slow`."""
    n = len(everything)
    if _many() or n <= few:
        return list(everything)
    return [everything[(place + number * n // few) % n] for number in range(few)]


def _many() -> bool:
    return settings.get_current_profile_name() == "many"
