"""Garbled numbers, names and files of charging sessions, as spreadsheets, exports and databases leave them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad

REPORTS, FILE = "reports", "sessions.csv"


def reports(energy_kwh=10.0, user="box", n=3):
    """One session an evening."""
    days = pd.date_range("2024-05-13", periods=n)
    times = {"plug_in": days + pd.Timedelta(hours=18), "plug_out": days + pd.Timedelta(hours=31)}
    return pd.DataFrame({"user": user, **times, "energy_kwh": energy_kwh}).astype({"user": object})


def refused(table, column, rows, remedy, **options):
    """By the reader of reports."""
    return Bad(
        lambda net: evf.mobility.sessions_from_reports(table, "2024-05-13", 96, **options),
        REPORTS,
        column,
        rows,
        remedy,
    )


def number(cell, remedy):
    """In the second of three energies."""
    return refused(reports(pd.Series([7.0, cell, 8.0], dtype=object)), "energy_kwh", (1,), remedy)


THOUSANDS_POINT, THOUSANDS_COMMA = 'decimal=",", thousands="."', 'decimal=".", thousands=","'
BAD_SESSION_NUMBERS = {
    "an energy with a decimal comma": number("19,96", 'decimal=","'),
    "an energy of thousands with points": number("1.011,5", THOUSANDS_POINT),
    "an energy of thousands with commas": number("1,010.5", THOUSANDS_COMMA),
    "an energy of thousands with blanks": number("1\u202f011,5", THOUSANDS_POINT),
    "an energy of thousands with apostrophes": number("1\u2019011.5", "without quotes"),
    "energies in Wh": refused(reports([12500.0, 9000.0, 21000.0]), "energy_kwh", (), "give numbers in kWh"),
    "an energy with its unit": number("11 kWh", "leave out units"),
    "an energy with its unit before it": number("kWh 11", "leave out units"),
    "an energy in a power's unit": number("7.4kW", "leave out units"),
    "an energy with a decimal comma and its unit": number("7,4 kWh", 'decimal=","'),
    "an energy about which somebody is not sure": number("~12", "without quotes"),
    "an energy as a bound": number("<0.1", "without quotes"),
    "an energy with a remark": number("12.5 (estimated)", "leave out units"),
    "an energy in percent": number("80 %", "leave out units"),
    "an energy in brackets": number("(3.5)", "without quotes"),
    "an energy with the minus of a book": number("\u22123.5", "without quotes"),
    "an energy as a duration": number("03:10:00", "without quotes"),
    "an energy that a spreadsheet took for a date": number("19.May", "leave out units"),
    "an energy that a spreadsheet could not work out": number("#DIV/0!", "without quotes"),
    "an energy as a fraction": number("12 1/2", "without quotes"),
    "an energy in quotes": number('"19.96"', "without quotes"),
    "an energy as plain text": number("19.96", "without quotes"),
    "an energy that is a truth value": number(True, "without quotes"),
    "an energy without end": number(float("inf"), "give a number in kWh"),
}


def stays(n=30, **columns):
    """Stays at two ports of ten stations that all overlap; they are told apart by station and port only."""
    start = pd.Timestamp("2024-05-13 08:00") + pd.to_timedelta(
        [i // 20 * 24 + 0.1 * (i % 20) for i in range(n)], unit="h"
    )
    return pd.DataFrame(
        {
            "station": [f"S{i % 10}" for i in range(n)],
            "port": [i % 20 // 10 + 1 for i in range(n)],
            "plug_in": start,
            "plug_out": start + pd.Timedelta(hours=9),
            "energy_kwh": 10.0,
            **columns,
        }
    )


def names(users, remedy, n=3):
    return refused(reports(user=users, n=n), "user", (), remedy)


TOGETHER = 'user=["station", "port"]'
BAD_SESSION_NAMES = {
    "users that are all missing": names(None, 'columns={"user": ...}'),
    "users that are all NaN": names(float("nan"), 'columns={"user": ...}'),
    "users that are all empty text": names(["", " ", "\u00a0"], 'columns={"user": ...}'),
    "users that are all dashes": names(["-", "--", " - "], 'columns={"user": ...}'),
    "users that are all NULL": names(["NULL", "null", "(null)"], 'columns={"user": ...}'),
    "users that are truth values": names([True, False, True], "a name or a number"),
    "users that are lists": names([["a"], ["b"], ["c"]], "a name or a number"),
    "users that are records": names([{"id": 1}, {"id": 2}, {"id": 3}], "a name or a number"),
    "users of whom one is a list": names(["a", ["b"], "c"], "a name or a number"),
    "ports without their stations": refused(stays(), "user", (), TOGETHER, columns={"user": "port"}),
    "ports as text without their stations": refused(
        stays(port=[f"port {i % 2 + 1} " for i in range(30)]), "user", (), TOGETHER, columns={"user": "port"}
    ),
    "ports as numbers and as text": refused(
        stays(port=pd.Series([1, "1", "1.0", 1.0, " 1"] * 6, dtype=object)), "user", (), TOGETHER,
        columns={"user": "port"},
    ),
    "one outlet for a whole car park": refused(stays(site="north"), "user", (), TOGETHER, columns={"user": "site"}),
    "a column of outlets that says the same of all": refused(
        stays().assign(evse="car park"), "user", (), TOGETHER,
    ),
    "an outlet of which a part is not there": refused(
        stays(), "user", (), 'columns={"user": ...}', columns={"user": ["station", "connector"]}
    ),
    "an outlet of no column": Bad(
        lambda net: evf.mobility.sessions_from_reports(stays(), "2024-05-13", 96, columns={"user": []}),
        "columns", "user", (), "name one column",
    ),
    "an energy of two columns": Bad(
        lambda net: evf.mobility.sessions_from_reports(
            stays(), "2024-05-13", 96, columns={"evse": "station", "energy_kwh": ["energy_kwh", "port"]}
        ),
        "columns", "energy_kwh", (), "name one column",
    ),
    "users and outlets at once": Bad(
        lambda net: evf.mobility.sessions_from_reports(
            stays(), "2024-05-13", 96, columns={"evse": "station", "user": "port"}
        ),
        "columns", "user", (), "keep one of the two",
    ),
}  # fmt: skip

HEADER = "Station;Port;Plug-in;Unplug;Charging Time (hh:mm:ss);Energy (kWh)\n"
ROW = "North;1;2024-05-14 08:00;2024-05-14 17:00;03:10:00;19,96\n"


def file(content, column, rows, remedy, **options):
    def read(net):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, FILE)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return evf.mobility.read_sessions(path, **options)

    return Bad(read, FILE, column, rows, remedy)


BAD_SESSION_FILES = {
    "a file of nothing": file("", "", (), "a header and rows below it"),
    "a file of blanks": file(" \r\n\t\n", "", (), "a header and rows below it"),
    "a file of a header": file(HEADER, "", (), "lines below the header"),
    "a workbook": file(b"PK\x03\x04\x14\x00", "", (), "save the sheet as CSV"),
    "an old workbook": file(b"\xd0\xcf\x11\xe0\xa1\xb1", "", (), "save the sheet as CSV"),
    "a page for printing": file(b"%PDF-1.7", "", (), "as CSV"),
    "a file of unknown columns": file("id;from;to;kwh\n1;a;b;3\n", "", (), "rename columns"),
    "a file of a format that it is not": file(
        HEADER + ROW, "", (), "for which no column tells station (chargepoint)", format="elaadnl"
    ),
    "a web page": file("<html><body>Sign in</body></html>", "", (), "rename columns"),
    "JSON that is cut off": file('{"_items": [{', "", (), "as downloaded"),
    "JSON of other sessions": file('[{"begin": "2024-05-14T08:00:00Z", "energy": 3}]', "_items", (), "connectionTime"),
    "a column twice in a file": file(HEADER.replace("Port", "Unplug") + ROW, "", (), "rename all but one"),
    "decimal commas among commas": file((HEADER + ROW).replace(";", ","), "", (0,), "quote text"),
    "a line with a cell too many": file(HEADER + ROW + ROW.replace("\n", ";x\n"), "", (1,), "quote text"),
    "units in a file": file(HEADER + ROW + ROW.replace("19,96", "19,96 kWh"), "Energy (kWh)", (1,), "leave out units"),
    "decimal commas and points in a file": file(
        HEADER + ROW + ROW.replace("19,96", "19.96"), "Energy (kWh)", (0,), "in one way"
    ),
    "decimals or thousands in a file": file(
        HEADER + ROW.replace("19,96", "1,010"), "Energy (kWh)", (0,), 'decimal=","'
    ),
    "a number of which a decimal comma is said": file(
        HEADER + ROW.replace("19,96", "19.96"), "Energy (kWh)", (0,), "leave out units", decimal=","
    ),
    "a duration in words": file(
        HEADER + ROW.replace("03:10:00", "3 hours"), "Charging Time (hh:mm:ss)", (0,), "hh:mm:ss"
    ),
    "a duration as part of a day": file(
        HEADER + ROW.replace("03:10:00", "0,1319"), "Charging Time (hh:mm:ss)", (0,), "hh:mm:ss"
    ),
    "dates without times": file(
        HEADER + (ROW + ROW.replace("-14", "-15")).replace(" 08:00", "").replace(" 17:00", ""),
        "Plug-in",
        (),
        "join date",
    ),
    "largest powers in W": file(
        "evse,arrival,departure,p_kw\na,2024-05-14 08:00,2024-05-14 17:00,11000\n", "p_kw", (), "in kW"
    ),
    "a session of ACN-Data with two energies": file(
        '[{"sessionID": "a", "connectionTime": "2024-05-14T08:00:00Z", "kWhDelivered": 3}, '
        '{"sessionID": "a", "connectionTime": "2024-05-14T08:00:00Z", "kWhDelivered": 4}]',
        "sessionID",
        (0, 1),
        "keep one",
    ),
}


def asked(argument, value):
    content = {argument: value}
    return Bad(file(HEADER + ROW, "", (), "", **content).call, "read_sessions", argument, (), "use one of")


BAD_SESSION_FILES |= {
    "a format that is not known": asked("format", "oicp"),
    "a format as a number": asked("format", 1),
    "a decimal mark that is none": asked("decimal", ";"),
}
