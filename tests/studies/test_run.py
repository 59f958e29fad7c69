"""Studies in chunks on any executor: the same rows, each computed once, and failures as rows."""

from __future__ import annotations

import copy

import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.studies import chunks, files, sources, worker
from pandapower_evflex.studies.task import Tasks
from tests.pools import dask_client, processes, threads
from tests.studies.nets import HOURS, evening, feeder, few


def rows_of(studies, out, **arguments):
    evf.run_studies(studies, out, progress=False, **arguments)
    return evf.read_studies(out)


def assert_same(rows, expected):
    pd.testing.assert_frame_equal(rows.drop(columns="seconds"), expected.drop(columns="seconds"))


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    return rows_of(few(), tmp_path_factory.mktemp("serial"))


def test_a_study_is_a_row(serial):
    assert serial["net"].tolist() == ["north"] * 3 + ["south"]
    assert serial["n_evs"].tolist() == [0, 3, 10, 3]
    assert serial["screened"].tolist() == [True, True, False, True]
    assert (serial["status"] == "optimal").all() and serial["scheduled_holds"].all()
    assert serial["key"].is_unique


SLOW_POOLS = [pytest.param(pool, marks=pytest.mark.slow) for pool in (threads, processes)]


@pytest.mark.parametrize("pool", [dask_client, *SLOW_POOLS])
def test_an_executor_gives_the_rows_of_none(serial, tmp_path, pool):
    """In another order and in chunks of one study."""
    with pool() as executor:
        rows = rows_of(few()[::-1], tmp_path, executor=executor, chunk=1)
    assert_same(rows[::-1].reset_index(drop=True), serial)


def test_what_is_there_is_not_computed_again(serial, tmp_path, monkeypatch):
    first = evf.run_studies(few(shares=(0.3,)), tmp_path, progress=False)
    assert (first.n_there, first.n_computed) == (0, 2)
    second = evf.run_studies(few(), tmp_path, progress=False)
    assert (second.n_there, second.n_computed) == (2, 2)
    monkeypatch.setattr(chunks, "run_chunk", None)
    assert evf.run_studies(few(), tmp_path, progress=False).n_there == 4
    assert_same(evf.read_studies(tmp_path).sort_values(["net", "share"], ignore_index=True), serial)


def test_other_options_nets_and_versions_are_computed_anew(tmp_path, monkeypatch):
    net = copy.deepcopy(feeder())
    path = tmp_path / "net.json"
    pp.to_json(net, str(path))
    study = evf.Study(str(path), None, 0.3, options=HOURS)
    out = tmp_path / "out"
    before = rows_of([study], out)
    net.load["p_mw"] *= 2.0
    pp.to_json(net, str(path))
    after = rows_of([study], out)
    assert len(after) == 1 and after["key"][0] != before["key"][0]
    assert after["uncontrolled_min_vm_pu"][0] < before["uncontrolled_min_vm_pu"][0]
    for module in ("task", "worker"):
        monkeypatch.setattr(f"pandapower_evflex.studies.{module}.versions", lambda: {"pandapower_evflex": "9"})
    assert evf.run_studies([study], out, progress=False).n_computed == 1
    assert len(evf.read_studies(out)) == 1


def _forget():
    """As a worker that has read nothing yet."""
    for kept in (worker._nets, worker._profiles, worker._net_days, worker._cars):
        kept._values.clear()


@pytest.mark.parametrize("name", ["net.json", "profiles/load_p_mw.csv"])
def test_a_file_that_changes_before_its_turn_is_not_taken_for_what_was_asked(tmp_path, monkeypatch, name):
    """The net is edited, and the profiles are gone, when a worker reads them; as they were again, they are studied."""
    (frame,) = evening().values()
    (tmp_path / "profiles").mkdir()
    pp.to_json(feeder(), str(tmp_path / "net.json"))
    frame.to_csv(tmp_path / "profiles/load_p_mw.csv")
    study = evf.Study(str(tmp_path / "net.json"), str(tmp_path / "profiles"), 0.3, 0, HOURS)
    file, run_chunk = tmp_path / name, chunks.run_chunk
    before = file.read_bytes()

    def disturbed(*given):
        _forget()
        if name == "net.json":
            file.write_bytes(before.replace(b"0.001", b"0.002"))
        else:
            file.unlink()
        return run_chunk(*given)

    with monkeypatch.context() as patch:
        patch.setattr(chunks, "run_chunk", disturbed)
        rows = rows_of([study], tmp_path / "out")
    assert rows["status"].tolist() == ["changed"] and "call run_studies again" in rows["message"][0]
    file.write_bytes(before)
    rows = rows_of([study], tmp_path / "out")
    assert rows["status"].tolist() == ["optimal"] and rows["key"].is_unique
    assert evf.run_studies([study], tmp_path / "out", progress=False).n_there == 1


