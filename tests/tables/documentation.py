"""The pages of the documentation that follow from the code. `python -m tests.tables.documentation` writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandapower_evflex as evf
from pandapower_evflex.errors import Fault
from pandapower_evflex.planning.outage_columns import SCHEMAS as PLANNING
from pandapower_evflex.tables.checks import TABLES
from pandapower_evflex.tables.offering import OFFERING
from tests.tables.bad import Bad, good_net
from tests.tables.bad_inputs import SECTIONS

DOCS = Path(__file__).parents[2] / "docs"

TABLES_HEAD = """# The tables

Tables hang on the pandapower net; the first row adds one. They survive `deepcopy`, JSON, pickle, Excel and SQLite.
Keyword arguments that the create functions do not know become further columns. Units are in the names.
"optional column": it appears when first given.

In Excel, text stays text: a name that begins with "=" does not become a formula, and a URL does not become a link. This
and the floats of frames whose columns are labels (rates, series of a run) in JSON are looked after by the frames that
our functions put on a net (`StoredFrame`, a DataFrame). A frame that you put there yourself, or that was read from a
file, is an ordinary one until a function of ours writes it again. Texts that Excel readers take for missing ("NA",
"None", "null", "") come back as missing, and `to_excel` leaves tables without rows out unless
`include_empty_tables=True`.

pandapower's own toolbox does not know these tables: `pandapower.toolbox.reindex_buses`, `drop_buses` and the like leave
`net.ev.bus` behind. `evf.toolbox` has the same functions with the same arguments; they carry our tables, rates and
results along: `select_subnet`, `merge_nets`, `drop_buses`, `drop_elements_at_buses`, `fuse_buses`, `reindex_buses`,
`reindex_elements`, `create_continuous_bus_index`, `create_continuous_elements_index`, `nets_equal`,
`get_connected_elements`. Every run checks the tables as they stand and names what no longer fits.

Each row remembers in `linked_to` its own label, the labels that it points to, and by what their bearers are known: the
name of the bus, the names and labels of the elements that meet there. Where another function has changed labels, and
what was meant is found under another one, a run refuses the link and names both. A link that you edit is yours; rows
that remember nothing (from version 0.1.0, or added by `pd.concat`) are logged once for each net and not checked; a run
lets all rows remember the net as it is then. What fits two buses is not evidence: twins without names, at ends of the
net that look alike.

Names that are handed on from bus to bus, by themselves, are not a renumbering. If the net also grows or shrinks before
the next run, they are refused as one where the elements at these buses hand their names on too, or have none: nothing
that is remembered tells the two apart. If the links are right as they are, drop the column (`del net.ev["linked_to"]`,
in every table that the error names) and run again: the run remembers the net as it is now. A run between the two
changes avoids it.

`net["evflex_format_version"]` is the version of these tables; a net that a newer version has written is refused.
"""

RATES_PART = """## net.cpo_charging_rate, net.cpo_occupancy_rate

A day of rates of the sites, written by `set_cpo_rates`: one row per period from 00:00 local, one column per index of
net.cpo. Values are shares of the outlets: 0 <= charging <= occupancy <= 1. The period is 24 h divided by the number of
rows, a whole number of minutes, the same for all sites of a net.
"""

BAD_INPUT_HEAD = """# What is refused

Every call checks its input before anything is solved and before anything on the net is changed. One
`InvalidInputError` names all faults: table, column, rows, value and remedy. `error.faults` holds them as objects.
"""


def tables_page() -> str:
    parts = [TABLES_HEAD]
    for schema in (*TABLES.values(), *OFFERING.values(), *PLANNING):
        parts.append(f"## net.{schema.name}\n\n{schema.description}\n\n{schema.markdown()}\n")
    return "\n".join([*parts, RATES_PART])


def bad_input_page(line: Callable[[str, Bad], str]) -> str:
    parts = [BAD_INPUT_HEAD]
    for heading, cases in SECTIONS.items():
        lines = ["| what is wrong | table | column | the error says |", "| --- | --- | --- | --- |"]
        lines += [line(what, bad) for what, bad in cases.items()]
        parts.append(f"## {heading}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def refused_line(what: str, bad: Bad) -> str:
    net = good_net()
    bad.before(net)
    try:
        bad.call(net)
    except evf.InvalidInputError as error:
        return bad_input_line(what, bad, error.faults[0])
    raise AssertionError(f"accepted: {what}")


def bad_input_line(what: str, bad: Bad, fault: Fault) -> str:
    column = f"`{bad.column}`" if bad.column else ""
    says = f"{fault.value!s} {fault.problem}; {fault.remedy}".replace("|", "\\|")
    return f"| {what} | `{bad.table}` | {column} | {says} |"


if __name__ == "__main__":
    for name, page in {"tables.md": tables_page(), "bad_input.md": bad_input_page(refused_line)}.items():
        (DOCS / name).write_text(page, encoding="utf-8")
