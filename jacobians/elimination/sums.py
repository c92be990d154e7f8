"""Sums of scaled arrays, with as few passes over them as possible: a scale is pulled out where that is exact."""

from __future__ import annotations

from math import frexp
from typing import Any

import numpy as np

from ..labels import Axis, size_of
from ..terms import Factor, factor_of
from .owning import NOTHING_SPARE, room

__all__ = ["sum_of_arrays", "weighted_sum"]


def sum_of_arrays(
    a_scale: float, a: Any, b_scale: float, b: Any, labels: Axis, spare: frozenset[int] = NOTHING_SPARE
) -> tuple[float, Any]:
    """``a_scale * a + b_scale * b`` as a scale and an array, of arrays under the same labels; see `weighted_sum`.

    Arrays whose ids are in `spare` may be written into.
    """
    if a is b:
        return a_scale + b_scale, a
    if a_scale == b_scale:
        return a_scale, np.add(a, b, room(a, b, spare)) if spare else np.add(a, b)
    if a_scale == -b_scale:
        return a_scale, np.subtract(a, b, room(a, b, spare)) if spare else np.subtract(a, b)
    if spare and labels and a.shape == b.shape:
        if room(b, a, spare) is b and _divides(a_scale):
            return a_scale, np.add(a, np.multiply(b, b_scale / a_scale, b), b)
        if room(a, b, spare) is a and _divides(b_scale):
            return b_scale, np.add(np.multiply(a, a_scale / b_scale, a), b, a)
    scale, total = weighted_sum(a_scale, factor_of(a, labels), b_scale, factor_of(b, labels))
    return scale, total.array


def weighted_sum(a_scale: float, a: Factor, b_scale: float, b: Factor) -> tuple[float, Factor]:
    """``a_scale * a + b_scale * b`` as a scale and a factor, with as few passes as possible.

    A scale is pulled out where that is exact, so that the sum multiplies at most one of the two: the smaller one if
    there is a choice.
    """
    labels = a.labels
    left, right = a.array, b.array
    if a.labels != b.labels:
        labels = tuple(dict.fromkeys((*a.labels, *b.labels)))
        left, right = a.spread(labels), b.spread(labels)
    if a_scale == b_scale:
        return a_scale, Factor(np.add(left, right), labels)
    if a_scale == -b_scale:
        return a_scale, Factor(np.subtract(left, right), labels)
    if _is_one(b) and _divides(a_scale):
        return a_scale, Factor(np.add(left, b_scale / a_scale), labels)
    if _is_one(a) and _divides(b_scale):
        return b_scale, Factor(np.add(right, a_scale / b_scale), labels)
    if _divides(a_scale) and not (_divides(b_scale) and size_of(a.labels) < size_of(b.labels)):
        return a_scale, Factor(np.add(left, right * (b_scale / a_scale)), labels)
    if _divides(b_scale):
        return b_scale, Factor(np.add(left * (a_scale / b_scale), right), labels)
    return 1.0, Factor(np.add(left * a_scale, right * b_scale), labels)


def _is_one(factor: Factor) -> bool:
    """Whether a factor is the one that stands for no factors."""
    array = factor.array
    return not factor.labels and isinstance(array, np.ndarray) and array.dtype == float and bool(array == 1)


def _divides(scale: float) -> bool:
    """Whether dividing by a scale is exact: powers of two."""
    return isinstance(scale, (int, float)) and abs(frexp(scale)[0]) == 0.5
