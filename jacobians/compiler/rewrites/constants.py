"""Sums with constant arrays: of one number alone, of zeros but for a diagonal, and of several constants."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ...arrays import embed
from ...program import CONSTANT, Node
from .rewriting import Builder

__all__ = ["added"]

_LARGE = 1024
"""Entries of a constant from which on it is looked at whether most of them are zeros."""

Pattern = tuple[tuple[int, ...], ...]


def added(builder: Builder, node: Node, sign: float) -> Node | None:
    """``a + sign * b``, of which one is a constant, in simpler terms."""
    a, b = node.args
    if a.dtype != node.dtype or b.dtype != node.dtype:
        return None
    for constant, other in ((a, b), (b, a)):
        if constant.function is not CONSTANT or other.shape != node.shape or other.function is CONSTANT:
            continue
        number = builder.filling(constant)
        if number is not None and node.dtype.kind == "f":
            return builder.call(node.function, *[number.item() if x is constant else x for x in node.args])
        # What is added may be subtracted again, for the sake of rounding: that stays as it is written.
        found = _diagonal(constant.args[0]) if sign > 0 else None
        if found is not None:
            core = builder.constant(found[0])
            number = builder.filling(core)
            if number is not None:
                core = builder.spread(builder.constant(np.full((), number, node.dtype)), core.shape)
            placed = builder.call(embed, core, found[1])
            return builder.call(node.function, *[placed if x is constant else x for x in node.args])
        # Two constants meet where both are added: ``(x + c) - c`` is written for its rounding.
        if sign > 0 and other.function in (np.add, np.subtract) and not other.kwargs:
            found = _met(builder, constant, other)
            if found is not None:
                return found
    return None


def _diagonal(array: np.ndarray) -> tuple[np.ndarray, Pattern] | None:
    """The entries of an array that is zero where indices along some axes differ, and their pattern for `embed`."""
    if array.ndim < 2 or array.size < _LARGE or 2 * (nonzero := np.count_nonzero(array)) > array.size:
        return None
    core, place = array, list(range(array.ndim))  # the axis of the core for each one of the array
    found = True
    while found:
        found = False
        for a, b in combinations(range(core.ndim), 2):
            if core.shape[a] != core.shape[b] or core.shape[a] == 1:
                continue
            diagonal = np.diagonal(core, axis1=a, axis2=b)
            if np.count_nonzero(diagonal) == nonzero:
                rest = [n for n in range(core.ndim) if n not in (a, b)]
                place = [len(rest) if n in (a, b) else rest.index(n) for n in place]
                core, found = diagonal, True
                break
    if core is array:
        return None
    order = list(dict.fromkeys(place))  # as they occur in the result
    return np.ascontiguousarray(core.transpose(order)), tuple([(order.index(n),) for n in place])


def _met(builder: Builder, constant: Node, total: Node) -> Node | None:
    """A constant plus a sum or difference that begins with another one, or adds it."""
    places = (0, 1) if total.function is np.add else (0,)
    for n in places:
        inner, rest = total.args[n], total.args[1 - n]
        if not (isinstance(inner, Node) and isinstance(rest, Node)) or inner.function is not CONSTANT:
            continue
        if inner.shape == constant.shape == total.shape and inner.dtype == rest.dtype == total.dtype:
            both = builder.call(np.add, constant, inner)
            pair = (rest, both) if total.function is np.add else (both, rest)
            return builder.call(total.function, *pair)
    return None
