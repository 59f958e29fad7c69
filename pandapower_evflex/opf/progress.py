"""A progress line for runs that take longer than a moment."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

from tqdm import tqdm

from pandapower_evflex.kernels.jit import is_compiled, is_stored
from pandapower_evflex.powerflow.jacobian import newton

logger = logging.getLogger(__name__)

COMPILES = "compiling the kernels of pandapower_evflex: up to half a minute, once {}"

#: seconds before an automatic bar shows up
DELAY = 1.0


class Progress:
    """Counts iterations of the solver.

    Parameters
    ----------
    shown : bool or None    None: only on a terminal, and only after a second
    """

    def __init__(self, shown: bool | None) -> None:
        disable = None if shown is None else not shown
        self._bar = tqdm(desc="flexibility OPF", unit="it", disable=disable, delay=DELAY if shown is None else 0.0)

    def start_round(self, number: int, n_blocks: int) -> None:
        self._bar.set_postfix_str(f"round {number}, {n_blocks} blocks")

    def step(self, _iteration: int = 0) -> None:
        self._bar.update()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


def announce_compilation(shown: bool | None) -> None:
    """One line before the wait of the very first call; silent when progress is.

    The power flow is what every run compiles, and compiles first; many runs need no more.
    """
    if is_compiled(newton):
        return
    line = COMPILES.format("after installation" if is_stored(newton) else "in this process")
    logger.info(line)
    if shown is not False:
        tqdm.write(line, file=sys.stderr)
