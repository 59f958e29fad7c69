"""The rates of a site in some lines: how much is charging and plugged in, when, and what the counts rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pandapower_evflex.arrays import FloatArray

if TYPE_CHECKING:
    from pandapower_evflex.cpo.sessions.rates import CpoRates


def overview(rates: CpoRates) -> str:
    """The lines that `print(rates)` shows."""
    n_days, n_evse, n_periods = rates.lattices.shape
    days = f"{n_days} days" + (f" from {rates.days[0]:%Y-%m-%d} to {rates.days[-1]:%Y-%m-%d}" if n_days else "")
    counts = ", ".join(f"{name} {count}" for name, count in rates.report.items() if count and name not in ("days",))
    return "\n".join(
        [
            f"{n_evse} outlets, {len(rates.evse)} of them with sessions; {days}, {n_periods} periods of "
            f"{rates.period_h:g} h",
            f"charging: {_share(rates.charging_rate, n_evse, rates.period_h)}",
            f"plugged in: {_share(rates.occupancy_rate, n_evse, rates.period_h)}",
            f"{rates.plug_ins_per_day:.2f} plug-ins per outlet and day{_power(rates.charging_p_mw)}",
            f"sessions: {counts}",
            *_charging_until_they_leave(rates),
        ]
    )


def _charging_until_they_leave(rates: CpoRates) -> list[str]:
    """Why a site may have little to shave."""
    n = rates.report["no charging end"]
    taken = "have no end of charging and count as charging until they leave: nothing of them can be shifted"
    return [f"{n} of {rates.report['used'] + rates.report['not sampled']} sessions {taken}"] if n else []


def _power(p_mw: float) -> str:
    return "" if np.isnan(p_mw) else f", cars charge with {1e3 * p_mw:.3g} kW on average"


def _share(rate: FloatArray, n_evse: int, period_h: float) -> str:
    """Mean of the day, and the period of the most."""
    most = int(np.argmax(rate))
    hour, minute = divmod(round(60.0 * most * period_h), 60)
    return (
        f"{100 * rate.mean():.3g} % of the outlets on average, at most {100 * rate[most]:.3g} % "
        f"({n_evse * rate[most]:.3g} outlets) from {hour:02d}:{minute:02d}"
    )
