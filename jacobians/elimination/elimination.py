"""Vertex elimination: join each pair of edges through a vertex, merge, and forget the vertex.

When all inner vertices are gone, one edge is left from each input to the output. Reverse mode and forward mode are
orders; a vector-Jacobian product is the same elimination with a cotangent joined to the output, a Jacobian-vector
product with a tangent joined to the input (A. Griewank, A. Walther, "Evaluating Derivatives", 2008, chapters 9 and 10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from ..chain import chain
from ..graph import LinearGraph
from ..labels import axes_of
from ..quiet import quietly
from ..terms import Term
from . import acting
from .living import Edges, OwnEdges, living_edges
from .merge import merge
from .owning import NOTHING_SPARE, has_large, made_terms, spare_arrays
from .questions import is_plain, is_symmetric, only_sums
from .recipes import join

__all__ = ["eliminate", "push"]

Products = dict[int, list[Term]]

TANGENT, COTANGENT = -1, -2
"""The vertices that a tangent comes from and that a cotangent leads to."""


@quietly
def eliminate(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    order: Sequence[int],
    joints: Collection[int] = (),
    reuse: bool = True,
    gradient_of: int | None = None,
    living: Edges | None = None,
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
    reuse : bool
        Whether to look for large products that nobody needs any more, which the next ones are written into.
    gradient_of : int, optional
        The input in which the derivative is symmetric.
    living : Edges, optional
        The edges on paths from the inputs to the output, where they are known.

    Returns
    -------
    dict of int to list of Term
        By input vertex; an empty list where the output does not depend on it.
    """
    living = living_edges(graph, set(inputs), output) if living is None else {**living}
    ends, large = (output, gradient_of), has_large(graph)
    swept = is_plain(graph, joints, ends, large)
    if swept and [*order] == [vertex for vertex in living if vertex != output]:  # in reverse all edges lead there
        direct = {source: [*terms] for source, terms in living.pop(output, {}).items()}
        last = _backward(living, graph, direct, large=False)
    else:
        into = OwnEdges(living)
        _run(into, order, joints, graph, reuse, ends)
        last = into.of(output)
    result = {}
    for vertex in inputs:
        if vertex == output:
            axes = axes_of(graph.shapes[output])
            result[vertex] = [Term(axes, axes)]
        else:
            terms = made_terms(last.get(vertex, []))
            result[vertex] = sum_of(terms, graph, output, densify=not joints)
    return result


@quietly
def push(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    *,
    tangents: dict[int, list[Term]] | None = None,
    cotangent: list[Term] | None = None,
    consume: bool = False,
) -> dict[int, list[Term]]:
    """The terms of the products with a tangent in each input, or with a cotangent of the output.

    With `tangents` (by input vertex) the result has one entry, under `TANGENT`; with `cotangent` one per input. With
    `consume` each edge leaves the graph once it has been used, and its memory is free.
    """
    living = living_edges(graph, set(inputs), output)
    if tangents is not None:
        arrived = _forward(living, graph, tangents, consume, (output,))
        return {TANGENT: total(arrived, graph, output)}
    arrived = _backward(living, graph, {output: cotangent or []}, consume)
    return {vertex: total(arrived, graph, vertex) for vertex in inputs}


def _forward(
    living: Edges, graph: LinearGraph, tangents: Products, consume: bool = False, outputs: Collection[int] = ()
) -> Products:
    """The products at the outputs, among others: all vertices eliminated in the order of computation."""
    arrived = {vertex: list(terms) for vertex, terms in tangents.items()}
    waiting = Counter([source for edges in living.values() for source in edges])
    large = has_large(graph, tangents.values())
    for target in reversed(list(living)):
        edges = _taken(living, graph, target, consume)
        found = arrived.setdefault(target, [])
        for source in list(edges):
            outer, is_ours = _slopes(edges, source, graph, target, consume, large)
            waiting[source] -= 1
            if source in arrived:
                last = not waiting[source] and source not in outputs
                inner = _merged(arrived[source], graph, source, large=large)
                if last:
                    del arrived[source]
                spare = _spare(outer, inner, is_ours, last) if large else NOTHING_SPARE
                found += _joined(outer, inner, graph, TANGENT, target, spare)
                del inner
            del outer
    return arrived


