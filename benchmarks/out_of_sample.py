"""A promise on days that were not foreseen: margins and several forecasts against one forecast taken for the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import pandapower_evflex as evf
from pandapower_evflex.opf.options import Options
from pandapower_evflex.opf.read import read_study
from pandapower_evflex.opf.verify import VERIFIED, scheduled_states
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

Profiles = dict[Any, pd.DataFrame]
#: standard deviations of the errors: of all loads together, of each load, of all generation together
OF_ALL, OF_EACH, OF_SUN = 0.05, 0.2, 0.3
N_DAYS = 100
PLANS: dict[str, dict[str, Any]] = {
    "one forecast": {},
    "margin 2 %": {"margin_percent": 2.0},
    "margin 5 %": {"margin_percent": 5.0},
    "margin 10 %": {"margin_percent": 10.0},
    "5 forecasts": {"n_forecasts": 5},
    "20 forecasts": {"n_forecasts": 20},
}


def drawn_day(profiles: Profiles, rng: np.random.Generator) -> Profiles:
    """A day around the forecast: loads lognormal, in common and each, all day long; less or more sun."""
    load = ("load", "p_mw")
    n_loads = profiles[load].shape[1]
    factor = np.exp(OF_ALL * rng.standard_normal() + OF_EACH * rng.standard_normal(n_loads))
    sun = np.clip(1.0 + OF_SUN * rng.standard_normal(), 0.0, 1.5)
    of_table = {"load": factor / np.exp(0.5 * (OF_ALL**2 + OF_EACH**2)), "sgen": sun}
    return {key: frame * of_table[key[0]] for key, frame in profiles.items()}


def drawn_days(profiles: Profiles, n: int, seed: int) -> dict[Any, tuple[float, Profiles]]:
    """As forecasts of equal probability."""
    rng = np.random.default_rng(seed)
    return {number: (1.0 / n, drawn_day(profiles, rng)) for number in range(n)}


def plan_of(net: Any, profiles: Profiles, n_forecasts: int = 0, **options: Any) -> Any:
    """One schedule and one promise; forecasts are drawn as the days are, and the forecast itself is one of them."""
    if not n_forecasts:
        return evf.run_flexibility_opf(net, profiles, progress=False, **options)
    forecasts = drawn_days(profiles, n_forecasts, seed=1)
    forecasts[0] = (1.0 / n_forecasts, profiles)
    return evf.run_flexibility_opf(net, forecasts=forecasts, progress=False, **options)


def broken(net: Any, days: dict[Any, tuple[float, Profiles]], result: Any) -> pd.DataFrame:
    """Per day: in how many periods the full activation breaks a limit, and by how much at most [percent of it]."""
    case = read_study(net, None, Options(), n_periods=None, period_h=None, cyclic=False, forecasts=days).case
    states = scheduled_states(case, BatchedPowerFlow(case.grid), result.recovery.schedule)
    n_periods = case.horizon.n_periods
    table = pd.DataFrame({"periods": 0, "percent": 0.0}, index=list(days))
    for day in days:
        worst = np.full(n_periods, -np.inf)
        for scenario, state in states.items():
            if scenario.forecast == day:
                worst = np.maximum(worst, np.concatenate(list(state.excess(case.limits)), axis=1).max(axis=1))
        table.loc[day] = (worst > VERIFIED).sum(), 100.0 * max(worst.max(), 0.0)
    return table


def comparison(net: Any, profiles: Profiles, n_days: int) -> pd.DataFrame:
    days = drawn_days(profiles, n_days, seed=2)
    rows = {}
    for name, options in PLANS.items():
        result = plan_of(net, profiles, **options)
        table = broken(net, days, result)
        rows[name] = {
            "MW": result.objective_mw,
            "days": int((table["periods"] > 0).sum()),
            "periods a day": table["periods"].mean(),
            "worst %": table["percent"].max(),
            "s": sum(result.stats["cpu_seconds"].get(phase, 0.0) for phase in ("read", "solve", "results")),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def main() -> None:
    net, profiles = evf.networks.suburban_lv(seed=0)
    table = comparison(net, profiles, N_DAYS)
    share = table["MW"] / table["MW"].iloc[0]
    print(f"## A promise on {N_DAYS} days that were not foreseen\n")
    print(
        "| plan | MW | of one forecast | days that break a limit | periods a day | beyond the limit at most | CPU s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, row in table.iterrows():
        numbers = (
            f"{row['MW']:.2f} | {100 * share[name]:.1f} % | {row['days']:.0f} of {N_DAYS} | {row['periods a day']:.1f}"
        )
        print(f"| {name} | {numbers} | {row['worst %']:.1f} % | {row['s']:.1f} |")


if __name__ == "__main__":
    main()
