"""The whole suite runs in two processes, a selection in one; laws are tried on many examples with the slow tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.empty_nets import copy_empty_tables

#: each compiles or loads all kernels and takes about 600 MB
N_WORKERS = 2
#: options that pick some tests, or want a terminal
SELECTING = ("keyword", "lf", "failedfirst", "usepdb", "trace", "collectonly")

# a loaded machine takes its time; the gate tries the same examples each time, the slow tests look for new ones
settings.register_profile("few", deadline=None, derandomize=True)
settings.register_profile("many", deadline=None)
settings.load_profile("few")
copy_empty_tables()


def pytest_configure(config):
    """What `tests.examples` asks for when the laws are read."""
    asked = config.option.markexpr
    if "slow" in asked and "not slow" not in asked:
        settings.load_profile("many")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """`-n 2` where nothing is selected, if pytest-xdist is there; the command line wins, `-n 0` for instance.

    Not in addopts, which would fail without the plugin and let a single test wait for two processes to start.
    """
    option = config.option
    if not config.pluginmanager.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    whole = config.args_source is not config.ArgsSource.ARGS
    selected = any(option.__dict__.get(name) for name in SELECTING)
    if option.numprocesses is None and whole and not selected:
        option.numprocesses = N_WORKERS
    if option.numprocesses and option.dist == "no":
        # neighbours share cached studies: each worker keeps its half of the suite until the other one is done
        option.dist = "worksteal"
