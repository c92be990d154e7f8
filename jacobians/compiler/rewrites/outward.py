"""Moves of large arrays with short rows come last: what is computed by rows is not turned or raveled before.

    -2.0 * np.reshape(x, (-1,))                    becomes   np.reshape(-2.0 * x, (-1,))
    c * np.transpose(x, (2, 0, 1))                 becomes   np.transpose(c[:, :, None] * x, (2, 0, 1))

The calls then go by the same rows as those before them, and are done in one run with them.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...program import Node
from ..blocks.rows import LARGE, SHORT
from .rewriting import Builder, Rule, is_number, rebuilt

__all__ = ["outward"]


def outward(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program whose moves come after elementwise calls; `nodes` are all that they need."""
    if not any([_may_change(node) for node in nodes]):
        return outputs
    uses = Counter([id(operand) for node in nodes for operand in node.operands] + [id(node) for node in outputs])
    once = {id(node) for node in nodes if uses[id(node)] == 1}
    return rebuilt(outputs, Builder({**_RULES, np.transpose: (_again, partial(_turned_back, once))}))


def _may_change(node: Node) -> bool:
    """Whether one of the rules may know something else for a call."""
    if node.function is np.transpose:
        return node.args[0].function is np.transpose or (node.size >= LARGE and node.args[0].function in _ELEMENTWISE)
    return node.function in _RULES and node.size >= LARGE


def _has_short_rows(node: Node) -> bool:
    return node.ndim > 1 and node.size >= LARGE and node.size <= SHORT * node.shape[0]


def _raveled(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of arrays that are raveled."""
    arrays = node.operands
    if node.ndim != 1 or node.size < LARGE or node.kwargs or not all(a.function is np.reshape for a in arrays):
        return None
    inner = [a.args[0] for a in arrays]
    if not inner or any(a.shape != inner[0].shape for a in inner) or any(a.shape != node.shape for a in arrays):
        return None
    if not _has_short_rows(inner[0]) and inner[0].function is not np.transpose:
        return None
    if len(set(map(id, inner))) == 1 and inner[0].function is np.broadcast_to:
        small = builder.call(node.function, *[inner[0].args[0] if isinstance(a, Node) else a for a in node.args])
        return builder.call(np.reshape, builder.call(np.broadcast_to, small, inner[0].shape), node.shape)
    made = builder.call(node.function, *[a.args[0] if isinstance(a, Node) else a for a in node.args])
    return builder.call(np.reshape, made, node.shape)


def _turned(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of an array that is turned, and of others that can be turned back at no cost."""
    first = next((a for a in node.operands if a.function is np.transpose and a.shape == node.shape), None)
    if first is None or node.kwargs or not _has_short_rows(first.args[0]) or first.args[1][0] == 0:
        return None
    made = _without_turns(builder, node, first.args[1])
    return None if made is None else builder.call(np.transpose, made, first.args[1])


def _turned_back(once: set[int], builder: Builder, node: Node) -> Node | None:
    """A transposition that takes back what an operand of an elementwise call has undergone, if it alone reads that."""
    inner = node.args[0]
    if inner.function not in _ELEMENTWISE or inner.kwargs or id(inner) not in once or node.size < LARGE:
        return None
    order = tuple(np.argsort(node.args[1]).tolist())
    if not any([a.function is np.transpose and a.args[1] == order and a.shape == inner.shape for a in inner.operands]):
        return None
    return _without_turns(builder, inner, order)


def _without_turns(builder: Builder, node: Node, order: tuple[int, ...]) -> Node | None:
    """The elementwise call of which a call is the transposition, if no large array is turned for that."""
    args: list[Any] = []
    for a in node.args:
        if not isinstance(a, Node) or not a.ndim:
            args.append(a)
        elif a.function is np.transpose and a.args[1] == order and a.shape == node.shape:
            args.append(a.args[0])
        else:
            padded = (1,) * (node.ndim - a.ndim) + a.shape
            if sum(size > 1 for size in padded) > 1:
                return None
            args.append(_along(builder, a, tuple([padded[order.index(n)] for n in range(node.ndim)])))
    return builder.call(node.function, *args)


def _along(builder: Builder, a: Node, shape: tuple[int, ...]) -> Node:
    """An array with one long axis, with its axes of size 1 elsewhere; numbers are multiplied in the end."""
    if a.function is np.multiply and not a.kwargs and is_number(a.args[0]) and a.dtype == a.args[1].dtype:
        return builder.call(np.multiply, a.args[0], _along(builder, a.args[1], shape))
    if (a.function is np.reshape and len(a.args) == 2 and not a.kwargs) or _adds_axes(a):
        return builder.call(np.reshape, a.args[0], shape)
    return builder.call(np.reshape, a, shape)


def _adds_axes(a: Node) -> bool:
    if a.function is not operator.getitem or len(a.operands) != 1 or a.args[0].parts is not None:
        return False
    items = a.args[1] if type(a.args[1]) is tuple else (a.args[1],)
    return all([item is None or item is Ellipsis or (type(item) is slice and item == slice(None)) for item in items])


def _again(builder: Builder, node: Node) -> Node | None:
    """A transposition of a transposition."""
    a = node.args[0]
    if a.function is not np.transpose or len(node.args) != 2:
        return None
    order = tuple([a.args[1][n] for n in node.args[1]])
    return a.args[0] if order == tuple(range(a.ndim)) else builder.call(np.transpose, a.args[0], order)


_ELEMENTWISE = (np.add, np.subtract, np.multiply, np.divide, np.negative, np.square, np.maximum, np.minimum)

_RULES: dict[Any, Sequence[Rule]] = {
    **{ufunc: (_raveled, _turned) for ufunc in _ELEMENTWISE},
    np.transpose: (),  # `_again` and `_turned_back`
}
