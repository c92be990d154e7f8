"""The order of an array's axes in memory, as far as the program tells it, and views as matrices that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import Node
from .rewriting import Builder

__all__ = ["Memory", "matrix"]

Labels = tuple[int, ...]

_ENTRYWISE = {np.where, np.astype}
_REDUCTIONS = {np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.any, np.all}


class Memory:
    """Tells of nodes how their axes lie in memory; inputs are taken to be in C order, and so are those `given`."""

    def __init__(self, given: Iterable[Node] = ()) -> None:
        self._orders: dict[int, Labels] = {id(node): tuple(range(node.ndim)) for node in given}
        self._held: list[Node] = []

    def order(self, node: Node) -> Labels:
        """The axes, from the slowest to the fastest."""
        found = self._orders.get(id(node))
        if found is None:
            found = self._orders[id(node)] = self._found(node)
            self._held.append(node)
        return found

    def _found(self, node: Node) -> Labels:
        straight, function = tuple(range(node.ndim)), node.function
        if function is np.transpose:
            a, axes = node.args
            return tuple([axes.index(n) for n in self.order(a)])
        if function is np.reshape and len(node.args) == 2:
            return _reshaped(self.order(node.args[0]), node.args[0].shape, node.shape)
        if node.is_elementwise or function in _ENTRYWISE:
            # NumPy keeps the order of the largest array that it reads.
            whole = [operand for operand in node.operands if operand.ndim == node.ndim]
            return self.order(max(whole, key=lambda operand: operand.size)) if whole else straight
        if function in _REDUCTIONS and len(node.operands) == 1:
            return self._reduced(node)
        return straight

    def _reduced(self, node: Node) -> Labels:
        (a,) = node.operands
        if node.ndim == a.ndim:
            return self.order(a)
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis")
        gone = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
        left = {n: m for m, n in enumerate([n for n in range(a.ndim) if n not in gone])}
        return tuple([left[n] for n in self.order(a) if n in left])


def _reshaped(order: Labels, before: Sequence[int], after: Sequence[int]) -> Labels:
    """The order of the axes of a reshaped array: axes that are split or merged stay where they were, in a view."""
    straight = tuple(range(len(after)))
    if order == tuple(range(len(before))) or 0 in before:
        return straight
    place = {axis: n for n, axis in enumerate([axis for axis in order if before[axis] > 1])}
    blocks: dict[int, list[int]] = {}
    ours, theirs = [n for n, size in enumerate(before) if size > 1], list(straight)
    while ours:
        first = last = ours.pop(0)
        size, reached, block = before[first], 1, []
        while theirs and (reached < size or after[theirs[0]] == 1):
            reached *= after[theirs[0]]
            block.append(theirs.pop(0))
            while reached > size and ours:
                if place[ours[0]] != place[last] + 1:
                    return straight  # a copy
                last = ours.pop(0)
                size *= before[last]
        blocks[place[first]] = block
    return tuple([n for first in sorted(blocks) for n in blocks[first]]) if not theirs else straight


def matrix(builder: Builder, memory: Memory, node: Node, labels: Labels, groups: Sequence[Labels]) -> Node:
    """The array with one axis for each group of labels: a view, where each group lies together in memory."""
    if len(groups) == node.ndim and all([len(group) == 1 for group in groups]):
        return builder.transposed(node, tuple([labels.index(group[0]) for group in groups]))
    order = tuple([labels[n] for n in memory.order(node)])
    runs = sorted(groups, key=lambda group: order.index(group[0]) if group else -1)
    if tuple([x for group in runs for x in group]) != order:
        runs = list(groups)
    sizes = dict(zip(labels, node.shape, strict=True))
    moved = builder.transposed(node, tuple([labels.index(x) for group in runs for x in group]))
    flat = builder.reshaped(moved, tuple([_product([sizes[x] for x in group]) for group in runs]))
    return builder.transposed(flat, tuple([runs.index(group) for group in groups]))


def _product(sizes: Sequence[int]) -> int:
    result = 1
    for size in sizes:
        result *= size
    return result
