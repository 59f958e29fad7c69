"""What our functions put on a net comes back as it was from what pandapower stores a net in."""

from __future__ import annotations

import copy
import pickle
from itertools import product

import numpy as np
import openpyxl
import pandapower as pp
import pandas as pd
import pytest
from pandapower.toolbox import nets_equal

import pandapower_evflex as evf
from pandapower_evflex.opf.report.on_net import RESULT_TABLES
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.cpo_rates import RATE_TABLES
from pandapower_evflex.tables.stored_frame import StoredFrame
from tests.built_once import built_once
from tests.examples import sampled, sweep
from tests.opf.feeder import EIGHT_HOURS, feeder_net, two_feeders_net
from tests.tables.test_storage import WAYS, net_with_every_table

#: what Excel, or the library that writes it, takes for something else than text
SPECIAL = [
    "=1+1",
    '=HYPERLINK("http://x")',
    "{=a}",
    "internal:Sheet2!A1",
    "external:c.xlsx",
    "http://x.org",
    "+1",
    "@x",
]
THROUGH_JSON = WAYS["JSON text"]


@built_once
def solved_net():
    """Whole numbers everywhere: idle EVs, full EVs, a net without a three-winding transformer."""
    net = feeder_net(3)
    evf.create_flexibilities(net, "ev", [0, 1], ["up", "down"])
    site = evf.create_cpo(net, 2, 4, 0.022)
    evf.set_cpo_rates(net, site, [0.0, 1.0, 0.0, 0.0], 1.0)
    evf.run_flexibility_opf(net, tie_break=None, **EIGHT_HOURS)
    return net


@built_once
def failed_net():
    net = solved_net()
    net.ev_session["e_departure_mwh"] = 0.0599
    net.trafo["sn_mva"] = 0.001
    with pytest.raises(evf.FlexibilityOPFNotConverged):
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    return net


@sweep
@pytest.mark.parametrize("make", sampled([solved_net, net_with_every_table, failed_net], 1))
def test_a_net_equals_its_json_copy_and_its_deep_copy(make):
    net = make()
    for way in ("JSON text", "deepcopy"):
        again = WAYS[way](net, None)
        assert nets_equal(net, again) and nets_equal(again, net)
        for name, frame in net.items():
            if isinstance(frame, StoredFrame):
                pd.testing.assert_series_equal(again[name].dtypes, frame.dtypes, check_index_type=False)


def test_whole_numbers_under_labels_stay_floats_in_json():
    net = solved_net()
    names = [name for name in net if str(name).startswith("evflex_ev_") and name != "evflex_ev_bus"]
    names += RATE_TABLES
    whole = [name for name in names if (net[name] % 1 == 0).all().any()]
    assert len(whole) > 2  # else nothing is tried
    again = THROUGH_JSON(net, None)
    for name in names:
        assert (again[name].dtypes == "float64").all() and again[name].columns.tolist() == net[name].columns.tolist()


@sweep
@pytest.mark.parametrize("way", sampled(["JSON", "pickle", "SQLite"], 1))
def test_after_a_failed_run_the_emptied_tables_keep_their_columns(way, tmp_path):
    net = failed_net()
    written = evf.run_flexibility_opf(two := two_feeders_net(), **EIGHT_HOURS)
    assert written.status == "optimal"
    again = {**WAYS, "SQLite": _through_sqlite_with_results}[way](net, tmp_path)
    for name, dtypes in RESULT_TABLES.items():
        assert len(net[name]) == len(again[name]) == 0
        assert again[name].dtypes.astype(str).to_dict() == net[name].dtypes.astype(str).to_dict() == dtypes
        filled = two[name].dtypes.astype(str).to_dict()
        assert filled.items() <= dtypes.items()


def _through_sqlite_with_results(net, folder):
    path = str(folder / "net.sqlite")
    pp.to_sqlite(net, path, include_results=True)
    return pp.from_sqlite(path)


@sweep
@pytest.mark.parametrize("way", sampled(["JSON", "Excel", "SQLite", "pickle"], 2))
def test_a_table_without_rows_keeps_its_columns(way, tmp_path):
    net = feeder_net(1)
    evf.create_flexibilities(net, "ev", [], "up")
    evf.create_cpos(net, [], [], [])

    def through_excel(net, folder):
        pp.to_excel(net, str(folder / "net.xlsx"), include_empty_tables=True)
        return pp.from_excel(str(folder / "net.xlsx"))

    again = {**WAYS, "Excel": through_excel}[way](net, tmp_path)
    for name in ("flexibility", "cpo"):
        assert len(again[name]) == 0
        assert again[name].dtypes.astype(str).to_dict() == net[name].dtypes.astype(str).to_dict()


