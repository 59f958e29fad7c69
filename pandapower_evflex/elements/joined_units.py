"""EVs, batteries and shiftable loads as units of one kind: what follows a call is the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.elements.ev_slots import Offers, Slots, Units
from pandapower_evflex.scenarios import DIRECTIONS


def joined_units(parts: Sequence[Units]) -> Units:
    """All units one after the other, of one horizon; labels may occur in several kinds."""
    if len(parts) == 1:
        return parts[0]
    n_units, n_stays, n_slots = (
        np.cumsum([0, *counts])
        for counts in zip(*((len(part.index), len(part.stays), len(part.slots)) for part in parts), strict=True)
    )
    moved = {"ev": n_units, "stay": n_stays}

    def of_slots(name: str) -> Any:
        each = [getattr(part.slots, name) for part in parts]
        if name == "previous":
            each = [np.where(values >= 0, values + n, -1) for values, n in zip(each, n_slots, strict=False)]
        elif name in moved:
            each = [values + n for values, n in zip(each, moved[name], strict=False)]
        return np.concatenate(each)

    def together(name: str, axis: int = 0) -> Any:
        return np.concatenate([getattr(part, name) for part in parts], axis=axis)

    tan_phi: list[FloatArray] = [np.broadcast_to(part.tan_phi, part.fixed_p.shape) for part in parts]
    return Units(
        **{name: together(name) for name in ("index", "bus", "bus_row", "controllable")},
        **{name: together(name, 1) for name in ("held", "fixed_p", "fixed_e")},
        tan_phi=np.concatenate(tan_phi, axis=1),
        stays=[replace(s, ev=s.ev + n) for part, n in zip(parts, n_units.tolist(), strict=False) for s in part.stays],
        slots=Slots(**{name: of_slots(name) for name in Slots.__dataclass_fields__}),
        offers={d: _offers([part.offers[d] for part in parts]) for d in DIRECTIONS},
        guarantee=parts[0].guarantee,
        duration=parts[0].duration,
    )


def _offers(parts: Sequence[Offers]) -> Offers:
    names = Offers.__dataclass_fields__
    return Offers(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
