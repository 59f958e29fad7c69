"""How far a run may go: the limits among `solver_options`, whatever the method, and what stopped a solve."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pandapower_evflex.opf.progress import Progress
from pandapower_evflex.opf.solver_options import TIMES, as_ipopt_takes_them

#: least time that is left to a solve [s]; Ipopt refuses 0
LEAST_TIME = 1e-3


@dataclass(frozen=True)
class Budget:
    """Limits of a run: times count from its start over all that it solves, iterations anew in every solve.

    Parameters
    ----------
    options : mapping                    `solver_options` as Ipopt takes them
    cpu_end, wall_end : float            of `time.process_time` and `time.perf_counter`
    is_share : bool                      times are those that one method leaves to the next
    """

    options: Mapping[str, Any]
    cpu_end: float
    wall_end: float
    is_share: bool = False

    @classmethod
    def of(cls, solver_options: Mapping[str, Any]) -> Budget:
        options: dict[str, Any] = as_ipopt_takes_them(solver_options)
        cpu_end = time.process_time() + options.get("max_cpu_time", math.inf)
        return cls(options, cpu_end, time.perf_counter() + options.get("max_wall_time", math.inf))

    @property
    def is_limited(self) -> bool:
        return "max_iter" in self.options or math.isfinite(self.cpu_end) or math.isfinite(self.wall_end)

    def share(self, part: float) -> Budget:
        """A part of the time that is left, where it is limited."""
        cpu, wall = time.process_time(), time.perf_counter()
        cpu_end, wall_end = cpu + part * (self.cpu_end - cpu), wall + part * (self.wall_end - wall)
        return replace(self, cpu_end=cpu_end, wall_end=wall_end, is_share=True)

    def used_up(self, iterations: int = 0) -> str:
        """The option whose limit is reached, "" for none."""
        if iterations > self.options.get("max_iter", math.inf):
            return self.named("max_iter")
        if time.process_time() >= self.cpu_end:
            return self.named("max_cpu_time")
        return self.named("max_wall_time") if time.perf_counter() >= self.wall_end else ""

    def stopped(self, status: str) -> bool:
        """Whether a solve that ended with this status did so because of these limits."""
        return status == "iteration_limit" and ("max_iter" in self.options or bool(self.used_up()))

    def named(self, option: str, default: Any = None) -> str:
        """An option with its value, for messages."""
        if self.is_share and option in TIMES:
            return "its share of the time"
        return f"{option}={self.options.get(option, default):g}"

    def for_ipopt(self) -> dict[str, Any]:
        """The options, with the times that are left."""
        left = {
            "max_cpu_time": self.cpu_end - time.process_time(),
            "max_wall_time": self.wall_end - time.perf_counter(),
        }
        return {**self.options, **{name: max(s, LEAST_TIME) for name, s in left.items() if math.isfinite(s)}}

    def watch(self, bar: Progress) -> Watch:
        return Watch(self, bar)


@dataclass
class Watch:
    """Asked before each iteration of one solve: counts it, and says whether it may still be done."""

    budget: Budget
    bar: Progress
    iterations: int = 0
    stopped_by: str = ""

    def __call__(self) -> bool:
        self.bar.step()
        self.iterations += 1
        self.stopped_by = self.budget.used_up(self.iterations)
        return not self.stopped_by
