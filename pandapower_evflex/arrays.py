"""Types of arrays, and of a net."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
ComplexArray: TypeAlias = NDArray[np.complex128]
ObjectArray: TypeAlias = NDArray[np.object_]

#: a pandapowerNet, whose attributes are its keys
Net: TypeAlias = Any