def test_chunks_that_share_some_studies_are_files_of_their_own(serial, tmp_path):
    """Two calls that write to one folder cut their chunks elsewhere."""
    rows = serial.to_dict("records")
    for first, second in ((0, 1), (0, 2), (3, 0)):
        files.write_chunk(tmp_path, [rows[first], rows[second]])
    assert set(files.read_chunks(tmp_path)["key"]) == set(serial["key"])


@pytest.mark.parametrize("name", ["manifest.parquet", "chunks/notes.parquet", "chunks/other.parquet"])
def test_files_that_are_none_of_ours_are_named(tmp_path, name):
    evf.run_studies(few((0.3,)), tmp_path, progress=False)
    if "other" in name:
        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(b"PAR1")
    for call in (lambda: evf.read_studies(tmp_path), lambda: evf.run_studies(few(), tmp_path, progress=False)):
        with pytest.raises(evf.InvalidInputError, match=name.rpartition("/")[2]):
            call()


def test_rows_of_a_version_with_other_columns_have_those_of_this_one(serial, tmp_path):
    evf.run_studies(few((0.3,)), tmp_path, progress=False)
    (chunk,) = (tmp_path / "chunks").glob("*.parquet")
    columns = ["relaxed", "binding_element", "message", "x", "screened"]
    pd.read_parquet(chunk).drop(columns=columns).assign(gone=1).to_parquet(chunk)
    rows = evf.read_studies(tmp_path)
    assert (rows.dtypes == serial.dtypes).all()
    assert rows["screened"].isna().all() and (rows["relaxed"] == 0).all()


def test_households_that_are_no_number_are_refused(tmp_path):
    nets = [copy.deepcopy(feeder(name=name)) for name in ("negative", "text")]
    for net, value in zip(nets, (-3.0, "many"), strict=True):
        net.load["customers"] = pd.Series([value, *[1.0] * 9], dtype=object)
    rows = rows_of([evf.Study(net, None, 0.3, 0, HOURS) for net in nets], tmp_path)
    assert rows["status"].tolist() == ["invalid_input"] * 2
    assert rows["message"].str.contains("load.customers of row 0").all()


def test_a_worker_with_other_versions_computes_nothing(tmp_path, monkeypatch):
    """Its rows would be kept under the versions of the client."""
    monkeypatch.setattr(worker, "versions", lambda: {**sources.versions(), "pandapower": "3.4.0"})
    with pytest.raises(evf.InvalidInputError, match=r"pandapower 3\.4\.0 of a worker is"):
        evf.run_studies(few((0.3,)), tmp_path, progress=False)
    assert not (tmp_path / "chunks").exists()


def test_different_nets_and_profiles_without_names_of_their_own_all_have_rows(tmp_path):
    """Variants of one net bear its name; frames of profiles have none."""
    stronger = copy.deepcopy(feeder())
    stronger.trafo["sn_mva"] *= 2.0
    winter = {key: 2.0 * frame for key, frame in evening().items()}
    asked = [(feeder(), evening()), (feeder(), winter), (stronger, evening()), (feeder(), None), (feeder(), evening())]
    studies = [evf.Study(net, profiles, 0.3, 0, HOURS) for net, profiles in asked]
    rows = rows_of(studies, tmp_path)
    assert len(rows) == 4 and rows["key"].is_unique
    assert rows["net"].nunique() == 2 and rows["net"][2].startswith("feeder ")
    assert rows["uncontrolled_min_vm_pu"].is_unique
    assert_same(rows_of(studies, tmp_path), rows)
    assert rows_of(studies[1:2], tmp_path)["key"].is_unique


