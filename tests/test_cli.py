"""The demo tells, writes and draws what was solved."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from pandapower_evflex import cli
from pandapower_evflex.errors import FlexibilityOPFNotConverged
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

    monkeypatch.setattr(cli, "suburban_lv", suburban_lv)
    monkeypatch.setattr(cli, "run_flexibility_opf", run)
    monkeypatch.setattr(cli, "uncontrolled_charging", lambda net, profiles: case.without)
    return asked


def test_demo_writes_tables_and_figures_by_itself(tmp_path, capsys):
    """Once with nothing replaced."""
    assert cli.main(["demo", "--out", str(tmp_path / "new" / "folder"), "--quiet"]) == 0
    assert {path.stem for path in (tmp_path / "new" / "folder").glob("*.png")} == FIGURES
    assert "OPTIMAL" in capsys.readouterr().out


def test_the_first_line_explains_the_wait(solved_before, tmp_path, capsys):
    cli.main(["demo", "--out", str(tmp_path)])
    assert "compiles" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(("extra", "expected"), [([], (0, None)), (["--seed", "3", "--quiet"], (3, False))])
def test_options_reach_the_case_and_the_solver(solved_before, tmp_path, extra, expected):
    cli.main(["demo", "--out", str(tmp_path), *extra])
    assert (solved_before["seed"], solved_before["progress"]) == expected


def test_the_summary_holds_the_numbers_of_the_result():
    case = solved_suburb()
    text = cli.summary_text(case.net, case.result, case.without, seconds=1.0)
    up = 1e3 * case.result.p_up_mw.sum(axis=1)
    assert f"{up.max():.0f} kW  at {up.idxmax():%H:%M}" in text
    assert f"{case.result.p_mw.sum().sum() * 250:.0f} kWh" in text
    worst = case.without.trafo_loading_percent[0]
    assert f"overload of trafo 0 in {(worst > 100).sum()} periods" in text
    assert f"worst {worst.max():.4g} % at {worst.idxmax():%H:%M}" in text
    rows = {line.split("  ")[2].strip(): line for line in text.splitlines() if " pu " in line}
    assert set(rows) == {
        "all downward activated", "schedule", "all upward activated", "uncontrolled, from arrival",
    }  # fmt: skip
    assert f"{case.result.vm_pu['up'].min().min():.3f} pu" in rows["all upward activated"]
    assert f"{1e3 * case.without.p_mw.sum(axis=1).max():.0f} kW" in rows["uncontrolled, from arrival"]
    assert max(len(line) for line in text.splitlines()) < 200


def test_tables_can_be_read_again(solved_before, tmp_path):
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

    monkeypatch.setattr(cli, "run_flexibility_opf", fail)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 1
    assert "overload of trafo 0" in capsys.readouterr().err


@pytest.mark.parametrize("below", [(), ("folder",)])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_solved(tmp_path, capsys, monkeypatch, below):
    monkeypatch.setattr(cli, "suburban_lv", lambda seed: pytest.fail("built before the folder was tried"))
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(SystemExit) as exit_:
        cli.main(["demo", "--out", str(taken.joinpath(*below))])
    assert exit_.value.code == 2
    assert "cannot write to --out" in capsys.readouterr().err


def test_a_folder_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cli.tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(cli, "suburban_lv", lambda seed: pytest.fail("built before the folder was tried"))
    with pytest.raises(SystemExit):
        cli.main(["demo", "--out", str(tmp_path)])


def test_charging_that_breaks_nothing_is_said_to(monkeypatch):
    case = solved_suburb()
    harmless = type(case.without)(**{**vars(case.without), "violations": case.without.violations.iloc[:0]})
    assert "Uncontrolled charging breaks no limit." in cli.summary_text(case.net, case.result, harmless, 1.0)


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main([])
    assert exit_.value.code == 2 and "demo" in capsys.readouterr().err
