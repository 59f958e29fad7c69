"""The net in a browser: a slider over the periods, loadings, voltages, EVs, and what binds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandapower_evflex.arrays import FloatArray, Net
from pandapower_evflex.errors import Fault, InvalidInputError
from pandapower_evflex.opf.report.one_forecast import refuse_forecasts
from pandapower_evflex.plotting.layout import coordinates, tree_layout
from pandapower_evflex.plotting.results import check_result
from pandapower_evflex.tables.kinds import check_net, choice_faults, raise_if

FUNCTION = "map"
#: from free to full
LOADING_COLOURS = [[0.0, "#2a7f62"], [0.6, "#e9c46a"], [1.0, "#c1121f"]]
WIDTH_OF_BINDING = 7.0


def map(net: Net, result: Any, scenario: str = "up") -> Any:
    """The net with a slider over the periods, as a figure of plotly (extra "map").

    Lines and transformers are coloured by loading, buses by voltage; EVs are drawn as large as they charge in that
    scenario; what binds is wide and named in the title. Places are those of `net.bus.geo`; where a bus in service has
    none, the net is drawn as a tree from its sources, and the title says so. The figure loads nothing from elsewhere:
    no tiles lie behind it.

    Parameters
    ----------
    net : pandapowerNet
    result : FlexibilityOpfResult    of this net
    scenario : "base", "up" or "down"    the schedule, or all upward or all downward flexibility activated

    Returns
    -------
    plotly.graph_objects.Figure    `figure.show()`, `figure.write_html("map.html")`

    Raises
    ------
    InvalidInputError    no net, no result, a result without a schedule or without the scenario, buses that are not
        those of the result
    ImportError          plotly is not installed
    """
    check_net(FUNCTION, net)
    check_result(FUNCTION, result)
    refuse_forecasts(FUNCTION, result)
    raise_if(choice_faults(FUNCTION, "scenario", scenario, tuple(result.vm_pu)))
    _refuse_other_net(net, result, scenario)
    go = _plotly()
    known = coordinates(net)
    has_places = result.vm_pu[scenario].columns.isin(known.index).all()
    places = known if has_places else tree_layout(net)
    made = "" if has_places else "; no coordinates in net.bus.geo: drawn as a tree"
    branches = _branches(net, result, scenario, places)
    frames = [
        go.Frame(data=_traces(go, result, scenario, places, branches, t), name=_label(result.p_mw.index[t]),
                 layout={"title": {"text": _title(result, scenario, t) + made}})
        for t in range(len(result.p_mw))
    ]  # fmt: skip
    steps = [
        {"label": frame.name, "method": "animate",
         "args": [[frame.name], {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}]}
        for frame in frames
    ]  # fmt: skip
    figure = go.Figure(data=frames[0].data, frames=frames)
    figure.update_layout(
        title={"text": frames[0].layout.title.text}, sliders=[{"steps": steps, "currentvalue": {"prefix": "period "}}],
        xaxis={"visible": False}, yaxis={"visible": False, "scaleanchor": "x" if has_places else None},
        plot_bgcolor="white", legend={"x": 0.0, "y": 1.0}, hovermode="closest",
    )  # fmt: skip
    return figure


def _plotly() -> Any:
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise ImportError('the map needs plotly: pip install "pandapower_evflex[map]"') from error
    return go


def _refuse_other_net(net: Net, result: Any, scenario: str) -> None:
    """A result without a schedule, or one whose buses are not there."""
    if not len(result.vm_pu[scenario]) or result.p_mw.isna().all(axis=None) and len(result.p_mw.columns):
        remedy = "give one with a schedule"
        raise InvalidInputError([Fault(FUNCTION, "result", (), result.status, "has no schedule to show", remedy)])
    missing = tuple(result.vm_pu[scenario].columns.difference(net["bus"].index))
    if missing:
        remedy = "give the net that was solved"
        raise InvalidInputError([Fault(FUNCTION, "net", missing, "buses of the result", "are not in net.bus", remedy)])


def _label(label: Any) -> str:
    return f"{label:%Y-%m-%d %H:%M}" if isinstance(label, pd.Timestamp) else str(label)


def _title(result: Any, scenario: str, t: int) -> str:
    """What is shown, and what binds then."""
    rows = result.binding[result.binding["period"].eq(t) & result.binding["scenario"].eq(scenario)]
    named = [f"{kind} {element}" for kind, element in rows[["element_type", "element"]].drop_duplicates().to_numpy()]
    kw = 1e3 * _power(result, scenario).iloc[t].sum()
    words = {"base": "schedule", "up": "all upward", "down": "all downward"}[scenario]
    return f"{words}: {kw:.4g} kW of charging; binding: {', '.join(named[:5]) or 'nothing'}"


def _power(result: Any, scenario: str) -> pd.DataFrame:
    sign = {"base": 0.0, "up": 1.0, "down": -1.0}[scenario]
    return result.p_mw + sign * (result.p_down_mw if scenario == "down" else result.p_up_mw)


def _branches(net: Net, result: Any, scenario: str, places: pd.DataFrame) -> list[tuple[str, FloatArray, FloatArray]]:
    """Name, loading [n_period] and ends [2, 2] of each line and transformer in service with places."""
    found = []
    for table, ends in (("line", ["from_bus", "to_bus"]), ("trafo", ["hv_bus", "lv_bus"])):
        loading = getattr(result, f"{table}_loading_percent")[scenario]
        for element in loading.columns:
            buses = net[table].loc[element, ends].tolist()
            values = loading[element].to_numpy(dtype=float)
            if np.isfinite(values).all() and set(buses) <= set(places.index):
                found.append((f"{table} {element}", values, places.loc[buses].to_numpy()))
    return found


def _traces(go: Any, result: Any, scenario: str, places: pd.DataFrame, branches: Any, t: int) -> list[Any]:
    from plotly.colors import sample_colorscale

    rows = result.binding[result.binding["period"].eq(t) & result.binding["scenario"].eq(scenario)]
    binding = {f"{kind} {element}" for kind, element in rows[["element_type", "element"]].to_numpy()}
    traces = []
    for name, loading, ends in branches:
        colour = sample_colorscale(LOADING_COLOURS, [float(np.clip(loading[t] / 100.0, 0.0, 1.0))])[0]
        middle = ends.mean(axis=0)
        line = {"color": colour, "width": WIDTH_OF_BINDING if name in binding else 2.5}
        text = f"{name}: {loading[t]:.1f} %" + (", binds" if name in binding else "")
        traces.append(
            go.Scatter(
                x=[ends[0, 0], middle[0], ends[1, 0]], y=[ends[0, 1], middle[1], ends[1, 1]], mode="lines", line=line,
                text=text, hoverinfo="text", showlegend=False,
            )
        )  # fmt: skip
    return [*traces, _buses(go, result, scenario, places, binding, t), _evs(go, result, scenario, places, t)]


def _buses(go: Any, result: Any, scenario: str, places: pd.DataFrame, binding: set[str], t: int) -> Any:
    frame = result.vm_pu[scenario]
    vm = frame.iloc[t][frame.columns.isin(places.index)].dropna()
    limits = float(np.nanmin(frame.to_numpy())), float(np.nanmax(frame.to_numpy()))
    texts = [f"bus {bus}: {v:.4f} pu{', binds' if f'bus {bus}' in binding else ''}" for bus, v in vm.items()]
    marker = {
        "color": vm.to_numpy(), "colorscale": "RdYlBu", "cmin": limits[0], "cmax": limits[1], "showscale": True,
        "size": [14 if f"bus {bus}" in binding else 8 for bus in vm.index], "colorbar": {"title": {"text": "pu"}},
        "line": {"color": "#333", "width": 0.5},
    }  # fmt: skip
    at = places.loc[vm.index]
    return go.Scatter(
        x=at["x"], y=at["y"], mode="markers", marker=marker, text=texts, hoverinfo="text", name="buses, by voltage"
    )


def _evs(go: Any, result: Any, scenario: str, places: pd.DataFrame, t: int) -> Any:
    """One ring per bus with EVs, its area as their power."""
    power = 1e3 * _power(result, scenario)
    bus = pd.Series(result.settings["ev_bus"]).reindex(power.columns)
    at_bus = power.T.groupby(bus).sum().T
    at_bus = at_bus.loc[:, at_bus.columns.isin(places.index)]
    largest = max(float(at_bus.max(axis=None)), 1e-9) if at_bus.size else 1.0
    now = at_bus.iloc[t]
    size = [10.0 + 25.0 * float(np.sqrt(max(kw, 0.0) / largest)) if kw > 1e-6 else 0.0 for kw in now]
    plugged = {b: int(result.e_mwh.iloc[t][bus.index[bus == b]].notna().sum()) for b in now.index}
    texts = [f"bus {b}: {kw:.2f} kW, {plugged[b]} EVs plugged in" for b, kw in now.items()]
    marker = {"size": size, "color": "rgba(123,63,160,0.25)", "line": {"color": "#7b3fa0", "width": 1.5}}
    place = places.loc[now.index]
    return go.Scatter(
        x=place["x"], y=place["y"], mode="markers", marker=marker, text=texts, hoverinfo="text", name="EVs, by power"
    )
