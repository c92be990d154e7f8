"""Local search for a cheap order of elimination.

A move takes one vertex out of the order and puts it back a few places away; it is kept unless the order becomes
dearer, so that the search drifts along orders of equal cost. Only the stretch between the two places is priced again.

A long order is improved part by part. What is eliminated after a part costs the same however the part is ordered, so
that a part is a search of its own, among the edges that are left when the parts before it are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, log
from random import Random
from time import monotonic
from typing import NamedTuple

from .pricing import Prices
from .remaining import Edges, Remaining

__all__ = ["Found", "improve", "improve_parts"]

REACH = 4, 24
"""Places that a vertex typically moves: near, or far with the same chance."""

PART = 128
"""Vertices of a part of a long order."""

GLANCE = 64
"""Moves between two looks at the clock."""


class Found(NamedTuple):
    """An order, its price, and the number of moves that were tried."""

    order: list[int]
    cost: int
    moves: int


def improve(
    prices: Prices,
    order: Sequence[int],
    *,
    moves: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    target: int = 0,
) -> Found:
    """The cheapest order met on a walk that starts from `order`.

    Parameters
    ----------
    prices : Prices
    order : sequence of int
    moves, seconds : int and float, optional
        When to stop: whichever comes first; one of them must be given.
    seed : int
        Of the random moves: the same seed and number of moves give the same order.
    target : int
        A cost at which nothing cheaper can be found.
    """
    order, count = list(order), len(order)
    price, bit = prices.cost, prices.bit
    before = [0] * (count + 1)
    for n, vertex in enumerate(order):
        before[n + 1] = before[n] | bit[vertex]
    costs = {vertex: price(vertex, before[n]) for n, vertex in enumerate(order)}
    total = sum(costs.values())
    best, cheapest = list(order), total
    random = Random(seed).random
    deadline = inf if seconds is None else monotonic() + seconds
    limit = inf if moves is None else moves
    tried = 0
    while tried < limit and count > 1 and cheapest > target:
        if tried % GLANCE == 0 and monotonic() > deadline:
            break
        tried += 1
        start = int(random() * count)
        distance = 1 + int(-REACH[random() < 0.5] * log(1.0 - random()))
        end = start + distance if random() < 0.5 else start - distance
        if not 0 <= end < count:
            continue
        low, high = (start, end) if start < end else (end, start)
        stretch = order[low : high + 1]
        moved = stretch.pop(start - low)
        stretch.insert(end - low, moved)
        near = prices.around[moved]
        gone, growth = before[low], -costs[moved]
        changed = {}
        # A vertex that is neither upstream nor downstream of the moved one costs what it did.
        for vertex in stretch:
            if vertex == moved or near & bit[vertex]:
                cost = changed[vertex] = price(vertex, gone)
                growth += cost if vertex == moved else cost - costs[vertex]
            gone |= bit[vertex]
        if growth <= 0:
            order[low : high + 1] = stretch
            costs.update(changed)
            for n in range(low, high):
                before[n + 1] = before[n] | bit[order[n]]
            total += growth
            if total < cheapest:
                best, cheapest = list(order), total
    return Found(best, cheapest, tried)


def improve_parts(
    prices: Prices, order: Sequence[int], *, moves: int, deadline: float, seed: int = 0, passes: int = 2
) -> list[int]:
    """A long order, improved part by part, and then again with parts that begin in between."""
    count = len(order)
    order = list(order)
    for turn in range(passes):
        remaining, improved = prices.remaining(), []
        starts = [0, *range(PART // (1 + turn), count, PART)]
        for start, end in pairwise([*starts, count]):
            part = order[start:end]
            share = (end - start) / (count * (passes - turn) - start)
            left = deadline - monotonic()
            if left <= 0:
                break
            tried = round(moves * share)
            found = improve(_part(prices, remaining, part), part, moves=tried, seconds=left * share, seed=seed + turn)
            moves -= found.moves
            for vertex in found.order:
                _ = remaining.take(vertex)
            improved += found.order
        order[: len(improved)] = improved
    return order


def _part(prices: Prices, remaining: Remaining, part: Sequence[int]) -> Prices:
    """The prices of some of the vertices that are left."""
    into: dict[int, Edges] = {}
    out_of: dict[int, Edges] = {}
    for vertex in part:
        for source, kind in remaining.into[vertex].items():
            into.setdefault(vertex, {})[source] = out_of.setdefault(source, {})[vertex] = kind
        for target, kind in remaining.out_of[vertex].items():
            into.setdefault(target, {})[vertex] = out_of.setdefault(vertex, {})[target] = kind
    return type(prices)(prices.kinds, into, out_of, sorted(part))
