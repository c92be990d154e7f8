"""Sums over what an index puts at one place: the gradient of a lookup table, or of a product with a sparse matrix.

    scatter(take(x, columns, 0) * weights, rows, size)    becomes    RowSums(weights, columns, starts) @ x

``np.add.at`` goes from entry to entry; a product with a sparse matrix goes from row to row, and makes no array of what
it adds. So positions in the raveled array are taken for rows, and what is broadcast before it is added is read where it
is. Many rows that a recorded index tells are `row_sums`; few are added entry by entry, for which NumPy has a fast loop,
and none for rows.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...arrays import scatter
from ...plain import RowSums, row_sums
from ...program import CONSTANT, Node, uses_of
from . import moves
from .rewriting import Builder, revised

__all__ = ["segmented", "summed_rows"]

_MANY = 8192
"""Entries to add up from which on a sparse matrix pays."""

_WIDE = 4
"""Entries of rows from which on these are added as rows, where their positions are recorded."""

_DENSE = 2
"""Values for each entry of a sum of arrays from which on one of its own pays."""

_MOST = 2**24
"""Entries up to which their positions are looked at."""

_KINDS = (np.float32, np.float64, np.complex64, np.complex128)


class _Rows(NamedTuple):
    """What is added: row `source[n]` of `values`, times a weight, to row `target[n]` of so many."""

    values: Node
    source: np.ndarray
    target: np.ndarray
    weights: np.ndarray | None
    height: int


def summed_rows(values: Any, sums: RowSums) -> Any:
    """The sums of rows, as a function of what they depend on."""
    return sums @ values


def segmented(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    if not any([_adds(node) or node.function is np.take for node in nodes]):
        return outputs
    builder = Builder({np.reshape: moves.RULES[np.reshape], np.transpose: moves.RULES[np.transpose]})
    addends, uses = _addends(nodes), uses_of(nodes, outputs)

    def change(node: Node, again: Node) -> Node:
        if node.function in (np.sum, np.mean) and uses[node.args[0]] == 1:
            return _of_lookups(builder, again) or again
        if not _adds(again):
            return again
        thin = id(node) in addends and node.args[0].size < _DENSE * node.size
        rows = None if thin else _rows(builder, again)
        return (_by_entries(builder, again, thin) or again) if rows is None else _product(builder, again, rows)

    return revised(outputs, nodes, builder, change)


def _addends(nodes: Sequence[Node]) -> set[int]:
    """The ids of what is added to other arrays: few values had better be added in the memory of these."""
    found: set[int] = set()
    for node in nodes:
        if node.function is np.add or node.function is np.subtract:
            for operand in node.operands:
                while operand.function is np.reshape:
                    operand = operand.args[0]
                found.add(id(operand))
    return found


def _adds(node: Node) -> bool:
    """Whether several values may be added at one place."""
    if node.function is not scatter or node.size == 0:
        return False
    return not (node.args[3] if len(node.args) > 3 else node.kwargs.get("injective", False))


def _product(builder: Builder, node: Node, rows: _Rows) -> Node:
    """The sums as a product with a sparse matrix."""
    order = np.argsort(rows.target, kind="stable")
    starts = np.searchsorted(rows.target[order], np.arange(rows.height + 1))
    count, width = rows.values.shape
    kind = np.int32 if max(order.size, count) < 2**31 else np.int64
    weights = np.ones(order.size, node.dtype) if rows.weights is None else rows.weights[order]
    sums = RowSums(weights, rows.source[order].astype(kind), starts.astype(kind), count)
    made = builder.made(summed_rows, (rows.values, sums), {}, (rows.height, width), node.dtype)
    return builder.reshaped(made, node.shape)


def _rows(builder: Builder, node: Node) -> _Rows | None:
    """What a sum at known positions adds, if a product with a sparse matrix is faster."""
    values, index, size = node.args[:3]
    if index.function is not CONSTANT or not _MANY <= values.size <= _MOST or values.dtype not in _KINDS:
        return None
    target: np.ndarray = index.args[0]
    if target.min() < 0 or target.max() >= size:
        return None
    weights, rest = _weighted(values)
    source, rest = _looked_up(rest)
    if weights is None and source is None:
        return _raveled_rows(builder, values, target, node.size)
    flat = builder.reshaped(rest, (rest.shape[0], prod(rest.shape[1:])))
    return _Rows(flat, np.arange(target.size) if source is None else source, target, weights, size)


def _weighted(values: Node) -> tuple[np.ndarray | None, Node]:
    """Constant weights of rows, and what they weigh."""
    if values.function is np.multiply and not values.kwargs:
        for rest, weights in (values.args, values.args[::-1]):
            if not (isinstance(weights, Node) and isinstance(rest, Node)) or weights.function is not CONSTANT:
                continue
            by_rows = weights.shape == (values.shape[0], *[1] * (values.ndim - 1))
            if by_rows and rest.shape == values.shape and rest.dtype == weights.dtype:
                return weights.args[0].reshape(-1), rest
    return None, values


def _looked_up(values: Node) -> tuple[np.ndarray | None, Node]:
    """The known rows of an array that values are, and that array."""
    if values.function is np.take and values.args[2:] == (0,) and not values.kwargs:
        array, index = values.args[:2]
        if isinstance(index, Node) and index.function is CONSTANT and index.ndim == 1 and index.args[0].min() >= 0:
            return index.args[0], array
    return None, values


def _raveled_rows(builder: Builder, values: Node, target: np.ndarray, size: int) -> _Rows | None:
    """The rows, as they lie in memory, that are added to rows of the raveled result."""
    width = values.size // target.size
    grid = (target[:, None] * width + np.arange(width)).reshape(values.shape)
    while values.function is np.transpose or (values.function is np.reshape and len(values.args) == 2):
        moved = values.args[0]
        back = values.function is np.transpose
        grid = grid.transpose(np.argsort(values.args[1])) if back else grid.reshape(moved.shape)
        values = moved
    for axis in reversed(range(values.ndim)):
        width = values.shape[axis]
        by_rows = np.moveaxis(grid, axis, -1)
        first = by_rows[..., 0]
        if width < 2 or size % width or np.any(first % width):
            continue
        if np.any(by_rows != first[..., None] + np.arange(width)):
            continue
        base = values.args[0] if values.function is np.broadcast_to else values
        if base.ndim != values.ndim or base.shape[axis] != width:
            base = values
        moved = builder.transposed(base, tuple([n for n in range(base.ndim) if n != axis] + [axis]))
        rest = moved.shape[:-1]
        source = np.broadcast_to(np.arange(prod(rest)).reshape(rest), first.shape).reshape(-1)
        matrix = builder.reshaped(moved, (prod(rest), width))
        return _Rows(matrix, source, (first // width).reshape(-1), None, size // width)
    return None


def _by_entries(builder: Builder, node: Node, thin: bool) -> Node | None:
    """Rows that are added entry by entry, or many of them row by row; `thin` are those that others are added to."""
    values, index, size = node.args[:3]
    if values.ndim < 2 or index.ndim != 1 or values.size == index.size:
        return None
    width = prod(values.shape[1:])
    if values.size >= _MANY and width >= _WIDE and values.dtype in _KINDS and not thin:
        rows, source = _read_at(builder, values) or (builder.reshaped(values, (index.size, width)), None)
        args = (rows, index, size) if source is None else (rows, index, size, source)
        return builder.reshaped(builder.made(row_sums, args, {}, (size, width), node.dtype), node.shape)
    starts = builder.reshaped(builder.call(np.multiply, index, width), (index.size, 1))
    positions = builder.reshaped(builder.call(np.add, starts, np.arange(width)), (values.size,))
    flat = builder.made(scatter, (builder.reshaped(values, (values.size,)), positions, size * width), {}, None, None)
    return builder.reshaped(flat, node.shape)


def _of_lookups(builder: Builder, node: Node) -> Node | None:
    """Sums and means of the rows that each row of a recorded index names: the rows are added where they are."""
    rows = node.args[0]
    if not isinstance(rows, Node) or rows.function is not np.take or rows.args[2:] != (0,) or rows.kwargs:
        return None
    array, at = rows.args[:2]
    if not isinstance(at, Node) or at.function is CONSTANT or at.ndim != 2 or rows.dtype not in _KINDS:
        return None
    width = prod(array.shape[1:])
    if node.kwargs != {"axis": (1,)} or len(node.args) > 1 or rows.size < _MANY or width < _WIDE:
        return None
    count, each = at.shape
    into = builder.constant(np.repeat(np.arange(count), each))
    matrix = builder.reshaped(array, (array.shape[0], width))
    args = (matrix, into, count, builder.reshaped(_from_start(builder, at, array.shape[0]), (at.size,)))
    total = builder.reshaped(builder.made(row_sums, args, {}, (count, width), node.dtype), node.shape)
    return builder.call(np.divide, total, each) if node.function is np.mean else total


def _read_at(builder: Builder, values: Node) -> tuple[Node, Node] | None:
    """The matrix whose rows values are, and which; None where these are rows of their own."""
    base, count = values, values.shape[0]
    if base.function is np.take and base.args[2:] == (0,) and not base.kwargs and type(base.args[1]) is Node:
        array, at = base.args[:2]
        if at.ndim != 1:
            return None
        return builder.reshaped(array, (array.shape[0], values.size // count)), _from_start(builder, at, array.shape[0])
    if base.function is np.reshape:
        base = base.args[0]
    if base.function is not np.broadcast_to or base.args[0].ndim != base.ndim:
        return None
    array, width, rows = base.args[0], 1, base.ndim
    while width < values.size // count:
        rows -= 1
        width *= base.shape[rows]
    if width != values.size // count or array.shape[rows:] != base.shape[rows:]:
        return None
    lead = array.shape[:rows]
    source = np.broadcast_to(np.arange(prod(lead)).reshape(lead), base.shape[:rows]).reshape(-1)
    return builder.reshaped(array, (prod(lead), width)), builder.constant(source)


def _from_start(builder: Builder, at: Node, size: int) -> Node:
    """Positions of so many that are not negative."""
    known = at
    while known.function in (operator.getitem, np.copy, np.reshape):
        known = known.args[0]
    if known.function is CONSTANT and known.args[0].min(initial=0) >= 0:
        return at
    if known.function is np.where and known.args[0].function is np.less and known.args[0].args == (known.args[2], 0):
        return at
    return builder.call(np.where, builder.call(np.less, at, 0), builder.call(np.add, at, size), at)
