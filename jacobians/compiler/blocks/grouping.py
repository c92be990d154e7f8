"""Products with a matrix by rows of what they belong to: ten rows of a product for each example, say.

v1 = v0.reshape((1280, 64))           for 16 of the 128 examples after the other:
v2 = v1 @ W.T                             v1 = v0.reshape((-1, 64))
v3 = v2.reshape((128, 10, 256))           v2 = np.matmul(v1, W.T, out=b0)
v4 = np.sum(v3, axis=1)                   v3 = v2.reshape((-1, 10, 256))
                                          np.sum(v3, axis=1, out=v4)

The product is then never in memory as a whole. `grouped(statements, kept)` finds where that is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...program import Node
from ..statements import Assign, Statement
from .rows import LARGE, SHORT, Rows, rows_of

__all__ = ["TOGETHER", "grouped"]

TOGETHER = 128
"""Rows of a product that are made together: BLAS copies the matrix that they meet for each such block."""

_DEEPEST = 256  # multiply-adds for each entry from which on that copy costs more than to store the product
_WIDEST = 512  # entries of a row from which on so many rows leave the cache

Users = Mapping[int, Sequence[Statement]]


def grouped(statements: Sequence[Statement], kept: Iterable[int]) -> dict[int, Rows]:
    """How calls go by rows of what their own rows are groups of, by the ids of their results.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are needed afterwards.
    """
    candidates = [s.node for s in statements if type(s) is Assign and not s.out and _is_product(s.node)]
    if not candidates:
        return {}
    users: dict[int, list[Statement]] = {}
    for statement in statements:
        for node in {id(node): node for node in statement.reads}.values():
            users.setdefault(id(node), []).append(statement)
    found: dict[int, Rows] = {}
    for product in candidates:
        found |= _around(product, users, set(kept)) or {}
    return found


def _is_product(node: Node) -> bool:
    """Whether it is a large product of two matrices, the rows of the first one being groups of rows."""
    if node.function is not np.matmul or node.ndim != 2 or node.size < LARGE or node.kwargs or node.dtype.kind != "f":
        return False
    a, b = node.operands
    if a.function is not np.reshape or a is b or len(a.args) != 2 or b.ndim != 2 or b.shape[0] > _DEEPEST:
        return False
    source = a.args[0]
    split = source.ndim > 2 and source.shape[-1] == a.shape[-1] and 1 < source.shape[0] < a.shape[0]
    return split and SHORT < node.shape[1] <= _WIDEST and node.shape[0] >= 2 * TOGETHER


def _around(product: Node, users: Users, kept: set[int]) -> dict[int, Rows] | None:
    """How the calls around a product go by rows; None if it is needed as a whole."""
    raveled = product.operands[0]
    size = raveled.args[0].shape[0]
    found = {id(raveled): Rows("view", size, (raveled.args[0],)), id(product): Rows("call", size, (raveled,))}
    waiting = [product]
    while waiting:
        node = waiting.pop()
        if id(node) in kept:
            return None
        for statement in users.get(id(node), ()):
            if type(statement) is not Assign or statement.out:
                return None
            user = statement.node
            if id(user) in found:
                continue
            rows = rows_of(user)
            if user.function is np.reshape and len(user.args) == 2 and user.shape[0] == size:
                if id(user) in kept or not _goes_by_rows(user, users, kept):
                    return None
                found[id(user)] = Rows("view", size, (node,))
            elif rows is not None and user.is_elementwise and user.shape == node.shape:
                if any([operand.shape != node.shape for operand in rows.cut]):
                    return None
                found[id(user)] = rows._replace(size=size)
                waiting.append(user)
            else:
                return None
    return found


def _goes_by_rows(node: Node, users: Users, kept: set[int]) -> bool:
    """Whether all that reads an array reads it by rows."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        for statement in users.get(id(node), ()):
            if type(statement) is not Assign or statement.out:
                return False
            rows = rows_of(statement.node)
            if rows is None or rows.size != node.shape[0] or all([cut is not node for cut in rows.cut]):
                return False
            if rows.kind == "view":
                if id(statement.node) in kept:
                    return False
                waiting.append(statement.node)
    return True
