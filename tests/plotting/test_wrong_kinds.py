"""Where a net, a result, a study or axes belong and something else is given, the message says what is expected."""

from __future__ import annotations

import inspect
import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import pandapower_evflex as evf
from tests.examples import sampled, sweep
from tests.validation.garbage import CALLS, _fresh, _solved, _study, function_of

#: what the message about an argument must name
EXPECTED = {
    "net": "create_empty_network", "result": "run_flexibility_opf", "study": "run_planning",
    "horizon": "run_planning_horizon", "shave": "shave_peak", "uncontrolled": "uncontrolled_charging",
    "energy": "run_flexibility_opf", "ax": r"plt\.subplots\(\)", "axes": r"plt\.subplots\([124], [12]\)",
    "profiles": r"DataFrame\[period x",
}  # fmt: skip
WRONG = {
    "None": lambda: None, "text": lambda: "net.json", "number": lambda: 3, "list": lambda: [1, 2],
    "frame of other things": lambda: pd.DataFrame({"a": [1.0]}), "net": _fresh, "result": lambda: _solved()[1],
    "study": _study, "figure": plt.figure, "axes": lambda: plt.subplots(1, 2)[1], "class": lambda: evf.PlanningStudy,
}  # fmt: skip
#: right arguments that let the one in question be read, where those of `CALLS` do not
RIGHT = {
    "plotting.plot_energy_not_served": lambda: {"study": _overloaded()},
    "plotting.plot_post_fault": lambda: {"net": _fresh(), "fault": _study().faults.iloc[0]},
}
ASKED = [
    (name, argument)
    for name in CALLS
    for argument in inspect.signature(function_of(name)).parameters
    if argument in EXPECTED and (name, argument) != ("diagnostic", "profiles")  # a finding there, not an error
]
#: functions that take names of files in place of nets and profiles
BY_NAME = ("adoption_studies", "hosting_capacity")


def _overloaded():
    from tests.plotting.studies import ring

    return ring()[2]


def wrong_kinds(name, argument):
    """Kinds that are wrong for an argument, other ones for each."""
    default = inspect.signature(function_of(name)).parameters[argument].default
    fits = {argument, "result" if argument == "energy" else ""} | ({"None"} if default is None else set())
    fits |= {"frame of other things"} if argument == "uncontrolled" else set()
    fits |= {"None"} if argument == "result" and name in ("with_evs_as_loads", "write_period") else set()
    fits |= {"None"} if argument == "profiles" and name.startswith("run_planning") else set()
    fits |= {"text"} if name in BY_NAME else set()
    kinds = [kind for kind in WRONG if kind not in fits]
    return sampled(kinds, 1, place=ASKED.index((name, argument)))


@sweep
@pytest.mark.parametrize(("name", "argument"), ASKED)
def test_the_message_names_the_argument_and_what_is_expected_there(name, argument):
    for kind in wrong_kinds(name, argument):
        arguments = {**CALLS[name](), **RIGHT.get(name, dict)(), argument: WRONG[kind]()}
        with pytest.raises(evf.InvalidInputError) as refusal:
            function_of(name)(**arguments)
        assert len(refusal.value.faults) == 1, kind
        (fault,) = refusal.value.faults
        assert argument in (fault.column, fault.table), kind
        assert re.search(EXPECTED[argument], fault.remedy), (kind, fault.remedy)
        plt.close("all")


def test_each_run_names_itself():
    for name in ("run_flexibility_opf", "uncontrolled_charging", "run_planning", "run_planning_horizon"):
        with pytest.raises(evf.InvalidInputError, match=rf"^{name}\.net: None is not a net"):
            function_of(name)(**{**CALLS[name](), "net": None})
