"""Values in pandapower's own tables that no run can start from."""

from __future__ import annotations

import numpy as np
import pandapower as pp

from tests.tables.bad import Bad, edited, load_profile, run


def spoilt(table, column, rows, remedy, before):
    return Bad(run, table, column, rows, remedy, before)


def some_profiled(net):
    """Profiles of all loads but load 1."""
    return run(net, {("load", "p_mw"): load_profile(net).drop(columns=1)})


def other_column_profiled(net):
    return run(net, {("load", "p_mw"): load_profile(net)})


def sgen_gap(net):
    pp.create_sgen(net, 5, p_mw=np.nan)


BAD_NETS = {
    "a load without a power": spoilt("load", "p_mw", (0,), "a profile of load.p_mw", edited("load", "p_mw", np.nan)),
    "an infinite load": spoilt("load", "p_mw", (0,), "give a finite number", edited("load", "p_mw", np.inf)),
    "a load's power as text": spoilt("load", "p_mw", (0,), "give a finite number", edited("load", "p_mw", "much")),
    "a load without a power beside profiles of the others": Bad(
        some_profiled, "load", "p_mw", (1,), "a profile of load.p_mw", edited("load", "p_mw", np.nan, row=1)
    ),
    "a load without reactive power beside its profile of active power": Bad(
        other_column_profiled, "load", "q_mvar", (1,), "a profile of load.q_mvar",
        edited("load", "q_mvar", np.nan, row=1),
    ),
    "a load without a scaling, though it has a profile": Bad(
        other_column_profiled, "load", "scaling", (2,), "give a finite number", edited("load", "scaling", np.nan, row=2)
    ),
    "a generator without a power": spoilt("sgen", "p_mw", (0,), "a profile of sgen.p_mw", sgen_gap),
}  # fmt: skip
