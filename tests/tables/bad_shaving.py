"""Wrong windows, rules and days of what sites on a net can shave."""

from __future__ import annotations

import numpy as np

import pandapower_evflex as evf
from tests.tables.bad import Bad
from tests.tables.bad_site_arrays import LATTICE

SHAVING = "cpo_peak_shaving"
DAYS = np.tile(np.resize(np.array(LATTICE[0], dtype=np.int8), 96), (3, 12, 1))
WINDOW = "across midnight, say 22 to 26 or 22 to 2"


def site(net):
    evf.create_cpo(net, 7, 12, 0.022, price_eur_per_mwh=300.0)


def with_rates(net):
    site(net)
    evf.set_cpo_rates(net, 0, 0.45, 0.85)


def two_sites(net):
    with_rates(net)
    evf.create_cpo(net, 8, 12, 0.022)
    evf.set_cpo_rates(net, 1, 0.45, 0.85)


def shaving(start_h, end_h, **options):
    return lambda net: evf.cpo_peak_shaving(net, start_h, end_h, **options)


def bad(column, remedy, window=(11, 12), table=SHAVING, rows=(), before=with_rates, **options):
    return Bad(shaving(*window, **options), table, column, rows, remedy, before)


def days(lattices, remedy, rows=(0,), before=with_rates, **options):
    return bad("lattices", remedy, rows=rows, before=before, rule="exact", lattices=lattices, **options)


BAD_SHAVING = {
    "the density in an empty window": Bad(
        lambda net: evf.cpo_densities(net, 11, 11), "cpo_densities", "end_h", (), WINDOW, with_rates
    ),
    "the density in more than a day": Bad(
        lambda net: evf.cpo_densities(net, 0, 25), "cpo_densities", "end_h", (), WINDOW, with_rates
    ),
    "the density of an unknown site": Bad(
        lambda net: evf.cpo_densities(net, 11, 12, cpos=[3]), "cpo_densities", "cpos", (3,), "net.cpo", with_rates
    ),
    "shaving on a net without sites": bad("", "create_cpo", table="cpo", before=lambda net: None),
    "shaving by a site without rates": bad("", "set_cpo_rates", table="cpo_charging_rate", rows=(0,), before=site),
    "shaving in an empty window": bad("end_h", WINDOW, window=(11, 11)),
    "shaving for more than a day": bad("end_h", WINDOW, window=(1, 25.5)),
    "an hour as text": bad("start_h", "such as 11.5", window=("11", 12)),
    "an hour of NaN": bad("end_h", "such as 11.5", window=(11, np.nan)),
    "an unknown rule": bad("rule", "paper, exact, meanfield", rule="best"),
    "a quantile in percent": bad("quantile", "from 0 to 1", rule="exact", quantile=5),
    "a quantile of NaN": bad("quantile", "from 0 to 1", rule="exact", quantile=np.nan),
    "a quantile of the paper's rule": bad("quantile", 'rule="exact" only', quantile=0.05),
    "no days to shave on": bad("n_days", "1 or more", rule="exact", n_days=0),
    "a negative seed": bad("seed", "0 or more", rule="exact", seed=-1),
    "a shape that is not of the window": bad("shape", "one per period", table="peak_shape", shape=[1.0, 1.0]),
    "days of other outlets": days(DAYS[:, :5], "all outlets in the periods of the rates"),
    "days of other periods": days(DAYS[:, :, :48], "all outlets in the periods of the rates"),
    "one day without brackets": days(DAYS[0], "[day, outlet, period]"),
    "no day": days(DAYS[:0], "[day, outlet, period]"),
    "days of lists of different lengths": days([[1], [1, 2]], "[day, outlet, period]"),
    "days of another site": days({3: DAYS}, "for all sites"),
    "days of nobody knows which site": days(DAYS, "{cpo: lattices}", rows=(), before=two_sites),
    "days of states that are none": bad(
        "lattice", "0 (empty)", rows=tuple(range(36)), rule="exact", lattices=DAYS + np.int8(3)
    ),
    "one day across midnight": days(DAYS[:1], "give more days", window=(23, 25)),
    "plug-ins that are negative": bad("plug_ins_per_day", "above 0", plug_ins_per_day=-1),
    "plug-ins of a site that is not there": bad(
        "plug_ins_per_day", "{cpo: number}", rows=("0",), plug_ins_per_day={"0": 3}
    ),
}
