"""A planning study in some ten lines: what limits, what to build, whom to pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pandapower_evflex.planning.study import PlanningStudy

#: faults, sites and findings that are named
MAX_NAMED = 3
PARTS = ("reliability", "losses", "investment", "flexibility")


def overview(study: PlanningStudy) -> str:
    """The lines that `print(study)` shows."""
    best = study.plans.loc[study.best]
    lines = [
        f"{len(study.plans)} plans evaluated; cheapest: plan {study.best}, {_what(best)}",
        _costs(study),
        _interruptions(study),
        f"to build: {_candidates(study, best)}",
        f"to pay: {_sites(study.sites)}",
        *_faults(study.faults),
    ]
    if study.gap_eur_per_year > 0.0:
        lines.append(f"a plan that was not evaluated could be cheaper by {study.gap_eur_per_year:,.0f} EUR a year")
    if len(study.findings):
        kinds = ", ".join(f"{kind} ({n})" for kind, n in study.findings["kind"].value_counts().items())
        lines.append(f"findings: {kinds}; see study.findings")
    return "\n".join(lines)


def _what(plan: pd.Series) -> str:
    built = f"reinforcements {plan['reinforcements']}" if plan["reinforcements"] else "nothing reinforced"
    return f"{built}, {'with' if plan['flexibility'] else 'without'} flexibility"


def _costs(study: PlanningStudy) -> str:
    """Costs of the best plan, and their difference to doing nothing."""
    plan, delta = study.plans.loc[study.best], study.deltas.loc[study.best]
    total, *parts = (
        f"{name} {plan[f'{name}_eur_per_year']:,.0f} ({delta[f'{name}_eur_per_year']:+,.0f})"
        for name in ("total", *PARTS)
    )
    return f"EUR a year, and against doing nothing: {total}\n  {', '.join(parts)}"


def _interruptions(study: PlanningStudy) -> str:
    """Indices of the best plan, and their difference to doing nothing, nothing reinforced and nothing bought."""
    unchanged = study.plans["reinforcements"].map(len).eq(0) & ~study.plans["flexibility"].astype(bool)
    own, before = study.reliability.loc[study.best], study.reliability.loc[unchanged.idxmax()]
    parts = [
        f"{name} {own[column]:.4g} {unit} ({own[column] - before[column]:+.4g})"
        for name, column, unit in (
            ("SAIFI", "saifi_per_year", "a year"),
            ("SAIDI", "saidi_h_per_year", "h"),
            ("EENS", "eens_mwh_per_year", "MWh"),
        )
    ]
    return f"interruptions: {', '.join(parts)}"


def _candidates(study: PlanningStudy, plan: pd.Series) -> str:
    parts = [f"candidate {label}, {study.annuity_eur[label]:,.0f} EUR a year" for label in plan["reinforcements"]]
    return "; ".join(parts) or "nothing"


def _named(site: Any) -> str:
    """Index, and the name of a site that has one."""
    return f"{site.Index} ({site.name})" if isinstance(site.name, str) else str(site.Index)


def _sites(sites: pd.DataFrame) -> str:
    paid = sites[sites["income_eur_per_year"] > 0.0] if len(sites) else sites
    if not len(paid):
        return "nobody"
    largest = paid.sort_values("income_eur_per_year", ascending=False, kind="stable")
    parts = [
        f"site {_named(row)} {row.income_eur_per_year:,.0f} EUR a year for {row.p_mw:.4g} MW "
        f"in {row.hours:.3g} h a year"
        for row in largest.head(MAX_NAMED).itertuples()
    ]
    return "; ".join(parts) + _and_more(len(paid))


def _faults(faults: pd.DataFrame) -> list[str]:
    """The windows with the most energy not served, nothing reinforced."""
    overloaded = faults[faults["overloaded_element_type"].notna()]
    if not len(overloaded):
        return ["what limits: no fault overloads anything"]
    worst = overloaded.sort_values("ens_mwh", ascending=False, kind="stable").head(MAX_NAMED)
    lines = []
    for row in worst.itertuples():
        what = (
            "the whole net"
            if row.overloaded_element_type == "net"
            else (f"{row.overloaded_element_type} {row.overloaded_element}")
        )
        lines.append(
            f"what limits: after a fault of {row.element_type} {row.element}, {what} from {row.start_h:g} to "
            f"{row.end_h:g} h: {row.ens_mwh:.3g} MWh not served, with flexibility "
            f"{row.ens_with_flexibility_mwh:.3g}"
        )
    lines[-1] += _and_more(len(overloaded))
    return lines


def _and_more(n: int) -> str:
    return f" and {n - MAX_NAMED} more" if n > MAX_NAMED else ""
