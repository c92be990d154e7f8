"""Orders of a graph without branches, planned as a whole: the product of a chain of matrices.

- `is_line(prices)`: whether a graph is one.
- `chain(prices)`: the cheapest order by dynamic programming, over kinds where there are few, else over sizes and
  densities; a long chain is swept from its narrowest places, after the wide vertices between narrow ones are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..errors import ArgumentError
from .kinds import Kinds
from .pricing import Prices

__all__ = ["chain", "is_line"]

DYNAMIC_LIMIT = 200
"""Vertices up to which all stretches are compared: 20 milliseconds, and eight times that for twice as many."""

PRODUCT_LIMIT = 300
"""Pairs of kinds up to which products are looked at in detail; each takes half a millisecond."""


def is_line(prices: Prices) -> bool:
    """Whether the vertices that have a price, in the order of computation, have one edge in and one edge out each."""
    line = [*prices.sources, *prices.inner, *prices.targets]
    alone = all([prices.into.get(b, {}).keys() == {a} for a, b in pairwise(line)])
    return alone and all([len(prices.out_of[vertex]) == 1 for vertex in line[:-1]])


def chain(prices: Prices) -> list[int]:
    """The cheapest order of a graph in which each vertex has one edge in and one edge out, as far as it is known."""
    if not is_line(prices):
        raise ArgumentError("plan", "order", "is 'chain', but the graph has branches", 'Use "auto" or "search".')
    line = [*prices.sources, *prices.inner, *prices.targets]
    kinds = [prices.into[b][a] for a, b in pairwise(line)]
    known = {kind: _Link(*prices.kinds.extent(kind)) for kind in {*kinds}}
    links = [known[kind] for kind in kinds]
    if len(line) > DYNAMIC_LIMIT:
        return [line[n] for n in _swept(links)]
    order = _dynamic(_Kinds(prices.kinds, kinds))
    if order is None:
        order = _dynamic(_Sizes(links))
    return [line[n] for n in order or ()]


class _Link(NamedTuple):
    """An edge of a chain: its sizes, the share of its entries that are stored, and whether it has values at all."""

    rows: int
    columns: int
    density: float
    valued: bool


@lru_cache(maxsize=4096)
def _after(outer: _Link, inner: _Link) -> tuple[_Link, float]:
    """The product of two edges, and what it costs."""
    made = _Link(outer.rows, inner.columns, max(outer.density, inner.density), outer.valued or inner.valued)
    if not (outer.valued and inner.valued):
        return made, 0.0
    return made, float(outer.rows) * inner.rows * inner.columns * outer.density * inner.density


# ------------------------------------------------------------------------------------------------ all stretches
class _Kinds:
    """Products of kinds for arrays of them, counted from one, so that zero is nothing."""

    def __init__(self, kinds: Kinds, line: Sequence[int]) -> None:
        self.kinds = kinds
        self.first = np.array([line], float) + 1
        self.made, self.costs = np.zeros((1, 1), int), np.zeros((1, 1))
        self.asked = 0

    def of(self, outer: np.ndarray, inner: np.ndarray, *_: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The kinds of the products, and what they cost; None where too many are asked for."""
        (outer,), (inner,) = outer.astype(int), inner.astype(int)
        size = max(outer.max(), inner.max()) + 1
        if size > len(self.made):
            more = [(0, 2 * size - len(self.made))] * 2
            self.made, self.costs = np.pad(self.made, more, constant_values=-1), np.pad(self.costs, more)
            self.made[0] = self.made[:, 0] = 0
        made = self.made[outer, inner]
        if made.min() < 0:
            pairs = {*zip(outer[made < 0].tolist(), inner[made < 0].tolist(), strict=True)}
            self.asked += len(pairs)
            if self.asked > PRODUCT_LIMIT:
                return None
            for pair in pairs:
                kind, self.costs[pair] = self.kinds.product(pair[0] - 1, pair[1] - 1)
                self.made[pair] = kind + 1
            made = self.made[outer, inner]
        return made[None], self.costs[outer, inner]


