"""Start-up: what is compiled when, and what importing costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

CALLS = """
import sys
import pandapower_evflex as evf
from pandapower_evflex.kernels import jit
from tests.opf.feeder import EIGHT_HOURS, feeder_net
evf.warmup()
kernels = [k for m in list(sys.modules.values()) if getattr(m, "__name__", "").startswith("pandapower_evflex")
           for k in vars(m).values() if hasattr(k, "signatures") and hasattr(k, "py_func")]
before = sum(len(k.signatures) for k in kernels)
net = feeder_net(3)
for method in ("fast", "exact"):
    evf.run_flexibility_opf(net, method=method, **EIGHT_HOURS)
print(max(len(k.signatures) for k in kernels), sum(len(k.signatures) for k in kernels) - before)
"""


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def test_after_warmup_no_call_compiles_and_every_kernel_has_one_signature():
    assert run(CALLS).stdout.split() == ["1", "0"]


def test_the_first_call_after_installation_says_that_it_compiles(tmp_path):
    code = """
from pandapower_evflex.opf.progress import announce_compilation
announce_compilation(None)
announce_compilation(False)
"""
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)).stderr.count("compiling the kernels") == 1


@pytest.mark.slow
def test_compilation_does_not_use_up_the_time_of_the_fast_method(tmp_path):
    code = """
import pandapower_evflex as evf
net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
print(evf.run_flexibility_opf(net, profiles, progress=False).stats["solver"])
"""
    assert "Ipopt" not in run(code, NUMBA_CACHE_DIR=str(tmp_path)).stdout
