"""Sums of scaled arrays, with as few passes over them as possible: a scale is pulled out where that is exact."""

from __future__ import annotations

from math import frexp
from typing import Any

import numpy as np

from ..labels import Axis, size_of
from ..late import LARGE
from ..terms import Factor, factor_of
from .owning import NOTHING_SPARE, room

__all__ = ["sum_of_arrays", "weighted_sum"]


def sum_of_arrays(
    a_scale: float, a: Any, b_scale: float, b: Any, labels: Axis, spare: frozenset[int] = NOTHING_SPARE
) -> tuple[float, Any]:
    """``a_scale * a + b_scale * b`` as a scale and an array, of arrays under the same labels; see `weighted_sum`."""
    if a is b:
        return a_scale + b_scale, a
    if a_scale == b_scale:
        return a_scale, np.add(a, b, room(a, b, spare)) if spare else np.add(a, b)
    if a_scale == -b_scale:
        return a_scale, np.subtract(a, b, room(a, b, spare)) if spare else np.subtract(a, b)
    scale, total = weighted_sum(a_scale, factor_of(a, labels), b_scale, factor_of(b, labels), spare)
    return scale, total.array


def weighted_sum(
    a_scale: float, a: Factor, b_scale: float, b: Factor, spare: frozenset[int] = NOTHING_SPARE
) -> tuple[float, Factor]:
    """``a_scale * a + b_scale * b`` as a scale and a factor, with as few passes as possible.

    A scale is pulled out where that is exact, so that the sum multiplies at most one of the two: the smaller one if
    there is a choice, or one that may be written into. These are the arrays whose ids are in `spare`.
    """
    labels = a.labels
    left, right = a.array, b.array
    own_left, own_right = id(left) in spare, id(right) in spare and left is not right
    if a.labels != b.labels:
        labels = tuple(dict.fromkeys((*a.labels, *b.labels)))
        left, right = a.spread(labels), b.spread(labels)
    if a_scale == b_scale:
        return a_scale, Factor(_into(np.add, left, right, own_left, own_right), labels)
    if a_scale == -b_scale:
        return a_scale, Factor(_into(np.subtract, left, right, own_left, own_right), labels)
    if _is_one(b) and _divides(a_scale):
        return a_scale, Factor(_into(np.add, left, b_scale / a_scale, own_left, False), labels)
    if _is_one(a) and _divides(b_scale):
        return b_scale, Factor(_into(np.add, right, a_scale / b_scale, own_right, False), labels)
    by_b = _divides(b_scale) and (size_of(a.labels) < size_of(b.labels) or (own_left and not own_right))
    if _divides(a_scale) and not by_b:
        scaled = _into(np.multiply, right, b_scale / a_scale, own_right, False)
        return a_scale, Factor(_into(np.add, left, scaled, own_left, True), labels)
    if _divides(b_scale):
        scaled = _into(np.multiply, left, a_scale / b_scale, own_left, False)
        return b_scale, Factor(_into(np.add, scaled, right, True, own_right), labels)
    first = _into(np.multiply, left, a_scale, own_left, False)
    return 1.0, Factor(_into(np.add, first, _into(np.multiply, right, b_scale, own_right, False), True, True), labels)


def _into(function: np.ufunc, a: Any, b: Any, own_a: bool, own_b: bool) -> Any:
    """The result of a function of two operands, written into one that is no longer needed, if it fits there."""
    if own_a and _fits(b, a):
        return function(a, b, a)
    if own_b and _fits(a, b):
        return function(a, b, b)
    return function(a, b)


def _fits(other: Any, array: Any) -> bool:
    """Whether the sum or product of two operands has the shape and the type of this one, a large array."""
    if type(array) is not np.ndarray or array.nbytes < LARGE:
        return False
    if type(other) in (float, int):
        return array.dtype.kind in "fc"
    if type(other) is not np.ndarray or other.dtype != array.dtype:
        return False
    return other.shape == array.shape or np.broadcast_shapes(other.shape, array.shape) == array.shape


def _is_one(factor: Factor) -> bool:
    """Whether a factor is the one that stands for no factors."""
    array = factor.array
    return not factor.labels and isinstance(array, np.ndarray) and array.dtype == float and bool(array == 1)


def _divides(scale: float) -> bool:
    """Whether dividing by a scale is exact: powers of two."""
    return isinstance(scale, (int, float)) and abs(frexp(scale)[0]) == 0.5
