"""Products in which some factors occur twice, and the others only weigh what is summed: ``X.T @ diag(s) @ X``.

`squared` finds them among the factors of any contraction. `saved` tells what they save: NumPy computes one triangle of
a matrix times its own transpose, so that a sum of two such products may cost less than one product of sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from .contractions import Operand
from .gram import LEAST
from .opening import PASS, Labels, price

__all__ = ["Square", "saved", "squared"]


class Square(NamedTuple):
    """A product of a group of factors with the same group in other labels.

    Attributes
    ----------
    group : list of Operand
    swap : dict of int to int
        The labels of the result that the group has the first time, and those that it has the second time.
    weights : list of Operand
        The other factors, which have summed labels alone.
    summed : list of int
    """

    group: list[Operand]
    swap: dict[int, int]
    weights: list[Operand]
    summed: list[int]

    def work(self, sizes: dict[int, int]) -> int:
        """The multiplications of the whole product."""
        return prod([sizes[x] for x in (*self.summed, *self.swap, *self.swap.values())])


def squared(factors: Sequence[Operand], labels: Labels, sizes: dict[int, int]) -> Square | None:
    """The product of these factors as a square, if it is one; what has no label of its own is summed over."""
    out = [x for x in labels if x is not None]
    for n, first in enumerate(factors):
        for second in factors[n + 1 :]:
            found = _mirrored(first, second, factors, out) if first.node is second.node else None
            if found is None:
                continue
            group, swap, weights = found
            summed = dict.fromkeys([x for factor in group for x in factor.labels if x is not None and x not in swap])
            carried = {x for factor in weights for x in factor.labels if x is not None}
            ends = Counter([*swap, *swap.values()])
            if carried <= set(summed) and ends == Counter(out) and not set(summed) & set(out):
                return Square(group, swap, weights if carried else [], list(summed))
    return None


def saved(factors: Sequence[Operand], labels: Labels, sizes: dict[int, int], weight: Labels = ()) -> float:
    """What a product costs less than its factors in the best order, if it is a square with weights.

    The labels of one more weight may be told, which is no array yet.
    """
    found = squared(factors, labels, sizes)
    if found is None or not (found.weights or weight) or not set(weight) <= {*found.summed, None}:
        return 0.0
    if found.work(sizes) < LEAST:
        return 0.0
    out = tuple([x for x in labels if x is not None])
    half = PASS * prod([sizes[x] for x in (*found.summed, *found.swap)]) + 0.5 * found.work(sizes)
    groups = [factor.labels for factor in factors] + ([weight] if weight else [])
    return max(0.0, price(groups, out, sizes) - half)


def _mirrored(
    first: Operand, second: Operand, factors: Sequence[Operand], out: Sequence[int]
) -> tuple[list[Operand], dict[int, int], list[Operand]] | None:
    """The factors that occur twice, the labels of the result that they have the second time, and the other factors."""
    group: list[Operand] = []
    swap: dict[int, int] = {}
    rest = list(factors)
    waiting = [(first, second), (second, first)]
    while waiting:
        one, other = waiting.pop()
        pairs = [(x, y) for x, y in zip(one.labels, other.labels, strict=True) if x != y and None not in (x, y)]
        known = {**swap, **dict(pairs)}
        fits = bool(pairs) and (None in one.labels) == (None in other.labels)
        fits = fits and all([x in out and y in out[out.index(x) :] and known[x] == y for x, y in pairs])
        if fits and len(set(known.values())) == len(known) and not set(known) & set(known.values()):
            group.append(one)
            swap = known
            rest = [factor for factor in rest if factor is not one and factor is not other]
            waiting = [(f, g) for f in rest for g in rest if f is not g and f.node is g.node]
    return (group, swap, rest) if group else None
