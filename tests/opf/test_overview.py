"""print(result) answers in some ten lines: what can be moved, what limits it, how it was checked."""

from __future__ import annotations

import pytest

import pandapower_evflex as evf
from tests.networks.solved import solved_suburb
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net


def test_a_solved_day_is_told_with_its_numbers():
    result = solved_suburb().result
    text = str(result)
    assert 8 <= len(text.splitlines()) <= 12 and max(map(len, text.splitlines())) < 160
    assert f"{250 * result.p_mw.sum().sum():.4g} kWh scheduled" in text
    up = 1e3 * result.p_up_mw.sum(axis=1)
    assert f"largest {up.max():.4g} kW in period {up.idxmax()}" in text
    assert f"trafo 0 in {result.binding.period.nunique()} periods" in text
    assert f"they leave {100.0 * result.objective_mw / result.bound_mw:.3g} % of what the cars could offer" in text
    lowest = result.vm_pu["up"].min().min()
    assert f"lowest voltage {lowest:.4g} pu" in text and "all upward" in text
    assert f"verified by {result.verification['n_power_flows']} power flows" in text


def test_elements_that_bind_are_named_and_shares_of_reasons_add_up():
    result = evf.run_flexibility_opf(two_feeders_net(), **EIGHT_HOURS)
    text = str(result)
    assert "line 0 in" in text and "line 1 in" in text
    for line in text.splitlines():
        if line.startswith("limits of the cars"):
            shares = [float(word) for word in line.replace("%", "").split() if word.isdigit()]
            assert sum(shares) == pytest.approx(100.0, abs=2.0)


def test_without_a_schedule_the_message_and_the_size_are_told():
    net = feeder_net(2)
    net.ev_session["e_departure_mwh"] = net.ev["max_e_mwh"].max()
    net.ev_session["departure_h"] = net.ev_session["arrival_h"] + 1.0
    result = evf.run_flexibility_opf(net, **EIGHT_HOURS, raise_on_failure=False)
    assert str(result).startswith("infeasible: ") and "2 EVs" in str(result)


def test_a_result_at_the_prompt_is_one_line():
    assert repr(solved_suburb().result).count("\n") == 0 and "optimal" in repr(solved_suburb().result)


def test_nothing_scheduled_is_said_only_where_nothing_is():
    """Where all of a scheduled power is offered, that is the reason."""
    result = evf.run_flexibility_opf(feeder_net(3, sn_mva=1.0), **EIGHT_HOURS)
    seen = set()
    for t in range(8):
        reasons = result.limited_by(t)["down"]
        for ev, reason in reasons.items():
            p, down = result.p_mw.iloc[t][ev], result.p_down_mw.iloc[t][ev]
            if reason == "nothing scheduled":
                assert p < 1e-6
            if reason == "all scheduled power":
                assert p > 1e-6 and down == pytest.approx(p, rel=1e-3)
            seen.add(reason)
    assert "all scheduled power" in seen
