"""The subcommands do what the functions do, with files; what is wrong with a file ends with a line and code 2."""

from __future__ import annotations

import configparser
import importlib
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex import cli
from pandapower_evflex.files.profile_files import read_profile_files
from tests.validation.garbage import CSV, _fresh

PERIODS = pd.date_range("2026-03-13 12:00", periods=4, freq="15min")


@pytest.fixture
def folder(tmp_path):
    """A net with an EV without sessions, profiles and sessions as files."""
    net = _fresh()
    net["ev_session"] = net["ev_session"].iloc[:0]
    pp.to_json(net, str(tmp_path / "net.json"))
    (tmp_path / "profiles").mkdir()
    load = pd.DataFrame({0: [0.005, 0.006, 0.007, 0.0055]}, index=PERIODS)
    load.to_csv(tmp_path / "profiles" / "load_p_mw.csv", sep=";", decimal=",")
    (tmp_path / "sessions.csv").write_text("ev,arrival_h,departure_h,e_arrival_mwh,trip_km\n0,0,1,0.03,30\n")
    return tmp_path


def _run(folder, *arguments):
    """A command in which names of files stand for those of the folder."""
    there = [str(folder / one) if (folder / one).exists() or one == "out" else one for one in arguments]
    return cli.main(there)


def _library(folder):
    net = _fresh()
    profiles = {("load", "p_mw"): pd.DataFrame({0: [0.005, 0.006, 0.007, 0.0055]}, index=PERIODS)}
    return evf.run_flexibility_opf(net, profiles, progress=False)


OPF = ("opf", "net.json", "--profiles", "profiles", "--sessions", "sessions.csv", "--out", "out", "--quiet")


def test_opf_writes_what_the_function_returns(folder, capsys):
    assert _run(folder, *OPF) == 0
    expected = _library(folder)
    assert "optimal" in capsys.readouterr().out
    p_up = pd.read_csv(folder / "out" / "ev_p_up_mw.csv", index_col=0, parse_dates=True)
    np.testing.assert_allclose(p_up, expected.p_up_mw, atol=1e-9)
    assert (p_up.index == PERIODS).all()
    book = pd.read_excel(folder / "out" / "results.xlsx", sheet_name=None, index_col=0)
    assert {path.stem for path in (folder / "out").glob("*.csv")} == set(book)
    np.testing.assert_allclose(book["ev_p_up_mw"], expected.p_up_mw, atol=1e-9)
    assert {path.stem for path in (folder / "out").glob("*.png")} == {
        "charging_power", "flexibility", "min_voltage", "trafo_loading",
    }  # fmt: skip
    net = pp.from_json(str(folder / "out" / "net.json"))
    np.testing.assert_allclose(net.res_period["p_up_mw"], expected.p_up_mw.sum(axis=1), atol=1e-9)


def test_a_run_without_a_schedule_tells_of_files_that_are_not_its_own(folder, capsys):
    (folder / "out").mkdir()
    (folder / "out" / "report.html").write_text("of yesterday")
    assert _run(folder, *OPF, "--max-line-loading-percent", "0.01") == 1
    assert "did not write: report.html" in capsys.readouterr().err
    assert (folder / "out" / "report.html").read_text() == "of yesterday"


def test_what_an_earlier_run_with_more_options_left_is_told(folder, capsys):
    sessions = evf.mobility.sample_workplace_sessions(4, ["2024-05-14", "2024-05-15"], seed=0)
    sessions.to_csv(folder / "site.csv", index=False)
    for name in ("peak_shaving.csv", "of_a_study.parquet"):
        (folder / "out" / "full_batteries").mkdir(parents=True, exist_ok=True)
        (folder / "out" / "full_batteries" / name).write_text("of yesterday")
    assert _run(folder, "cpo", "site.csv", "--n-evse", "4", "--out", "out") == 0
    told = capsys.readouterr().err.splitlines()
    assert told[-1].endswith(f"did not write: {Path('full_batteries') / 'peak_shaving.csv'}")
    assert _run(folder, "check", "net.json") == 0 and "did not write" not in capsys.readouterr().err


