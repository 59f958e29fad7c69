"""Pure formulas, each with value, Jacobian and Hessian beside its equation; compiled by numba."""

from pandapower_evflex.kernels.branch_flow import SQUARED_CURRENT, SQUARED_POWER
from pandapower_evflex.kernels.bus_power import BUS_PAIR_POWER, SQUARE
from pandapower_evflex.kernels.linear import LINEAR

ALL_KERNELS = (LINEAR, BUS_PAIR_POWER, SQUARE, SQUARED_CURRENT, SQUARED_POWER)
