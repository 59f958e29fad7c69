"""Built-in cases."""

from pandapower_evflex.networks.suburban import suburban_lv

__all__ = ["suburban_lv"]
