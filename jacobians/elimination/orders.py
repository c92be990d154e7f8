"""Orders of elimination that need no search: forward, reverse, and greedy ones.

Each is a name and a function of `Prices`; `greedy` takes the vertex of least key, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from time import monotonic
from typing import Any

from .chains import chain
from .pricing import Prices
from .remaining import Remaining

__all__ = ["ORDERS", "OutOfTimeError", "greedy"]


class OutOfTimeError(Exception):
    """An order was not found before its deadline."""


def greedy(prices: Prices, key: Callable[[Remaining, int], Any], deadline: float = inf) -> list[int]:
    """The order that takes, again and again, the vertex of least ``key(remaining, vertex)``, which names the vertex.

    Only keys of vertices that a step can have touched are asked again. Raises `OutOfTimeError` where `monotonic` passes
    the deadline.
    """
    remaining, order = prices.remaining(), []
    keys = {vertex: key(remaining, vertex) for vertex in prices.inner}
    waiting = [(asked, vertex) for vertex, asked in keys.items()]
    heapify(waiting)
    while keys:
        asked, taken = heappop(waiting)
        if keys.get(taken) != asked:
            continue
        if monotonic() > deadline:
            raise OutOfTimeError
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


def _forward(prices: Prices, deadline: float = inf) -> list[int]:
    return list(prices.inner)


def _reverse(prices: Prices, deadline: float = inf) -> list[int]:
    return prices.inner[::-1]


def _chain(prices: Prices, deadline: float = inf) -> list[int]:
    return chain(prices)


def _markowitz(prices: Prices, deadline: float = inf) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.degree(vertex), vertex), deadline)


def _late(prices: Prices, deadline: float = inf) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.cost(vertex), -vertex), deadline)


def _fill(prices: Prices, deadline: float = inf) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.growth(vertex), left.cost(vertex), -vertex), deadline)


def _structured(prices: Prices, deadline: float = inf) -> list[int]:
    return greedy(prices, lambda left, vertex: (left.cost(vertex), vertex), deadline)


ORDERS: dict[str, Callable[..., list[int]]] = {
    "forward": _forward,
    "reverse": _reverse,
    "markowitz": _markowitz,
    "markowitz-structure": _structured,
    "late": _late,
    "fill": _fill,
    "chain": _chain,
}
"""Forward and reverse; least edges in times edges out; least multiplications with structure, ties to the first vertex
(``"markowitz-structure"``) or to the last (``"late"``); least growth of stored numbers; a chain as a whole."""
