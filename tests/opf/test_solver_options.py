"""Solver options mean the same to every method, and what is said of them is what Ipopt says itself."""

from __future__ import annotations

import cyipopt
import numpy as np
import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf.solver_options import FILES, _known, as_ipopt_takes_them, solver_option_faults
from tests.opf.feeder import EIGHT_HOURS, feeder_net


@pytest.mark.parametrize(
    ("option", "value", "taken"),
    [
        ("max_cpu_time", 60, 60.0),
        ("max_iter", 500.0, 500),
        ("max_iter", np.int64(7), 7),
        ("bound_relax_factor", 0, 0.0),
        ("tol", np.float32(0.5), 0.5),
        ("max_wall_time", np.inf, np.inf),
        ("mu_strategy", "adaptive", "adaptive"),
    ],
)
def test_whole_numbers_and_others_stand_for_each_other(option, value, taken):
    assert solver_option_faults({option: value}) == []
    converted = as_ipopt_takes_them({option: value})[option]
    assert converted == taken and type(converted) is type(taken)


@pytest.mark.parametrize("method", ["fast", "exact", "auto"])
@pytest.mark.parametrize(
    "options",
    [
        {"max_cpu_time": 0},
        {"max_wall_time": np.nan},
        {"max_iter": -1},
        {"max_iter": np.inf},
        {"max_iter": 10**400},
        {"max_cpu_time": np.array([1.0, 2.0])},
        {"max_cpu_time": None},
        {"tol": np.inf},
        {"no_such_option": 1},
        {7: 1},
        {"output_file": "x"},
        {"print_level": 13},
        {"sb": True},
    ],
)
def test_every_method_refuses_the_same_before_anything_runs(method, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = feeder_net(1)
    before = set(net.keys())
    with pytest.raises(evf.InvalidInputError) as error:
        evf.run_flexibility_opf(net, method=method, solver_options=options, **EIGHT_HOURS)
    (fault,) = error.value.faults
    assert fault.column == "solver_options" and str(next(iter(options))) in fault.value
    assert set(net.keys()) == before and not list(tmp_path.iterdir())


def test_all_wrong_options_are_named_at_once():
    assert len(solver_option_faults({"max_cpu_time": 0, "nope": 1, "output_file": "x", "max_iter": 3})) == 3


def takes(nlp, name, value):
    try:
        nlp.add_option(name, value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("name", _known())
def test_the_table_is_what_ipopt_says_of_itself(name, capfd):
    """Ipopt takes a value of the kind of each option, and none of another kind or out of range."""
    option = _known()[name]
    nlp = cyipopt.Problem(n=1, m=0, problem_obj=type("P", (), {"objective": 0, "gradient": 0})(), lb=[0], ub=[1])
    low = next((float(b.lstrip("<>=")) for b in option.bounds if b[0] == ">"), 0.0)
    high = next((float(b.lstrip("<>=")) for b in option.bounds if b[0] == "<"), low + 2.0)
    good = {"whole": [int(low) + 1], "number": [0.5 * (low + high)], "text": option.values or ["x"]}[option.kind]
    bad = {"whole": low + 0.5, "number": int(low) + 1, "text": 1}[option.kind]
    beyond = [float(bound.lstrip("<>=")) + (-1.0 if bound[0] == ">" else 1.0) for bound in option.bounds]
    outside = [int(value) if option.kind == "whole" else value for value in beyond]
    assert [value for value in good if not takes(nlp, name, value)] == []
    assert [value for value in [bad, *outside] if takes(nlp, name, value)] == []
    assert capfd.readouterr().out  # Ipopt prints what it refuses


def test_the_options_that_write_or_read_files_are_known_and_refused():
    assert set(FILES) & set(_known()) == {"output_file", "file_print_level", "option_file_name"}


def test_an_option_file_in_the_working_directory_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "ipopt.opt").write_text("max_iter 2\n")
    monkeypatch.chdir(tmp_path)
    result = evf.run_flexibility_opf(feeder_net(2), method="exact", **EIGHT_HOURS)
    assert result.status == "optimal"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("MAX_ITER", '"max_iter"'),
        ("Max_Cpu_Time", '"max_cpu_time"'),
        ("max_iter ", '"max_iter"'),
        ("OUTPUT_FILE", "no run"),
    ],
)
def test_a_name_in_other_letters_is_answered_with_the_one_that_is_taken(name, remedy):
    with pytest.raises(evf.InvalidInputError) as error:
        evf.run_flexibility_opf(feeder_net(2), solver_options={name: 5}, **EIGHT_HOURS)
    assert remedy in str(error.value) and '"output_file"' not in str(error.value)


@pytest.mark.parametrize("library", [{}, {"hsllib": "no_such_library.so"}])
def test_a_linear_solver_that_is_missing_fails_with_the_words_of_ipopt(library):
    options = {"linear_solver": "ma27", **library}
    result = evf.run_flexibility_opf(
        feeder_net(2), method="exact", raise_on_failure=False, solver_options=options, **EIGHT_HOURS
    )
    assert result.status in ("failed", "optimal")
    assert result.status == "optimal" or result.message.startswith("the solver ended without an optimum (")


def test_the_library_of_a_licensed_linear_solver_is_taken_by_its_name_as_text():
    assert solver_option_faults({"hsllib": "libhsl.so", "pardisolib": "libpardiso.so"}) == []
    assert len(solver_option_faults({"hsllib": 1, "pardisolib": None})) == 2


@pytest.mark.parametrize("tol", [np.float32(1e-6), np.float64(1e-6), np.longdouble(1e-6)])
@pytest.mark.parametrize("method", ["fast", "exact"])
def test_a_tolerance_of_any_precision_is_a_number(method, tol):
    result = evf.run_flexibility_opf(feeder_net(1), method=method, tol=tol, tie_break=None, **EIGHT_HOURS)
    assert result.status == "optimal"
