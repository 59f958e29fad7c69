"""Frames on a net that come back from JSON and Excel as they were stored.

pandapower calls `to_json` and `to_excel` of pandas, which lose two things: under labels instead of names, a column of
whole-numbered floats comes back from JSON as int64; a text that begins with "=" becomes a formula in Excel, and comes
back as 0.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandapower.io_utils import to_serializable

#: settings of an xlsxwriter workbook that new sheets take over, and that turn text into something else
_INTERPRETED = ("strings_to_formulas", "strings_to_urls")


class _EveryFrame(type):
    """`isinstance` asks whether it is a frame: pandas compares frames only with those of the right one's type."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, pd.DataFrame)


class StoredFrame(pd.DataFrame, metaclass=_EveryFrame):
    """A frame on a net. Copies of it are stored frames; what is selected or worked out from it is an ordinary one."""

    def copy(self, deep: bool | None = True) -> StoredFrame:
        return StoredFrame(super().copy(deep=deep))

    def to_excel(self, excel_writer: Any, *args: Any, **kwargs: Any) -> None:
        """As pandas does, but in a workbook of xlsxwriter text stays text."""
        book = getattr(excel_writer, "book", None)
        usual = {name: getattr(book, name) for name in _INTERPRETED if hasattr(book, name)}
        try:
            for name in usual:
                setattr(book, name, False)
            super().to_excel(excel_writer, *args, **kwargs)
        finally:
            for name, value in usual.items():
                setattr(book, name, value)

    def __reduce__(self) -> Any:
        """Pickled as an ordinary frame: whoever reads it need not have this package."""
        return pd.DataFrame, (pd.DataFrame(self),)


@to_serializable.register(StoredFrame)
def _to_json(frame: StoredFrame) -> dict[str, Any]:
    """As an ordinary frame, with the dtype where pandapower leaves it out: under labels that are not text."""
    written = to_serializable(pd.DataFrame(frame))
    if "dtype" not in written and len(frame.columns) and (frame.dtypes == "float64").all():
        written["dtype"] = "float64"
    return written
