"""`Bundle`: a linear graph with several inputs and several outputs, eliminated once for all pairs of them.

`compose`, `add`, `transpose` join bundles without computing; `row(n)` is the part that leads to one output, as a body
of Jacobians.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..elimination import Plan, digest_of, eliminate_several, hollow, with_sink
from ..graph import LinearGraph
from ..labels import axes_of
from ..pausing import without_collection
from ..terms import Term, remembering, transposed
from .linking import Body, Order, add_multiple, copy_into
from .regions import Region, moved, reduced, turned, whole

__all__ = ["Bundle", "add", "compose", "of_terms", "scale", "transpose"]

Terms = list[dict[int, list[Term]]]
"""For each output the terms by input."""


class Bundle:
    """A linear graph with inputs and outputs; elimination is cached.

    Parameters
    ----------
    graph : LinearGraph
    inputs, outputs : tuple of int
        An output may be an input, lie on the way to another one, or be named twice.
    joints : tuple of int
        Vertices made by ``J @ K``: eliminated last, by chaining alone.
    order : "auto", another name of an order, Plan, or sequence of int
    symmetric : bool
        Whether each output is the gradient in the input at its position.
    regions : sequence of Region
        The bodies and bundles of which copies stand in the graph.
    """

    def __init__(
        self,
        graph: LinearGraph,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        joints: tuple[int, ...] = (),
        order: Order = "auto",
        symmetric: bool = False,
        regions: Sequence[Region] = (),
    ) -> None:
        self.graph, self.inputs, self.outputs, self.joints, self.order = graph, inputs, outputs, joints, order
        self.symmetric, self.regions = symmetric, regions
        self._body: Body | None = None
        self._rows: dict[int, Row] = {}
        self._terms: Terms | None = None

    @property
    def body(self) -> Body:
        """All outputs as parts of one, which is what a plan is for; with one output, its body."""
        if self._body is None:
            if len(self.outputs) == 1:
                own = self.inputs[0] if self.symmetric else None
                ends = self.inputs, self.outputs[0]
                self._body = Body(self.graph, *ends, self.joints, self.order, own, self.regions)
            else:
                graph, ends = _apart(self.graph, self.inputs, self.outputs)
                longer, sink = with_sink(graph, ends)
                self._body = Body(longer, self.inputs, sink, (*self.joints, *ends), self.order)
        return self._body

    def dtype_of(self, vertices: Sequence[int]) -> np.dtype:
        """The dtype that holds the numbers of all these vertices."""
        return np.result_type(*[self.graph.dtypes[vertex] for vertex in vertices] or [np.float64])

    @property
    def digest(self) -> str:
        """What a plan for this bundle is known by."""
        return digest_of(self.body.graph, self.inputs, self.body.output)

    @property
    def plan(self) -> Plan:
        return self.body.plan

    @property
    def is_eliminated(self) -> bool:
        return self.body.is_eliminated if len(self.outputs) == 1 else self._terms is not None

    def terms(self, *, keep: bool) -> Terms:
        """The terms by output and input; kept for the next request where `keep`."""
        if len(self.outputs) == 1:
            return [self.body.terms(keep=keep)]
        body = self.body
        graph = body.graph
        if self._terms is not None:
            return self._terms
        smaller = reduced(self.graph, self.regions, keep=keep) if self.regions else None
        if smaller is not None:
            terms = Bundle(smaller, self.inputs, self.outputs, self.joints).terms(keep=False)
        else:
            ends = body.joints[len(self.joints) :]
            order = [vertex for vertex in body.sequence() if vertex not in ends]
            with without_collection(), remembering():
                found = eliminate_several(graph, self.inputs, body.output, order, self.joints)
            terms = [found.get(end) or {vertex: [] for vertex in self.inputs} for end in ends]
        if keep:
            self._terms, self.regions = terms, ()
            for holder in (self, body, *self._rows.values()):
                holder.graph = hollow(holder.graph)
        return terms

    rows = terms

    def row(self, position: int) -> Body:
        """The body of the Jacobians of one output."""
        if len(self.outputs) == 1:
            return self.body
        if position not in self._rows:
            self._rows[position] = Row(self, position)
        return self._rows[position]

    def reduced(self) -> Bundle:
        """The smallest graph known: one edge for each pair where the terms are."""
        regions = self.regions or whole(self, self.inputs, self.outputs, self.joints)
        bundle = Bundle(self.graph, self.inputs, self.outputs, self.joints, regions=regions)  # the numbers may go
        return self.explicit(keep=True) if self.is_eliminated else bundle

    def explicit(self, *, keep: bool) -> Bundle:
        """The bundle of the terms, one edge for each pair; they are kept here as well where `keep`."""
        shapes, dtypes = self.graph.shapes, self.graph.dtypes
        inputs, outputs = ([(shapes[v], dtypes[v]) for v in vertices] for vertices in (self.inputs, self.outputs))
        return of_terms(inputs, outputs, [[row[v] for v in self.inputs] for row in self.terms(keep=keep)])


class Row(Body):
    """The part of a bundle that leads to one output; what is kept is eliminated for all outputs together."""

    def __init__(self, bundle: Bundle, position: int) -> None:
        own = bundle.inputs[position] if bundle.symmetric else None
        ends = bundle.inputs, bundle.outputs[position]
        super().__init__(bundle.graph, *ends, bundle.joints, gradient_of=own, regions=bundle.regions)
        self._bundle, self._position = bundle, position

    @property
    def plan(self) -> Plan:
        return self._bundle.plan

    @property
    def is_eliminated(self) -> bool:
        return self._bundle.is_eliminated

    def terms(self, *, keep: bool) -> dict[int, list[Term]]:
        if keep or self._bundle.is_eliminated:
            return self._bundle.terms(keep=True)[self._position]
        return Body(self.graph, self.inputs, self.output, self.joints, regions=self.regions).terms(keep=False)


def _apart(graph: LinearGraph, inputs: Sequence[int], outputs: Sequence[int]) -> tuple[LinearGraph, list[int]]:
    """The graph with each output at the end of its own way: one that is used further is followed by its copy."""
    longer = graph.sharing()
    used = {source for edges in graph.into for source in edges} | {*inputs}
    used.update(output for output, count in Counter(outputs).items() if count > 1)
    ends = []
    for output in outputs:
        end = output
        if output in used:
            axes = axes_of(graph.shapes[output])
            end = longer.add_vertex(graph.shapes[output], graph.dtypes[output])
            longer.add_term(output, end, Term(axes, axes))
        ends.append(end)
    return longer, ends


Ends = Sequence[tuple[tuple[int, ...], np.dtype]]


def of_terms(inputs: Ends, outputs: Ends, terms: Sequence[Sequence[Sequence[Term]]]) -> Bundle:
    """The bundle of terms by output and input, which is eliminated already; ends are given by shape and dtype."""
    graph = LinearGraph()
    sources = tuple([graph.add_vertex(shape, dtype) for shape, dtype in inputs])
    targets = tuple([graph.add_vertex(shape, dtype) for shape, dtype in outputs])
    for target, row in zip(targets, terms, strict=True):
        for source, entries in zip(sources, row, strict=True):
            for term in entries:
                graph.add_term(source, target, term)
    bundle = Bundle(graph, sources, targets)
    if len(targets) != 1:
        bundle._terms = [dict(zip(sources, map(list, row), strict=True)) for row in terms]
    else:
        bundle.body.terms(keep=True)
    return bundle


def compose(outer: Bundle, inner: Bundle) -> Bundle:
    """The graph of `outer` after `inner`; the vertices where they meet are joints."""
    graph = LinearGraph()
    first = copy_into(graph, inner.graph, {})
    meeting = [first[output] for output in inner.outputs]
    second = copy_into(graph, outer.graph, dict(zip(outer.inputs, meeting, strict=True)))
    inputs, outputs = tuple([first[v] for v in inner.inputs]), tuple([second[v] for v in outer.outputs])
    joints = {*meeting, *(first[j] for j in inner.joints), *(second[j] for j in outer.joints)}
    regions = moved(inner.regions, first) + moved(outer.regions, second)
    return Bundle(graph, inputs, outputs, tuple(sorted(joints - {*inputs, *outputs})), regions=regions)


def add(left: Bundle, right: Bundle) -> Bundle:
    """The graph of the sum: both from the same inputs to new outputs."""
    graph = LinearGraph()
    first = copy_into(graph, left.graph, {})
    inputs = tuple([first[v] for v in left.inputs])
    second = copy_into(graph, right.graph, dict(zip(right.inputs, inputs, strict=True)))
    outputs = []
    for a, b in zip(left.outputs, right.outputs, strict=True):
        axes = axes_of(graph.shapes[first[a]])
        outputs.append(graph.add_vertex(graph.shapes[first[a]], graph.dtypes[first[a]]))
        for vertex in (first[a], second[b]):
            graph.add_term(vertex, outputs[-1], Term(axes, axes))
    joints = {*(first[j] for j in left.joints), *(second[j] for j in right.joints)}
    regions = moved(left.regions, first) + moved(right.regions, second)
    return Bundle(graph, inputs, tuple(outputs), tuple(sorted(joints)), regions=regions)


def scale(bundle: Bundle, factor: float | complex) -> Bundle:
    """The graph of a multiple: scaled identities behind the outputs."""
    graph = LinearGraph()
    numbers = copy_into(graph, bundle.graph, {})
    outputs = [add_multiple(graph, numbers[output], factor) for output in bundle.outputs]
    joints = tuple([numbers[j] for j in bundle.joints])
    inputs, regions = tuple([numbers[v] for v in bundle.inputs]), moved(bundle.regions, numbers)
    return Bundle(graph, inputs, tuple(outputs), joints, regions=regions)


def transpose(bundle: Bundle) -> Bundle:
    """The graph with every edge turned round; copies keep apart what is both an input and an output."""
    apart, ends = _apart(bundle.graph, bundle.inputs, bundle.outputs)
    graph = LinearGraph()
    last = len(apart) - 1
    for vertex in range(last, -1, -1):
        graph.add_vertex(apart.shapes[vertex], apart.dtypes[vertex])
    for target, edges in enumerate(apart.into):
        for source, terms in edges.items():
            for term in terms:
                back = transposed(term, graph.is_real(last - source), graph.is_real(last - target))
                graph.add_term(last - target, last - source, back)
    inputs, outputs = tuple([last - v for v in ends]), tuple([last - v for v in bundle.inputs])
    joints, regions = tuple([last - j for j in bundle.joints]), turned(bundle.regions, last)
    return Bundle(graph, inputs, outputs, joints, regions=regions)
