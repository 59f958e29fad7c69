"""Who gets a car: nested by share, decided by net and seed alone."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.studies.net_day import read_net_day
from tests.studies.nets import HOURS, evening, feeder


def day_of(net, profiles=None):
    return read_net_day(net, profiles, HOURS)


def test_studies_are_all_combinations():
    studies = list(evf.adoption_studies([feeder(), (feeder(name="b"), evening())], (0.1, 0.2), range(3), (0, 1)))
    assert len(studies) == 2 * 2 * 3 * 2 and len({id(study.net) for study in studies}) == 2
    assert all(isinstance(study, evf.Study) for study in studies)
    assert list(evf.adoption_studies("case4gs", (0.1,)))[0].net == "case4gs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], (20,)), "0.2 for 20 %"),
        ((["a"], (0.2,), 3), "give for instance range"),
        (([], (0.2,)), r"give for instance \["),
        (([3], (0.2,)), "is not a net"),
        ((["a"], np.array(0.2)), "give for instance"),
        ((["a"], (0.2,), [0], [-1]), "whole number"),
    ],
)
def test_wrong_combinations_are_refused_at_once(arguments, message):
    with pytest.raises(evf.InvalidInputError, match=message):
        evf.adoption_studies(*arguments)


def test_cars_of_a_share_are_among_those_of_a_larger_one():
    day = day_of(feeder())
    fleet = day.fleet(seed=3)
    cases = [day.with_cars(fleet, share).case for share in (0.0, 0.2, 0.5, 1.0)]
    assert [len(case.evs.index) for case in cases] == [0, 2, 5, 10]
    for small, large in zip(cases, cases[1:], strict=False):
        n = len(small.evs.index)
        np.testing.assert_array_equal(small.evs.bus, large.evs.bus[:n])
        np.testing.assert_array_equal(small.evs.slots.p_max, large.evs.slots.p_max[: len(small.evs.slots)])
    assert sorted(cases[-1].evs.bus) == sorted(feeder().load.bus)


def test_seeds_and_nets_draw_different_cars_and_the_same_ones_again():
    draws = [day_of(feeder(name=name)).fleet(seed).sessions for name, seed in (("a", 0), ("a", 1), ("b", 0))]
    assert not draws[0].equals(draws[1]) and not draws[0].equals(draws[2])
    pd.testing.assert_frame_equal(day_of(feeder(name="a")).fleet(0).sessions, draws[0])
    stored = pickle.loads(pickle.dumps(day_of(feeder(name="a"))))
    pd.testing.assert_frame_equal(stored.fleet(0).sessions, draws[0])


def test_a_load_has_as_many_households_as_customers():
    net = copy.deepcopy(feeder())
    net.load["customers"] = [3.0, 0.0, np.nan] + [1.0] * 7
    net.load.loc[9, "in_service"] = False
    net.line.loc[8, "in_service"] = False  # load 8 is not supplied
    day = day_of(net)
    assert sorted(day.households.bus) == sorted(net.load.bus[[0, 0, 0, 2, 3, 4, 5, 6, 7]])


def test_a_net_that_breaks_limits_without_any_car_says_so_in_each_of_its_rows(tmp_path):
    """As 1-LV-semiurb5 of SimBench, whose upper station is fed above the limit of its buses."""
    net = copy.deepcopy(feeder(n_houses=3))
    net.ext_grid["vm_pu"] = 1.03
    net.bus["max_vm_pu"] = 1.01
    evf.run_studies([evf.Study(net, None, share, 0, HOURS) for share in (0.0, 0.3)], tmp_path, progress=False)
    rows = evf.read_studies(tmp_path)
    assert (rows["status"] == "best_effort").all() and (rows["relaxed"] > 0).all()
    assert rows["message"].str.contains("that the grid breaks without controllable EVs are relaxed").all()
    assert not rows[["scheduled_holds", "uncontrolled_holds", "any_sequence_holds"]].any(axis=None)
    assert (rows["breaks_quantity"] == "vm_pu").all() and (rows["breaks_limit"] == 1.01).all()


def test_a_row_is_what_the_opf_says_of_the_same_cars(tmp_path):
    """Tables made of the drawn cars, solved and charged at arrival by the public functions."""
    evf.run_studies(
        [evf.Study(feeder(), evening(), 0.6, 1, {**HOURS, "min_vm_pu": 0.983}, day=1)], tmp_path, progress=False
    )
    row = evf.read_studies(tmp_path).iloc[0]
    profiles = {key: frame.iloc[24:48] for key, frame in evening().items()}
    net = copy.deepcopy(feeder())
    fleet = day_of(net, profiles).fleet(1)
    net["ev"], net["ev_session"] = fleet.evs.iloc[:6].copy(), fleet.sessions.iloc[:6].copy()
    arguments = {"period_h": 1.0, "cyclic": True, "min_vm_pu": 0.983}
    result = run_flexibility_opf(net, profiles, progress=False, **arguments)
    same = evf.uncontrolled_charging(net, profiles, energy=result, **arguments)
    full = evf.uncontrolled_charging(net, profiles, energy="full", **arguments)
    assert (row["day"], row["status"], row["n_evs"]) == (1, result.status, 6)
    assert row["flexibility_mwh"] == pytest.approx(result.objective_mwh, rel=1e-6)
    assert row["p_up_mw_18_24"] == pytest.approx(result.p_up_mw.sum(axis=1)[18:24].mean(), rel=1e-5)
    assert row["charged_mwh"] == pytest.approx(result.summary["charged_mwh"].sum(), rel=1e-6)
    assert row["uncontrolled_min_vm_pu"] == pytest.approx(same.min_vm_pu.min(), abs=1e-9)
    assert row["full_min_vm_pu"] == pytest.approx(full.min_vm_pu.min(), abs=1e-9)
    assert row["full_max_loading_percent"] == pytest.approx(
        max(full.trafo_loading_percent.to_numpy().max(), full.line_loading_percent.to_numpy().max())
    )
    assert row["full_holds"] == (len(full.violations) == 0)
    worst = same.violations.loc[(same.violations["limit"] - same.violations["value"]).idxmax()]
    assert (row["breaks_element"], row["breaks_period"]) == (worst["element"], worst["period"])
    net_with_band = copy.deepcopy(net)
    band = run_flexibility_opf(net_with_band, profiles, guarantee="any_sequence", progress=False, **arguments)
    assert row["any_sequence_mwh"] == pytest.approx(band.objective_mwh, rel=1e-5)


def test_the_evs_of_a_net_are_studied_as_they_are_without_a_share(tmp_path):
    net = copy.deepcopy(feeder(name="own"))
    evf.create_ev(net, net.load.bus[3], "VW ID.3")
    evf.create_ev_session(net, 0, 1.0, 8.0, soc_arrival_percent=30, soc_departure_percent=80)
    studies = [evf.Study(net, None, share, options=HOURS) for share in (None, 0.5)]
    evf.run_studies(studies, tmp_path, progress=False)
    own, drawn = (row for _, row in evf.read_studies(tmp_path).iterrows())
    result = run_flexibility_opf(copy.deepcopy(net), n_periods=24, period_h=1.0, progress=False)
    assert own["flexibility_mwh"] == pytest.approx(result.objective_mwh) and np.isnan(own["share"])
    assert drawn["n_evs"] == 5 and "the 1 EVs of the net were left out" in drawn["message"]


def test_what_cannot_be_served_is_short(tmp_path):
    """The transformer leaves less room than two cars need: a best effort lowers needs."""
    net = copy.deepcopy(feeder(n_houses=2, sn_mva=0.0115, name="small"))
    net.load["p_mw"] = [0.001, 0.010]
    row = _row(evf.Study(net, None, 1.0, 0, HOURS), tmp_path)
    assert row["status"] == "best_effort" and row["energy_short_mwh"] > 0.0
    assert not row["scheduled_holds"] and not row["any_sequence_holds"] and row["breaks_element_type"] == "trafo"


def _row(study, out):
    evf.run_studies([study], out, progress=False)
    return evf.read_studies(out).iloc[0]


@pytest.mark.slow
def test_profiles_come_from_a_folder(tmp_path):
    folder = tmp_path / "profiles"
    folder.mkdir()
    (frame,) = evening().values()
    frame.set_axis(pd.date_range("2024-01-01", periods=72, freq="h")).to_csv(folder / "load_p_mw.csv")
    path = tmp_path / "net.json"
    pp.to_json(feeder(), str(path))
    rows = []
    for number, (net, profiles) in enumerate([(feeder(), evening()), (str(path), str(folder))]):
        rows.append(_row(evf.Study(net, profiles, 0.3, options=HOURS, day=2), tmp_path / str(number)))
    for column in ("flexibility_mwh", "uncontrolled_min_vm_pu", "scheduled_max_loading_percent"):
        assert rows[0][column] == pytest.approx(rows[1][column], rel=1e-9)
