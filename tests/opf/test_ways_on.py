"""Whatever is refused ends with what to do: an argument, a column, a call."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pandapower_evflex as evf
from pandapower_evflex import opf
from pandapower_evflex.limits import LIMITS
from pandapower_evflex.opf.findings import remedies
from pandapower_evflex.opf.findings.remedies import FINAL, NO_ROOM, NO_SOLUTION, UNSOLVED, ways_on
from pandapower_evflex.opf.findings.table import findings_frame
from tests.opf.feeder import EIGHT_HOURS, feeder_net
from tests.opf.test_failures import infeasible_by_losses_net, jointly_infeasible_net, unreachable_net

SOURCES = sorted(Path(opf.__file__).parent.rglob("*.py"))
OF_SESSIONS = ("unreachable", "no whole period", "unreachable within the grid", "min_p_mw overfills the battery")
OF_BRANCHES = ("line", "trafo", "trafo3w")
#: an argument, a column or a call
NAMED = re.compile(r"\w+=|net\.\w+\.\w+|pandapower\.\w+|result\.\w+")
#: what a remedy begins with
VERBS = ("add", "create", "did you mean", "give", "install", "leave", "name", "put", "run", "use", "write")


def finding(kind, **place):
    return {"finding": kind, "period": 0, "value": 2.0, "limit": 1.0, "curable": False, **place}


def findings_of_all_kinds():
    """One of every kind and element."""
    for kind in OF_SESSIONS:
        yield finding(kind, ev=0, session=0, quantity="e_mwh")
    for kind in (*UNSOLVED, NO_SOLUTION):
        yield finding(kind)
    for limit in LIMITS:
        if limit.quantity == "vm_pu":
            yield finding(limit.finding, element_type="bus", element=0, quantity="vm_pu", side="")
            continue
        for table in OF_BRANCHES:
            yield finding(limit.finding, element_type=table, element=0, quantity=limit.quantity, side="hv")
    for table in OF_BRANCHES:
        yield finding(NO_ROOM, element_type=table, element=0, quantity="energy_mwh", side="hv")


@pytest.mark.parametrize(
    "row", list(findings_of_all_kinds()), ids=lambda row: f"{row['finding']} {row.get('element_type')}"
)
@pytest.mark.parametrize("status", ["infeasible", "failed", "iteration_limit"])
def test_every_kind_of_finding_ends_with_what_to_do(row, status):
    text = ways_on(findings_frame([row]), status, "raise")
    head, *lines = text.splitlines()
    assert head == "what to do:"
    own = [line for line in lines if "best_effort" not in line]
    assert own and all(NAMED.search(line) for line in own)
    helps = status != "iteration_limit" and row["finding"] not in FINAL
    assert lines[-1].startswith('- on_infeasible="best_effort"') == helps
    assert "best_effort" not in ways_on(findings_frame([row]), status, "best_effort")


def test_no_kind_of_finding_is_without_a_remedy_of_its_own():
    """The kinds that this module names are those that the sources write."""
    written = set(re.findall(r'"finding": "([^"]+)"', "".join(path.read_text() for path in SOURCES)))
    assert written <= {row["finding"] for row in findings_of_all_kinds()}
    assert set(remedies._OF_SESSIONS) <= {row["finding"] for row in findings_of_all_kinds()}


@pytest.mark.parametrize("status", ["failed", "iteration_limit"])
@pytest.mark.parametrize("on_infeasible", ["raise", "best_effort"])
def test_without_any_finding_a_status_says_what_to_do(status, on_infeasible):
    _, line, *_ = ways_on(findings_frame([]), status, on_infeasible).splitlines()
    assert NAMED.search(line)


def overfull_net():
    net = feeder_net(2)
    net.ev.loc[0, "min_p_mw"] = 0.01
    return net


def unsolvable_net():
    net = feeder_net(2)
    net.load["p_mw"] = 9.0
    return net


def overloaded_net():
    net = feeder_net(2)
    net.load["p_mw"] = 0.12
    return net


STOPPED = {"solver_options": {"max_iter": 1}}
FAILING = {
    "unreachable": (unreachable_net, {}),
    "overfull": (overfull_net, {}),
    "overloaded": (overloaded_net, {}),
    "no power flow": (unsolvable_net, {}),
    "no power flow, best effort": (unsolvable_net, {"on_infeasible": "best_effort"}),
    "no room": (jointly_infeasible_net, {}),
    "losses, fast": (infeasible_by_losses_net, {"method": "fast"}),
    "losses, exact": (infeasible_by_losses_net, {"method": "exact"}),
    "stopped, exact": (lambda: feeder_net(9, sn_mva=0.06), {"method": "exact", **STOPPED}),
    "stopped, best effort": (infeasible_by_losses_net, {"method": "exact", "on_infeasible": "best_effort", **STOPPED}),
}


@pytest.mark.parametrize("what", FAILING)
def test_every_failed_run_ends_with_what_to_do(what):
    net, arguments = FAILING[what]
    with pytest.raises(evf.FlexibilityOPFNotConverged) as error:
        evf.run_flexibility_opf(net(), **arguments, **EIGHT_HOURS)
    message, _, end = str(error.value).partition("\nwhat to do:\n")
    assert message and end
    assert all(line.startswith("- ") and NAMED.search(line) for line in end.splitlines())


def calls_of_fault():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
                yield pytest.param(node, id=f"{path.stem}:{node.lineno}")


def remedies_written():
    """Constant beginnings of what is given, or assigned, as a remedy."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and any(getattr(to, "id", "") == "remedy" for to in node.targets):
                yield from beginnings(node.value, f"{path.stem}:{node.lineno}")
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Fault" and len(node.args) == 6:
                yield from beginnings(node.args[5], f"{path.stem}:{node.lineno}")


def beginnings(node, place):
    if isinstance(node, ast.IfExp):
        yield from beginnings(node.body, place)
        yield from beginnings(node.orelse, place)
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        node = node.values[0]
    if isinstance(node, ast.Constant):
        yield place, node.value


@pytest.mark.parametrize("call", list(calls_of_fault()))
def test_every_fault_has_a_remedy(call):
    assert len(call.args) == 6 and not call.keywords
    assert not (isinstance(call.args[5], ast.Constant) and not call.args[5].value)


def test_every_remedy_begins_with_what_to_do():
    written = list(remedies_written())
    assert len(written) > 20
    assert [one for one in written if not one[1].startswith(VERBS)] == []
