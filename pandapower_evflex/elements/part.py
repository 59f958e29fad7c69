"""One kind of element of a case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pandapower_evflex.elements import ELEMENTS
from pandapower_evflex.elements.chain import Chain


@dataclass(frozen=True)
class Part:
    """All units of one kind and the record that its module read; it pickles, as a module does not."""

    kind: str
    data: Any

    @property
    def element(self) -> Any:
        """The module of the kind."""
        return next(element for element in ELEMENTS if element.KIND == self.kind)

    @cached_property
    def chain(self) -> Chain:
        chain: Chain = self.element.chain(self.data)
        return chain
