"""Everything that can be wrong with the input of a plan, found before any power flow."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import Net
from pandapower_evflex.case.grid import grid_faults
from pandapower_evflex.cpo.shave.peak_shaving import RULES
from pandapower_evflex.errors import Fault
from pandapower_evflex.planning.days import FUNCTION
from pandapower_evflex.planning.fault.outages import DURATIONS, OUTAGE_TABLES, RATES
from pandapower_evflex.planning.fault.post_fault import RATED
from pandapower_evflex.planning.fault.reinforced import candidates, no_candidates, with_candidates_in_service
from pandapower_evflex.planning.fault.switch_types import BREAKERS, ISOLATORS, type_names
from pandapower_evflex.planning.outage_columns import CUSTOMERS, OUTAGE_COLUMNS, STUCK
from pandapower_evflex.planning.settings import Settings
from pandapower_evflex.planning.site_arguments import site_argument_faults
from pandapower_evflex.tables.arguments import DISCOUNT_RATE, single_number_faults
from pandapower_evflex.tables.checks import check_tables
from pandapower_evflex.tables.faults import as_numbers, column_faults, fault_where
from pandapower_evflex.tables.kinds import check_net, choice_faults, flag_faults, shown
from pandapower_evflex.tables.schema import Column

NUMBERS = {
    "voll_eur_per_mwh": Column(
        "voll_eur_per_mwh", "float64", "", "EUR/MWh", required=True, lower=0.0,
        hint="give EUR/MWh of 0 or more, 10 000 for 10 EUR/kWh",
    ),
    "loss_price_eur_per_mwh": Column(
        "loss_price_eur_per_mwh", "float64", "", "EUR/MWh", required=True, lower=0.0, hint="give EUR/MWh of 0 or more"
    ),
    "discount_rate": DISCOUNT_RATE,
    "load_growth_percent": Column(
        "load_growth_percent", "float64", "", "percent", required=True, lower=-100.0, upper=10_000.0,
        hint="give percent, 20 for a fifth more",
    ),
    "momentary_h": Column(
        "momentary_h", "float64", "", "h", required=True, lower=0.0, hint="give hours, 0.05 for 3 min"
    ),
}  # fmt: skip
EVENTS = Column(
    "events_per_fault", "float64", "", required=True, lower=0.0, hint="give windows met per fault, 0 or more, or None"
)
AFTER_A_FAULT = Column(
    "max_loading_percent_nminus1", "float64", "", "percent", above=0.0, optional=True,
    hint="give percent, NaN for max_loading_percent",
)  # fmt: skip
CHOICES = {
    "rule": RULES,
    "pricing": ("pay_as_clear", "pay_as_bid"),
    "procurement": ("merit_order", "optimal"),
}
#: most ties that a restoration may close at once: the number of sets of open switches grows with its power
MOST_TIES = 6
SOLVERS = ("auto", "enumeration", "milp")


def input_faults(net: Net, settings: Settings, solver: Any, max_plans: Any, executor: Any) -> list[Fault]:
    """Everything that is wrong with the net and the settings."""
    check_net(FUNCTION, net)
    faults = _setting_faults(settings)
    faults += choice_faults(FUNCTION, "solver", solver, SOLVERS)
    if not _is_whole(max_plans, 1):
        remedy = "give a whole number of 1 or more"
        faults.append(Fault(FUNCTION, "max_plans", (), shown(max_plans), "is not a number of plans", remedy))
    if executor is not None and not callable(getattr(executor, "submit", None)):
        remedy = "give a concurrent.futures.Executor, a Dask client, or None"
        faults.append(Fault(FUNCTION, "executor", (), shown(executor), "takes no tasks", remedy))
    of_tables = check_tables(net)
    readable = not any(fault.table == "reinforcement" for fault in of_tables)
    rows = candidates(net) if readable else no_candidates()
    of_net = grid_faults(with_candidates_in_service(net, rows))
    faults += of_tables + of_net
    if not of_tables:
        faults += site_argument_faults(net, settings)
    if any(fault.table in (*RATED, "net") and not fault.rows for fault in of_net):
        return faults  # tables that cannot be read
    faults += _outage_faults(net) + _limit_faults_after_a_fault(net) + _switch_faults(net)
    faults += _given_column_faults(net, "load", CUSTOMERS)
    return faults + _rating_faults(net, rows) + _target_faults(net, rows)


def _setting_faults(settings: Settings) -> list[Fault]:
    faults = []
    for name, column in NUMBERS.items():
        faults += single_number_faults(FUNCTION, column, getattr(settings, name))
    if settings.events_per_fault is not None:
        faults += single_number_faults(FUNCTION, EVENTS, settings.events_per_fault)
    for name, known in CHOICES.items():
        faults += choice_faults(FUNCTION, name, getattr(settings, name), known)
    for name in ("rebound", "split"):
        faults += flag_faults(FUNCTION, name, getattr(settings, name))
    if not _is_whole(settings.max_ties, 0) or settings.max_ties > MOST_TIES:
        remedy = f"give a whole number from 0 to {MOST_TIES}"
        faults.append(Fault(FUNCTION, "max_ties", (), shown(settings.max_ties), "is not a number of ties", remedy))
    return faults


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= least


def _outage_faults(net: Net) -> list[Fault]:
    """Negative or unreadable rates and times; planned outages of no length; a net in which nothing is ever out."""
    faults: list[Fault] = []
    is_given = False
    for table in OUTAGE_TABLES:
        rows = net[table]
        found = [fault for column in OUTAGE_COLUMNS for fault in _given_column_faults(net, table, column)]
        faults += found
        is_given |= any(bool(rows[column].notna().any()) for column in RATES.values() if column in rows)
        if not found and RATES[True] in rows:
            faults += _length_faults(table, rows)
    if not is_given:
        remedy = "set failures per year of the lines and transformers whose faults shall be studied"
        faults.append(Fault("line", "failure_rate_per_year", (), "a rate", "is given for no element", remedy))
    return faults


def _length_faults(table: str, rows: pd.DataFrame) -> list[Fault]:
    """Planned outages without a duration."""
    has_rate = rows[RATES[True]].astype(float) > 0.0
    is_missing = rows.reindex(columns=[DURATIONS[True]])[DURATIONS[True]].isna()
    remedy = "give the hours that a planned outage takes"
    return fault_where(table, rows, DURATIONS[True], has_rate & is_missing, "is missing", remedy, "the duration")


def _switch_faults(net: Net) -> list[Fault]:
    """Shares that are no shares, and types that say neither that a switch clears a fault nor that it does not."""
    types = type_names(net)
    unknown = ~types.isin([*BREAKERS, *ISOLATORS, ""]).to_numpy()
    remedy = 'use "CB" or "fuse" for what clears faults, "LBS", "LS" or "DS" for what does not, or leave it out'
    return _given_column_faults(net, "switch", STUCK) + fault_where(
        "switch", net["switch"], "type", unknown, "is not a type of switch", remedy
    )


def _given_column_faults(net: Net, table: str, column: Column) -> list[Fault]:
    """Wrong values of an optional column of pandapower's tables."""
    return column_faults(net, table, column, net[table]) if column.name in net[table] and len(net[table]) else []


