"""What is wrong with sites and their rates is refused by name wherever it is given, and odd but sound input is not."""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import pytest

import pandapower_evflex as evf
from tests.cpo.lattices import stored

BAD = {case["what"]: case for case in stored("bad_inputs")["cases"]}
RATES = [what for what, case in BAD.items() if "C" in case or "length" in case]


def net_with_site(n_evse=60, evse_p_mw=0.025, **options):
    net = nw.create_kerber_landnetz_freileitung_1()
    evf.create_cpo(net, 5, n_evse, evse_p_mw, **options)
    return net


TAKE_RATES = {
    "set_cpo_rates": lambda c, o: evf.set_cpo_rates(net_with_site(), 0, c, o),
    "state_probabilities": evf.state_probabilities,
    "estimate_transition_matrices": evf.estimate_transition_matrices,
}


#: `state_probabilities` takes any part of a day
PAIRS = [
    (function, what)
    for function in TAKE_RATES
    for what in RATES
    if function != "state_probabilities" or "length" not in BAD[what]
]


@pytest.mark.parametrize(("function", "what"), PAIRS)
def test_rates_that_are_wrong_are_refused_by_name(function, what):
    case = BAD[what]
    c, o = (np.array(case.get(name, [0.2] * case.get("length", 0)), dtype=float) for name in "CO")
    if not case["answer"].startswith("error"):
        answer = TAKE_RATES[function](c, o)
        assert answer is None or (np.all(np.isfinite(answer)) and np.all(answer >= 0.0))
        return
    with pytest.raises(ValueError) as error:
        TAKE_RATES[function](c, o)
    assert isinstance(error.value, evf.InvalidInputError)
    assert "rate" in str(error.value)
    if "percent" in what:
        assert "0.45, not 45 percent" in str(error.value)


def bid_mw(**site):
    net = net_with_site(**site)
    evf.set_cpo_rates(net, 0, 0.45, 0.85)
    return evf.cpo_peak_shaving(net, 11, 12).at[0, "p_mw"]


SITES = {
    "N = 0": {"n_evse": 0},
    "N negative or not an integer": {"n_evse": -3},
    "half an outlet": {"n_evse": 2.5},
    "P = 0": {"evse_p_mw": 0.0},
    "P negative, NaN or infinite": {"evse_p_mw": -0.022},
    "P missing": {"evse_p_mw": np.nan},
    "P infinite": {"evse_p_mw": np.inf},
    "negative price": {"price_eur_per_mwh": -1.0},
}


@pytest.mark.parametrize("what", SITES)
def test_sites_that_are_wrong_are_refused_and_empty_ones_bid_nothing(what):
    if BAD.get(what, {"answer": "error"})["answer"].startswith("ok"):
        assert bid_mw(**SITES[what]) == 0.0
        return
    with pytest.raises(evf.InvalidInputError) as error:
        bid_mw(**SITES[what])
    assert [fault.column for fault in error.value.faults] == list(SITES[what])
