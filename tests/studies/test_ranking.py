"""The ranking of nets, pictures of many studies, and the command line over a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex import cli
from pandapower_evflex.studies.row import COLUMNS, frame_of, full_row
from tests.studies.nets import feeder

plotting = evf.plotting


def rows(**places):
    """Three nets: "early" breaks at 0.2, "late" at 0.4 where a schedule helps, "never" does not; one study failed."""
    made = []
    for net, first in (("late", 0.4), ("never", 2.0), ("early", 0.2)):
        for share in (0.0, 0.2, 0.4):
            breaks = share >= first
            made.append({
                "net": net, "share": share, "status": "optimal", "key": f"{net}{share}",
                "uncontrolled_holds": not breaks,
                "scheduled_holds": not breaks or net == "late", "full_holds": not breaks, "any_sequence_holds": True,
                "breaks_excess_percent": 10.0 * share if breaks else np.nan, "breaks_element": 3 if breaks else pd.NA,
                "breaks_element_type": "bus" if breaks else "", "flexibility_mwh": share, "any_sequence_mwh": share / 2,
                "energy_short_mwh": 0.0, **places.get(net, {}),
                **{f"{o}_min_vm_pu": 1 - share / 10 for o in ("scheduled", "uncontrolled", "full")},
                **{f"{o}_max_loading_percent": 100 * share for o in ("scheduled", "uncontrolled", "full")},
            })  # fmt: skip
    made.append({"net": "late", "share": 0.4, "status": "failed", "key": "f"})
    return frame_of([full_row(one) for one in made])


def test_nets_are_in_the_order_in_which_evs_break_them():
    ranking = evf.rank_nets(rows())
    assert ranking["net"].tolist() == ["early", "late", "never"] and ranking.index.tolist() == [1, 2, 3]
    np.testing.assert_allclose(ranking["share_uncontrolled"], [0.2, 0.4, np.nan])
    np.testing.assert_allclose(ranking["share_scheduled"], [0.2, np.nan, np.nan])
    np.testing.assert_allclose(ranking["broken_percent"], [200 / 3, 100 / 3, 0.0])
    np.testing.assert_allclose(ranking["saved_percent"], [0.0, 100.0, np.nan])
    np.testing.assert_allclose(ranking["excess_percent"], [4.0, 4.0, np.nan])
    assert ranking["failed"].tolist() == [0, 1, 0] and ranking["studies"].tolist() == [3, 4, 3]


def test_the_picture_of_adoption_shows_medians_over_the_share():
    axes = plotting.plot_adoption(rows()).axes
    lines = {line.get_label(): line for line in axes[1].lines}
    np.testing.assert_allclose(lines["scheduled"].get_xdata(), [0.0, 20.0, 40.0])
    np.testing.assert_allclose(lines["scheduled"].get_ydata(), [0.0, 20.0, 40.0])
    holds = {line.get_label(): line.get_ydata() for line in axes[3].lines}
    np.testing.assert_allclose(holds["same energy, from arrival"], [100.0, 200 / 3, 100 / 3])


def test_the_ranking_is_bars_or_a_map_where_nets_have_coordinates():
    ax = plotting.plot_ranking(rows(), most=2)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["early", "late"] and "2 of 3" in ax.get_title()
    places = {net: {"x": float(number), "y": 1.0} for number, net in enumerate(("late", "never", "early"))}
    of_map = plotting.plot_ranking(rows(**places))
    assert {text.get_text() for text in of_map.texts} == {"1: early", "2: late", "3: never"}


@pytest.mark.parametrize("function", [evf.rank_nets, plotting.plot_adoption, plotting.plot_ranking])
@pytest.mark.parametrize("wrong", [None, pd.DataFrame({"net": []})])
def test_other_tables_are_refused(function, wrong):
    with pytest.raises(evf.InvalidInputError, match="read_studies"):
        function(wrong)


def test_the_command_line_studies_a_folder(tmp_path, capsys):
    nets, out = tmp_path / "nets", tmp_path / "out"
    nets.mkdir()
    pp.to_json(feeder(), str(nets / "a.json"))
    (nets / "broken.json").write_text("{")
    words = ["study", str(nets), "--shares", "0.3", "--period-h", "1", "--out", str(out), "--quiet"]
    assert cli.main(words) == 0
    assert "2 studies: 0 were there, 2 computed" in capsys.readouterr().out
    assert pd.read_csv(out / "studies.csv")["status"].tolist() == ["optimal", "unreadable"]
    assert pd.read_csv(out / "ranking.csv")["failed"].tolist() == [0, 1]
    assert (out / "adoption.png").stat().st_size > 1000 and (out / "ranking.png").stat().st_size > 1000
    assert cli.main(words) == 0
    said = capsys.readouterr()
    assert "2 were there, 0 computed" in said.out and "earlier" not in said.out and "did not write" not in said.err
    (nets / "a.json").unlink()
    assert cli.main(words) == 0 and "1 of the 2 rows are of earlier calls" in capsys.readouterr().out


def test_the_query_in_the_docs_reads_the_folder(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    evf.run_studies([evf.Study("nowhere.json", None, 0.3)], tmp_path, progress=False)
    page = Path(evf.__file__).parents[1] / "docs" / "studies.md"
    query = page.read_text(encoding="utf-8").split("```sql")[1].split("```")[0]
    ((net, share, *_),) = duckdb.sql(query.replace("adoption/", f"{tmp_path}/")).fetchall()
    assert (net, share) == ("nowhere.json", 0.3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "--shares", "0.3"], "holds no nets"),
        (["{nets}", "--shares", "30"], "0.3 for 30 %"),
        (["{nets}", "--shares", "0.3", "--dask", "tcp://127.0.0.1:1"], "does not answer"),
    ],
)
def test_wrong_words_are_refused(tmp_path, capsys, words, message, monkeypatch):
    (tmp_path / "a.json").write_text("{}")
    monkeypatch.setattr("distributed.Client", _unreachable)
    words = [word.format(nets=tmp_path) for word in words]
    assert cli.main(["study", *words, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def _unreachable(*_, **__):
    raise OSError("timed out")


def test_an_empty_table_has_the_types_of_a_full_one():
    assert frame_of([]).dtypes.equals(rows().dtypes) and list(frame_of([])) == list(COLUMNS)
