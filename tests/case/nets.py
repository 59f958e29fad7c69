"""Nets that hold every kind of element the model represents."""

from __future__ import annotations

import numpy as np
import pandapower.networks as nw
import simbench
from pandapower.create import (
    create_asymmetric_load,
    create_asymmetric_sgen,
    create_bus,
    create_dcline,
    create_empty_network,
    create_ext_grid,
    create_gen,
    create_impedance,
    create_line,
    create_load,
    create_motor,
    create_sgen,
    create_shunt,
    create_storage,
    create_switch,
    create_transformer,
    create_transformer3w,
    create_ward,
    create_xward,
)

from tests.built_once import built_once


@built_once
def elements_net():
    """110/20/10 kV by a 3-winding transformer, 20/0.4 kV, and one of everything else."""
    net = create_empty_network(sn_mva=100.0)
    hv, mv, lv10 = (create_bus(net, vn_kv=v) for v in (110.0, 20.0, 10.0))
    mv2, mv3 = create_bus(net, vn_kv=20.0), create_bus(net, vn_kv=20.0)
    lv, lv_fused, lv2 = (create_bus(net, vn_kv=0.4) for _ in range(3))
    out_of_service = create_bus(net, vn_kv=20.0, in_service=False)
    island = create_bus(net, vn_kv=20.0)
    far_switch = create_bus(net, vn_kv=20.0)
    create_ext_grid(net, hv, vm_pu=1.02, va_degree=10.0)
    trafo3w = create_transformer3w(net, hv, mv, lv10, "63/25/38 MVA 110/20/10 kV")
    net.trafo3w.loc[trafo3w, "tap_pos"] = 2
    create_line(net, mv, mv2, 3.0, "NA2XS2Y 1x185 RM/25 12/20 kV", parallel=2, df=0.9)
    create_line(net, mv2, mv3, 2.0, "NA2XS2Y 1x185 RM/25 12/20 kV")
    ring = create_line(net, mv3, mv, 4.0, "NA2XS2Y 1x185 RM/25 12/20 kV")
    create_switch(net, mv, ring, et="l", closed=False)  # open at one end: the line hangs on an auxiliary bus
    create_line(net, mv2, out_of_service, 1.0, "NA2XS2Y 1x185 RM/25 12/20 kV")
    create_line(net, mv2, mv3, 1.0, "NA2XS2Y 1x185 RM/25 12/20 kV", in_service=False)
    create_switch(net, mv3, far_switch, et="b", z_ohm=0.1)
    trafo = create_transformer(net, mv2, lv, "0.63 MVA 20/0.4 kV", parallel=2)
    net.trafo.loc[trafo, "tap_pos"] = -1
    off = create_transformer(net, mv2, lv2, "0.4 MVA 20/0.4 kV")
    create_switch(net, mv2, off, et="t", closed=False)
    create_switch(net, lv, lv_fused, et="b")
    create_line(net, lv_fused, lv2, 0.1, "NAYY 4x150 SE")
    create_load(net, lv2, 0.08, 0.02, scaling=0.9)
    create_load(net, lv_fused, 0.2, 0.05)
    create_load(net, island, 1.0)
    create_load(net, mv3, 0.5, in_service=False)
    create_sgen(net, lv2, 0.03, -0.01)
    create_storage(net, far_switch, 0.3, max_e_mwh=1.0, q_mvar=0.05)
    create_motor(net, mv3, pn_mech_mw=0.4, cos_phi=0.9, efficiency_percent=95.0, loading_percent=80.0)
    create_shunt(net, mv3, q_mvar=-0.5, p_mw=0.01)
    create_ward(net, lv10, 1.0, 0.3, 0.5, -0.2)
    create_xward(net, lv10, 0.5, 0.1, 0.2, 0.1, 0.3, 2.0, 1.01)
    create_gen(net, mv3, 0.6, vm_pu=1.01)
    create_impedance(net, lv10, create_bus(net, vn_kv=10.0), 0.01, 0.02, sn_mva=10.0)
    create_load(net, net.impedance.at[0, "to_bus"], 0.4, 0.1)
    create_asymmetric_load(net, lv2, p_a_mw=0.01, p_b_mw=0.002, q_c_mvar=0.003, scaling=0.9)
    create_asymmetric_sgen(net, lv_fused, p_b_mw=0.004, q_a_mvar=0.001)
    create_dcline(net, mv2, lv10, 0.3, loss_percent=1.0, loss_mw=0.01, vm_from_pu=1.0, vm_to_pu=1.01)
    return net


@built_once
def two_sources():
    """A meshed MV ring between two external grids of different voltage and one slack generator."""
    net = create_empty_network()
    buses = [create_bus(net, vn_kv=20.0) for _ in range(6)]
    for first, second in zip(buses, buses[1:] + buses[:1], strict=True):
        create_line(net, first, second, 2.0, "NA2XS2Y 1x185 RM/25 12/20 kV")
        create_load(net, second, 0.8, 0.2)
    create_ext_grid(net, buses[0], vm_pu=1.01)
    create_ext_grid(net, buses[3], vm_pu=1.0, va_degree=-0.2)
    create_gen(net, buses[4], 0.5, vm_pu=1.005)
    return net


@built_once
def simbench_net(code="1-LV-semiurb4--0-sw"):
    return simbench.get_simbench_net(code)


NETS = {
    "elements": elements_net,
    "two_sources": two_sources,
    "cigre_lv": built_once(nw.create_cigre_network_lv),
    "cigre_mv": built_once(lambda: nw.create_cigre_network_mv(with_der="pv_wind")),
    "kerber": built_once(nw.create_kerber_landnetz_freileitung_1),
    "mv_oberrhein": built_once(nw.mv_oberrhein),
    "lv_schutterwald": built_once(nw.lv_schutterwald),
    "multivoltage": built_once(nw.example_multivoltage),
    "simbench_lv": simbench_net,
    "case33bw": built_once(nw.case33bw),
}


def random_loads(net, rng, spread=0.8):
    """Every load times a factor of its own."""
    factor = rng.uniform(1.0 - spread, 1.0 + spread / 4, len(net.load))
    net.load["p_mw"] = net.load["p_mw"].to_numpy() * factor
    net.load["q_mvar"] = net.load["q_mvar"].to_numpy() * np.roll(factor, 1)