def net_with_special_texts():
    net = feeder_net(1)
    n = len(SPECIAL)
    evs = evf.create_evs(net, [2] * n, max_p_mw=0.011, max_e_mwh=0.05, name=SPECIAL, note=SPECIAL)
    evf.create_ev_sessions(net, evs, 0.0, 8.0, e_arrival_mwh=0.02, name=SPECIAL)
    evf.create_cpos(net, [2] * n, 3, 0.022, name=SPECIAL)
    return net


def test_text_stays_text_in_excel(tmp_path):
    net = net_with_special_texts()
    net.ev.loc[0, "name"] = "=2+2"  # set by hand
    pp.to_excel(net, str(tmp_path / "net.xlsx"))
    again = pp.from_excel(str(tmp_path / "net.xlsx"))
    assert again.ev.name.tolist() == ["=2+2", *SPECIAL] and again.ev.note.tolist()[1:] == SPECIAL
    assert again.ev_session.name.tolist()[1:] == again.cpo.name.tolist() == SPECIAL
    sheets = openpyxl.load_workbook(tmp_path / "net.xlsx")
    cells = [cell for name in TABLES if name in net for row in sheets[name].iter_rows() for cell in row]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)


STORES = {**WAYS, "SQLite": _through_sqlite_with_results}


@sweep
@pytest.mark.parametrize(
    ("make", "way"),
    sampled(
        list(product((solved_net, net_with_special_texts), ("JSON", "JSON text", "pickle", "Excel", "SQLite"))), 2, 3
    ),
)
def test_what_was_loaded_is_stored_as_well_as_what_was_made(make, way, tmp_path):
    """Save, load, save, load, without a function of ours between."""
    net = make()
    nets = [net]
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        nets.append(STORES[way](nets[-1], tmp_path / str(number)))
    for name, frame in nets[1].items():
        if isinstance(frame, pd.DataFrame) and not str(name).startswith("_"):
            for again in nets[2:]:
                pd.testing.assert_frame_equal(again[name], frame, check_index_type=False)
    assert nets[3].ev["name"].fillna("").tolist() == net.ev["name"].fillna("").tolist()
    if "evflex_ev_p_mw" in net:
        for each in nets:
            evf.write_period(each, 3, "up")
            np.testing.assert_allclose(each.res_bus["vm_pu"], net.res_bus["vm_pu"], atol=1e-12)
            np.testing.assert_allclose(each.res_ev["p_mw"], net["evflex_ev_p_mw"].iloc[3], atol=1e-12)


def test_a_net_of_pandapower_alone_is_stored_as_ever(tmp_path):
    net, other = two_feeders_net(), pp.create_empty_network()
    for table in (*TABLES, *RATE_TABLES):
        net.pop(table, None)
    net["note"] = pd.DataFrame({0: [1.0, 2.0], 1: ["=1+1", "x"]})
    assert pp.to_json(other) and type(net["note"]) is pd.DataFrame
    assert THROUGH_JSON(net, None)["note"].dtypes.tolist() == [np.dtype("int64"), np.dtype("O")]
    pp.to_excel(net, str(tmp_path / "net.xlsx"))
    assert openpyxl.load_workbook(tmp_path / "net.xlsx")["note"]["C2"].data_type == "f"


def test_other_sheets_of_the_book_are_written_as_ever(tmp_path):
    path = tmp_path / "book.xlsx"
    ours, other = StoredFrame({"a": ["=1+1"]}), pd.DataFrame({"a": ["=1+1"]})
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        ours.to_excel(writer, sheet_name="ours")
        other.to_excel(writer, sheet_name="other")
    book = openpyxl.load_workbook(path)
    assert [book[name]["B2"].data_type for name in ("ours", "other")] == ["s", "f"]


def test_what_is_worked_out_from_a_stored_frame_is_an_ordinary_one():
    frame = StoredFrame({0: [1.0, 2.0], 3: [np.nan, 4.0]})
    for other in (
        frame[frame[0] > 1.0],
        frame.loc[:, [3]],
        2.0 * frame,
        frame.dropna(),
        pickle.loads(pickle.dumps(frame)),
    ):
        assert type(other) is pd.DataFrame
    for same in (frame.copy(), copy.copy(frame), copy.deepcopy(frame)):
        assert type(same) is StoredFrame
        pd.testing.assert_frame_equal(same, pd.DataFrame(frame))
        pd.testing.assert_frame_equal(pd.DataFrame(frame), same)


def test_a_copy_is_a_copy():
    frame = StoredFrame({0: [1.0]})
    for other in (frame.copy(), copy.deepcopy(frame)):
        other.loc[0, 0] = 5.0
    assert frame.loc[0, 0] == 1.0
