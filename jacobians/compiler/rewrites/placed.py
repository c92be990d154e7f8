"""Sums over axes of what stands at a few places: these are summed alone, and fewer places are written.

np.sum(A + scatter(x, positions, size).reshape(n, m, k), axis=1)    becomes    A.sum(axis=1) + scatter(x, ...)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...arrays import embed, scatter
from ...program import CONSTANT, Node
from .algebra import sides
from .moves import is_plain
from .opening import is_entrywise
from .rewriting import Builder, Rule

__all__ = ["RULES"]

_MOST = 2**20
"""Places up to which they are counted anew."""


def _summed(builder: Builder, node: Node) -> Node | None:
    """A sum over axes of a plain array and what is placed."""
    a, axes = node.args[0], node.kwargs.get("axis")
    if len(node.args) > 1 or set(node.kwargs) != {"axis"} or type(axes) is not tuple or not is_plain(a):
        return None
    plain, placed, outer = sides(builder, a)
    if placed is None or len(axes) == a.ndim:
        return None
    found = _of_placed(builder, placed, axes)
    if found is None:
        return None
    if plain is None:
        return builder.scaled(outer, found)
    total = _total(builder, builder.spread(plain, a.shape), axes)
    return builder.call(np.add if outer > 0 else np.subtract, total, found)


def _total(builder: Builder, node: Node, axes: tuple[int, ...]) -> Node:
    """The sum over axes; of a product, as a contraction, whose factors may be multiplied in another order."""
    if node.function is not np.einsum or not is_entrywise(node):
        return builder.call(np.sum, node, axis=axes)
    *factors, out = node.args
    return builder.call(np.einsum, *factors, tuple([x for n, x in enumerate(out) if n not in axes]))


def _of_placed(builder: Builder, node: Node, axes: tuple[int, ...]) -> Node | None:
    """The same of diagonals and scattered arrays, and of their sums."""
    if node.function in (np.add, np.subtract) and not node.kwargs:
        parts = [_of_placed(builder, part, axes) if part.shape == node.shape else None for part in node.args]
        return None if None in parts else builder.call(node.function, *parts)
    if node.function is embed:
        return _of_diagonal(builder, node, axes)
    places = node.args[0] if node.function is np.reshape else node
    if places.function is not scatter or places.args[0].ndim != 1 or places.args[1].function is not CONSTANT:
        return None
    values, index, size = places.args[:3]
    if not 0 < index.size <= _MOST or size != prod(node.shape):
        return None
    where = np.unravel_index(index.args[0], node.shape)
    kept = [n for n in range(node.ndim) if n not in axes]
    shape = tuple([node.shape[n] for n in kept])
    positions: Any = np.ravel_multi_index([where[n] for n in kept], shape)
    differ = bool(np.bincount(positions, minlength=1).max() <= 1)
    made = builder.call(scatter, values, builder.constant(positions), prod(shape), differ)
    return builder.reshaped(made, shape)


def _of_diagonal(builder: Builder, node: Node, axes: tuple[int, ...]) -> Node:
    """A diagonal whose place some axes tell, and which is summed over what these alone tell."""
    core, pattern = node.args[:2]
    left = [group for n, group in enumerate(pattern) if n not in axes]
    told = sorted({axis for group in left for axis in group})
    gone = tuple([axis for axis in range(core.ndim) if axis not in told])
    if gone:
        core = builder.call(np.sum, core, axis=gone)
    groups = tuple([tuple([told.index(axis) for axis in group]) for group in left])
    if all([len(group) == 1 for group in groups]) and len({*groups}) == core.ndim == len(groups):
        return builder.transposed(core, tuple([axis for (axis,) in groups]))
    return builder.call(embed, core, groups)


RULES: dict[Any, Sequence[Rule]] = {np.sum: (_summed,)}
