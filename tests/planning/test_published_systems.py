"""Indices of published distribution systems, and of each of their load points by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

from tests.planning.plan_nets import planned
from tests.planning.rbts import FEEDERS, LENGTHS, rbts_bus_2, rbts_bus_4

CASES = Path(__file__).parents[1] / "cases" / "reliability"


@pytest.mark.parametrize("trafo_h", [10, 200])
def test_rbts_bus_2_as_published(trafo_h):
    expected = json.loads((CASES / f"rbts_bus2_trafo{trafo_h}h_expected.json").read_text())
    study = planned(rbts_bus_2(float(trafo_h)), None)
    own = study.reliability.loc[0]
    assert own.saifi_per_year == pytest.approx(expected["saifi"], rel=1e-6)
    assert own.saidi_h_per_year == pytest.approx(expected["saidi_h"], rel=1e-6)
    assert own.eens_mwh_per_year == pytest.approx(expected["eens_mwh"], rel=1e-6)
    points = pd.DataFrame.from_dict(expected["load_points"], orient="index")
    points.index = points.index.astype(int)
    pd.testing.assert_series_equal(
        study.load_points.interruptions_per_year, points.interruptions, rtol=1e-6, check_names=False
    )
    pd.testing.assert_series_equal(study.load_points.hours_per_year, points.hours, rtol=1e-6, check_names=False)
    assert study.plans.reliability_eur_per_year[0] == pytest.approx(10_000.0 * expected["eens_mwh"], rel=1e-6)


def bus_4_by_hand():
    """Interruptions and hours a year of every load point: all sections of its feeder trip it for an hour, its own
    lateral for 5 h, its transformer for 200 h.
    """
    km = {section: length for length, own in LENGTHS.items() for section in own}
    section = 0
    for laterals, has_trafo in FEEDERS:
        numbers = np.cumsum([section + 1, *(n + 1 for n in laterals)])
        mains_km = sum(km[number] for number in numbers[:-1])
        trafo = 0.015 * has_trafo
        for number in range(section + 1, numbers[-1]):
            if number not in numbers:
                yield 0.065 * (mains_km + km[number]) + trafo, 0.065 * (mains_km + 5.0 * km[number]) + 200.0 * trafo
        section = numbers[-1] - 1


def test_rbts_bus_4_has_its_published_totals_and_the_load_points_of_a_sum_by_hand():
    """Published, with transformers repaired in 200 h: 0.300 a year, 3.47 h, 11.56 h, 54.29 MWh."""
    net = rbts_bus_4()
    study = planned(net, None)
    own = study.reliability.loc[0]
    found = [own.saifi_per_year, own.saidi_h_per_year, own.caidi_h, own.eens_mwh_per_year]
    assert [f"{value:.4g}" for value in found] == ["0.3001", "3.469", "11.56", "54.29"]
    rates, hours = zip(*bus_4_by_hand(), strict=True)
    np.testing.assert_allclose(study.load_points.interruptions_per_year, rates, rtol=1e-9)
    np.testing.assert_allclose(study.load_points.hours_per_year, hours, rtol=1e-9)


def radial_feeder(*, fuses, disconnectors, stuck=0.0, second_supply=False):
    """A main of four sections with a lateral at the end of each.

    R. Billinton and R. N. Allan, Reliability Evaluation of Power Systems, 2nd ed., section 7.4 to 7.8: 0.1 failures a
    year and km of the main, repaired in 4 h, 0.2 of the laterals, in 2 h; half an hour to isolate.
    """
    net = pp.create_empty_network()
    pp.create_buses(net, 10, 11.0)
    pp.create_ext_grid(net, 0)
    lines = [(n, n + 1, km) for n, km in enumerate([2.0, 1.0, 3.0, 2.0])]
    lines += [(n + 1, n + 5, km) for n, km in enumerate([1.0, 3.0, 2.0, 1.0])]
    for number, (start, end, km) in enumerate(lines):
        pp.create_line_from_parameters(net, start, end, km, 0.1, 0.1, 0.0, 50.0)
        is_main = number < 4
        kind = "CB" if number == 0 else "DS" if is_main and disconnectors else "fuse" if fuses and not is_main else None
        if kind is not None:
            pp.create_switch(net, start, number, "l", type=kind)
    pp.create_loads(net, [5, 6, 7, 8], p_mw=[5.0, 4.0, 3.0, 2.0], customers=[1000.0, 800.0, 700.0, 500.0])
    if second_supply:
        pp.create_ext_grid(net, 9)
        pp.create_switch(net, 4, 9, "b", type="LBS", closed=False)
    is_main = np.arange(8) < 4
    net.line["failure_rate_per_year"] = np.where(is_main, 0.1, 0.2) * net.line.length_km
    net.line["repair_time_h"], net.line["switching_time_h"] = np.where(is_main, 4.0, 2.0), 0.5
    net.switch["stuck_probability"] = np.where(net.switch.type == "fuse", stuck, np.nan)
    return net


@pytest.mark.parametrize(
    ("how", "published"),
    [
        ({"fuses": False, "disconnectors": False}, "2.20 6.00 2.73 84.0"),
        ({"fuses": True, "disconnectors": False}, "1.15 3.91 3.39 54.8"),
        ({"fuses": True, "disconnectors": True}, "1.15 2.58 2.23 35.2"),
        ({"fuses": True, "disconnectors": True, "stuck": 0.1}, "1.26 2.63 2.09 35.9"),
        ({"fuses": True, "disconnectors": True, "second_supply": True}, "1.15 1.80 1.56 25.1"),
    ],
)
def test_the_radial_feeder_of_the_textbook_has_its_published_indices(how, published):
    own = planned(radial_feeder(**how), None).reliability.loc[0]
    values = own.saifi_per_year, own.saidi_h_per_year, own.caidi_h, own.eens_mwh_per_year
    found = " ".join(f"{value + 1e-9:.{digits}f}" for value, digits in zip(values, (2, 2, 2, 1), strict=True))
    assert found == published
