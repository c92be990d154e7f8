"""What of a graph lies on paths from the inputs to the output: all else is never eliminated."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import LinearGraph
from ..terms import Term

__all__ = ["Edges", "inner_vertices", "living_edges"]

Edges = dict[int, dict[int, list[Term]]]
"""``edges[target][source]`` lists the terms of that edge."""


def inner_vertices(graph: LinearGraph, inputs: Sequence[int], output: int) -> list[int]:
    """The vertices that lie on a path from an input to the output, in the order of computation."""
    ends = {*inputs, output}
    return sorted(vertex for vertex in living_edges(graph, set(inputs), output) if vertex not in ends)


def living_edges(graph: LinearGraph, inputs: set[int], output: int) -> Edges:
    """The edges on paths from the inputs to the output: ``edges[target][source]``, the last target first; no copies."""
    reached = set(inputs)
    for vertex, edges in enumerate(graph.into):
        if edges and not reached.isdisjoint(edges):
            reached.add(vertex)
    living: Edges = {}
    wanted, inner, into = {output}, reached.difference(inputs), graph.into
    for vertex in range(output, -1, -1):
        if vertex in wanted and vertex in inner:
            edges = into[vertex]
            if not reached.issuperset(edges):
                edges = {source: terms for source, terms in edges.items() if source in reached}
            living[vertex] = edges
            wanted.update(edges)
    return living
