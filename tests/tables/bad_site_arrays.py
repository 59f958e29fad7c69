"""Wrong rates, densities, chains and lattices, as the functions take them that need no net."""

from __future__ import annotations

import numpy as np

import pandapower_evflex as evf
from tests.tables.bad import Bad

LATTICE = [[0, 1, 1, 1, 2, 2, 0], [1, 1, 2, 0, 0, 1, 2]]
FLAT = evf.estimate_transition_matrices([0.3] * 24, [0.6] * 24)
FIRST = [0.4, 0.3, 0.3]


def bad(name, column, rows, remedy, *args, **options):
    """A call of a function of the package; (name, table) where another one refuses for it."""
    name, table = name if isinstance(name, tuple) else (name, name)
    return Bad(lambda net: getattr(evf, name)(*args, **options), table, column, rows, remedy)


def edited(values, value):
    array = np.array(values, dtype=float)
    array.flat[0] = value
    return array


SHARES = "0.45, not 45 percent"
OUTLETS = "a whole number of 0 or more"

BAD_EQUATIONS = {
    "probabilities of C above O": bad("state_probabilities", "charging_rate", (1,), "at most", [0.5, 0.6], [0.6, 0.55]),
    "probabilities of rates in percent": bad("state_probabilities", "occupancy_rate", (0,), SHARES, [0.45], [85]),
    "probabilities of a negative rate": bad(
        "state_probabilities", "charging_rate", (0,), "from 0 to 1", [-0.01, 0.2], [0.3, 0.3]
    ),
    "probabilities of NaN": bad(
        "state_probabilities", "charging_rate", (1,), "every period", [0.1, np.nan], [0.3, 0.3]
    ),
    "probabilities of rates of different lengths": bad(
        "state_probabilities", "charging_rate", (), "the same periods", [0.1, 0.2, 0.3], [0.3, 0.3]
    ),
    "probabilities of no rates": bad("state_probabilities", "charging_rate", (), "the same periods", [], []),
    "the demand of states that are none": bad("normalised_demand", "lattice", (1,), "0 (empty)", [[0, 1], [3, 1]]),
    "a target for fewer periods than the demand": bad("load_reduction", "target", (), "one per period", [5, 6], [4]),
    "a demand of NaN": bad("load_reduction", "demand", (1,), "numbers of outlets", [5, np.nan], [4, 4]),
    "the velocity of a hole": bad("shifting_velocity", "waiting", (), "one row per outlet", [[1, np.nan]]),
    "a reduction as text": bad("velocity_of_reduction", "reduction", (0, 1), "numbers of outlets", ["3", "4"]),
    "a table of velocities": bad("reduction_of_velocity", "velocity", (), "numbers of outlets", [[1, 2]]),
    "a negative peak": bad("max_velocity", "peak", (), "0 or more", -1, 4),
    "a peak in no period": bad(("max_velocity", "peak_shape"), "n_periods", (), "1 or more", 12, 0),
    "limits for fewer periods than velocities": bad(
        "is_flexible_enough", "velocity_limit", (), "one per period", [1, 2, 3], [4, 4]
    ),
    "the density of a rate in percent": bad("charging_density", "charging_rate", (), SHARES, [45] * 96, 44, 4),
    "the density of NaN": bad("occupancy_density", "occupancy_rate", (0, 1), SHARES, [np.nan] * 2, 0, 2),
    "the density of an empty window": bad(
        "charging_density", "n_periods", (), "1 period up to a day", [0.4] * 96, 44, 0
    ),
    "the density of more than a day": bad("charging_density", "n_periods", (), "up to a day", [0.4] * 96, 44, 97),
    "the density from half a period on": bad("occupancy_density", "start", (), "the first period", [0.4] * 96, 0.5, 4),
    "the limit of d_c above d_o": bad("velocity_limit", "charging_density", (), "is occupied", 0.6, 0.5, 60),
    "the limit of densities in percent": bad("peak_limit_outlets", "occupancy_density", (), SHARES, 0.45, 85, 60, 4),
    "the limit of a negative density": bad("velocity_limit", "charging_density", (), SHARES, -0.1, 0.5, 60),
    "the limit of NaN": bad("shaving_limit_outlets", "charging_density", (), SHARES, np.nan, 0.85, 60, 4),
    "the limit of a negative number of outlets": bad("shaving_limit_outlets", "n_evse", (), OUTLETS, 0.45, 0.85, -3, 4),
    "the limit of half an outlet": bad("shaving_limit_outlets", "n_evse", (), OUTLETS, 0.45, 0.85, 0.5, 4),
    "the limit in an empty window": bad(
        ("shaving_limit_outlets", "peak_shape"), "n_periods", (), "1 or more", 0.45, 0.85, 60, 0
    ),
    "the limit in periods of minutes": bad(
        "shaving_limit_outlets", "period_h", (), "0.25 for quarter hours", 0.45, 0.85, 60, 4, period_h=0
    ),
    "the limit of outlets of a negative power": bad(
        "shaving_limit_mw", "evse_p_mw", (), "22 kW is 0.022", 0.45, 0.85, 60, -0.022, 4
    ),
    "the limit of outlets of an infinite power": bad(
        "shaving_limit_mw", "evse_p_mw", (), "22 kW is 0.022", 0.45, 0.85, 60, np.inf, 4
    ),
    "an unknown shape": bad("peak_shape", "shape", (), '"triangle"', "square", 4),
    "a shape for another window": bad("peak_shape", "shape", (), "one per period", [1.0, 1.0], 4),
    "a shape that is zero": bad("peak_shape", "shape", (), "0 or more per period", [0.0, 0.0], 2),
    "a negative shape": bad("peak_shape", "shape", (1,), "0 or more per period", [1.0, -1.0], 2),
    "a shape with a hole": bad("peak_shape", "shape", (0,), "0 or more per period", [np.nan, 1.0], 2),
}

