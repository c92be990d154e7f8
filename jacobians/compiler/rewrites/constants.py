"""Sums with constant arrays: of one number alone, and of several constants."""

from __future__ import annotations

import numpy as np

from ...program import CONSTANT, Node
from .rewriting import Builder

__all__ = ["added"]


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
        # Two constants meet where both are added: ``(x + c) - c`` is written for its rounding.
        if sign > 0 and other.function in (np.add, np.subtract) and not other.kwargs:
            found = _met(builder, constant, other)
            if found is not None:
                return found
    return None


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
