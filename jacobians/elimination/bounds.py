"""How cheap an order can be at all.

- `lower_bound(prices)`: no order takes fewer multiplications where each pair of edges costs at least one: whatever has
  been eliminated before, a vertex has as many edges in as there are paths to it from the inputs that share no vertex,
  and as many edges out as there are such paths from it to the outputs (Menger's theorem).
- `exact_order(prices)`: the cheapest order of a few vertices, by dynamic programming over sets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from .pricing import Prices

__all__ = ["EXACT_LIMIT", "exact_order", "lower_bound"]

Node = tuple[int, int]

ENTRANCE, EXIT = range(2)
END: Node = (-1, 2)
"""Where all ends lead to; no vertex has this side."""

EXACT_LIMIT = 11
"""Vertices up to which all sets are gone through: two thousand sets."""


def lower_bound(prices: Prices) -> int:
    """The multiplications that every order takes by the published rule."""
    return sum(
        _disjoint_paths(vertex, prices.into, prices.sources) * _disjoint_paths(vertex, prices.out_of, prices.targets)
        for vertex in prices.inner
    )


def _disjoint_paths(start: int, near: Mapping[int, Collection[int]], ends: Collection[int]) -> int:
    """The largest number of paths from a vertex to different ends that share no other vertex.

    A maximal flow, one path at a time (Ford and Fulkerson); each vertex is an entrance, an exit, and an arc between.
    """
    flow: set[tuple[Node, Node]] = set()
    count = 0
    while (path := _augmenting(start, near, ends, flow)) is not None:
        for tail, head in pairwise(path):
            if (head, tail) in flow:
                flow.remove((head, tail))
            else:
                flow.add((tail, head))
        count += 1
    return count


def _augmenting(start: int, near: Mapping, ends: Collection[int], flow: set[tuple[Node, Node]]) -> list[Node] | None:
    """A path to an end along arcs that are free, or backwards along arcs that are not; shortest first."""
    into: dict[Node, list[Node]] = {}
    for tail, head in flow:
        into.setdefault(head, []).append(tail)
    came: dict[Node, Node | None] = {(start, EXIT): None}
    waiting = [(start, EXIT)]
    for node in waiting:
        vertex, side = node
        if vertex in ends and side == EXIT and (node, END) not in flow:
            path = [END, node]
            while (previous := came[path[-1]]) is not None:
                path.append(previous)
            return path[::-1]
        ahead = [(other, ENTRANCE) for other in near.get(vertex, ())] if side == EXIT else [(vertex, EXIT)]
        for other in (*[other for other in ahead if (node, other) not in flow], *into.get(node, ())):
            if other not in came:
                came[other] = node
                waiting.append(other)
    return None


def exact_order(prices: Prices) -> list[int]:
    """The cheapest order: the best way to each set of vertices, from the empty set to all of them."""
    bits = [(vertex, prices.bit[vertex]) for vertex in prices.inner]
    best: dict[int, tuple[int, list[int]]] = {0: (0, [])}
    for _ in bits:
        wider: dict[int, tuple[int, list[int]]] = {}
        for gone, (cost, order) in best.items():
            for vertex, bit in bits:
                if gone & bit:
                    continue
                total = cost + prices.cost(vertex, gone)
                known = wider.get(gone | bit)
                if known is None or total < known[0]:
                    wider[gone | bit] = total, [*order, vertex]
        best = wider
    ((_, order),) = best.values()
    return order
