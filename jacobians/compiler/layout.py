"""In which order the entries of an array lie in memory, as far as the calls tell.

`by_columns(statements)`: the arrays whose first axis is the innermost one, such as the transpose of a product.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..program import Node
from .statements import Assign, Statement

__all__ = ["by_columns"]

_REDUCTIONS = {np.sum, np.max, np.min, np.amax, np.amin, np.mean, np.prod, np.any, np.all}

Order = tuple[int, ...]


def by_columns(statements: Iterable[Statement]) -> set[int]:
    """The ids of the arrays with several axes of which the first varies fastest in memory."""
    orders: dict[int, Order] = {}
    for statement in statements:
        if isinstance(statement, Assign):
            orders[id(statement.node)] = _order(statement.node, orders)
    return {name for name, order in orders.items() if len(order) > 1 and order[-1] == 0}


def _order(node: Node, orders: dict[int, Order]) -> Order:
    """The axes from the one that varies slowest in memory to the one that varies fastest."""
    known = [orders.get(id(o), tuple(range(o.ndim))) for o in node.operands]
    function = node.function
    if function is np.transpose and len(node.operands) == 1:
        axes = node.args[1] if len(node.args) > 1 and node.args[1] is not None else range(node.ndim)[::-1]
        place = {axis % node.ndim: n for n, axis in enumerate(axes)}
        return tuple([place[axis] for axis in known[0]])
    if (isinstance(function, np.ufunc) and function.signature is None) or function in (np.where, np.astype):
        sizes = [o.size if o.ndim == node.ndim else 0 for o in node.operands]
        return known[sizes.index(max(sizes))] if any(sizes) else tuple(range(node.ndim))
    if function in _REDUCTIONS and len(node.operands) == 1:
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis")
        before = node.operands[0].ndim
        gone = normalize_axis_tuple(range(before) if axis is None else axis, before)
        if node.ndim == before:
            return known[0]
        left = {n: m for m, n in enumerate([n for n in range(before) if n not in gone])}
        return tuple([left[n] for n in known[0] if n in left])
    return tuple(range(node.ndim))
