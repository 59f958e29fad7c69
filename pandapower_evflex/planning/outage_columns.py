"""Optional columns of pandapower's tables that say what fails, what is taken out, and how long that takes."""

from __future__ import annotations

from pandapower_evflex.planning.fault.outages import OUTAGE_TABLES
from pandapower_evflex.tables.schema import Column, TableSchema

_HOURS = "give hours, 0 or more"

OUTAGE_COLUMNS = (
    Column(
        "failure_rate_per_year", "float64", "failures; missing: the element does not fail", "1/year",
        lower=0.0, optional=True, hint="give failures per year, 0 or more; NaN where an element does not fail",
    ),
    Column(
        "repair_time_h", "float64", "until what has no other way is supplied again; missing: that costs nothing", "h",
        lower=0.0, optional=True, hint=_HOURS,
    ),
    Column(
        "switching_time_h", "float64", "until switches without a time of their own are set after a fault of the "
        "element; at a switch its own, after any fault", "h", lower=0.0, optional=True, hint=_HOURS,
    ),
    Column(
        "planned_outage_rate_per_year", "float64", "how often the element is taken out on purpose", "1/year",
        lower=0.0, optional=True, hint="give planned outages per year, 0 or more; NaN for none",
    ),
    Column(
        "planned_outage_time_h", "float64", "how long that takes; required where there is a rate", "h",
        lower=0.0, optional=True, hint=_HOURS,
    ),
)  # fmt: skip
STUCK = Column(
    "stuck_probability", "float64", "share of its operations in which a breaker or fuse fails to open; missing: 0",
    lower=0.0, upper=1.0, optional=True, hint="give a share from 0 to 1, 0.02 for 2 %",
)  # fmt: skip
CUSTOMERS = Column(
    "customers", "float64", "customers at the load, the weight of SAIFI and SAIDI; missing: 1",
    lower=0.0, optional=True, hint="give the number of customers at the load, NaN for 1",
)  # fmt: skip

#: pandapower's tables as a plan reads them; for the documentation
SCHEMAS = (
    TableSchema(
        ", net.".join(OUTAGE_TABLES),
        "What `run_planning` reads of outages. pandapower's tables; the columns may be missing.",
        OUTAGE_COLUMNS,
    ),
    TableSchema("switch", "Further columns of switches. `type` is pandapower's.", (STUCK,)),
    TableSchema("load", "Further columns of loads in `run_planning`.", (CUSTOMERS,)),
)
