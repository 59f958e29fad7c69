"""HTML of one file: no script, no font, no picture from elsewhere; every text that is not ours is escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd

#: nothing may be loaded, whatever a text holds
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: 0; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
.status { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; color: white; background: #c1121f; }
.good { background: #2a7f62; } .partly { background: #b36b00; } .small { color: #555; font-size: .9rem; }
table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; } .wide { overflow-x: auto; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 2px solid #888; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; } figcaption { color: #555; font-size: .9rem; }
details { margin: .6rem 0; } summary { cursor: pointer; }
@media print { body { max-width: none; } details > * { display: block; } }
"""
#: rows of a table that are shown; the rest is counted
MOST_ROWS = 400
MOST_UNFOLDED = 40
DPI = 110


def page(title: str, parts: Iterable[str]) -> str:
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def heading(title: str, status: str, kind: str) -> str:
    """The title, and in a word how it went."""
    return f'<h1>{escape(title)}</h1>\n<p><span class="status {kind}">{escape(status)}</span></p>'


def section(title: str, *parts: str) -> str:
    """Parts below a heading, "" where all of them are empty."""
    filled = [part for part in parts if part]
    return "\n".join([f"<h2>{escape(title)}</h2>", *filled]) if filled else ""


def paragraphs(lines: Iterable[str]) -> str:
    return "\n".join(f"<p>{escape(line)}</p>" for line in lines if line)


def small(text: str) -> str:
    return f'<p class="small">{escape(text)}</p>'


def folded(summary: str, content: str) -> str:
    """Content that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"


def table(frame: pd.DataFrame, index: bool = True) -> str:
    """Rows of a frame, "" of an empty one; long ones open on a click, very long ones are cut, and say so."""
    if not len(frame):
        return ""
    shown = frame.head(MOST_ROWS)
    if index:
        shown = shown.reset_index(names=shown.index.name or "")
    numeric = [pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype) for dtype in shown.dtypes]
    classes = [' class="number"' if is_number else "" for is_number in numeric]
    heads = "".join(f"<th{c}>{escape(str(name))}</th>" for c, name in zip(classes, shown.columns, strict=True))
    rows = [
        "<tr>" + "".join(f"<td{c}>{escape(_text(v))}</td>" for c, v in zip(classes, row, strict=True)) + "</tr>"
        for row in shown.itertuples(index=False, name=None)
    ]
    cut = small(f"The first {MOST_ROWS} of {len(frame)} rows.") if len(frame) > MOST_ROWS else ""
    whole = f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>{cut}'
    return folded(f"{len(frame)} rows", whole) if len(frame) > MOST_UNFOLDED else whole


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        number = float(value)
        return "" if np.isnan(number) else f"{number:.4g}" if abs(number) < 1e4 else f"{number:,.0f}"
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value)) or "none"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, pd.Timestamp) else str(value)


def picture(drawn: Any, caption: str) -> str:
    """A figure of matplotlib, or the one of axes, within the file; it is closed."""
    from pandapower_evflex.plotting.saving import write_and_close

    data = io.BytesIO()
    write_and_close(drawn, data, DPI, format="png")
    source = base64.b64encode(data.getvalue()).decode("ascii")
    text = escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{source}"><figcaption>{text}</figcaption></figure>'


def with_plotting(draw: Callable[..., list[str]], *values: Any) -> list[str]:
    """What ``draw`` makes of the module of pictures and of the values, or why there are none."""
    try:
        from pandapower_evflex import plotting
    except ImportError as error:
        return [small(f"No pictures: {error}.")]
    return draw(plotting, *values)