def _rating_faults(net: Net, rows: pd.DataFrame) -> list[Fault]:
    """A line without a rating can never be overloaded: the plan would call it safe."""
    line = net["line"]
    remedy = "give the rated current in kA, or take the line out of service"
    built = line.index.isin(rows["element"][rows["element_type"] == "line"])
    floats, not_number = as_numbers(line["max_i_ka"])
    missing = (line["in_service"].to_numpy(dtype=bool) | built) & np.isnan(floats) & ~not_number
    return fault_where("line", line, "max_i_ka", missing, "is missing", remedy, "the rating")


def _limit_faults_after_a_fault(net: Net) -> list[Fault]:
    return [fault for table in RATED for fault in _given_column_faults(net, table, AFTER_A_FAULT)]


def _target_faults(net: Net, rows: pd.DataFrame) -> list[Fault]:
    """Candidates that change nothing because of the state of their element."""
    if not len(rows):
        return []
    built = rows["in_service"].eq(True).fillna(False).to_numpy(dtype=bool)
    in_service = [
        bool(net[kind].at[element, "in_service"])
        for kind, element in zip(rows["element_type"], rows["element"], strict=True)
    ]
    only = rows["parallel"].isna().to_numpy() & rows["std_type"].isna().to_numpy()
    remedy = "take the element out of service in the net, or drop the candidate"
    return fault_where(
        "reinforcement", rows, "element", built & only & np.array(in_service), "is in service already", remedy
    )
