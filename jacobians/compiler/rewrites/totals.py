"""Sums and means along the first or the last axes of a matrix in memory: products with ones.

NumPy adds row after row, or starts again in each; a product with a vector reads the matrix once, in a quarter of the
time or less. What is added is the same, in another order. Sums of many numbers that lie in a row stay, which NumPy adds
in pairs for the sake of their rounding; and so do those of large arrays that are made block by block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import INPUT, Node
from ..blocks.rows import LARGE
from .memory import Memory
from .rewriting import Builder, rewritten

__all__ = ["is_total", "totalled"]

_LONG = 2048
"""Entries of a row whose sum is left to NumPy."""

_ONES = 131_072
"""Ones at most."""

_LEAST = 64
"""Entries of a matrix at least."""

_CACHED = 4
"""How many times as large as others arrays may be that are in memory anyway: the cache still holds them."""

_DOT_LIMIT = 100_000
"""Entries below which `dot` is called for its lower overhead."""

_PRODUCTS = {np.matmul, np.dot, INPUT}
_MOVES = {np.transpose, np.reshape}


def totalled(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    memory, stored = Memory(), _stored(nodes)
    chosen: dict[int, tuple[tuple[int, ...], int, bool]] = {}
    for node in nodes:
        if node.function in (np.sum, np.mean):
            found = _chosen(node, memory, stored)
            if found is not None:
                chosen[id(node)] = found
    if not chosen:
        return outputs
    builder = Builder({})
    ones: dict[tuple[int, np.dtype], Node] = {}

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        if id(node) not in chosen:
            return None
        order, count, first = chosen[id(node)]
        a = new[id(node.args[0])]
        if (count, a.dtype) not in ones:
            ones[count, a.dtype] = builder.constant(np.ones(count, a.dtype))
        vector, moved = ones[count, a.dtype], builder.transposed(a, order)
        rest = a.size // count
        shape = (count,) if rest == 1 else (count, rest) if first else (rest, count)
        pair = (builder.reshaped(moved, shape), vector)
        function = np.dot if a.size < _DOT_LIMIT else np.matmul
        made = builder.call(function, *(pair[::-1] if first else pair)) if rest > 1 else builder.call(np.dot, *pair)
        if node.function is np.mean:
            made = builder.call(np.divide, made, count)
        gone = {n for n in _axes(node)}
        kept = [n for n in order if n not in gone]
        made = builder.reshaped(made, tuple([a.shape[n] for n in kept]))
        return builder.transposed(made, tuple([kept.index(n) for n in range(a.ndim) if n not in gone]))

    return rewritten(outputs, nodes, builder, change)


def is_total(node: Node) -> bool:
    """Whether a sum or mean will be a product with ones, whoever reads what it sums."""
    return _chosen(node, Memory(), set()) is not None


def _axes(node: Node) -> tuple[int, ...]:
    axis = node.kwargs.get("axis")
    return normalize_axis_tuple(range(node.args[0].ndim) if axis is None else axis, node.args[0].ndim)


def _stored(nodes: Sequence[Node]) -> set[int]:
    """The ids of what products read as a whole, whoever else reads it."""
    found: set[int] = set()
    for node in nodes:
        if node.function in (np.matmul, np.dot):
            for operand in node.operands:
                while operand.function in _MOVES:
                    operand = operand.args[0]
                found.add(id(operand))
    return found


def _chosen(node: Node, memory: Memory, stored: set[int]) -> tuple[tuple[int, ...], int, bool] | None:
    """The order of the axes in memory, how many entries are added, and whether they are those of the first axes."""
    a = node.args[0]
    if len(node.args) > 1 or set(node.kwargs) - {"axis"} or not isinstance(a, Node) or a.dtype != node.dtype:
        return None
    if a.dtype not in (np.float32, np.float64) or a.size < _LEAST or not _is_whole(a, stored):
        return None
    order, gone = memory.order(a), set(_axes(node))
    count = prod([a.shape[n] for n in gone])
    if {*order[: len(gone)]} == gone and len(gone) < a.ndim:
        # The ones take memory, which is to be little beside that of the matrix.
        small = count <= _LONG or (count <= _ONES and 4 * count <= a.size)
        return (order, count, True) if count > 1 and small else None
    if {*order[a.ndim - len(gone) :]} != gone or not 1 < count <= _LONG or (len(gone) == a.ndim > 1):
        return None
    return order, count, False


def _is_whole(a: Node, stored: set[int]) -> bool:
    """Whether an array lies together in memory as a rule, and in the cache if it is made block by block."""
    while a.function in _MOVES:
        a = a.args[0]
    if a.function in _PRODUCTS:
        return a.parts is None
    by_entries = a.is_elementwise or (a.function is np.astype and a.parts is None)
    return by_entries and a.size < (_CACHED * LARGE if id(a) in stored else LARGE)
