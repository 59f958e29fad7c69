"""The state of a net between a fault and its repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from pandapower_evflex.planning.fault.outages import Outage


class Shed(NamedTuple):
    """What a state cannot serve of the load that it supplies.

    Parameters
    ----------
    mwh : float       expected until the repair
    beyond : float    share by which limits stay broken whatever is shed
    """

    mwh: float = 0.0
    beyond: float = 0.0


@dataclass(frozen=True)
class Restoration:
    """The state of a net between a fault and its repair, or during a planned outage.

    Attributes
    ----------
    outage : Outage                     what is faulted or taken out
    switches_tripped                    labels in net.switch: breakers and fuses that clear the fault
    switches_opened, switches_closed    isolation (and last the switch at which an island is split), and the ties of
                                        the restoration; what has tripped elsewhere is closed again
    zone : tuple of (table, label)      buses and branches that no switch parts from the fault: out of service
    dark_buses : tuple                  without supply until the repair, those of the zone included
    interrupted_buses : tuple           without supply until switches are set; none by a planned outage
    hours_back : tuple                  how long each of these waits; NaN where a switching time is not known
    dark_mw, interrupted_mw : float     load at these buses
    without_switch, without_breaker : bool    no switch, or no breaker or fuse, lies between the fault and a source
    shed_mwh : float                    expected energy that the restored part cannot serve
    one_tie_more_mw : float             load at dark_buses that a tie more than `max_ties` in a row would bring back
    all_compared : bool                 whether every set of ties was compared
    split : label                       the further switch opened in an island
    """

    outage: Outage
    switches_tripped: tuple[Any, ...]
    switches_opened: tuple[Any, ...]
    switches_closed: tuple[Any, ...]
    zone: tuple[tuple[str, Any], ...]
    dark_buses: tuple[Any, ...]
    interrupted_buses: tuple[Any, ...]
    hours_back: tuple[float, ...]
    dark_mw: float
    interrupted_mw: float
    without_switch: bool
    without_breaker: bool
    shed_mwh: float = 0.0
    one_tie_more_mw: float = 0.0
    all_compared: bool = True
    split: Any = None

    @property
    def element_type(self) -> str:
        return self.outage.element_type

    @property
    def element(self) -> Any:
        return self.outage.element

    @property
    def planned(self) -> bool:
        return self.outage.planned

    @property
    def position(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Where the switches stand."""
        return self.switches_opened, self.switches_closed

    @property
    def n_switchings(self) -> int:
        return len(self.switches_opened) + len(self.switches_closed)
