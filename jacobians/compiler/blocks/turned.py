"""Calls by rows on arrays whose rows are the last axis.

NumPy's loops run along one axis. Over an array of shape (31843, 3) they do three entries at a time; over (3, 31843)
thousands. So a run over many short rows works on blocks with the axis of the rows behind the others, and every call is
stated for them: `turned(node, rows)`, with `whole_text` for the operands that are not cut.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...program import Node
from .rows import REDUCTIONS, Rows

__all__ = ["turned", "turned_text", "whole_text"]


def turned(node: Node, rows: Rows) -> Node:
    """The call, on operands whose first axis has become the last one; so is that of the result.

    The operands in it are the same nodes.
    """
    function = node.function
    if function is np.einsum:
        return _like(node, np.einsum, _einsum(node, rows))
    if function is operator.getitem:
        return _like(node, function, (node.args[0], _index(node.args[1])))
    if function is np.transpose:
        axes = [axis - 1 for axis in node.args[1] if axis]
        return _like(node, function, (node.args[0], (*axes, len(axes))))
    if rows.kind == "view":
        return _like(node, np.reshape, (node.args[0], (*node.shape[1:], -1)))
    if function in REDUCTIONS:
        return _reduction(node, rows)
    if function in (np.concatenate, np.stack):
        parts, axis = (*node.args, node.kwargs.get("axis", 0))[:2]
        return _like(node, function, (parts,), axis=normalize_axis_index(axis, node.ndim) - 1)
    if function is np.matmul:
        a, b = node.args
        if a.ndim == 2:
            return _like(node, np.matmul, (b, a))
        return _like(node, np.einsum, (a, (1, 2, 0), b, (2, 3) if b.ndim == 2 else (2, 3, 0), (1, 3, 0)))
    if function is np.vecdot:
        return _like(node, np.einsum, (node.args[0], (1, 0), node.args[1], (1, 0), (0,)))
    return node


def turned_text(name: str, ndim: int) -> str:
    """The text of an array with its first axis behind the others."""
    if ndim < 2:
        return name
    return f"{name}.T" if ndim == 2 else f"{name}.transpose({', '.join(map(str, [*range(1, ndim), 0]))})"


def whole_text(node: Node, operand: Node, name: str) -> str:
    """The text of an operand of which every block takes the whole, in a call on turned arrays."""
    if node.function is np.matmul and node.ndim == 2:
        return turned_text(name, operand.ndim)
    if not _is_elementwise(node) or not operand.ndim:
        return name
    return f"{name}[..., None]" if operand.ndim < node.ndim else turned_text(name, operand.ndim)


def _is_elementwise(node: Node) -> bool:
    return isinstance(node.function, np.ufunc) or node.function in (np.where, np.astype)


def _like(node: Node, function: Any, args: tuple[Any, ...], **kwargs: Any) -> Node:
    return Node(function, args, kwargs, node.shape, node.dtype, serial=node.serial)


def _einsum(node: Node, rows: Rows) -> tuple[Any, ...]:
    """The label of the rows behind the others."""
    operands, groups, output = node.args[:-1:2], node.args[1:-1:2], node.args[-1]
    label = next(group[0] for o, group in zip(operands, groups, strict=True) if any(o is cut for cut in rows.cut))
    turn = [(*group[1:], label) if group[:1] == (label,) else group for group in (*groups, output)]
    return (*[part for pair in zip(operands, turn, strict=False) for part in pair], turn[-1])


def _index(index: Any) -> Any:
    """The rows are taken whole; what is asked of the other axes comes before them."""
    items: tuple[Any, ...] = index if type(index) is tuple else (index,)
    first, *rest = items
    if first is Ellipsis:
        return (Ellipsis, *rest, slice(None))
    if any(item is Ellipsis for item in rest):
        return (*rest, slice(None))
    return (*rest, Ellipsis)


def _reduction(node: Node, rows: Rows) -> Node:
    operand = node.operands[0]
    axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis")
    gone = normalize_axis_tuple(range(operand.ndim) if axis is None else axis, operand.ndim)
    axes = tuple([operand.ndim - 1 if n == 0 else n - 1 for n in gone])
    kwargs = {"axis": axes[0] if len(axes) == 1 else axes}
    if node.kwargs.get("keepdims") and rows.kind == "call":
        kwargs["keepdims"] = True
    return _like(node, REDUCTIONS[node.function].fast if rows.kind == "call" else node.function, (operand,), **kwargs)