def _nothing_written(monkeypatch):
    from pandapower_evflex.commands import opf

    monkeypatch.setattr(opf, "write_tables", lambda *_: None)
    monkeypatch.setattr(opf, "write_pictures", lambda *_: None)


def test_sessions_by_time_are_those_by_hour_and_evs_may_come_from_a_file(folder, monkeypatch):
    _nothing_written(monkeypatch)
    net = _fresh()
    net["ev"], net["ev_session"] = net["ev"].iloc[:0], net["ev_session"].iloc[:0]
    pp.to_json(net, str(folder / "bare.json"))
    (folder / "evs.csv").write_text(
        "bus;std_type;max_p_mw;in_service;controllable\n2;VW ID.3;0,0037;true;0\n1;VW ID.3;;;True\n"
    )
    (folder / "times.csv").write_text(
        "ev;arrival;departure;soc_arrival_percent;soc_departure_percent\n"
        "0;13.03.2026 12:00;13.03.2026 12:45;50;\n1;13.03.2026 12:15;13.03.2026 13:00;40;41\n"
    )
    files = ("--profiles", "profiles", "--evs", "evs.csv", "--sessions", "times.csv", "--out", "out", "--quiet")
    assert _run(folder, "opf", "bare.json", *files) == 0
    net = pp.from_json(str(folder / "out" / "net.json"))
    assert net.ev_session.arrival_h.tolist() == [0.0, 0.25] and net.ev_session.departure_h.tolist() == [0.75, 1.0]
    assert net.ev.max_p_mw.round(4).tolist() == [0.0037, 0.011] and net.ev.bus.tolist() == [2, 1]
    assert net.ev.in_service.tolist() == [True, True] and net.ev.controllable.tolist() == [False, True]
    np.testing.assert_allclose(net.ev_session.e_arrival_mwh, 0.01 * net.ev.max_e_mwh * [50, 40])
    np.testing.assert_allclose(net.ev_session.e_departure_mwh, [np.nan, 0.41 * net.ev.max_e_mwh[1]])


OUTLETS = "bus,name,max_p_mw,max_e_mwh\n2,A / 1,0.011,0.1\n1,A / 2,0.011,0.1\n"
EXPORTED = """[
{"chargePointId": "A", "action": "StartTransaction", "response": {"transactionId": 1},
 "payload": {"connectorId": 1, "idTag": "x", "meterStart": 0, "timestamp": "2026-03-13T11:15:00Z"}},
{"chargePointId": "A", "action": "StopTransaction",
 "payload": {"transactionId": 1, "meterStop": 2000, "timestamp": "2026-03-13T12:00:00Z"}}]"""


@pytest.fixture
def park(folder):
    """A net without EVs, a file of outlets, an OCPP log of one of them: 12:15 to 13:00 in Berlin, 2 kWh."""
    net = _fresh()
    net["ev"], net["ev_session"] = net["ev"].iloc[:0], net["ev_session"].iloc[:0]
    pp.to_json(net, str(folder / "net.json"))
    (folder / "outlets.csv").write_text(OUTLETS)
    (folder / "ocpp.json").write_text(EXPORTED)
    return folder


PARK = ("opf", "net.json", "--evs", "outlets.csv", "--sessions", "ocpp.json", "--out", "out", "--quiet")
PERIODS_OF_PARK = ("--profiles", "profiles")
ZONE = ("--timezone", "Europe/Berlin")


def test_sessions_of_outlets_become_those_of_the_evs_of_their_names(park, monkeypatch):
    _nothing_written(monkeypatch)
    assert _run(park, *PARK, *PERIODS_OF_PARK, *ZONE) == 0
    session = pp.from_json(str(park / "out" / "net.json")).ev_session.iloc[0]
    assert (session["ev"], session["arrival_h"], session["departure_h"]) == (0, 0.25, 1.0)
    np.testing.assert_allclose(session[["energy_mwh", "max_e_mwh"]].astype(float), 0.002)


