"""Products of the same factors are one, in whatever order they were multiplied.

a * (b * c), (a * b) * c, c * a[:, None] * b    with equal entries are computed once
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...program import Node, topological
from .opening import is_entrywise, only_adds_axes
from .rewriting import Builder, revised, split_scale

__all__ = ["united"]

MOST = 12
"""Products of more factors are not compared."""

_Axes = tuple[int | None, ...]
_Factors = tuple[tuple[Node, _Axes], ...]


def united(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program."""
    products = _Products()
    return revised(outputs, topological(outputs), builder, lambda _, again: products.first(again))


class _Products:
    """The products of a program, by their factors."""

    def __init__(self) -> None:
        self._opened: dict[int, tuple[float, _Factors]] = {}
        self._first: dict[Any, Node] = {}

    def first(self, node: Node) -> Node:
        """The first product with the same factors; the node itself if it is none."""
        if not is_entrywise(node) or node.parts is not None or node.weak or node.ndim == 0:
            return node
        scale, factors = self._factors(node)
        if not 2 < len(factors) <= MOST:
            return node
        key = node.shape, node.dtype, scale, tuple(sorted([(id(base), str(axes)) for base, axes in factors]))
        return self._first.setdefault(key, node)

    def _factors(self, node: Node) -> tuple[float, _Factors]:
        """A number and the factors of a node, with the axis of the node for each of their axes; None for short ones."""
        known = self._opened.get(id(node))
        if known is None:
            known = self._opened[id(node)] = self._found(node)
        return known

    def _found(self, node: Node) -> tuple[float, _Factors]:
        own: _Axes = tuple([None if size == 1 else n for n, size in enumerate(node.shape)])
        scale, base = split_scale(node)
        if base is not node:
            inner, factors = self._factors(base)
            return scale * inner, factors
        if node.function is np.transpose:
            return self._moved([(node.args[0], tuple([own[node.args[1].index(n)] for n in range(node.ndim)]))])
        if only_adds_axes(node):
            long = iter([axis for axis in own if axis is not None])
            return self._moved([(node.args[0], tuple([None if n == 1 else next(long) for n in node.args[0].shape]))])
        if not is_entrywise(node):
            return 1.0, ((node, own),)
        if node.function is np.multiply:
            left, right = [(a, own[node.ndim - a.ndim :]) for a in node.args]
        else:
            a, first, b, second, out = node.args
            left, right = [(x, tuple([own[out.index(n)] for n in group])) for x, group in ((a, first), (b, second))]
        return self._moved([left, right])

    def _moved(self, operands: Sequence[tuple[Node, _Axes]]) -> tuple[float, _Factors]:
        """The factors of operands whose axes are these."""
        total, found = 1.0, []
        for operand, axes in operands:
            scale, factors = self._factors(operand)
            total *= scale
            found += [(base, tuple([None if n is None else axes[n] for n in inner])) for base, inner in factors]
            if len(found) > MOST:
                return total, tuple(found[: MOST + 1])
        return total, tuple(found)
