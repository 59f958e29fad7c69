"""Transactions from logs of OCPP 1.6 (https://openchargealliance.org): what charge points tell their back office.

A transaction begins with a StartTransaction request, whose answer gives its number, and ends with the StopTransaction
request of that number.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.mobility.json_records import spelled
from pandapower_evflex.mobility.reader_report import with_report
from pandapower_evflex.tables.kinds import gathered, raise_if
from pandapower_evflex.tables.session_columns import number_cells
from pandapower_evflex.times.hours import on_one_clock
from pandapower_evflex.times.reader import read_times

logger = logging.getLogger(__name__)

#: kinds of messages of OCPP-J
CALL, ANSWER = 2, 3
START, STOP = "StartTransaction", "StopTransaction"
#: what loggers call the charge point, the payload, the answer, the number of a message
CHARGE_POINT = (
    "chargepointid", "chargepoint", "chargepointidentity", "chargeboxid", "chargeboxidentity", "cpid", "stationid",
    "station", "clientid",
)  # fmt: skip
PAYLOAD = ("payload", "request", "body", "data")
REPLY = ("response", "confirmation", "conf", "reply")
NUMBER = ("uniqueid", "messageid", "uid", "id")


@dataclass(frozen=True)
class Message:
    """A request or an answer.

    Parameters
    ----------
    point : str    charge point, None where the log does not tell it
    number : of the request that an answer belongs to
    action : name of a request, "" of an answer
    payload : dict
    reply : dict or None    the answer, where the log has it beside the request
    """

    point: str | None
    number: Any
    action: str
    payload: Mapping[str, Any]
    reply: Mapping[str, Any] | None = None


def read_ocpp_sessions(name: str, content: Any) -> pd.DataFrame:
    """Transactions of one log: frames `[2, number, action, payload]` and `[3, number, payload]`, or objects that hold
    such a frame as "message", or "action" and "payload"; beside them the charge point.

    Returns
    -------
    DataFrame [transaction]    as `read_sessions` returns it, times in UTC; a request without its counterpart is a row
        with a missing time

    Raises
    ------
    InvalidInputError    no transactions, times or meter values that cannot be read
    """
    messages = [one for record in (content if isinstance(content, list) else [content]) for one in _messages(record)]
    answers = {(one.point, str(one.number)): one.payload for one in messages if not one.action}
    starts, repeated = _once([one for one in messages if one.action == START], _same_start)
    stops, again = _once([one for one in messages if one.action == STOP], _same_stop)
    if not starts and not stops:
        remedy = "give a log with StartTransaction and StopTransaction of OCPP 1.6"
        raise InvalidInputError([Fault(name, "", (), "the file", "holds no transactions", remedy)])
    rows = pd.DataFrame(list(_rows(starts, stops, answers)), columns=_COLUMNS, dtype=object)
    left_out = {"repeated": repeated + again}
    return with_report(logger, f"{name} (ocpp)", _canonical(name, rows), left_out)


_COLUMNS = ["point", "connector", "user", "start", "stop", "meterStart", "meterStop"]


def _messages(record: Any) -> Iterator[Message]:
    """Of a frame, or of an object around one."""
    if isinstance(record, list):
        yield from _of_frame(None, record)
    elif isinstance(record, Mapping):
        fields = {spelled(key): value for key, value in record.items()}
        point = next((str(fields[key]) for key in CHARGE_POINT if fields.get(key)), None)
        if isinstance(fields.get("message"), list):
            yield from _of_frame(point, fields["message"])
            return
        payload: Mapping[str, Any] = next((fields[key] for key in PAYLOAD if isinstance(fields.get(key), Mapping)), {})
        reply = next((fields[key] for key in REPLY if isinstance(fields.get(key), Mapping)), None)
        number = next((fields[key] for key in NUMBER if fields.get(key) is not None), None)
        action = str(fields.get("action") or "").removesuffix(".req")
        is_answer = fields.get("messagetypeid") == ANSWER or action.endswith((".conf", "Response"))
        yield Message(point, number, "" if is_answer else action.removesuffix("Request"), payload, reply)


def _of_frame(point: Any, frame: list[Any]) -> Iterator[Message]:
    if len(frame) >= 4 and frame[0] == CALL and isinstance(frame[3], Mapping):
        yield Message(point, frame[1], str(frame[2]), frame[3])
    elif len(frame) >= 3 and frame[0] == ANSWER and isinstance(frame[2], Mapping):
        yield Message(point, frame[1], "", frame[2])


def _same_start(message: Message) -> Any:
    """A charge point that got no answer sends the same again, under another number."""
    told = [message.payload.get(key) for key in ("connectorId", "idTag", "meterStart", "timestamp")]
    return (str(message.point), *map(str, told))


def _same_stop(message: Message) -> Any:
    told = [message.payload.get(key) for key in ("transactionId", "meterStop", "timestamp")]
    return (str(message.point), *map(str, told))


def _once(messages: list[Message], key: Any) -> tuple[list[list[Message]], int]:
    """Messages that are the same, together, and how many are repetitions."""
    groups: dict[Any, list[Message]] = {}
    for message in messages:
        groups.setdefault(key(message), []).append(message)
    return list(groups.values()), len(messages) - len(groups)


def _rows(starts: list[list[Message]], stops: list[list[Message]], answers: Mapping[Any, Any]) -> Iterator[list[Any]]:
    """One per transaction: that of a start with its stop, and those of which one of the two is missing.

    Of charge points that count from the beginning again, the first start of a number has its first stop, and so on.
    """
    waiting: dict[Any, list[Message]] = {}
    for same in stops:
        waiting.setdefault((same[0].point, str(same[0].payload.get("transactionId"))), []).append(same[0])
    for same in starts:
        numbers = (_number_of(one, answers) for one in same)
        keys = [(one.point, str(number)) for one, number in zip(same, numbers, strict=True) if number is not None]
        key = next((key for key in keys if waiting.get(key)), None)
        yield _row(same[0], None if key is None else waiting[key].pop(0))
    for left in waiting.values():
        for stop in left:
            yield _row(None, stop)


def _number_of(start: Message, answers: Mapping[Any, Any]) -> Any:
    """Of a transaction: from the answer, else from the request, where a logger has added it."""
    answer = start.reply or answers.get((start.point, str(start.number))) or {}
    return answer.get("transactionId", start.payload.get("transactionId"))


def _row(start: Message | None, stop: Message | None) -> list[Any]:
    began, ended = (start.payload if start else {}), (stop.payload if stop else {})
    known = start or stop
    return [
        known.point if known else None,
        began.get("connectorId"),
        began.get("idTag", ended.get("idTag")),
        began.get("timestamp"),
        ended.get("timestamp"),
        began.get("meterStart"),
        ended.get("meterStop"),
    ]


def _canonical(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The frame of `read_sessions`; meters count Wh."""
    faults: list[Fault] = []
    meters = {}
    for key in ("meterStart", "meterStop"):
        meters[key], wrong = number_cells(name, key, rows[key], "Wh")
        faults += wrong
    with gathered(faults):
        cells = {"start": rows["start"], "stop": rows["stop"]}
        instants = on_one_clock(read_times(cells, table=name, in_table=cells), name, "UTC")
    raise_if(faults)
    arrival, departure = (instants[key].tz_localize("UTC") for key in ("start", "stop"))
    return pd.DataFrame(
        {
            "evse": [_outlet(*one) for one in zip(rows["point"], rows["connector"], strict=True)],
            "user": [None if user is None else str(user) for user in rows["user"]],
            "arrival": arrival,
            "charging_end": pd.DatetimeIndex([pd.NaT] * len(rows), tz="UTC"),
            "departure": departure,
            "energy_kwh": (meters["meterStop"] - meters["meterStart"]) / 1e3,
        }
    )


def _outlet(point: Any, connector: Any) -> str | None:
    """ "charge point / connector", or the connector where the log is of one charge point."""
    if connector is None:
        return None
    return str(connector) if point is None else f"{point} / {connector}"
