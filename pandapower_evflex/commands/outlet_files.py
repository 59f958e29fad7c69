"""Sessions of outlets, as charging points export them, onto EVs that are named like the outlets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.periods import Horizon, read_horizon
from pandapower_evflex.case.profiles import Profile, count_periods
from pandapower_evflex.errors import Fault, InvalidInputError, listed
from pandapower_evflex.mobility.json_records import is_json
from pandapower_evflex.mobility.reports import sessions_from_reports
from pandapower_evflex.mobility.session_files import read_sessions
from pandapower_evflex.mobility.session_formats import recognised
from pandapower_evflex.mobility.text_table import read_text, text_table
from pandapower_evflex.output import say
from pandapower_evflex.tables.ev_session import create_ev_sessions
from pandapower_evflex.tables.kinds import check_file, raise_if

#: what a file of EVs says for outlets
AS_EVS = "one row per outlet with bus, name (as in the export), max_p_mw (of the outlet) and max_e_mwh (say 0.1)"


def is_export(path: Path) -> bool:
    """Whether a file is one that `read_sessions` reads: JSON, or a table of a known format that names no EVs.

    Raises
    ------
    InvalidInputError    no such file, or one that cannot be read
    """
    check_file("--sessions", path)
    text = read_text(path)
    if is_json(text):
        return True
    header = list(text_table(path.name, text).columns)
    if "ev" in header:
        return False
    try:
        return bool(recognised(path.name, header, None))
    except InvalidInputError:
        return False


def add_outlet_sessions(net: Net, path: Path, horizon: Horizon, timezone: str | None, dayfirst: bool | None) -> None:
    """Rows of net.ev_session: what was charged at an outlet is what its EV needs, and the most that it can take.

    Parameters
    ----------
    net : with an EV for every outlet that has sessions in the horizon, of its name

    Raises
    ------
    InvalidInputError    no start, no EV or several of an outlet's name, what `read_sessions` and
        `sessions_from_reports` refuse; nothing is added then
    """
    if horizon.time is None:
        remedy = "give --start, or profiles whose rows are labelled by date and time"
        raise InvalidInputError([Fault(path.name, "arrival", (), "times", "need a start", remedy)])
    stays = read_sessions(path, timezone=timezone, dayfirst=dayfirst)
    if stays["arrival"].dt.tz is not None and horizon.time.tz is None and timezone is None:
        problem = f"are in {stays['arrival'].dt.tz}, and those of the periods tell no zone"
        remedy = "say --timezone, the zone of the site, such as Europe/Berlin"
        raise InvalidInputError([Fault(path.name, "arrival", (), "times", problem, remedy)])
    hours = horizon.n_periods * horizon.period_h
    sessions, report = sessions_from_reports(
        stays, horizon.time[0], hours, columns={"user": "evse"}, timezone=timezone, dayfirst=dayfirst
    )
    evs = _evs_of(path.name, net, pd.unique(sessions["user"]))
    create_ev_sessions(
        net,
        sessions["user"].map(evs),
        sessions["arrival_h"],
        sessions["departure_h"],
        energy_mwh=sessions["energy_mwh"],
        max_e_mwh=sessions["max_e_mwh"],
    )
    say(f"{path.name}: {', '.join(f'{reason} {number}' for reason, number in report.items())}")


def horizon_of(
    profiles: Profile | None, n_periods: int | None, period_h: float | None, start: Any, dayfirst: bool | None
) -> Horizon:
    """The periods that a run with these arguments has.

    Raises
    ------
    InvalidInputError
    """
    faults: list[Fault] = []
    indexes = {f"{table}.{column}": frame.index for (table, column), frame in (profiles or {}).items()}
    count = count_periods(indexes, n_periods, faults)
    horizon = read_horizon(indexes, count, period_h, False, start, dayfirst, faults)
    raise_if(faults)
    return horizon


def _evs_of(file: str, net: Net, outlets: Any) -> dict[Any, Any]:
    """{outlet: label of the EV with its name}."""
    names = net["ev"]["name"].astype(str) if "ev" in net else pd.Series(dtype=object)
    evs = {outlet: list(names.index[names == str(outlet)]) for outlet in outlets}
    faults = []
    without = [outlet for outlet, rows in evs.items() if not rows]
    if without:
        remedy = f"give --evs with {AS_EVS}, or name the EVs of the net so"
        faults.append(Fault(file, "evse", (), f"outlet {listed(without)}", "is the name of no EV", remedy))
    twice = [outlet for outlet, rows in evs.items() if len(rows) > 1]
    if twice:
        remedy = "give each outlet one EV"
        faults.append(Fault(file, "evse", (), f"outlet {listed(twice)}", "is the name of several EVs", remedy))
    raise_if(faults)
    return {outlet: rows[0] for outlet, rows in evs.items()}
