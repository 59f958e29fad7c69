"""A report is one file that loads nothing, shows every name as text, and tells the numbers of its result."""

from __future__ import annotations

import copy
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pandapower as pp
import pandas as pd
import pytest

import pandapower_evflex as evf
from pandapower_evflex.case.provenance import net_sha256
from tests.validation import garbage

VOID = {"meta", "img", "br"}
SPITEFUL = '<b>"Tom" & \'Ann\'</b><script src="https://example.org/x.js"></script>'


class _Page(HTMLParser):
    """Checks that tags close in their order, and keeps what is loaded and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loaded, self.seen, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.loaded += [value for name, value in attributes if name in ("src", "href", "data", "srcset", "style")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(self.texts)


def _page(result, tmp_path, **options):
    path = tmp_path / "report.html"
    evf.report(result, path, **options)
    return _Page(path.read_text(encoding="utf-8"))


def test_a_report_loads_nothing_and_tells_the_numbers(tmp_path):
    net = garbage._fresh()
    net.trafo["max_loading_percent"] = 7.0
    result = evf.run_flexibility_opf(net, n_periods=4, progress=False)
    page = _page(result, tmp_path)
    assert page.loaded and all(value.startswith("data:image/png;base64,") for value in page.loaded)
    assert not {"script", "link", "iframe", "object", "base"} & set(page.seen)
    up = 1e3 * result.total("p_up_mw")
    assert f"with {up.max():.4g} kW" in page.text and f"In {(up > 0).sum()} periods" in page.text
    assert result.status in page.text and "The grid limits it at trafo 0" in page.text
    for heading in ("In short", "Pictures", "What limits the flexibility", "What can be made up", "Sessions"):
        assert heading in page.text


def test_provenance_names_net_versions_and_options(tmp_path):
    _, result = garbage._solved()
    page = _page(result, tmp_path)
    assert result.provenance["net_sha256"] in page.text and len(result.provenance["net_sha256"]) == 64
    assert {evf.__version__, pp.__version__} <= set(page.texts) and "tie_break" in page.text


def test_the_fingerprint_is_that_of_the_net_before_and_after_a_run_and_in_json():
    net = garbage._fresh()
    before = net_sha256(net)
    result = evf.run_flexibility_opf(net, n_periods=4, progress=False)
    read = pp.from_json_string(pp.to_json(net))
    assert before == net_sha256(net) == net_sha256(read) == result.provenance["net_sha256"]
    for table, column in (("load", "p_mw"), ("ev", "max_p_mw"), ("line", "length_km"), ("bus", "vn_kv")):
        other = copy.deepcopy(net)
        other[table].loc[other[table].index[0], column] *= 1.001
        assert net_sha256(other) != before, table


def test_names_are_shown_as_text(tmp_path):
    _, result = garbage._solved()
    spiteful = replace(result, message=SPITEFUL, provenance={**result.provenance, "net": SPITEFUL})
    page = _page(spiteful, tmp_path)
    assert SPITEFUL in page.text and "script" not in page.seen and "b" not in page.seen


def test_a_study_is_told_with_its_sites(tmp_path):
    study = garbage._study()
    named = replace(study, sites=study.sites.assign(name=SPITEFUL))
    page = _page(named, tmp_path)
    assert SPITEFUL in page.text and "script" not in page.seen
    assert f"plan {study.best} is the cheapest" in page.text
    assert study.provenance["net_sha256"] == net_sha256(garbage._fresh()) and "voll_eur_per_mwh" in page.text
    assert all(value.startswith("data:") for value in page.loaded)


def test_charging_without_a_schedule_is_told_beside_it(tmp_path):
    net, result = garbage._solved()
    without = evf.uncontrolled_charging(net, n_periods=4, energy=result)
    assert f"Without a schedule: {without}." in _page(result, tmp_path, uncontrolled=without).text
    with pytest.raises(evf.InvalidInputError, match="uncontrolled.*3 periods"):
        evf.report(result, tmp_path / "a.html", uncontrolled=evf.uncontrolled_charging(net, n_periods=3))
    with pytest.raises(evf.InvalidInputError, match="report.uncontrolled"):
        evf.report(garbage._study(), tmp_path / "a.html", uncontrolled=without)


def test_a_report_of_years_tells_when_what_is_built(tmp_path):
    horizon = garbage._horizon()
    page = _page(horizon, tmp_path)
    saved = f"{horizon.present_value_eur['with_flexibility']:,.0f} EUR"
    assert saved in page.text and "candidate 0: never built" in page.text
    assert "img" in page.seen and horizon.studies[0].provenance["net_sha256"] in page.text


def test_what_flexibility_puts_off_is_told_candidate_by_candidate():
    horizon = garbage._horizon()
    years = pd.DataFrame({"with_flexibility": [3, None, 1, None], "without_flexibility": [1, 2, 1, None]}, dtype=object)
    told = str(replace(horizon, build_years=years, years_deferred=pd.Series([2.0, 2.0, 0.0, float("nan")])))
    assert told.split("\n")[2:] == [
        "candidate 0: built in year 1, with flexibility built in year 3 (+2 years)",
        "candidate 1: built in year 2, with flexibility never built (+2 years)",
        "candidate 2: built in year 1, with flexibility too",
        "candidate 3: never built, with flexibility too",
    ]
    assert len(repr(horizon)) < 100


def test_without_a_schedule_the_report_tells_why(tmp_path):
    result = evf.run_flexibility_opf(
        garbage._fresh(), n_periods=4, min_vm_pu=1.05, raise_on_failure=False, progress=False
    )
    page = _page(result, tmp_path)
    assert "There is no schedule." in page.text and "undervoltage" in page.text and "img" not in page.seen


def test_several_forecasts_have_a_report(tmp_path):
    net = garbage._fresh()
    low, high = ({("load", "p_mw"): pd.DataFrame({0: [p_mw] * 4})} for p_mw in (0.002, 0.004))
    days = {SPITEFUL: (0.5, low), "b": (0.5, high)}
    result = evf.run_flexibility_opf(net, forecasts=days, period_h=0.25, progress=False)
    page = _page(result, tmp_path)
    assert SPITEFUL in page.text and "in_forecast(name)" in page.text and "script" not in page.seen


def test_without_matplotlib_the_report_has_no_pictures(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("matplotlib", "pandapower_evflex.plotting"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delattr("pandapower_evflex.plotting", raising=False)
    page = _page(garbage._solved()[1], tmp_path)
    assert "img" not in page.seen and "No pictures" in page.text


@pytest.mark.parametrize("path", ["report.txt", "", 5, None, "none/report.html", "folder.html"])
def test_what_is_no_path_of_an_html_file_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(evf.InvalidInputError, match=re.escape("report.path")):
        evf.report(garbage._solved()[1], path)
    assert [one.name for one in tmp_path.iterdir()] == ["folder.html"]


def test_what_is_no_result_is_refused(tmp_path):
    with pytest.raises(evf.InvalidInputError, match="neither a result nor a study"):
        evf.report(garbage._fresh(), tmp_path / "a.html")
