"""The demo tells, writes and draws what was solved."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pandapower_evflex import cli, demo, output
from pandapower_evflex.errors import FlexibilityOPFNotConverged
from tests.examples import sampled, sweep
from tests.networks.solved import solved_suburb

FIGURES = {
    "fig01_one_ev", "fig03_sessions", "fig04_pv", "fig05_cos_phi_p", "fig06_net", "fig07_flexibility",
    "fig08_min_voltage", "fig09_trafo_loading", "fig10_charging_power",
}  # fmt: skip


@pytest.fixture
def solved_before(monkeypatch):
    """The demo finds its case solved: only what it does with it is tested."""
    case = solved_suburb()
    asked = {}

    def suburban_lv(seed):
        asked["seed"] = seed
        return case.net, case.profiles

    def run(net, profiles, progress):
        asked["progress"] = progress
        return case.result

    monkeypatch.setattr(demo, "suburban_lv", suburban_lv)
    monkeypatch.setattr(demo, "run_flexibility_opf", run)
    monkeypatch.setattr(demo, "uncontrolled_charging", lambda net, profiles, energy: case.without)
    monkeypatch.setattr(demo, "full_day", lambda net, profiles, progress: demo.needed_day(net, profiles, progress))
    return asked


@pytest.fixture
def nothing_drawn(solved_before, monkeypatch):
    monkeypatch.setattr(demo, "draw_figures", lambda *_: [])
    return solved_before


def test_demo_writes_tables_and_figures_by_itself(tmp_path, capsys):
    """Once with nothing replaced; the room that is tried before is more than that needs."""
    assert cli.main(["demo", "--out", str(tmp_path / "new" / "folder"), "--quiet"]) == 0
    assert {path.stem for path in (tmp_path / "new" / "folder").glob("*.png")} == FIGURES
    text = capsys.readouterr().out
    assert text.count("OPTIMAL") == 2 and "same energy, from arrival (72 kWh)" in text
    assert "filled up, from arrival (1196 kWh)" in text
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < output.ROOM_NEEDED


def test_the_first_line_explains_the_wait(nothing_drawn, tmp_path, capsys):
    cli.main(["demo", "--out", str(tmp_path)])
    assert "compiles" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(("extra", "expected"), [([], (0, None)), (["--seed", "3", "--quiet"], (3, False))])
def test_options_reach_the_case_and_the_solver(nothing_drawn, tmp_path, extra, expected):
    cli.main(["demo", "--out", str(tmp_path), *extra])
    assert (nothing_drawn["seed"], nothing_drawn["progress"]) == expected


def test_tables_can_be_read_again(nothing_drawn, tmp_path):
    cli.main(["demo", "--out", str(tmp_path)])
    case = solved_suburb()
    p = pd.read_csv(tmp_path / "ev_p_mw.csv", index_col=0, parse_dates=True)
    np.testing.assert_allclose(p, case.result.p_mw)
    assert p.index.equals(pd.DatetimeIndex(case.result.p_mw.index))
    res_period = pd.read_csv(tmp_path / "res_period.csv", index_col=0)
    np.testing.assert_allclose(res_period["p_mw"], p.sum(axis=1))
    assert len(pd.read_csv(tmp_path / "uncontrolled_violations.csv")) == len(case.without.violations)
    assert all(len(pd.read_csv(path)) for path in tmp_path.glob("*.csv"))


def test_without_matplotlib_one_line_says_how_to_get_figures(solved_before, tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("matplotlib", "pandapower_evflex.plotting"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delattr("pandapower_evflex.plotting", raising=False)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 0
    assert 'pip install "pandapower_evflex[plot]"' in capsys.readouterr().out.splitlines()[-1]
    assert list(tmp_path.glob("*.csv")) and not list(tmp_path.glob("*.png"))


def test_a_case_without_a_schedule_ends_with_its_reasons_and_code_1(solved_before, tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise FlexibilityOPFNotConverged("no schedule exists: overload of trafo 0")

    monkeypatch.setattr(demo, "run_flexibility_opf", fail)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 1
    assert "overload of trafo 0" in capsys.readouterr().err


@pytest.fixture
def never_solved(monkeypatch):
    monkeypatch.setattr(demo, "suburban_lv", lambda seed: pytest.fail("built before the output was tried"))


def assert_one_line(text, *words):
    assert text.count("\n") == 1 and text.endswith("\n")
    assert all(word in text for word in words), text


@pytest.mark.parametrize("below", [(), ("folder",)])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_solved(tmp_path, capsys, never_solved, below):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert cli.main(["demo", "--out", str(taken.joinpath(*below))]) == 2
    assert_one_line(capsys.readouterr().err, "cannot write to --out", str(taken))


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_folder_without_the_right_or_the_room_to_write_is_refused(
    tmp_path, capsys, monkeypatch, never_solved, number
):
    def refuse(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(output.tempfile, "TemporaryFile", refuse)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 2
    assert_one_line(capsys.readouterr().err, os.strerror(number))


@sweep
@pytest.mark.parametrize("writer", sampled([(Figure, "savefig"), (pd.DataFrame, "to_csv")], 1))
def test_a_disk_that_fills_up_meanwhile_ends_with_one_line_and_code_2(
    solved_before, tmp_path, capsys, monkeypatch, writer
):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*writer, refuse)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 2
    assert_one_line(capsys.readouterr().err, os.strerror(errno.ENOSPC), str(tmp_path), "cut short")


def test_a_file_in_the_way_of_a_table_is_named(nothing_drawn, tmp_path, capsys):
    (tmp_path / "ev.csv").mkdir()
    assert cli.main(["demo", "--out", str(tmp_path)]) == 2
    assert_one_line(capsys.readouterr().err, str(tmp_path / "ev.csv"))


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "", "1e3"])
def test_a_wrong_seed_is_refused_in_one_line(tmp_path, capsys, never_solved, seed):
    with pytest.raises(SystemExit) as exit_:
        cli.main(["demo", "--out", str(tmp_path / "none"), f"--seed={seed}"])
    assert exit_.value.code == 2 and not (tmp_path / "none").exists()
    assert_one_line(capsys.readouterr().err, "--seed")


def test_ctrl_c_ends_with_code_130_and_one_line(solved_before, tmp_path, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_flexibility_opf", interrupt)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 130
    assert_one_line(capsys.readouterr().err, "interrupted")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is known to Linux only")
def test_standard_output_that_cannot_be_written_ends_with_one_line_and_code_2(tmp_path):
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "pandapower_evflex", "demo", "--out", str(tmp_path)],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert ended.returncode == 2
    assert_one_line(ended.stderr, "standard output")


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main([])
    assert exit_.value.code == 2 and "demo" in capsys.readouterr().err