def _backward(
    living: Edges, graph: LinearGraph, cotangents: Products, consume: bool = False, large: bool | None = None
) -> Products:
    """The products at the inputs: all vertices eliminated in reverse."""
    arrived = {vertex: list(terms) for vertex, terms in cotangents.items()}
    large = has_large(graph, cotangents.values()) if large is None else large
    if not large and not graph.has_complex:
        return _swept(living, graph, arrived)
    consumers = Counter([source for edges in living.values() for source in edges]) if large else {}
    for target in list(living):
        if target not in living:
            continue
        if consume and target < len(graph.into):  # as `_taken` does, at once
            graph.into[target], edges = {}, living.pop(target)
        else:
            edges = _taken(living, graph, target, consume)
        outer = arrived.pop(target, [])
        if len(outer) > 1:
            outer = _merged(outer, graph, target, large=large)
        waiting = len(edges)
        for source in list(edges):
            inner, is_ours = _slopes(edges, source, graph, target, consume, large)
            waiting -= 1
            while large and consumers[source] == 1 and len(inner) == 1 and source not in arrived:
                sums = only_sums(living.get(source))
                if sums is None:
                    break
                _ = _taken(living, graph, source, True) if consume else living.pop(source)
                ((source, terms),) = sums.items()
                inner = _joined(inner, terms, graph, source, target)
            spare = _spare(outer, inner, not waiting, is_ours) if large else NOTHING_SPARE
            joined = _joined(outer, inner, graph, source, COTANGENT, spare)
            if source in arrived:
                arrived[source] += joined
            else:
                arrived[source] = joined
            del inner, joined  # what is not needed any more is no memory, either
        del outer
    return arrived


def _swept(living: Edges, graph: LinearGraph, arrived: Products) -> Products:
    """The same where all is real and small: nothing waits, and there is no memory to be saved."""
    for target, edges in living.items():
        outer = arrived.pop(target, None)
        if not outer:
            continue
        dtype = graph.dtypes[target]
        if len(outer) > 1:
            outer = merge(outer, dtype)
        for source, inner in edges.items():
            if len(inner) > 1:
                inner = merge(inner, dtype)
            if len(outer) == len(inner) == 1:
                term = join(outer[0], inner[0], dtype=dtype)
                joined = [] if term is None else [term]
            else:
                joined = _joined(outer, inner, graph, source, COTANGENT)
            if source in arrived:
                arrived[source] += joined
            else:
                arrived[source] = joined
    return arrived


def total(arrived: Products, graph: LinearGraph, vertex: int) -> list[Term]:
    """The sum of what has arrived at a vertex, in a list of its own: a vertex may be asked for twice."""
    if vertex not in arrived:
        return []
    return [term for term in _merged(arrived[vertex], graph, vertex) if not term.is_empty]


def sum_of(terms: list[Term], graph: LinearGraph, vertex: int, *, densify: bool = True) -> list[Term]:
    """Fewer terms with the same sum, at a vertex."""
    if graph.has_complex:
        return acting.merged(terms, graph.dtypes[vertex], densify=densify)
    return merge(terms, graph.dtypes[vertex], densify=densify)


def _is_real(graph: LinearGraph, vertex: int) -> bool:
    """Whether a vertex is real; what tangents and cotangents are of is a sum over real numbers."""
    return vertex < 0 or graph.is_real(vertex)


def _taken(living: Edges, graph: LinearGraph, target: int, consume: bool) -> dict[int, list[Term]]:
    """The edges into a vertex; if they are consumed, nobody else has them from now on."""
    if not consume:
        return living[target]
    if target < len(graph.into):
        graph.into[target] = {}
    return living.pop(target)


def _slopes(
    edges: dict[int, list[Term]], source: int, graph: LinearGraph, target: int, consume: bool, large: bool
) -> tuple[list[Term], bool]:
    """The terms of an edge, computed where they wait; and whether they are used only here."""
    terms = edges.pop(source) if consume else edges[source]
    found = made_terms(terms) if large else terms
    if len(found) == 1:
        return found, consume or found is not terms
    return sum_of(found, graph, target), True


def _spare(outer: list[Term], inner: list[Term], outer_done: bool, inner_done: bool) -> frozenset[int]:
    """The arrays of two sums that may be written into when these are multiplied, each term but once."""
    spare = NOTHING_SPARE
    if len(outer) == 1 and inner_done:
        spare = spare_arrays(inner)
    if len(inner) == 1 and outer_done:
        spare = spare | spare_arrays(outer)
    return spare


def _joined(
    outer: Sequence[Term],
    inner: Sequence[Term],
    graph: LinearGraph,
    source: int,
    target: int,
    spare: frozenset[int] = NOTHING_SPARE,
) -> list[Term]:
    """The product of two sums of terms, from a vertex to another."""
    if graph.has_complex:
        return acting.joined(outer, inner, _is_real(graph, source), _is_real(graph, target), join)
    if len(outer) == len(inner) == 1:
        term = join(outer[0], inner[0], spare)
        return [] if term is None else [term]
    terms = [join(left, right, spare) for left in outer for right in inner]
    return [term for term in terms if term is not None]


