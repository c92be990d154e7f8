"""Elimination towards several outputs at once: what leads to more than one of them is eliminated once.

- `with_sink(graph, outputs)`: the graph with one vertex behind all outputs, whose entries are theirs in order. It makes
  them the parts of one output, for plans and for the search of what is needed.
- `eliminate_several`: the terms from each input to each output.
- `push_several`, `pull_several`: the products with tangents of the inputs, and with cotangents of the outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod

import numpy as np

from ..graph import LinearGraph
from ..labels import axes_of, flatten
from ..terms import Affine, Map, Term
from .elimination import Products, _backward, _forward, _run, sum_of, total
from .living import Edges, OwnEdges, living_edges
from .owning import made_terms

__all__ = ["eliminate_several", "pull_several", "push_several", "with_sink"]


def with_sink(graph: LinearGraph, outputs: Sequence[int]) -> tuple[LinearGraph, int]:
    """A graph that shares all edges with this one, and its last vertex, the outputs in a row."""
    longer = graph.sharing()
    sizes = [prod(graph.shapes[output]) for output in outputs]
    sink = longer.add_vertex((sum(sizes),), np.result_type(*[graph.dtypes[output] for output in outputs]))
    start = 0
    for output, size in zip(outputs, sizes, strict=True):
        axes, row = axes_of(graph.shapes[output]), axes_of(longer.shapes[sink])
        maps = (Map(flatten(row), flatten(axes), Affine(start, 1)),) if row != ((),) else ()
        if size:
            longer.add_term(output, sink, Term(row, axes, (), maps))
        start += size
    return longer, sink


def eliminate_several(
    graph: LinearGraph, inputs: Sequence[int], sink: int, order: Sequence[int], joints: Collection[int] = ()
) -> dict[int, dict[int, list[Term]]]:
    """The terms by output and input of a graph with a sink; the outputs have edges to the sink alone."""
    living = living_edges(graph, set(inputs), sink)
    _ = living.pop(sink, None)
    into = OwnEdges(living)
    _run(into, order, joints, graph)
    return {
        output: {
            vertex: sum_of(made_terms(into.of(output).get(vertex, [])), graph, output, densify=not joints)
            for vertex in inputs
        }
        for output in graph.into[sink]
    }


def push_several(
    graph: LinearGraph, inputs: Sequence[int], outputs: Sequence[int], tangents: Products, consume: bool = False
) -> list[list[Term]]:
    """The terms of the products with tangents by input, one sum for each output; see `push` for `consume`."""
    arrived = _forward(_needed(graph, inputs, outputs), graph, tangents, consume, outputs)
    return [total(arrived, graph, output) for output in outputs]


def pull_several(
    graph: LinearGraph,
    inputs: Sequence[int],
    outputs: Sequence[int],
    cotangents: Sequence[Sequence[Term]],
    consume: bool = False,
) -> Products:
    """The terms of the products with cotangents, one sum for each output; by input. See `push` for `consume`."""
    seeds: Products = {}
    for output, terms in zip(outputs, cotangents, strict=True):
        seeds.setdefault(output, []).extend(terms)
    arrived = _backward(_needed(graph, inputs, outputs), graph, seeds, consume)
    return {vertex: total(arrived, graph, vertex) for vertex in inputs}


def _needed(graph: LinearGraph, inputs: Sequence[int], outputs: Sequence[int]) -> Edges:
    """The edges on paths from the inputs to the outputs."""
    if len(outputs) < 2:
        return living_edges(graph, set(inputs), outputs[0]) if outputs else {}
    longer, sink = with_sink(graph, outputs)
    living = living_edges(longer, set(inputs), sink)
    _ = living.pop(sink, None)
    return living
