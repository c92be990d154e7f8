"""Elementwise calls of small arrays that make a large one: written in the order of axes that its readers ask for.

``X[:, None, :] - means`` has the order of its operands in memory; a batch of matrix products that reads it would copy
it, or go through it by short rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...program import Node
from .rewriting import Builder

__all__ = ["spread_out"]

_LARGE = 16_384
"""Entries from which on it matters in which order an array lies in memory."""

_OFTEN = 4
"""How many times an operand is read at least, so that a copy of it in another order costs little."""


def spread_out(builder: Builder, node: Node, new: Mapping[int, Node], order: tuple[int, ...]) -> Node | None:
    """The call with its axes in this order in memory; None where it is as it should be, or another kind of call."""
    if order == tuple(range(node.ndim)) or node.size < _LARGE or node.weak or node.parts is not None:
        return None
    ufunc = node.function
    if not isinstance(ufunc, np.ufunc) or ufunc.signature is not None or ufunc.nout != 1:
        return None
    if any(_OFTEN * operand.size > node.size or operand.parts is not None for operand in node.operands):
        return None
    builder.take_place(node)
    args = tuple([_in_order(builder, new[id(a)], order) if isinstance(a, Node) else a for a in node.args])
    made = builder.made(ufunc, args, node.kwargs, tuple([node.shape[n] for n in order]), node.dtype)
    return builder.transposed(made, tuple([order.index(n) for n in range(node.ndim)]))


def _in_order(builder: Builder, a: Node, order: tuple[int, ...]) -> Node:
    """A small operand with its axes in this order; a copy where that would be read far apart."""
    if not a.ndim:
        return a
    a = builder.reshaped(a, (1,) * (len(order) - a.ndim) + a.shape)
    long = [n for n in order if a.shape[n] > 1]
    a = builder.transposed(a, order)
    if long == sorted(long):
        return a
    return builder.made(np.ascontiguousarray, (a,), {}, a.shape, a.dtype)
