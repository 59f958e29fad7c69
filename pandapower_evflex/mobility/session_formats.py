"""Which columns of a session file hold what: the formats that are known, and which of them a file has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.times.durations import without_unit


@dataclass(frozen=True)
class Format:
    """Names of columns, in lower case and without what is neither letter nor digit, the first that is there is read.

    Parameters
    ----------
    name : what `read_sessions(format=)` calls it
    columns : {what: names}    station, port, arrival, departure, charging_end, their times of day where a column of its
                               own tells them (arrival_clock, ...), stay and charging (durations), zone of arrivals and
                               zone_departure, user, energy, p_kw
    required : what must be there, beside a departure or the duration of the stay
    hours : durations may be numbers, in hours where their heading names no unit
    """

    name: str
    columns: Mapping[str, Sequence[str]]
    required: tuple[str, ...] = ("station", "arrival", "energy")
    hours: bool = False


CHARGEPOINT = Format(
    "chargepoint",
    {
        "station": ("stationname", "station", "stationid", "chargingstation", "chargingstationname", "cpid",
                    "chargepointid", "chargepoint", "evse"),
        "port": ("portnumber", "port", "portid", "outlet", "outletnumber", "connector", "connectorid"),
        "arrival": ("startdate", "startdatetime", "plugin", "plugintime", "plugindatetime", "plugindate", "pluggedin",
                    "plugconnecttime", "starttime", "plugineventtime", "sessionstart", "sessionstarttime", "start"),
        "departure": ("enddate", "enddatetime", "unplug", "unplugtime", "unplugdatetime", "unplugdate", "unplugged",
                      "plugout", "plugouttime", "plugoutdatetime", "pluggedout", "plugdisconnecttime", "endtime",
                      "sessionend", "sessionendtime", "end"),
        "arrival_clock": ("starttime", "plugintime"),
        "departure_clock": ("endtime", "unplugtime", "plugouttime"),
        "stay": ("totalduration", "sessionduration", "duration", "connectedtime", "totaltime"),
        "charging": ("chargingtime", "chargingduration", "chargetime", "chargeduration"),
        "zone": ("starttimezone", "timezone", "tz"),
        "zone_departure": ("endtimezone", "timezone", "tz"),
        "user": ("userid", "driverid", "user"),
        "energy": ("energykwh", "energywh", "energymwh", "energyusedkwh", "energydeliveredkwh", "energydispensedkwh",
                   "energyconsumedkwh", "totalkwh", "kwh", "energy"),
    },
)  # fmt: skip

ELAADNL = Format(
    "elaadnl",
    {
        "station": ("chargepoint", "chargepointid"),
        "port": ("connector", "connectorid"),
        "arrival": ("transactionstart", "transactionstartdt"),
        "departure": ("transactionstop", "transactionstopdt"),
        "stay": ("connectedtime",),
        "charging": ("chargetime",),
        "user": ("startcard", "card", "rfid"),
        "energy": ("totalenergykwh", "totalenergywh", "totalenergy"),
        "p_kw": ("maxpowerkw", "maxpower"),
    },
    hours=True,
)

EVFLEX = Format(
    "evflex",
    {
        "station": ("evse",), "arrival": ("arrival", "plugin"), "departure": ("departure", "plugout"),
        "charging_end": ("chargingend",), "user": ("user",), "energy": ("energykwh", "energymwh"), "p_kw": ("pkw",),
    },
    required=("station", "arrival"),
)  # fmt: skip

#: whose unit stands in the heading
DURATIONS = ("stay", "charging")

FORMATS = {known.name: known for known in (CHARGEPOINT, ELAADNL, EVFLEX)}


def spelling(column: str) -> str:
    """A name of a column as formats spell it, without "UTC", "hh:mm:ss" or "hh:mm" beside it."""
    return re.sub(r"^utc|utc$|hhmm(ss)?$", "", re.sub(r"[\W_]", "", column.lower()))


def spelled_with_utc(column: str) -> bool:
    """Whether a column of times says that they are in UTC."""
    return re.search(r"^utc|utc$", re.sub(r"[\W_]", "", column.lower())) is not None


def found_columns(known: Format, header: Sequence[str]) -> dict[str, str]:
    """{what: column of the file} as far as it is there."""
    spelled = {spelling(column): column for column in reversed(header)}
    durations = {spelling(without_unit(column)): column for column in reversed(header)} | spelled
    found = {}
    for what, names in known.columns.items():
        among = durations if what in DURATIONS else spelled
        found[what] = next((among[name] for name in names if name in among), None)
    there = {what: column for what, column in found.items() if column is not None}
    own_clock = {f"{what}_clock" for what in there if there.get(f"{what}_clock") == there[what]}
    return {what: column for what, column in there.items() if what not in own_clock}


def recognised(name: str, header: Sequence[str], wanted: str | None) -> tuple[Format, dict[str, str]]:
    """The format of a file by its header, and its columns.

    Parameters
    ----------
    name : of the file
    wanted : name of a format, None: the one of which all required columns are there and the most in all

    Raises
    ------
    InvalidInputError    the columns are those of no format; the nearest is named, and what no column tells of it
    """
    candidates = list(FORMATS.values()) if wanted is None else [FORMATS[wanted]]
    found = {known.name: found_columns(known, header) for known in candidates}
    lacks = {known.name: missing_columns(known, found[known.name]) for known in candidates}
    best = min(candidates, key=lambda known: (len(lacks[known.name]), -len(found[known.name])))
    if lacks[best.name]:
        saw = ", ".join(map(str, header))
        wanting = ", ".join(f"{what} ({best.columns[what][0]})" for what in lacks[best.name])
        nearest = f"nearest is {best.name!r}, for which no column tells {wanting}"
        remedy = f"{nearest}: rename columns, or read the file with pandas and name them in columns= of what takes it"
        problem = "are not those of a known format" if wanted is None else f"are not those of {wanted!r}"
        raise InvalidInputError([Fault(name, "", (), f"the columns {saw}", problem, remedy)])
    return best, found[best.name]


def missing_columns(known: Format, found: Mapping[str, str]) -> list[str]:
    """What is required and not there; a stay may be told by its end or its duration."""
    lacks = [what for what in known.required if what not in found]
    return lacks + (["departure"] if "departure" not in found and "stay" not in found else [])
