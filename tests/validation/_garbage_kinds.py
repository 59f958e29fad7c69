"""A hundred kinds of garbage: {what it is: value}."""

from __future__ import annotations

import decimal
import fractions
import io
import pathlib
from collections import OrderedDict
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd

KINDS = {
    "None": None, "NaN": np.nan, "pd.NA": pd.NA, "NaT": pd.NaT, "infinity": np.inf, "minus infinity": -np.inf, "0": 0,
    "minus 1": -1, "1": 1, "2": 2, "0.5": 0.5, "minus 0.0": -0.0, "1e-300": 1e-300, "5e-324": 5e-324, "1e30": 1e30,
    "1e308": 1e308, "10**30": 10**30, "minus 10**30": -(10**30), "10**400": 10**400, "2**63": 2**63, "10**6": 10**6,
    "10**9": 10**9, "True": True, "False": False, "numpy True": np.True_, "1 + 2j": 1 + 2j,
    "complex NaN": complex(np.nan, 1), "Decimal": decimal.Decimal("0.1"), "Decimal NaN": decimal.Decimal("NaN"),
    "Fraction": fractions.Fraction(1, 3), "float32": np.float32(0.3), "int8": np.int8(3),
    "uint64": np.uint64(2**64 - 1), "longdouble": np.longdouble(0.1), "empty text": "", "text": "x", "text 5": "5",
    "text 0,5": "0,5", "text nan": "nan", "text True": "True", "text False": "False", "a line break": "\n",
    "a null character": "\0", "a long text": "a" * 5000, "umlaut": "\u00e4\u00f6", "a lone surrogate": "\ud800",
    "bytes": b"x", "bytearray": bytearray(b"x"), "memoryview": memoryview(b"x"), "date": date(2024, 1, 1),
    "datetime": datetime(2024, 1, 1), "time": time(8), "timedelta": timedelta(1),
    "Timestamp": pd.Timestamp("2024-01-01"), "Timestamp with a zone": pd.Timestamp("2024-01-01", tz="Europe/Berlin"),
    "Timedelta": pd.Timedelta(hours=1), "Period": pd.Period("2024-01"), "Interval": pd.Interval(0, 1),
    "datetime64": np.datetime64("2024-01-01"), "empty list": [], "list of lists": [[1]], "ragged list": [[1], [1, 2]],
    "list with None": [None, {}], "list of text": ["a", "b"], "list with NaN": [0.5, np.nan],
    "list of complex": [1j, 2j], "list of bools": [True, False], "empty tuple": (), "tuple": (1, 2), "empty dict": {},
    "dict": {"a": 1}, "dict of None": {None: None}, "OrderedDict": OrderedDict(up=1), "set": {1, 2},
    "frozenset": frozenset((1,)), "range": range(3), "slice": slice(1), "array of 0 dimensions": np.array(3),
    "empty array": np.zeros(0), "2-D array": np.zeros((2, 2)), "3-D array": np.zeros((2, 2, 2)),
    "complex array": np.array([1j, 2j]), "array of objects": np.array([None, "x"]),
    "array of text": np.array(["a", "b"]), "array of times": np.array(["2024-01-01"], dtype="datetime64[ns]"),
    "structured array": np.zeros(2, dtype=[("a", int)]),
    "masked array": np.ma.masked_array([1.0, 2.0], [True, False]), "empty Series": pd.Series(dtype=float),
    "Series": pd.Series([1.0, 2.0], index=["a", "b"]), "Series of pd.NA": pd.Series([pd.NA, 1], dtype="Int64"),
    "Series of categories": pd.Series(["a"], dtype="category"), "empty DataFrame": pd.DataFrame(),
    "DataFrame": pd.DataFrame({"a": [1]}), "DataFrame of text": pd.DataFrame({("a", "b"): ["x"]}),
    "DatetimeIndex": pd.date_range("2024-01-01", periods=3), "MultiIndex": pd.MultiIndex.from_tuples([(1, 2)]),
    "function": len, "class": dict, "module": np, "object": object(), "Ellipsis": ...,
    "NotImplemented": NotImplemented, "path": pathlib.Path("nowhere"), "file": io.StringIO("x"),
    "exception": ValueError("x"), "dtype": np.dtype(float),
}  # fmt: skip
