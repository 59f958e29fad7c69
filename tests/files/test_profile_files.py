"""Profiles from files: one column for each element."""

from __future__ import annotations

import numpy as np
import pytest

import pandapower_evflex as evf
from pandapower_evflex.files.profile_files import read_profile_files


@pytest.mark.parametrize("heading", ["t,1,01", "t;1;01"])
def test_two_columns_of_one_element_are_refused_and_neither_wins(tmp_path, heading):
    cells = "0,0.1,0.2".replace(",", heading[1])
    (tmp_path / "load_p_mw.csv").write_text(f"{heading}\n{cells}\n")
    with pytest.raises(evf.InvalidInputError, match="load_p_mw.csv.1, 01: the columns name one element twice"):
        read_profile_files(tmp_path)


def test_columns_of_several_tables_may_bear_one_index(tmp_path):
    (tmp_path / "all.csv").write_text("t,load.p_mw.1,sgen.p_mw.1,load.q_mvar.1\n0,0.1,0.2,0.3\n")
    profiles = read_profile_files(tmp_path)
    assert {key: float(frame.loc[0, 1]) for key, frame in profiles.items()} == {
        ("load", "p_mw"): 0.1, ("sgen", "p_mw"): 0.2, ("load", "q_mvar"): 0.3,
    }  # fmt: skip


def test_a_profile_of_another_kind_of_file_is_refused_and_other_files_are_named(tmp_path, caplog):
    (tmp_path / "load_p_mw.csv").write_text("t,1\n0,0.1\n")
    (tmp_path / "readme.txt").write_text("from the office")
    (tmp_path / "old").mkdir()
    assert list(read_profile_files(tmp_path)) == [("load", "p_mw")]
    assert "old, readme.txt are left out" in caplog.text
    (tmp_path / "sgen_p_mw.xlsx").write_bytes(b"PK")
    with pytest.raises(evf.InvalidInputError, match="sgen_p_mw.xlsx: the file is neither CSV nor parquet"):
        read_profile_files(tmp_path)


#: text -> values
NUMBERS = {
    "t;0;1\n0;1.000;2.000\n1;0.500;4.000\n": [[1.0, 2.0], [0.5, 4.0]],
    "t;0;1\n0;1.000;2.5\n": [[1.0, 2.5]],
    "t,0,1\n0,1.000,2.000\n": [[1.0, 2.0]],
    't,0,1\n0,"1.000",\n': [[1.0, np.nan]],
    "t;0;1\n0;1,234e0;2,345e+01\n": [[1.234, 23.45]],  # no exponent behind thousands
    "t;0;1\n0;1.234e0;2.345e+01\n": [[1.234, 23.45]],
    "t;0;1\n0;1.000;2,5\n": [[1000.0, 2.5]],
    "t;0;1\n0;1 234,500;2 345,000\n": [[1234.5, 2345.0]],  # one mark between all thousands
    "t;0;1\n0;1 234 567.500;2\n": [[1234567.5, 2.0]],
}


@pytest.mark.parametrize("text", NUMBERS)
def test_a_mark_is_read_as_all_numbers_of_the_file_have_it(tmp_path, text):
    (tmp_path / "load_p_mw.csv").write_text(text)
    np.testing.assert_array_equal(read_profile_files(tmp_path)["load", "p_mw"].to_numpy(), NUMBERS[text])


@pytest.mark.parametrize("cell", ["e5", "E-5", ",e1", "1 234.567,8.9"])
def test_cells_without_a_number_are_named(tmp_path, cell):
    (tmp_path / "load_p_mw.csv").write_text(f"t;0;1\n0;{cell};2.5\n")
    with pytest.raises(evf.InvalidInputError, match="load_p_mw.csv.0 of row 0: .* is not a number"):
        read_profile_files(tmp_path)


@pytest.mark.parametrize("delimiter", ";\t|")
@pytest.mark.parametrize("mark", ".,")
def test_marks_that_may_stand_before_decimals_or_between_thousands_are_refused(tmp_path, delimiter, mark):
    text = f"t;0;1\n0;1{mark}000;-2{mark}000\n1;500;".replace(";", delimiter)
    (tmp_path / "load_p_mw.csv").write_text(text)
    with pytest.raises(evf.InvalidInputError, match="may be a decimal or thousands; write it without a mark"):
        read_profile_files(tmp_path)
