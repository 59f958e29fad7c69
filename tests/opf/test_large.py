"""The built-in case in several draws and at its largest: solved and verified. Slow: `python -m pytest -m slow`."""

from __future__ import annotations

import pytest

import pandapower_evflex as evf

pytestmark = pytest.mark.slow

CASES = [{"seed": seed} for seed in range(6)] + [{"n_periods": 672}, {"n_buses": 1000}, {"n_evs": 120}]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_suburb_is_solved_and_verified(case):
    net, profiles = evf.networks.suburban_lv(**case)
    # 120 EVs overload a transformer built for 24 only when called up together, which the run prevents
    result = evf.run_flexibility_opf(net, profiles, progress=False)
    assert result.status == "optimal"
    assert result.verification["max_mismatch_mva"] < 1e-8
    kinds = [v for k, v in result.verification.items() if k.endswith(("voltage", "overload", "violation"))]
    assert max(kinds) < 1e-6
    assert (result.binding["element_type"] == "trafo").any()