BAD_LATTICES = {
    "a chain from C above O": bad(
        "estimate_transition_matrices", "charging_rate", (0,), "at most", [0.7] + [0.3] * 23, [0.6] * 24
    ),
    "a chain from 95 quarter hours": bad(
        "estimate_transition_matrices", "charging_rate", (), "96 for quarter hours", [0.3] * 95, [0.6] * 95
    ),
    "a prior that is no kernel": bad(
        "estimate_transition_matrices", "prior", (), "whose rows sum to 1", [0.3], [0.6], prior=np.ones((2, 2))
    ),
    "a prior whose rows sum to 3": bad(
        "estimate_transition_matrices", "prior", (0,), "whose rows sum to 1", [0.3], [0.6], prior=np.ones((3, 3))
    ),
    "no plug-ins": bad(
        "estimate_transition_matrices", "plug_ins_per_day", (), "above 0", [0.3], [0.6], plug_ins_per_day=0
    ),
    "more plug-ins than the rates allow": bad(
        "estimate_transition_matrices",
        "plug_ins_per_day",
        (),
        "correct the rates",
        [0.3] * 24,
        [0.6] * 24,
        plug_ins_per_day=1000,
    ),
    "fewer plug-ins than the rates need": bad(
        "estimate_transition_matrices",
        "plug_ins_per_day",
        (),
        "correct the rates",
        [0.0] * 12 + [0.6] * 12,
        [0.0] * 12 + [0.6] * 12,
        plug_ins_per_day=0.5,
    ),
    "a count of one day": bad("count_transition_matrices", "lattices", (), "rates.lattices", LATTICE),
    "a count of states that are none": bad("count_transition_matrices", "lattice", (0,), "0 (empty)", [[[0, 3]]]),
    "a chain of NaN": bad("simulate_lattice", "P", (0,), "rows sum to 1", edited(FLAT, np.nan), FIRST, 5),
    "a chain of one matrix": bad("simulate_lattice", "P", (), "[n_period, 3, 3]", FLAT[0], FIRST, 5),
    "a chain of lists of different lengths": bad(
        "simulate_lattice", "P", (), "[n_period, 3, 3]", [[[1.0]], [[0.5, 0.5]]], FIRST, 5
    ),
    "a start in no state": bad(
        "simulate_lattice", "initial", (), "state_probabilities(...)[0]", FLAT, [0.4, 0.3, 0.2], 5
    ),
    "a negative number of outlets to simulate": bad("simulate_lattice", "n_evse", (), OUTLETS, FLAT, FIRST, -3),
    "no days to simulate": bad("simulate_lattice", "n_days", (), "1 or more", FLAT, FIRST, 5, n_days=0),
    "a seed of text": bad("simulate_lattice", "seed", (), "a Generator of numpy", FLAT, FIRST, 5, seed="a"),
    "a lattice of one outlet without brackets": bad(
        "max_peak_shave", "lattice", (), "one row per outlet", LATTICE[0], 1, 2
    ),
    "a lattice of lists of different lengths": bad(
        "max_peak_shave", "lattice", (), "one row per outlet", [[1, 2], [1]], 0, 1
    ),
    "a lattice without periods": bad("max_peak_shave", "lattice", (), "one column per period", [[]], 0, 1),
    "a lattice of truth values": bad(
        "max_peak_shave", "lattice", (), "whole numbers", np.ones((2, 7), dtype=bool), 1, 2
    ),
    "states that are none": bad("max_peak_shave", "lattice", (0,), "0 (empty)", edited(LATTICE, 3), 1, 2),
    "a state that is missing": bad("max_peak_shave", "lattice", (0,), "0 (empty)", edited(LATTICE, np.nan), 1, 2),
    "arrivals of another shape": bad(
        "max_peak_shave", "arrivals", (), "in the shape (2, 7)", LATTICE, 1, 2, arrivals=np.zeros((2, 6), dtype=bool)
    ),
    "an arrival where no car is": bad(
        "max_peak_shave", "arrivals", (0, 1), "where a car is", LATTICE, 1, 2, arrivals=np.ones((2, 7), dtype=bool)
    ),
    "an empty window of a lattice": bad("max_peak_shave", "n_periods", (), "1 or more", LATTICE, 1, 0),
    "a window beyond the end of a lattice": bad("max_peak_shave", "n_periods", (), "periods 0 to 6", LATTICE, 5, 3),
    "a window before the start of a lattice": bad("max_peak_shave", "start", (), "periods 0 to 6", LATTICE, -1, 2),
    "a window from NaN on": bad("max_peak_shave", "start", (), "periods 0 to 6", LATTICE, np.nan, 2),
    "a shape of zeros for a lattice": bad(
        ("max_peak_shave", "peak_shape"), "shape", (), "0 or more per period", LATTICE, 1, 2, shape=[0, 0]
    ),
    "a negative cap on what comes back": bad(
        "max_shave_lp", "max_rebound", (), "outlets of 0 or more", LATTICE, 1, 2, max_rebound=-1
    ),
    "a cap for more periods than there are": bad(
        "max_shave_lp", "max_rebound", (), "up to 4 periods", LATTICE, 1, 2, max_rebound=[1] * 5
    ),
    "a negative reduction": bad("shave_peak", "reduction", (1,), "0 or more", LATTICE, [1, -1], 1),
    "a reduction of NaN": bad("shave_peak", "reduction", (0,), "0 or more", LATTICE, [np.nan, 1], 1),
    "a reduction in no period": bad("shave_peak", "reduction", (), "1 or more", LATTICE, [], 1),
    "a reduction beyond the end of the lattice": bad(
        "shave_peak", "reduction", (), "periods 0 to 6", LATTICE, [1, 1], 6
    ),
    "a single number as the reduction": bad("shave_peak", "reduction", (), "per period", LATTICE, 3, 1),
    "an unknown policy": bad("shave_peak", "policy", (), "most_slack", LATTICE, [1], 1, policy="random"),
    "a list of policies": bad("shave_peak", "policy", (), "most_slack", LATTICE, [1], 1, policy=["most_slack"]),
    "the limit of half an outlet that follows a chain": bad(
        "mean_field_peak_shave", "n_evse", (), OUTLETS, FLAT, FIRST, 0.5, 11, 1
    ),
    "a window beyond the days of a chain": bad(
        "mean_field_peak_shave", "start", (), "periods 0 to 47", FLAT, FIRST, 60, 48, 1
    ),
}
