"""Named positions in the vector of variables x, and in the vector of constraint rows g."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pandapower_evflex.arrays import FloatArray, IntArray


class Layout:
    """Hands out consecutive positions, each with bounds and a start value.

    Used twice: for the variables x, and for the rows g(x), where ``start`` is meaningless.

    Examples
    --------
    >>> x = Layout()
    >>> x.add("e", (2, 3), lower=0.0)
    array([[0, 1, 2],
           [3, 4, 5]])
    >>> x.size
    6
    """

    def __init__(self) -> None:
        self.size = 0
        self._positions: dict[str, IntArray] = {}
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._start: list[FloatArray] = []

    def add(
        self,
        name: str,
        shape: int | tuple[int, ...],
        *,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
        start: ArrayLike = 0.0,
    ) -> IntArray:
        """Positions of a new block; ``lower``, ``upper`` and ``start`` are broadcast to its shape."""
        if name in self._positions:
            raise ValueError(f"the name {name!r} is taken")
        n = int(np.prod(shape))
        positions = np.arange(self.size, self.size + n).reshape(shape)
        for values, value in ((self._lower, lower), (self._upper, upper), (self._start, start)):
            values.append(np.broadcast_to(np.asarray(value, dtype=float), positions.shape).ravel())
        self._positions[name] = positions
        self.size += n
        return positions

    def tighten(self, positions: IntArray, *, lower: ArrayLike = -np.inf, upper: ArrayLike = np.inf) -> None:
        """Bounds of blocks that are there, where the given ones are closer; broadcast to the shape of the positions."""
        for values, value, closer in ((self._lower, lower, np.maximum), (self._upper, upper, np.minimum)):
            bounds = _joined(values)
            bounds[positions] = closer(bounds[positions], value)
            values[:] = [bounds]

    def __getitem__(self, name: str) -> IntArray:
        return self._positions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._positions

    @property
    def lower(self) -> FloatArray:
        return _joined(self._lower)

    @property
    def upper(self) -> FloatArray:
        return _joined(self._upper)

    @property
    def start(self) -> FloatArray:
        return _joined(self._start)


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.empty(0)
