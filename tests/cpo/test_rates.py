"""Rates, lattices and first cells of stays from sessions: against a count by hand and against rates made elsewhere."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pandapower_evflex as evf
from tests.examples import examples

CASES = Path(__file__).parents[1] / "cases" / "cpo"
TUESDAY = "2024-05-14"


def sessions(*rows, day=TUESDAY):
    """Rows of outlet, arrival, end of charging, departure: hours of a day as "08:00", or timestamps."""

    def time(cell):
        return f"{day} {cell}" if isinstance(cell, str) and len(cell) == 5 else cell

    cells = [(evse, *map(time, times)) for evse, *times in rows]
    return pd.DataFrame(cells, columns=["evse", "arrival", "charging_end", "departure"])


def rates(table, n_evse=1, **options):
    return evf.cpo_rates_from_sessions(table, n_evse, **{"period_h": 1, **options})


def states(found, day=0, row=0):
    return "".join(map(str, found.lattices[day, row]))


@pytest.fixture(scope="module")
def jpl():
    return pd.read_csv(CASES / "jpl_2019q1_sessions.csv.gz")


@pytest.mark.parametrize("as_timestamps", [False, True])
def test_the_rates_of_real_sessions_are_those_counted_elsewhere(jpl, as_timestamps):
    """To their rounding of four decimals; text and timestamps alike."""
    stored = pd.read_csv(CASES / "jpl_2019q1_rates.csv")
    times = ["arrival", "charging_end", "departure"]
    table = jpl.assign(**{name: pd.to_datetime(jpl[name]) for name in times}) if as_timestamps else jpl
    days = pd.bdate_range("2019-01-07", "2019-03-29")
    found = evf.cpo_rates_from_sessions(table, 52, timezone="America/Los_Angeles", days=days)
    np.testing.assert_allclose(found.charging_rate, stored["charging_rate"], rtol=0, atol=5e-5)
    np.testing.assert_allclose(found.occupancy_rate, stored["occupancy_rate"], rtol=0, atol=5e-5)
    assert found.lattices.shape == found.arrivals.shape == (60, 52, 96)
    assert found.report[["read", "bad rows", "overlaps", "no charging end", "days", "gaps"]].tolist() == [
        4117, 0, 0, 7, 60, 0,
    ]  # fmt: skip


def test_a_stay_without_energy_charges_until_it_leaves_only_where_the_end_says_so():
    ends = [None, None, "10:00"]
    table = sessions(*((evse, "08:00", end, "12:00") for evse, end in zip("abc", ends, strict=True)))
    table["energy_kwh"] = [0.0, None, 0.0]
    found = rates(table, 3)
    assert [states(found, row=row)[8:12] for row in range(3)] == ["2222", "1111", "1122"]
    assert found.report["no charging end"] == 1


def test_weekdays_are_those_between_the_first_and_the_last_arrival(jpl):
    arrival = pd.to_datetime(jpl["arrival"]).dt.tz_convert("America/Los_Angeles")
    inside = jpl[(arrival >= "2019-01-07") & (arrival < "2019-03-30")]
    found = evf.cpo_rates_from_sessions(inside, 52, timezone="America/Los_Angeles")
    assert found.days.equals(pd.bdate_range("2019-01-07", "2019-03-29", unit="ns"))
    weekend = evf.cpo_rates_from_sessions(inside, 52, timezone="America/Los_Angeles", days="weekends")
    assert set(weekend.days.dayofweek) == {5, 6}
    assert weekend.occupancy_rate.max() < 0.3 < found.occupancy_rate.max()


def test_a_cell_is_what_happens_in_its_middle():
    found = rates(sessions(("a", "08:31", "10:00", "12:31"), ("b", "08:30", "08:30", "12:30")), 3)
    assert states(found, row=0) == "000000000" + "1" + "222" + "0" * 11
    assert states(found, row=1) == "00000000" + "2222" + "0" * 12
    assert states(found, row=2) == "0" * 24
    assert found.lattices.dtype == np.int8
    assert found.evse.tolist() == ["a", "b"]
    np.testing.assert_allclose(found.charging_rate, np.bincount([9], minlength=24) / 3)
    np.testing.assert_allclose(found.occupancy_rate[8:13], np.array([1, 2, 2, 2, 1]) / 3)


def test_the_first_cell_of_a_stay_tells_stays_apart_that_follow_each_other():
    found = rates(sessions(("a", "08:00", "09:00", "11:00"), ("a", "11:05", "12:00", "13:00")))
    assert states(found)[7:14] == "0122120"
    assert np.flatnonzero(found.arrivals[0, 0]).tolist() == [8, 11]
    assert found.plug_ins_per_day == 2.0


def test_a_stay_past_midnight_goes_on_the_next_day_without_a_second_arrival():
    found = rates(
        sessions(
            ("a", "22:00", f"{TUESDAY} 23:00", "2024-05-15 02:00"), ("a", *["2024-05-15 20:00"] * 2, "2024-05-15 21:00")
        )
    )
    assert states(found, 0) == "0" * 22 + "12"
    assert states(found, 1) == "22" + "0" * 18 + "2000"
    assert found.arrivals.sum() == 2


@examples(few=20, many=300)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), *[st.integers(0, 60 * 72)] * 3), min_size=1, max_size=12),
    period=st.sampled_from([5, 15, 30, 60]),
)
def test_every_cell_is_the_state_of_its_middle(rows, period):
    """Oracle: each outlet's minute by minute, later plug-ins written over earlier ones."""
    start = pd.Timestamp("2024-05-13")
    table = pd.DataFrame(rows, columns=["evse", "arrival", "charging_end", "departure"])
    minutes = table[["arrival", "charging_end", "departure"]].to_numpy()
    for i, name in enumerate(["arrival", "charging_end", "departure"]):
        table[name] = start + pd.to_timedelta(minutes[:, i], unit="min")
    good = minutes[:, 2] > minutes[:, 0]
    if not good.any():
        with pytest.raises(evf.InvalidInputError, match="leaves no session"):
            evf.cpo_rates_from_sessions(table, 3, period_h=period / 60, days="all")
        return
    found = evf.cpo_rates_from_sessions(table, 3, period_h=period / 60, days="all")
    labels = sorted({rows[i][0] for i in np.flatnonzero(good)})
    by_minute = np.zeros((3, 60 * 24 * 4), dtype=int)
    for i in sorted(np.flatnonzero(good), key=lambda i: (minutes[i, 0], minutes[i, 2])):
        arrival, end, departure = minutes[i]
        own = by_minute[labels.index(rows[i][0])]
        own[arrival:] = 0
        own[arrival:departure] = 2
        own[arrival : min(max(end, arrival), departure)] = 1
    first_day = int(minutes[good, 0].min()) // 1440
    middles = first_day * 1440 + np.arange(len(found.days) * 1440 // period) * period + period // 2
    expected = by_minute[:, middles].reshape(3, len(found.days), -1).swapaxes(0, 1)
    np.testing.assert_array_equal(found.lattices, expected)
    np.testing.assert_allclose(found.charging_rate, (expected == 1).mean(axis=(0, 1)))
    np.testing.assert_allclose(found.occupancy_rate, (expected > 0).mean(axis=(0, 1)))
    assert found.report["read"] == found.report["used"] + found.report["not sampled"] + found.report["bad rows"]


def test_rates_go_straight_onto_the_net():
    import pandapower.networks as nw

    net = nw.create_kerber_landnetz_freileitung_1()
    cpo = evf.create_cpo(net, 5, 2, 0.022)
    found = rates(sessions(("a", "08:00", "10:00", "12:00")), 2)
    evf.set_cpo_rates(net, cpo, found.charging_rate, found.occupancy_rate)
    assert net.cpo_charging_rate[cpo].tolist() == found.charging_rate.tolist()


# energy and power


def test_charging_ends_when_the_energy_is_charged():
    table = sessions(("a", "08:00", None, "16:00")).drop(columns="charging_end")
    in_kw = rates(table.assign(energy_kwh=22.0, p_kw=11.0))
    in_mw = rates(table.assign(energy_mwh=0.022, p_mw=0.011))
    for found in (in_kw, in_mw):
        assert states(found)[7:17] == "0112222220"
        assert found.report["no charging end"] == 0


def test_without_a_usable_end_of_charging_the_car_charges_until_it_leaves():
    table = sessions(("a", "08:00", None, "11:00"), ("b", "08:00", "09:00", "11:00"))
    found = rates(table.assign(energy_kwh=[22.0, 22.0], p_kw=[0.0, 11.0]), 2)
    assert [states(found, row=row)[8:11] for row in (0, 1)] == ["111", "122"]
    assert found.report["no charging end"] == 1


def test_the_end_of_charging_is_kept_within_the_stay_and_counted():
    found = rates(sessions(("a", "08:00", "15:00", "10:00"), ("b", "08:00", "06:00", "10:00")), 2)
    assert [states(found, row=row)[7:11] for row in (0, 1)] == ["0110", "0220"]
    assert found.report["charging end outside the stay"] == 2


# bad rows, overlaps, gaps


def test_what_cannot_be_used_is_left_out_and_counted():
    table = sessions(
        ("a", "08:00", "09:00", "12:00"),
        ("b", None, "09:00", "12:00"),
        ("b", "nonsense", "09:00", "12:00"),
        ("b", "08:00", "09:00", None),
        (None, "08:00", "09:00", "12:00"),
        ("b", "12:00", "12:00", "12:00"),
        ("b", 5, "09:00", "12:00"),
    )
    found = rates(table)
    assert found.report[["no arrival", "no departure", "no outlet", "no duration"]].tolist() == [3, 1, 1, 1]
    assert found.report[["read", "bad rows", "used"]].tolist() == [7, 6, 1]
    assert found.evse.tolist() == ["a"]


def test_a_stay_is_cut_at_the_next_plug_in_at_its_outlet():
    table = sessions(
        ("a", "08:00", "11:00", "16:00"), ("a", "10:00", "12:00", "13:00"), ("b", "09:00", "09:00", "10:00")
    )
    found = rates(table, 2)
    assert states(found)[7:15] == "01111200"
    assert np.flatnonzero(found.arrivals[0, 0]).tolist() == [8, 10]
    assert found.report["overlaps"] == 1


def test_a_session_told_twice_counts_once():
    once = sessions(("a", "08:00", "09:00", "12:00"))
    twice = rates(pd.concat([once, once]))
    np.testing.assert_array_equal(twice.lattices, rates(once).lattices)
    assert twice.arrivals.sum() == 1
    assert twice.report["overlaps"] == 1


def test_sessions_that_no_cell_shows_are_counted():
    found = rates(sessions(("a", "08:00", "08:10", "08:20"), ("a", "10:00", "11:00", "12:00")))
    assert found.report[["not sampled", "used"]].tolist() == [1, 1]


def test_days_without_any_session_are_empty_days_with_a_warning(caplog):
    table = pd.concat(
        [sessions(("a", "08:00", "09:00", "12:00"), day=day) for day in ("2024-05-13", "2024-05-15", "2024-05-20")]
    )
    found = rates(table)
    assert found.report[["days", "gaps"]].tolist() == [6, 3]
    np.testing.assert_allclose(found.occupancy_rate[8], 0.5)
    assert "no session on 2024-05-14, 2024-05-16, 2024-05-17" in caplog.text
    caplog.clear()
    named = rates(table, days=["2024-05-20", "2024-05-13"])
    assert named.report["gaps"] == 0 and named.occupancy_rate[8] == 1.0
    assert named.days.tolist() == [pd.Timestamp("2024-05-13"), pd.Timestamp("2024-05-20")]
    assert not caplog.records


# time zones


def test_times_of_any_zone_are_local_at_the_site():
    local = sessions(("a", "08:00", "09:00", "12:00"))
    berlin = {name: pd.to_datetime(local[name]).dt.tz_localize("Europe/Berlin") for name in local.columns[1:]}
    expected = rates(local).lattices
    for table in (
        local.assign(**berlin),
        local.assign(**{name: times.map(str) for name, times in berlin.items()}),
        local.assign(**{name: times.map(pd.Timestamp.to_pydatetime).astype(object) for name, times in berlin.items()}),
    ):
        np.testing.assert_array_equal(rates(table).lattices, expected)
    utc = local.assign(**{name: times.dt.tz_convert("UTC") for name, times in berlin.items()})
    np.testing.assert_array_equal(rates(utc, timezone="Europe/Berlin").lattices, expected)
    np.testing.assert_array_equal(rates(local, timezone="Europe/Berlin").lattices, expected)
    mixed = utc.assign(departure=berlin["departure"])
    np.testing.assert_array_equal(rates(mixed, timezone="Europe/Berlin").lattices, expected)


def test_times_in_utc_without_a_zone_of_the_site_are_warned_of(caplog):
    table = sessions(("a", *(f"{TUESDAY}T{hour}:00:00Z" for hour in ("08", "09", "12"))))
    assert states(rates(table))[7:13] == "012220"
    assert "say timezone=" in caplog.text


def test_text_with_offsets_of_summer_and_winter_needs_the_zone_of_the_site():
    table = pd.concat(
        [
            sessions(("a", *(f"2024-03-28 {hour}:00+01:00" for hour in ("08", "09", "12")))),
            sessions(("a", *(f"2024-04-02 {hour}:00+02:00" for hour in ("08", "09", "12")))),
        ]
    )
    with pytest.raises(evf.InvalidInputError, match="are several time zones; say timezone="):
        rates(table)
    found = rates(table, timezone="Europe/Berlin", days=["2024-03-28", "2024-04-02"])
    assert [states(found, day)[7:13] for day in (0, 1)] == ["012220"] * 2


@pytest.mark.parametrize(
    ("day", "arrival", "departure", "expected"),
    [
        # 02:00 to 03:00 does not exist; its cell is what happens at 03:00
        ("2024-03-31", "2024-03-31 01:00", "2024-03-31 03:00", "0100"),
        ("2024-03-31", "2024-03-31 01:00", "2024-03-31 04:00", "0111"),
        # 02:00 to 03:00 comes twice; its cell is the first pass
        ("2024-10-27", "2024-10-27 02:00+02:00", "2024-10-27 02:00+01:00", "0010"),
        ("2024-10-27", "2024-10-27 02:00+01:00", "2024-10-27 03:00+01:00", "0000"),
        ("2024-10-27", "2024-10-27 01:00+02:00", "2024-10-27 04:00+01:00", "0111"),
    ],
)
def test_every_day_has_as_many_cells_whatever_daylight_saving_does(day, arrival, departure, expected):
    found = rates(sessions(("a", arrival, departure, departure)), timezone="Europe/Berlin", days=[day])
    assert states(found) == expected + "0" * 20


def test_text_in_another_format_than_iso_is_read_as_a_whole():
    table = sessions(("a", "14/05/2024 08:00", "14/05/2024 09:00", "14/05/2024 12:00"))
    assert states(rates(table))[7:13] == "012220"
    gmt = sessions(("a", *(f"Tue, 14 May 2024 {hour}:00:00 GMT" for hour in ("06", "07", "10"))))
    assert states(rates(gmt, timezone="Europe/Berlin"))[7:13] == "012220"


# wrong input

GOOD = sessions(("a", "08:00", "09:00", "12:00"), ("b", "08:00", "09:00", "12:00"))
WRONG = {
    "no table": (lambda: rates([1, 2]), "sessions", "", "a DataFrame"),
    "no outlet column": (lambda: rates(GOOD.drop(columns="evse")), "sessions", "evse", 'columns={"evse": ...}'),
    "no end of charging": (
        lambda: rates(GOOD.drop(columns="charging_end")), "sessions", "charging_end", "energy_kwh and p_kw",
    ),
    "a column that is not there": (
        lambda: rates(GOOD, columns={"evse": "outlet"}), "sessions", "evse", "one of evse, arrival",
    ),
    "a column twice": (
        lambda: rates(pd.concat([GOOD, GOOD[["arrival"]]], axis=1)), "sessions", "arrival", "say which it is",
    ),
    "an unknown name of a column": (
        lambda: rates(GOOD, columns={"outlet": "evse"}), "columns", "outlet", "use arrival",
    ),
    "no sessions": (lambda: rates(GOOD.iloc[:0]), "sessions", "", "arrive, leave later"),
    "more outlets than the site has": (lambda: rates(GOOD, 1), "sessions", "evse", "or its sessions only"),
    "no outlets": (lambda: rates(GOOD, 0), "cpo_rates_from_sessions", "n_evse", "1 or more"),
    "half an outlet": (lambda: rates(GOOD, 2.5), "cpo_rates_from_sessions", "n_evse", "1 or more"),
    "a period that does not divide a day": (
        lambda: rates(GOOD, 2, period_h=0.7), "cpo_rates_from_sessions", "period_h", "0.25 for quarter hours",
    ),
    "a period in minutes": (lambda: rates(GOOD, 2, period_h=15), "cpo_rates_from_sessions", "period_h", "in hours"),
    "a period of 0": (lambda: rates(GOOD, 2, period_h=0), "cpo_rates_from_sessions", "period_h", "in hours"),
    "no period": (lambda: rates(GOOD, 2, period_h=np.nan), "cpo_rates_from_sessions", "period_h", "in hours"),
    "an unknown day type": (
        lambda: rates(GOOD, 2, days="monday"), "cpo_rates_from_sessions", "days", "weekdays, weekends",
    ),
    "no day of the type": (lambda: rates(GOOD, 2, days="weekends"), "cpo_rates_from_sessions", "days", "list of dates"),
    "numbers as days": (lambda: rates(GOOD, 2, days=[1, 2]), "cpo_rates_from_sessions", "days", "list of dates"),
    "an unknown time zone": (lambda: rates(GOOD, 2, timezone="Mars"), "sessions", "timezone", "Europe/Berlin"),
    "times with a zone beside times without": (
        lambda: rates(GOOD.assign(departure=f"{TUESDAY} 12:00+02:00"), 2), "sessions", "arrival", "say timezone=",
    ),
    "a column of times with and without a zone": (
        lambda: rates(GOOD.assign(departure=[f"{TUESDAY} 12:00+02:00", f"{TUESDAY} 12:00"]), 2),
        "sessions", "departure", "or all without",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_refused_by_name(what):
    call, table, column, remedy = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        call()
    assert [(fault.table, fault.column) for fault in error.value.faults] == [(table, column)]
    assert remedy in error.value.faults[0].remedy


def test_the_sessions_are_not_changed_and_the_result_is_read_only(caplog):
    caplog.set_level(logging.INFO)
    table = GOOD.copy()
    found = rates(table, 2)
    pd.testing.assert_frame_equal(table, GOOD)
    with pytest.raises(ValueError, match="read-only"):
        found.lattices[0] = 1
    assert "read 2" in caplog.text


def test_printing_rates_tells_when_how_much_and_from_what():
    sessions = pd.DataFrame(
        {
            "evse": ["a", "b", None],
            "arrival": ["2024-05-13 08:00", "2024-05-13 09:00", "2024-05-13 09:00"],
            "charging_end": ["2024-05-13 10:00", "2024-05-13 10:00", "2024-05-13 10:00"],
            "departure": ["2024-05-13 12:00", "2024-05-13 17:00", "2024-05-13 10:00"],
        }
    )
    rates = evf.cpo_rates_from_sessions(sessions, 4, days=["2024-05-13", "2024-05-14"])
    text = str(rates)
    assert "4 outlets, 2 of them with sessions; 2 days from 2024-05-13 to 2024-05-14, 96 periods of 0.25 h" in text
    assert "charging: 1.56 % of the outlets on average, at most 25 % (1 outlets) from 09:00" in text
    assert "0.25 plug-ins per outlet and day" in text and "no outlet 1" in text and "\n" not in repr(rates)
    assert "no end of charging" not in text
    until_they_leave = evf.cpo_rates_from_sessions(sessions.assign(charging_end=[None, *sessions.charging_end[1:]]), 4)
    assert "1 of 2 sessions have no end of charging" in str(until_they_leave)


def test_text_of_days_and_of_sessions_is_in_one_order_of_day_and_month():
    """Of 5 September nothing tells the order but the departure of another session."""
    table = sessions(("a", "05/09/2024 08:00", "05/09/2024 09:00", "05/09/2024 10:00"),
                     ("a", "13/09/2024 08:00", "13/09/2024 09:00", "13/09/2024 10:00"))  # fmt: skip
    assert rates(table, days=["05/09/2024"]).days.tolist() == [pd.Timestamp("2024-09-05")]
    assert rates(table[:1], days=["05/09/2024", "13/09/2024"]).days.tolist() == [
        pd.Timestamp("2024-09-05"), pd.Timestamp("2024-09-13"),
    ]  # fmt: skip
    with pytest.raises(evf.InvalidInputError, match="cpo_rates_from_sessions.days.* in two orders"):
        rates(table, days=["09/13/2024"])
    with pytest.raises(evf.InvalidInputError, match="dayfirst=True or dayfirst=False"):
        rates(table[:1], days=["06/09/2024"])


def test_all_that_is_wrong_with_sessions_is_said_at_once():
    table = sessions(("a", "05/09/2024 08:00", None, "05/09/2024 10:00")).assign(energy_kwh="19,96", p_kw="11 kW")
    with pytest.raises(evf.InvalidInputError) as error:
        evf.cpo_rates_from_sessions(table, 0, period_h=0.7)
    columns = {fault.column for fault in error.value.faults}
    assert columns == {"n_evse", "period_h", "arrival", "energy_kwh", "p_kw"}
