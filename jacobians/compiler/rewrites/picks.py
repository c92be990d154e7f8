"""Products with the entries that equal the largest or smallest of their row or column: these alone are picked.

    ((D == D.min(axis=1)[:, None]) * w[:, None]) @ Y       becomes   picked_sums(B, entries, w[:, None], Y)

with ``B = D == D.min(axis=1)[:, None]`` and its `chosen_entries`. Only where nothing else reads the matrix of weights,
which then is never made. Sums of such matrices are multiplied one by one.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...plain import chosen_entries, picked_sums
from ...program import Node
from .rewriting import Builder, rewritten, split_scale

__all__ = ["picked"]

LEAST = 16_384
"""Entries of the matrix from which on its zeros are left out."""

_EXTREMA = {np.max, np.min, np.amax, np.amin}
_MOVES = {np.reshape, operator.getitem}


class _Weighted(NamedTuple):
    """A number times a matrix of truth values, times vectors along one of its axes, or numbers; maybe transposed."""

    scale: float
    chosen: Node
    axis: int | None = None
    weights: tuple[Node, ...] = ()
    is_turned: bool = False

    def times(self, vector: Node, axis: int | None) -> _Weighted | None:
        """The product with a vector along an axis of this matrix, or with a number; None along both axes."""
        if axis is not None:
            axis ^= self.is_turned
            if self.axis not in (None, axis):
                return None
        return self._replace(axis=self.axis if axis is None else axis, weights=(*self.weights, vector))

    def turn(self) -> _Weighted:
        return self._replace(is_turned=not self.is_turned)


class _Use(NamedTuple):
    """A contraction of a matrix over one of its axes, with a vector or with the rows or columns of another matrix."""

    matrix: Node
    axis: int
    other: Node | None
    is_turned: bool
    """Whether the other matrix is summed over its columns."""
    is_last: bool
    """Whether what is left of the matrix is the last axis of the result, and not the first."""


def picked(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    sums: dict[int, list[_Weighted]] = {}
    uses: dict[int, _Use] = {}
    for node in nodes:
        found = _as_sum(node, sums)
        if found is not None:
            sums[id(node)] = found
        elif sums:
            use = _as_use(node, sums)
            if use is not None and _pays(use):
                uses[id(node)] = use
    needed = {id(node) for node in outputs}  # matrices that someone reads whole
    for node in reversed(nodes):
        if id(node) not in uses and (id(node) not in sums or id(node) in needed):
            needed.update([id(operand) for operand in node.operands])
    chosen = {name: use for name, use in uses.items() if id(use.matrix) not in needed}
    if not chosen:
        return outputs
    builder = Builder({})

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        use = chosen.get(id(node))
        return None if use is None else _made(builder, node, use, sums, new)

    return rewritten(outputs, nodes, builder, change)


# ---- sums of matrices that are mostly zeros --------------------------------------------------------------------------


def _as_sum(node: Node, sums: Mapping[int, list[_Weighted]]) -> list[_Weighted] | None:
    """A matrix as a sum of weighted truth values, few of which are true."""
    if node.ndim != 2 or node.size < LEAST or node.dtype != np.float64 or node.kwargs or node.parts is not None:
        return None
    if node.function is np.astype:
        return [_Weighted(1.0, node.args[0])] if _is_extreme(node.args[0]) else None
    known = [id(operand) in sums for operand in node.operands]
    if node.function in (np.add, np.subtract):
        if len(known) != 2 or not all(known) or any([a.shape != node.shape for a in node.args]):
            return None
        sign = -1.0 if node.function is np.subtract else 1.0
        return [*sums[id(node.args[0])], *[w._replace(scale=sign * w.scale) for w in sums[id(node.args[1])]]]
    if known.count(True) != 1:
        return None
    if node.function is np.transpose:
        return [w.turn() for w in sums[id(node.args[0])]] if node.args[1:] == ((1, 0),) else None
    scale, base = split_scale(node)
    if base is not node:
        return [w._replace(scale=scale * w.scale) for w in sums[id(base)]] if id(base) in sums else None
    if node.function is not np.einsum or len(node.args) != 5 or len(known) != 2:
        return None
    matrix, own, vector, labels, out = node.args if known[0] else (*node.args[2:4], *node.args[:2], node.args[4])
    if {*own} != {*out} or len({*own}) != 2 or vector.dtype != np.float64 or vector.ndim > 1:
        return None
    if not {*labels} <= {*own}:
        return None
    found = [w.times(vector, own.index(labels[0]) if labels else None) for w in sums[id(matrix)]]
    if None in found:
        return None
    return [w if own == out else w.turn() for w in found if w is not None]


def _is_extreme(node: Any) -> bool:
    """Whether it tells which entries of a matrix equal the largest or smallest of their rows or columns."""
    if not isinstance(node, Node) or node.function is not np.equal or len(node.operands) != 2 or node.kwargs:
        return False
    for x, y in (node.args, node.args[::-1]):
        while y.function in _MOVES and len(y.operands) == 1:
            y = y.args[0]
        if y.function in _EXTREMA and y.args[0] is x and x.shape == node.shape and x.size > 8 * max(y.size, 1):
            return True
    return False


# ---- what is done with them ------------------------------------------------------------------------------------------


def _as_use(node: Node, sums: Mapping[int, list[_Weighted]]) -> _Use | None:
    """A contraction of one of the matrices with a smaller array, or with nothing."""
    if node.dtype != np.float64 or node.parts is not None:
        return None
    if node.function is np.sum and id(node.args[0]) in sums and len(node.args) == 1 and set(node.kwargs) == {"axis"}:
        axes = node.kwargs["axis"]
        one = type(axes) is tuple and len(axes) == 1 and axes[0] in (0, 1)
        return _Use(node.args[0], axes[0], None, False, False) if one else None
    if node.function is not np.einsum or len(node.args) != 5 or node.kwargs:
        return None
    for matrix, own, other, labels, out in (node.args, (*node.args[2:4], *node.args[:2], node.args[4])):
        if id(matrix) not in sums or id(other) in sums or other.dtype != np.float64 or other.ndim not in (1, 2):
            continue
        summed = {*own} - {*out}
        free = [x for x in labels if x not in summed]
        if len({*own}) != 2 or len(summed) != 1 or not summed <= {*labels} or len({*labels}) < other.ndim:
            continue
        (inner,) = summed
        left = own[1 - own.index(inner)]
        if left in labels or len(out) != other.ndim or {*out} != {left, *free}:
            continue
        return _Use(matrix, own.index(inner), other, labels[0] != inner, out[0] != left)
    return None


def _pays(use: _Use) -> bool:
    """Whether to find the few entries and to pick their rows takes less time than the whole matrix."""
    size, width = use.matrix.size, 1 if use.other is None else use.other.size // use.matrix.shape[use.axis]
    return max(use.matrix.shape) * (20 + 8 * width) < size * (1 + width / 15)


def _made(
    builder: Builder, node: Node, use: _Use, sums: Mapping[int, list[_Weighted]], new: Mapping[int, Node]
) -> Node:
    """The sum of the contractions of all that a matrix consists of."""
    rows = None if use.other is None else new[id(use.other)]
    if use.is_turned and rows is not None:
        rows = builder.call(np.transpose, rows, (1, 0))
    count = use.matrix.shape[1 - use.axis]
    shape = (count,) if rows is None or rows.ndim == 1 else (count, rows.shape[1])
    total: Node | None = None
    for scale, chosen, axis, weights, is_turned in sums[id(use.matrix)]:
        product: Any = 1.0
        for vector in weights:
            factor = new[id(vector)]
            factor = builder.call(np.reshape, factor, (-1, 1) if axis == 0 else (1, -1)) if factor.ndim else factor
            product = factor if product == 1.0 else builder.call(np.multiply, product, factor)
        mask = new[id(chosen)]
        # How many entries there are is not known; nothing but `picked_sums` reads them.
        entries = builder.kept(chosen_entries, (mask,), {}, (max(mask.shape),), np.dtype(np.intp))
        args = (mask, entries, product, rows, (use.axis == 0) != is_turned)
        made = builder.scaled(scale, builder.kept(picked_sums, args, {}, shape, node.dtype))
        total = made if total is None else builder.call(np.add, total, made)
    assert total is not None
    return builder.call(np.transpose, total, (1, 0)) if use.is_last else total
