"""What is added at known positions lies in memory as these do.

    scatter(ravel(u[:, None] * v), index, size)      becomes      scatter(ravel(v[:, None] * u), other index, size)

A product that only a sum at known positions reads may have its axes in any order. Where neighbours along an axis are
added to neighbours, that axis comes last: the rows of a table are added as rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...arrays import scatter
from ...program import CONSTANT, Node, uses_of
from .rewriting import Builder

__all__ = ["addends", "readdressed"]

_MOST = 2**24
"""Entries up to which their positions are looked at."""

Order = tuple[int, ...]


def addends(nodes: Sequence[Node]) -> dict[int, tuple[Node, Order]]:
    """By the ids of the sums, the products that they add, and the order of their axes that suits the positions."""
    scattered = [node for node in nodes if node.function is scatter]
    if not scattered:
        return {}
    uses = uses_of(nodes, ())
    found: dict[int, tuple[Node, Order]] = {}
    for node in scattered:
        flat, index = node.args[:2]
        if index.function is not CONSTANT or flat.ndim != 1 or flat.function is not np.reshape:
            continue
        values = flat.args[0]
        if not _is_outer(values) or not 0 < values.size <= _MOST or uses[values] + uses[flat] > 2:
            continue
        grid = index.args[0].reshape(values.shape)
        order = sorted(range(grid.ndim), key=lambda axis: _goes_by_one(grid, axis))
        if order != sorted(order):
            found[id(node)] = values, tuple(order)
    return found


def _is_outer(node: Node) -> bool:
    """Whether it is a product of two arrays without a sum."""
    if node.function is not np.einsum or len(node.args) != 5 or node.kwargs or node.dtype.kind not in "fc":
        return False
    return {*node.args[1]} | {*node.args[3]} == {*node.args[4]}


def _goes_by_one(grid: np.ndarray, axis: int) -> bool:
    steps = np.diff(grid, axis=axis)
    return steps.size > 0 and bool((steps == 1).all())


def readdressed(builder: Builder, node: Node, values: Node, order: Order, new: Mapping[int, Node]) -> Node:
    """The sum of the values with their axes in this order."""
    index = np.ascontiguousarray(node.args[1].args[0].reshape(values.shape).transpose(order)).reshape(-1)
    flat = builder.reshaped(builder.transposed(new[id(values)], order), (values.size,))
    args = (flat, builder.constant(index), *node.args[2:])
    return builder.made(scatter, args, node.kwargs, node.shape, node.dtype)
