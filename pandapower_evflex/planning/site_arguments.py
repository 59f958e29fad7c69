"""What a plan is told of the days of its sites: real ones, a quantile over them, plug-ins."""

from __future__ import annotations

from typing import Any

from pandapower_evflex.arrays import Net
from pandapower_evflex.cpo.shave.site_days import SiteDays, lattices_of_sites, plug_in_faults, quantile_faults
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.planning.days import FUNCTION
from pandapower_evflex.planning.settings import Settings
from pandapower_evflex.tables.cpo_offers import cpo_offers
from pandapower_evflex.tables.cpo_rates import DEFAULT_PERIODS, rates_of


def site_argument_faults(net: Net, settings: Settings) -> list[Fault]:
    """Of `quantile`, `lattices` and `plug_ins_per_day`; the tables are right."""
    faults = quantile_faults(FUNCTION, settings.quantile, settings.rule)
    if settings.lattices is not None and settings.rule != "exact":
        remedy = 'days differ with rule="exact" only'
        problem = f"is not known to rule={settings.rule!r}"
        faults.append(Fault(FUNCTION, "lattices", (), "an argument", problem, remedy))
    faults += plug_in_faults(FUNCTION, net, settings.plug_ins_per_day)
    return faults + _lattice_faults(net, settings.lattices)


def _lattice_faults(net: Net, given: Any) -> list[Fault]:
    if given is None:
        return []
    try:
        for cpo, days in days_of_sites(net, given).items():
            if len(days.lattices) < 2:
                remedy = "give two or more: they tell how days differ, and what comes after midnight"
                return [Fault(FUNCTION, "lattices", (cpo,), "one day", "is too few", remedy)]
            days.checked(FUNCTION)
    except InvalidInputError as error:
        return list(error.faults)
    return []


def days_of_sites(net: Net, lattices: Any) -> dict[Any, SiteDays]:
    """Real days of the sites that offer less charging, by their index."""
    cpos = cpo_offers(net, net["cpo"].index.tolist()).index.tolist() if "cpo" in net else []
    n_periods = len(rates_of(net, cpos)[0]) or DEFAULT_PERIODS if cpos else DEFAULT_PERIODS
    n_evse = net["cpo"]["n_evse"].to_dict() if cpos else {}
    return lattices_of_sites(FUNCTION, lattices, cpos, n_evse, n_periods)