NO_OUTLETS = {
    "no EV of that name": (
        OUTLETS.replace("A / 1", "A1"), (*PERIODS_OF_PARK, *ZONE),
        "outlet A / 1 is the name of no EV; give --evs with one row per outlet",
    ),
    "two EVs of that name": (
        OUTLETS.replace("A / 2", "A / 1"), (*PERIODS_OF_PARK, *ZONE),
        "is the name of several EVs; give each outlet one EV",
    ),
    "periods of no zone": (OUTLETS, PERIODS_OF_PARK, "those of the periods tell no zone; say --timezone"),
    "no start": (OUTLETS, ("--n-periods", "4", *ZONE), "times need a start; give --start, or profiles"),
    "no periods": (OUTLETS, ("--start", "2026-03-13 12:00"), "n_periods: the number of periods is missing"),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_OUTLETS)
def test_outlets_that_are_not_told_are_asked_for(park, capsys, what):
    outlets, periods, words = NO_OUTLETS[what]
    (park / "outlets.csv").write_text(outlets)
    assert _run(park, *PARK, *periods) == 2
    assert words in capsys.readouterr().err


def test_a_part_of_a_period_is_refused_in_one_line_with_its_option(folder, capsys):
    with pytest.raises(SystemExit) as exit_:
        _run(folder, "opf", "net.json", "--n-periods", "8.5", "--out", "out")
    assert exit_.value.code == 2
    assert "argument --n-periods: 8.5 is not a whole number of 0 or more" in capsys.readouterr().err


def test_an_unknown_argument_is_named_with_the_one_that_may_be_meant(folder, capsys):
    with pytest.raises(SystemExit) as exit_:
        _run(folder, "opf", "net.json", "--profils", "profiles", "--out", "out")
    assert exit_.value.code == 2
    said = capsys.readouterr().err
    assert "opf: unknown argument --profils" in said and ": --profiles is meant?" in said


def test_profiles_of_one_file_are_those_of_a_folder(folder):
    frame = pd.DataFrame({"load.p_mw.0": [0.1, 0.2], "sgen.p_mw.0": [0.0, 0.1]})
    frame.to_csv(folder / "day.csv", index_label="period")
    read = read_profile_files(folder / "day.csv")
    assert set(read) == {("load", "p_mw"), ("sgen", "p_mw")} and read["load", "p_mw"][0].tolist() == [0.1, 0.2]
    assert read["load", "p_mw"].index.tolist() == [0, 1]
    assert read_profile_files(folder / "profiles")["load", "p_mw"].shape == (4, 1)


def test_without_a_schedule_the_findings_are_written_and_the_code_is_1(folder, capsys):
    (folder / "out").mkdir()
    (folder / "out" / "net.json").write_text("of an earlier run")
    assert _run(folder, *OPF, "--min-vm-pu", "1.05") == 1
    said = capsys.readouterr()
    assert "no schedule exists" in said.err and said.err.splitlines()[-1].endswith("did not write: net.json")
    assert "earlier" not in said.out
    assert len(pd.read_csv(folder / "out" / "findings.csv"))


