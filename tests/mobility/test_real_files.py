"""Sessions as real files have them: read in one way or refused, and what is lost is counted."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import sessions_from_reports

START = "2024-05-13"


def reports(n=4, **cells):
    """One session an evening at each of n outlets."""
    days = pd.date_range(START, periods=n)
    table = {
        "user": [f"u{i}" for i in range(n)],
        "plug_in": days + pd.Timedelta(hours=18),
        "plug_out": days + pd.Timedelta(hours=31),
        "energy_kwh": 10.0,
    }
    return pd.DataFrame({**table, **cells})


def read(table, **options):
    return sessions_from_reports(table, START, 24.0 * 400, **options)


def rates(table, n_evse, **options):
    names = {"evse": "user", "arrival": "plug_in", "charging_end": "plug_out", "departure": "plug_out"}
    return evf.cpo_rates_from_sessions(table, n_evse, days="all", columns={**names, **options.pop("columns", {})})


# ids

SAME = {
    "a number and text": [50338, "50338"],
    "text of a float": ["50338.0", 50338],
    "a float and an integer": pd.Series([50338.0, 50338], dtype=object),
    "a blank behind": ["CP1 ", "CP1"],
    "blanks before and within": ["  CP  1", "CP 1"],
    "a blank that does not break": ["CP1\u00a0", "CP1"],
    "a byte order mark": ["\ufeffCP1", "CP1"],
    "a line end": ["CP1\r\n", "CP1"],
    "a category": pd.Categorical(["CP1 ", "CP1"]),
    "numpy numbers": pd.Series([np.int64(7), np.float32(7)], dtype=object),
    "text that may be missing": pd.array(["7 ", "7"], dtype="string"),
    "a negative number": [-3, "-3"],
}


@pytest.mark.parametrize("what", SAME)
def test_ids_that_mean_the_same_are_one(what):
    table = reports(2, user=SAME[what])
    assert read(table)[0]["user"].nunique() == 1
    assert len(rates(table, 1).evse) == 1


DIFFERENT = {
    "leading zeros": ["007", "7"],
    "upper and lower case": ["cp1", "CP1"],
    "numbers that floats confuse": [2**53, 2**53 + 1],
    "halves": [12.5, 12],
    "a sign": ["-1", "1"],
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_ids_that_mean_others_stay_apart(what):
    assert read(reports(2, user=pd.Series(DIFFERENT[what], dtype=object)))[0]["user"].nunique() == 2


def test_ids_keep_the_type_that_the_file_has():
    assert read(reports(2, user=["2 ", "10"]))[0]["user"].tolist() == ["10", "2"]
    assert read(reports(2, user=[2.0, 10.0]))[0]["user"].tolist() == [2, 10]


def test_names_that_differ_in_case_only_are_warned_of(caplog):
    read(reports(3, user=["cp1", "CP1", "b"]))
    assert "reports.user: CP1, cp1 differ in upper and lower case only" in caplog.text


@pytest.mark.parametrize("empty", [None, np.nan, "", " ", "-", "NULL", "n/a", "nan", pd.NA, pd.NaT])
def test_missing_ids_are_counted_and_when_all_are_missing_refused(empty):
    some = reports(3, user=pd.Series(["a", empty, "b"], dtype=object))
    sessions, report = read(some)
    assert report[["read", "no user", "kept"]].tolist() == [3, 1, 2]
    assert sessions["user"].tolist() == ["a", "b"]
    found = rates(some, 2)
    assert found.report["no outlet"] == 1 and found.evse.tolist() == ["a", "b"]
    with pytest.raises(evf.InvalidInputError, match="reports.user: all 3 names are missing; say which column"):
        read(reports(3, user=pd.Series([empty] * 3, dtype=object)))
    with pytest.raises(evf.InvalidInputError, match="no outlet 3"):
        rates(reports(3, user=pd.Series([empty] * 3, dtype=object)), 2)


@pytest.mark.parametrize("wrong", [[True, False], [["a"], ["b"]], [{"id": 1}, {"id": 2}]])
def test_what_is_no_label_is_refused(wrong):
    for call in (read, lambda table: rates(table, 2)):
        with pytest.raises(evf.InvalidInputError, match="cannot serve as labels"):
            call(reports(2, user=wrong))


# numbers

TEXTS = {
    "a decimal comma": ("19,96", 'decimal=","'),
    "a unit": ("11 kW", "leave out units"),
    "thousands with a point": ("1.011,5", 'decimal=",", thousands="."'),
    "thousands with a comma": ("1,010.5", 'decimal=".", thousands=","'),
    "thousands with a blank": ("1 011,5", 'decimal=",", thousands="."'),
    "thousands with an apostrophe": ("1'011.5", "without quotes"),
    "quotes only": ("19.96", "without quotes"),
    "a minus sign of typesetters": ("\u22125,0", 'decimal=","'),
    "a unit and a decimal comma": ("7,4 kWh", 'decimal=","'),
    "percent": ("80 %", "leave out units"),
    "a duration": ("01:30:00", "without quotes"),
    "words": ("about ten", "without quotes"),
    "an error of a spreadsheet": ("#VALUE!", "without quotes"),
    "a truth value": (True, "without quotes"),
    "a time": (pd.Timestamp("2024-01-01"), "without quotes"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_what_is_no_number_is_refused_by_column_and_rows(what):
    text, remedy = TEXTS[what]
    table = reports(3, energy_kwh=pd.Series([7.0, text, 8.0], dtype=object), p_kw=11.0)
    for call in (read, lambda table: rates(table, 3)):
        with pytest.raises(evf.InvalidInputError) as error:
            call(table)
        (fault,) = error.value.faults
        assert (fault.column, fault.rows) == ("energy_kwh", (1,))
        assert remedy in fault.remedy


@pytest.mark.parametrize("empty", [None, np.nan, "", "-", "NULL", "n/a", pd.NA])
def test_a_missing_energy_is_counted(empty):
    sessions, report = read(reports(3, energy_kwh=pd.Series([7.0, empty, 8.0], dtype=object)))
    assert report["no energy"] == 1
    np.testing.assert_allclose(sessions["energy_mwh"], [0.007, 0.008])


def test_a_file_with_decimal_commas_loses_nothing_once_it_is_read_as_the_error_says(tmp_path):
    """Of one read without, 98 % of the energy was lost without a word."""
    path = tmp_path / "norway.csv"
    days = [f"2019-11-{day:02d} 19:08:00;2019-11-{day + 1:02d} 08:20:00;{day},{day}" for day in range(1, 29)]
    path.write_text("user;plug_in;plug_out;energy_kwh\n" + "\n".join(f"u1;{day}" for day in days), encoding="utf-8")
    with pytest.raises(evf.InvalidInputError, match='decimal=","'):
        sessions_from_reports(pd.read_csv(path, sep=";"), "2019-11-01", 24 * 30)
    sessions, report = sessions_from_reports(pd.read_csv(path, sep=";", decimal=","), "2019-11-01", 24 * 30)
    assert report["kept"] == report["read"] == 28
    expected = sum(day + day / (10 if day < 10 else 100) for day in range(1, 29))
    np.testing.assert_allclose(1e3 * sessions["energy_mwh"].sum(), expected)


# files in the shape of real ones, made up


def norway(n_garages=4, n=30):
    """Day first, decimal commas, one user per box, garage by garage; kWh of garage g on day d: 5 + g + d / 100."""
    rows = [
        (f"G{g}", f"G{g}-{i % 3}", f"{i % 28 + 1:02d}.{i // 28 + 1:02d}.2019 18:{g:02d}", 13, f"{5 + g},{i:02d}")
        for g in range(n_garages) for i in range(n)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["garage", "user", "plug_in", "hours", "energy_kwh"])
    gone = pd.to_datetime(table["plug_in"], format="%d.%m.%Y %H:%M") + pd.to_timedelta(table.pop("hours"), unit="h")
    return table.assign(plug_out=gone.dt.strftime("%d.%m.%Y %H:%M"))


def test_no_garage_of_a_file_in_the_norwegian_shape_loses_energy_or_time(tmp_path):
    path = tmp_path / "reports.csv"
    norway().to_csv(path, sep=";", index=False)
    with pytest.raises(evf.InvalidInputError, match='decimal=","'):
        sessions_from_reports(pd.read_csv(path, sep=";"), "2019-01-01", 24 * 100)
    table = pd.read_csv(path, sep=";", decimal=",")
    for garage, own in table.groupby("garage"):
        g = int(garage[1:])
        sessions, report = sessions_from_reports(own, "2019-01-01", 24 * 100)
        assert report["kept"] == 30
        np.testing.assert_allclose(1e3 * sessions["energy_mwh"].sum(), 30 * (5 + g) + sum(range(30)) / 100)
        np.testing.assert_allclose(np.sort(sessions["arrival_h"]), [24 * i + 18 + g / 60 for i in [*range(28), 31, 32]])
        np.testing.assert_allclose(sessions["departure_h"] - sessions["arrival_h"], 13.0)


def test_a_file_in_the_shape_of_perth_and_kinross_is_read(tmp_path):
    """Charge point and connector, dates and times apart, day first, energies of thousands with commas."""
    head = "Charging event,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Cost,Site,Model\n"
    rows = [
        f'{i},{50338 + i % 2},{i % 3 + 1},{day},07:{i:02d},{day},1{i % 9}:30,"1,0{i:02d}.5",0,P,M'
        for i in range(20)
        for day in [f"{i + 1:02d}/09/2016"]
    ]
    path = tmp_path / "perth.csv"
    path.write_text(head + "\n".join(rows), encoding="utf-8-sig")
    found = evf.mobility.read_sessions(path, timezone="Europe/London")
    assert found.loc[19, "arrival"] == pd.Timestamp("2016-09-20 07:19", tz="Europe/London")
    assert set(found["evse"]) == {f"{50338 + cp} / {connector}" for cp in (0, 1) for connector in (1, 2, 3)}
    np.testing.assert_allclose(found["energy_kwh"], [1000.5 + i for i in range(20)])
    sessions, report = sessions_from_reports(found, pd.Timestamp("2016-09-01", tz="Europe/London"), 24 * 30)
    assert report["kept"] == 20
    np.testing.assert_allclose(1e3 * sessions["energy_mwh"].sum(), sum(1000.5 + i for i in range(20)))


# overlaps


def ports(n_stations=11, n_days=7):
    """Two ports at each station, one session a day at each, from the same hours on."""
    rows = [
        (f"station {s}", port, pd.Timestamp(START) + pd.Timedelta(days=day, hours=7 + 0.1 * s), 8.0 + port)
        for s in range(n_stations) for port in (1, 2) for day in range(n_days)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["station", "port", "plug_in", "stay"])
    return table.assign(plug_out=table["plug_in"] + pd.to_timedelta(table.pop("stay"), unit="h"), energy_kwh=10.0)


@pytest.mark.parametrize("named", [True, False])
def test_a_port_without_its_station_is_refused(named):
    """Of 11 stays that begin one after the other at the ports of one number, the last of the day is not cut."""
    table = ports() if named else ports().rename(columns={"port": "user"})
    port = "port" if named else "user"
    with pytest.raises(evf.InvalidInputError) as error:
        read(table, columns={"user": "port"} if named else None)
    says = f'reports.user: 140 of 154 sessions overlap; name station and port: user=["station", "{port}"]'
    assert str(error.value).startswith(says)
    with pytest.raises(evf.InvalidInputError) as error:
        rates(table, 22, columns={"evse": port})
    says = f'sessions.evse: 140 of 154 sessions overlap; name station and port: evse=["station", "{port}"]'
    assert str(error.value).startswith(says)


NO_STATION = {
    "no station": ({"station": "street"}, "port", "evse=[...] in columns=: of street, port, plug_in, plug_out"),
    "a garage and a charger": (
        {"station": "Garage ID", "port": "Connector No"}, "Connector No", 'evse=["Garage ID", "Connector No"]',
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_STATION)
def test_only_columns_that_are_there_are_proposed_for_an_outlet(what):
    names, chosen, remedy = NO_STATION[what]
    with pytest.raises(evf.InvalidInputError) as error:
        rates(ports().rename(columns=names), 22, columns={"evse": chosen})
    assert remedy in error.value.faults[0].remedy


@pytest.mark.parametrize("several", [["station", "port"], ("station", "port"), pd.Index(["station", "port"])])
def test_station_and_port_together_name_an_outlet(several):
    sessions, report = read(ports(), columns={"user": several})
    assert report[["overlap", "kept"]].tolist() == [0, 154]
    assert sessions["user"].nunique() == 22 and sessions["user"][0] == "station 0 / 1"
    assert read(ports(), columns={"evse": several})[1].equals(report)
    found = rates(ports(), 22, columns={"evse": several})
    assert found.report["overlaps"] == 0 and len(found.evse) == 22


def test_an_outlet_needs_all_parts_of_its_name():
    table = ports(2, 1).assign(port=[1, None, 1, 2])
    assert read(table, columns={"user": ["station", "port"]})[1][["no user", "kept"]].tolist() == [1, 3]


def test_a_stuck_transaction_is_cut_and_swallows_no_good_session():
    good = reports(20, user="box")
    stuck = reports(1, user="box", plug_out=pd.Timestamp(START) + pd.Timedelta(days=30), energy_kwh=21.0)
    stuck["plug_in"] -= pd.Timedelta(hours=9)
    sessions, report = read(pd.concat([good, stuck], ignore_index=True))
    assert report[["read", "overlap", "kept"]].tolist() == [21, 1, 21]
    np.testing.assert_allclose(sessions["energy_mwh"].sum(), (200 + 21) / 1e3)
    assert sessions.loc[0, ["arrival_h", "departure_h"]].tolist() == [9.0, 18.0]
    assert (sessions["departure_h"][1:] - sessions["arrival_h"][1:] == 13.0).all()


def test_a_session_told_twice_counts_once():
    sessions, report = read(pd.concat([reports(), reports()]))
    assert report[["read", "overlap", "kept"]].tolist() == [8, 4, 4]
    np.testing.assert_allclose(sessions["energy_mwh"].sum(), 0.04)


# what is lost is said


@pytest.mark.parametrize(("n", "level"), [(99, logging.WARNING), (100, logging.INFO)])
def test_a_loss_of_more_than_a_hundredth_is_a_warning(caplog, n, level):
    caplog.set_level(logging.INFO)
    table = reports(n)
    table.loc[0, "user"] = None
    read(table)
    rates(table, n)
    assert [record.levelno for record in caplog.records if "read" in record.message] == [level, level]
    assert "no user 1" in caplog.text and "no outlet 1" in caplog.text


def test_a_loss_of_much_energy_in_few_rows_is_a_warning(caplog):
    caplog.set_level(logging.INFO)
    table = reports(1000)
    table.loc[5, "energy_kwh"], table.loc[5, "plug_out"] = 2000.0, pd.NaT
    _, report = read(table)
    assert report["no plug-out"] == 1
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and "16.7% of the energy is left out" in record.message


@pytest.mark.parametrize(("days", "level"), [("weekdays", logging.WARNING), (["2024-05-14"], logging.INFO)])
def test_stays_too_short_for_a_cell_are_a_loss_and_those_of_other_days_are_none(caplog, days, level):
    """A stay of five minutes on Monday, one of hours on Tuesday."""
    caplog.set_level(logging.INFO)
    arrival = pd.to_datetime(["2024-05-13 08:00", "2024-05-14 08:00"])
    departure = arrival + pd.to_timedelta([5, 300], unit="min")
    table = pd.DataFrame({"evse": ["a", "b"], "arrival": arrival, "charging_end": departure, "departure": departure})
    found = evf.cpo_rates_from_sessions(table, 2, days=days)
    assert found.report[["not sampled", "used"]].tolist() == [1, 1]
    assert [record.levelno for record in caplog.records if "not sampled 1" in record.message] == [level]


# names of columns

WRONG_NAMES = {
    "an unknown name": ({"usr": "user"}, "columns", "usr", "use user, plug_in"),
    "a name twice": ({"user": "user", "evse": "user"}, "columns", "user", "keep one of the two"),
    "a column that is not there": ({"user": "box"}, "reports", "user", "one of user, plug_in"),
    "a part that is not there": ({"user": ["user", "port"]}, "reports", "user", "one of user, plug_in"),
    "energies in two columns": ({"energy_kwh": ["energy_kwh", "user"]}, "columns", "energy_kwh", "name one column"),
    "no column": ({"user": []}, "columns", "user", "name one column"),
    "a list": (["user"], "columns", "", '"plugged_in"'),
}


@pytest.mark.parametrize("what", WRONG_NAMES)
def test_wrong_names_of_columns_are_refused(what):
    columns, table, column, remedy = WRONG_NAMES[what]
    with pytest.raises(evf.InvalidInputError) as error:
        read(reports(), columns=columns)
    assert [(fault.table, fault.column) for fault in error.value.faults] == [(table, column)]
    assert remedy in error.value.faults[0].remedy


def test_reports_that_are_no_table_are_refused():
    with pytest.raises(evf.InvalidInputError, match="is not a table"):
        read(reports().to_dict())


@pytest.mark.parametrize("heading", ["energy_wh", "Energy [MWh]", "Energi Wh", "power (kW)"])
def test_a_heading_of_another_unit_is_refused_by_name(heading):
    table = reports(p_kw=11.0).rename(columns={"energy_kwh": heading})
    for call in (read, lambda table, columns: rates(table, 4, columns=columns)):
        with pytest.raises(evf.InvalidInputError, match="names another unit than kWh; give a column in kWh") as error:
            call(table, columns={"energy_kwh": heading})
        assert error.value.faults[0].column == "energy_kwh"


@pytest.mark.parametrize("heading", ["energy_kwh", "Total kWh", "energy_session", "Energi (kWh)", "growth"])
def test_a_heading_of_the_unit_or_of_none_is_read_in_that_of_the_argument(heading):
    table = reports().rename(columns={"energy_kwh": heading})
    np.testing.assert_allclose(read(table, columns={"energy_kwh": heading})[0]["energy_mwh"], 0.01)


@pytest.mark.parametrize("heading", [" user", "user ", "\ufeffuser", "us\u00a0er"])
def test_headings_with_characters_that_are_not_seen_are_shown_in_quotes(heading):
    table = reports().rename(columns={"user": heading})
    for call in (read, lambda table: rates(table, 4, columns={"evse": "user"})):
        with pytest.raises(evf.InvalidInputError, match="has no column user") as error:
            call(table)
        assert f"one of {heading!r}, plug_in" in str(error.value)
