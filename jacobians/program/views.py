"""Calls whose result lies in the memory of an operand, so that what is written into one is seen in the other."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .node import Node

__all__ = ["viewed"]

_VIEWS = {
    *(np.reshape, np.transpose, np.broadcast_to, np.ravel, np.expand_dims, np.squeeze),
    *(np.diagonal, np.flip, np.rot90, np.real, np.imag, np.asarray, operator.getitem),
    *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.lib.stride_tricks.sliding_window_view),
    *(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
}
_VIEWS |= {np.unstack} if hasattr(np, "unstack") else set()
# Each of their results lies in memory of its own.
_APART = {np.linalg.svd, np.linalg.qr, np.linalg.eigh, np.linalg.eig, np.linalg.slogdet, np.linalg.lstsq}
# Results, of which each lies in the memory of its own operand.
_EACH = {np.broadcast_arrays, np.meshgrid}


def viewed(node: Node) -> Node | None:
    """The operand in whose memory the result of a call may lie."""
    function, operands = node.function, node.operands
    if not operands:
        return None
    first = operands[0]
    if function is operator.getitem and first.function in _EACH:
        copied = first.function is np.meshgrid and first.kwargs.get("copy", True)
        source: Any = None if copied else first.args[node.args[1]]
        return source if isinstance(source, Node) else None
    if function in _VIEWS:
        return None if first.function in _APART else first
    is_view = (
        (function is np.diag and len(first.shape) == 2)
        or (function is np.nan_to_num and node.kwargs.get("copy", True) is not True)
        or (function is np.astype and node.kwargs.get("copy", True) is not True)
        or (function is np.einsum and len(operands) == 1 and set(node.args[1]) == set(node.args[2]))
    )
    return first if is_view else None
