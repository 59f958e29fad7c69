"""Reads the acceptance cases in tests/cases/opf, solved by an independent implementation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd

import pandapower_evflex as evf

CASES = Path(__file__).parents[1] / "cases" / "opf"


def read_case(name):
    """Net with EVs and sessions, profiles, keyword arguments of the run, and what is expected of it."""
    folder = CASES / name
    net = pp.from_json(str(folder / "net.json"))
    params = json.loads((folder / "params.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    profiles = {}
    for table in ("load", "sgen"):
        for short, column in (("p", "p_mw"), ("q", "q_mvar")):
            path = folder / f"{table}_{short}.csv"
            if path.exists():
                frame = pd.read_csv(path)
                profiles[(table, column)] = frame.set_axis(frame.columns.astype(int), axis=1)
    add_evs(net, pd.read_csv(folder / "evs.csv"), params)
    return net, profiles, run_arguments(net, params), expected


def add_evs(net, sessions, params):
    """One EV per car ("twice#1" and "twice#2" are two sessions of one car)."""
    ev_of_car = {}
    for row in sessions.itertuples():
        car = row.name.split("#")[0]
        if car not in ev_of_car:
            ev_of_car[car] = evf.create_ev(
                net,
                row.bus,
                name=car,
                max_p_mw=row.p_max_kw / 1e3,
                max_e_mwh=row.e_max_kwh / 1e3,
                min_e_mwh=row.e_low_kwh / 1e3,
                min_p_mw=row.p_min_kw / 1e3,
                cos_phi=row.cos_phi,
                efficiency_percent=100 * row.eta,
                consumption_kwh_per_km=row.kwh_per_km,
            )
        goes_round = row.t_dep <= row.t_arr
        evf.create_ev_session(
            net,
            ev_of_car[car],
            row.t_arr * params["dt_h"],
            (row.t_dep + params["T"] * goes_round) * params["dt_h"],
            e_arrival_mwh=row.e_arr_kwh / 1e3,
            trip_km=row.trip_km,
            name=row.name,
        )


def run_arguments(net, params):
    for bound in ("min", "max"):
        if params[f"vm_{bound}"] is not None:
            net.bus[f"{bound}_vm_pu"] = params[f"vm_{bound}"]
    weights = {d: np.asarray(params[f"c_{short}"], dtype=float) for d, short in (("up", "up"), ("down", "dn"))}
    return {
        "n_periods": params["T"],
        "period_h": params["dt_h"],
        "cyclic": params.get("cyclic", False),
        "scenarios": params["scenarios"],
        "weights": weights,
        "q_follows_flexibility": params["q_follows_flex"],
        "max_line_loading_percent": params["max_line_loading"],
        "max_trafo_loading_percent": params["max_trafo_loading"],
        "tie_break": None,
    }
