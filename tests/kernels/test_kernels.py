"""Every kernel's derivatives are those of its value."""

from __future__ import annotations

import numpy as np
import pytest

from pandapower_evflex.kernels import ALL_KERNELS, BUS_PAIR_POWER, SQUARE, SQUARED_CURRENT, SQUARED_POWER
from pandapower_evflex.nlp.derivative_check import derivative_errors
from pandapower_evflex.nlp.problem import ProblemBuilder

#: central differences with double precision are good to about 1e-9 of the largest entry
DIFFERENCE_TOLERANCE = 1e-7


def _random_problem(kernel, seed, n_rows=7):
    rng = np.random.default_rng(seed)
    builder = ProblemBuilder()
    builder.x.add("v", (n_rows, kernel.n_variables))
    builder.g.add("g", 4)
    rows = rng.integers(0, 4, n_rows)  # several terms share a row
    columns = rng.permuted(np.arange(n_rows * kernel.n_variables)).reshape(n_rows, -1)
    builder.add_term(kernel, rows, columns, rng.normal(size=(n_rows, kernel.n_parameters)))
    builder.add_objective(kernel, columns[:, ::-1], rng.normal(size=(n_rows, kernel.n_parameters)))
    return builder.build(), rng


@pytest.mark.parametrize("kernel", ALL_KERNELS, ids=lambda k: k.name)
@pytest.mark.parametrize("seed", range(3))
def test_derivatives_equal_central_differences(kernel, seed):
    problem, rng = _random_problem(kernel, seed)
    errors = derivative_errors(problem, rng.uniform(0.5, 1.5, problem.n), rng.normal(size=problem.m))
    assert errors.gradient < DIFFERENCE_TOLERANCE
    assert errors.jacobian < DIFFERENCE_TOLERANCE
    # the objective's weight is 1, the constraints' are the multipliers
    assert errors.hessian < DIFFERENCE_TOLERANCE


def _evaluate(kernel, v, parameters):
    out = np.empty(1)
    kernel.value(np.array(v), np.arange(len(v)).reshape(1, -1), np.array([parameters]), out)
    return out[0]


def test_bus_power_and_branch_flow_equal_complex_arithmetic():
    """S_k = V_k conj(y_kk V_k + y_km V_m), written with complex numbers."""
    rng = np.random.default_rng(1)
    y_kk, y_km = rng.normal(size=2) + 1j * rng.normal(size=2)
    theta_k, theta_m, v_k, v_m = 0.3, -0.2, 1.04, 0.97
    big_v_k, big_v_m = v_k * np.exp(1j * theta_k), v_m * np.exp(1j * theta_m)
    v = [theta_k, theta_m, v_k, v_m]
    s_pair = big_v_k * np.conj(y_km * big_v_m)
    assert np.isclose(_evaluate(BUS_PAIR_POWER, v, [y_km.real, y_km.imag]), s_pair.real, rtol=1e-13)
    assert np.isclose(_evaluate(BUS_PAIR_POWER, v, [-y_km.imag, y_km.real]), s_pair.imag, rtol=1e-13)
    s_own = big_v_k * np.conj(y_kk * big_v_k)
    assert np.isclose(_evaluate(SQUARE, [v_k], [y_kk.real]), s_own.real, rtol=1e-13)
    assert np.isclose(_evaluate(SQUARE, [v_k], [-y_kk.imag]), s_own.imag, rtol=1e-13)
    parameters = [y_kk.real, y_kk.imag, y_km.real, y_km.imag]
    current = abs(y_kk * big_v_k + y_km * big_v_m)
    assert np.isclose(_evaluate(SQUARED_CURRENT, v, parameters), current**2, rtol=1e-13)
    assert np.isclose(_evaluate(SQUARED_POWER, v, parameters), (v_k * current) ** 2, rtol=1e-13)
