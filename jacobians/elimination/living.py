"""What of a graph lies on paths from the inputs to the output: all else is never eliminated."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import LinearGraph
from ..terms import Term

__all__ = ["Edges", "OwnEdges", "inner_vertices", "living_edges"]

Edges = dict[int, dict[int, list[Term]]]
"""``edges[target][source]`` lists the terms of that edge."""


class OwnEdges:
    """The edges of a graph, for an elimination that changes them: those into a vertex are copied when it gets there."""

    __slots__ = ("_into", "_living")

    def __init__(self, living: Edges) -> None:
        self._living = living
        self._into: Edges = {}

    def of(self, target: int) -> dict[int, list[Term]]:
        """The edges into a vertex, in a dict and lists of their own."""
        edges = self._into.get(target)
        if edges is None:
            edges = {source: list(terms) for source, terms in self._living.pop(target, {}).items()}
            self._into[target] = edges
        return edges

    def taken(self, target: int) -> dict[int, list[Term]]:
        """The same, which nobody has any more."""
        edges = self.of(target)
        del self._into[target]
        return edges

    def left(self, targets: Sequence[int]) -> list[int]:
        """Those of some vertices that have not been taken, in order."""
        return sorted([target for target in targets if target in self._into or target in self._living])

    def all(self) -> list[tuple[int, dict[int, list[Term]]]]:
        """All edges that are left, by their vertices."""
        return [(target, self.of(target)) for target in sorted([*self._living, *self._into], reverse=True)]

    def targets(self) -> dict[int, list[int]]:
        """For each vertex those that its edges lead to; nobody tells it which of them are taken later (see `left`)."""
        found: dict[int, list[int]] = {}
        for target, edges in self._living.items():
            for source in edges:
                if source in found:
                    found[source].append(target)
                else:
                    found[source] = [target]
        return found


def inner_vertices(graph: LinearGraph, inputs: Sequence[int], output: int) -> list[int]:
    """The vertices that lie on a path from an input to the output, in the order of computation."""
    return [vertex for vertex in living_edges(graph, set(inputs), output) if vertex != output][::-1]


def living_edges(graph: LinearGraph, inputs: set[int], output: int) -> Edges:
    """The edges on paths from the inputs to the output: ``edges[target][source]``, the last target first; no copies."""
    into = graph.into
    reached = _reached(into, inputs)
    living: Edges = {}
    wanted = bytearray(len(into))  # a set of as many numbers takes more memory than the graph's own lists
    wanted[output] = 1
    for vertex in range(output, -1, -1):
        if wanted[vertex] and vertex not in inputs and (reached is None or vertex in reached):
            edges = into[vertex]
            if reached is not None and not reached.issuperset(edges):
                edges = {source: terms for source, terms in edges.items() if source in reached}
            living[vertex] = edges
            for source in edges:
                wanted[source] = 1
    return living


def _reached(into: Sequence[dict[int, list[Term]]], inputs: set[int]) -> set[int] | None:
    """The vertices to which a path leads from an input; None for all, the usual case."""
    if all([edges or vertex in inputs for vertex, edges in enumerate(into)]):
        return None
    reached = set(inputs)
    for vertex, edges in enumerate(into):
        if edges and not reached.isdisjoint(edges):
            reached.add(vertex)
    return reached
