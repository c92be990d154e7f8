"""Prices of graphs of numbers: an edge is a one, a constant or a value, and sets of vertices are bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..terms import Term
from .kinds import NOTHING, Kinds
from .pricing import Prices
from .remaining import Edges

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

    def extent(self, kind: int) -> tuple[int, int, float, bool]:
        return 1, 1, 1.0, kind != ONE

    def cost(self, arriving: Iterable[int], leaving: Iterable[int]) -> int:
        into, out = [*arriving], [*leaving]
        values, scaled = into.count(VALUE), len(into) - into.count(ONE)
        return values * (len(out) - out.count(ONE)) + (scaled - values) * out.count(VALUE)

    def product(self, outer: int, inner: int) -> tuple[int, int]:
        return max(outer, inner), int(VALUE in (outer, inner) and ONE not in (outer, inner))

    def sum(self, one: int, other: int) -> tuple[int, int]:
        return max(one, other), 0


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
