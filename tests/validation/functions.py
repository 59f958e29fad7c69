"""Every public function that computes something: what it is checked against, by which test, on how many cases."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from typing import Any

#: functions, what they are checked against, tests as "file: name"
ROWS: tuple[tuple[str, str, str], ...] = (
    ("run_flexibility_opf", "`runpp` in every scenario and period; the section above for the optimum",
     "opf/test_on_net: the_result_s_grid_state_equals_runpp_of_that_moment"),
    ("run_flexibility_opf", "the largest load by `runopp`",
     "opf/test_against_runopp: largest_load_equals_that_of_runopp"),
    ("run_flexibility_opf", "a model in each element's own variables in CasADi, all kinds of elements",
     "elements/test_casadi_oracle: both_methods_reach_what_a_model_in_the_elements_own_variables_reaches"),
    ("run_flexibility_opf(storage)", "a linear program of a battery with losses",
     "elements/test_storage_oracle: a_battery_with_losses_offers_what_a_linear_program_says"),
    ("run_flexibility_opf(load)", "a linear program of a shiftable load",
     "elements/test_shiftable_oracle: loads_offer_what_a_linear_program_says"),
    ("run_flexibility_opf(sgen)", "an independent model of curtailment on random feeders",
     "elements/test_pv_oracle: random_feeders_curtail_and_offer_what_an_independent_model_says"),
    ("run_flexibility_opf(guarantee)", "a linear program, random fleets",
     "opf/test_band: without_a_grid_the_bands_of_random_fleets_equal_a_linear_program"),
    ("run_flexibility_opf(guarantee)", "`runpp` in random sequences of calls",
     "opf/test_band: every_moment_of_any_sequence_keeps_the_limits_by_runpp"),
    ("run_flexibility_opf(duration_h)", "a linear program of fleets behind a transformer",
     "opf/test_held: fleets_behind_a_transformer_equal_a_linear_program"),
    ("run_flexibility_opf(duration_h)", "`runpp` in every period of every activation",
     "opf/test_held: every_period_of_every_held_activation_keeps_the_limits_by_runpp"),
    ("run_flexibility_opf(forecasts)", "`runpp` in every forecast",
     "opf/test_forecasts: runpp_keeps_every_limit_in_every_forecast"),
    ("run_flexibility_opf(margin_percent)", "`runpp`: what is to stay free is free",
     "opf/test_margin: runpp_finds_the_margin_free_in_every_scenario_and_period"),
    ("run_flexibility_opf(on_infeasible)", "a linear program of the least energy not served",
     "opf/test_best_effort: the_least_energy_is_short_of_all_that_a_linear_program_finds"),
    ("run_flexibility_opf(binding)", "a second run with a wider limit",
     "opf/test_shadow_prices: the_prices_add_up_to_what_a_wider_limit_brings"),
    ("flexibility_bound", "what Ipopt finds without a grid", "opf/test_bound: the_closed_form_is_what_ipopt_finds"),
    ("uncontrolled_charging", "`runpp` of every period", "opf/test_uncontrolled: the_grid_state_is_that_of_runpp"),
    ("write_period, with_evs_as_loads", "`runpp` of the plain net",
     "opf/test_on_net: write_period_equals_runpp_with_evs_as_loads"),
    ("activate_flexibility", "`runpp` of the net that is loaded as the call says",
     "operation/test_activation_of_all_kinds: the_net_is_loaded_as_the_call_says_by_runpp"),
    ("activate_flexibility", "a law: no car has more of it later, and all are served",
     "operation/test_day_laws: after_a_call_every_car_has_weakly_less_of_it_later_and_the_plan_is_kept"),
    ("run_rolling_horizon", "the plan ahead, where forecasts are perfect",
     "operation/test_rolling: with_perfect_forecasts_the_day_achieves_what_was_planned_ahead"),
    ("run_rolling_horizon", "`runpp` of every realised moment",
     "operation/test_rolling_all_kinds: runpp_finds_the_voltages_of_a_day_with_all_kinds"),
    ("run_planning", "an independent implementation of the acceptance case",
     "planning/test_plan: the_plans_of_the_acceptance_case_are_those_of_an_independent_implementation"),
    ("run_planning", "an outage analysis of the tests' own, random rings",
     "planning/test_outages: outages_of_random_rings_are_those_of_an_analysis_of_the_tests_own"),
    ("run_planning", "an analysis by `runpp` where limits bind",
     "planning/test_outages_with_limits: what_faults_cost_where_limits_bind_is_that_of_an_analysis_by_runpp"),
    ("run_planning_horizon", "all sequences of investments by brute force",
     "planning/test_horizon: no_sequence_of_investments_is_cheaper"),
    ("schedule_investments", "all build years by brute force",
     "planning/test_investments: equals_brute_force_over_all_build_years"),
    ("investment_annuity", "the present value of its annuities",
     "planning/test_costs: the_annuities_of_a_lifetime_are_worth_the_investment"),
    ("reliability_cost, loss_cost, flexibility_cost, cost_deltas", "Table I of the paper",
     "planning/test_costs: table_one_follows_from_the_cost_functions"),
    ("energy_not_served, energy_not_served_triangle", "the area of the triangle",
     "planning/test_costs: the_triangle_in_period_averages_has_its_energy_exactly"),
    ("clear_flexibility", "a linear program of the auction",
     "market/test_clearing: pay_as_bid_is_the_optimum_of_a_linear_program"),
    ("clear_flexibility", "every set of accepted offers",
     "market/test_clearing: optimal_pay_as_clear_beats_every_set_of_accepted_offers"),
    ("max_peak_shave", "a linear program of the lattice",
     "cpo/test_shaving: listed_and_generated_sets_and_a_linear_program_agree"),
    ("max_shave_lp", "a program over pairs of cells",
     "cpo/test_shave_lp: with_a_cap_it_is_that_of_a_program_over_pairs_of_cells"),
    ("shave_peak", "all policies on small lattices",
     "cpo/test_lattice: no_policy_beats_it_on_thousands_of_small_lattices"),
    ("mean_field_peak_shave", "the mean over all paths of an outlet",
     "cpo/test_meanfield: it_is_the_mean_over_all_paths_of_an_outlet"),
    ("simulate_lattice, estimate_transition_matrices, state_probabilities", "the rates, within five sigma",
     "cpo/test_markov: many_chains_stay_within_five_sigma_of_the_rates"),
    ("estimate_transition_matrices", "projections found by other means",
     "cpo/test_markov: projections_found_elsewhere"),
    ("count_transition_matrices", "the chain that was simulated",
     "cpo/test_markov: a_chain_that_was_simulated_is_counted_again"),
    ("cpo_rates_from_sessions", "rates of real sessions counted elsewhere",
     "cpo/test_rates: the_rates_of_real_sessions_are_those_counted_elsewhere"),
    ("cpo_peak_shaving", "the paper's rule with its cap", "cpo/test_peak_shaving: the_paper_s_rule_with_its_cap"),
    ("cpo_densities, charging_density, occupancy_density", "a case worked out elsewhere",
     "cpo/test_densities: a_case_worked_out_elsewhere"),
    ("shaving_limit_mw, shaving_limit_outlets, peak_limit_outlets", "the rule for any shape",
     "cpo/test_equations: the_rule_for_any_shape"),
    ("load_reduction, velocity_limit, max_velocity, is_flexible_enough", "the paper's example",
     "cpo/test_equations: the_paper_s_example"),
    ("reduction_of_velocity, velocity_of_reduction, shifting_velocity, normalised_demand",
     "each other, and the laws of the paper", "cpo/test_equations: demand_reduction_and_velocity_belong_together"),
    ("peak_shape", "the mean of a triangle over its periods",
     "cpo/test_equations: a_triangle_is_averaged_over_its_periods"),
    ("run_studies, adoption_studies, read_studies", "a flexibility OPF of the same cars",
     "studies/test_adoption: a_row_is_what_the_opf_says_of_the_same_cars"),
    ("run_studies", "pandapower's power flow of the worst moment",
     "studies/test_screened: the_worst_of_a_row_is_that_of_pandapower"),
    ("hosting_capacity", "the rule of pandapower's tutorial",
     "studies/test_hosting: uncontrolled_capacity_of_the_net_of_pandapowers_tutorial_is_that_of_its_rule"),
    ("rank_nets", "the order in which EVs break the nets",
     "studies/test_ranking: nets_are_in_the_order_in_which_evs_break_them"),
    ("diagnostic", "`runpp` for what is overloaded without EVs",
     "diagnosis/test_diagnostic: what_is_overloaded_without_evs_is_what_runpp_finds"),
    ("evs_from_loads", "the loads, power by power",
     "tables/test_from_loads: the_power_is_the_load_s_unless_something_else_says_it"),
    ("profiles_from_controllers", "the profiles of a SimBench net, through its controllers",
     "case/test_horizon: controllers_of_simbench_give_its_profiles_back"),
    ("hours_since", "its inverse, across changes of the clock",
     "times/test_hours_since: hours_since_inverts_adding_hours"),
    ("mobility.read_sessions", "the same sessions in every format and notation",
     "mobility/test_session_files: the_same_sessions_are_read_whatever_writes_them"),
    ("mobility.read_acn_sessions", "times and energies of the file by hand",
     "mobility/test_acn: times_are_local_and_energy_is_in_kwh"),
    ("mobility.sessions_from_reports", "needs and room by hand",
     "mobility/test_reports: times_count_from_the_start_and_energy_is_need_and_room"),
    ("mobility.sample_sessions", "means of the survey", "mobility/test_sessions: means_are_those_of_the_survey"),
    ("mobility.sample_fleet", "shares of sales and connections", "mobility/test_fleet: types_come_by_sales_share"),
    ("mobility.sample_workplace_sessions", "stays that do not overlap and charge within",
     "mobility/test_workplace: stays_of_an_outlet_do_not_overlap_and_charging_is_within_them"),
    ("networks.suburban_lv", "the facts that the paper prints",
     "networks/test_suburban: holds_the_facts_that_the_paper_prints"),
    ("networks.ring_10kv", "losses of the day by an independent study",
     "networks/test_ring: the_losses_of_the_day_are_those_of_the_independent_study"),
    ("toolbox", "the voltages and the objective of the same net before",
     "toolbox/test_any_sequence: names_stored_voltages_and_the_objective_stay_what_they_were"),
)  # fmt: skip
HEAD = """## Function by function

