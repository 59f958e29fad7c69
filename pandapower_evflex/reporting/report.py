"""`evf.report`: a result as one HTML file."""

from __future__ import annotations

import os
from pathlib import Path

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.beside import check_uncontrolled
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import UncontrolledCharging
from pandapower_evflex.planning.study import PlanningStudy
from pandapower_evflex.planning.years import PlanningHorizon
from pandapower_evflex.reporting import of_horizon, of_result, of_study
from pandapower_evflex.reporting.page import page
from pandapower_evflex.tables.kinds import shown

FUNCTION = "report"
SUFFIXES = (".html", ".htm")


def report(
    result_or_study: FlexibilityOpfResult | PlanningStudy | PlanningHorizon,
    path: str | os.PathLike[str],
    *,
    uncontrolled: UncontrolledCharging | None = None,
) -> None:
    """Write a result as one HTML file that opens without a network.

    It holds a summary in plain words, pictures (where matplotlib is installed), what binds and what one more unit of it
    would add, what can be made up after an activation, tables, and provenance: SHA-256 of the net, versions, options.
    Nothing is loaded from elsewhere; names are shown as text, whatever they hold. The net is not part of a result:
    elements are named by their index.

    Parameters
    ----------
    result_or_study : FlexibilityOpfResult, PlanningStudy or PlanningHorizon
        what `run_flexibility_opf`, `run_planning` or `run_planning_horizon` returned; one without a schedule tells why
    path : file that ends in .html, in a folder that is there; replaced where it is there
    uncontrolled : UncontrolledCharging
        what `uncontrolled_charging` returned for the same periods, told and drawn beside a schedule

    Raises
    ------
    InvalidInputError    what is neither, another ending, a folder that is missing or may not be written;
                         ``uncontrolled`` of other periods, or beside a plan

    Examples
    --------
    >>> import pathlib, tempfile, pandapower_evflex as evf
    >>> net, profiles = evf.networks.suburban_lv(seed=0, n_periods=24, n_evs=2, n_buses=14)
    >>> result = evf.run_flexibility_opf(net, profiles, progress=False)
    >>> path = pathlib.Path(tempfile.mkdtemp(), "day.html")
    >>> evf.report(result, path)
    >>> path.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    """
    file = _checked(result_or_study, path)
    if isinstance(result_or_study, FlexibilityOpfResult):
        check_uncontrolled(FUNCTION, uncontrolled, result_or_study)
        text = page(of_result.TITLE, of_result.parts_of_result(result_or_study, uncontrolled))
    elif uncontrolled is not None:
        problem, remedy = "is not told in a report of plans", "give it with what run_flexibility_opf returned"
        raise InvalidInputError([Fault(FUNCTION, "uncontrolled", (), shown(uncontrolled), problem, remedy)])
    elif isinstance(result_or_study, PlanningStudy):
        text = page(of_study.TITLE, of_study.parts_of_study(result_or_study))
    else:
        text = page(of_horizon.TITLE, of_horizon.parts_of_horizon(result_or_study))
    try:
        file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "is not the path of a file"
        fault = Fault(FUNCTION, "path", (), shown(str(path)), problem, "name a file that can be written")
        raise InvalidInputError([fault]) from error


def _checked(result_or_study: object, path: object) -> Path:
    """The file, where both arguments are right."""
    faults = []
    if not isinstance(result_or_study, FlexibilityOpfResult | PlanningStudy | PlanningHorizon):
        remedy = "give what run_flexibility_opf, run_planning or run_planning_horizon returned"
        value = shown(result_or_study)
        faults.append(Fault(FUNCTION, "result_or_study", (), value, "is neither a result nor a study", remedy))
    file = Path(path) if isinstance(path, str | os.PathLike) else Path()
    if file.suffix.lower() not in SUFFIXES:
        value, remedy = shown(path), 'name a file that ends in .html, "report.html"'
        faults.append(Fault(FUNCTION, "path", (), value, "is not the path of an HTML file", remedy))
    if faults:
        raise InvalidInputError(faults)
    return file
