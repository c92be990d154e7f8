"""What a call of one step is for all steps at once: the same call on arrays with the steps along a first axis.

``np.exp(x)`` stays as it is, ``x.sum(axis=0)`` sums along the next axis, a product of matrices or vectors is a
contraction with one more label. `stacked` makes such a call, `summed` the sum of it over all steps.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...program import CONSTANT, Node, infer

__all__ = ["EXACT", "added_up", "call", "contraction", "is_cheap", "reshaped", "stacked", "summed"]

Labels = tuple[int, ...]
Change = Callable[[Node], "Node | None"]
"""The array of all steps for what a step reads; None for what is the same in all steps."""

_STEPS = -1  # the label of the steps


def call(function: Any, args: tuple[Any, ...], shape: tuple[int, ...], like: Node, **kwargs: Any) -> Node:
    """A call that has the dtype of another one, and its place in the order of recording."""
    return Node(function, args, kwargs, shape, like.dtype, serial=like.serial)


def reshaped(node: Node, shape: tuple[int, ...]) -> Node:
    """An array with another shape, or itself."""
    return node if node.shape == shape else call(np.reshape, (node, shape), shape, node)


def stacked(node: Node, change: Change, steps: int) -> Node | None:
    """The results of a call in all steps; None where that is no single call, or may not be the same numbers."""
    if node.weak or node.parts is not None or any(operand.parts is not None for operand in node.operands):
        return None
    try:
        return _stacked(node, change, steps)
    except (ValueError, TypeError, IndexError):
        return None


def _stacked(node: Node, change: Change, steps: int) -> Node | None:
    function, args, shape = node.function, node.args, (steps, *node.shape)
    if _is_elementwise(node):
        new = tuple([_aligned(a, change, node.ndim) for a in args])
        made = call(function, new, shape, node, **node.kwargs)
        return made if function is np.where or infer(function, new, node.kwargs) == (shape, node.dtype) else None
    pair = contraction(node)
    if pair is not None:
        operands, out = pair
        return _einsum([(*_with_steps(a, labels, change),) for a, labels in operands], (_STEPS, *out), shape, node)
    known = _CALLS.get(function)
    if known is None or not all([isinstance(a, (Node, list)) for a in args[:1]]):
        return None
    return known(node, change, steps)


def _is_elementwise(node: Node) -> bool:
    if node.function is np.where:
        return len(node.args) == 3
    return node.is_elementwise and set(node.kwargs) <= {"dtype"}


def _aligned(argument: Any, change: Change, ndim: int) -> Any:
    """An operand of an elementwise call: its own axes stay the last ones."""
    many = change(argument) if isinstance(argument, Node) else None
    if many is None:
        return argument
    return reshaped(many, (many.shape[0], *(1,) * (ndim + 1 - many.ndim), *many.shape[1:]))


def is_cheap(node: Node) -> bool:
    """Whether one step of a call, done together with many others, takes less time than to keep what it made."""
    if node.is_elementwise:
        return node.size * _NANOSECONDS.get(node.function, 20.0) < _KEPT
    return node.function in _MOVING and node.size < _KEPT


_KEPT = 200.0  # nanoseconds that a step takes to write into a row

_NANOSECONDS = {
    **{f: 0.5 for f in (np.add, np.subtract, np.multiply, np.negative, np.absolute, np.square, np.maximum, np.minimum)},
    **{f: 1.0 for f in (np.divide, np.reciprocal, np.sqrt, np.equal, np.less, np.greater)},
    **{f: 2.0 for f in (np.exp, np.tanh, np.log)},
}
"""What an entry takes in an array that is large, but in the cache."""

_MOVING = {operator.getitem, np.reshape, np.transpose, np.broadcast_to, np.concatenate, np.stack, np.array}

EXACT = _MOVING | {np.negative, np.absolute, np.maximum, np.minimum, np.fmax, np.fmin, np.max, np.min, np.where}
"""What rounds nothing."""


# ---- contractions ----------------------------------------------------------------------------------------------------


def contraction(node: Node) -> tuple[list[tuple[Node, Labels]], Labels] | None:
    """The operands of a contraction with their labels, and the labels of the result; None for other calls."""
    args = node.args
    if node.kwargs or node.dtype.kind != "f" or any(operand.dtype != node.dtype for operand in node.operands):
        return None
    if node.function is np.einsum:
        return None if isinstance(args[0], str) else (list(zip(args[:-1:2], args[1:-1:2], strict=True)), args[-1])
    if len(args) != 2 or not all([isinstance(a, Node) and not a.weak for a in args]):
        return None
    a, b = args
    if node.function is np.outer:
        return ([(a, (0,)), (b, (1,))], (0, 1)) if a.ndim == b.ndim == 1 else None
    if node.function in (np.matmul, np.dot) and 1 <= a.ndim <= 2 and 1 <= b.ndim <= 2:
        left, right = ((0, 1), (1, 2)) if a.ndim == b.ndim == 2 else ((0, 1)[-a.ndim :], (1, 2)[: b.ndim])
        return [(a, left), (b, right)], tuple([x for x in (*left, *right) if x != 1])
    if node.function is np.vecdot and a.ndim == b.ndim == 1:
        return [(a, (0,)), (b, (0,))], ()
    if node.function is np.matvec and (a.ndim, b.ndim) == (2, 1):
        return [(a, (0, 1)), (b, (1,))], (0,)
    if node.function is np.vecmat and (a.ndim, b.ndim) == (1, 2):
        return [(a, (0,)), (b, (0, 1))], (1,)
    return None


def _with_steps(operand: Node, labels: Labels, change: Change) -> tuple[Node, Labels]:
    many = change(operand)
    return (operand, labels) if many is None else (many, (_STEPS, *labels))


def _einsum(operands: Sequence[tuple[Node, Labels]], out: Labels, shape: tuple[int, ...], like: Node) -> Node:
    """A contraction whose labels count from zero."""
    words: list[Any] = []
    for operand, labels in operands:
        words += [operand, tuple([label + 1 for label in labels])]
    return call(np.einsum, (*words, tuple([label + 1 for label in out])), shape, like)


def factors(node: Node) -> list[tuple[Node, Labels]] | None:
    """The factors of a contraction, or of an elementwise product, each with the axes of the result that it has."""
    pair = contraction(node)
    if pair is not None:
        operands, out = pair
        return operands if out == tuple(range(len(out))) else None
    if node.function is not np.multiply or node.kwargs or len(node.operands) != 2 or node.dtype.kind != "f":
        return None
    if any(operand.dtype != node.dtype or operand.weak for operand in node.operands):
        return None
    return [(a, tuple([n for n in range(node.ndim - a.ndim, node.ndim)])) for a in node.operands]


def summed(node: Node, change: Change) -> Node | None:
    """The sum of a product over all steps as one contraction, which no array of all products is made for."""
    parts = factors(node)
    if parts is None:
        return None
    operands: list[tuple[Node, Labels]] = []
    for operand, labels in parts:
        many = change(operand)
        if many is None:
            operands.append((operand, labels))
            continue
        kept = [n for n in range(len(labels)) if operand.shape[n] != 1 or node.function is not np.multiply]
        slim = reshaped(many, (many.shape[0], *[operand.shape[n] for n in kept]))
        operands.append((slim, (_STEPS, *[labels[n] for n in kept])))
    if not any(_STEPS in labels for _, labels in operands):
        return None
    if {label for _, labels in operands for label in labels} < set(range(node.ndim)):
        return None
    return _einsum(operands, tuple(range(node.ndim)), node.shape, node)


def added_up(many: Node, like: Node) -> Node:
    """The sum over all steps."""
    return call(np.sum, (many,), many.shape[1:], like, axis=0)


# ---- calls with axes -------------------------------------------------------------------------------------------------


def _reduced(node: Node, change: Change, steps: int) -> Node | None:
    source, *rest = node.args
    many = change(source)
    about = dict(node.kwargs)
    if rest:
        about["axis"] = rest[0]
    if many is None or len(rest) > 1 or set(about) - {"axis", "keepdims"} or about.get("keepdims", False) not in _BOOLS:
        return None
    axis = about.get("axis")
    axes = tuple(range(source.ndim)) if axis is None else normalize_axis_tuple(axis, source.ndim)
    about["axis"] = tuple([n + 1 for n in axes])
    return call(node.function, (many,), (steps, *node.shape), node, **about)


_BOOLS = (True, False)


def _reshape(node: Node, change: Change, steps: int) -> Node | None:
    many = change(node.args[0])
    if many is None or node.kwargs or len(node.args) != 2:
        return None
    return reshaped(many, (steps, *node.shape))


def _transpose(node: Node, change: Change, steps: int) -> Node | None:
    many = change(node.args[0])
    if many is None:
        return None
    return call(np.transpose, (many, (0, *[n + 1 for n in node.args[1]])), (steps, *node.shape), node)


def _broadcast(node: Node, change: Change, steps: int) -> Node | None:
    many = change(node.args[0])
    if many is None or node.kwargs:
        return None
    return call(
        np.broadcast_to, (_aligned(node.args[0], change, node.ndim), (steps, *node.shape)), (steps, *node.shape), node
    )


def _taken(node: Node, change: Change, steps: int) -> Node | None:
    source, index = node.args
    many = change(source)
    items = index if type(index) is tuple else (index,)
    arrays = [item for item in items if isinstance(item, Node)]
    if many is None or len(arrays) > 1:
        return None
    if arrays and (arrays[0].function is not CONSTANT or arrays[0].dtype.kind != "i" or _has_numbers(items)):
        return None
    for item in items:
        plain = item is None or item is Ellipsis or type(item) is int or isinstance(item, Node)
        if not plain and not (type(item) is slice and all([_is_static(x) for x in (item.start, item.stop, item.step)])):
            return None
    return call(operator.getitem, (many, (slice(None), *items)), (steps, *node.shape), node)


def _has_numbers(items: Sequence[Any]) -> bool:
    return any(type(item) is int for item in items)


def _is_static(part: Any) -> bool:
    return part is None or type(part) is int


def _joined(node: Node, change: Change, steps: int) -> Node | None:
    """`concatenate`, `stack`, and `array` of numbers; what is the same in all steps is broadcast."""
    entries, *rest = node.args
    if type(entries) is not list or len(rest) > 1 or set(node.kwargs) - {"axis"}:
        return None
    axis = rest[0] if rest else node.kwargs.get("axis", 0)
    if type(axis) is not int or any(not isinstance(a, Node) or a.weak or a.dtype != node.dtype for a in entries):
        return None
    all_steps = []
    for entry in entries:
        many = change(entry)
        if many is None:
            many = call(np.broadcast_to, (entry, (steps, *entry.shape)), (steps, *entry.shape), entry)
        all_steps.append(many)
    axis = normalize_axis_index(axis, node.ndim) + 1
    function = np.stack if node.function is np.array else node.function
    return call(function, (all_steps,), (steps, *node.shape), node, axis=axis)


_CALLS: dict[Any, Callable[[Node, Change, int], Node | None]] = {
    **{reduction: _reduced for reduction in (np.sum, np.max, np.min, np.amax, np.amin, np.mean, np.prod)},
    np.reshape: _reshape,
    np.transpose: _transpose,
    np.broadcast_to: _broadcast,
    operator.getitem: _taken,
    np.concatenate: _joined,
    np.stack: _joined,
    np.array: _joined,
}
