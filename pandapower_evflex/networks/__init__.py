"""Built-in cases."""

from pandapower_evflex.networks.ring import ring_10kv
from pandapower_evflex.networks.suburban import suburban_lv

__all__ = ["ring_10kv", "suburban_lv"]
