"""The net and the profiles as far as they can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.grid import Grid, grid_faults, grid_of
from pandapower_evflex.case.periods import DEFAULT_PERIOD_H, Horizon
from pandapower_evflex.case.plain_net import plain_net
from pandapower_evflex.case.profiles import Profiles, read_profiles
from pandapower_evflex.errors import InvalidInputError
from pandapower_evflex.tables.checks import check_tables
from pandapower_evflex.tables.faults import as_numbers, is_readable

#: tables that profiles are read by
PROFILED = ("bus", "load", "sgen", "storage", "gen")
#: periods that are looked at where no profile says how many there are
MOST_PERIODS = 4 * 24 * 14


@dataclass
class Examined:
    """What the checks look at. A part that cannot be read is None, and the faults say why.

    Parameters
    ----------
    net : pandapowerNet
    given : profiles as they were given
    """

    net: Net
    given: Mapping[Any, pd.DataFrame] | None
    faults: list[Any] = field(default_factory=list)

    @cached_property
    def plain(self) -> Net:
        """The net with plain dtypes."""
        return plain_net(self.net)

    @cached_property
    def table_faults(self) -> list[Any]:
        """Of our tables."""
        return check_tables(self.net)

    @cached_property
    def grid_faults(self) -> list[Any]:
        """Of pandapower's tables."""
        return grid_faults(self.net)

    @cached_property
    def grid(self) -> Grid | None:
        return None if self.grid_faults else grid_of(self.plain, "power")

    @cached_property
    def profiles(self) -> Profiles | None:
        """None where they cannot be read, or the net's tables that they belong to."""
        if any(fault.table in PROFILED for fault in self.grid_faults):
            return None
        try:
            has_none = self.given is None or isinstance(self.given, Mapping) and not self.given
            n_periods = self.n_periods_of_sessions if has_none else None
            return read_profiles(self.plain, self.given, n_periods=n_periods)
        except InvalidInputError as error:
            self.faults += error.faults
            return None

    @property
    def n_periods_of_sessions(self) -> int:
        """Quarter hours until the last departure."""
        last = as_numbers(self.sessions["departure_h"])[0] if "departure_h" in self.sessions else np.zeros(0)
        last = last[np.isfinite(last)]
        return int(np.clip(np.ceil(np.max(last, initial=1.0) / DEFAULT_PERIOD_H), 1, MOST_PERIODS))

    @property
    def horizon(self) -> Horizon:
        """That of the profiles, else until the last departure."""
        if self.profiles is not None:
            return self.profiles.horizon
        return Horizon(self.n_periods_of_sessions, DEFAULT_PERIOD_H, None, False)

    @cached_property
    def evs(self) -> pd.DataFrame:
        """EVs in service that nothing is wrong with."""
        return self._right("ev")

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """The same of sessions; they may be those of other EVs."""
        return self._right("ev_session")

    def live(self, table: str) -> pd.DataFrame:
        """Rows in service of a table, no rows where it cannot be read."""
        frame = self.plain.get(table)
        if frame is None or not is_readable(frame):
            return pd.DataFrame()
        return frame[frame["in_service"].eq(True)] if "in_service" in frame else frame

    def _right(self, table: str) -> pd.DataFrame:
        """Rows in service without a fault; none where the table as a whole has one."""
        faults = [fault for fault in self.table_faults if fault.table == table]
        if any(not fault.rows or fault.column == "index" for fault in faults):
            return pd.DataFrame()
        rows = self.live(table)
        return rows[~rows.index.isin([row for fault in faults for row in fault.rows])]
