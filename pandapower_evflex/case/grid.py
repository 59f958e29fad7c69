"""The grid as per-unit arrays: the only reader of pandapower's internal model (ppc).

pandapower builds the model (taps, switches, fused and auxiliary buses, islands); this file only takes it over, so
both see the same grid. All arrays are per unit on 1 MVA, whatever `net.sn_mva` is.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandapower.auxiliary import _add_auxiliary_elements, _init_runopp_options
from pandapower.pd2ppc import _pd2ppc
from pandapower.pypower.idx_brch import F_BUS, T_BUS
from pandapower.pypower.idx_bus import BUS_TYPE, GS, PV, REF, VA
from pandapower.pypower.idx_gen import GEN_BUS, GEN_STATUS, VG
from pandapower.pypower.makeSbus import makeSbus
from pandapower.pypower.makeYbus import makeYbus
from scipy.sparse import csr_matrix

from pandapower_evflex.arrays import BoolArray, ComplexArray, FloatArray, IntArray, Net
from pandapower_evflex.case.dc_model import dc_branches
from pandapower_evflex.case.in_service import live_rows
from pandapower_evflex.case.net_faults import net_faults
from pandapower_evflex.case.net_limits import COLUMNS_HOLD, GivenLimits, limit_faults, voltage_limits
from pandapower_evflex.case.net_tables import NET_TABLES
from pandapower_evflex.case.net_values import POWERS, without_gaps
from pandapower_evflex.case.pf_options import model_options, pf_option_faults
from pandapower_evflex.case.plain_net import generators_that_dc_lines_join, plain_net
from pandapower_evflex.case.ratings import RatedEnds, rated_ends
from pandapower_evflex.case.unsupported import unsupported_elements
from pandapower_evflex.errors import Fault, InvalidInputError

#: tables of branches with a loading
BRANCHES = ("line", "trafo", "trafo3w")


@dataclass(frozen=True)
class Grid:
    """Admittances, limits and fixed injections of the supplied part of a net.

    Parameters
    ----------
    y_bus : csr_matrix complex [n_bus, n_bus]
    set_points : complex [n_bus]         voltages of slack buses, magnitudes of held ones, 1 elsewhere
    p_shunt : float [n_bus]              active power that shunts take at 1 pu
    slack, held : int                    buses of fixed voltage; buses of fixed magnitude and free reactive power
    s_fixed : complex [n_bus]            injection (generation positive) of all elements at their table values, NaN as 0
    bus_index, bus_row : int [n_pp_bus]  net.bus.index, and the row here of each, -1 without supply
    vm_min, vm_max : float [n_bus]       tightest limits of the buses fused into one, -inf and inf without
    vm_min_bus, vm_max_bus : int [n_bus] label of the bus whose limit it is, -1 without
    from_bus, to_bus : int [n_branch]
    y_ff, y_ft, y_tf, y_tt : complex     I_from = y_ff V_from + y_ft V_to
    b_branch, p_shift : float            P_from = b_branch (theta_from - theta_to) + p_shift in the linear power flow
    ends : RatedEnds                     where branch loadings are measured
    labels : {table: Index}              of all lines and transformers, those out of service too
    """

    y_bus: csr_matrix
    set_points: ComplexArray
    p_shunt: FloatArray
    slack: IntArray
    held: IntArray
    s_fixed: ComplexArray
    bus_index: IntArray
    bus_row: IntArray
    vm_min: FloatArray
    vm_max: FloatArray
    vm_min_bus: IntArray
    vm_max_bus: IntArray
    from_bus: IntArray
    to_bus: IntArray
    y_ff: ComplexArray
    y_ft: ComplexArray
    y_tf: ComplexArray
    y_tt: ComplexArray
    b_branch: FloatArray
    p_shift: FloatArray
    ends: RatedEnds
    labels: Mapping[str, pd.Index]

    @property
    def rows_of_buses(self) -> csr_matrix:
        """Sums values of pandapower's buses to the rows here [n_pp_bus, n_bus]."""
        supplied = np.flatnonzero(self.bus_row >= 0)
        shape = (len(self.bus_row), len(self.vm_min))
        return csr_matrix((np.ones(len(supplied)), (supplied, self.bus_row[supplied])), shape=shape)

    @property
    def fixed_vm(self) -> IntArray:
        """Buses whose voltage magnitude no load moves."""
        return np.concatenate([self.slack, self.held])

    @property
    def free_vm(self) -> BoolArray:
        """Which buses have limits that loads can reach."""
        free = np.ones(len(self.vm_min), dtype=bool)
        free[self.fixed_vm] = False
        return free

    def __post_init__(self) -> None:
        for value in self.__dict__.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