def test_a_net_of_the_name_of_a_file_has_another_in_the_results(tmp_path):
    path = str(tmp_path / "a.json")
    pp.to_json(feeder(), path)
    for nets in ([path, feeder(name=path)], [feeder(name=path), path]):
        first, second = (task.label for task in Tasks(tmp_path).of([evf.Study(net) for net in nets]))
        assert first == path and second.startswith(f"{path} ")


def test_copies_of_one_file_are_computed_once_and_have_a_row_each(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.json", "b.json")]
    for path in paths:
        pp.to_json(feeder(), path)
    report = evf.run_studies([evf.Study(path, None, 0.3, 0, HOURS) for path in paths], tmp_path / "out", progress=False)
    rows = evf.read_studies(tmp_path / "out")
    assert report.n_computed == 1 and rows["net"].tolist() == paths


def test_adoption_takes_what_can_be_run_through_only_once():
    studies = evf.adoption_studies(iter(["a.json"]), iter([0.1, 0.2]), iter([0, 1]), iter([0]))
    assert [(study.seed, study.ev_share) for study in studies] == [(0, 0.1), (0, 0.2), (1, 0.1), (1, 0.2)]


def test_nets_that_fail_are_rows(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    weak = feeder(km=5.0, name="weak")
    studies = [
        evf.Study(str(tmp_path / "broken.json"), None, 0.3, options=HOURS),
        evf.Study(str(tmp_path / "nowhere.json"), None, 0.3, options=HOURS),
        evf.Study("1-LV-nowhere", None, 0.3, options=HOURS),
        evf.Study(weak, None, 0.3, options=HOURS),
        evf.Study("case118", None, 0.3, options=HOURS),
        evf.Study(pp.create_empty_network(name="empty"), None, 0.3, options=HOURS),
        evf.Study(feeder(), None, 0.3, options=HOURS, day=3),
        evf.Study(feeder(), evening(), 0.3),
        evf.Study(feeder(), None, 0.3, options=HOURS),
    ]
    rows = rows_of(studies, tmp_path / "out", most_bus_periods=2000)
    kinds = ["unreadable"] * 3 + ["infeasible", "too_large", "invalid_input", "unreadable", "unreadable", "optimal"]
    assert rows["status"].tolist() == kinds
    assert rows["message"].str.len().gt(20).all()
    assert "72 rows of profiles without times do not tell" in rows["message"][7]
    assert "118 buses times 24 periods" in rows["message"][4]


def test_hours_that_nights_of_drawn_cars_do_not_fit_into_are_refused(tmp_path):
    profiles = {("load", "p_mw"): pd.DataFrame({0: [0.001] * 6})}
    row = rows_of([evf.Study(feeder(), profiles, 0.3, options=HOURS, day=None)], tmp_path / "out").iloc[0]
    assert row["status"] == "invalid_input"
    assert "6 h are no days that cars can be drawn for; give profiles of whole days" in row["message"]
    with pytest.raises(evf.InvalidInputError, match="whole days of 24 h"):
        evf.hosting_capacity(feeder(), profiles, day=None, options=HOURS)


def test_a_study_that_raises_anything_is_a_row(tmp_path, monkeypatch):
    def fails(*_):
        raise RuntimeError("no idea")

    monkeypatch.setattr(worker, "answer_with_cars", fails)
    rows = rows_of(few(shares=(0.3,)), tmp_path)
    assert rows["message"].tolist() == ["RuntimeError: no idea"] * 2 and (rows["status"] == "failed").all()


def test_who_takes_too_long_comes_again_with_more_time(tmp_path, monkeypatch):
    given = []
    answer = worker.answer_with_cars

    def slow(day, cars, share, options):
        given.append(options.solver_options["max_wall_time"])
        return answer(day, cars, share, options)

    monkeypatch.setattr(worker, "answer_with_cars", slow)
    report = evf.run_studies(few(shares=(0.3,)), tmp_path, progress=False, time_limit_s=1e-6)
    assert given == pytest.approx([1e-6, 1e-6, 5e-6, 5e-6]) and report.n_computed == 2
    assert len(evf.read_studies(tmp_path)) == 2


def test_a_half_written_file_does_not_count(serial, tmp_path):
    shares = (0.0, 0.3)
    evf.run_studies(few(shares), tmp_path, progress=False, chunk=2)
    (one,) = (tmp_path / "chunks").glob("*-2.parquet")
    one.rename(one.with_name(".1a2b.partial"))
    assert len(evf.read_studies(tmp_path)) == 1
    assert evf.run_studies(few(shares), tmp_path, progress=False).n_computed == 2
    assert_same(evf.read_studies(tmp_path), serial[serial["share"] < 1.0].reset_index(drop=True))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(files.MissingExtra, match=r"pandapower_evflex\[studies\]"):
        evf.run_studies(few(), tmp_path, progress=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"studies": [evf.Study("x", None, 20)]}, "0.2 for 20 %"),
        ({"studies": [evf.Study("x", None, 0.2), evf.Study("x", None, "a")]}, "of row 1"),
        ({"studies": [evf.Study(3, None, 0.2)]}, "is not a net"),
        ({"studies": [evf.Study("x", None, 0.2, options={"scenarios": "up"})]}, "cannot be chosen here"),
        ({"studies": [evf.Study("x", None, 0.2, options={"margin_percent": 200})]}, "margin_percent"),
        ({"studies": evf.Study("x")}, "give a list of Study"),
        ({"executor": 3}, "takes no tasks"),
        ({"out": 3}, "is not the path of a folder"),
        ({"chunk": 0}, "whole number"),
        ({"time_limit_s": -1.0}, "positive"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_computed(tmp_path, change, message):
    arguments = {"studies": few(), "out": tmp_path / "out", **change}
    with pytest.raises(evf.InvalidInputError, match=message):
        evf.run_studies(arguments.pop("studies"), arguments.pop("out"), **arguments)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_studies_is_refused(tmp_path):
    with pytest.raises(evf.InvalidInputError, match="holds no studies"):
        evf.read_studies(tmp_path)


def test_profiles_of_files_in_any_notation_are_those_of_the_frames(tmp_path):
    """Points and commas, text of times that only the whole year settles, parquet; one reader for all."""
    (frame,) = evening().values()
    frame = frame.set_axis(pd.date_range("2024-02-11", periods=72, freq="h"))
    folders = {name: tmp_path / name for name in ("plain", "german", "parquet", "one")}
    for folder in folders.values():
        folder.mkdir()
    frame.to_csv(folders["plain"] / "load_p_mw.csv")
    german = frame.set_axis(frame.index.strftime("%d.%m.%Y %H:%M"))
    german.to_csv(folders["german"] / "load_p_mw.csv", sep=";", decimal=",", index_label="Zeit")
    frame.rename(columns=str).to_parquet(folders["parquet"] / "load_p_mw.parquet")
    frame.add_prefix("load.p_mw.").to_csv(folders["one"] / "day.csv", index_label="time")
    folders["one"] /= "day.csv"
    for source in map(str, folders.values()):
        for day in range(3):
            (found,) = sources.day_of_profiles(feeder(), source, day, {}).values()
            expected = frame.iloc[24 * day : 24 * (day + 1)]
            pd.testing.assert_frame_equal(found, expected, check_freq=False, check_index_type=False, check_names=False)


def test_a_folder_with_a_file_that_is_no_profile_is_refused(tmp_path):
    """A slip in a name must not leave a profile out."""
    pd.DataFrame({"0": [1.0]}).to_csv(tmp_path / "load_p_kw.csv")
    with pytest.raises(sources.Unreadable, match=r"load_p_kw.csv(.|\n)*load_p_mw.csv"):
        sources.day_of_profiles(feeder(), str(tmp_path), 0, HOURS)


@pytest.mark.parametrize(("days", "seeds"), [((3, 4), (0, 1, 2)), ((3, 4, 5), (0, 1))])
def test_of_days_and_seeds_the_fewer_change_faster(tmp_path, days, seeds):
    """So a worker that gets a part of a net draws the cars of few seeds, or reads few days."""
    net = "create_kerber_landnetz_freileitung_1"
    both = [(day, seed) for day in days for seed in seeds]
    studies = [evf.Study(net, None, share, seed, day=day) for share in (0.1, 0.2) for day, seed in both]
    ordered = chunks.by_net(list(Tasks(tmp_path).of(studies)))
    slower, faster = ("seed", "day") if len(days) < len(seeds) else ("day", "seed")
    slow = [getattr(task, slower) for task in ordered]
    assert slow == sorted(slow)
    assert {getattr(task, faster) for task in ordered[:4]} == set(days if faster == "day" else seeds)
