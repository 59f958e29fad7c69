"""The linear power flow of pandapower's `rundcpp`: angles from active powers, to start an AC power flow from."""

from __future__ import annotations

from typing import Any

import numpy as np
from pandapower.pypower.idx_brch import BR_R, BR_X, SHIFT, TAP
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import FloatArray, IntArray


def dc_branches(ppci: Any) -> tuple[FloatArray, FloatArray]:
    """Susceptances of the branches [MW/rad], and what their phase shifts drive from one end to the other [MW]."""
    branch = ppci["branch"]
    r, x = branch[:, BR_R].real, branch[:, BR_X].real
    with np.errstate(divide="ignore"):
        susceptance = float(ppci["baseMVA"]) / np.where(x != 0.0, x, np.abs(r))  # without reactance rundcpp fails
    tap = branch[:, TAP].real
    susceptance = np.nan_to_num(susceptance) / np.where(tap != 0.0, tap, 1.0)
    return susceptance, -susceptance * np.deg2rad(branch[:, SHIFT].real)


def dc_model(
    susceptance: FloatArray, shifted: FloatArray, from_bus: IntArray, to_bus: IntArray, shunt: FloatArray
) -> tuple[csr_matrix, FloatArray]:
    """B and p0 of p = B theta + p0, in MW and rad: susceptances, and what phase shifters and shunts take from a bus."""
    n_branch, row = len(susceptance), np.arange(len(susceptance))
    incidence = sum(
        csr_matrix((np.full(n_branch, sign), (row, end)), (n_branch, len(shunt)))
        for sign, end in ((1.0, from_bus), (-1.0, to_bus))
    )
    b = csr_matrix(incidence.T @ incidence.multiply(susceptance[:, None]))
    return b, incidence.T @ shifted + shunt
