"""Whether an array stays the same, to the last bit, when axes change places.

`is_symmetric(node)` and `stays(node, order)` look at the program alone, as `opposes(node, order)` does for arrays that
become the negative ones: products commute, so both triangles of ``v[:, None] * v``, of ``X.T @
X`` and of all that is computed entry by entry from such matrices round alike, and differences of all pairs are the
negative ones, whose squares are equal. A no may be wrong, a yes is not.
"""

from __future__ import annotations

import operator
from math import frexp, prod

import numpy as np

from ...arrays import embed, mirrored
from ...plain import squared_distances, symmetric_product
from ...program import CONSTANT, Node
from .gram import weighted_gram
from .rewriting import is_number

__all__ = ["is_symmetric", "long_axes", "opposes", "stays"]

Axes = tuple[int | None, ...]
Order = tuple[int, ...]

_DEPTH = 24
_LARGEST = 2**20  # entries of a constant that is looked at
_EVEN = {np.absolute, np.square}
_COMMUTING = {np.add, np.multiply, np.maximum, np.minimum, np.hypot, np.logaddexp}


def is_symmetric(node: Node) -> bool:
    """Whether the last two axes may be exchanged."""
    return _stays(node, (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2), _DEPTH)


def stays(node: Node, order: Order) -> bool:
    """Whether the axes may come in this order."""
    return _stays(node, order, _DEPTH)


def opposes(node: Node, order: Order) -> bool:
    """Whether the array with its axes in this order is the negative one."""
    return _opposes(node, order, _DEPTH)


