"""OCPI Sessions and CDRs: one row per session that charged, whatever envelope, state or correction stands around it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import read_sessions


@pytest.fixture
def file(tmp_path):
    def write(content, name="ocpi.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def session(**changes):
    """As in the specification of OCPI 2.2.1, shortened."""
    return {
        "country_code": "NL", "party_id": "STK", "id": "101", "start_date_time": "2020-03-09T10:17:09Z",
        "end_date_time": "2020-03-09T14:17:09Z", "kwh": 12.5, "cdr_token": {"uid": "123abc", "type": "RFID"},
        "auth_method": "WHITELIST", "location_id": "LOC1", "evse_uid": "3256", "connector_id": "1", "currency": "EUR",
        "charging_periods": [
            {"start_date_time": "2020-03-09T10:17:09Z", "dimensions": [{"type": "ENERGY", "volume": 12.5}]},
            {"start_date_time": "2020-03-09T13:17:09Z", "dimensions": [{"type": "PARKING_TIME", "volume": 1.0}]},
        ],
        "status": "COMPLETED", "last_updated": "2020-03-09T14:20:00Z", **changes,
    }  # fmt: skip


def cdr(**changes):
    return {
        "country_code": "BE", "party_id": "BEC", "id": "12345", "start_date_time": "2015-06-29T21:39:09Z",
        "end_date_time": "2015-06-29T23:37:32Z", "cdr_token": {"uid": "012345678", "contract_id": "DE8ACC12E46L89"},
        "cdr_location": {"id": "LOC1", "evse_uid": "3257", "evse_id": "BE*BEC*E041503003"}, "currency": "EUR",
        "total_energy": 15.342, "total_time": 1.973, "total_parking_time": 0.5, "last_updated": "2015-06-29T22:01:13Z",
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize("around", [lambda one: one, lambda one: [one], lambda one: {"data": [one]},
                                    lambda one: {"data": one, "status_code": 1000},
                                    lambda one: [{"data": [one]}, {"data": []}]])  # fmt: skip
@pytest.mark.parametrize("format", [None, "ocpi"])
def test_every_envelope_tells_the_same(file, around, format):
    found = read_sessions(file(around(session())), format)
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["evse"], row["user"], row["energy_kwh"]) == ("3256", "123abc", 12.5)
    assert row["arrival"] == pd.Timestamp("2020-03-09 10:17:09", tz="UTC")
    assert row["charging_end"] == pd.Timestamp("2020-03-09 13:17:09", tz="UTC")
    assert row["departure"] == pd.Timestamp("2020-03-09 14:17:09", tz="UTC")


def test_a_cdr_is_read_with_its_parking_time_at_the_end(file):
    row = read_sessions(file([cdr()])).iloc[0]
    assert (row["evse"], row["user"], row["energy_kwh"]) == ("3257", "012345678", 15.342)
    assert row["charging_end"] == pd.Timestamp("2015-06-29 23:07:32", tz="UTC")


def test_lines_of_json_are_records(file):
    lines = "\n".join(json.dumps(session(id=str(number), evse_uid=str(number))) for number in range(3))
    assert len(read_sessions(file(lines))) == 3


def test_times_without_a_zone_are_utc_and_may_be_told_in_that_of_the_site(file):
    found = read_sessions(file([session(end_date_time="2020-03-09T14:17:09"), session(id="2")]), timezone="Europe/Oslo")
    assert str(found["arrival"].dt.tz) == "Europe/Oslo"
    assert found["departure"].nunique() == 1 and found["departure"].iloc[0].hour == 15


def test_a_zone_that_is_none_is_refused(file):
    with pytest.raises(evf.InvalidInputError, match="read_sessions.timezone: Mars is not a time zone"):
        read_sessions(file([session()]), timezone="Mars")


def test_of_a_session_in_several_states_the_last_one_counts(file):
    states = [
        session(kwh=12.5), session(kwh=3.0, status="ACTIVE", last_updated="2020-03-09T11:00:00Z", end_date_time=None),
    ]  # fmt: skip
    for content in (states, states[::-1]):
        found = read_sessions(file(content))
        assert found["energy_kwh"].tolist() == [12.5]
        assert found.attrs["report"]["earlier states"] == 1 and found.attrs["report"]["read"] == 2


def test_what_did_not_charge_and_what_was_credited_is_left_out_and_counted(file):
    found = read_sessions(file([session(), session(id="b", status="INVALID"), session(id="c", status="RESERVATION")]))
    assert len(found) == 1 and found.attrs["report"]["not charged"] == 2
    credit = cdr(id="c", credit=True, credit_reference_id="12345", total_energy=-15.342)
    found = read_sessions(file([cdr(), credit, cdr(id="new", total_energy=14.0)]))
    assert found["energy_kwh"].tolist() == [14.0] and found.attrs["report"]["credited"] == 2


def test_bad_rows_are_counted(file):
    rows = [
        session(), session(id="b", end_date_time=None), session(id="c", evse_uid="#NA"), session(id="d", kwh=None),
        session(id="e", cdr_token=None), session(id="f", charging_periods=None),
        session(id="g", evse_uid="x", charging_periods=[5]),
    ]  # fmt: skip
    report = read_sessions(file(rows)).attrs["report"]
    counts = {"no departure": 1, "no outlet": 1, "no energy": 1, "no user": 1, "no charging end": 3, "no arrival": 0}
    assert {reason: report[reason] for reason in counts} == counts


def test_a_negative_energy_is_none_and_is_counted(file):
    found = read_sessions(file([session(kwh=-3.0), session(id="2", evse_uid="x")]))
    assert found["energy_kwh"].isna().tolist() == [True, False] and found.attrs["report"]["negative energy"] == 1
    assert evf.cpo_rates_from_sessions(found, 2, period_h=1).charging_p_mw == pytest.approx(12.5e-3 / 3)


def test_records_without_an_id_that_tell_the_same_count_once(file):
    found = read_sessions(file([cdr(id=None), cdr(id=None), cdr(id=None, total_energy=9.0)]))
    assert found["energy_kwh"].tolist() == [15.342, 9.0] and found.attrs["report"]["repeated"] == 1


def test_rates_follow(file):
    rates = evf.cpo_rates_from_sessions(read_sessions(file([session(), session(id="2", evse_uid="x")])), 2, period_h=1)
    assert rates.occupancy_rate[[9, 11, 13, 15]].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert rates.charging_rate[[11, 13]].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([session(), cdr()], "stand beside CDRs"),
        ({"status_code": 2001, "status_message": "Unknown token", "data": []}, "2001 Unknown token"),
        ({"data": [], "status_code": 1000}, "holds no sessions"),
        ([session(), {"id": 3}], "of row 1: the keys id lack it"),
        ([session(kwh="12.5")], "is not a number"),
        ([session(start_date_time="yesterday")], "yesterday"),
        ([session(), 5], "holds no sessions"),
    ],
)
def test_what_cannot_be_read_is_named(file, content, words):
    with pytest.raises(evf.InvalidInputError, match=words):
        read_sessions(file(content), "ocpi")


@pytest.mark.parametrize("kwh", [12500.0, 0.0125])
def test_energies_in_another_unit_than_the_format_s_are_refused(file, kwh):
    with pytest.raises(evf.InvalidInputError, match="unit of the format: kWh"):
        read_sessions(file([session(kwh=kwh)]))
