"""Options of a run, for tests that look inside."""

from __future__ import annotations

from pandapower_evflex.opf.options import Options


def exact_options(**changed):
    return Options(**{"method": "exact", "tie_break": None, "progress": False, **changed})
