"""Diagonals of what is computed for them alone: only what stands on the diagonal is computed.

np.diagonal(X.T @ (s * X))            becomes   (X * X).T @ s
np.diagonal(A + B * C)                becomes   np.diagonal(A) + np.diagonal(B) * np.diagonal(C)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import embed
from ...program import Node
from .contractions import Operand, Product, contracted, labelled
from .opening import Labels, Opened, Opening, is_product, only_adds_axes
from .rewriting import Builder, split_scale

__all__ = ["diagonal"]


def diagonal(node: Node, opening: Opening, builder: Builder) -> Node | None:
    """The diagonal of a sum or a product that nothing else reads, made of those of its operands.

    Parameters
    ----------
    node : Node
        A call of `np.diagonal`, or of `np.einsum` with one operand and a label that it repeats.
    """
    found = _behind(node)
    if found is None or node.dtype.kind not in "fc":
        return None
    operand, axes, out = found
    opened = Opened()
    label = {axis: opened.new_label(size) for axis, size in zip(axes, operand.shape, strict=True) if size != 1}
    reading = _Reading(opening, builder, opened)
    read = reading.read(operand, tuple([label.get(axis) for axis in axes]))
    if not reading.gains:
        return None
    labels = tuple([label.get(axis) for axis in out])
    return contracted(builder, Product(1.0, (read,), labels, opened.sizes), node.shape, node.dtype)


def _behind(node: Node) -> tuple[Node, tuple[int, ...], tuple[int, ...]] | None:
    """The array of which a node is a diagonal, numbers for its axes, and those of the result."""
    if node.function is np.einsum:
        repeats = len(node.args) == 3 and not node.kwargs and len(set(node.args[1])) < len(node.args[1])
        return (node.args[0], node.args[1], node.args[2]) if repeats else None
    if node.function is not np.diagonal:
        return None
    given: dict[str, Any] = dict(zip(("offset", "axis1", "axis2"), node.args[1:], strict=False)) | node.kwargs
    offset, first, second = given.get("offset", 0), given.get("axis1", 0), given.get("axis2", 1)
    a = node.args[0]
    if offset != 0 or a.shape[first] != a.shape[second]:
        return None
    first, second = first % a.ndim, second % a.ndim
    axes = tuple([first if n == second else n for n in range(a.ndim)])
    return a, axes, (*[n for n in range(a.ndim) if n not in (first, second)], first)


class _Reading:
    """Arrays read where labels are equal, through the calls that make them."""

    def __init__(self, opening: Opening, builder: Builder, opened: Opened) -> None:
        self.opening, self.builder, self.opened = opening, builder, opened
        self.gains = False

    def read(self, node: Node, labels: Labels) -> Operand:
        """The entries at these labels, as an array with each label once."""
        if not _repeats(labels) or self.opening.uses[node] != 1:
            return labelled(self.opening.new[id(node)], labels)
        scale, base = split_scale(node)
        if base is not node:
            found = self.read(base, labels)
            return Operand(self.builder.scaled(scale, found.node), found.labels)
        if node.function is np.transpose:
            order = node.args[1]
            return self.read(node.args[0], tuple([labels[order.index(n)] for n in range(len(order))]))
        if only_adds_axes(node):
            long = iter([x for x, size in zip(labels, node.shape, strict=True) if size != 1])
            return self.read(node.args[0], tuple([None if n == 1 else next(long) for n in node.args[0].shape]))
        found = _behind(node)
        if found is not None:
            a, axes, out = found
            names = dict(zip(out, labels, strict=True))
            return self.read(a, tuple([names[axis] for axis in axes]))
        if is_product(node):
            return self._product(node, labels)
        if node.function in (np.add, np.subtract) and all(isinstance(a, Node) and a.ndim for a in node.args):
            return self._sum(node, labels)
        core = _core_labels(node, labels) if node.function is embed else None
        if core is None:
            return labelled(self.opening.new[id(node)], labels)
        self.gains = True
        return self.read(node.args[0], core)

    def _product(self, node: Node, labels: Labels) -> Operand:
        self.gains = True
        factors: list[Operand] = []
        for operand, own in self._operands(node, labels):
            if _repeats(own):
                factors.append(self.read(operand, own))
            else:
                inner = self.opened
                inner.scale, inner.factors = 1.0, []
                self.opening.open(inner, operand, own)
                factors += inner.factors
                if inner.scale != 1:
                    factors[-1] = Operand(self.builder.scaled(inner.scale, factors[-1].node), factors[-1].labels)
        return self._made(node, factors, labels)

    def _operands(self, node: Node, labels: Labels) -> Sequence[tuple[Node, Labels]]:
        if node.function is np.multiply:
            return [(a, _trailing(a, labels)) for a in node.args]
        a, left, b, right, out = node.args
        names = dict(zip(out, labels, strict=True))
        for operand, group in ((a, left), (b, right)):
            for label, size in zip(group, operand.shape, strict=True):
                if label not in names:
                    names[label] = self.opened.new_label(size)
        return [(a, tuple([names[x] for x in left])), (b, tuple([names[x] for x in right]))]

    def _made(self, node: Node, factors: Sequence[Operand], labels: Labels) -> Operand:
        once = tuple(dict.fromkeys([x for x in labels if x is not None]))
        sizes = self.opened.sizes
        shape = tuple([sizes[x] for x in once])
        return Operand(contracted(self.builder, Product(1.0, tuple(factors), once, sizes), shape, node.dtype), once)

    def _sum(self, node: Node, labels: Labels) -> Operand:
        self.gains = True
        parts = [self._made(node, [self.read(a, _trailing(a, labels))], labels) for a in node.args]
        return Operand(self.builder.call(node.function, *[part.node for part in parts]), parts[0].labels)


def _repeats(labels: Labels) -> bool:
    named = [x for x in labels if x is not None]
    return len(set(named)) < len(named)


def _trailing(operand: Node, labels: Labels) -> Labels:
    """The labels of an operand that is broadcast to an array with these."""
    own = labels[len(labels) - operand.ndim :]
    return tuple([None if size == 1 else x for x, size in zip(own, operand.shape, strict=True)])


def _core_labels(node: Node, labels: Labels) -> Labels | None:
    """The labels of what stands on a diagonal, if no zeros are read beside it."""
    core, pattern = node.args
    found: dict[int, int | None] = {}
    for group, label in zip(pattern, labels, strict=True):
        if len(group) != 1 or found.setdefault(group[0], label) != label:
            return None
    return tuple([found[n] for n in range(core.ndim)]) if len(found) == core.ndim else None
