"""pandapower's own functions know nothing of our tables: what they leave is right, or the next run names it."""

from __future__ import annotations

import copy
import logging

import pandapower as pp
import pandapower.toolbox as pandapower_toolbox
import pandas as pd
import pytest
from pandapower.control import ConstControl
from pandapower.timeseries import DFData, OutputWriter, run_timeseries

import pandapower_evflex as evf
from pandapower_evflex.tables.checks import TABLES, check_tables
from tests.examples import sampled, sweep
from tests.tables.stored import day_profiles, stored_day

RUN = {"progress": False, "method": "fast"}


@pytest.fixture(scope="module")
def _solved():
    """Bus 1 is the busbar, EV 0 at bus 2, EVs 1 and 2 with PV and a load at bus 3, a site at bus 4."""
    net = stored_day()
    net["objective"] = evf.run_flexibility_opf(net, day_profiles(), **RUN).objective_mwh
    return net


@pytest.fixture
def net(_solved):
    return copy.deepcopy(_solved)


def profiles_of(net):
    """Of the loads and generators that are still there."""
    day = {key: frame.loc[:, frame.columns.isin(net[key[0]].index)] for key, frame in day_profiles().items()}
    return {key: frame for key, frame in day.items() if len(frame.columns)}


def out_of_service(table, label):
    def drop(net):
        net[table].loc[label, "in_service"] = False
        pandapower_toolbox.drop_out_of_service_elements(net)

    return drop


def zero_length(net):
    net.line.loc[0, "length_km"] = 0.0
    pandapower_toolbox.replace_zero_branches_with_switches(net, drop_affected=True)


def inactive_bus(net):
    net.bus.loc[3, "in_service"] = False
    pandapower_toolbox.drop_inactive_elements(net)


def diagnosed_at_no_bus(net):
    """pandapower's diagnostic does not see it."""
    net.ev["bus"] = [2, 99, 99]
    assert "invalid_values" not in pp.diagnostic(net, report_style=None)
    assert pandapower_toolbox.false_elm_links(net, "ev", "bus", "bus").tolist() == [1, 2]


def evs_into_loads(net):
    """Powers are columns that pandapower asks for."""
    net.ev["p_mw"], net.ev["q_mvar"], net.ev["scaling"] = 0.0, 0.0, 1.0
    pandapower_toolbox.replace_pq_elmtype(net, "ev", "load")


def pp_drop(table, label):
    return lambda net: pandapower_toolbox.drop_elements(net, table, [label])


