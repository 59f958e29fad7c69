"""Where cyipopt cannot be imported, only the exact method is missing, and it says what to install."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: one process for all tests: what it saw comes back as JSON
WITHOUT = """
import copy, json, sys
sys.modules["cyipopt"] = None
import pandapower as pp
from pandapower.toolbox import nets_equal
import pandapower_evflex as evf
from tests.opf.feeder import EIGHT_HOURS, two_feeders_net
from tests.planning.plan_nets import PRICES, random_ring

seen = {}
evf.warmup()
net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24)
before = copy.deepcopy(net)
try:
    evf.run_flexibility_opf(net, profiles, method="exact", progress=False)
except evf.InvalidInputError as error:
    seen["refusal"] = [(fault.column, str(fault)) for fault in error.faults]
seen["untouched"] = nets_equal(net, before)
for method in ("fast", "auto"):
    result = evf.run_flexibility_opf(net, profiles, method=method, progress=False)
    seen[f"radial {method}"] = [result.status, result.message, result.stats["solver"]]

meshed = two_feeders_net()
pp.create_line(meshed, 2, 3, 0.05, "NAYY 4x150 SE", max_loading_percent=15.0)
result = evf.run_flexibility_opf(meshed, method="auto", **EIGHT_HOURS)
seen["meshed auto"] = [result.status, result.message, result.objective_mw]
seen["meshed verified"] = max(v for k, v in result.verification.items() if k.endswith(("voltage", "overload")))
stopped = evf.run_flexibility_opf(net, profiles, solver_options={"max_cpu_time": 1e-9}, raise_on_failure=False,
                                  progress=False)
seen["stopped"] = [stopped.status, stopped.message]

ring, day = random_ring(7)
seen["best plan"] = int(evf.run_planning(ring, day, **PRICES).best)
seen["bids"] = len(evf.cpo_peak_shaving(ring, 10.0, 12.0))
seen["loaded"] = sorted(name for name in sys.modules if "ipopt" in name and sys.modules[name] is not None)
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen():
    ended = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_exact_says_what_to_install_before_anything_runs(seen):
    [(column, text)] = seen["refusal"]
    assert column == "method"
    assert "cyipopt" in text and "conda install" in text and 'method="fast"' in text
    assert seen["untouched"]


@pytest.mark.parametrize("method", ["fast", "auto"])
def test_radial_nets_are_solved_with_their_certificate_and_tie_break(seen, method):
    status, message, solver = seen[f"radial {method}"]
    assert status == "optimal" and "certified within" in message and "tie_break='smooth'" in message
    assert "Ipopt" not in message + solver


def test_auto_keeps_what_fast_found_and_says_that_it_cannot_hand_over(seen):
    status, message, objective_mw = seen["meshed auto"]
    assert status in ("optimal", "feasible") and objective_mw > 0.0
    assert "Ipopt cannot be imported" in message and "exact method did not take over" in message
    assert seen["meshed verified"] < 1e-6


def test_auto_that_runs_out_of_time_keeps_what_fast_found(seen):
    status, message = seen["stopped"]
    assert status in ("feasible", "optimal_within_gap", "iteration_limit")
    assert "Ipopt cannot be imported" in message


def test_planning_and_charging_sites_do_not_miss_it(seen):
    assert seen["best plan"] >= 0 and seen["bids"] > 0
    assert [name for name in seen["loaded"] if name.startswith("cyipopt")] == []
