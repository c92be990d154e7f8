"""Where the graph of one Jacobian stands in that of a product or a sum, so that it is eliminated once.

``J.T @ J`` copies the graph of J twice, once with every edge turned round. A `Region` remembers whose copy that is:
`reduced` puts the terms of J in the place of both, and J has them for whatever it is asked for next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from ..graph import LinearGraph
from ..terms import Term, transposed

__all__ = ["Region", "moved", "reduced", "turned", "whole"]

Rows = list[dict[int, list[Term]]]
"""For each output the terms by input."""


class Owner(Protocol):
    """What has a graph of its own, and eliminates it."""

    graph: LinearGraph

    @property
    def is_eliminated(self) -> bool: ...

    def rows(self, *, keep: bool) -> Rows: ...


class Region(NamedTuple):
    """The copy of somebody's graph in a larger one."""

    owner: Owner
    sources: tuple[int, ...]
    """The inputs of the owner; `inputs` and `outputs` are where they and its outputs stand in the larger graph."""
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    vertices: Sequence[int]
    """All vertices of the copy."""
    is_turned: bool = False

    def put(self, number: Callable[[int], int], is_turned: bool) -> Region:
        """The region under other numbers."""
        inputs, outputs, vertices = ([number(v) for v in part] for part in self[2:5])
        return Region(self.owner, self.sources, tuple(inputs), tuple(outputs), vertices, is_turned)


def whole(
    owner: Owner, inputs: tuple[int, ...], outputs: tuple[int, ...], joints: tuple[int, ...] = ()
) -> list[Region]:
    """The region that a graph is to itself; none where ends fall together, or what it was joined of is not known."""
    if joints or len({*inputs, *outputs}) < len(inputs) + len(outputs):
        return []
    return [Region(owner, inputs, inputs, outputs, range(len(owner.graph)))]


def moved(regions: Sequence[Region], numbers: dict[int, int]) -> list[Region]:
    """The regions of a graph in another one that it is copied into."""
    return [region.put(numbers.__getitem__, region.is_turned) for region in regions]


def turned(regions: Sequence[Region], last: int) -> list[Region]:
    """The regions of a graph in its transpose, where vertex n is `last` - n."""
    return [region.put(last.__sub__, not region.is_turned) for region in regions]


def reduced(graph: LinearGraph, regions: Sequence[Region], *, keep: bool) -> LinearGraph | None:
    """The graph with one edge for each pair of ends of the regions that are eliminated, or stand in it twice.

    None where there are none. The owners have their terms from then on where `keep`.
    """
    count = Counter([id(region.owner) for region in regions])
    known = [region for region in regions if count[id(region.owner)] > 1 or region.owner.is_eliminated]
    if not known:
        return None
    result = graph.sharing()
    for region in known:
        inside = {*region.vertices}
        for vertex in region.vertices:
            edges = result.into[vertex]
            if not inside.isdisjoint(edges):
                result.into[vertex] = {source: terms for source, terms in edges.items() if source not in inside}
    made: dict[int, Rows] = {}
    for region in known:
        if id(region.owner) not in made:
            made[id(region.owner)] = region.owner.rows(keep=keep)
        for row, output in zip(made[id(region.owner)], region.outputs, strict=True):
            for source, vertex in zip(region.sources, region.inputs, strict=True):
                _link(result, vertex, output, row[source], region.is_turned)
    return result


def _link(graph: LinearGraph, source: int, target: int, terms: Sequence[Term], is_turned: bool) -> None:
    """Add an edge, turned round where that is asked."""
    if is_turned:
        real = graph.is_real(source), graph.is_real(target)
        source, target, terms = target, source, [transposed(term, *real) for term in terms]
    for term in terms:
        graph.add_term(source, target, term)
