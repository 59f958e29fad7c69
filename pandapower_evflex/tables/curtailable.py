"""`net.sgen`, pandapower's own table: what a generator with a row in `net.flexibility` must say."""

from __future__ import annotations

from pandapower_evflex.tables.schema import Column, TableSchema

SGEN = TableSchema(
    "sgen",
    "Generators that may be curtailed, PV above all, positive when they feed in. pandapower's table; these columns "
    "count for those with a row in `net.flexibility`: their `p_mw` or its profile is what is available.",
    (
        Column(
            "min_p_mw", "float64", "least feed-in under curtailment, `scaling` included; missing: 0", "MW",
            optional=True, lower=0.0, hint="give the least feed-in in MW, or leave it empty for 0",
        ),
        Column(
            "control_q", "boolean", "reactive power is chosen, one value per period and scenario, between none and the "
            "least power factor of its characteristic in `net.cos_phi_p`; missing: False", optional=True,
            hint="give True or False",
        ),
        Column(
            "scaling", "float64", "multiplies the profile", optional=True, required=True, above=0.0,
            hint="give a number above 0, or set in_service of the generator to False",
        ),
    ),
    (),
)  # fmt: skip
