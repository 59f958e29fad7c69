"""Sessions of ACN-Data come with the site's time zone and go straight on."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import read_acn_sessions, sessions_from_reports


def item(station="1-1-193-829", **values):
    return {
        "_id": "x",
        "clusterID": "0001",
        "connectionTime": "Wed, 02 Jan 2019 14:00:51 GMT",
        "doneChargingTime": "Wed, 02 Jan 2019 17:29:37 GMT",
        "disconnectTime": "Thu, 03 Jan 2019 01:19:57 GMT",
        "kWhDelivered": 10.143,
        "stationID": station,
        "timezone": "America/Los_Angeles",
        "userInputs": None,
        **values,
    }


@pytest.fixture
def acn_file(tmp_path):
    def write(content):
        path = tmp_path / "acn.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("as_answer_of_the_api", [True, False])
def test_times_are_local_and_energy_is_in_kwh(acn_file, as_answer_of_the_api):
    items = [item(), item("1-1-191-789", doneChargingTime=None, kWhDelivered=3)]
    found = read_acn_sessions(acn_file({"_meta": {"site": "jpl"}, "_items": items} if as_answer_of_the_api else items))
    assert found["evse"].tolist() == ["1-1-193-829", "1-1-191-789"]
    assert found["energy_kwh"].tolist() == [10.143, 3.0]
    assert found.loc[0, "arrival"] == pd.Timestamp("2019-01-02 06:00:51", tz="America/Los_Angeles")
    assert str(found["departure"].dt.tz) == "America/Los_Angeles"
    assert found["charging_end"].isna().tolist() == [False, True]


def test_rates_follow_without_further_arguments(acn_file):
    path = acn_file({"_items": [item(), item("b", doneChargingTime=None), item("c", connectionTime=None)]})
    rates = evf.cpo_rates_from_sessions(read_acn_sessions(path), 4, period_h=1)
    assert "".join(map(str, rates.lattices[0, 0])) == "000000" + "111" + "2" * 8 + "0" * 7
    assert "".join(map(str, rates.lattices[0, 1])) == "000000" + "1" * 11 + "0" * 7
    np.testing.assert_allclose(rates.occupancy_rate[10], 0.5)
    assert rates.report[["bad rows", "no charging end"]].tolist() == [1, 1]


def test_sessions_of_a_horizon_follow_too(acn_file):
    reports = read_acn_sessions(acn_file([item()]))
    sessions, report = sessions_from_reports(reports, pd.Timestamp("2019-01-02", tz="America/Los_Angeles"), 24)
    columns = {"user": "evse", "plug_in": "arrival", "plug_out": "departure"}
    named, _ = sessions_from_reports(reports, pd.Timestamp("2019-01-02", tz="America/Los_Angeles"), 24, columns=columns)
    pd.testing.assert_frame_equal(named, sessions)
    assert report["kept"] == 1
    np.testing.assert_allclose(sessions["arrival_h"], 6 + 51 / 3600)


def test_what_is_missing_or_garbled_in_a_session_is_missing_in_its_row(acn_file):
    found = read_acn_sessions(acn_file([item(), {}, item(connectionTime="yesterday", kWhDelivered="n/a")]))
    assert found["arrival"].isna().tolist() == [False, True, True]
    assert found["energy_kwh"].isna().tolist() == [False, True, True]
    assert found.attrs["report"] == {
        "read": 3, "repeated": 0, "negative energy": 0, "no outlet": 1, "no arrival": 2, "no departure": 1,
        "no charging end": 1, "no energy": 2,
    }  # fmt: skip


def test_text_where_the_energy_belongs_is_refused(acn_file):
    with pytest.raises(
        evf.InvalidInputError, match='acn.json.kWhDelivered of row 1: .10,143. is not a number.*decimal=","'
    ):
        read_acn_sessions(acn_file([item(), item(kWhDelivered="10,143")]))


def test_a_session_on_two_pages_counts_once(acn_file):
    found = read_acn_sessions(acn_file([item(sessionID="a"), item("b", sessionID="b"), item(sessionID="a", _id="y")]))
    assert found["evse"].tolist() == ["1-1-193-829", "b"] and found.attrs["report"]["repeated"] == 1


def test_a_session_that_is_told_in_two_ways_is_refused(acn_file):
    with pytest.raises(evf.InvalidInputError, match="sessionID of rows 0, 2: a is told again in another way"):
        read_acn_sessions(acn_file([item(sessionID="a"), item(sessionID="b"), item(sessionID="a", kWhDelivered=3.0)]))


WRONG = {
    "no JSON": ("connectionTime,", "give the file as downloaded"),
    "no sessions": ({"_meta": {}}, "a list of sessions"),
    "an empty list": ({"_items": []}, "a list of sessions"),
    "sessions of another kind": ([{"start": "2019-01-02T14:00:51Z", "kwh": 3}], "connectionTime"),
    "no list of sessions": ([1, 2], "a list of sessions"),
    "several sites": ([item(), item(timezone="Europe/Berlin")], "one by one"),
}


@pytest.mark.parametrize("what", WRONG)
def test_other_files_are_refused(acn_file, what):
    content, remedy = WRONG[what]
    with pytest.raises(evf.InvalidInputError, match="acn.json") as error:
        read_acn_sessions(acn_file(content))
    assert remedy in error.value.faults[0].remedy


def test_the_order_of_day_and_month_can_be_said(acn_file):
    path = acn_file([item(connectionTime="05/06/2024 08:00", doneChargingTime=None, disconnectTime="05/06/2024 09:00")])
    with pytest.raises(evf.InvalidInputError, match="dayfirst"):
        read_acn_sessions(path)
    assert read_acn_sessions(path, dayfirst=True).loc[0, "arrival"].month == 6
    assert read_acn_sessions(path, dayfirst=False).loc[0, "arrival"].month == 5


@pytest.mark.parametrize("cell", [5, 7.5, "1715673600", {"$date": {"$numberLong": "x"}}, {"$date": None}, [1], True])
def test_what_is_no_time_costs_its_session_only_and_is_counted(acn_file, cell):
    found = read_acn_sessions(acn_file([item(connectionTime=cell), item()]))
    assert found["arrival"].isna().tolist() == [True, False] and found.attrs["report"]["no arrival"] == 1


@pytest.mark.parametrize("cell", [5, "1715673600", {"$date": {"$numberLong": "x"}}, [1], True])
def test_a_key_without_any_time_is_refused_by_name(acn_file, cell):
    with pytest.raises(evf.InvalidInputError, match="not a timestamp") as error:
        read_acn_sessions(acn_file([item(connectionTime=cell)]))
    assert error.value.faults[0].column == "connectionTime"


def test_all_that_is_wrong_with_a_file_is_said_at_once(acn_file):
    wrong = [item(timezone="Mars"), item(timezone="Mars", kWhDelivered="10,1", connectionTime="14:00")]
    with pytest.raises(evf.InvalidInputError) as error:
        read_acn_sessions(acn_file(wrong))
    assert [fault.column for fault in error.value.faults] == ["kWhDelivered", "connectionTime", "timezone"]
