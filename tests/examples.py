"""How many examples a law is tried on: few by default, many with the slow tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import settings

Law = TypeVar("Law", bound=Callable[..., object])


def examples(few: int, many: int) -> Callable[[Law], Law]:
    """Decorator of a property test: ``few`` examples by default, ``many`` of the same law under `-m slow`."""

    def decorate(law: Law) -> Law:
        if settings.get_current_profile_name() != "many":
            return settings(max_examples=few, deadline=None)(law)
        return pytest.mark.slow(settings(max_examples=many, deadline=None)(law))

    return decorate
