"""The order of axes in which elementwise calls are written.

Small arrays that make a large one: in the order that its readers ask for. ``X[:, None, :] - means`` has the order of
its operands in memory; a batch of matrix products that reads it would copy it, or go through it by short rows.

Constants that meet a transposed array: in the order that this has. The data of a least-squares problem are turned once
for all, and the difference is read and written along memory.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...program import CONSTANT, Node
from .memory import Memory
from .rewriting import Builder

__all__ = ["agreed", "in_rows", "spread_out"]

_LARGE = 16_384
"""Entries from which on it matters in which order an array lies in memory."""

_OFTEN = 4
"""How many times an operand is read at least, so that a copy of it in another order costs little."""

_LEAST = 256
"""Entries from which on a constant is turned for the array that it meets."""

_SHORT, _LONG = 8, 64
"""Entries that lie together at most, in an array that is copied to be read along an axis of at least so many: NumPy's
loops go by what lies together."""


def spread_out(builder: Builder, node: Node, new: Mapping[int, Node], order: tuple[int, ...]) -> Node | None:
    """The call with its axes in this order in memory; None where it is as it should be, or another kind of call."""
    if order == tuple(range(node.ndim)) or node.size < _LARGE or node.weak or node.parts is not None:
        return None
    if not node.is_elementwise:
        return None
    if any(_OFTEN * operand.size > node.size or operand.parts is not None for operand in node.operands):
        return None
    builder.take_place(node)
    args = tuple([_in_order(builder, new[id(a)], order) if isinstance(a, Node) else a for a in node.args])
    made = builder.made(node.function, args, node.kwargs, tuple([node.shape[n] for n in order]), node.dtype)
    return builder.transposed(made, tuple([order.index(n) for n in range(node.ndim)]))


def agreed(builder: Builder, memory: Memory, node: Node, new: Mapping[int, Node]) -> Node | None:
    """The call with its constants in the order in memory that its other operands have; None where that is C order."""
    if node.size < _LEAST or node.ndim < 2 or node.weak or node.kwargs or not node.is_elementwise:
        return None
    whole = [new[id(a)] for a in node.operands if a.shape == node.shape]
    orders = {memory.order(a) for a in whole if a.function is not CONSTANT}
    if len(orders) != 1 or all([a.function is not CONSTANT for a in whole]):
        return None
    (order,) = orders
    long = [n for n in order if node.shape[n] > 1]
    if long == sorted(long):
        return None
    builder.take_place(node)
    args = tuple([_turned(builder, new[id(a)], order) if isinstance(a, Node) else a for a in node.args])
    made = builder.made(node.function, args, {}, tuple([node.shape[n] for n in order]), node.dtype)
    return builder.transposed(made, tuple([order.index(n) for n in range(node.ndim)]))


def in_rows(builder: Builder, memory: Memory, node: Node) -> Node:
    """An array that is read along its last axis: a copy if it lies across, by short columns."""
    order = [n for n in memory.order(node) if node.shape[n] > 1]
    if len(order) < 2 or node.size < _LEAST or order[-1] == max(order):
        return node
    if node.shape[order[-1]] > _SHORT or node.shape[max(order)] < _LONG or node.function is not np.transpose:
        return node
    return builder.made(np.ascontiguousarray, (node,), {}, node.shape, node.dtype)


def _turned(builder: Builder, a: Node, order: tuple[int, ...]) -> Node:
    """An operand as one of a call with its axes in this order."""
    if not a.ndim:
        return a
    return builder.transposed(builder.reshaped(a, (1,) * (len(order) - a.ndim) + a.shape), order)


def _in_order(builder: Builder, a: Node, order: tuple[int, ...]) -> Node:
    """A small operand with its axes in this order; a copy where that would be read far apart."""
    if not a.ndim:
        return a
    padded = (1,) * (len(order) - a.ndim) + a.shape
    long = [n for n in order if padded[n] > 1]
    a = _turned(builder, a, order)
    if long == sorted(long):
        return a
    return builder.made(np.ascontiguousarray, (a,), {}, a.shape, a.dtype)
