"""One study as one row: what every column holds, and its type."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: status of a study whose net or profiles were not what was asked for when its turn came: it is computed anew
CHANGED = "changed"
#: hours of the day of a window
WINDOWS = ((0, 6), (6, 12), (12, 18), (18, 24))
#: what the cars do, as columns begin
OPERATIONS = ("scheduled", "uncontrolled", "full")


def window_column(direction: str, window: tuple[int, int]) -> str:
    """Mean power of one window: "p_up_mw_18_24"."""
    return f"p_{direction}_mw_{window[0]:02d}_{window[1]:02d}"


_NUMBERS = (
    "flexibility_mwh", "any_sequence_mwh", "any_sequence_percent", "bound_mwh", "charged_mwh", "full_mwh",
    "energy_short_mwh", "binding_share", "breaks_value", "breaks_limit", "breaks_excess_percent",
)  # fmt: skip
#: every column and its type, in order
COLUMNS: dict[str, str] = {
    "net": "string",
    "share": "float64",
    "seed": "int64",
    "day": "Int64",
    "status": "string",
    "message": "string",
    "households": "int64",
    "n_evs": "int64",
    "screened": "boolean",
    **{window_column(d, window): "float64" for d in ("up", "down") for window in WINDOWS},
    **{name: "float64" for name in _NUMBERS[:8]},
    "any_sequence_proved": "boolean",
    "any_sequence_screened": "boolean",
    "binding_element_type": "string",
    "binding_element": "Int64",
    "relaxed": "int64",
    **{f"{name}_min_vm_pu": "float64" for name in OPERATIONS},
    **{f"{name}_max_vm_pu": "float64" for name in OPERATIONS},
    **{f"{name}_max_loading_percent": "float64" for name in OPERATIONS},
    **{f"{name}_holds": "boolean" for name in (*OPERATIONS, "any_sequence")},
    "breaks_element_type": "string",
    "breaks_element": "Int64",
    "breaks_quantity": "string",
    "breaks_period": "Int64",
    **{name: "float64" for name in _NUMBERS[8:]},
    "x": "float64",
    "y": "float64",
    "seconds": "float64",
    "key": "string",
}

#: of a row without a value, by type
_MISSING = {"string": "", "float64": float("nan"), "int64": 0, "Int64": pd.NA, "boolean": pd.NA}


def full_row(values: dict[str, Any]) -> dict[str, Any]:
    """All columns; those without a value are empty."""
    return {name: values.get(name, _MISSING[kind]) for name, kind in COLUMNS.items()}


def with_all_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that another version wrote may lack columns, and have columns that are gone."""
    if list(frame) == list(COLUMNS):
        return frame
    missing = {
        name: pd.array([_MISSING[kind]] * len(frame), dtype=kind) for name, kind in COLUMNS.items() if name not in frame
    }
    return frame.assign(**missing)[list(COLUMNS)]


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table with the types of `COLUMNS`, whatever is empty."""
    return pd.DataFrame(
        {name: pd.array([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()}
    ).astype({name: kind for name, kind in COLUMNS.items() if kind.startswith(("float", "int"))})
