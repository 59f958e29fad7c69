"""`net.load`, pandapower's own table: what a load with a row in `net.flexibility` must say."""

from __future__ import annotations

from pandapower_evflex.tables.schema import Column, TableSchema

LOAD = TableSchema(
    "load",
    "Loads that may be advanced or deferred: heat pumps, boilers, cold stores. pandapower's table; these columns count "
    "for those with a row in `net.flexibility`: a schedule stands in place of their `p_mw`, `q_mvar` and profiles.",
    (
        Column(
            "shift_h", "float64", "how far energy may be advanced or deferred against the profile", "h", required=True,
            lower=0.0, hint="give the hours by which its energy may come earlier or later (90 minutes are 1.5)",
        ),
        Column(
            "max_p_mw", "float64", "greatest power, `scaling` included; missing: the largest value of its profile",
            "MW", optional=True, above=0.0, hint="give the greatest power in MW (5 kW is 0.005)",
        ),
        Column(
            "scaling", "float64", "multiplies the profile", optional=True, required=True, above=0.0,
            hint="give a number above 0, or set in_service of the load to False",
        ),
    ),
    (),
)  # fmt: skip
