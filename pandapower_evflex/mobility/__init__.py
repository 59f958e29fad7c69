"""Cars and their charging sessions: synthetic ones, and those of reports and public data."""

from pandapower_evflex.mobility.acn import read_acn_sessions
from pandapower_evflex.mobility.fleet import sample_fleet
from pandapower_evflex.mobility.reports import sessions_from_reports
from pandapower_evflex.mobility.session_files import read_sessions
from pandapower_evflex.mobility.sessions import sample_sessions
from pandapower_evflex.mobility.workplace import sample_workplace_sessions

__all__ = [
    "read_acn_sessions",
    "read_sessions",
    "sample_fleet",
    "sample_sessions",
    "sample_workplace_sessions",
    "sessions_from_reports",
]
