"""What pictures do with what they cannot draw."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

import pandapower_evflex as evf


def assert_refused(draw, column):
    """By name, and no figure is left open."""
    plt.close("all")
    with pytest.raises(evf.InvalidInputError) as error:
        draw()
    assert [fault.column for fault in error.value.faults] == [column]
    assert not plt.get_fignums()
