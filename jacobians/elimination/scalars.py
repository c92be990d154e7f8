"""Prices of graphs of numbers: an edge is a one, a constant or a value, and sets of vertices are bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..terms import Term
from .kinds import NOTHING, Kinds
from .pricing import Edges, Prices

__all__ = ["NumberKinds", "ScalarPrices", "UniformKinds"]

ONE, CONSTANT, VALUE = range(3)

Sets = tuple[int, int, int]
"""Neighbours by the kind of their edges: all of them, those with a constant or a value, those with a value."""


class NumberKinds(Kinds):
    """Edges between numbers: signs are free, and so are constants among themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.held = [1, 1, 1]

    def of(self, terms: Sequence[Term]) -> int:
        kinds = [VALUE if term.factors else ONE if abs(term.scale) == 1 else CONSTANT for term in terms]
        return max(kinds, default=NOTHING)

    def product(self, outer: int, inner: int) -> tuple[int, int]:
        return max(outer, inner), int(VALUE in (outer, inner) and ONE not in (outer, inner))

    def sum(self, one: int, other: int) -> int:
        return max(one, other)


class UniformKinds(NumberKinds):
    """Edges between numbers, all of which count."""

    def of(self, terms: Sequence[Term]) -> int:
        return VALUE if terms else NOTHING


class ScalarPrices(Prices):
    """`Prices` of graphs whose inner vertices are numbers, with `NumberKinds`."""

    def _cost(self, vertex: int, gone: int) -> int:
        _, scaled_in, valued_in = self.arriving(vertex, gone)
        _, scaled_out, valued_out = self.leaving(vertex, gone)
        values_in, values_out = valued_in.bit_count(), valued_out.bit_count()
        return values_in * scaled_out.bit_count() + (scaled_in.bit_count() - values_in) * values_out

    def degree(self, vertex: int, gone: int) -> int:
        return self.arriving(vertex, gone)[0].bit_count() * self.leaving(vertex, gone)[0].bit_count()

    def growth(self, vertex: int, gone: int) -> int:
        arriving, leaving = self.arriving(vertex, gone)[0], self.leaving(vertex, gone)[0]
        total = -arriving.bit_count() - leaving.bit_count()
        return total + sum(
            [(leaving & ~self.leaving(source, gone)[0]).bit_count() for source in self._members(arriving)]
        )

    def touched(self, vertex: int, gone: int) -> Iterable[int]:
        sources = self.arriving(vertex, gone)[0]
        touched = self.leaving(vertex, gone)[0] | sources
        for source in self._members(sources):
            touched |= self.leaving(source, gone)[0]
        return self._members(touched)

    def _members(self, bits: int) -> Iterator[int]:
        """The vertices of a set."""
        while bits:
            lowest = bits & -bits
            yield self.vertices[lowest.bit_length() - 1]
            bits ^= lowest

    def _walk(self, vertex: int, gone: int, direct: dict[int, Edges], cache: dict[int, dict], reach: dict) -> Sets:
        bit = self.bit
        waiting = [vertex]
        while True:
            here = waiting[-1]
            every = scaled = valued = 0
            for other, kind in direct.get(here, {}).items():
                if gone & bit[other]:
                    beyond = cache[other].get(gone & reach[other])
                    if beyond is None:
                        waiting.append(other)
                        break
                    a, s, v = beyond
                else:
                    a, s, v = bit[other], 0, 0
                every |= a
                scaled |= a if kind else s
                valued |= a if kind == VALUE else v
            else:
                result = cache[here][gone & reach[here]] = every, scaled, valued
                waiting.pop()
                if not waiting:
                    return result
