"""Pictures of inputs and results, by matplotlib (an extra: `pip install "pandapower_evflex[plot]"`).

Every function draws into `ax` (or axes of its own), returns it and never shows anything.
"""

try:
    import matplotlib  # noqa: F401
except ImportError as error:  # pragma: no cover - only without the extra
    raise ImportError('pictures need matplotlib: pip install "pandapower_evflex[plot]"') from error

from pandapower_evflex.plotting.band import plot_band
from pandapower_evflex.plotting.cpo import plot_cpo_rates, plot_lattice, plot_peak
from pandapower_evflex.plotting.cpo_shaving import plot_peak_shave, plot_shaving_over_day
from pandapower_evflex.plotting.day import (
    plot_charging_power,
    plot_flexibility,
    plot_min_voltage,
    plot_trafo_loading,
)
from pandapower_evflex.plotting.durations import plot_durations
from pandapower_evflex.plotting.ev import plot_ev
from pandapower_evflex.plotting.grid_state import plot_normal_state, plot_post_fault
from pandapower_evflex.plotting.horizon import plot_horizon
from pandapower_evflex.plotting.inputs import plot_cos_phi_p, plot_pv_profile, plot_sessions
from pandapower_evflex.plotting.net import plot_net
from pandapower_evflex.plotting.net_map import map
from pandapower_evflex.plotting.operation import plot_activation, plot_rolling_day
from pandapower_evflex.plotting.over_net import plot_energies, plot_heat_map, plot_voltage_profile
from pandapower_evflex.plotting.planning import plot_energy_not_served, plot_plan_costs
from pandapower_evflex.plotting.saving import save
from pandapower_evflex.plotting.studies import plot_adoption, plot_ranking

__all__ = [
    "map",
    "plot_activation",
    "plot_adoption",
    "plot_band",
    "plot_charging_power",
    "plot_cos_phi_p",
    "plot_cpo_rates",
    "plot_durations",
    "plot_energies",
    "plot_energy_not_served",
    "plot_ev",
    "plot_flexibility",
    "plot_heat_map",
    "plot_horizon",
    "plot_lattice",
    "plot_min_voltage",
    "plot_net",
    "plot_normal_state",
    "plot_peak",
    "plot_peak_shave",
    "plot_plan_costs",
    "plot_post_fault",
    "plot_pv_profile",
    "plot_ranking",
    "plot_rolling_day",
    "plot_sessions",
    "plot_shaving_over_day",
    "plot_trafo_loading",
    "plot_voltage_profile",
    "save",
]
