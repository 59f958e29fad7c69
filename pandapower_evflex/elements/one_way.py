"""Chains in which every slot that loses energy by feeding in either charges or feeds in.

With both parts of a load as variables, energy may be wasted by both at once. Where that pays, one of them is fixed at
0: what is fed in, or what is charged, and then the energies give what is fed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import BoolArray, FloatArray
from pandapower_evflex.elements.chain import SPLIT, Chain, Loads
from pandapower_evflex.solvers.chains.forms import Forms


def one_way(chain: Chain, feeds_in: BoolArray) -> Chain:
    """The chain with a direction of every slot that loses; the column of what is fed in is used by none."""
    if SPLIT[0] not in chain.loads:
        return chain
    fixed = _FedIn.of(chain, feeds_in)
    limits, constant = fixed.put_into(chain.limits)
    left = np.any(limits.coefficient != 0.0, axis=1)
    loads = {}
    for name, load in chain.loads.items():
        forms, more = fixed.put_into(load.forms)
        loads[name] = Loads(forms, load.constant + more)
    boxes: dict[str, Any] = {name: getattr(chain, name).copy() for name in ("low", "high", "start", "quiet")}
    for box in boxes.values():
        box[:, chain.columns.index(SPLIT[1])] = 0.0
    return replace(chain, limits=limits.of(left), bound=(chain.bound - constant)[left], loads=loads, **boxes)


@dataclass(frozen=True)
class _FedIn:
    """The column of what is fed in as a form of the others, of every slot: nothing where it charges.

    Parameters
    ----------
    column : int                          of forms
    form : float [n_slot, 2 m + k]
    constant : float [n_slot]             kW
    """

    column: int
    form: FloatArray
    constant: FloatArray

    @classmethod
    def of(cls, chain: Chain, feeds_in: BoolArray) -> _FedIn:
        column = len(chain.states) + chain.columns.index(SPLIT[1])
        charged = chain.loads[SPLIT[0]]
        by_fed_in = charged.forms.coefficient[:, column]
        solved = np.where(feeds_in & (by_fed_in != 0.0), -1.0 / np.where(by_fed_in != 0.0, by_fed_in, 1.0), 0.0)
        form = solved[:, None] * charged.forms.coefficient
        form[:, column] = 0.0
        return cls(column, form, solved * charged.constant)

    def put_into(self, forms: Forms) -> tuple[Forms, FloatArray]:
        """Forms without the column, and what is added to each as a constant."""
        share = forms.coefficient[:, self.column]
        coefficient = forms.coefficient + share[:, None] * self.form[forms.slot]
        coefficient[:, self.column] = 0.0
        return Forms(forms.slot, coefficient, forms.ahead), share * self.constant[forms.slot]
