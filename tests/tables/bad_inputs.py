"""Every wrong table, profile and argument that is refused: {what is wrong: Bad}."""

from __future__ import annotations

from tests.tables.bad import Bad
from tests.tables.bad_cpos import BAD_CPOS
from tests.tables.bad_edits import BAD_EDITS
from tests.tables.bad_evs import BAD_EVS
from tests.tables.bad_forecasts import BAD_FORECASTS
from tests.tables.bad_nets import BAD_NETS
from tests.tables.bad_offers import BAD_OFFERS
from tests.tables.bad_overlaps import BAD_OVERLAPS
from tests.tables.bad_plans import BAD_PLANS
from tests.tables.bad_profiles import BAD_PROFILES
from tests.tables.bad_reinforcements import BAD_REINFORCEMENTS
from tests.tables.bad_runs import BAD_RUNS
from tests.tables.bad_session_files import BAD_SESSION_FILES, BAD_SESSION_NAMES, BAD_SESSION_NUMBERS
from tests.tables.bad_sessions import BAD_SESSIONS
from tests.tables.bad_sgens import BAD_SGENS
from tests.tables.bad_shaving import BAD_SHAVING
from tests.tables.bad_shiftables import BAD_SHIFTABLES
from tests.tables.bad_site_arrays import BAD_EQUATIONS, BAD_LATTICES
from tests.tables.bad_site_sessions import BAD_SITE_SESSIONS
from tests.tables.bad_storages import BAD_STORAGES
from tests.tables.bad_time_kinds import BAD_CLOCKS, BAD_DATES, BAD_ORDERS, BAD_SPANS
from tests.tables.bad_times import BAD_TIMES

#: heading of docs/bad_input.md -> its cases
SECTIONS = {
    "Electric vehicles": BAD_EVS,
    "Sessions": BAD_SESSIONS,
    "Times": BAD_TIMES,
    "Order of day and month": BAD_ORDERS,
    "Times of a day without a date": BAD_CLOCKS,
    "Durations where a time belongs": BAD_SPANS,
    "Dates that are none": BAD_DATES,
    "Offers and characteristics": BAD_OFFERS,
    "Batteries that offer": BAD_STORAGES,
    "Loads that are shifted": BAD_SHIFTABLES,
    "Generators that are curtailed": BAD_SGENS,
    "Sites of charge point operators": BAD_CPOS,
    "Rates of sites from sessions": BAD_SITE_SESSIONS,
    "Numbers in charging reports": BAD_SESSION_NUMBERS,
    "Users and outlets in charging reports": BAD_SESSION_NAMES,
    "Stays that overlap": BAD_OVERLAPS,
    "Files of charging sessions": BAD_SESSION_FILES,
    "Equations of sites": BAD_EQUATIONS,
    "Chains and lattices of sites": BAD_LATTICES,
    "What sites can shave": BAD_SHAVING,
    "Candidates of grid planning": BAD_REINFORCEMENTS,
    "Tables edited before a run": BAD_EDITS,
    "pandapower's own tables": BAD_NETS,
    "Profiles and periods": BAD_PROFILES,
    "Several forecasts": BAD_FORECASTS,
    "Arguments of a run": BAD_RUNS,
    "Arguments and data of a plan": BAD_PLANS,
}

BAD_INPUTS: dict[str, Bad] = {what: bad for cases in SECTIONS.values() for what, bad in cases.items()}
