"""The arguments of `run_planning`."""

from __future__ import annotations

from dataclasses import dataclass
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
    #: growth of the charging sites until a later year
    site_growth_percent: float = 0.0