What each public function that computes something is checked against, and the test that does it. "Cases" are those that
run by default; the laws are tried on many more by `python -m pytest -m slow`. "Within" is what the test asserts: the
difference is no larger ("rel": relative, "abs": in the unit of the quantity); a blank means that the test asserts whole
answers, or in a function of its own.

| function | checked against | test | cases | within |
| --- | --- | --- | --- | --- |
"""


def section() -> str:
    return HEAD + "\n".join(row_of(*row) for row in ROWS) + "\n"


def test_of(place: str) -> Any:
    """The function of "file: name"."""
    file, name = place.split(": ")
    return getattr(importlib.import_module(f"tests.{file.replace('/', '.')}"), f"test_{name}")


def row_of(functions: str, against: str, place: str) -> str:
    """The line of the table."""
    test, file = test_of(place), place.split(": ")[0]
    names = ", ".join(f"`{name}`" for name in functions.split(", "))
    law = test.__name__.removeprefix("test_").replace("_", " ")
    return f"| {names} | {against} | `tests/{file}.py`: {law} | {_cases(test)} | {_within(test)} |"


def _cases(test: Any) -> int:
    """Sets of parameters, times the examples of a law."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    laws = getattr(test, "_hypothesis_internal_use_settings", None)
    return math.prod(len(list(mark.args[1])) for mark in marks) * (laws.max_examples if laws else 1)


def _within(test: Any) -> str:
    """The largest relative and absolute tolerance in the text of a test."""
    inner = getattr(getattr(test, "hypothesis", None), "inner_test", test)
    found: dict[str, list[float]] = {"rel": [], "abs": []}
    for kind, value in re.findall(r"\b(rel|abs|rtol|atol)=([-\w.]+)", inspect.getsource(inner)):
        number = getattr(inspect.getmodule(inner), value, value)
        try:
            found[{"rtol": "rel", "atol": "abs"}.get(kind, kind)].append(float(number))
        except (TypeError, ValueError):
            continue
    return ", ".join(f"{kind} {max(values):g}" for kind, values in found.items() if any(values))
