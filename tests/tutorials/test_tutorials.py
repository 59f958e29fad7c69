"""Every tutorial runs from top to bottom, and says what it claims."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TUTORIALS = Path(__file__).parents[2] / "tutorials"

#: text that the outputs must hold, so that a notebook that computes nothing fails
SAYS = {
    "a_day_in_operation.ipynb": [
        "100.00% of the flexibility planned ahead, 0 cars short, 0 limits broken",
        "EV 2 came late and leaves 7.6 kWh short", "by hand 7.6 kWh", "trafo 0: 109 % at 18:30",
        "0.2 of 5 kW granted: no more can be made up until the departures", "5.0 of 5 kW granted: as asked",
    ],
    "planning_mv.ipynb": [
        "lines whose faults overload nothing: [62]",
        "the second cable is built in year 6 with flexibility and in year 5 without",
        "30 years: annuity 1531.55 EUR, reinforcement wins: -1356 EUR a year",
        "10 years: annuity 2782.09 EUR, flexibility wins: -375 EUR a year",
    ],
    "simbench_day.ipynb": [
        "certified within", "% by runpp", "line 24 in 49 periods",
        "same energy, from arrival (57 kWh): lines up to 33 %, broken limits: none",
        "filled up, from arrival (1868 kWh): lines up to 121 %",
        "1868 kWh scheduled",
    ],
    "sessions_from_csv.ipynb": ["no schedule exists", "sessions were reduced"],
    "what_can_i_promise.ipynb": [
        "held for 4 h: 7.11 MW, 67% of single activations", "any sequence: 4.50 MW, 42% of single activations",
        "10000 days of calls: 0 cars short, 0 overfull; proved for the grid: True",
        "of what single activations promise is there", "0 cars short, 0 limits broken",
    ],
    "when_the_forecast_is_wrong.ipynb": [
        "100.0 % with all upward flexibility, in 11 hours", "19:00: 50 of 100 days break the limit",
        "promised 2.40 MW, expected of one forecast alone 2.53 MW",
        "margin 5 %: 2.37 MW, 5 of 100 days break the limit", "20 forecasts: 2.40 MW, 4 of 100 days break the limit",
    ],
    "workplace_shaving.ipynb": [
        "at 11:00 the rule promises 2.8 outlets, the cars can shave 8.0 on average",
        "at 14:00 the rule promises 3.9 outlets, the cars can shave 3.4 on average",
        "the rule for 11:00 grows by a factor of 6.1",
    ],
}


#: with the slow tests only
LONG = ("a_day_in_operation.ipynb", "planning_mv.ipynb", "simbench_day.ipynb", "what_can_i_promise.ipynb", "when_the_forecast_is_wrong.ipynb", "workplace_shaving.ipynb")


def test_every_tutorial_is_listed():
    assert {path.name for path in TUTORIALS.glob("*.ipynb")} == set(SAYS)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in SAYS])
def test_the_tutorial_runs(name):
    notebook = nbformat.read(TUTORIALS / name, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "store tutorials without outputs"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(TUTORIALS)}}).execute()
    text = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
    for said in SAYS[name]:
        assert said in text
    images = [o for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(images) >= 2
