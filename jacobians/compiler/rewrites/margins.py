"""Sums of products that are made entry by entry anyway: the margins of an array that is there.

    G = np.einsum("bo,bop->bop", d, A)                 which a product of matrices reads
    np.einsum("bo,bop->o", d, A)                       becomes    G.sum(axis=(0, 2))

The gradient of a bias is such a sum: that of the weights needs the cotangent of all units, the bias its sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...program import Node
from .rewriting import Builder, rewritten

__all__ = ["from_margins"]

_LEAST = 256
"""Entries of an array from which on its sum is taken."""


def from_margins(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    pairs = [node for node in nodes if node.function is np.einsum and len(node.args) == 5 and not node.kwargs]
    read = {id(operand) for node in pairs if not _is_whole(node) for operand in _behind_moves(node)}
    wholes: dict[Any, Node] = {}
    for node in pairs:
        if _is_whole(node) and id(node) in read and node.size >= _LEAST:
            for pair in _pairs(node):
                _ = wholes.setdefault(_key(pair), node)
    if not wholes:
        return outputs
    keys = {id(node): _key(_pairs(node)[0]) for node in pairs if not _is_whole(node)}
    sums = {name: wholes[key] for name, key in keys.items() if key in wholes}
    builder = Builder({})

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        whole = sums.get(id(node))
        if whole is None:
            return None
        if id(whole) not in new:  # what it reads is read here too
            new[id(whole)] = builder.remade(whole, new)
            builder.take_place(node)
        return _summed(builder, node, whole, new[id(whole)])

    return rewritten(outputs, nodes, builder, change)


def _summed(builder: Builder, node: Node, whole: Node, made: Node) -> Node:
    """A contraction as the sum of a product with all of its labels."""
    theirs = next(pair for pair in _pairs(whole) if _key(pair) == _key(_pairs(node)[0]))
    ours = _pairs(node)[0]
    labels = dict(zip((*theirs[1], *theirs[3]), (*ours[1], *ours[3]), strict=True))
    have, out = [labels[x] for x in whole.args[4]], list(node.args[4])
    left = [x for x in have if x in out]
    total = builder.call(np.sum, made, axis=tuple([n for n, x in enumerate(have) if x not in out]))
    return builder.transposed(total, tuple([left.index(x) for x in out]))


def _is_whole(node: Node) -> bool:
    """Whether a contraction sums nothing."""
    return set(node.args[4]) == {*node.args[1], *node.args[3]}


def _behind_moves(node: Node) -> list[Node]:
    """The operands of a contraction, as they are before they are turned."""
    found = []
    for operand in node.operands:
        while operand.function in (np.transpose, np.reshape):
            operand = operand.args[0]
        found.append(operand)
    return found


def _pairs(node: Node) -> tuple[Any, Any]:
    """The arrays with their labels, in both orders; one that has been summed is taken as it was before."""
    a, left, b, right, _ = node.args
    whole, other = _before_sum(a, left, -1), _before_sum(b, right, -65)  # no array has more than 64 axes
    return (*whole, *other), (*other, *whole)


def _before_sum(a: Node, labels: tuple[int, ...], fresh: int) -> tuple[Node, tuple[int, ...]]:
    """What an operand is the sum of, with negative labels along the axes that are gone."""
    axes = a.kwargs.get("axis")
    if a.function is not np.sum or len(a.args) != 1 or set(a.kwargs) != {"axis"} or type(axes) is not tuple:
        return a, labels
    kept = iter(labels)
    source: Node = a.args[0]
    if source.dtype != a.dtype:
        return a, labels
    return source, tuple([fresh - n if n in axes else next(kept) for n in range(source.ndim)])


def _key(pair: Any) -> Any:
    """What contractions of the same arrays, axis by axis, have in common."""
    a, left, b, right = pair
    names: dict[int, int] = {}
    return id(a), id(b), len(left), tuple([names.setdefault(x, len(names)) for x in (*left, *right)])
