"""Whatever stands in an argument of a public function: a sound answer or an `EvflexError`, never another error."""

from __future__ import annotations

import pytest

from tests.validation import garbage
from tests.validation._garbage_kinds import KINDS

#: what once ended in another error
MENDED = [
    ("cost_deltas", "reference", "pd.NA"),
    ("cpo_densities", "cpos", "0"),
    ("cpo_rates_from_sessions", "days", "ragged list"),
    ("cpo_rates_from_sessions", "days", "file"),
    ("hours_since", "timestamps", "text 0,5"),
    ("hours_since", "start", "ragged list"),
    ("mobility.sessions_from_reports", "start", "text 0,5"),
    ("is_flexible_enough", "velocity", "ragged list"),
    ("velocity_limit", "occupancy_density", "Fraction"),
    ("plotting.plot_energy_not_served", "row", "infinity"),
    ("plotting.plot_lattice", "first_h", "10**30"),
    ("plotting.plot_lattice", "first_h", "Fraction"),
    ("plotting.plot_peak_shave", "period_h", "Fraction"),
    ("plotting.plot_plan_costs", "against_nothing", "pd.NA"),
    ("plotting.plot_plan_costs", "against_nothing", "Series"),
    ("plotting.plot_shaving_over_day", "window_h", "Fraction"),
    ("create_ev_session", "in_service", "10**400"),
    ("run_flexibility_opf", "scenarios", "array of 0 dimensions"),
    ("uncontrolled_charging", "max_trafo_loading_percent", "10**400"),
    ("uncontrolled_charging", "max_vm_pu", "10**30"),
    ("uncontrolled_charging", "min_vm_pu", "Fraction"),
]


def assert_no_raw_error(found):
    raw = [f"{one.argument}, {one.kind}: {one.outcome}" for one in found if one.outcome not in ("refused", "accepted")]
    assert not raw, "\n".join(raw)


def test_every_public_function_is_swept():
    assert {*garbage.public_functions(), "result.limited_by"} == set(garbage.CALLS)


def test_there_are_a_hundred_kinds():
    assert len(KINDS) >= 100


@pytest.mark.parametrize("name", garbage.CALLS)
def test_garbage_is_refused_or_harmless(name):
    for argument in garbage.arguments_of(name):
        assert_no_raw_error(garbage.outcomes_of_argument(name, argument, garbage.sampled_kinds(name, argument, 1)))


@pytest.mark.parametrize(("name", "argument", "kind"), MENDED)
def test_what_once_ended_in_another_error_does_no_more(name, argument, kind):
    assert_no_raw_error(garbage.outcomes_of_argument(name, argument, {kind: KINDS[kind]}))


@pytest.mark.slow
@pytest.mark.parametrize("name", garbage.CALLS)
def test_all_garbage_is_refused_or_harmless(name):
    assert_no_raw_error(garbage.outcomes(name))
