"""Vertex elimination: join each pair of edges through a vertex, merge, and forget the vertex.

When all inner vertices are gone, one edge is left from each input to the output. Reverse mode and forward mode are
orders; a vector-Jacobian product is the same elimination with a cotangent joined to the output, a Jacobian-vector
product with a tangent joined to the input (A. Griewank, A. Walther, "Evaluating Derivatives", 2008, chapters 9 and 10).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..chain import chain
from ..graph import LinearGraph
from ..labels import axes_of
from ..terms import Term
from .merge import merge
from .recipes import join

__all__ = ["eliminate", "inner_vertices", "push"]

Edges = dict[int, dict[int, list[Term]]]

TANGENT = -1
"""The vertex that a tangent comes from; the vertex that a cotangent leads to is the one after the last."""


def eliminate(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    order: Sequence[int],
    joints: Collection[int] = (),
) -> dict[int, list[Term]]:
    """The terms of the Jacobian of the output in each input.

    Parameters
    ----------
    graph : LinearGraph
    inputs : sequence of int
    output : int
    order : sequence of int
        The inner vertices in the order of elimination; see `inner_vertices`.
    joints : collection of int
        Vertices at which terms are only chained, so that a product stays factored.

    Returns
    -------
    dict of int to list of Term
        By input vertex; an empty list where the output does not depend on it.
    """
    into = _living(graph, set(inputs), output)
    _run(into, order, joints, graph)
    result = {}
    for vertex in inputs:
        if vertex == output:
            axes = axes_of(graph.shapes[output])
            result[vertex] = [Term(axes, axes)]
        else:
            terms = into.get(output, {}).get(vertex, [])
            result[vertex] = merge(terms, graph.dtypes[output], densify=not joints)
    return result


def push(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    *,
    tangents: dict[int, list[Term]] | None = None,
    cotangent: list[Term] | None = None,
) -> dict[int, list[Term]]:
    """The terms of the products with a tangent in each input, or with a cotangent of the output.

    With `tangents` (by input vertex) the result has one entry, under `TANGENT`; with `cotangent` one per input.
    """
    into = _living(graph, set(inputs), output)
    if tangents is not None:
        order = sorted({*into, *tangents} - {output})
        for vertex, terms in tangents.items():
            into.setdefault(vertex, {})[TANGENT] = list(terms)
        _run(into, order, (), graph)
        return {TANGENT: merge(into.get(output, {}).get(TANGENT, []), graph.dtypes[output])}
    last, order = len(graph), list(into)
    into[last] = {output: list(cotangent or [])}
    _run(into, order, (), graph)
    return {vertex: merge(into[last].get(vertex, []), graph.dtypes[vertex]) for vertex in inputs}


def inner_vertices(graph: LinearGraph, inputs: Sequence[int], output: int) -> list[int]:
    """The vertices that lie on a path from an input to the output, in the order of computation."""
    ends = {*inputs, output}
    return sorted(vertex for vertex in _living(graph, set(inputs), output) if vertex not in ends)


def _living(graph: LinearGraph, inputs: set[int], output: int) -> Edges:
    """The edges on paths from the inputs to the output: ``edges[target][source]``, the last target first."""
    reached = set(inputs)
    for vertex, edges in enumerate(graph.into):
        if edges and not reached.isdisjoint(edges):
            reached.add(vertex)
    living: Edges = {}
    wanted = {output}
    for vertex in range(output, -1, -1):
        if vertex in wanted and vertex in reached and vertex not in inputs:
            edges = {source: list(terms) for source, terms in graph.into[vertex].items() if source in reached}
            living[vertex] = edges
            wanted.update(edges)
    return living


def _run(into: Edges, order: Sequence[int], joints: Collection[int], graph: LinearGraph) -> None:
    """Eliminate vertices one after the other, in place."""
    out_of: dict[int, set[int]] = {}
    for target, edges in into.items():
        for source in edges:
            out_of.setdefault(source, set()).add(target)
    factored = False
    for vertex in order:
        if vertex in joints and not factored:
            _merge_all(into, graph)
            factored = True
        joining = chain if vertex in joints else join
        incoming = into.pop(vertex, {})
        targets = out_of.pop(vertex, ())
        for target in sorted(targets) if len(targets) > 1 else targets:
            edges = into[target]
            leaving = _merged(edges.pop(vertex), graph, target, factored)
            for source, terms in incoming.items():
                arriving = _merged(terms, graph, vertex, factored)
                joined = [joining(outer, inner) for outer in leaving for inner in arriving]
                edges.setdefault(source, []).extend([term for term in joined if term is not None])
                out_of[source].add(target)
        for source in incoming:
            out_of[source].discard(vertex)


def _merged(terms: list[Term], graph: LinearGraph, target: int, factored: bool) -> list[Term]:
    """The merged terms of an edge, in place, so that an edge that is used again is merged already."""
    if len(terms) > 1:
        dtype = graph.dtypes[min(target, len(graph) - 1)]
        terms[:] = merge(terms, dtype, densify=not factored)
    return terms


def _merge_all(into: Edges, graph: LinearGraph) -> None:
    """Merge every edge before the first joint: what is explicit is settled, what follows stays factored."""
    for target, edges in into.items():
        for terms in edges.values():
            _merged(terms, graph, target, False)
