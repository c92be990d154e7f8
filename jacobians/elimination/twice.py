"""Sums that occur twice in a product of Jacobians, once as they are and once transposed, added once.

In ``J @ J.T`` both sides multiply by the same slopes. What is made of the same arrays is found again by their ids, so
the two sides stay the same for as long as the sums in them are the same arrays, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..labels import Axes, Axis, Label
from ..terms import Term
from ..terms.memory import recall
from .merge import merge

__all__ = ["merged_once"]


def merged_once(terms: Sequence[Term], dtype: np.dtype) -> list[Term] | None:
    """`merge`, which finds again what it has made of the same terms or of their transposes; None where it cannot."""
    straight, turned = [], []
    for term in terms:
        pattern = term._pattern
        if pattern is None or pattern.maps or pattern.bound or not all([type(a) is np.ndarray for a in term.arrays]):
            return None
        factors = sorted(zip(map(id, term.arrays), pattern.groups, strict=True), key=lambda factor: factor[0])
        straight.append((term.scale, *_numbered(factors, pattern.out, pattern.inp)))
        turned.append((term.scale, *_numbered(factors, pattern.inp, pattern.out)))
    names = sorted(straight), sorted(turned)
    side = names[1] < names[0]
    key = "merge", *names[side]
    first, found = recall(key, [*terms], lambda: (side, merge(terms, dtype)))
    return [*found] if first == side else [term.T for term in found]


def _numbered(factors: Sequence[tuple[int, Axis]], first: Axes, second: Axes) -> tuple[object, ...]:
    """A product with numbers for its labels: equal for products of the same arrays that stand alike."""
    numbers: dict[Label, int] = {}

    def name(labels: Axis) -> tuple[tuple[int, int], ...]:
        return tuple([(numbers.setdefault(label, len(numbers)), label.size) for label in labels])

    arrays, groups = tuple([array for array, _ in factors]), tuple([name(labels) for _, labels in factors])
    return arrays, groups, tuple([name(axis) for axis in first]), tuple([name(axis) for axis in second])
