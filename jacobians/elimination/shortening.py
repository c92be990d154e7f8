"""Edges in place of entrywise steps, in a graph that is kept for products: `shorten`.

A pullback holds what each step of ``sin(x) * exp(-x * x / 2)`` needs, several arrays. All that a product asks for is
the derivative of the whole, one array. So vertices that stand between entrywise steps are eliminated before the graph
is kept, where it holds fewer arrays afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from math import prod
from typing import Any

import numpy as np

from ..graph import LinearGraph
from ..labels import flatten
from ..late import LARGE, Late
from ..terms import Factor, Term
from .elimination import _merged, _run
from .living import OwnEdges

__all__ = ["shorten"]


def shorten(graph: LinearGraph, inputs: Collection[int], outputs: Collection[int]) -> None:
    """Eliminate vertices between entrywise steps on large arrays, in place, where fewer arrays are held afterwards."""
    if graph.has_complex:
        return
    order, fresh = _chosen(graph, {*inputs, *outputs})
    if not order or len(fresh) > _held_by(graph, order):
        return
    into = OwnEdges({target: edges for target, edges in enumerate(graph.into) if edges})
    graph.into[:] = [{} for _ in graph.into]  # which would hold what is replaced
    _run(into, order, (), graph)
    for target, edges in into.all():
        graph.into[target] = edges
    for target, source in fresh:
        _ = _merged(graph.into[target].get(source, []), graph, target)


def _chosen(graph: LinearGraph, ends: set[int]) -> tuple[list[int], set[tuple[int, int]]]:
    """The vertices to eliminate, the last one first, and the edges that replace theirs: target and source."""
    into = [{source: _is_entrywise(terms) for source, terms in edges.items()} for edges in graph.into]
    out_of: dict[int, set[int]] = {}
    for target, edges in enumerate(into):
        for source in edges:
            out_of.setdefault(source, set()).add(target)
    order: list[int] = []
    fresh: set[tuple[int, int]] = set()
    for vertex in range(len(into) - 1, -1, -1):
        sources, targets = into[vertex], out_of.get(vertex, set())
        small = prod(graph.shapes[vertex]) * graph.dtypes[vertex].itemsize < LARGE
        if vertex in ends or small or not sources or not targets or not (len(sources) == 1 or len(targets) == 1):
            continue
        if not all(sources.values()) or not all([into[target][vertex] for target in targets]):
            continue
        for target in targets:
            del into[target][vertex]
            fresh.discard((target, vertex))
            for source in sources:
                into[target][source] = True
                fresh.add((target, source))
                out_of[source].add(target)
        for source in sources:
            out_of[source].discard(vertex)
            fresh.discard((vertex, source))
        into[vertex] = {}
        order.append(vertex)
    return order, fresh


def _is_entrywise(terms: list[Term]) -> bool:
    """Whether an edge is a diagonal, or a multiple of the identity."""
    for term in terms:
        pattern = term._pattern
        if pattern is None or term.act or pattern.maps or pattern.bound or pattern.out != pattern.inp:
            return False
        labels = flatten(pattern.out)
        if len(pattern.groups) > 1 or any([group != labels for group in pattern.groups]):
            return False
        if any([type(array) not in (np.ndarray, Late) for array in term.arrays]):
            return False
    return True


def _held_by(graph: LinearGraph, order: list[int]) -> int:
    """How many arrays are held for the edges of some vertices alone."""
    gone, others = set(order), set()
    own: set[int] = set()
    for target, edges in enumerate(graph.into):
        for source, terms in edges.items():
            found = own if target in gone or source in gone else others
            for term in terms:
                found.update(_arrays(term))
    return len(own - others)


def _arrays(term: Term) -> set[int]:
    """The ids of the large arrays that a term keeps alive."""
    held: list[Any] = []
    if term._pattern is None:
        held = [factor.array for factor in term.factors if isinstance(factor, Factor)]
    else:
        for array in term.arrays:
            held += array.operands if type(array) is Late else [array]
    return {id(array) for array in held if type(array) is np.ndarray and array.nbytes >= LARGE}
