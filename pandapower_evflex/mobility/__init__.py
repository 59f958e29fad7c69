"""Synthetic cars and their nights at home."""

from pandapower_evflex.mobility.fleet import sample_fleet
from pandapower_evflex.mobility.reports import sessions_from_reports
from pandapower_evflex.mobility.sessions import sample_sessions

__all__ = ["sample_fleet", "sample_sessions", "sessions_from_reports"]
