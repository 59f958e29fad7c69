"""Files of sessions are recognised and read as one frame, or refused with what was seen in them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import read_sessions, sessions_from_reports

FILES = Path(__file__).parent / "files"

#: a file of one session, and what it holds
HEADER = ["Station", "Port", "Plug-in", "Unplug", "Charging Time (hh:mm:ss)", "Energy (kWh)"]
ROWS = [
    ["North", "1", "2024-05-14 08:00", "2024-05-14 17:00", "03:10:00", "19.96"],
    ["South", "2", "2024-05-14 09:00", "2024-05-14 10:30", "01:30:00", "7.5"],
]
EXPECTED = pd.DataFrame(
    {
        "evse": ["North / 1", "South / 2"],
        "arrival": pd.to_datetime(["2024-05-14 08:00", "2024-05-14 09:00"]),
        "charging_end": pd.to_datetime(["2024-05-14 11:10", "2024-05-14 10:30"]),
        "departure": pd.to_datetime(["2024-05-14 17:00", "2024-05-14 10:30"]),
        "energy_kwh": [19.96, 7.5],
    }
)


def text_of(rows=ROWS, header=HEADER, delimiter=","):
    return "\n".join(delimiter.join(row) for row in [header, *rows]) + "\n"


def changed(row=0, **cells):
    """The rows with other cells, by position of the column."""
    rows = [list(row) for row in ROWS]
    for column, cell in cells.items():
        rows[row][int(column[1:])] = cell
    return rows


@pytest.fixture
def file(tmp_path):
    def write(content, name="sessions.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def assert_is_expected(found):
    pd.testing.assert_frame_equal(found, EXPECTED, check_dtype=False)


# the formats


def test_a_file_of_chargepoint_is_read_in_the_zone_that_it_names():
    found = read_sessions(FILES / "chargepoint.csv")
    assert found["evse"].tolist() == [f"CIVIC CENTER, LEVEL 1 / {port}" for port in (1, 2, 2)] + ["LIBRARY / 1"] * 2
    assert found["user"].tolist() == ["50338", "50339", None, "50338", "50338"]
    assert found["energy_kwh"].tolist() == [19.96, 1010.5, 11.25, 4.875, 6.5]
    zone = "America/Los_Angeles"
    assert found.loc[0, "arrival"] == pd.Timestamp("2020-01-15 08:05", tz=zone)
    assert found.loc[2, "arrival"] == pd.Timestamp("2020-07-15 08:10", tz=zone)
    assert found.loc[1, "charging_end"] == pd.Timestamp("2020-01-15 09:40:30", tz=zone)
    hours = (found["departure"] - found["arrival"]) / pd.Timedelta(hours=1)
    assert hours.tolist() == [9.25, 4.0, 4.0, 8.0, 25.5]  # the clock was put back; no end but a duration
    assert found.attrs["report"] == {
        "read": 5, "repeated": 0, "negative energy": 0, "no outlet": 0, "no user": 1, "no arrival": 0,
        "no departure": 0, "no charging end": 0, "no energy": 0,
    }  # fmt: skip


def test_transactions_of_elaadnl_are_in_utc():
    found = read_sessions(FILES / "elaadnl.csv", timezone="Europe/Amsterdam")
    assert found["evse"].tolist() == ["A113 / 1", "A113 / 2", "B7 / 1"]
    assert found["user"].tolist() == ["C001", "C002", "C001"]
    assert found["energy_kwh"].tolist() == [19.96, 31.5, 7.011]
    assert found["p_kw"].tolist() == [7.4, 11.0, 3.7]
    assert found.loc[0, "arrival"] == pd.Timestamp("2019-06-03 08:15", tz="Europe/Amsterdam")
    assert found.loc[0, "charging_end"] == pd.Timestamp("2019-06-03 11:30", tz="Europe/Amsterdam")
    assert str(read_sessions(FILES / "elaadnl.csv")["departure"].dt.tz) == "UTC"


def test_a_file_of_acn_is_read_as_by_its_own_reader():
    expected = evf.mobility.read_acn_sessions(FILES / "acn.json")
    for options in ({}, {"format": "acn"}):
        found = read_sessions(FILES / "acn.json", **options)
        pd.testing.assert_frame_equal(found, expected)
        assert found.attrs["report"]["no charging end"] == 1
    moved = read_sessions(FILES / "acn.json", timezone="UTC")
    assert moved.loc[0, "arrival"] == pd.Timestamp("2020-01-15 16:05", tz="UTC")


def test_what_is_returned_is_read_again(file):
    path = file(read_sessions(FILES / "elaadnl.csv").to_csv(index=False))
    again = read_sessions(path)
    pd.testing.assert_frame_equal(again, read_sessions(FILES / "elaadnl.csv"))


@pytest.mark.parametrize("name", ["chargepoint.csv", "elaadnl.csv", "acn.json"])
def test_sessions_go_straight_into_rates_and_into_sessions_of_a_horizon(name):
    found = read_sessions(FILES / name)
    rates = evf.cpo_rates_from_sessions(found, 3, days="all")
    assert rates.report["read"] == len(found) and rates.report["bad rows"] == 0
    start = found["arrival"].min().normalize()
    sessions, report = sessions_from_reports(found, start, 24.0 * 366)
    has_user = found["user"].notna() if "user" in found else pd.Series(True, index=found.index)
    assert report["kept"] == has_user.sum()
    np.testing.assert_allclose(1e3 * sessions["energy_mwh"].sum(), found.loc[has_user, "energy_kwh"].sum())
    by_outlet = sessions_from_reports(found, start, 24.0 * 366, columns={"user": "evse"})[0]
    np.testing.assert_allclose(1e3 * by_outlet["energy_mwh"].sum(), found["energy_kwh"].sum())


# the same sessions, written otherwise

COMMA = changed(c5="19,96")
COMMA[1][5] = "7,5"
SAME = {
    "commas": text_of(),
    "semicolons": text_of(delimiter=";"),
    "tabs": text_of(delimiter="\t"),
    "bars": text_of(delimiter="|"),
    "decimal commas": text_of(COMMA, delimiter=";"),
    "decimal commas in quotes": text_of(changed(c5='"19,96"')[:1] + changed(row=1, c5='"7,5"')[1:]),
    "everything in quotes": text_of([[f'"{c}"' for c in row] for row in ROWS], [f'"{c}"' for c in HEADER]),
    "a byte order mark": "\ufeff" + text_of(),
    "UTF-16": text_of(delimiter="\t").encode("utf-16"),
    "lines of Windows": text_of().replace("\n", "\r\n"),
    "lines of old": text_of().replace("\n", "\r"),
    "no last line end": text_of().rstrip("\n"),
    "blank lines": "\n" + text_of().replace("\n", "\n\n") + ",,,,,\n",
    "a line for a spreadsheet": "sep=;\n" + text_of(delimiter=";"),
    "a delimiter at the end": text_of(delimiter=";").replace("\n", ";\n"),
    "blanks around": text_of([[f" {c} " for c in row] for row in ROWS]),
    "gzip": gzip.compress(text_of().encode()),
    "day first": text_of(changed(c2="14.05.2024 08:00", c3="14.05.2024 17:00")[:1]
                         + changed(row=1, c2="14.05.2024 09:00", c3="14.05.2024 10:30")[1:]),
    "energy in Wh": text_of(changed(c5="19960")[:1] + changed(row=1, c5="7500")[1:], [*HEADER[:5], "Energy (Wh)"]),
    "a column with umlauts": text_of([[*row, "Köln"] for row in ROWS], [*HEADER, "Straße"]).encode("latin-1"),
    "other names": text_of(header=["Station_Name", "Port Number", "Start Date", "End Date", "Charging_Time__hh_mm_ss_",
                                   "Energy__kWh_"]),
    "dates and times apart": text_of(
        [[*row[:2], *row[2].split(), *row[3].split(), *row[4:]] for row in ROWS],
        [*HEADER[:2], "Start Date", "Start Time", "End Date", "End Time", *HEADER[4:]],
    ),
    "a duration instead of the end": text_of(
        [[*ROWS[0][:3], "9:00:00", *ROWS[0][4:]], [*ROWS[1][:3], "1:30:00", *ROWS[1][4:]]],
        [*HEADER[:3], "Total Duration (hh:mm:ss)", *HEADER[4:]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SAME)
def test_the_same_sessions_are_read_whatever_writes_them(file, what):
    assert_is_expected(read_sessions(file(SAME[what])))


def test_times_are_in_the_zone_of_the_site(file):
    found = read_sessions(file(text_of()), timezone="Europe/Berlin")
    assert found.loc[0, "arrival"] == pd.Timestamp("2024-05-14 08:00", tz="Europe/Berlin")
    utc = [*HEADER[:2], "Plug-in (UTC)", "Unplug (UTC)", *HEADER[4:]]
    found = read_sessions(file(text_of(header=utc)), timezone="Europe/Berlin")
    assert found.loc[0, "arrival"] == pd.Timestamp("2024-05-14 10:00", tz="Europe/Berlin")


def test_a_zone_without_summer_time_is_asked_for(file):
    """Arizona stays on MST, Denver does not."""
    rows = [[*row, "MST"] for row in ROWS]
    path = file(text_of(rows, [*HEADER, "Time Zone"]))
    with pytest.raises(
        evf.InvalidInputError, match="MST is not the clock of America/Denver at that time; say timezone="
    ):
        read_sessions(path)
    found = read_sessions(path, timezone="America/Phoenix")
    assert found.loc[0, "arrival"] == pd.Timestamp("2024-05-14 08:00", tz="America/Phoenix")


def test_a_column_of_ports_that_is_empty_does_not_count(file):
    rows = [[row[0], "", *row[2:]] for row in ROWS]
    assert read_sessions(file(text_of(rows)))["evse"].tolist() == ["North", "South"]


def test_without_an_end_of_charging_rates_take_the_whole_stay_and_say_so(file, caplog):
    found = read_sessions(file(text_of([[*row[:4], row[5]] for row in ROWS], [*HEADER[:4], HEADER[5]])))
    assert found["charging_end"].isna().all()
    rates = evf.cpo_rates_from_sessions(found, 2, period_h=1)
    assert rates.report["no charging end"] == 2
    np.testing.assert_allclose(rates.charging_rate, rates.occupancy_rate)
    assert all(record.levelname == "WARNING" for record in caplog.records) and "no charging end 2" in caplog.text


def test_the_order_of_day_and_month_can_be_said(file):
    rows = [["North", "1", "05/06/2024 08:00", "05/06/2024 17:00", "03:10:00", "19.96"]]
    assert read_sessions(file(text_of(rows)), dayfirst=True).loc[0, "arrival"] == pd.Timestamp("2024-06-05 08:00")
    assert read_sessions(file(text_of(rows)), dayfirst=False).loc[0, "arrival"] == pd.Timestamp("2024-05-06 08:00")


def test_the_decimal_mark_can_be_said(file):
    rows = changed(c5="1,010", row=0)[:1]
    path = file(text_of(rows, delimiter=";"))
    assert read_sessions(path, decimal=",")["energy_kwh"].tolist() == [1.01]
    assert read_sessions(path, decimal=".")["energy_kwh"].tolist() == [1010.0]


def test_what_a_row_does_not_tell_is_missing_and_counted(file, caplog):
    rows = [*ROWS, ["", "", "-", "NULL", "", "n/a"], ["Total", "", "", "", "", "27.46"]]
    found = read_sessions(file(text_of(rows)))
    assert_is_expected(found.iloc[:2])
    assert found.attrs["report"] == {
        "read": 4, "repeated": 0, "negative energy": 0, "no outlet": 2, "no arrival": 2, "no departure": 2,
        "no charging end": 2, "no energy": 1,
    }  # fmt: skip
    assert [record.levelname for record in caplog.records if "no outlet 2" in record.message] == ["WARNING"]


def test_a_row_that_tells_the_same_counts_once_and_a_negative_energy_not_at_all(file):
    rows = [*ROWS, ROWS[0], changed(c5="-1.5", row=1)[1]]
    found = read_sessions(file(text_of(rows)))
    assert_is_expected(found.iloc[:2])
    report = found.attrs["report"]
    assert (len(found), report["read"], report["repeated"], report["negative energy"]) == (3, 4, 1, 1)


@pytest.mark.parametrize("unit", [1e3, 1e-3], ids=["W", "MW"])
def test_powers_in_another_unit_are_refused(file, unit):
    sessions = read_sessions(FILES / "elaadnl.csv")
    path = file(sessions.assign(p_kw=unit * sessions["p_kw"]).to_csv(index=False))
    with pytest.raises(evf.InvalidInputError, match="p_kw: a median of .* kW is not what cars take"):
        read_sessions(path)


def test_an_energy_without_a_unit_is_warned_of(file, caplog):
    assert_is_expected(read_sessions(file(text_of(header=[*HEADER[:5], "Energy"]))))
    assert "the column 'Energy' names no unit, it is taken for kWh" in caplog.text


# what is refused

WRONG = {
    "an empty file": ("", "", "is empty"),
    "blanks only": (" \n \n", "", "is empty"),
    "a header only": (text_of([]), "", "holds no sessions"),
    "a workbook": (b"PK\x03\x04more", "", "save the sheet as CSV"),
    "an image": (b"\x89PNG\x00\x00", "", "is not a text file"),
    "other columns": ("a,b\n1,2\n", "", "the columns a, b are not those of a known format; nearest is"),
    "one column": ("energy\n1\n", "", "the columns energy are not those of a known format"),
    "columns of another kind": (
        text_of(header=["Station", "Port", "when", "Unplug", "Charging", "Energy (kWh)"]), "",
        "nearest is 'chargepoint', for which no column tells arrival (startdate)",
    ),
    "another kind of JSON": ('[{"begin": "2024-05-14T08:00:00Z"}]', "_items", "the keys begin"),
    "broken JSON": ('{"_items": [', "", "is not JSON"),
    "a column twice": (text_of(header=[*HEADER[:4], "Unplug", HEADER[5]]), "", "the columns 'Unplug'"),
    "decimal commas that are delimiters": (text_of(COMMA), "", "7 cells where the header has 6"),
    "a unit": (text_of(changed(c5="19.96 kWh")), "Energy (kWh)", "leave out units"),
    "two notations": (text_of(changed(c5="19,96"), delimiter=";"), "Energy (kWh)", "write all numbers in one way"),
    "decimals or thousands": (text_of(changed(c5="1,010")[:1], delimiter=";"), "Energy (kWh)", 'decimal=","'),
    "points of decimals or thousands": (
        text_of(changed(c5="1.010")[:1], delimiter=";"), "Energy (kWh)", 'decimal=","',
    ),
    "a duration that is none": (text_of(changed(c4="3 hours or so")), HEADER[4], "give hh:mm:ss"),
    "a number as duration": (text_of(changed(c4="0.1319")), HEADER[4], "give hh:mm:ss"),
    "day or month": (text_of(changed(c2="05/06/2024 08:00", c3="05/06/2024 17:00")[:1]), "Plug-in", "dayfirst"),
    "dates only": (
        text_of([[*row[:2], row[2][:10], row[3][:10], *row[4:]] for row in ROWS]), "Plug-in", "join date and time",
    ),
    "zones that nothing names": (
        text_of([[*row, zone] for row, zone in zip(ROWS, ("IST", "JST"), strict=True)], [*HEADER, "Time Zone"]),
        "timezone", "say timezone=",
    ),
    "two places": (
        text_of([[*row, zone] for row, zone in zip(ROWS, ("PST", "CET"), strict=True)], [*HEADER, "Time Zone"]),
        "timezone", "say timezone=",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_other_files_are_refused_by_name(file, what):
    content, column, says = WRONG[what]
    with pytest.raises(evf.InvalidInputError) as error:
        read_sessions(file(content))
    assert {(fault.table, fault.column) for fault in error.value.faults} == {("sessions.csv", column)}
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("options", "argument"),
    [({"format": "oicp"}, "format"), ({"format": 3}, "format"), ({"decimal": ";"}, "decimal")],
)
def test_unknown_arguments_are_refused(file, options, argument):
    with pytest.raises(evf.InvalidInputError, match=f"read_sessions.{argument}: .* is not known; use one of"):
        read_sessions(file(text_of()), **options)


def test_a_format_that_the_file_does_not_have_is_refused(file):
    with pytest.raises(
        evf.InvalidInputError, match="are not those of 'elaadnl'; nearest is 'elaadnl', for which no column"
    ):
        read_sessions(file(text_of()), "elaadnl")
    with pytest.raises(evf.InvalidInputError, match="is not JSON"):
        read_sessions(file(text_of()), "acn")


TITLES = {
    "a line": "Sessions of 2024\n",
    "a line with a comma": "Sessions of 2024, all stations\n",
    "cells of a sheet": "Sessions of 2024,,,,,\nStation:,North,,,,\n\n",
}


@pytest.mark.parametrize("what", TITLES)
def test_titles_above_the_header_are_passed_over(file, what):
    assert_is_expected(read_sessions(file(TITLES[what] + text_of())))


DURATIONS = {
    "Charging Time (min)": ["190", "90"],
    "Charging Time [s]": ["11400", "5400"],
    "charging_time_h": ["3.1666666667", "1.5"],
    "Charging Time hh:mm": ["3:10", "1:30"],
    "Charging Time": ["0 days 03:10:00", "01:30:00"],
}


@pytest.mark.parametrize("heading", DURATIONS)
def test_a_duration_is_read_in_the_unit_of_its_heading(file, heading):
    rows = [[*row[:4], cell, row[5]] for row, cell in zip(ROWS, DURATIONS[heading], strict=True)]
    assert_is_expected(read_sessions(file(text_of(rows, [*HEADER[:4], heading, HEADER[5]]))))


def test_a_unit_in_the_heading_stands_above_the_hours_of_the_format(file):
    found = read_sessions(file(
        "ChargePoint,Connector,UTCTransactionStart,UTCTransactionStop,ChargeTime (min),TotalEnergy\n"
        "A,1,2024-05-14 08:00,2024-05-14 18:00,150,7.5\n"
    ))  # fmt: skip
    assert found.loc[0, "charging_end"] == pd.Timestamp("2024-05-14 10:30", tz="UTC")


def test_a_mark_of_utf_8_before_text_in_latin_1_is_no_part_of_the_header(file):
    content = text_of(changed(c0="Straße")).encode("latin-1")
    assert read_sessions(file(b"\xef\xbb\xbf" + content)).loc[0, "evse"] == "Straße / 1"


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_energies_without_a_unit_that_cannot_be_in_kwh_are_refused(file, factor):
    header = [*HEADER[:5], "Energy"]
    rows = [[*row[:5], f"{factor * float(row[5]):.5f}"] for row in ROWS]
    with pytest.raises(evf.InvalidInputError, match=r'names no unit; .*"Energy \(Wh\)"') as error:
        read_sessions(file(text_of(rows, header)))
    assert error.value.faults[0].column == "Energy"
    if factor > 1:
        assert_is_expected(read_sessions(file(text_of(rows, [*HEADER[:5], "Energy (Wh)"]))))


def test_all_that_is_wrong_with_a_file_is_said_at_once(file):
    rows = changed(c2="05/06/2024 08:00", c3="05/06/2024 17:00", c4="soon", c5="19.96 kWh")
    rows[1][2:4] = "05/07/2024 09:00", "05/07/2024 10:30"
    with pytest.raises(evf.InvalidInputError) as error:
        read_sessions(file(text_of(rows)))
    assert [fault.column for fault in error.value.faults] == ["Energy (kWh)", "Plug-in"]
    rows[0][5] = "19.96"
    with pytest.raises(evf.InvalidInputError) as error:
        read_sessions(file(text_of(rows)))
    assert [fault.column for fault in error.value.faults] == [HEADER[4], "Plug-in"]


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\ufeff", "\u200b", "\t"])
def test_blanks_and_marks_around_headings_are_no_part_of_them(file, blank):
    header = [f"{blank}{cell}{blank}" for cell in HEADER]
    assert_is_expected(read_sessions(file(text_of(header=header, delimiter=";"))))


def test_numbers_beyond_any_float_are_refused(file):
    with pytest.raises(evf.InvalidInputError, match=r"Energy \(kWh\) of row 1: '1e400' is infinite"):
        read_sessions(file(text_of(changed(row=1, c5="1e400"))))