def read_grid(
    net: Net,
    *,
    trafo_loading: str = "power",
    given: GivenLimits = COLUMNS_HOLD,
    plain: Any = None,
) -> Grid:
    """Model of the net as `pandapower.runpp` sees it, with `net.user_pf_options`; the net is not changed.

    Parameters
    ----------
    trafo_loading : "power" or "current"    see `rated_ends`
    given : GivenLimits                     limits that replace the columns of the net
    plain : pandapowerNet                   `plain_net` of the net, where it is known

    Raises
    ------
    InvalidInputError    elements that the model cannot represent, limits that are not valid, or no slack in service
    """
    faults = grid_faults(net, given)
    if faults:
        raise InvalidInputError(faults)
    return grid_of(plain_net(net) if plain is None else plain, trafo_loading, given)


def grid_faults(net: Net, given: GivenLimits = COLUMNS_HOLD) -> list[Fault]:
    """What keeps a net from being read: spoilt tables, elements beyond the model, invalid limits, no slack."""
    faults = net_faults(net)
    faults += pf_option_faults(net)
    faults += unsupported_elements(net) or slack_faults(net, faults)
    return faults + limit_faults(net, given)


def grid_of(net: Net, trafo_loading: str, given: GivenLimits = COLUMNS_HOLD) -> Grid:
    """`read_grid` of a net that is known to be right: one of many states of a net that was checked."""
    model, ppc, ppci = _pandapower_model(net)
    base = float(ppci["baseMVA"])
    y_bus, y_from, y_to = makeYbus(base, ppci["bus"], ppci["branch"])
    from_bus, to_bus = (ppci["branch"][:, column].real.astype(np.int64) for column in (F_BUS, T_BUS))
    rows = np.arange(len(from_bus))
    bus_row = _bus_rows(net, model, len(ppci["bus"]))
    types = ppci["bus"][:, BUS_TYPE]
    slack, held = np.flatnonzero(types == REF), np.flatnonzero(types == PV)
    # generators at pandapower's slack count as slack too; Q of held buses is free, so s_fixed carries their P only
    s_fixed = makeSbus(base, ppci["bus"], ppci["gen"]) * base
    vm_min, vm_min_bus = _voltage_limit(net, "min_vm_pu", given, bus_row, len(types), slack)
    vm_max, vm_max_bus = _voltage_limit(net, "max_vm_pu", given, bus_row, len(types), slack)
    _refuse_crossed(vm_min, vm_max, vm_min_bus, vm_max_bus)
    y_bus = csr_matrix(y_bus * base)
    y_bus.sum_duplicates()
    b_branch, p_shift = dc_branches(ppci)
    return Grid(
        y_bus=y_bus,
        set_points=_set_points(ppci),
        p_shunt=ppci["bus"][:, GS].real.copy(),
        slack=slack,
        held=held,
        s_fixed=s_fixed,
        bus_index=net["bus"].index.to_numpy(dtype=np.int64, copy=True),
        bus_row=bus_row,
        vm_min=vm_min,
        vm_max=vm_max,
        vm_min_bus=vm_min_bus,
        vm_max_bus=vm_max_bus,
        from_bus=from_bus,
        to_bus=to_bus,
        y_ff=_at(y_from, rows, from_bus, to_bus, 0) * base,
        y_ft=_at(y_from, rows, from_bus, to_bus, 1) * base,
        y_tf=_at(y_to, rows, from_bus, to_bus, 0) * base,
        y_tt=_at(y_to, rows, from_bus, to_bus, 1) * base,
        b_branch=b_branch,
        p_shift=p_shift,
        ends=rated_ends(net, _branch_rows(model, ppc, ppci), trafo_loading, given),
        labels={table: net[table].index for table in BRANCHES},
    )


def _pandapower_model(net: Net) -> tuple[Any, Any, Any]:
    """pandapower's model of a shallow copy: the builders write private keys and into private dicts, but no table."""
    model = copy.copy(net)
    for key in [key for key in net if key.startswith("_") and isinstance(net[key], dict)]:
        model[key] = dict(net[key])
    for table in POWERS:
        if table in net:
            model[table] = without_gaps(net, table)
    if len(model["dcline"]):  # two generators each, as in runpp
        model["gen"] = generators_that_dc_lines_join(model)
        _add_auxiliary_elements(model)
    _init_runopp_options(
        model,
        calculate_voltage_angles=True,
        check_connectivity=True,
        switch_rx_ratio=2,
        delta=0.0,
        init="flat",
        numba=False,  # pandapower would compile its kernels in every process
        trafo3w_losses="hv",
    )
    # these options are the only ones whose signature is the same from 3.0 to 3.5; bus types are wanted as in runpp
    model["_options"].update(mode="pf", enforce_q_lims=False, enforce_p_lims=False, **model_options(net))
    model["_options"]["voltage_depend_loads"] = False  # loads that depend on the voltage are refused, or not asked for
    try:
        ppc, ppci = _pd2ppc(model)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, UserWarning) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        remedy = "pandapower.diagnostic(net) may show more"
        raise InvalidInputError(
            [Fault("net", "", (), "pandapower", f"builds no model of it: {text}", remedy)]
        ) from error
    return model, ppc, ppci


