"""How cheap an order can be at all.

- `lower_bound(prices)`: no order takes fewer multiplications where each pair of edges costs at least one: whatever has
  been eliminated before, a vertex has as many edges in as there are paths to it from the inputs that share no vertex,
  and as many edges out as there are such paths from it to the outputs (Menger's theorem).
- `exact_order(prices)`: the cheapest order of a few vertices, by dynamic programming over sets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from .pricing import Prices

__all__ = ["EXACT_LIMIT", "exact_order", "lower_bound"]

Node = tuple[int, int]
Counts = dict[int, int]

ENTRANCE, EXIT = range(2)
END: Node = (-1, 2)
"""Where all ends lead to; no vertex has this side."""

ROOT = -(1 << 62)
"""What lies behind all ends; no vertex has this number."""

WORK = 200_000
"""Vertices that are visited for a bound: about a third of a second."""

EXACT_LIMIT = 11
"""Vertices up to which all sets are gone through: two thousand sets."""


def lower_bound(prices: Prices, work: int = WORK) -> int:
    """The multiplications that every order takes by the published rule.

    Paths are looked for as long as no more than `work` vertices have been visited; from then on there may be more of
    them than are counted, and the bound is lower.
    """
    forwards = sorted(prices.vertices, key=lambda vertex: (vertex < 0, vertex))
    left = Work(work)
    arriving = _counts(forwards, prices.into, {*prices.sources}, left)
    leaving = _counts(forwards[::-1], prices.out_of, {*prices.targets}, left)
    return sum([arriving[vertex] * leaving[vertex] for vertex in prices.inner])


class Work:
    """Vertices that may still be visited."""

    def __init__(self, left: int) -> None:
        self.left = left


def _counts(vertices: Sequence[int], near: Mapping[int, Collection[int]], ends: Collection[int], work: Work) -> Counts:
    """For each vertex the number of paths to different ends that share no other vertex.

    One where a single vertex lies on all of them; paths are only looked for where there may be more than two.
    """
    separating = _dominators(vertices, near, ends)
    counts = {}
    for vertex in vertices:
        most = min(len(near.get(vertex, ())), len(ends))
        if most < 2 or separating.get(vertex) != ROOT:
            counts[vertex] = min(most, 1)
        elif most == 2:
            counts[vertex] = 2
        else:
            counts[vertex] = max(2, _disjoint_paths(vertex, near, ends, most, work))
    return counts


def _dominators(
    vertices: Sequence[int], near: Mapping[int, Collection[int]], ends: Collection[int]
) -> dict[int, int | None]:
    """For each vertex the nearest one that all of its paths to the ends pass, `ROOT` if there is none.

    These are a tree, and that of a vertex is where the branches of its neighbours meet. Each vertex of the tree also
    knows one far up, so that a meeting is found in a logarithm of the depth (E. W. Myers, "An applicative random-access
    stack", 1983).
    """
    parent: dict[int, int | None] = {ROOT: None}
    depth, jump = {ROOT: 0}, {ROOT: ROOT}
    for vertex in vertices:
        above = ROOT if vertex in ends else None
        reached = [] if vertex in ends else [other for other in near.get(vertex, ()) if other in parent]
        for other in reached:
            above = other if above is None else _meeting(above, other, parent, depth, jump)
        if above is None:  # no path leads to it
            continue
        parent[vertex], depth[vertex] = above, depth[above] + 1
        far = jump[above]
        jump[vertex] = jump[far] if depth[above] - depth[far] == depth[far] - depth[jump[far]] else above
    return parent


def _meeting(a: int, b: int, parent: dict, depth: dict[int, int], jump: dict[int, int]) -> int:
    """The deepest vertex above both, or one of them."""
    if depth[a] < depth[b]:
        a, b = b, a
    while depth[a] > depth[b]:
        a = jump[a] if depth[jump[a]] >= depth[b] else parent[a]
    while a != b:
        a, b = (jump[a], jump[b]) if jump[a] != jump[b] else (parent[a], parent[b])
    return a


def _disjoint_paths(
    start: int, near: Mapping[int, Collection[int]], ends: Collection[int], most: int, work: Work
) -> int:
    """The largest number of paths from a vertex to different ends that share no other vertex.

    A maximal flow, one path at a time (Ford and Fulkerson); each vertex is an entrance, an exit, and an arc between.
    """
    flow: set[tuple[Node, Node]] = set()
    count = 0
    while count < most and work.left > 0 and (path := _augmenting(start, near, ends, flow, work)) is not None:
        for tail, head in pairwise(path):
            if (head, tail) in flow:
                flow.remove((head, tail))
            else:
                flow.add((tail, head))
        count += 1
    return count


def _augmenting(
    start: int, near: Mapping, ends: Collection[int], flow: set[tuple[Node, Node]], work: Work
) -> list[Node] | None:
    """A path to an end along arcs that are free, or backwards along arcs that are not; shortest first."""
    into: dict[Node, list[Node]] = {}
    for tail, head in flow:
        into.setdefault(head, []).append(tail)
    came: dict[Node, Node | None] = {(start, EXIT): None}
    waiting = [(start, EXIT)]
    for node in waiting:
        work.left -= 1
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
