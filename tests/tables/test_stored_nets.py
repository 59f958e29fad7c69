"""Nets that version 0.1.0 stored load and run; a net of a version to come is refused by name."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from pandapower_evflex.tables.format_version import FORMAT_VERSION
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.tables.stored import DAY, READ, STORED, day_profiles


def stored_in(form):
    """The day as version 0.1.0 wrote it."""
    return READ[form](str(STORED / f"day.{form}"))


@pytest.fixture(params=[form if form == "json" else pytest.param(form, marks=pytest.mark.slow) for form in READ])
def net(request):
    """In each form of storage, with the slow tests."""
    return stored_in(request.param)


@pytest.mark.parametrize("form", READ)
def test_every_table_of_0_1_0_is_there_and_right(form):
    net = stored_in(form)
    assert {name: len(net[name]) for name in TABLES} == DAY["rows"]
    assert check_tables(net) == []
    assert "evflex_format_version" not in net


def test_a_run_gives_the_objective_that_0_1_0_found(net):
    result = evf.run_flexibility_opf(net, day_profiles(), progress=False)
    assert result.status.startswith("optimal")
    assert np.isclose(result.objective_mwh, DAY["objective_mwh"], rtol=1e-6, atol=0)
    assert net["evflex_format_version"] == FORMAT_VERSION


def test_a_result_that_0_1_0_stored_still_writes_a_period(net):
    evf.write_period(net, 3, "up")
    assert net.res_bus.vm_pu.min() == pytest.approx(DAY["min_vm_pu_up_of_period_3"], abs=1e-9)
    plain = evf.with_evs_as_loads(net, None, 3, "up")
    pp.runpp(plain, tolerance_mva=1e-10, trafo_model="t")
    pd.testing.assert_frame_equal(plain.res_line, net.res_line, atol=1e-8)


def test_rows_are_added_to_what_0_1_0_stored(net):
    ev = evf.create_ev(net, 3, "VW ID.3")
    evf.create_ev_session(net, ev, 0.0, 8.0, soc_arrival_percent=40)
    evf.set_cpo_rates(net, 0, 0.2, 0.6)
    assert check_tables(net) == []
    assert net["evflex_format_version"] == FORMAT_VERSION


def test_sites_of_0_1_0_offer_what_they_did(net):
    bids = evf.cpo_peak_shaving(net, 11, 12)
    assert bids.loc[0, ["p_mw", "price_eur_per_mwh"]].tolist() == pytest.approx(DAY["bid"])


def test_a_planning_net_of_0_1_0_gives_the_paper_s_costs():
    ring = pp.from_json(str(STORED / "ring.json"))
    _, profiles = evf.networks.ring_10kv()
    prices = {"voll_eur_per_mwh": 10_000, "loss_price_eur_per_mwh": 108.786, "discount_rate": 0.065}
    study = evf.run_planning(ring, profiles, **prices, rebound=False, progress=False)
    assert study.deltas.total_eur_per_year.round().tolist() == [0.0, -375.0, -1356.0, -1356.0]


@pytest.mark.parametrize(("version", "says"), [("99.0.0", "update pandapower_evflex"), ("newest", "not a version")])
def test_a_version_that_is_not_known_is_refused_before_the_run(version, says):
    net = feeder_net(2)
    net["evflex_format_version"] = version
    with pytest.raises(evf.InvalidInputError, match=says) as error:
        evf.run_flexibility_opf(net, **EIGHT_HOURS)
    assert error.value.faults[0].table == "evflex_format_version"
