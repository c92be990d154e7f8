"""Orders of elimination that need no search: forward, reverse, and greedy ones.

Each is a name and a function of `Prices`; `greedy` takes the vertex of least key, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ..errors import ArgumentError
from .kinds import NOTHING
from .pricing import Prices

__all__ = ["ORDERS", "chain", "greedy", "is_line"]


def greedy(prices: Prices, key: Callable[[int, int], Any]) -> list[int]:
    """The order that takes, again and again, the vertex of least ``key(vertex, gone)``.

    Only keys of vertices that a step has touched are asked again: those that the eliminated one reaches or is reached
    from.
    """
    gone, order, left = 0, [], set(prices.inner)
    keys = {vertex: key(vertex, 0) for vertex in prices.inner}
    while left:
        taken = min(left, key=keys.__getitem__)
        order.append(taken)
        left.remove(taken)
        gone |= prices.bit[taken]
        for vertex in left:
            if prices.around[vertex] & prices.bit[taken]:
                keys[vertex] = key(vertex, gone)
    return order


def is_line(prices: Prices) -> bool:
    """Whether the vertices that have a price, in the order of computation, have one edge in and one edge out each."""
    line = [*prices.sources, *prices.inner, *prices.targets]
    alone = all([prices.into.get(b, {}).keys() == {a} for a, b in pairwise(line)])
    return alone and all([len(prices.out_of[vertex]) == 1 for vertex in line[:-1]])


def chain(prices: Prices) -> list[int]:
    """The cheapest order of a graph in which each vertex has one edge in and one edge out, planned as a whole.

    Matrix chain multiplication by dynamic programming: ``best[i, j]`` is the cheapest way to one edge from the i-th
    vertex to the j-th, its kind, and the vertex that goes last.
    """
    line = [*prices.sources, *prices.inner, *prices.targets]
    if not is_line(prices):
        raise ArgumentError("plan", "order", "is 'chain', but the graph has branches", 'Use "auto" or "search".')
    best = {(n, n + 1): (0, prices.into[b][a], n) for n, (a, b) in enumerate(pairwise(line))}
    for length in range(2, len(line)):
        for first in range(len(line) - length):
            last = first + length
            options = []
            for middle in range(first + 1, last):
                (left, inner, _), (right, outer, _) = best[first, middle], best[middle, last]
                kind, cost = (NOTHING, 0) if NOTHING in (inner, outer) else prices.kinds.product(outer, inner)
                options.append((left + right + cost, kind, middle))
            best[first, last] = min(options, key=lambda option: option[0])
    order: list[int] = []
    waiting = [(0, len(line) - 1)]
    while waiting:
        first, last = waiting.pop()
        middle = best[first, last][2]
        if last - first > 1:
            order.append(line[middle])
            waiting += [(first, middle), (middle, last)]
    return order[::-1]


def _forward(prices: Prices) -> list[int]:
    return list(prices.inner)


def _reverse(prices: Prices) -> list[int]:
    return prices.inner[::-1]


def _markowitz(prices: Prices) -> list[int]:
    return greedy(prices, lambda vertex, gone: (prices.degree(vertex, gone), vertex))


def _late(prices: Prices) -> list[int]:
    return greedy(prices, lambda vertex, gone: (prices.cost(vertex, gone), -vertex))


def _fill(prices: Prices) -> list[int]:
    return greedy(prices, lambda vertex, gone: (prices.growth(vertex, gone), prices.cost(vertex, gone), -vertex))


def _structured(prices: Prices) -> list[int]:
    return greedy(prices, lambda vertex, gone: (prices.cost(vertex, gone), vertex))


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
