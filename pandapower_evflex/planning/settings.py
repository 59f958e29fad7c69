"""The arguments that `run_planning` and `run_planning_horizon` have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Arguments that are neither the net nor its profiles; see `run_planning`."""

    voll_eur_per_mwh: float
    loss_price_eur_per_mwh: float
    discount_rate: float
    load_growth_percent: float
    rule: str
    rebound: bool
    pricing: str
    procurement: str
    events_per_fault: float | None
    max_ties: int
    momentary_h: float
    quantile: float | None = None
    lattices: Any = None
    plug_ins_per_day: Any = None
    split: bool = False
    #: growth of the charging sites until a later year
    site_growth_percent: float = 0.0


def settings_of(arguments: Mapping[str, Any]) -> Settings:
    """Those of the arguments of a function that are settings."""
    names = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in arguments.items() if name in names})