def _run(
    into: OwnEdges,
    order: Sequence[int],
    joints: Collection[int],
    graph: LinearGraph,
    reuse: bool = True,
    symmetric: tuple[int, int | None] = (-1, None),
) -> None:
    """Eliminate vertices one after the other, in place; the last edge between two of them may be a symmetric matrix."""
    out_of = into.targets()
    large, factored = has_large(graph), False
    if is_plain(graph, joints, symmetric, large):
        return _run_plainly(into, order, graph, out_of)
    reuse = reuse and not joints and large
    ready: Callable[..., list[Term]] = _ready if large or joints else _merged
    for vertex in order:
        if vertex in joints and not factored:
            _merge_all(into, graph)
            factored = True
        incoming = into.taken(vertex)
        join_all = _chained if vertex in joints else _joined
        sources, targets = [*incoming], into.left(out_of.pop(vertex, ()))
        for target in targets:
            edges = into.of(target)
            leaving = ready(edges.pop(vertex), graph, target, factored)
            for source in sources:
                arriving = ready(incoming[source], graph, vertex, factored)
                last = reuse and target == targets[-1]
                if last:
                    del incoming[source]
                spare = _spare(leaving, arriving, source == sources[-1], last) if reuse else NOTHING_SPARE
                alone = not joints and vertex == order[-1] and (target, source) == symmetric
                if alone and is_symmetric(leaving, arriving, edges.get(source, ()), graph):
                    term = join(leaving[0], arriving[0], spare, symmetric=True)
                    joined = [] if term is None else [term]
                elif reuse:
                    joined = _joined(leaving, arriving, graph, source, target, spare)
                else:
                    joined = join_all(leaving, arriving, graph, source, target)
                del arriving  # what is not needed any more is no memory, either
                if source in edges:
                    edges[source] += joined
                else:
                    edges[source] = joined
                    out_of[source].append(target)
                del joined
            del leaving


def _run_plainly(into: OwnEdges, order: Sequence[int], graph: LinearGraph, out_of: dict[int, list[int]]) -> None:
    """The same where all is real and small."""
    for vertex in order:
        incoming = into.taken(vertex)
        leaving_to = into.left(out_of.pop(vertex, ()))
        for arriving in incoming.values():
            if len(arriving) > 1:
                arriving[:] = merge(arriving, graph.dtypes[vertex])
        for target in leaving_to:
            edges = into.of(target)
            leaving = edges.pop(vertex)
            if len(leaving) > 1:
                leaving = merge(leaving, graph.dtypes[target])
            for source, arriving in incoming.items():
                joined = _joined(leaving, arriving, graph, source, target)
                if source in edges:
                    edges[source] += joined
                else:
                    edges[source] = joined
                    out_of[source].append(target)


def _chained(outer: Sequence[Term], inner: Sequence[Term], graph: LinearGraph, source: int, target: int) -> list[Term]:
    """The product of two sums of terms, nothing computed."""
    if graph.has_complex:
        return acting.joined(outer, inner, _is_real(graph, source), _is_real(graph, target), chain)
    terms = [chain(left, right) for left in outer for right in inner]
    return [term for term in terms if term is not None]


def _merged(
    terms: list[Term], graph: LinearGraph, target: int, factored: bool = False, large: bool = True
) -> list[Term]:
    """The merged terms of an edge, in place, so that an edge that is used again is merged already.

    Only arrays that may be `large` are written into.
    """
    if len(terms) > 1:
        if graph.has_complex:
            terms[:] = sum_of(terms, graph, target, densify=not factored)
        else:
            spare = spare_arrays(terms) if large else NOTHING_SPARE
            terms[:] = merge(terms, graph.dtypes[target], densify=not factored, spare=spare)
    return terms


def _ready(terms: list[Term], graph: LinearGraph, target: int, factored: bool) -> list[Term]:
    """The same, computed where they wait."""
    found = made_terms(terms)
    if found is not terms:
        terms[:] = found
    del found
    return _merged(terms, graph, target, factored)


def _merge_all(into: OwnEdges, graph: LinearGraph) -> None:
    """Merge every edge before the first joint: what is explicit is settled, what follows stays factored."""
    for target, edges in into.all():
        for terms in edges.values():
            _ = _ready(terms, graph, target, False)
