"""What is kept of the last net is what would be worked out anew, whatever was changed since."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from pandapower_evflex.tables import identity
from pandapower_evflex.tables.identity import Identity
from tests.tables.test_links import EDITS, NETS


def marks(net):
    found = Identity(net)
    tables = [found.of(table) for table in ("bus", "line", "load", "sgen")]
    return found.labels, found.places, [[part.tolist() for part in vars(table).values()] for table in tables]


def worked_out_anew(net, monkeypatch):
    with monkeypatch.context() as fresh:
        fresh.setattr(identity, "_last", ([], {}))
        return marks(net)


def cells_of_other_kinds(net):
    net.bus["name"] = net.bus["name"].astype("string").mask(net.bus.index == 2)


def with_gaps(net):
    net.load["name"] = [pd.NA if i % 2 else f"load {i}" for i in range(len(net.load))]


def longer(net):
    net.line.loc[net.line.index[1], "length_km"] += 0.001


@pytest.mark.parametrize("make", NETS)
@pytest.mark.parametrize("edit", [*EDITS, cells_of_other_kinds, with_gaps, longer], ids=lambda edit: edit.__name__)
def test_identities_follow_every_edit(make, edit, monkeypatch):
    net = NETS[make]()
    before = marks(net)
    assert before == worked_out_anew(net, monkeypatch) == marks(copy.deepcopy(net))
    edit(net)
    assert marks(net) == worked_out_anew(net, monkeypatch)


def test_an_unchanged_net_is_not_worked_out_again(monkeypatch):
    net = NETS["named"]()
    marks(net)
    monkeypatch.setattr(identity, "hashed_names", None)
    assert marks(copy.deepcopy(net))
