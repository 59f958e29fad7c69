"""The linear power flow of pandapower's `rundcpp`: angles from active powers, to start an AC power flow from."""

from __future__ import annotations

from typing import Any

import numpy as np
from pandapower.pypower.idx_brch import BR_R, BR_X, F_BUS, SHIFT, T_BUS, TAP
from pandapower.pypower.idx_bus import GS
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import FloatArray


def dc_model(ppci: Any) -> tuple[csr_matrix, FloatArray]:
    """B and p0 of p = B theta + p0, in MW and rad: susceptances, and what phase shifters and shunts take from a bus."""
    bus, branch = ppci["bus"], ppci["branch"]
    n_bus, n_branch = len(bus), len(branch)
    r, x = branch[:, BR_R].real, branch[:, BR_X].real
    with np.errstate(divide="ignore"):
        susceptance = float(ppci["baseMVA"]) / np.where(x != 0.0, x, np.abs(r))  # without reactance rundcpp fails
    tap = branch[:, TAP].real
    susceptance = np.nan_to_num(susceptance) / np.where(tap != 0.0, tap, 1.0)
    ends = (branch[:, column].real.astype(np.int64) for column in (F_BUS, T_BUS))
    signs, row = (1.0, -1.0), np.arange(n_branch)
    incidence = sum(
        csr_matrix((np.full(n_branch, sign), (row, end)), (n_branch, n_bus))
        for sign, end in zip(signs, ends, strict=True)
    )
    shifted = -susceptance * np.deg2rad(branch[:, SHIFT].real)
    b = csr_matrix(incidence.T @ incidence.multiply(susceptance[:, None]))
    return b, incidence.T @ shifted + bus[:, GS].real
