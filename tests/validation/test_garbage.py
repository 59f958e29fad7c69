"""Whatever stands in an argument of a public function: a sound answer or an `EvflexError`, never another error."""

from __future__ import annotations

import pytest

from tests.validation import garbage
from tests.validation._garbage_kinds import KINDS

#: kinds per argument by default; other ones for each argument
N_SAMPLED = 3


def assert_no_raw_error(found):
    raw = [f"{one.argument}, {one.kind}: {one.outcome}" for one in found if one.outcome not in ("refused", "accepted")]
    assert not raw, "\n".join(raw)


def test_every_public_function_is_swept():
    assert {*garbage.public_functions(), "result.limited_by"} == set(garbage.CALLS)


def test_there_are_a_hundred_kinds():
    assert len(KINDS) >= 100


@pytest.mark.parametrize("number", range(len(garbage.CALLS)), ids=list(garbage.CALLS))
def test_garbage_is_refused_or_harmless(number):
    name = list(garbage.CALLS)[number]
    kinds = list(KINDS.items())
    for place, argument in enumerate(garbage.arguments_of(name)):
        first = (7 * number + 12 * place) % len(kinds)
        some = dict([*kinds, *kinds][first : first + N_SAMPLED])
        assert_no_raw_error(garbage.outcomes_of_argument(name, argument, some))


@pytest.mark.slow
@pytest.mark.parametrize("name", garbage.CALLS)
def test_all_garbage_is_refused_or_harmless(name):
    assert_no_raw_error(garbage.outcomes(name))
