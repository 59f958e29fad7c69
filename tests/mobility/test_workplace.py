"""Sessions at a workplace: stays that do not overlap, rates of a workplace, and the file that the tutorial reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf

TUTORIAL_FILE = Path(__file__).parents[2] / "tutorials" / "workplace_sessions.csv"
DAYS = pd.bdate_range("2024-03-04", periods=60)


@pytest.fixture(scope="module")
def sessions():
    return evf.mobility.sample_workplace_sessions(100, DAYS, seed=0)


@pytest.fixture(scope="module")
def rates(sessions):
    return evf.cpo_rates_from_sessions(sessions, 100)


def test_the_file_of_the_tutorial_is_what_the_function_draws():
    stored = pd.read_csv(TUTORIAL_FILE, parse_dates=["arrival", "charging_end", "departure"])
    drawn = evf.mobility.sample_workplace_sessions(16, pd.bdate_range("2024-03-04", periods=20), seed=2024)
    pd.testing.assert_frame_equal(stored, drawn.astype(stored.dtypes))


def test_stays_of_an_outlet_do_not_overlap_and_charging_is_within_them(sessions, rates):
    counts = rates.report[["bad rows", "overlaps", "charging end outside the stay", "gaps"]]
    assert counts.tolist() == [0, 0, 0, 0]
    in_order = sessions.sort_values(["evse", "arrival"])
    same = in_order["evse"].eq(in_order["evse"].shift())
    assert (in_order["arrival"] > in_order["departure"].shift())[same].all()
    assert rates.report["used"] == rates.report["read"] == len(sessions)


def test_nobody_stays_over_night_and_only_given_days_have_sessions(sessions):
    assert set(sessions["arrival"].dt.normalize()) == set(DAYS)
    assert sessions["departure"].dt.normalize().eq(sessions["arrival"].dt.normalize()).all()


def test_the_lot_is_full_and_half_charging_before_noon_and_full_and_idle_after_it(rates):
    """As the paper's Fig. 1 and its example: 0.85 occupied and 0.45 charging from 11:00 to 12:00."""
    noon, afternoon = slice(44, 48), slice(56, 60)
    assert rates.occupancy_rate[noon].mean() == pytest.approx(0.85, abs=0.05)
    assert rates.charging_rate[noon].mean() == pytest.approx(0.45, abs=0.05)
    assert rates.occupancy_rate[afternoon].mean() == pytest.approx(0.83, abs=0.05)
    assert rates.charging_rate[afternoon].mean() == pytest.approx(0.25, abs=0.05)
    assert rates.occupancy_rate[:20].max() == 0.0


def test_days_differ_by_more_than_independent_cars_would(rates):
    charging = (rates.lattices[:, :, 46] == 1).mean(axis=1)
    independent = np.sqrt(charging.mean() * (1 - charging.mean()) / 100)
    assert charging.std(ddof=1) > 1.3 * independent


def test_the_seed_decides():
    draws = [evf.mobility.sample_workplace_sessions(9, DAYS[:2], seed=seed) for seed in (3, 3, 4)]
    pd.testing.assert_frame_equal(draws[0], draws[1])
    assert not draws[0].equals(draws[2])


def test_days_as_text_are_read_in_one_order_of_day_and_month_or_refused():
    text = ["03/06/2024", "13/06/2024"]
    found = evf.mobility.sample_workplace_sessions(20, text, seed=0)
    assert set(found["arrival"].dt.normalize()) == {pd.Timestamp("2024-06-03"), pd.Timestamp("2024-06-13")}
    with pytest.raises(evf.InvalidInputError, match="03/06/2024.*give dayfirst=True or dayfirst=False"):
        evf.mobility.sample_workplace_sessions(20, text[:1], seed=0)
    for dayfirst, day in ((True, "2024-06-03"), (False, "2024-03-06")):
        found = evf.mobility.sample_workplace_sessions(20, text[:1], seed=0, dayfirst=dayfirst)
        assert set(found["arrival"].dt.normalize()) == {pd.Timestamp(day)}


@pytest.mark.parametrize("days", [[45_357.0], ["2024-02-30"], ["12:00"], [None], ["-"], "2024-06-03", {"2024-06-03"}])
def test_days_that_are_no_dates_are_refused(days):
    with pytest.raises(evf.InvalidInputError, match="sample_workplace_sessions.days"):
        evf.mobility.sample_workplace_sessions(2, days, seed=0)
