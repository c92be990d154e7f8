"""What eliminating a vertex costs, given the set of vertices that are gone.

The edges of a vertex depend on which others have been eliminated before it, not in what order. `Prices` therefore
looks a cost up by the vertex and by the eliminated ones among those that can reach it or that it can reach: trying
another place for a vertex in an order is then a few look-ups.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from .kinds import NOTHING, Kinds
from .remaining import Edges, Remaining

__all__ = ["Prices"]


class Prices:
    """The inner vertices of a graph, and the price of eliminating each.

    Parameters
    ----------
    kinds : Kinds
        The rule of counting.
    into, out_of : dict of int to dict of int to int
        The kinds of the edges into and out of each vertex.
    inner : list of int
        The vertices to be ordered, in the order of computation.

    Attributes
    ----------
    vertices : list of int
        All vertices with edges, the inner ones first: a set of them is an int with the bits of their places.
    sources, targets : list of int
        The vertices at which paths begin and end.
    """

    def __init__(self, kinds: Kinds, into: dict[int, Edges], out_of: dict[int, Edges], inner: list[int]) -> None:
        self.kinds, self.into, self.out_of, self.inner = kinds, into, out_of, inner
        self.vertices = known = [*inner, *sorted({*into, *out_of}.difference(inner))]
        self.sources = [vertex for vertex in known if vertex in out_of and vertex not in into]
        self.targets = [vertex for vertex in known if vertex in into and vertex not in out_of]
        self._costs: dict[int, dict[int, int]] = {vertex: {} for vertex in inner}
        self._arriving: dict[int, dict] = {vertex: {} for vertex in known}
        self._leaving: dict[int, dict] = {vertex: {} for vertex in known}

    @cached_property
    def bit(self) -> dict[int, int]:
        """For each vertex the set of it alone."""
        return {vertex: 1 << n for n, vertex in enumerate(self.vertices)}

    @cached_property
    def _above(self) -> dict[int, int]:
        return self._reach(sorted(self.vertices, key=lambda vertex: (vertex < 0, vertex)), self.into)

    @cached_property
    def _below(self) -> dict[int, int]:
        return self._reach(sorted(self.vertices, key=lambda vertex: (vertex < 0, vertex), reverse=True), self.out_of)

    @cached_property
    def around(self) -> dict[int, int]:
        """For each inner vertex the set of those that its price depends on.

        They reach it or are reached from it. Where additions cost something, they are also those that lie on other ways
        from what is before it to what is behind it.
        """
        if not self.kinds.adds:
            return {vertex: self._above[vertex] | self._below[vertex] for vertex in self.inner}
        after = self._gathered(self.into, self._below)
        before = self._gathered(self.out_of, self._above)
        return {
            vertex: self._above[vertex] | self._below[vertex] | after[vertex] & before[vertex] for vertex in self.inner
        }

    def _gathered(self, near: dict[int, Edges], reach: dict[int, int]) -> dict[int, int]:
        """For each vertex what is reached from any vertex on paths to it."""
        gathered: dict[int, int] = {}
        for vertex in sorted(self.vertices, key=lambda vertex: (vertex < 0, vertex), reverse=near is self.out_of):
            bits = 0
            for other in near.get(vertex, ()):
                bits |= reach[other] | gathered[other]
            gathered[vertex] = bits
        return gathered

    def _reach(self, vertices: Iterable[int], sources: dict[int, Edges]) -> dict[int, int]:
        """For each vertex the set of inner vertices on paths to it."""
        reach: dict[int, int] = {}
        every = (1 << len(self.inner)) - 1
        for vertex in vertices:
            bits = 0
            for source in sources.get(vertex, ()):
                bits |= self.bit[source] | reach[source]
            reach[vertex] = bits & every
        return reach

    def cost(self, vertex: int, gone: int) -> int:
        """What eliminating a vertex costs when those in `gone` are gone already."""
        key = gone & self.around[vertex]
        known = self._costs[vertex].get(key)
        if known is None:
            known = self._costs[vertex][key] = self._cost(vertex, gone)
        return known

    def _cost(self, vertex: int, gone: int) -> int:
        product = self.kinds.product
        leaving = self.leaving(vertex, gone).values()
        total = sum(product(outer, inner)[1] for inner in self.arriving(vertex, gone).values() for outer in leaving)
        return total + self._added(vertex, gone) if self.kinds.adds else total

    def _added(self, vertex: int, gone: int) -> int:
        """What adding the new edges to those beside them costs."""
        product, add = self.kinds.product, self.kinds.sum
        leaving, total = self.leaving(vertex, gone), 0
        for source, inner in self.arriving(vertex, gone).items():
            beside = self.leaving(source, gone)
            for target in leaving.keys() & beside.keys():
                total += add(product(leaving[target], inner)[0], beside[target])[1]
        return total

    def total(self, order: Iterable[int]) -> int:
        """Multiplications of a whole order."""
        left = self.remaining()
        return sum([left.take(vertex) for vertex in order])

    def remaining(self) -> Remaining:
        """The graph before anything is eliminated."""
        return Remaining(self.kinds, self.into, self.out_of)

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
                    result[other] = add(kind, result.get(other, NOTHING))[0]
                    continue
                for far, step in cache[other][gone & reach[other]].items():
                    made = product(step, kind)[0] if outwards else product(kind, step)[0]
                    if made != NOTHING:
                        result[far] = add(made, result[far])[0] if far in result else made
            cache[here][gone & reach[here]] = result
            waiting.pop()
            if not waiting:
                return result
