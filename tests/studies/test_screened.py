"""Rows whose limits hold, answered from arrays: as those of a case of their own, and as pandapower has them."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pytest

from pandapower_evflex.studies.answer import answer
from pandapower_evflex.studies.car_loads import BASE, FULL, LOADS, LOWER, UP, UPPER, car_loads
from pandapower_evflex.studies.net_day import read_net_day, run_options
from pandapower_evflex.studies.screened import distinct, screened_values
from pandapower_evflex.studies.worker import _Kept
from tests.studies.nets import HOURS, evening, feeder

#: of a stiff feeder nothing is near a limit
STIFF = {"sn_mva": 0.4, "km": 0.01}


def day_and_cars(net, profiles, seed, options):
    day = read_net_day(net, profiles, options)
    fleet = day.fleet(seed)
    return day, fleet, car_loads(day.with_cars(fleet, 1.0))


@pytest.mark.parametrize("n_houses", [2, 10])
@pytest.mark.parametrize("options", [{}, {"q_follows_flexibility": False}, {"margin_percent": 3.0, "max_vm_pu": 1.2}])
def test_a_row_from_arrays_is_that_of_a_case_of_its_own(n_houses, options):
    options = {**HOURS, **options}
    day, fleet, cars = day_and_cars(feeder(n_houses, **STIFF), None, n_houses, options)
    for share in (0.0, 0.5, 1.0):
        found = screened_values(day, cars.first(day.households.n_cars(share)))
        expected = answer(day.with_cars(fleet, share), day.flow, run_options(options))
        assert found is not None and expected.pop("relaxed") == 0
        assert expected.pop("message").startswith(found.pop("message"))
        assert found.keys() == expected.keys()
        for column, value in expected.items():
            close = value if isinstance(value, str) else pytest.approx(value, rel=1e-7, abs=1e-12, nan_ok=True)
            assert found[column] == close, column


def test_no_operation_draws_more_than_full_power_on_call():
    """Who charges from arrival has more energy at every time than the schedule, and so less room."""
    _, _, cars = day_and_cars(feeder(), None, 4, HOURS)
    for name in LOADS:
        assert (cars.mw[name] <= cars.mw[UP] + 1e-12).all()


def test_the_worst_of_a_row_is_that_of_pandapower():
    """The periods of the highest loads, full batteries from arrival, by `runpp`."""
    profiles = {key: frame.iloc[:24] for key, frame in evening().items()}
    net = copy.deepcopy(feeder(**STIFF))
    day, fleet, cars = day_and_cars(net, profiles, 1, HOURS)
    found = screened_values(day, cars)
    house = net.load.reset_index().set_index("bus")["index"][fleet.evs["bus"]]
    (households,) = profiles.values()
    q_household, lowest, loading = net.load["q_mvar"].copy(), [], []
    for t in np.argsort(cars.mw[FULL].sum(axis=1) + households.sum(axis=1).to_numpy())[-3:]:
        net.load["p_mw"], net.load["q_mvar"] = households.iloc[t], q_household
        net.load.loc[house, "p_mw"] += cars.mw[FULL][t]
        net.load.loc[house, "q_mvar"] += cars.mw[FULL][t] * cars.tan_phi
        pp.runpp(net, tolerance_mva=1e-10, numba=False)
        lowest.append(net.res_bus["vm_pu"].min())
        loading.append(max(net[table]["loading_percent"].max() for table in ("res_line", "res_trafo")))
    assert found["full_min_vm_pu"] == pytest.approx(min(lowest), abs=1e-9)
    assert found["full_max_loading_percent"] == pytest.approx(max(loading), rel=1e-7)


def test_every_load_is_solved_once():
    rng = np.random.default_rng(0)
    some = rng.integers(0, 2, size=(4, 24, 3)).astype(complex)
    loads = dict(zip("abcd", some, strict=True))
    row, period, new = distinct(loads)
    table = np.concatenate([np.zeros((24, 3)), new])
    of_row = np.concatenate([np.arange(24), period])
    for name, own in loads.items():
        np.testing.assert_array_equal(table[row[name]], own)
        np.testing.assert_array_equal(of_row[row[name]], np.arange(24))
    assert len(np.unique(np.column_stack([of_row, table.real]), axis=0)) == len(table)


def test_cars_of_a_share_are_the_first_columns():
    day, fleet, cars = day_and_cars(feeder(), None, 2, HOURS)
    alone = car_loads(day.with_cars(fleet, 0.4))
    for name in LOADS:
        np.testing.assert_allclose(cars.first(4).mw[name], alone.mw[name], atol=1e-12)
    np.testing.assert_allclose(cars.first(4).charged_mwh, alone.charged_mwh)
    assert (cars.mw[UPPER] >= cars.mw[LOWER] - 1e-12).all() and (cars.mw[UP] >= cars.mw[BASE] - 1e-12).all()


def test_where_a_limit_is_near_a_case_is_built():
    day, _, cars = day_and_cars(feeder(km=0.5), None, 0, HOURS)
    assert screened_values(day, cars) is None


def test_a_worker_keeps_the_last_values_and_of_heavy_ones_fewer():
    made = []

    def get(kept, key):
        return kept.get(key, lambda: made.append(key) or key)

    kept = _Kept(3, 10.0, float)
    for key in (1, 2, 3, 1, 4, 2):
        assert get(kept, key) == key
    assert made == [1, 2, 3, 4, 2]
    assert get(kept, 99) == 99 and get(kept, 99) == 99 and get(kept, 4) == 4
    assert made == [1, 2, 3, 4, 2, 99, 4]
