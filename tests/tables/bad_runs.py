"""Wrong arguments of a run."""

from __future__ import annotations

import pandas as pd

from tests.tables.bad import N_PERIODS, Bad, run

RUN = "run_flexibility_opf"


def argument(**kwargs):
    return lambda net: run(net, **kwargs)


def weight(direction, value):
    return lambda net: run(net, weights={direction: value})


def solver_option(name, value):
    """By the method that does not use it."""
    return lambda net: run(net, solver_options={name: value}, method="fast")


BAD_SOLVER_OPTIONS = {
    "a solver option that does not exist": ("max_itr", 100, 'did you mean "max_iter"'),
    "a time limit of 0": ("max_cpu_time", 0, "above 0"),
    "a negative time limit": ("max_wall_time", -1.0, "above 0"),
    "a time limit that is NaN": ("max_cpu_time", float("nan"), "above 0"),
    "a time limit as text": ("max_cpu_time", "60", "above 0"),
    "half an iteration": ("max_iter", 2.5, "whole number of at least 0"),
    "a truth value for a number": ("max_iter", True, "whole number"),
    "a tolerance of the solver of 0": ("tol", 0.0, "above 0"),
    "an unknown word": ("mu_strategy", "quick", "monotone, adaptive"),
    "a file that the solver would write": ("output_file", "ipopt.txt", "leave it out"),
    "a file that the solver would read": ("option_file_name", "ipopt.opt", "leave it out"),
}
BAD_RUNS = {
    "an unknown scenario": Bad(argument(scenarios=("up", "sideways")), RUN, "scenarios", (), '"down", "up", "base"'),
    "an unknown method": Bad(argument(method="quick"), RUN, "method", (), "use one of"),
    "an unknown way on": Bad(argument(on_infeasible="relax"), RUN, "on_infeasible", (), "best_effort"),
    "a duration that is not a multiple of the period": Bad(
        argument(duration_h=0.1), RUN, "duration_h", (), "None for one period"
    ),
    "a duration longer than the horizon": Bad(argument(duration_h=1000.0), RUN, "duration_h", (), "give at most"),
    "a duration of 0": Bad(argument(duration_h=0), RUN, "duration_h", (), "a multiple of the period"),
    "a duration as text": Bad(argument(duration_h="2 h"), RUN, "duration_h", (), "hours as a number"),
    "a duration of a band": Bad(
        argument(duration_h=1.0, guarantee="any_sequence"), RUN, "duration_h", (), "one_activation"
    ),
    "a tolerance of 0": Bad(argument(tol=0.0), RUN, "tol", (), "1e-8"),
    "a negative margin": Bad(argument(margin_percent=-1.0), RUN, "margin_percent", (), "percent of every limit"),
    "a margin of all there is": Bad(argument(margin_percent=100), RUN, "margin_percent", (), "percent of every limit"),
    "a margin that is NaN": Bad(argument(margin_percent=float("nan")), RUN, "margin_percent", (), "percent"),
    "a margin as text": Bad(argument(margin_percent="5 %"), RUN, "margin_percent", (), "give a number"),
    "a margin that leaves no voltage": Bad(
        argument(margin_percent=90.0, min_vm_pu=1.01, max_vm_pu=1.02), RUN, "margin_percent", (), "give less"
    ),
    "a line limit of 0 %": Bad(
        argument(max_line_loading_percent=0.0), RUN, "max_line_loading_percent", (), "give percent"
    ),
    "a lower voltage argument of 0": Bad(argument(min_vm_pu=0.0), RUN, "min_vm_pu", (), "give pu"),
    "an infinite upper voltage argument": Bad(argument(max_vm_pu=float("inf")), RUN, "max_vm_pu", (), "give pu"),
    "voltage arguments the wrong way round": Bad(
        argument(min_vm_pu=1.05, max_vm_pu=0.95), RUN, "min_vm_pu", (), "a lower limit below the upper one"
    ),
    "a negative weight": Bad(weight("up", -1.0), RUN, "weights['up']", (), "0 or more"),
    "weights of the wrong length": Bad(weight("down", [1.0, 2.0]), RUN, "weights['down']", (), "give one each"),
    "weights of an unknown direction": Bad(weight("left", 1.0), RUN, "weights", (), '"up": w, "down": w'),
    "weights of an unknown EV": Bad(
        weight("up", pd.DataFrame(1.0, index=range(N_PERIODS), columns=[42])),
        RUN, "weights['up']", (42,), "in-service rows of net.ev",
    ),
    **{
        name: Bad(solver_option(option, value), RUN, "solver_options", (), remedy)
        for name, (option, value, remedy) in BAD_SOLVER_OPTIONS.items()
    },
}  # fmt: skip