WRONG = {
    "a missing net": (("opf", "none.json", "--out", "out"), "none.json"),
    "a folder for a net": (("opf", "profiles", "--out", "out"), "directory"),
    "another kind of file": (("opf", "sessions.csv", "--out", "out"), ".json"),
    "a missing folder of profiles": ((*OPF[:3], "none", *OPF[4:]), "none"),
    "a missing file of sessions": ((*OPF[:5], "none.csv", *OPF[6:]), "none.csv"),
    "sessions for profiles": ((*OPF[:3], "sessions.csv", *OPF[4:]), "load_p_mw.csv"),
    "profiles for sessions": ((*OPF[:5], "profiles/load_p_mw.csv", *OPF[6:]), "lacks ev"),
    "kilowatts for megawatts": ((*OPF[:5], "kw.csv", *OPF[6:]), "has max_p_kw (for max_p_mw?), note; name columns"),
    "a capital letter": ((*OPF[:5], "capital.csv", *OPF[6:]), "lacks ev and has Ev (for ev?); name columns"),
    "times of day for hours": ((*OPF[:5], "clock.csv", *OPF[6:]), "'07:00' is a time of day; give hours"),
    "yes for true": ((*OPF[:5], "yes.csv", *OPF[6:]), "of row 1: 'yes' is neither true nor false; write true or false"),
    "a missing file of charging sessions": (("cpo", "none.csv", "--n-evse", "2", "--out", "out"), "none.csv"),
    "half a window": (("cpo", "sessions.csv", "--n-evse", "2", "--start-h", "11", "--out", "out"), "--end-h"),
    "too few outlets": (("cpo", "site.csv", "--n-evse", "0", "--out", "out"), "n_evse"),
    "a net to check": (("check", "none.json"), "none.json"),
    "a net to plan": (("plan", "none.json", "--voll-eur-per-mwh", "1", "--loss-price-eur-per-mwh", "1",
                       "--discount-rate", "0", "--out", "out"), "none.json"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_file_ends_with_a_line_and_code_2(folder, capsys, what):
    arguments, word = WRONG[what]
    (folder / "site.csv").write_text(CSV)
    (folder / "capital.csv").write_text("Ev,arrival_h,departure_h\n0,0,1\n")
    (folder / "kw.csv").write_text("ev,arrival_h,departure_h,max_p_kw,note\n0,0,1,11,late\n")
    (folder / "clock.csv").write_text("ev,arrival_h,departure_h\n0,0,07:00\n")
    (folder / "yes.csv").write_text("ev,arrival_h,departure_h,in_service\n0,0,1,true\n0,1,2,yes\n")
    assert _run(folder, *arguments) == 2
    text = capsys.readouterr().err
    assert word in text.splitlines()[-1] and "Traceback" not in text


@pytest.mark.parametrize("text", ["", "{}", '{"a"', "[]", "5", "\0\1"])
def test_a_file_that_holds_no_net_is_named(folder, capsys, text):
    (folder / "broken.json").write_text(text)
    assert _run(folder, "check", "broken.json") == 2
    assert capsys.readouterr().err.startswith("broken.json: ")


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("load_p_mw.csv", "0,1\n0.1,0.2\n", "first column"),
        ("load_p_mw.csv", "time,0\n2026-01-01,x\n", "is not a number"),
        ("load_p_mw.csv", "time,a\n2026-01-01,1\n", "are not known"),
        ("day.csv", "time,load.p_kw.0\n2026-01-01,1\n", "are not known"),
        ("day.csv", "time\n2026-01-01\n", "holds no profiles"),
        ("load_p_mw.csv", "", "is empty"),
    ],
)
def test_profiles_that_cannot_be_read_are_named(tmp_path, name, text, word):
    (tmp_path / name).write_text(text)
    with pytest.raises(evf.InvalidInputError, match=word):
        read_profile_files(tmp_path / name)


def test_check_tells_errors_by_its_code(folder, capsys):
    assert _run(folder, "check", "net.json", "--profiles", "profiles") == 0
    net = _fresh()
    net.ev_session["departure_h"], net.ev_session["trip_km"] = 0.25, 200.0
    pp.to_json(net, str(folder / "net.json"))
    assert _run(folder, "check", "net.json") == 1
    assert "sessions that cannot be met" in capsys.readouterr().out


