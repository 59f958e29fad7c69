"""Ipopt is there and solves problems built from terms."""

from __future__ import annotations

import numpy as np
import pytest

from pandapower_evflex.kernels import LINEAR, SQUARE
from pandapower_evflex.nlp.problem import ProblemBuilder
from pandapower_evflex.solvers import ipopt


def test_cyipopt_solves_hs071():
    """Hock and Schittkowski no. 71: min x1 x4 (x1 + x2 + x3) + x3, known optimum 17.0140173."""
    import cyipopt

    class HS071:
        def objective(self, x):
            return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]

        def gradient(self, x):
            s = x[0] + x[1] + x[2]
            return np.array([x[3] * (s + x[0]), x[0] * x[3], x[0] * x[3] + 1.0, x[0] * s])

        def constraints(self, x):
            return np.array([np.prod(x), np.dot(x, x)])

        def jacobian(self, x):
            return np.concatenate((np.prod(x) / x, 2 * x))

    problem = cyipopt.Problem(
        n=4, m=2, problem_obj=HS071(), lb=np.ones(4), ub=np.full(4, 5.0), cl=[25.0, 40.0], cu=[2e19, 40.0]
    )
    problem.add_option("print_level", 0)
    problem.add_option("hessian_approximation", "limited-memory")
    x, info = problem.solve(np.array([1.0, 5.0, 5.0, 1.0]))
    assert info["status"] == 0
    assert np.isclose(info["obj_val"], 17.0140173, rtol=1e-7)
    assert np.allclose(x, [1.0, 4.7429994, 3.8211503, 1.3794082], rtol=1e-6)


def _circle(radius):
    """Largest x + y in a circle, x at most 0.5."""
    builder = ProblemBuilder()
    xy = builder.x.add("xy", 2, upper=[0.5, np.inf], start=0.1)
    row = builder.g.add("radius", 1, upper=radius**2)
    builder.add_term(SQUARE, np.repeat(row, 2), xy[:, None], np.ones((2, 1)))
    builder.add_objective(LINEAR, xy[:, None], -np.ones((2, 1)))
    return builder


def test_a_problem_of_terms_is_solved_to_its_known_optimum():
    result = ipopt.solve(_circle(1.0).build())
    assert result.status == "optimal"
    assert np.allclose(result.x, [0.5, np.sqrt(0.75)], atol=1e-7)
    # d(x + y)/d(r^2) = 1 / (2 y)
    assert np.isclose(result.multipliers[0], 0.5 / np.sqrt(0.75), rtol=1e-6)


def test_an_infeasible_problem_is_called_infeasible():
    builder = _circle(1.0)
    row = builder.g.add("beyond", 1, lower=3.0)
    builder.add_term(LINEAR, row, builder.x["xy"][:1, None], np.ones((1, 1)))
    assert ipopt.solve(builder.build()).status == "infeasible"


def test_running_out_of_iterations_is_said():
    assert ipopt.solve(_circle(1.0).build(), options={"max_iter": 1}).status == "iteration_limit"


def test_an_interruption_reaches_the_caller():
    def interrupt(iteration):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ipopt.solve(_circle(1.0).build(), on_iteration=interrupt)
