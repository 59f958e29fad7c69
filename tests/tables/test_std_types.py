"""The standard types are complete, plausible and say where they come from."""

from __future__ import annotations

import pytest

import pandapower_evflex as evf


def test_ten_types_whose_sales_shares_add_up():
    types = evf.ev_std_types()
    assert len(types) == 10
    assert types.index.is_unique
    assert types.index.name == "name"
    assert types.sales_share.sum() == pytest.approx(1.0)
    assert types.notna().all(axis=None)


def test_figures_are_those_of_cars():
    types = evf.ev_std_types()
    assert types.max_e_mwh.between(0.03, 0.11).all()
    assert types.consumption_kwh_per_km.between(0.12, 0.25).all()
    assert types.max_p_mw_1ph.between(0.0023, 0.0074).all()
    assert types.max_p_mw_3ph.between(0.011, 0.022).all()


def test_every_figure_names_its_source():
    for source in evf.ev_std_types().source:
        for figure in ("battery", "consumption", "power", "sales"):
            assert f"{figure}: " in source


def test_types_are_a_copy():
    types = evf.ev_std_types()
    types.loc["MG4", "max_e_mwh"] = 0.0
    assert evf.ev_std_types().loc["MG4", "max_e_mwh"] > 0