def _stays(node: Node, order: Order, depth: int) -> bool:
    """Whether ``np.transpose(node, order)`` is the same array."""
    if order == tuple(range(node.ndim)):
        return True
    if not depth or tuple([node.shape[n] for n in order]) != node.shape or node.parts is not None:
        return False
    function, depth = node.function, depth - 1
    if function is CONSTANT:
        value = node.args[0]
        return value.size <= _LARGEST and bool(np.array_equal(value, value.transpose(order)))
    if function in (weighted_gram, symmetric_product, mirrored):
        return order == (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
    if function is squared_distances:
        return node.args[0] is node.args[1]
    if function is np.reshape and not node.kwargs:
        return _reshaped(node.args[0], node, order, depth)
    base, axes = _seen(node)
    if base is not node:
        return _follows(base, axes, order, depth)
    if function in (np.matmul, np.dot):
        return _is_square(node) and order == (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
    if function is embed:
        return _embedded(node, order, depth)
    if function is np.einsum and len(node.args) == 5:
        return _summed(node, order, depth)
    if function is np.sum:
        return _totalled(node, order, depth)
    if function is np.astype or node.is_elementwise:
        return _elementwise(node, order, depth)
    return False


def _seen(node: Node) -> tuple[Node, Axes]:
    """The array that a node is a view of, and which of its axes each axis of the node is; None for new ones."""
    axes: Axes = tuple(range(node.ndim))
    while True:
        if node.function is np.transpose:
            axes = tuple([n if n is None else node.args[1][n] for n in axes])
        elif node.function is np.broadcast_to:
            new, inner = node.ndim - node.args[0].ndim, node.args[0].shape
            kept = [n >= new and inner[n - new] == size for n, size in enumerate(node.shape)]
            axes = tuple([n - new if n is not None and kept[n] else None for n in axes])
        elif node.function is operator.getitem and type(node.args[1]) is tuple and _only_adds(node):
            old: Axes = ()
            for item in node.args[1]:
                old = (*old, None if item is None else sum([n is not None for n in old]))
            old = (*old, *range(sum([n is not None for n in old]), node.args[0].ndim))
            axes = tuple([n if n is None else old[n] for n in axes])
        elif node.function is np.reshape and long_axes(node.shape) == long_axes(node.args[0].shape):
            # Axes of size 1 that come are new ones; what goes has no axis here.
            long = iter([n for n, size in enumerate(node.args[0].shape) if size != 1])
            old = tuple([None if size == 1 else next(long) for size in node.shape])
            axes = tuple([n if n is None else old[n] for n in axes])
        else:
            return node, axes
        node = node.args[0]


def long_axes(shape: tuple[int, ...]) -> list[int]:
    """The sizes of the axes that have several entries."""
    return [n for n in shape if n != 1]


def _only_adds(node: Node) -> bool:
    return all(
        [item is None or item == slice(None) for item in node.args[1] if not isinstance(item, Node)]
    ) and not any([isinstance(item, Node) for item in node.args[1]])


def _follows(base: Node, axes: Axes, order: Order, depth: int) -> bool:
    """Whether a view stays, by what it is a view of."""
    inner = list(range(base.ndim))
    for here, there in zip(axes, [axes[n] for n in order], strict=True):
        if (here is None) != (there is None):
            return False
        if here is not None and there is not None:
            inner[here] = there
    return _stays(base, tuple(inner), depth)


def _reshaped(inner: Node, node: Node, order: Order, depth: int) -> bool:
    """Rows and columns that are split alike, behind axes that are not touched."""
    same = 0
    while same < min(inner.ndim, node.ndim) and inner.shape[same] == node.shape[same] and order[same] == same:
        same += 1
    for kept in range(same, -1, -1):
        halves = [range(kept, array.ndim) for array in (inner, node)]
        turned: list[Order] = []
        for half in halves:
            middle = kept + len(half) // 2
            turned.append((*range(kept), *half[middle - kept :], *half[: middle - kept]))
        even = all([len(half) % 2 == 0 for half in halves])
        if even and turned[1] == order and _rows(inner, kept) == _rows(node, kept):
            return _stays(inner, turned[0], depth)
    return False


def _rows(node: Node, kept: int) -> tuple[int, int]:
    """The sizes of both halves of the axes."""
    middle = kept + (node.ndim - kept) // 2
    return prod(node.shape[kept:middle]), prod(node.shape[middle:])


def _is_square(node: Node) -> bool:
    """Whether it is a matrix times its own transpose, which NumPy computes as such."""
    (left, before), (right, after) = [_seen(operand) for operand in node.args[:2]]
    turned = (*before[:-2], before[-1], before[-2]) if len(before) > 1 else ()
    return left is right and turned == after and None not in before and len(node.args) == 2


def _embedded(node: Node, order: Order, depth: int) -> bool:
    core, pattern = node.args[:2]
    inner: dict[int, int] = {}
    for here, there in zip(pattern, [pattern[n] for n in order], strict=True):
        if len(here) != len(there):
            return False
        for a, b in zip(here, there, strict=True):
            if inner.setdefault(a, b) != b:
                return False
    turned = tuple([inner.get(n, n) for n in range(core.ndim)])
    return sorted(turned) == list(range(core.ndim)) and _stays(core, turned, depth)


def _totalled(node: Node, order: Order, depth: int) -> bool:
    """A sum over axes that stay where they are."""
    axes, inner = node.kwargs.get("axis"), node.args[0]
    if len(node.args) > 1 or set(node.kwargs) != {"axis"} or type(axes) is not tuple or inner.dtype != node.dtype:
        return False
    kept = [n for n in range(inner.ndim) if n not in {axis % inner.ndim for axis in axes}]
    turned = list(range(inner.ndim))
    for here, there in zip(kept, order, strict=True):
        turned[here] = kept[there]
    return _stays(inner, tuple(turned), depth)


def _opposes(node: Node, order: Order, depth: int) -> bool:
    """Whether ``np.transpose(node, order)`` is the negative array."""
    if not depth or tuple([node.shape[n] for n in order]) != node.shape or node.parts is not None or node.kwargs:
        return False
    function, depth = node.function, depth - 1
    if function is CONSTANT:
        value = node.args[0]
        return value.size <= _LARGEST and value.dtype.kind in "if" and np.array_equal(value, -value.transpose(order))
    if function is np.negative:
        return _opposes(node.args[0], order, depth)
    operands = [a for a in node.args if isinstance(a, Node)]
    if function is np.subtract and len(operands) == 2:
        (a, here), (b, there) = _lined(node)
        turned = tuple([here[n] for n in order]) == there and tuple([there[n] for n in order]) == here
        return a is b and turned
    if function is np.multiply and len(operands) == 1:
        return operands[0].shape == node.shape and _opposes(operands[0], order, depth)
    return False


def _lined(node: Node) -> list[tuple[Node, Axes]]:
    """The arrays that the operands of a function of entries are views of, with an axis for each of the result."""
    seen = []
    for operand in [a for a in node.args if isinstance(a, Node)]:
        base, axes = _seen(operand)
        seen.append((base, (*[None] * (node.ndim - operand.ndim), *axes)))
    return seen


def _summed(node: Node, order: Order, depth: int) -> bool:
    """A sum of products of two arrays, each of which stays, or which are one array that takes both places."""
    a, left, b, right, out = node.args
    change = {label: out[n] for label, n in zip(out, order, strict=True)}
    turned = [tuple([change.get(label, label) for label in group]) for group in (left, right)]
    if a is b and turned == [right, left]:
        return True
    if a is b and left == right and sorted(left) == sorted(turned[0]) and len({*left}) == len(left):
        inner = tuple([left.index(label) for label in turned[0]])
        return _stays(a, inner, depth) or _opposes(a, inner, depth)
    for operand, group, moved in ((a, left, turned[0]), (b, right, turned[1])):
        if sorted(group) != sorted(moved) or len({*group}) < len(group):
            return False
        if not _stays(operand, tuple([group.index(label) for label in moved]), depth):
            return False
    return True


def _unscaled(node: Node) -> Node:
    """Without factors that change no digit of a product: signs and twos."""
    while True:
        operands = [a for a in node.args if isinstance(a, Node)]
        twice = node.function is np.add and len(operands) == 2 and operands[0] is operands[1]
        numbers = [a for a in node.args if is_number(a)]
        power = node.function is np.multiply and len(numbers) == 1 and abs(frexp(numbers[0])[0]) == 0.5
        if node.kwargs or not (node.function is np.negative or twice or power) or operands[0].shape != node.shape:
            return node
        node = operands[0]


def _elementwise(node: Node, order: Order, depth: int) -> bool:
    operands = [a for a in node.args if isinstance(a, Node)]
    if any([isinstance(value, Node) for value in node.kwargs.values()]):
        return False
    square = node.function is np.multiply and len(operands) == 2 and operands[0] is operands[1]
    if (square or node.function in _EVEN) and operands[0].shape == node.shape and _opposes(operands[0], order, depth):
        return True
    seen = _lined(node)
    if node.function is np.multiply:
        seen = [(_unscaled(base), axes) for base, axes in seen]
    if len(seen) == 2 and node.function in _COMMUTING:
        (a, here), (b, there) = seen
        if a is b and tuple([here[n] for n in order]) == there and tuple([there[n] for n in order]) == here:
            return True
    for operand, (base, axes) in zip(operands, seen, strict=True):
        if operand.ndim == 0:
            continue
        spread = [axis is None or base.shape[axis] == size for axis, size in zip(axes, node.shape, strict=True)]
        if not all(spread) or not _follows(base, axes, order, depth):
            return False
    return True
