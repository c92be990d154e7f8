"""Quotients with as few divisions and passes as possible.

    a * (1 / b), with 1 / b for nothing else      becomes   a / b
    a / b, 2 / b                                  become    a * r, 2 * r   with r = 1 / b

A division takes four times as long as a product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...program import Node, uses_of
from .rewriting import Builder, rewritten

__all__ = ["divided"]


def divided(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    uses = uses_of(nodes, outputs)
    divisors = Counter([id(node.args[1]) for node in nodes if _is_quotient(node)])
    alone = {id(node) for node in nodes if _is_reciprocal(node) and uses[node] == divisors[id(node.args[1])] == 1}
    chosen = {id(node): found for node in nodes if (found := _chosen(node, alone, divisors)) is not None}
    if not chosen:
        return outputs
    builder = Builder({})

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        pair = chosen.get(id(node))
        return None if pair is None else _made(builder, node, pair, new)

    return rewritten(outputs, nodes, builder, change)


def _is_quotient(node: Node) -> bool:
    """Whether it divides an array, or a number, by an array of its own shape."""
    if node.function is not np.divide or node.kwargs or node.dtype.kind not in "fc" or not node.ndim:
        return False
    a, b = node.args
    return isinstance(b, Node) and b.shape == node.shape and b.dtype == node.dtype and _is_alike(a, node)


def _is_alike(a: Any, node: Node) -> bool:
    return type(a) in (int, float) or (isinstance(a, Node) and a.dtype == node.dtype and not a.weak)


def _is_reciprocal(node: Node) -> bool:
    return _is_quotient(node) and type(node.args[0]) in (int, float) and node.args[0] == 1


def _chosen(node: Node, alone: set[int], divisors: Counter[int]) -> tuple[Any, Node, bool] | None:
    """Numerator and divisor of what is to be written in another way, and whether as a product."""
    if _is_quotient(node) and not _is_reciprocal(node) and divisors[id(node.args[1])] > 1:
        return (*node.args, True)
    if node.function is not np.multiply or node.kwargs:
        return None
    for a, b in (node.args, node.args[::-1]):
        if id(b) in alone and a is not b and b.shape == node.shape and b.dtype == node.dtype and _is_alike(a, node):
            return a, b.args[1], False
    return None


def _made(builder: Builder, node: Node, pair: tuple[Any, Node, bool], new: Mapping[int, Node]) -> Node:
    numerator, divisor, multiplies = pair
    a, b = new[id(numerator)] if isinstance(numerator, Node) else numerator, new[id(divisor)]
    if not multiplies:
        return builder.made(np.divide, (a, b), {}, node.shape, node.dtype)
    inverse = builder.made(np.divide, (1, b), {}, b.shape, b.dtype)
    return builder.made(np.multiply, (a, inverse), {}, node.shape, node.dtype)
