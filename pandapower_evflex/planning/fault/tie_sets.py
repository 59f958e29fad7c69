"""Sets of ties that bring islands back: trees from what is supplied, with a limit to the ties in a row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import networkx as nx

from pandapower_evflex.planning.fault.isolation import SOURCE, Tie

#: most sets compared for one fault; beyond it every island keeps its shortest ways only
MOST_SETS = 512


@dataclass(frozen=True)
class TieSets:
    """Sets of ties to choose from.

    Parameters
    ----------
    sets : list of tuples of labels    radial, none first
    are_all : bool                     whether none was left out
    """

    sets: list[tuple[Any, ...]]
    are_all: bool


def tie_sets(ties: Iterable[Tie], wanted: Collection[int], max_ties: int) -> TieSets:
    """Radial sets in which no wanted island has more than ``max_ties`` between it and what is supplied.

    Parameters
    ----------
    ties : switches between islands; those that end nowhere wanted may be parts of a way
    wanted : islands that shall come back
    """
    between = _graph(ties)
    ways = [[(), *_ways(between, island, set(wanted), max_ties)] for island in sorted(wanted)]
    are_all = True
    while prod(len(own) for own in ways) > MOST_SETS:
        longest = max(ways, key=len)
        longest.pop()
        are_all = False
    unions = {tuple(sorted({tie for way in chosen for tie in way})) for chosen in product(*ways)}
    at = {tie[0]: tie for tie in ties}
    sets = [chosen for chosen in unions if is_radial([at[label] for label in chosen], wanted, max_ties)]
    return TieSets(sorted(sets, key=lambda chosen: (len(chosen), chosen)), are_all)


def is_radial(chosen: Collection[Tie], wanted: Collection[int], max_ties: int) -> bool:
    """Whether these ties close no loop, hang on a source, end where somebody waits, and are few enough in a row."""
    tree = _graph(chosen)
    if not nx.is_tree(tree):
        return False  # not all hang on a source, or there are two ways
    if any(degree == 1 and island != SOURCE and island not in wanted for island, degree in tree.degree):
        return False
    steps = nx.single_source_shortest_path_length(tree, SOURCE)
    return all(steps[island] <= max_ties for island in tree if island in wanted)


def ties_needed(ties: Iterable[Tie], island: int) -> float:
    """Fewest ties in a row that bring an island back; inf where there is no way."""
    between = _graph(ties)
    if island not in between:
        return float("inf")
    return float(nx.single_source_shortest_path_length(between, SOURCE).get(island, float("inf")))


def _graph(ties: Iterable[Tie]) -> nx.MultiGraph:
    graph = nx.MultiGraph()
    graph.add_node(SOURCE)
    graph.add_edges_from((u, v, switch) for switch, u, v in ties)
    return graph


def _ways(between: nx.MultiGraph, island: int, wanted: set[int], max_ties: int) -> list[tuple[Any, ...]]:
    """Ways from an island to what is supplied or to another wanted island, the shortest first."""
    return sorted(_go_on(between, (island,), (), wanted, max_ties), key=lambda way: (len(way), way))


def _go_on(
    between: nx.MultiGraph, path: tuple[int, ...], way: tuple[Any, ...], wanted: set[int], max_ties: int
) -> Iterator[tuple[Any, ...]]:
    if len(way) == max_ties or path[-1] not in between:
        return
    for _, other, switch in between.edges(path[-1], keys=True):
        if other in path:
            continue
        if other == SOURCE or other in wanted:
            yield (*way, switch)
        else:
            yield from _go_on(between, (*path, other), (*way, switch), wanted, max_ties)
