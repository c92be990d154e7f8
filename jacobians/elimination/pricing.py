"""What eliminating a vertex costs, given the set of vertices that are gone.

The edges of a vertex depend on which others have been eliminated before it, not in what order. `Prices` therefore
looks a cost up by the vertex and by the eliminated ones among those that can reach it or that it can reach: trying
another place for a vertex in an order is then a few look-ups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ..graph import LinearGraph
from .elimination import inner_vertices
from .kinds import NOTHING, Kinds

__all__ = ["Prices"]

Edges = dict[int, int]


class Prices:
    """The inner vertices of a graph, and the price of eliminating each.

    Parameters
    ----------
    graph : LinearGraph
    inputs : sequence of int
    output : int
    kinds : Kinds
        The rule of counting.
    parts : collection of int
        Vertices that the output only joins: they count as outputs, one by one.
    joints : collection of int
        Vertices that stay until all others are gone.

    Attributes
    ----------
    inner : list of int
        The vertices to be ordered.
    vertices : list of int
        All vertices with edges, the inner ones first: a set of them is an int with the bits of their places.
    bit, around : dict
        For each vertex its bit, and the set of inner vertices upstream and downstream of it.
    sources, targets : list of int
        The vertices at which paths begin and end.
    """

    def __init__(
        self,
        graph: LinearGraph,
        inputs: Sequence[int],
        output: int,
        kinds: Kinds,
        parts: Collection[int] = (),
        joints: Collection[int] = (),
    ) -> None:
        self.kinds = kinds
        self.into: dict[int, Edges] = {}
        self.out_of: dict[int, Edges] = {}
        self._read(graph, inputs, output, set(parts))
        ends = {*inputs, output, *joints, *(part for part in parts if not self.out_of.get(part))}
        self.inner = [vertex for vertex in inner_vertices(graph, inputs, output) if vertex not in ends]
        self.vertices = known = [*self.inner, *sorted({*self.into, *self.out_of} - {*self.inner})]
        self.bit = {vertex: 1 << n for n, vertex in enumerate(known)}
        self.sources = [vertex for vertex in known if vertex in self.out_of and vertex not in self.into]
        self.targets = [vertex for vertex in known if vertex in self.into and vertex not in self.out_of]
        self._inner = (1 << len(self.inner)) - 1
        forwards = sorted(known, key=lambda vertex: (vertex < 0, vertex))
        self._above = self._reach(forwards, self.into)
        self._below = self._reach(forwards[::-1], self.out_of)
        self.around = {vertex: self._above[vertex] | self._below[vertex] for vertex in self.inner}
        self._costs: dict[int, dict[int, int]] = {vertex: {} for vertex in self.inner}
        self._arriving: dict[int, dict] = {vertex: {} for vertex in known}
        self._leaving: dict[int, dict] = {vertex: {} for vertex in known}

    def _read(self, graph: LinearGraph, inputs: Sequence[int], output: int, parts: set[int]) -> None:
        """The kinds of all living edges; a part of the output that is used elsewhere gets an output of its own."""
        living = {*inner_vertices(graph, inputs, output), output}
        sources = living | set(inputs)
        for target in sorted(living):
            for source, terms in graph.into[target].items():
                if source in sources and not (target == output and source in parts):
                    self._connect(source, target, self.kinds.of(terms))
        for part in sorted(parts & living):
            if self.out_of.get(part):
                self._connect(part, -1 - part, self.kinds.of(graph.into[output][part]))

    def _connect(self, source: int, target: int, kind: int) -> None:
        if kind != NOTHING:
            self.into.setdefault(target, {})[source] = kind
            self.out_of.setdefault(source, {})[target] = kind

    def _reach(self, vertices: Iterable[int], sources: dict[int, Edges]) -> dict[int, int]:
        """For each vertex the set of inner vertices on paths to it."""
        reach: dict[int, int] = {}
        for vertex in vertices:
            bits = 0
            for source in sources.get(vertex, ()):
                bits |= self.bit[source] | reach[source]
            reach[vertex] = bits & self._inner
        return reach

    def cost(self, vertex: int, gone: int) -> int:
        """Multiplications of eliminating a vertex when those in `gone` are gone already."""
        key = gone & self.around[vertex]
        known = self._costs[vertex].get(key)
        if known is None:
            known = self._costs[vertex][key] = self._cost(vertex, gone)
        return known

    def _cost(self, vertex: int, gone: int) -> int:
        product = self.kinds.product
        leaving = self.leaving(vertex, gone).values()
        return sum(product(outer, inner)[1] for inner in self.arriving(vertex, gone).values() for outer in leaving)

    def total(self, order: Iterable[int]) -> int:
        """Multiplications of a whole order."""
        gone, total = 0, 0
        for vertex in order:
            total += self.cost(vertex, gone)
            gone |= self.bit[vertex]
        return total

    def degree(self, vertex: int, gone: int) -> int:
        """Edges in times edges out."""
        return len(self.arriving(vertex, gone)) * len(self.leaving(vertex, gone))

    def growth(self, vertex: int, gone: int) -> int:
        """By how many stored numbers the graph grows when a vertex is eliminated."""
        held, product, add = self.kinds.held, self.kinds.product, self.kinds.sum
        arriving, leaving = self.arriving(vertex, gone), self.leaving(vertex, gone)
        total = -sum(held[kind] for kind in (*arriving.values(), *leaving.values()))
        for source, inner in arriving.items():
            beside = self.leaving(source, gone)
            for target, outer in leaving.items():
                old = beside.get(target, NOTHING)
                new = add(product(outer, inner)[0], old)
                total += (held[new] if new != NOTHING else 0) - (held[old] if old != NOTHING else 0)
        return total

    def touched(self, vertex: int, gone: int) -> Iterable[int]:
        """The vertices whose price, degree or growth can change when one is eliminated after those in `gone`.

        Its neighbours, since their edges do, and what else the sources lead to: their new edges may lie beside those
        that eliminating it would add.
        """
        touched = {*self.leaving(vertex, gone)}
        for source in self.arriving(vertex, gone):
            touched.add(source)
            touched.update(self.leaving(source, gone))
        return touched

    def arriving(self, vertex: int, gone: int) -> Any:
        """The kinds of the edges into a vertex, by source."""
        known = self._arriving[vertex].get(gone & self._above[vertex])
        return self._walk(vertex, gone, self.into, self._arriving, self._above) if known is None else known

    def leaving(self, vertex: int, gone: int) -> Any:
        """The kinds of the edges out of a vertex, by target."""
        known = self._leaving[vertex].get(gone & self._below[vertex])
        return self._walk(vertex, gone, self.out_of, self._leaving, self._below) if known is None else known

    def _walk(self, vertex: int, gone: int, direct: dict[int, Edges], cache: dict[int, dict], reach: dict) -> Any:
        """The edges that end at a vertex once those in `gone` are no more; those of gone neighbours come first."""
        bit, product, add = self.bit, self.kinds.product, self.kinds.sum
        outwards = direct is self.out_of
        waiting = [vertex]
        while True:
            here = waiting[-1]
            near = direct.get(here, {})
            missing = [other for other in near if gone & bit[other] and gone & reach[other] not in cache[other]]
            if missing:
                waiting += missing
                continue
            result: Edges = {}
            for other, kind in near.items():
                if not gone & bit[other]:
                    result[other] = add(kind, result.get(other, NOTHING))
                    continue
                for far, step in cache[other][gone & reach[other]].items():
                    made = product(step, kind)[0] if outwards else product(kind, step)[0]
                    if made != NOTHING:
                        result[far] = add(made, result[far]) if far in result else made
            cache[here][gone & reach[here]] = result
            waiting.pop()
            if not waiting:
                return result