UNSUPPLIED = "ev.bus of rows 1, 2: .*without supply"
NO_SUCH_BUS = "ev.bus of rows 1, 2: 3 is not in net.bus"
PV_GONE = "cos_phi_p.sgen of rows 0, 1: 0 is not in net.sgen"
NAMED = {
    "drop_elements of an EV": (pp_drop("ev", 0), "ev_session.ev of rows 0, 3: 0 is not in net.ev"),
    "drop_elements of a site": (pp_drop("cpo", 0), "flexibility.element of row 3: 0 is not in net.cpo"),
    "drop_elements of a bus": (pp_drop("bus", 3), NO_SUCH_BUS),
    "drop_elements of a generator": (pp_drop("sgen", 0), PV_GONE),
    "drop_elements of a transformer": (pp_drop("trafo", 0), "reinforcement.element of row 1: 0 is not in net.trafo"),
    "drop_lines": (
        lambda net: pandapower_toolbox.drop_lines(net, [0]),
        "reinforcement.element of row 0: 0 is not in net.line",
    ),
    "drop_trafos": (
        lambda net: pandapower_toolbox.drop_trafos(net, [0]),
        "reinforcement.element of row 1: 0 is not in net.trafo",
    ),
    "drop_inner_branches": (lambda net: pandapower_toolbox.drop_inner_branches(net, [2, 3]), UNSUPPLIED),
    "drop_elements_simple": (
        lambda net: pandapower_toolbox.drop_elements_simple(net, "ev", [1, 2]),
        "ev_session.ev of rows 1, 2: 1, 2 is not in net.ev",
    ),
    "drop_inactive_elements": (inactive_bus, UNSUPPLIED),
    "drop_out_of_service_elements with the bus": (out_of_service("bus", 3), "ev.bus of rows 1, 2"),
    "drop_out_of_service_elements with the PV": (out_of_service("sgen", 0), PV_GONE),
    "set_element_status": (lambda net: pandapower_toolbox.set_element_status(net, [3], False), UNSUPPLIED),
    "replace_pq_elmtype of the PV": (lambda net: pandapower_toolbox.replace_pq_elmtype(net, "sgen", "load"), PV_GONE),
    "replace_sgen_by_gen": (lambda net: pandapower_toolbox.replace_sgen_by_gen(net), PV_GONE),
    "replace_ext_grid_by_gen": (
        lambda net: pandapower_toolbox.replace_ext_grid_by_gen(net), "ext_grid: no row is in service",
    ),
    "replace_zero_branches_with_switches": (zero_length, "reinforcement.element of row 0: 0 is not in net.line"),
    "drop_buses": (lambda net: pandapower_toolbox.drop_buses(net, [3]), NO_SUCH_BUS),
    "drop_elements_at_buses": (lambda net: pandapower_toolbox.drop_elements_at_buses(net, [3]), PV_GONE),
    "fuse_buses": (lambda net: pandapower_toolbox.fuse_buses(net, 2, 3), NO_SUCH_BUS),
    "fuse_buses without dropping": (lambda net: pandapower_toolbox.fuse_buses(net, 2, 3, drop=False), UNSUPPLIED),
    "reindex_buses": (lambda net: pandapower_toolbox.reindex_buses(net, {2: 3, 3: 2}), "evf.toolbox"),
    "create_continuous_bus_index": (
        lambda net: pandapower_toolbox.create_continuous_bus_index(net, start=2), "evf.toolbox",
    ),
    "reindex_elements of generators": (lambda net: pandapower_toolbox.reindex_elements(net, "sgen", [5]), PV_GONE),
    "reindex_elements of EVs": (
        lambda net: pandapower_toolbox.reindex_elements(net, "ev", lookup={0: 1, 1: 0}), "ev_session.ev of rows",
    ),
    "create_continuous_elements_index of EVs and their results": (
        lambda net: pandapower_toolbox.create_continuous_elements_index(
            net, start=3, add_df_to_reindex={"ev", "res_ev"}
        ),
        "ev_session.ev of rows 0, 1, 2, 3: 0, 1, 2 is not in net.ev",
    ),
    "reindex_elements of sites": (
        lambda net: pandapower_toolbox.reindex_elements(net, "cpo", [9]), "flexibility.element of row 3: 0 is not",
    ),
    "reindex_elements of lines": (
        lambda net: pandapower_toolbox.reindex_elements(net, "line", [1, 2, 0]), "reinforcement.element of row 0: 0",
    ),
    "diagnostic": (diagnosed_at_no_bus, "ev.bus of rows 1, 2: 99 is not in net.bus"),
    "replace_pq_elmtype of the EVs": (evs_into_loads, "create_ev"),
    "select_subnet": (
        lambda net: pandapower_toolbox.select_subnet(net, [0, 1, 2], keep_everything_else=True), NO_SUCH_BUS,
    ),
    "select_subnet without the rest": (lambda net: pandapower_toolbox.select_subnet(net, [0, 1, 2]), "create_ev"),
    "merge_nets": (
        lambda net: pandapower_toolbox.merge_nets(net, copy.deepcopy(net), validate=False), "evf.toolbox",
    ),
}  # fmt: skip


