"""The cheapest order of pairs for a few operands, by dynamic programming over sets of them.

`cheapest_pairs` goes through all ways to part each set in two, outer products included, and needs no import: a first
contraction should not wait for one. Of orders with as many multiplications it takes one that writes least.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["LIMIT", "cheapest_pairs"]

LIMIT = 9
"""Operands up to which all sets are gone through: nine take about 5 ms, six 0.3."""

Tree = int | tuple["Tree", "Tree"]


def cheapest_pairs(
    operands: Sequence[Collection[int]], output: Collection[int], sizes: Sequence[int]
) -> list[tuple[int, int]]:
    """The positions of each pair in the list of operands, from which both leave and at whose end their product joins.

    Parameters
    ----------
    operands : sequence of collection of int
        The labels of each; there is one at least.
    output : collection of int
        The labels that are not summed.
    sizes : sequence of int
        By label.

    Examples
    --------
    >>> cheapest_pairs([{0, 1}, {1, 2}, {2}], {0}, [50, 50, 50])
    [(1, 2), (0, 1)]
    """
    alone = [_bits(labels) for labels in operands]
    whole, kept = (1 << len(alone)) - 1, _bits(output)
    union = [0] * (whole + 1)
    for chosen in range(1, whole + 1):
        rest = chosen & (chosen - 1)
        union[chosen] = union[rest] | alone[(chosen ^ rest).bit_length() - 1]
    left = [union[chosen] & (kept | union[whole ^ chosen]) for chosen in range(whole + 1)]  # after the sums
    extents: dict[int, int] = {}

    def extent(labels: int) -> int:
        known = extents.get(labels)
        if known is None:
            known = 1
            for n, size in enumerate(sizes):
                if labels >> n & 1:
                    known *= size
            extents[labels] = known
        return known

    work, written = [0] * (whole + 1), [0] * (whole + 1)
    trees: list[Tree] = [0] * (whole + 1)
    for n in range(len(alone)):
        trees[1 << n] = n
    for chosen in range(3, whole + 1):
        part = chosen & (chosen - 1)
        if not part:
            continue
        best: tuple[int, int, int] | None = None
        highest = 1 << chosen.bit_length() - 1
        while part >= highest:  # each way once: the part with the last operand
            other = chosen ^ part
            cost = work[part] + work[other]
            if best is None or cost < best[0]:
                cost += extent(left[part] | left[other])
                made = written[part] + written[other]
                if best is None or cost < best[0] or (cost == best[0] and made < best[1]):
                    best = cost, made, part
            part = (part - 1) & chosen
        if best is not None:
            work[chosen], made, part = best
            written[chosen] = made + extent(left[chosen])
            trees[chosen] = trees[chosen ^ part], trees[part]
    return _path(trees[whole], len(alone))


def _bits(labels: Collection[int]) -> int:
    return sum([1 << n for n in labels])


def _path(tree: Tree, count: int) -> list[tuple[int, int]]:
    """A tree as positions in a list that shrinks."""
    waiting, path = list(range(count)), []

    def placed(part: Tree) -> int:
        if isinstance(part, int):
            return part
        one, other = placed(part[0]), placed(part[1])
        places = sorted((waiting.index(one), waiting.index(other)))
        for place in reversed(places):
            del waiting[place]
        path.append((places[0], places[1]))
        waiting.append(count + len(path))
        return waiting[-1]

    placed(tree)
    return path
