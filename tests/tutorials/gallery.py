"""Writes docs/gallery.md and its pictures: `python -m tests.tutorials.gallery`, after a change of what a plot draws.

Most pictures are those of the stored notebooks; the others are drawn here, of the suburb.
"""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat

import pandapower_evflex as evf
from tests.tutorials.run import PNG, TUTORIALS, smaller

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PICTURES = DOCS / "gallery.md", DOCS / "images" / "gallery"

SUBURB = """net, profiles = evf.networks.suburban_lv(seed=0)
result = evf.run_flexibility_opf(net, profiles, progress=False)
same = evf.uncontrolled_charging(net, profiles, energy=result)"""

#: heading -> {function: lines that draw the suburb, or the notebook that shows it}
GALLERY: dict[str, dict[str, str]] = {
    "A day of flexibility": {
        "plot_flexibility": "first_steps",
        "plot_charging_power": "simbench_day",
        "plot_min_voltage": "first_steps",
        "plot_trafo_loading": "evf.plotting.plot_trafo_loading(result, uncontrolled=same)",
        "plot_heat_map": "evf.plotting.plot_heat_map(result)",
        "plot_voltage_profile": "evf.plotting.plot_voltage_profile(net, result, 62, uncontrolled=same)",
    },
    "Cars": {
        "plot_ev": "first_steps",
        "plot_energies": "evf.plotting.plot_energies(result, uncontrolled=same)",
        "plot_sessions": "evf.plotting.plot_sessions(net, start_hour=12.0)",
    },
    "Promises, and a day in operation": {
        "plot_durations": "what_can_i_promise",
        "plot_band": "what_can_i_promise",
        "plot_activation": "a_day_in_operation",
        "plot_rolling_day": "a_day_in_operation",
    },
    "Net and inputs": {
        "plot_net": "evf.plotting.plot_net(net)",
        "plot_pv_profile": "evf.plotting.plot_pv_profile(net, profiles)",
        "plot_cos_phi_p": "evf.plotting.plot_cos_phi_p(net)",
    },
    "Charging sites": {
        "plot_cpo_rates": "workplace_shaving",
        "plot_lattice": "workplace_shaving",
        "plot_peak": "workplace_shaving",
        "plot_peak_shave": "workplace_shaving",
        "plot_shaving_over_day": "workplace_shaving",
    },
    "Planning": {
        "plot_normal_state": "planning_mv",
        "plot_post_fault": "planning_mv",
        "plot_energy_not_served": "planning_mv",
        "plot_plan_costs": "planning_mv",
        "plot_horizon": "planning_mv",
    },
    "Many nets": {"plot_adoption": "which_nets_first", "plot_ranking": "which_nets_first"},
}
HEAD = f"""# Gallery

What `evf.plotting` draws ([all arguments](api/plotting.md)). Every function takes `ax=`, or `axes=` where it
draws several; `evf.plotting.save(ax, "day.pdf")` writes PNG at 300 dpi, PDF or SVG, and
`evf.plotting.map(net, result)` is the net in a browser with a slider over the periods. Lines below a link to
a tutorial are those of the tutorial; the others go on from

```python
{SUBURB}
```
"""


def of_notebook(function: str, notebook: str) -> tuple[str, bytes]:
    """The lines that call a function and the picture that they leave, of a stored notebook."""
    for cell in nbformat.read(TUTORIALS / f"{notebook}.ipynb", as_version=4).cells:
        pictures = [out.data[PNG] for out in cell.get("outputs", []) if PNG in out.get("data", {})]
        if f"plotting.{function}(" in cell.source and pictures:
            lines = [line.strip().rstrip(";") for line in cell.source.splitlines() if f".{function}(" in line]
            return lines[0], base64.b64decode(pictures[0])
    raise LookupError(f"{notebook} draws no {function}")


def drawn(lines: str, names: dict[str, Any]) -> bytes:
    exec(lines, names)
    stored = io.BytesIO()
    plt.gcf().savefig(stored, format="png", bbox_inches="tight")
    plt.close("all")
    return base64.b64decode(smaller(base64.b64encode(stored.getvalue()).decode()))


def main() -> None:
    mpl.use("Agg")
    mpl.rcParams["figure.dpi"] = mpl.rcParams["savefig.dpi"] = 70
    names: dict[str, Any] = {"evf": evf}
    exec(SUBURB, names)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = [HEAD]
    for heading, functions in GALLERY.items():
        page.append(f"## {heading}\n")
        for function, source in functions.items():
            is_notebook = re.fullmatch(r"\w+", source)
            lines, picture = of_notebook(function, source) if is_notebook else (source, drawn(source, names))
            (PICTURES / f"{function}.png").write_bytes(picture)
            page.append(entry(function, lines, source if is_notebook else ""))
    PAGE.write_text("\n".join(page), encoding="utf-8")


def entry(function: str, lines: str, notebook: str) -> str:
    """Heading, lines and picture of one function."""
    link = f"[In its tutorial](../tutorials/{notebook}.ipynb):\n\n" if notebook else ""
    return f"### {function}\n\n{link}```python\n{lines}\n```\n\n![{function}](images/gallery/{function}.png)\n"


if __name__ == "__main__":
    main()
