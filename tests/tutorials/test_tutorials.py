"""Every tutorial is stored as it runs from top to bottom, and says what it claims."""

from __future__ import annotations

import nbformat
import pytest

from tests.tutorials.run import (
    CODE,
    MAX_BYTES,
    METADATA,
    OF_A_MACHINE,
    ROOT,
    TUTORIALS,
    code_hash,
    executed,
    n_images,
    texts,
)

#: text that the outputs must hold, so that a notebook that computes nothing fails
SAYS = {
    "a_day_in_operation.ipynb": [
        "100.00% of the flexibility planned ahead, 0 cars short, 0 limits broken",
        "EV 2 came late and leaves 7.6 kWh short",
        "by hand 7.6 kWh",
        "trafo 0: 109 % at 18:30",
        "0.2 of 5 kW granted: no more can be made up until the departures",
        "5.0 of 5 kW granted: as asked",
    ],
    "all_simbench_lv_nets.ipynb": ["48 net-days", "81 % of the net-days were answered without a solver", "semiurb5"],
    "kinds_of_elements.ipynb": [
        "the battery adds 76% of what it offers alone",
        "at noon, upward: ev 0 kW",
        "a battery of 27 kW is worth ten cars of 95 kW",
        "downward the smallest of 5 kW is worth more already",
    ],
    "planning_mv.ipynb": [
        "lines whose faults overload nothing: [62]",
        "the second cable is built in year 6 with flexibility and in year 5 without",
        "30 years: annuity 1531.55 EUR, reinforcement wins: -1356 EUR a year",
        "10 years: annuity 2782.09 EUR, flexibility wins: -375 EUR a year",
    ],
    "simbench_day.ipynb": [
        "certified within",
        "% by runpp",
        "line 24 in 49 periods",
        "same energy, from arrival (57 kWh): lines up to 33 %, broken limits: none",
        "filled up, from arrival (1868 kWh): lines up to 121 %",
        "1868 kWh scheduled",
    ],
    "sessions_from_csv.ipynb": ["no schedule exists", "sessions were reduced"],
    "what_can_i_promise.ipynb": [
        "held for 4 h: 7.11 MW, 67% of single activations",
        "any sequence: 4.50 MW, 42% of single activations",
        "10000 days of calls: 0 cars short, 0 overfull; proved for the grid: True",
        "of what single activations promise is there",
        "0 cars short, 0 limits broken",
    ],
    "when_the_forecast_is_wrong.ipynb": [
        "100.0 % with all upward flexibility, in 11 hours",
        "19:00: 50 of 100 days break the limit",
        "promised 2.40 MW, expected of one forecast alone 2.53 MW",
        "margin 5 %: 2.37 MW, 5 of 100 days break the limit",
        "20 forecasts: 2.40 MW, 4 of 100 days break the limit",
    ],
    "which_nets_first.ipynb": [
        "15 studies: 0 were there, 15 computed",
        "45 studies: 15 were there, 30 computed",
        "38 % of 45 net-days were answered without a solver",
        "uncontrolled: EVs in 38.5 % of 13 households",
        "scheduled: EVs in 100 % of 13 households",
        "scheduling is worth 15 years of growth",
    ],
    "workplace_shaving.ipynb": [
        "at 11:00 the rule promises 2.8 outlets, the cars can shave 8.0 on average",
        "at 14:00 the rule promises 3.9 outlets, the cars can shave 3.4 on average",
        "the rule for 11:00 grows by a factor of 6.1",
    ],
    "first_steps.ipynb": [
        "optimal: certified within",
        "bus 14",
        "lowest voltage by runpp 0.9300 pu at bus 14",
        "same energy, from arrival (50 kWh): lowest voltage 0.9221 pu",
    ],
    "own_net_from_csv.ipynb": [
        "11 is above 10 MW; give the charging power in MW (11 kW is 0.011)",
        "are the values in kW?",
        "0.4 looks like a fraction",
        "optimal: certified within",
    ],
    "profiles_and_time_zones.ipynb": [
        "do not tell how long a period is",
        "may be the ends of periods",
        "give dayfirst=True or dayfirst=False",
        "spring: 92 quarter hours, plugged in for 12 hours",
        "autumn: 100 quarter hours, plugged in for 14 hours",
        "across daylight saving use a time zone",
    ],
    "reading_the_result.ipynb": [
        "of at most 2.895 MW: 88%",
        "one kVA more: by the shadow prices 9.81 kW more flexibility",
        "hours that charging can wait: median",
        "'n_ev_periods': 303",
    ],
    "when_it_does_not_solve.ipynb": [
        "reaches 27.90 of 47.20 kWh at full power, 19.30 short",
        "has no whole period plugged in",
        "overfills the battery",
        "no room for the energy behind line 0",
        "undervoltage of bus 2 in scenario",
        "no power flow solution without EVs",
        "are the values in kW?",
        "charging cures 3 limits",
    ],
}

#: quick enough to be executed with the tests that run by default
QUICK = ("sessions_from_csv.ipynb",)


def test_every_tutorial_is_listed():
    page = (ROOT / "docs" / "tutorials.md").read_text(encoding="utf-8")
    assert {path.name for path in TUTORIALS.glob("*.ipynb")} == set(SAYS)
    assert [name for name in SAYS if f"](../tutorials/{name}): " not in page] == []


@pytest.mark.parametrize("name", SAYS)
def test_the_tutorial_is_stored_as_it_was_executed(name):
    path = TUTORIALS / name
    notebook = nbformat.read(path, as_version=4)
    run_again = f"python -m tests.tutorials.run {name}"
    assert notebook.metadata == {**METADATA, CODE: code_hash(notebook)}, run_again
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), run_again
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs), run_again
    assert path.stat().st_size < MAX_BYTES
    assert not OF_A_MACHINE.findall(texts(notebook))
    says_what_it_claims(name, notebook)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SAYS]
)
def test_the_tutorial_runs(name):
    says_what_it_claims(name, executed(name))


def says_what_it_claims(name, notebook):
    said = texts(notebook)
    assert [claim for claim in SAYS[name] if claim not in said] == []
    assert n_images(notebook) >= 2
