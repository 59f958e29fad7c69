"""Where numbers come from: the net, the versions, the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pandapower_evflex.reporting.page import folded, section, small, table


def provenance_part(known: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Tables of what is known, and of the options that a run had."""
    told = {name: value for name, value in known.items() if name != "settings" and value != ""}
    missing = "" if told else small("This result does not tell which net and versions it rests on.")
    given = folded("Options of the run", table(_column(options))) if options else ""
    return section("Provenance", table(_column(told)), missing, given)


def _column(values: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"value": [str(value) for value in values.values()]}, index=pd.Index(list(values)))
