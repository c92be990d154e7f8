"""Linear graphs with one input and one output, and how they are joined without computing.

`Body` is a graph with its inputs and one output; its elimination is planned and run once, for all inputs together.
`Linear` is a body seen from one input: `compose` puts one after the other, `add` beside each other, `transpose` turns
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from ..elimination import (
    NAMES,
    Edges,
    Plan,
    choose,
    digest_of,
    eliminate,
    has_large,
    hollow,
    living_edges,
    named_order,
    plan_of,
    predict,
)
from ..errors import ArgumentError
from ..graph import LinearGraph
from ..labels import axes_of
from ..pausing import without_collection
from ..terms import Factor, Term, remembering, transposed
from .regions import Region, moved, reduced, turned, whole

__all__ = [
    "Body",
    "Linear",
    "add",
    "add_multiple",
    "compose",
    "copy_into",
    "edge",
    "of_terms",
    "scale",
    "transpose",
]

Order = str | Plan | Sequence[int]

FEW = 1000
"""Inner vertices up to which they are kept."""

HARMLESS = 2**20
"""Bytes of a dense result for which no plan is made where there is no choice."""


class Body:
    """A linear graph with inputs and one output; elimination is cached.

    Parameters
    ----------
    graph : LinearGraph
    inputs : tuple of int
    output : int
    joints : tuple of int
        Vertices made by ``J @ K``: eliminated last, by chaining alone.
    order : "auto", another name of an order, Plan, or sequence of int
    gradient_of : int, optional
        The input of which the output is the gradient: the derivative in it is symmetric.
    regions : sequence of Region
        The bodies of which copies stand in the graph.
    """

    def __init__(
        self,
        graph: LinearGraph,
        inputs: tuple[int, ...],
        output: int,
        joints: tuple[int, ...] = (),
        order: Order = "auto",
        gradient_of: int | None = None,
        regions: Sequence[Region] = (),
    ) -> None:
        self.graph, self.inputs, self.output, self.joints, self.order = graph, inputs, output, joints, order
        self.gradient_of, self.regions = gradient_of, regions
        self._plan: Plan | None = None
        self._inner: list[int] | None = None
        self._living: Edges | None = None
        self._terms: dict[int, list[Term]] | None = None

    @property
    def plan(self) -> Plan:
        """The order of elimination with its predicted costs."""
        if self._plan is None:
            self._plan = self._predict()
        return self._plan

    @remembering()
    @without_collection()
    def _predict(self) -> Plan:
        ends = self.graph, self.inputs, self.output
        if not isinstance(self.order, str):
            return predict(*ends, self._given(), self.joints)
        return choose(*ends, self.joints) if self.order == "auto" else plan_of(*ends, self.joints, self.order)

    def check_order(self, operation: str = "jacobian") -> Body:
        """Return the body, or raise ArgumentError if its order is not one of this graph."""
        if isinstance(self.order, str):
            if self.order not in ("auto", *NAMES):
                names = ", ".join(f'"{name}"' for name in ("auto", *NAMES))
                raise ArgumentError(operation, "order", f"is {self.order!r}", f"Use {names}, or a plan.")
        elif isinstance(self.order, Plan) and self.order.graph:
            if self.order.graph != digest_of(self.graph, self.inputs, self.output):
                found = f"is a plan for another graph, of {len(self.order.order)} inner vertices"
                raise ArgumentError(operation, "order", found, "Plan again with jac.plan for this function.")
        else:
            self._given(operation)
        return self

    def _given(self, operation: str = "jacobian") -> tuple[int, ...]:
        """The sequence of an order that was given vertex by vertex."""
        inner, last = self._ends()
        sequence = tuple(self.order.order if isinstance(self.order, Plan) else self.order)
        fits = all([isinstance(v, (int, np.integer)) for v in sequence])
        if not fits or sorted([v for v in sequence if v not in last]) != inner:
            found = f"names the vertices {_shown(sequence)}, but the graph has the inner vertices {_shown(inner)}"
            raise ArgumentError(operation, "order", found, "An order can be reused for the same function only.")
        return (*[int(v) for v in sequence if v not in last], *last)

    def fits(self, limit: float) -> bool:
        """Whether terms and largest intermediate take at most `limit` bytes."""
        graph = self.graph
        if self._plan is None and self.order == "auto" and limit >= HARMLESS and not self.joints:
            entries = prod(graph.shapes[self.output]) * sum([prod(graph.shapes[vertex]) for vertex in self.inputs])
            if entries * 16 <= HARMLESS and not has_large(graph) and len(self._ends()[0]) < 2:
                return True  # in whatever order
        return self.plan.nbytes + self.plan.largest_intermediate <= limit

    def _ends(self) -> tuple[list[int], tuple[int, ...]]:
        """The inner vertices to be ordered, and those that go last."""
        inner = self._inner
        if inner is None:
            living = living_edges(self.graph, {*self.inputs}, self.output)
            inner = [v for v in reversed(living) if v != self.output and v not in self.joints]
            if len(inner) < FEW:  # many are found again when they are needed
                self._inner, self._living = inner, living
        return inner, tuple([v for v in sorted(self.joints) if v not in (*self.inputs, self.output)])

    def sequence(self) -> tuple[int, ...]:
        """The order to run: without a prediction where it is told, or clear for a scalar on one side."""
        if not isinstance(self.order, str):
            return self._given()
        if self.order not in ("auto", "forward", "reverse"):
            return self.plan.order
        inner, last = self._ends()
        if self.order != "auto" or len(inner) < 2 or self.graph.shapes[self.output] == ():
            return named_order("reverse" if self.order == "auto" else self.order, inner) + last
        return self.plan.order

    @property
    def is_eliminated(self) -> bool:
        return self._terms is not None

    def terms(self, *, keep: bool) -> dict[int, list[Term]]:
        """The terms by input; kept for the next request where `keep`, and then the graph is left to plans."""
        graph = self.graph  # another thread may be done at any time: its terms come first, then the graph goes
        if self._terms is not None:
            return self._terms
        smaller = reduced(graph, self.regions, keep=keep) if self.regions else None
        if smaller is not None:
            terms = Body(smaller, self.inputs, self.output, self.joints).terms(keep=False)
        else:
            order = self.sequence()
            with without_collection(), remembering():
                ends = self.inputs, self.output
                terms = eliminate(graph, *ends, order, self.joints, gradient_of=self.gradient_of, living=self._living)
        if keep:
            self._terms, self._living = terms, None
            self.graph, self.regions = hollow(graph), ()
        return terms

    def rows(self, *, keep: bool) -> list[dict[int, list[Term]]]:
        """The terms as those of one output."""
        return [self.terms(keep=keep)]

    def linear(self, source: int) -> Linear:
        """The body seen from one input."""
        regions = self.regions or whole(self, (source,), (self.output,), self.joints)
        return Linear(self.graph, source, self.output, self.joints, regions)


def _shown(vertices: Sequence[object]) -> str:
    """Some of the vertices, for a message."""
    return f"[{', '.join(map(str, vertices[:12]))}{', ...' if len(vertices) > 12 else ''}]"


class Linear(NamedTuple):
    """A linear graph from one vertex to another."""

    graph: LinearGraph
    input: int
    output: int
    joints: tuple[int, ...]
    regions: Sequence[Region] = ()


def of_terms(terms: Sequence[Term], out_shape: tuple, in_shape: tuple, dtype: np.dtype, in_dtype: np.dtype) -> Linear:
    """The graph of one edge."""
    return Linear(edge(terms, out_shape, in_shape, dtype, in_dtype), 0, 1, ())


def edge(terms: Sequence[Term], out_shape: tuple, in_shape: tuple, dtype: np.dtype, in_dtype: np.dtype) -> LinearGraph:
    """The graph of one edge, from vertex 0 to vertex 1."""
    graph = LinearGraph()
    graph.shapes, graph.dtypes = [in_shape, out_shape], [in_dtype, dtype]
    graph.into = [{}, {0: list(terms)} if terms else {}]
    graph.has_complex = dtype.kind == "c" or in_dtype.kind == "c" or any([term.act for term in terms])
    return graph


def compose(outer: Linear, inner: Linear) -> Linear:
    """The graph of `outer` after `inner`; the vertex where they meet is a joint."""
    graph = LinearGraph()
    first = copy_into(graph, inner.graph, {})
    second = copy_into(graph, outer.graph, {outer.input: first[inner.output]})
    ends = (first[inner.input], second[outer.output])
    joints = {first[inner.output], *(first[j] for j in inner.joints), *(second[j] for j in outer.joints)} - set(ends)
    return Linear(graph, *ends, tuple(sorted(joints)), moved(inner.regions, first) + moved(outer.regions, second))


def add(left: Linear, right: Linear) -> Linear:
    """The graph of the sum: both from one input to one new output."""
    graph = LinearGraph()
    first = copy_into(graph, left.graph, {})
    second = copy_into(graph, right.graph, {right.input: first[left.input]})
    dtype = np.result_type(left.graph.dtypes[left.output], right.graph.dtypes[right.output])
    output = graph.add_vertex(left.graph.shapes[left.output], dtype)
    for vertex in (first[left.output], second[right.output]):
        axes = axes_of(graph.shapes[output])
        graph.add_term(vertex, output, Term(axes, axes))
    joints = {*(first[j] for j in left.joints), *(second[j] for j in right.joints)}
    regions = moved(left.regions, first) + moved(right.regions, second)
    return Linear(graph, first[left.input], output, tuple(sorted(joints)), regions)


def scale(linear: Linear, factor: Any) -> Linear:
    """The graph of a multiple: a scaled identity behind the output."""
    graph = LinearGraph()
    numbers = copy_into(graph, linear.graph, {})
    output = add_multiple(graph, numbers[linear.output], factor)
    joints = tuple([numbers[j] for j in linear.joints])
    return Linear(graph, numbers[linear.input], output, joints, moved(linear.regions, numbers))


_PLAIN: Any = (Number, np.generic, np.ndarray)


def add_multiple(graph: LinearGraph, vertex: int, factor: Any) -> int:
    """A new vertex that is a multiple of another one, by a number that may be traced or recorded."""
    dtype, axes = graph.dtypes[vertex], axes_of(graph.shapes[vertex])
    term = Term(axes, axes)
    if not isinstance(factor, _PLAIN):
        dtype = np.result_type(dtype, factor.dtype)
        term = term.replace(factors=(Factor.on(factor, ()),))
    elif np.iscomplexobj(factor):
        factor = complex(factor)
        dtype = np.result_type(dtype, np.complex64)
        term = term.replace(factors=(Factor(np.asarray(factor, dtype), ()),))
    else:
        term = term.times(float(factor))
    output = graph.add_vertex(graph.shapes[vertex], dtype)
    graph.add_term(vertex, output, term)
    return output


def transpose(linear: Linear) -> Linear:
    """The graph with every edge turned round."""
    graph = LinearGraph()
    last = len(linear.graph) - 1
    for vertex in range(last, -1, -1):
        graph.add_vertex(linear.graph.shapes[vertex], linear.graph.dtypes[vertex])
    for target, edges in enumerate(linear.graph.into):
        for source, terms in edges.items():
            for term in terms:
                back = transposed(term, graph.is_real(last - source), graph.is_real(last - target))
                graph.add_term(last - target, last - source, back)
    joints, regions = tuple([last - j for j in linear.joints]), turned(linear.regions, last)
    return Linear(graph, last - linear.output, last - linear.input, joints, regions)


def copy_into(graph: LinearGraph, other: LinearGraph, known: dict[int, int]) -> dict[int, int]:
    """Append the vertices and edges of `other`, except those that `known` identifies; returns the new numbers."""
    numbers = dict(known)
    for vertex, (shape, dtype) in enumerate(zip(other.shapes, other.dtypes, strict=True)):
        if vertex not in numbers:
            numbers[vertex] = graph.add_vertex(shape, dtype)
    for target, edges in enumerate(other.into):
        for source, terms in edges.items():
            if numbers[source] < numbers[target]:
                for term in terms:
                    graph.add_term(numbers[source], numbers[target], term)
    return numbers
