"""Charging reports become sessions; what is left out is counted."""

from __future__ import annotations

import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import sessions_from_reports

START = pd.Timestamp("2024-05-14 12:00")
COLUMNS = {"user": "box", "plug_in": "from", "plug_out": "to", "energy_kwh": "kWh"}


def reports(*rows):
    return pd.DataFrame(rows, columns=["box", "from", "to", "kWh"])


def test_times_count_from_the_start_and_energy_is_need_and_room():
    sessions, report = sessions_from_reports(
        reports(
            ("b", "2024-05-14 18:00", "2024-05-15 07:00", 12.0), ("a", "2024-05-14 11:00", "2024-05-14 13:00", 3.0)
        ),
        START,
        24.0,
        columns=COLUMNS,
    )
    assert sessions["user"].tolist() == ["a", "b"]
    assert sessions["arrival_h"].tolist() == [-1.0, 6.0]
    assert sessions["departure_h"].tolist() == [1.0, 19.0]
    assert sessions["energy_mwh"].tolist() == sessions["max_e_mwh"].tolist() == [0.003, 0.012]
    assert report["kept"] == 2


def test_what_cannot_be_used_is_left_out_and_counted():
    sessions, report = sessions_from_reports(
        reports(
            ("a", "2024-05-14 18:00", None, 5.0),
            ("a", "2024-05-14 18:00", "2024-05-14 20:00", 0.0),
            ("a", "2024-05-14 20:00", "2024-05-14 20:00", 5.0),
            ("a", "2024-05-13 18:00", "2024-05-14 08:00", 5.0),
            ("a", "2024-05-14 18:00", "2024-05-15 01:00", 5.0),
            ("a", "2024-05-14 20:00", "2024-05-15 02:00", 5.0),  # cuts the one before
            ("b", "2024-05-14 20:00", "2024-05-15 02:00", 5.0),
            (None, "2024-05-14 20:00", "2024-05-15 02:00", 5.0),
        ),
        START,
        24.0,
        columns=COLUMNS,
    )
    assert report.to_dict() == {
        "read": 8, "no user": 1, "no plug-out": 1, "no energy": 1, "no duration": 1, "overlap": 1, "outside": 1,
        "kept": 3,
    }  # fmt: skip
    assert sessions["user"].tolist() == ["a", "a", "b"]
    assert sessions["departure_h"].tolist() == [8.0, 14.0, 14.0]


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column user"):
        sessions_from_reports(reports(), START, 24.0, columns={k: v for k, v in COLUMNS.items() if k != "user"})


def test_all_that_is_wrong_with_reports_is_said_at_once():
    table = pd.DataFrame({"user": [True], "plug_in": ["05/09/2024 08:00"], "stay": ["3:10"], "energy_kwh": ["19,96"]})
    with pytest.raises(evf.InvalidInputError) as error:
        evf.mobility.sessions_from_reports(table, "2024-09-05", -1.0, columns={"duration": "stay"})
    columns = [fault.column for fault in error.value.faults]
    assert columns == ["energy_kwh", "hours", "user", "plug_in", "duration"]