def test_plan_writes_what_the_function_returns(folder):
    prices = ("--voll-eur-per-mwh", "10000", "--loss-price-eur-per-mwh", "80", "--discount-rate", "0.06")
    assert _run(folder, "plan", "net.json", *prices, "--period-h", "6", "--out", "out", "--quiet") == 0
    study = evf.run_planning(
        _fresh(), period_h=6.0, voll_eur_per_mwh=1e4, loss_price_eur_per_mwh=80.0, discount_rate=0.06, progress=False
    )
    plans = pd.read_csv(folder / "out" / "plans.csv", index_col=0)
    np.testing.assert_allclose(plans["total_eur_per_year"], study.plans["total_eur_per_year"])
    assert (folder / "out" / "plan_costs.png").stat().st_size and (folder / "out" / "plan.xlsx").exists()


def test_cpo_writes_rates_and_what_can_be_shaved(folder, capsys):
    sessions = evf.mobility.sample_workplace_sessions(4, ["2024-05-14", "2024-05-15"], seed=0)
    sessions.to_csv(folder / "site.csv", index=False)
    window = ("--evse-p-kw", "22", "--start-h", "11", "--end-h", "12")
    assert _run(folder, "cpo", "site.csv", "--n-evse", "4", *window, "--out", "out") == 0
    rates = evf.cpo_rates_from_sessions(sessions, 4)
    written = pd.read_csv(folder / "out" / "rates.csv", index_col=0)
    np.testing.assert_allclose(written["charging_rate"], rates.charging_rate)
    shaving = pd.read_csv(folder / "out" / "peak_shaving.csv", index_col=0)
    limit = evf.shaving_limit_outlets(*shaving.loc["paper", ["charging_density", "occupancy_density"]], 4, 4)
    assert shaving.at["paper", "outlets"] == pytest.approx(limit)
    assert shaving.at["paper", "p_mw"] == pytest.approx(0.022 * limit)
    assert "what the site can shave" in capsys.readouterr().out


@pytest.mark.parametrize("command", [command.NAME for command in cli.COMMANDS])
def test_help_shows_examples_and_exit_codes(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main([command, "--help"])
    text = capsys.readouterr().out
    assert exit_.value.code == 0 and f" {command} " in text.split("examples:")[1] and "exit codes" in text


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main(["--version"])
    assert exit_.value.code == 0 and evf.__version__ in capsys.readouterr().out


def test_the_console_script_is_the_command_line():
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    name, _, target = setup["options.entry_points"]["console_scripts"].strip().partition(" = ")
    module, _, function = target.partition(":")
    assert name == "evflex" and getattr(importlib.import_module(module), function) is cli.main


def test_a_formula_in_a_name_stays_text(tmp_path):
    from pandapower_evflex.commands.result_files import write_tables

    table = pd.DataFrame({"name": ["=1+1"], "at": [pd.Timestamp("2026-01-01", tz="Europe/Berlin")], "cell": [(1, 2)]})
    write_tables(tmp_path, "book", {"a": table})
    back = pd.read_excel(tmp_path / "book.xlsx", index_col=0)
    assert back.iloc[0].astype(str).tolist() == ["=1+1", "2026-01-01 00:00:00", "(1, 2)"]


def test_a_matpower_case_is_read(tmp_path, capsys):
    pytest.importorskip("matpowercaseframes")
    text = """function mpc = case2
mpc.version = '2';
mpc.baseMVA = 10;
mpc.bus = [
 1 3 0 0 0 0 1 1 0 20 1 1.1 0.9;
 2 1 1 0.2 0 0 1 1 0 20 1 1.1 0.9;
];
mpc.gen = [1 0 0 10 -10 1 10 1 10 0 0 0 0 0 0 0 0 0 0 0 0];
mpc.branch = [1 2 0.01 0.02 0 5 5 5 0 0 1 -360 360];
"""
    (tmp_path / "case2.m").write_text(text)
    assert cli.main(["check", str(tmp_path / "case2.m")]) == 0
