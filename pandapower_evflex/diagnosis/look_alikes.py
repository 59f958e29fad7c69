"""Cars that may be counted twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from pandapower_evflex.diagnosis.diagnosis import finding, rows_of
from pandapower_evflex.diagnosis.examined import Examined
from pandapower_evflex.errors import listed

#: words of names and types; SimBench's profiles of homes and workplaces are HLS_A_11.0, APLS_B_11.0, ...
_WORDS = re.compile(
    r"(?<![a-z])(evs?|bevs?|e-?cars?|e-?autos?|e-?vehicles?|hls|apls)(?![a-z])"
    r"|evse|wall ?box|charg(er|ing)|electric ?(car|vehicle)|e-?mob|elektroauto|elektrofahr"
    r"|lade(punkt|s[aä]ule|station)",
    re.IGNORECASE,
)
TEXTS = ("name", "type", "profile")


def loads_like_evs(seen: Examined) -> Iterator[dict[str, Any]]:
    """Loads and storages whose name, type or profile speaks of cars."""
    for table in ("load", "storage"):
        rows = seen.live(table)
        texts = [rows[column] for column in TEXTS if column in rows]
        if not len(rows) or not texts:
            continue
        speaks = pd.concat(texts, axis=1).map(lambda cell: isinstance(cell, str) and bool(_words_of(cell))).any(axis=1)
        found = tuple(rows.index[speaks])
        if found:
            named = list(dict.fromkeys(c for t in texts for c in t[speaks] if isinstance(c, str) and _words_of(c)))
            text = (
                f"{rows_of(table, found)}: {listed(named)} may be EVs already; evf.evs_from_loads(net, loads, "
                "...) makes EVs of loads and takes the loads out of service"
            )
            yield finding("warning", "loads that look like EVs", text, table, "", found)


def _words_of(text: str) -> Any:
    return _WORDS.search(text.replace("_", " "))


def evs_at_sites(seen: Examined) -> Iterator[dict[str, Any]]:
    """EVs and a charging site at one bus, unless the EVs say that they charge there."""
    evs, sites = seen.evs, seen.live("cpo")
    if not len(evs) or not len(sites):
        return
    for bus in sorted(set(evs["bus"]) & set(sites["bus"])):
        here = sites.index[sites["bus"] == bus]
        cars = evs[evs["bus"] == bus]
        own = tuple(cars.index[~cars["cpo"].isin(here)] if "cpo" in cars else cars.index)
        if own:
            text = (
                f"bus {bus}: {rows_of('ev', own)} and {rows_of('cpo', tuple(here))} stand there; if these are the same "
                "cars, they count twice: set ev.cpo, or leave one of the two out"
            )
            yield finding("warning", "EV and site at one bus", text, "ev", "bus", own)
