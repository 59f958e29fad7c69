"""No test opens a window or changes the backend."""

from __future__ import annotations

import matplotlib
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _no_windows(monkeypatch):
    def show(*_, **__):
        raise AssertionError("a figure was shown")

    monkeypatch.setattr(plt, "show", show)
    backend = matplotlib.get_backend()
    yield
    plt.close("all")
    assert matplotlib.get_backend() == backend