def _at(y: Any, rows: IntArray, from_bus: IntArray, to_bus: IntArray, side: int) -> ComplexArray:
    if not len(rows):  # scipy gives a sparse matrix then
        return np.zeros(0, dtype=np.complex128)
    return np.asarray(y.tocsr()[rows, (from_bus, to_bus)[side]]).ravel().astype(np.complex128)


def _set_points(ppci: Any) -> ComplexArray:
    """Set points of generators, 1 elsewhere; only the slack has an angle, that of its external grid."""
    bus, gen = ppci["bus"], ppci["gen"]
    v = np.ones(len(bus), dtype=np.complex128)
    running = gen[:, GEN_STATUS] > 0
    at = gen[running, GEN_BUS].real.astype(np.int64)
    v[at] = gen[running, VG].real
    angle = np.where(bus[:, BUS_TYPE] == REF, np.deg2rad(bus[:, VA]), 0.0)
    return v * np.exp(1j * angle)


def _bus_rows(net: Net, model: Any, n_bus: int) -> IntArray:
    """Row of every pandapower bus; the lookup of a bus out of service or unsupplied points beyond the model."""
    rows = model["_pd2ppc_lookups"]["bus"][net["bus"].index.to_numpy()].astype(np.int64)
    return np.where((rows >= n_bus) | ~net["bus"]["in_service"].to_numpy(dtype=bool), -1, rows)


def _voltage_limit(
    net: Net, column: str, given: GivenLimits, bus_row: IntArray, n_bus: int, slack: IntArray
) -> tuple[FloatArray, IntArray]:
    """Tightest limit of the buses fused into each row, and the bus whose limit it is."""
    limit = voltage_limits(net["bus"], column, given)
    none, tighter = (-np.inf, np.fmax) if column == "min_vm_pu" else (np.inf, np.fmin)
    tightest, label = np.full(n_bus, none), np.full(n_bus, -1)
    known = np.flatnonzero((bus_row >= 0) & np.isfinite(limit) & (limit > 0.0))
    tighter.at(tightest, bus_row[known], limit[known])
    owners = known[limit[known] == tightest[bus_row[known]]][::-1]  # the first of equal ones wins
    label[bus_row[owners]] = net["bus"].index.to_numpy()[owners]
    tightest[slack], label[slack] = none, -1
    return tightest, label


def _refuse_crossed(vm_min: FloatArray, vm_max: FloatArray, vm_min_bus: IntArray, vm_max_bus: IntArray) -> None:
    """Limits of one bus are compared before; here those of buses that closed switches fuse."""
    faults = [
        Fault(
            "bus",
            "min_vm_pu",
            (int(vm_min_bus[row]), int(vm_max_bus[row])),
            f"{vm_min[row]:g} with max_vm_pu {vm_max[row]:g}",
            "leaves no room at buses that closed switches make one",
            "give a lower limit of the one below the upper limit of the other",
        )
        for row in np.flatnonzero(vm_min > vm_max)
    ]
    if faults:
        raise InvalidInputError(faults)


def _branch_rows(model: Any, ppc: Any, ppci: Any) -> dict[str, IntArray]:
    """Model branch of every row of ppc, per element type; -1 out of service."""
    live = ppci["internal"]["branch_is"]
    row = np.full(len(ppc["branch"]), -1, dtype=np.int64)
    row[np.flatnonzero(live)] = np.arange(int(np.sum(live)))
    return {name: row[first:last] for name, (first, last) in model["_pd2ppc_lookups"]["branch"].items()}


def slack_faults(net: Net, known: Sequence[Fault] = ()) -> list[Fault]:
    """Nothing in service that holds a voltage; of a net with the ``known`` faults."""
    if any(fault.table in ("ext_grid", "gen", "bus") for fault in known):
        return []  # who mends these may have a slack
    gens = net["gen"]
    slack_gens = live_rows(net, NET_TABLES["gen"]) & gens["slack"].eq(True).to_numpy(dtype=bool) if len(gens) else False
    if live_rows(net, NET_TABLES["ext_grid"]).any() or np.any(slack_gens):
        return []
    return [Fault("ext_grid", "", (), "no row", "is in service", "create_ext_grid(net, bus) at the feeding bus")]
