"""Sums of scaled arrays, with as few passes over them as possible: a scale is pulled out where that is exact."""

from __future__ import annotations

from math import frexp
from typing import Any

import numpy as np

from ..labels import Axis
from ..late import LARGE
from ..terms import Factor, factor_of
from .owning import NOTHING_SPARE, room
from .shadows import Shadow

__all__ = ["sum_of_arrays", "weighted", "weighted_sum"]

_SMALL = 1024  # entries


def sum_of_arrays(
    a_scale: float, a: Any, b_scale: float, b: Any, labels: Axis, spare: frozenset[int] = NOTHING_SPARE
) -> tuple[float, Any]:
    """``a_scale * a + b_scale * b`` as a scale and an array, of arrays under the same labels; see `weighted_sum`."""
    if a is b:
        return a_scale + b_scale, a
    if a_scale == b_scale:
        if not spare:
            return a_scale, a + b if type(a) is not Shadow else np.add(a, b)  # type: ignore[call-overload]
        return a_scale, np.add(a, b, room(a, b, spare))
    if a_scale == -b_scale:
        scale, a, b = (a_scale, a, b) if _stays(a_scale, a) else (b_scale, b, a)
        return scale, np.subtract(a, b, room(a, b, spare)) if spare else np.subtract(a, b)
    if labels and not spare:
        return weighted(a_scale, a, b_scale, b)
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
    ones = _is_one(a), _is_one(b)
    if a.labels != b.labels:
        labels = tuple(dict.fromkeys((*a.labels, *b.labels)))
        left, right = a.spread(labels), b.spread(labels)
    scale, total = weighted(a_scale, left, b_scale, right, own_left, own_right, ones)
    return scale, Factor(total, labels)


def weighted(
    a_scale: float,
    a: Any,
    b_scale: float,
    b: Any,
    own_a: bool = False,
    own_b: bool = False,
    ones: tuple[bool, bool] = (False, False),
) -> tuple[float, Any]:
    """`weighted_sum` of arrays that broadcast; which of them may be written into, and which are the number one."""
    if a_scale == b_scale:
        return a_scale, _into(np.add, a, b, own_a, own_b) if own_a or own_b else np.add(a, b)
    if a_scale == -b_scale:
        scale, a, b, own_a, own_b = (
            (a_scale, a, b, own_a, own_b) if _stays(a_scale, a) else (b_scale, b, a, own_b, own_a)
        )
        return scale, _into(np.subtract, a, b, own_a, own_b) if own_a or own_b else np.subtract(a, b)
    divides_a, divides_b = _divides(a_scale), _divides(b_scale)
    if ones[1] and divides_a:
        return a_scale, _into(np.add, a, b_scale / a_scale, own_a, False)
    if ones[0] and divides_b:
        return b_scale, _into(np.add, b, a_scale / b_scale, own_b, False)
    if divides_a and not (divides_b and (a.size < b.size or (own_a and not own_b))):
        if not _stays(a_scale, a) and _stays(b_scale, b):
            scaled = _into(np.multiply, b, -b_scale / a_scale, own_b, False)
            return -a_scale, _into(np.subtract, scaled, a, True, own_a)
        scaled = _into(np.multiply, b, b_scale / a_scale, own_b, False)
        return a_scale, _into(np.add, a, scaled, own_a, True)
    if divides_b:
        if not _stays(b_scale, b) and _stays(a_scale, a):
            scaled = _into(np.multiply, a, -a_scale / b_scale, own_a, False)
            return -b_scale, _into(np.subtract, scaled, b, True, own_b)
        scaled = _into(np.multiply, a, a_scale / b_scale, own_a, False)
        return b_scale, _into(np.add, scaled, b, True, own_b)
    first = _into(np.multiply, a, a_scale, own_a, False)
    return 1.0, _into(np.add, first, _into(np.multiply, b, b_scale, own_b, False), True, True)


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


def _stays(scale: Any, array: Any) -> bool:
    """Whether a scale may be pulled out of a difference: of small arrays, the positive one is.

    So what each step of a recursion subtracts from something has no sign that changes from step to step. Differences of
    large arrays stand in one order, so that those with opposite signs are one.
    """
    return not isinstance(scale, (int, float)) or scale > 0 or getattr(array, "size", 1) > _SMALL


def _is_one(factor: Factor) -> bool:
    """Whether a factor is the one that stands for no factors."""
    array = factor.array
    return not factor.labels and isinstance(array, np.ndarray) and array.dtype == float and bool(array == 1)


def _divides(scale: float) -> bool:
    """Whether dividing by a scale is exact: powers of two."""
    return isinstance(scale, (int, float)) and abs(frexp(scale)[0]) == 0.5
