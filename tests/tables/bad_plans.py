"""Wrong arguments and data of a plan."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd

import pandapower_evflex as evf
from tests.tables.bad import Bad, load_profile

PLAN = "run_planning"
PRICES = {"voll_eur_per_mwh": 10_000.0, "loss_price_eur_per_mwh": 80.0, "discount_rate": 0.065, "progress": False}


def plan(net, profiles=None, **changed):
    return evf.run_planning(net, profiles, **{**PRICES, **changed})


def line_fails(net):
    net.line["failure_rate_per_year"] = 0.1


def argument(column, value, remedy):
    return Bad(lambda net: plan(net, **{column: value}), PLAN, column, (), remedy, line_fails)


def spoilt(table, column, value, rows, remedy, row=0, column_at_fault=None):
    """A value set by hand in a table in which a line fails."""

    def before(net):
        line_fails(net)
        if column not in net[table]:
            net[table][column] = np.nan
        net[table][column] = net[table][column].astype(object)
        net[table].at[row, column] = value

    return Bad(plan, table, column_at_fault or column, rows, remedy, before)


def switched(column, value, remedy):
    """A switch at the end of a line that fails, with this value."""

    def before(net):
        line_fails(net)
        pp.create_switch(net, net.line.from_bus.iloc[0], net.line.index[0], "l", index=0)
        net.switch[column] = pd.Series([value], dtype=object)

    return Bad(plan, "switch", column, (0,), remedy, before)


def profiled(change, table, column, rows, remedy):
    return Bad(lambda net: plan(net, {("load", "p_mw"): change(net)}), table, column, rows, remedy, line_fails)


def timed(n, freq):
    return lambda net: load_profile(net, n).set_axis(pd.date_range("2024-05-14", periods=n, freq=freq))


def with_gap(net):
    frame = load_profile(net)
    frame.loc[3, 2] = np.nan
    return frame


def days_of(days, column, rows, remedy):
    """``days``: function of the net."""
    return Bad(lambda net: plan(net, days=days(net)), PLAN, column, rows, remedy, line_fails)


def one_day(net, number):
    return number, {("load", "p_mw"): load_profile(net, 96)}


def site_without_rates(net):
    line_fails(net)
    evf.create_cpo(net, 5, 10, 0.022, price_eur_per_mwh=100.0)


def candidate_in_service(net):
    line_fails(net)
    evf.create_reinforcement(net, "line", 3, 1_000.0, lifetime_years=30, in_service=True)


def candidate_without_rating(net):
    line_fails(net)
    line = pp.create_line_from_parameters(net, 5, 6, 0.1, 0.1, 0.1, 0.0, np.nan, index=500, in_service=False)
    evf.create_reinforcement(net, "line", line, 1_000.0, lifetime_years=30, in_service=True)


def no_ratings(net):
    line_fails(net)
    net.line = net.line.drop(columns="max_i_ka")


BAD_PLANS = {
    "a net in which nothing fails": Bad(plan, "line", "failure_rate_per_year", (), "set failures per year"),
    "a negative failure rate": spoilt("line", "failure_rate_per_year", -1.0, (0,), "failures per year, 0 or more"),
    "a failure rate as text": spoilt("line", "failure_rate_per_year", "rare", (0,), "give a number"),
    "a negative failure rate of a bus": spoilt("bus", "failure_rate_per_year", -1.0, (0,), "failures per year"),
    "a negative repair time": spoilt("line", "repair_time_h", -6.0, (0,), "give hours, 0 or more"),
    "an infinite repair time": spoilt("trafo", "repair_time_h", np.inf, (0,), "leave it out"),
    "a negative switching time": spoilt("line", "switching_time_h", -1.0, (0,), "give hours, 0 or more"),
    "a negative rate of planned outages": spoilt(
        "line", "planned_outage_rate_per_year", -1.0, (0,), "planned outages per year, 0 or more"
    ),
    "planned outages of no duration": spoilt(
        "trafo", "planned_outage_rate_per_year", 0.5, (0,), "the hours that a planned outage takes",
        column_at_fault="planned_outage_time_h",
    ),
    "a planned outage of an infinite time": spoilt("line", "planned_outage_time_h", np.inf, (0,), "leave it out"),
    "breakers stuck in percent": switched("stuck_probability", 2.0, "0.02 for 2 %"),
    "a stuck breaker as text": switched("stuck_probability", "often", "give a number"),
    "a negative failure rate of a switch": switched("failure_rate_per_year", -0.1, "failures per year, 0 or more"),
    "a negative switching time of a switch": switched("switching_time_h", -1.0, "give hours, 0 or more"),
    "a switch of a type that nobody knows": switched("type", "breaker", '"CB" or "fuse" for what clears'),
    "a negative number of customers": spoilt("load", "customers", -1.0, (0,), "number of customers"),
    "customers as text": spoilt("load", "customers", "many", (0,), "give a number"),
    "a line without a rating": spoilt("line", "max_i_ka", np.nan, (0,), "give the rated current in kA"),
    "a line with a rating of 0": spoilt("line", "max_i_ka", 0.0, (0,), "give kA"),
    "lines without a column of ratings": Bad(plan, "line", "max_i_ka", (), "put it back", no_ratings),
    "a new tie without a rating": Bad(plan, "line", "max_i_ka", (500,), "rated current", candidate_without_rating),
    "a limit after a fault of 0 %": spoilt("line", "max_loading_percent_nminus1", 0.0, (0,), "give percent"),
    "a limit after a fault as text": spoilt("line", "max_loading_percent_nminus1", "120 %", (0,), "give a number"),
    "a load without a power in a plan": spoilt("load", "p_mw", np.nan, (0,), "give a finite number"),
    "a site without rates": Bad(plan, "cpo_charging_rate", "", (0,), "set_cpo_rates", site_without_rates),
    "a candidate to put into service what is in service": Bad(
        plan, "reinforcement", "element", (0,), "drop the candidate", candidate_in_service
    ),
    "a negative price of lost load": argument("voll_eur_per_mwh", -1.0, "10 000 for 10 EUR/kWh"),
    "no price of losses": argument("loss_price_eur_per_mwh", np.nan, "EUR/MWh of 0 or more"),
    "an infinite price of losses": argument("loss_price_eur_per_mwh", np.inf, "give a finite number"),
    "a discount rate in percent": argument("discount_rate", 6.5, "0.065 for 6.5 %"),
    "a growth below -100 %": argument("load_growth_percent", -101.0, "20 for a fifth more"),
    "a negative momentary_h": argument("momentary_h", -0.05, "0.05 for 3 min"),
    "a quantile above 1": Bad(
        lambda net: plan(net, rule="exact", quantile=5), PLAN, "quantile", (), "0.05 for what can be shaved", line_fails
    ),
    "a quantile with the paper's rule": argument("quantile", 0.05, 'rule="exact" only'),
    "days with the paper's rule": argument("lattices", np.zeros((2, 5, 96), dtype=int), 'rule="exact" only'),
    "plug-ins below 0": argument("plug_ins_per_day", -1.0, "arrivals per outlet and day"),
    "negative events": argument("events_per_fault", -1.0, "0 or more, or None"),
    "events that are not a number": argument("events_per_fault", np.nan, "0 or more, or None"),
    "a negative number of ties": argument("max_ties", -1, "a whole number from 0"),
    "half a tie": argument("max_ties", 0.5, "a whole number from 0"),
    "no plans": argument("max_plans", 0, "a whole number of 1 or more"),
    "a slip in the rule": argument("rule", "papper", '"paper" or "exact"'),
    "a slip in the pricing": argument("pricing", "pay_as_cleared", '"pay_as_clear" or'),
    "a slip in the procurement": argument("procurement", "best", '"merit_order" or "optimal"'),
    "a slip in the solver": argument("solver", "highs", '"auto" or "enumeration" or "milp"'),
    "a rebound that is neither true nor false": argument("rebound", "no", "give True or False"),
    "a split that is neither true nor false": argument("split", 1, "give True or False"),
    "an executor that is a number": argument("executor", 4, "concurrent.futures.Executor"),
    "offers of EVs that are a number": argument("ev_offers", 4, "what run_flexibility_opf returns"),
    "days as a list": argument("days", [250, 115], "give one number"),
    "a negative number of days": argument("days", -1.0, "give 0 days or more"),
    "no day types": days_of(lambda net: {}, "days", (), "{name: (days, profiles)}"),
    "a day type without profiles": days_of(lambda net: {"work": 250}, "days", ("work",), "{name: (days, profiles)}"),
    "day types of more than a year": days_of(
        lambda net: {"work": one_day(net, 250), "free": one_day(net, 250)}, "days", (), "366 days at most"
    ),
    "profiles beside day types": Bad(
        lambda net: plan(net, one_day(net, 1)[1], days={"work": one_day(net, 250)}),
        PLAN, "profiles", (), "in days only", line_fails,
    ),
    "a profile of two days": profiled(timed(192, "15min"), PLAN, "profiles", (), "give one day"),
    "a profile of six hours": profiled(timed(6, "h"), PLAN, "profiles", (), "give a whole day"),
    "a profile of plain rows that are no day": profiled(
        lambda net: load_profile(net, 48), "profiles", "period_h", (), "0.25 for 15 min"
    ),
    "a profile of a plan with gaps": profiled(with_gap, "profiles[load.p_mw]", "2", (3,), "fill the gaps"),
    "a profile of a load that the net does not have": profiled(
        lambda net: pd.DataFrame(0.001, index=range(96), columns=[999]),
        "profiles[load.p_mw]", "columns", (999,), "after the index of net.load",
    ),
}  # fmt: skip
