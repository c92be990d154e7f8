"""Orders of elimination that need no search: forward, reverse, and greedy ones.

Each is a name and a function of `Prices`; `greedy` takes the vertex of least key, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .kinds import Kinds
from .pricing import Prices
from .remaining import Remaining

__all__ = ["ORDERS", "chain", "greedy", "is_line"]


def greedy(prices: Prices, key: Callable[[Remaining, int], Any]) -> list[int]:
    """The order that takes, again and again, the vertex of least ``key(remaining, vertex)``, which names the vertex.

    Only keys of vertices that a step can have touched are asked again.
    """
    remaining, order = prices.remaining(), []
    keys = {vertex: key(remaining, vertex) for vertex in prices.inner}
    waiting = [(asked, vertex) for vertex, asked in keys.items()]
    heapify(waiting)
    while keys:
        asked, taken = heappop(waiting)
        if keys.get(taken) != asked:
            continue
        order.append(taken)
        del keys[taken]
        touched = remaining.touched(taken)
        _ = remaining.take(taken)
        for vertex in touched:
            if vertex in keys:
                asked = key(remaining, vertex)
                if asked != keys[vertex]:
                    keys[vertex] = asked
                    heappush(waiting, (asked, vertex))
    return order


def is_line(prices: Prices) -> bool:
    """Whether the vertices that have a price, in the order of computation, have one edge in and one edge out each."""
    line = [*prices.sources, *prices.inner, *prices.targets]
    alone = all([prices.into.get(b, {}).keys() == {a} for a, b in pairwise(line)])
    return alone and all([len(prices.out_of[vertex]) == 1 for vertex in line[:-1]])


def chain(prices: Prices) -> list[int]:
    """The cheapest order of a graph in which each vertex has one edge in and one edge out, planned as a whole.

    Matrix chain multiplication by dynamic programming, for all stretches of one length at once: row ``n`` of `starting`
    (`ending`) holds what the stretches that start (end) at the n-th vertex cost, by length, and of which kind they are.
    """
    line = [*prices.sources, *prices.inner, *prices.targets]
    if not is_line(prices):
        raise ArgumentError("plan", "order", "is 'chain', but the graph has branches", 'Use "auto" or "search".')
    count, table = len(line), _Products(prices.kinds)
    starting, ending = np.zeros((2, count, count)), np.zeros((2, count, count))
    middles = np.zeros((count, count), int)
    for n, (a, b) in enumerate(pairwise(line)):
        starting[1, n, 1] = ending[1, n + 1, 1] = prices.into[b][a] + 1
    for length in range(2, count):
        (left, inner), (right, outer) = starting[:, : count - length, 1:length], ending[:, length:, length - 1 : 0 : -1]
        made, costs = table.of(outer.astype(int), inner.astype(int))
        total = left + right + costs
        best = np.argmin(total, axis=1)
        rows = np.arange(count - length)
        middles[rows, length] = rows + best + 1
        starting[:, rows, length] = ending[:, rows + length, length] = total[rows, best], made[rows, best]
    order: list[int] = []
    waiting = [(0, count - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first > 1:
            middle = middles[first, last - first]
            order.append(line[middle])
            waiting += [(first, middle), (middle, last)]
    return order[::-1]


class _Products:
    """Products of kinds for arrays of them, counted from one, so that zero is nothing."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self.made, self.costs = np.zeros((1, 1), int), np.zeros((1, 1))

    def of(self, outer: np.ndarray, inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The kinds of the products, and what they cost."""
        size = max(outer.max(), inner.max()) + 1
        if size > len(self.made):
            more = [(0, 2 * size - len(self.made))] * 2
            self.made, self.costs = np.pad(self.made, more, constant_values=-1), np.pad(self.costs, more)
            self.made[0] = self.made[:, 0] = 0
        made = self.made[outer, inner]
        if made.min() < 0:
            for pair in {*zip(outer[made < 0].tolist(), inner[made < 0].tolist(), strict=True)}:
                kind, self.costs[pair] = self.kinds.product(pair[0] - 1, pair[1] - 1)
                self.made[pair] = kind + 1
            made = self.made[outer, inner]
        return made, self.costs[outer, inner]


def _forward(prices: Prices) -> list[int]:
    return list(prices.inner)


def _reverse(prices: Prices) -> list[int]:
    return prices.inner[::-1]


def _markowitz(prices: Prices) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.degree(vertex), vertex))


def _late(prices: Prices) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.cost(vertex), -vertex))


def _fill(prices: Prices) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.growth(vertex), left.cost(vertex), -vertex))


def _structured(prices: Prices) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.cost(vertex), vertex))


ORDERS: dict[str, Callable[[Prices], list[int]]] = {
    "forward": _forward,
    "reverse": _reverse,
    "markowitz": _markowitz,
    "markowitz-structure": _structured,
    "late": _late,
    "fill": _fill,
    "chain": chain,
}
"""Forward and reverse; least edges in times edges out; least multiplications with structure, ties to the first vertex
(``"markowitz-structure"``) or to the last (``"late"``); least growth of stored numbers; a chain as a whole."""