@sweep
@pytest.mark.parametrize("how", sampled(list(NAMED), len(NAMED) // 4))
def test_what_no_longer_fits_is_named_by_the_next_run_and_by_nothing_else(net, how):
    change, says = NAMED[how]
    changed = change(net)
    net = changed if isinstance(changed, pp.pandapowerNet) else net
    for call in (evf.run_flexibility_opf, evf.uncontrolled_charging):
        with pytest.raises(evf.InvalidInputError, match=says):
            call(net, profiles_of(net), **(RUN if call is evf.run_flexibility_opf else {}))


def replaced(old, new):
    return lambda net: pandapower_toolbox.replace_pq_elmtype(net, old, new)


def raises(function, error):
    def call(net):
        with pytest.raises(error):
            function(net)

    return call


def controlled(net):
    """A profile of an EV's power, run by pandapower: what the next schedule replaces."""
    source = DFData(pd.DataFrame({0: [0.001, 0.002, 0.003]}))
    ConstControl(net, "ev", "p_mw", [0], profile_name=[0], data_source=source)
    writer = OutputWriter(net, range(3), log_variables=[("ev", "p_mw")])
    run_timeseries(net, range(3), verbose=False)
    assert writer.output["ev.p_mw"][0].tolist() == [0.001, 0.002, 0.003]


def found_by_name(net):
    assert pandapower_toolbox.get_element_index(net, "ev", "b") == 1
    assert pandapower_toolbox.get_element_indices(net, ["ev", "cpo"], ["a", net.cpo["name"][0]]) == [0, 0]
    assert (pandapower_toolbox.get_all_elements(net)["pp_type"] == "ev").sum() == 3


RIGHT = {
    "get_element_index, get_element_indices, get_all_elements": found_by_name,
    "ConstControl and OutputWriter of EVs": controlled,
    "create_poly_cost": lambda net: pp.create_poly_cost(net, 0, "ev", cp1_eur_per_mw=50.0),
    "create_pwl_cost": lambda net: pp.create_pwl_cost(net, 0, "cpo", [[0.0, 1.0, 50.0]]),
    "diagnostic": lambda net: pp.diagnostic(net, report_style=None),
    "runpp": lambda net: pp.runpp(net),
    "rundcpp": lambda net: pp.rundcpp(net),
    "replace_pq_elmtype of EVs without powers": raises(
        lambda net: pandapower_toolbox.replace_pq_elmtype(net, "ev", "load"), AttributeError
    ),
    "replace_ext_grid_by_gen and back": lambda net: (
        pandapower_toolbox.replace_ext_grid_by_gen(net, slack=True),
        pandapower_toolbox.replace_gen_by_ext_grid(net),
    ),
    "create_group": lambda net: pp.create_group(net, ["ev", "cpo", "load"], [[0, 2], [0], [1]]),
    "set_scaling_by_type": lambda net: pandapower_toolbox.set_scaling_by_type(net, {"wye": 1.0}),
    "create_continuous_elements_index": lambda net: pandapower_toolbox.create_continuous_elements_index(net),
    "add_zones_to_elements": lambda net: pandapower_toolbox.add_zones_to_elements(net),
    "add_zones_to_elements of EVs": lambda net: pandapower_toolbox.add_zones_to_elements(net, elements=["ev"]),
    "add_column_from_node_to_elements": lambda net: pandapower_toolbox.add_column_from_node_to_elements(
        net, "vn_kv", True, elements=["ev"]
    ),
    "get_connected_elements_dict": lambda net: pandapower_toolbox.get_connected_elements_dict(net, [2, 3]),
    "count_elements": lambda net: pandapower_toolbox.count_elements(net),
    "clear_result_tables": lambda net: pandapower_toolbox.clear_result_tables(net),
    "set_data_type_of_columns_to_default": lambda net: pandapower_toolbox.set_data_type_of_columns_to_default(net),
    "convert_format": lambda net: pp.convert_format(net),
    "drop_inactive_elements": lambda net: pandapower_toolbox.drop_inactive_elements(net),
    "drop_out_of_service_elements": lambda net: pandapower_toolbox.drop_out_of_service_elements(net),
    "set_isolated_areas_out_of_service": lambda net: pandapower_toolbox.set_isolated_areas_out_of_service(net),
    "replace_line_by_impedance": lambda net: pandapower_toolbox.replace_line_by_impedance(net, [2]),
    "reindex_elements of offers": lambda net: pandapower_toolbox.reindex_elements(net, "flexibility", [5, 6, 7, 8]),
    "reindex_elements of sessions": lambda net: pandapower_toolbox.reindex_elements(net, "ev_session", [5, 6, 7, 8]),
}


@sweep
@pytest.mark.parametrize("how", sampled(list(RIGHT), len(RIGHT) // 4))
def test_what_leaves_the_net_as_it_is_leaves_the_objective_and_the_period_as_they_are(_solved, net, how):
    RIGHT[how](net)
    assert check_tables(net) == [] and all(len(net[name]) == len(_solved[name]) for name in TABLES)
    evf.write_period(net, 3, "up")
    assert net.res_ev["p_mw"].tolist() == _solved["evflex_ev_p_mw"].iloc[3].tolist()
    result = evf.run_flexibility_opf(net, profiles_of(net), **RUN)
    assert result.objective_mwh == pytest.approx(_solved["objective"], rel=1e-6)


def parallel_line_merged(net):
    net.line.loc[0, "parallel"] = 2
    expected = objective(copy.deepcopy(net))
    pandapower_toolbox.merge_parallel_line(net, 0)
    assert net.line.at[0, "parallel"] == 1
    assert objective(net) == pytest.approx(expected, rel=1e-6)


def ward_replaced(net):
    pp.create_ward(net, 2, 0.001, 0.0005, 0.0, 0.0)
    pandapower_toolbox.replace_ward_by_internal_elements(net)


CHANGED = {
    "change_std_type": lambda net: pandapower_toolbox.change_std_type(net, 0, "NAYY 4x50 SE"),
    "change_std_type of a transformer": lambda net: pandapower_toolbox.change_std_type(
        net, 0, "0.4 MVA 20/0.4 kV", "trafo"
    ),
    "merge_parallel_line": parallel_line_merged,
    "repl_to_line": lambda net: pandapower_toolbox.repl_to_line(net, 2, "94-AL1/15-ST1A 0.4", in_service=True),
    "create_replacement_switch_for_branch": lambda net: pandapower_toolbox.create_replacement_switch_for_branch(
        net, "line", 2
    ),
    "replace_ward_by_internal_elements": ward_replaced,
    "replace_impedance_by_line": lambda net: (
        pandapower_toolbox.replace_line_by_impedance(net, [2]), pandapower_toolbox.replace_impedance_by_line(net),
    ),
    "merge_same_bus_generation_plants": lambda net: (
        pp.create_sgen(net, 3, 0.001), pandapower_toolbox.merge_same_bus_generation_plants(net, gen_elms=("sgen",)),
    ),
}  # fmt: skip


@sweep
@pytest.mark.parametrize("how", sampled(list(CHANGED), 3))
def test_a_grid_that_pandapower_changed_is_solved_as_it_is_now(net, how):
    CHANGED[how](net)
    assert check_tables(net) == []
    result = evf.run_flexibility_opf(net, n_periods=8, period_h=1.0, **RUN)
    assert result.verification["against_runpp"] < 1e-8
    plain = evf.with_evs_as_loads(net, result, 3, "up")
    pp.runpp(plain, tolerance_mva=1e-10)
    assert plain.res_bus.vm_pu.tolist() == pytest.approx(result.vm_pu["up"].iloc[3].tolist(), abs=1e-8)


def test_costs_of_evs_are_said_to_be_without_effect(net, caplog):
    pp.create_poly_cost(net, 1, "ev", cp1_eur_per_mw=50.0)
    pp.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=50.0)
    with caplog.at_level(logging.WARNING):
        objective(net)
    (said,) = [record.getMessage() for record in caplog.records if "costs" in record.getMessage()]
    assert "net.poly_cost of ev 1" in said and "ext_grid" not in said


@pytest.mark.parametrize("into", ["sgen", "storage"])
def test_loads_that_become_other_elements_are_counted_as_such_and_old_results_are_refused(net, into):
    expected = objective(copy.deepcopy(net))
    replaced("load", into)(net)
    with pytest.raises(evf.InvalidInputError, match="rows of the result are not in net.load"):
        evf.write_period(net, 3)
    assert objective(net) == pytest.approx(expected, rel=1e-6)


def objective(net):
    """Without profiles: every load at its value in the table."""
    return evf.run_flexibility_opf(net, n_periods=8, period_h=1.0, **RUN).objective_mwh


def test_a_group_of_evs_that_pandapower_takes_out_of_service_charges_no_more(net):
    group = pp.create_group(net, ["ev"], [[1, 2]])
    pp.set_group_out_of_service(net, group)
    with pytest.raises(evf.InvalidInputError, match="rows 1, 2: EVs charge in the result"):
        evf.write_period(net, 3)
    assert evf.run_flexibility_opf(net, profiles_of(net), **RUN).p_mw.columns.tolist() == [0]


@pytest.mark.parametrize("write", [evf.write_period, evf.with_evs_as_loads])
def test_a_period_is_not_written_where_buses_or_the_external_grid_are_gone(net, write):
    fused, without_grid = net, copy.deepcopy(net)
    pandapower_toolbox.fuse_buses(fused, 2, 3)
    pandapower_toolbox.replace_ext_grid_by_gen(without_grid)
    for changed, says in ((fused, NO_SUCH_BUS), (without_grid, "ext_grid: no row is in service")):
        before = changed.res_bus.copy()
        with pytest.raises(evf.InvalidInputError, match=says):
            write(changed, period=1, result=None)
        assert changed.res_bus.equals(before)


def test_what_raises_in_pandapower_works_in_our_toolbox(net):
    with pytest.raises(KeyError):
        pandapower_toolbox.select_subnet(net, [0, 1, 2], include_results=True)
    with pytest.raises(UserWarning, match="Unknown element type"):
        pandapower_toolbox.get_connected_elements(net, "ev", [3])
    part = evf.toolbox.select_subnet(net, [0, 1, 2], include_results=True)
    assert part.ev.index.tolist() == part.res_ev.index.tolist() == [0]
    assert evf.toolbox.get_connected_elements(net, "ev", [3]) == {1, 2}
