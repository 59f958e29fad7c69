"""What cars could offer without a grid against the first paper's linear program, on random fleets of every kind."""

from __future__ import annotations

import numpy as np

from pandapower_evflex.opf.objective import bound_mw
from tests.elements.fleets import PaperProgram, fleet_case, random_fleet

N_FLEETS = 1400


def section() -> str:
    drawn = (fleet_case(*random_fleet(seed)) for seed in range(N_FLEETS))
    cases = [case for case in drawn if case is not None]
    pairs = np.array([(bound_mw(case), PaperProgram(case).best_mw()) for case in cases])
    offers = pairs[:, 1] > 0.0
    relative = np.abs(pairs[offers, 0] / pairs[offers, 1] - 1.0)
    slots = sum(len(case.evs.slots) for case in cases)
    return "\n".join(
        [
            "## The closed form against a linear program",
            "",
            f"{N_FLEETS} random fleets of three cars (one to three sessions each, chained by trips, round a cyclic "
            "day, `min_p_mw`, caps on offers, weights per period and car, one direction alone; "
            "`tests/elements/fleets.py`), "
            f"of which {len(cases)} have a case ({slots} plugged EV-periods) and {int(offers.sum())} offer anything. "
            "`evf.flexibility_bound` against (4) and (17) to (24) solved by HiGHS: largest relative difference "
            f"{relative.max():.1e}, median {np.median(relative):.1e}, beyond 1e-9: {int((relative > 1e-9).sum())}.",
        ]
    )
