"""Status and objective of cases that an independent implementation, or a pencil, solved before."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from tests.opf.cases import CASES, read_case

#: the cases are solved to about 1e-8; further digits are the other solver's
OBJECTIVE_TOLERANCE = 1e-6


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_status_and_objective_equal_the_independent_solution(name):
    net, profiles, arguments, expected = read_case(name)
    result = evf.run_flexibility_opf(net, profiles, raise_on_failure=False, **arguments)
    assert result.status == expected["status"]
    if expected["status"] == "optimal":
        assert np.isclose(result.objective_mw, expected["objective_mw"], rtol=OBJECTIVE_TOLERANCE, atol=0)
        assert result.verification["max_mismatch_mva"] < 1e-8
        assert max(v for k, v in result.verification.items() if k.endswith(("voltage", "overload", "violation"))) < 1e-6
        binding = result.binding
        at_trafo = binding[binding["element_type"] == "trafo"]
        assert len(at_trafo[["scenario", "period"]].drop_duplicates()) == expected["binding_counts"]["trafo"]


@pytest.mark.parametrize("name", ["toy3_energy", "toy3_line"])
def test_objective_equals_the_optimum_by_hand(name):
    net, profiles, arguments, expected = read_case(name)
    result = evf.run_flexibility_opf(net, profiles, **arguments)
    assert np.isclose(result.objective_mw, expected["analytic_objective_mw"], rtol=OBJECTIVE_TOLERANCE, atol=0)
