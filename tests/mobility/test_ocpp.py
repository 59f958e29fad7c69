"""OCPP logs: a transaction is a start, its answer and a stop, in whatever order and form a logger wrote them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import read_sessions


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "ocpp.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def frames(transaction=7, connector=1, hour=8, stop_hour=12, number="a", meters=(1000, 13500), tag="CARD1"):
    start = {
        "connectorId": connector,
        "idTag": tag,
        "meterStart": meters[0],
        "timestamp": f"2024-05-14T{hour:02}:00:00Z",
    }
    stop = {"transactionId": transaction, "meterStop": meters[1], "timestamp": f"2024-05-14T{stop_hour:02}:00:00Z"}
    return [
        [2, f"{number}1", "StartTransaction", start],
        [3, f"{number}1", {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}}],
        [2, f"{number}2", "MeterValues", {"connectorId": connector}],
        [3, f"{number}2", {}],
        [2, f"{number}3", "StopTransaction", stop],
        [3, f"{number}3", {}],
    ]


def assert_one(found, evse):
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["evse"], row["user"], row["energy_kwh"]) == (evse, "CARD1", 12.5)
    assert row["arrival"] == pd.Timestamp("2024-05-14 08:00", tz="UTC")
    assert row["departure"] == pd.Timestamp("2024-05-14 12:00", tz="UTC") and pd.isna(row["charging_end"])


def test_frames_are_read_in_any_order(file):
    assert_one(read_sessions(file(frames())), "1")
    assert_one(read_sessions(file(frames()[::-1]), "ocpp"), "1")
    assert_one(read_sessions(file("\n".join(map(json.dumps, frames())))), "1")


def test_the_charge_point_beside_a_frame_is_part_of_the_outlet(file):
    log = [{"chargePointId": "CP 1", "message": frame, "time": "2024"} for frame in frames()]
    assert_one(read_sessions(file(log)), "CP 1 / 1")


def test_objects_with_action_and_payload_are_read_with_their_answers(file):
    start, answer, _, _, stop, _ = frames()
    beside = [
        {"charge_point_id": "A", "action": "StartTransaction", "payload": start[3], "response": answer[2]},
        {"charge_point_id": "A", "action": "StopTransaction", "payload": stop[3]},
    ]
    assert_one(read_sessions(file(beside)), "A / 1")
    apart = [
        {"cpId": "A", "uniqueId": "1", "action": "StartTransaction.req", "payload": start[3]},
        {"cpId": "A", "uniqueId": "1", "action": "StartTransaction.conf", "payload": answer[2]},
        {"cpId": "A", "uniqueId": "2", "action": "StopTransaction.req", "payload": stop[3]},
    ]
    assert_one(read_sessions(file(apart)), "A / 1")


def test_the_same_numbers_at_two_charge_points_are_two_transactions(file):
    log = [{"cp_id": name, "message": frame} for name in "AB" for frame in frames()]
    assert read_sessions(file(log))["evse"].tolist() == ["A / 1", "B / 1"]


def test_messages_that_are_sent_again_count_once(file):
    log = [*frames()[:1], *frames(number="b"), *frames(number="c")[4:]]
    found = read_sessions(file(log))
    assert_one(found, "1")
    assert found.attrs["report"]["repeated"] == 2


def test_numbers_that_begin_again_are_two_transactions(file):
    found = read_sessions(file(frames() + frames(number="b", hour=13, stop_hour=15, meters=(13500, 14500))))
    assert found["energy_kwh"].tolist() == [12.5, 1.0] and found["departure"].dt.hour.tolist() == [12, 15]


def test_what_has_no_counterpart_and_meters_that_run_back_are_counted(file):
    log = [
        *frames(), *frames(8, number="b", connector=2)[:2], *frames(9, number="c")[4:],
        *frames(10, number="d", connector=3, meters=(5, 1)),
    ]  # fmt: skip
    found = read_sessions(file(log))
    report = found.attrs["report"]
    assert len(found) == 4 and (report["no departure"], report["no arrival"], report["no energy"]) == (1, 1, 3)
    assert found["energy_kwh"].sum() == 12.5


def test_number_zero_is_a_number(file):
    assert_one(read_sessions(file(frames(0))), "1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([[2, "1", "Heartbeat", {}]], "holds no transactions"),
        (frames(meters=("many", 5)), "is not a number"),
        ([[2, "1", "StartTransaction", {"timestamp": "soon"}]], "soon"),
        ("{", "is not JSON"),
    ],
)
def test_what_cannot_be_read_is_named(file, content, words):
    with pytest.raises(evf.InvalidInputError, match=words):
        read_sessions(file(content), "ocpp")
