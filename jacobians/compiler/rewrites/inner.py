"""Sums of the products of what has been computed by contractions, as inner products: no array of products is made.

``np.sum((A @ x) ** 2, axis=0)`` reads the product of matrices once. What elementwise calls have made stays a product
and a sum: these go on in the blocks of the calls before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...program import INPUT, Node, uses_of
from .rewriting import Builder, rewritten

__all__ = ["inner_products"]

_LARGE = 16_384
"""Entries of the products from which on it pays not to write them."""

_MOVES = {np.transpose, np.reshape}
_MADE = {np.einsum, np.matmul, np.dot, np.matvec, np.vecmat, INPUT}


def inner_products(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    uses = uses_of(nodes, outputs)
    found = {id(node) for node in nodes if node.function is np.sum and _is_inner(node, uses)}
    if not found:
        return outputs
    builder = Builder({})

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        if id(node) not in found:
            return None
        product = node.args[0]
        a, b = [new[id(operand)] for operand in (*product.operands, *product.operands)[:2]]
        labels = tuple(range(product.ndim))
        out = tuple([n for n in labels if n not in node.kwargs["axis"]])
        return builder.kept(np.einsum, (a, labels, b, labels, out), {}, node.shape, node.dtype)

    return rewritten(outputs, nodes, builder, change)


def _is_inner(node: Node, uses: Counter) -> bool:
    product = node.args[0]
    axes = node.kwargs.get("axis")
    if len(node.args) > 1 or type(axes) is not tuple or set(node.kwargs) != {"axis"} or len(axes) == product.ndim:
        return False
    if uses[product] > 1 or product.size < _LARGE or product.dtype.kind != "f" or product.kwargs:
        return False
    if product.function not in (np.multiply, np.square) or node.dtype != product.dtype:
        return False
    return all([_is_made(a, product) for a in product.args])


def _is_made(a: Any, product: Node) -> bool:
    """Whether a factor is an input or the result of a contraction, and as large as the product."""
    if not isinstance(a, Node) or a.shape != product.shape or a.dtype != product.dtype:
        return False
    while a.function in _MOVES:
        a = a.args[0]
    return a.function in _MADE