class _Sizes:
    """Products of links for arrays of them: rows, columns, density, and whether there are values."""

    def __init__(self, links: Sequence[_Link]) -> None:
        self.first = np.array(links, float).T

    def of(self, outer: np.ndarray, inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The links of the products, and what they cost."""
        rows, _, dense, valued = outer
        middle, columns, densities, values = inner
        made = np.stack([rows, columns, np.maximum(dense, densities), np.maximum(valued, values)])
        return made, rows * middle * columns * dense * densities * (valued * values)


def _dynamic(algebra: _Kinds | _Sizes) -> list[int] | None:
    """The cheapest order by places in the line, or None where the algebra gives up.

    Matrix chain multiplication by dynamic programming, for all stretches of one length at once: ``starting[:, n]``
    (``ending[:, n]``) holds the cheapest products of the stretches that start (end) at the n-th vertex by length, and
    below them what they cost.
    """
    edges = algebra.first
    depth, count = len(edges), edges.shape[1] + 1
    starting, ending = np.zeros((2, depth + 1, count, count))
    middles = np.zeros((count, count), int)
    starting[:depth, :-1, 1] = ending[:depth, 1:, 1] = edges
    for length in range(2, count):
        left, right = starting[:, : count - length, 1:length], ending[:, length:, length - 1 : 0 : -1]
        products = algebra.of(right[:depth], left[:depth])
        if products is None:
            return None
        made, costs = products
        total = left[depth] + right[depth] + costs
        best = np.argmin(total, axis=1)
        rows = np.arange(count - length)
        middles[rows, length] = rows + best + 1
        for stretches, places in ((starting, rows), (ending, rows + length)):
            stretches[:depth, places, length] = made[:, rows, best]
            stretches[depth, places, length] = total[rows, best]
    order: list[int] = []
    waiting = [(0, count - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first > 1:
            middle = int(middles[first, last - first])
            order.append(middle)
            waiting += [(first, middle), (middle, last)]
    return order[::-1]


# ------------------------------------------------------------------------------------------------ long chains
def _swept(links: Sequence[_Link]) -> list[int]:
    """A cheap order by places in the line: the cheapest of sweeps from either end and from the narrowest place.

    A sweep goes away from its base, one product with a narrow matrix after the other. Where it pays, a wide vertex
    between narrower ones goes before: as in F. Y. Chin, "An O(n) algorithm for determining a near-optimal computation
    order of matrix chain products" (1978), one pass with a stack is at most a quarter above the least cost.
    """
    count = len(links) + 1
    narrowest = min(range(1, count - 1), key=lambda n: links[n].columns)
    found = []
    for base in dict.fromkeys((count - 1, 0, narrowest)):
        order: list[int] = []
        ahead, cost = _away(links[base:], range(base, count), order, forwards=True)
        behind, more = _away(links[:base][::-1], range(base, -1, -1), order, forwards=False)
        if ahead is not None and behind is not None:
            order.append(base)
            cost += _after(ahead, behind)[1]
        found.append((cost + more, order))
    return min(found, key=lambda item: item[0])[1]


def _away(
    links: Sequence[_Link], places: Sequence[int], order: list[int], *, forwards: bool
) -> tuple[_Link | None, float]:
    """Eliminate the vertices on one side of a base, all but the last; returns the edge that is left and the cost."""

    def product(far: _Link, near: _Link) -> tuple[_Link, float]:
        return _after(far, near) if forwards else _after(near, far)

    stack: list[
        tuple[int, _Link, _Link, float]
    ] = []  # a place, the edge to it, the edge from the base, what that costs
    total = 0.0
    for place, edge in zip(places[1:], links, strict=True):
        while len(stack) > 1:
            (_, _, start, _), (wide, inner, front, cost) = stack[-2:]
            early, cost_early = product(edge, inner)
            if cost_early + product(early, start)[1] >= cost + product(edge, front)[1]:
                break
            _ = stack.pop()
            order.append(wide)
            total += cost_early
            edge = early
        if stack:
            front, cost = product(edge, stack[-1][2])
        else:
            front, cost = edge, 0.0
        stack.append((place, edge, front, cost))
    order += [place for place, *_ in stack[:-1]]
    return (stack[-1][2] if stack else None), total + sum([cost for *_, cost in stack])
