"""The share of EVs that a net can host, over the seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pandapower_evflex.errors import Fault
from pandapower_evflex.tables.arguments import single_number_faults
from pandapower_evflex.tables.kinds import raise_if, shown
from pandapower_evflex.tables.schema import Column

GROWTH = Column("share_per_year", "float64", "", required=True, lower=1e-6, upper=1.0, hint="give a share of 0 to 1")


@dataclass(frozen=True, repr=False)
class HostingCapacity:
    """Shares of EVs up to which the operation of a net holds.

    Attributes
    ----------
    operation : "uncontrolled", "scheduled" or "any_sequence"
    by_seed : DataFrame [seed]
        `share, n_evs` up to which it holds (NaN where it holds with no share), `from_share` from which on (above 0
        where charging cures what the grid breaks without EVs), `next_share`, the next one tried, which breaks it (NaN
        where all hold), and for uncontrolled charging of that share what breaks most: `breaks_element_type,
        breaks_element, breaks_quantity, breaks_period`
    scan : DataFrame
        everything that was tried: `seed, share, n_evs, holds` (NA where a solver stopped before it knew: counts as not)
    households : int
    """

    operation: str
    by_seed: pd.DataFrame
    scan: pd.DataFrame
    households: int

    @property
    def share(self) -> float:
        """The median over the seeds."""
        return self.quantile(0.5)

    def quantile(self, q: float) -> float:
        """The share that 1 - q of the seeds reach; NaN where it holds with no share in so many of them."""
        shares = self.by_seed["share"].fillna(-np.inf).to_numpy(dtype=float)
        found = float(np.quantile(shares, q, method="inverted_cdf"))
        return found if np.isfinite(found) else np.nan

    def years_after(self, other: HostingCapacity, share_per_year: float) -> pd.Series:
        """How many years later than that of the other this capacity is used up, by seed.

        Parameters
        ----------
        other : HostingCapacity    of another operation of the same net, with the same seeds
        share_per_year : float     of the households that get an EV every year

        Raises
        ------
        InvalidInputError
        """
        faults = single_number_faults("years_after", GROWTH, share_per_year)
        if not isinstance(other, HostingCapacity) or not other.by_seed.index.equals(self.by_seed.index):
            remedy = "give the result of hosting_capacity for another operation, with the same seeds"
            faults.append(Fault("years_after", "other", (), shown(other), "has not the same seeds", remedy))
        raise_if(faults)
        return ((self.by_seed["share"] - other.by_seed["share"]) / float(share_per_year)).rename("years")

    def __str__(self) -> str:
        low, middle, high = (
            "none" if np.isnan(share) else f"{100 * share:.3g}" for share in map(self.quantile, (0.1, 0.5, 0.9))
        )
        broken = "; none: it holds with no share, not even without EVs" if "none" in (low, middle, high) else ""
        return (
            f"{self.operation}: EVs in {middle}{_percent(middle)} of {self.households} households (median of "
            f"{len(self.by_seed)} seeds; 10 to 90 %: {low} to {high}{_percent(high)}{broken})"
        )

    def __repr__(self) -> str:
        return f"<HostingCapacity: {self}>"


def _percent(share: str) -> str:
    return "" if share == "none" else " %"
