"""Power flows of real and test nets against `runpp`, at four load levels each."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandapower.networks as nw
import simbench
from pandapower.auxiliary import pandapowerNet
from pandapower.powerflow import LoadflowNotConverged

import pandapower_evflex as evf
from pandapower_evflex.arrays import FloatArray
from pandapower_evflex.case.grid import Grid, read_grid
from pandapower_evflex.powerflow.batched import BatchedPowerFlow

#: loads, generation and storage times this
LEVELS = (0.3, 0.6, 1.0, 1.2)
#: pu; the difference that is accepted by the tolerance in MVA that runpp reaches
ACCEPTED = {1e-10: 1e-8, 1e-9: 1e-7, 1e-8: 1e-6, 1e-7: 1e-6}
#: pu; solutions that differ by more are two
LOWER = 1e-3

LV = ("rural1", "rural2", "rural3", "semiurb4", "semiurb5", "urban6")
MV = ("rural", "semiurb", "urban", "comm")
SIMBENCH = (
    *(f"1-LV-{grid}--{scenario}-sw" for grid in LV for scenario in (0, 2)),
    *(f"1-MV-{grid}--{scenario}-sw" for grid in MV for scenario in (0, 2)),
    "1-MVLV-rural-1.108-0-sw",
    "1-MVLV-urban-5.303-1-sw",
    "1-MVLV-comm-3.403-2-sw",
    *(f"1-HV-{grid}--{scenario}-sw" for grid in ("mixed", "urban") for scenario in (0, 2)),
    "1-EHV-mixed--0-no_sw",
    "1-EHV-mixed--1-sw",
    "1-EHV-mixed--2-sw",
)


def pandapower_names() -> list[str]:
    """Functions of `pandapower.networks` that make a net without being told anything."""

    def makes_a_net(function: Any) -> bool:
        parameters = inspect.signature(function).parameters.values()
        free = all(p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)
        return free and function.__module__.startswith("pandapower.networks")

    found = inspect.getmembers(nw, inspect.isfunction)
    return [name for name, function in found if makes_a_net(function) and not name.startswith("_")]


def make(name: str) -> Any:
    """A net by its SimBench code or function name."""
    return simbench.get_simbench_net(name) if name in SIMBENCH else getattr(nw, name)()


@dataclass(frozen=True)
class Compared:
    """One net.

    Parameters
    ----------
    solved, by_runpp : bool [n_level]
    mismatch_mva : float      largest of our solutions
    tolerance_mva : float     coarsest that runpp needed
    difference : float        largest of a bus voltage where both solve, pu
    n_lower : int             levels at which runpp ends at a lower solution: nowhere above ours, somewhere far below
    """

    n_buses: int
    solved: tuple[bool, ...]
    by_runpp: tuple[bool, ...]
    mismatch_mva: float
    tolerance_mva: float
    difference: float
    n_lower: int

    @property
    def verdict(self) -> str:
        if self.n_lower:
            return "runpp is at a lower solution"
        agrees = self.solved == self.by_runpp and self.difference <= ACCEPTED[self.tolerance_mva]
        return "yes" if agrees else "NO"


def compare(net: Any) -> Compared:
    """All levels of one net; the grid does not change with the load."""
    nets = [scaled(net, level) for level in LEVELS]
    grids = [read_grid(part) for part in nets]
    flows = BatchedPowerFlow(grids[0]).solve(np.array([grid.s_fixed for grid in grids]))
    tolerances = [runpp_tolerance(part) for part in nets]
    both = [i for i in range(len(LEVELS)) if flows.converged[i] and tolerances[i] < np.inf]
    pairs = [voltages(grids[i], flows.v[i], nets[i]) for i in both]
    return Compared(
        n_buses=len(grids[0].set_points),
        solved=tuple(flows.converged.tolist()),
        by_runpp=tuple(tolerance < np.inf for tolerance in tolerances),
        mismatch_mva=float(flows.mismatch_mva[flows.converged].max(initial=0.0)),
        tolerance_mva=max((tolerances[i] for i in both), default=min(ACCEPTED)),
        difference=max((difference(*pair) for pair in pairs), default=0.0),
        n_lower=sum(np.nanmin(ours - theirs) > -LOWER and difference(ours, theirs) > LOWER for ours, theirs in pairs),
    )


def scaled(net: Any, level: float) -> Any:
    """Consumption and generation together, so that the balance stays what it is."""
    part = copy.deepcopy(net)
    part.dcline["p_mw"] *= level
    for table in ("load", "sgen", "gen", "storage", "asymmetric_load", "asymmetric_sgen"):
        if len(part[table]):
            part[table]["scaling"] = part[table]["scaling"].fillna(1.0) * level
    return part


def runpp_tolerance(net: Any) -> float:
    """The finest tolerance [MVA] that runpp reaches; infinite where it does not converge."""
    import pandapower as pp

    for tolerance in ACCEPTED:
        try:
            pp.runpp(net, tolerance_mva=tolerance, max_iteration=30, calculate_voltage_angles=True)
            return tolerance
        except LoadflowNotConverged:
            continue
    return np.inf


def voltages(grid: Grid, v: Any, net: Any) -> tuple[FloatArray, FloatArray]:
    """Magnitudes at the buses of the net, ours and those of runpp, NaN without supply."""
    return np.where(grid.bus_row >= 0, np.abs(v)[grid.bus_row], np.nan), net.res_bus.vm_pu.to_numpy()


def difference(ours: FloatArray, theirs: FloatArray) -> float:
    """Infinite where only one of the two supplies a bus."""
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return np.inf
    return float(np.nanmax(np.abs(ours - theirs)))


def compared() -> Iterator[tuple[str, Compared | str]]:
    """Every net by name, or why the package refuses it."""
    for name in (*pandapower_names(), *SIMBENCH):
        net = make(name)
        if not isinstance(net, pandapowerNet) or not len(net.bus):
            continue
        try:
            yield name, compare(net)
        except evf.InvalidInputError as error:
            yield name, str(error).splitlines()[0]


def section() -> str:
    rows, refused, n_agree, n_nets = [], [], 0, 0
    for name, found in compared():
        print(name, found, file=sys.stderr, flush=True)
        if isinstance(found, str):
            refused.append(f"| {name} | {found} |")
            continue
        n_nets, n_agree = n_nets + 1, n_agree + (found.verdict == "yes")
        rows.append(
            f"| {name} | {found.n_buses} | {sum(found.solved)} | {sum(found.by_runpp)} | {found.mismatch_mva:.0e} "
            f"| {found.tolerance_mva:.0e} | {found.difference:.0e} | {found.verdict} |"
        )
    refusals = ["", "Refused by name:", "", "| net | refusal |", "| --- | --- |", *refused] if refused else []
    levels = ", ".join(f"{level:g}" for level in LEVELS)
    return "\n".join([
        "## Power flows against `runpp`",
        "",
        f"{n_agree} of {n_nets} nets agree: at every load level (loads, generation and storage times {levels}) both "
        "solve or both fail, and where both solve no voltage differs by more than 1e-8 pu; 1e-7 or 1e-6 pu where "
        "`runpp` gets no further than 1e-9 or 1e-8 (its `tolerance_mva`, which it compares with a mismatch in pu of "
        "`net.sn_mva`). `runpp` starts by itself and has 30 iterations. A lower solution is one whose voltages are "
        "nowhere above the other's and somewhere far below. A run there ends as `failed`, and names the bus and both "
        "voltages.",
        "",
        "| net | buses | levels solved | by runpp | mismatch MVA | runpp to | difference pu | agree |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        *refusals,
    ])  # fmt: skip
