"""Options of a run, for tests that look inside."""

from __future__ import annotations

from pandapower_evflex.opf.options import Options


def exact_options(**changed):
    defaults = {
        "scenarios": ("down", "up"),
        "weights": None,
        "q_follows_flexibility": True,
        "trafo_loading": "power",
        "max_line_loading_percent": None,
        "max_trafo_loading_percent": None,
        "unreachable": "raise",
        "method": "exact",
        "tie_break": None,
        "tol": 1e-8,
        "verify": True,
        "raise_on_failure": True,
        "progress": False,
        "solver_options": {},
    }
    return Options(**{**defaults, **changed})
