"""The rows of a folder of studies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.studies.files import STUDIES, read_chunks, read_manifest, require_pyarrow
from pandapower_evflex.studies.row import CHANGED
from pandapower_evflex.tables.kinds import shown


def read_studies(out: Any) -> Any:
    """The rows of a folder of studies: the newest of each, in the order in which the studies were asked for.

    Parameters
    ----------
    out : folder    as in `run_studies`, which may still be at work

    Returns
    -------
    DataFrame [study], see docs/studies.md for its columns

    Raises
    ------
    InvalidInputError    no such folder, one without studies, or one with files that are not of studies
    MissingExtra         pyarrow is not installed
    """
    if not isinstance(out, str | Path) or not os.path.isfile(Path(out) / STUDIES):
        remedy = "give the folder that run_studies was given"
        raise InvalidInputError([Fault("read_studies", "out", (), shown(out), "holds no studies", remedy)])
    require_pyarrow()
    asked = read_manifest(Path(out))
    rows = read_chunks(Path(out))
    rows = rows.iloc[np.argsort(rows["status"] == CHANGED, kind="stable")]  # there may be the row itself by now
    rows = rows.drop_duplicates("key").set_index("key", drop=False)
    asked = asked[asked["key"].isin(rows.index)]
    found = rows.loc[asked["key"]].reset_index(drop=True)
    found["net"] = asked["net"].to_numpy()  # copies of one file share a row, under the name of each
    return found
