"""Labels of the days of a plan: read in one order of day and month, by the starts of periods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.planning.days import read_days
from tests.tables.bad import good_net, load_profile

NET = good_net()


def profile(*labels):
    """Load 0 rises by 1 kW from hour to hour."""
    frame = load_profile(NET, len(labels))
    frame[0] = np.arange(len(labels)) / 1e3
    return {("load", "p_mw"): frame.set_axis(labels, axis=0)}


def hours(date):
    return [f"{date} {hour:02d}:00" for hour in range(24)]


def read(days, period_h=None, **options):
    return read_days(NET, None, days, period_h, 0.0, **options)


@pytest.mark.parametrize(("decided", "open_"), [("13.02.2024", "05.02.2024"), ("02/13/2024", "02/05/2024")])
def test_a_day_whose_date_nothing_tells_is_read_in_the_order_of_another(decided, open_):
    days = read({"winter": (200, profile(*hours(open_))), "thaw": (165, profile(*hours(decided)))})
    assert [(day.n_periods, day.period_h, day.start_h) for day in days.types] == [(24, 1.0, 0.0)] * 2


def test_the_order_of_no_day_is_asked_for_and_can_be_said():
    days = {"winter": (200, profile(*hours("05.02.2024"))), "thaw": (165, profile(*hours("06.02.2024")))}
    with pytest.raises(evf.InvalidInputError, match="give dayfirst=True or dayfirst=False"):
        read(days)
    assert len(read(days, dayfirst=True)) == 48


def test_days_in_two_orders_are_refused_by_name():
    with pytest.raises(evf.InvalidInputError) as error:
        read({"winter": (200, profile(*hours("13.02.2024"))), "thaw": (165, profile(*hours("02/14/2024")))})
    (fault,) = error.value.faults
    assert (fault.table, fault.column) == ("profiles", "index of load.p_mw of day 'thaw'")
    assert "stands beside '13.02.2024 00:00': day and month come in two orders" in fault.problem


ENDS = [*(f"{hour:02d}:00" for hour in range(1, 24)), "00:00"]


def test_a_day_from_one_to_midnight_is_refused_and_read_as_the_error_says():
    """Were the labels starts, the last row would be that of midnight."""
    frames = profile(*ENDS)
    with pytest.raises(evf.InvalidInputError) as error:
        read({"day": (365, frames)})
    (fault,) = error.value.faults
    remedy = "put the last row first and count rows: pd.concat([frame[-1:], frame[:-1]]).reset_index(drop=True)"
    assert remedy in fault.remedy and "start=" not in fault.remedy
    moved = {key: pd.concat([frame[-1:], frame[:-1]]).reset_index(drop=True) for key, frame in frames.items()}
    days = read({"day": (365, moved)}, period_h=1.0)
    bus = NET.bus.index.get_loc(NET.load.bus[0])
    np.testing.assert_allclose(days.load[:, bus].real, np.array([23, *range(23)]) / 1e3)
    assert days.types[0].start_h == 0.0
