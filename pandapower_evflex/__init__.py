"""How much of the EV charging on a pandapower net can be moved, tomorrow and in ten years."""

from importlib import import_module
from types import ModuleType

from pandapower_evflex import mobility, networks, toolbox
from pandapower_evflex.case.controllers import profiles_from_controllers
from pandapower_evflex.cpo.chain.markov import count_transition_matrices, estimate_transition_matrices, simulate_lattice
from pandapower_evflex.cpo.densities import cpo_densities
from pandapower_evflex.cpo.equations import (
    is_flexible_enough,
    load_reduction,
    max_velocity,
    normalised_demand,
    reduction_of_velocity,
    shifting_velocity,
    state_probabilities,
    velocity_of_reduction,
)
from pandapower_evflex.cpo.peak_shape import peak_shape
from pandapower_evflex.cpo.sessions.rates import CpoRates, cpo_rates_from_sessions
from pandapower_evflex.cpo.shave.lattice import PeakShave, shave_peak
from pandapower_evflex.cpo.shave.meanfield import mean_field_peak_shave
from pandapower_evflex.cpo.shave.peak_shaving import cpo_peak_shaving
from pandapower_evflex.cpo.shave.shave_lp import max_shave_lp
from pandapower_evflex.cpo.shave.shaving import max_peak_shave
from pandapower_evflex.cpo.shaving_rule import (
    charging_density,
    occupancy_density,
    peak_limit_outlets,
    shaving_limit_mw,
    shaving_limit_outlets,
    velocity_limit,
)
from pandapower_evflex.diagnosis.diagnosis import Diagnosis
from pandapower_evflex.diagnosis.diagnostic import diagnostic
from pandapower_evflex.diagnosis.registered import register_in_pandapower
from pandapower_evflex.errors import EvflexError, FlexibilityOPFNotConverged, InvalidInputError
from pandapower_evflex.market.clearing import ClearedFlexibility, clear_flexibility
from pandapower_evflex.operation.activation import Activation, activate_flexibility
from pandapower_evflex.operation.rolling import RollingHorizon, run_rolling_horizon
from pandapower_evflex.opf.bound import FlexibilityBound, flexibility_bound
from pandapower_evflex.opf.flexibility import run_flexibility_opf
from pandapower_evflex.opf.report.as_loads import with_evs_as_loads
from pandapower_evflex.opf.report.on_net import write_period
from pandapower_evflex.opf.report.results import FlexibilityOpfResult
from pandapower_evflex.opf.uncontrolled import uncontrolled_charging
from pandapower_evflex.planning.costs import (
    cost_deltas,
    energy_not_served,
    energy_not_served_triangle,
    flexibility_cost,
    investment_annuity,
    loss_cost,
    reliability_cost,
)
from pandapower_evflex.planning.investments import InvestmentSchedule, schedule_investments
from pandapower_evflex.planning.plan import run_planning
from pandapower_evflex.planning.study import PlanningStudy
from pandapower_evflex.planning.years import PlanningHorizon, run_planning_horizon
from pandapower_evflex.reporting.report import report
from pandapower_evflex.studies.adoption import adoption_studies
from pandapower_evflex.studies.chunks import StudiesInterrupted
from pandapower_evflex.studies.files import MissingExtra
from pandapower_evflex.studies.hosting import hosting_capacity
from pandapower_evflex.studies.hosting_result import HostingCapacity
from pandapower_evflex.studies.ranking import rank_nets
from pandapower_evflex.studies.read import read_studies
from pandapower_evflex.studies.run import StudiesReport, run_studies
from pandapower_evflex.studies.study import Study
from pandapower_evflex.tables.cos_phi_p import create_cos_phi_p
from pandapower_evflex.tables.cpo import create_cpo, create_cpos
from pandapower_evflex.tables.cpo_rates import set_cpo_rates
from pandapower_evflex.tables.ev import create_ev, create_evs
from pandapower_evflex.tables.ev_session import create_ev_session, create_ev_sessions
from pandapower_evflex.tables.flexibility import create_flexibilities, create_flexibility
from pandapower_evflex.tables.from_loads import evs_from_loads
from pandapower_evflex.tables.reinforcement import create_reinforcement, create_reinforcements
from pandapower_evflex.tables.std_types import ev_std_types
from pandapower_evflex.tables.storage import keep_our_frames
from pandapower_evflex.times.hours import hours_since
from pandapower_evflex.warmup import warmup

__version__ = "0.1.0"

keep_our_frames()
register_in_pandapower()


def __getattr__(name: str) -> ModuleType:
    """`evf.plotting` on demand: it needs matplotlib, which is an extra."""
    if name == "plotting":
        return import_module("pandapower_evflex.plotting")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "plotting"})


__all__ = [
    "ClearedFlexibility",
    "CpoRates",
    "Diagnosis",
    "EvflexError",
    "Activation",
    "FlexibilityBound",
    "RollingHorizon",
    "FlexibilityOPFNotConverged",
    "FlexibilityOpfResult",
    "HostingCapacity",
    "InvalidInputError",
    "InvestmentSchedule",
    "MissingExtra",
    "PeakShave",
    "PlanningHorizon",
    "PlanningStudy",
    "StudiesInterrupted",
    "StudiesReport",
    "Study",
    "adoption_studies",
    "charging_density",
    "clear_flexibility",
    "cost_deltas",
    "count_transition_matrices",
    "cpo_densities",
    "cpo_peak_shaving",
    "cpo_rates_from_sessions",
    "create_cos_phi_p",
    "create_cpo",
    "create_cpos",
    "create_ev",
    "create_ev_session",
    "create_ev_sessions",
    "create_evs",
    "create_flexibilities",
    "create_flexibility",
    "create_reinforcement",
    "create_reinforcements",
    "diagnostic",
    "energy_not_served",
    "energy_not_served_triangle",
    "estimate_transition_matrices",
    "ev_std_types",
    "evs_from_loads",
    "activate_flexibility",
    "flexibility_bound",
    "run_rolling_horizon",
    "flexibility_cost",
    "hosting_capacity",
    "hours_since",
    "investment_annuity",
    "is_flexible_enough",
    "load_reduction",
    "loss_cost",
    "max_peak_shave",
    "max_shave_lp",
    "max_velocity",
    "mean_field_peak_shave",
    "mobility",
    "networks",
    "normalised_demand",
    "occupancy_density",
    "peak_limit_outlets",
    "peak_shape",
    "profiles_from_controllers",
    "rank_nets",
    "read_studies",
    "reduction_of_velocity",
    "reliability_cost",
    "report",
    "run_flexibility_opf",
    "run_planning",
    "run_planning_horizon",
    "run_studies",
    "schedule_investments",
    "set_cpo_rates",
    "shave_peak",
    "shaving_limit_mw",
    "shaving_limit_outlets",
    "shifting_velocity",
    "simulate_lattice",
    "state_probabilities",
    "toolbox",
    "uncontrolled_charging",
    "velocity_limit",
    "velocity_of_reduction",
    "warmup",
    "with_evs_as_loads",
    "write_period",
]
