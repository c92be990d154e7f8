"""Sums of scattered arrays without negative numbers: what is multiplied by one is subtracted.

    scatter(0.3 * x, i) + scatter(-0.3 * x, j)      becomes    scatter(0.3 * x, i) - scatter(0.3 * x, j)

A difference reads its cotangent twice, once with each sign. Then there is one multiple of it, and its number may be
multiplied where that costs least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import scatter
from ...program import Node, topological
from .rewriting import Builder, revised, split_scale

__all__ = ["signed"]


def signed(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program."""
    nodes = topological(outputs)
    if not any([node.function is scatter for node in nodes]):
        return list(outputs)
    signs = _Signs(builder)
    return revised(outputs, nodes, builder, lambda _, again: signs.without(again))


class _Signs:
    """What has a negative number, and the same without it."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.opposite: dict[int, Node] = {}
        self.placed: set[int] = set()  # the ids of scattered arrays, and of sums that have one

    def without(self, node: Node) -> Node:
        """A node, a difference in place of a sum with something negative."""
        function = node.function
        if function is np.add or function is np.subtract:
            return self._sum(node)
        if function is scatter:
            self.placed.add(id(node))
            scale, base = split_scale(node.args[0])
            if scale < 0:
                args = (self.builder.scaled(-scale, base), *node.args[1:])
                self.opposite[id(node)] = self._placed(scatter, args, node)
        elif function is np.reshape and id(node.args[0]) in self.placed and len(node.args) == 2:
            self.placed.add(id(node))
            opposite = self.opposite.get(id(node.args[0]))
            if opposite is not None:
                self.opposite[id(node)] = self._placed(np.reshape, (opposite, node.shape), node)
        elif function is np.multiply:
            scale, base = split_scale(node)
            if id(base) in self.placed:
                self.placed.add(id(node))
            if scale < 0:
                self.opposite[id(node)] = self.builder.scaled(-scale, base)
        return node

    def _placed(self, function: Any, args: tuple[Any, ...], node: Node) -> Node:
        """A call of the shape of a node, with a scattered array."""
        made = self.builder.made(function, args, {}, node.shape, node.dtype)
        self.placed.add(id(made))
        return made

    def _sum(self, node: Node) -> Node:
        if node.kwargs or any([not isinstance(a, Node) or a.shape != node.shape for a in node.args]):
            return node
        left, right = node.args
        if id(left) not in self.placed and id(right) not in self.placed:
            return node
        self.placed.add(id(node))
        (plus, minus), function = [self.opposite.get(id(a)) for a in node.args], node.function
        if minus is not None and (function is np.subtract or plus is None):
            right, function = minus, np.add if function is np.subtract else np.subtract
        if plus is not None and function is np.add:
            if self.opposite.get(id(right)) is not None:
                self.opposite[id(node)] = self._placed(np.add, (plus, minus), node)
                return node
            left, right, function = right, plus, np.subtract
        if left is node.args[0] and right is node.args[1]:
            return node
        return self._placed(function, (left, right), node)
