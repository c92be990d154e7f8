"""Weighted Gram matrices, ``X.T @ diag(s) @ X``: the Hessian of every generalised linear model.

NumPy multiplies an array by its own transpose in half the time. Weights that are not negative have a root, and
``Y.T @ Y`` with ``Y = sqrt(s) * X`` is such a product; where their sign is not known, the program looks at it.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...program import CONSTANT, Node
from ..namespace import Namespace
from ..single import Single

__all__ = ["LEAST", "Gram", "is_never_negative", "weighted_gram"]

LEAST = 200_000
"""Multiply-adds from which it pays to look at the signs."""

_POSITIVE = {np.exp, np.exp2, np.cosh, np.absolute, np.sqrt}
_KEEPING = {np.reshape, np.transpose, np.sum, np.mean, np.broadcast_to, np.sqrt, operator.getitem}
_COMBINING = {np.multiply, np.add, np.divide, np.matmul, np.dot, np.matvec, np.vecmat, np.vecdot, np.einsum}


def weighted_gram(X: Any, s: Any) -> Any:
    """``X.T @ (s[:, None] * X)``."""
    return X.T @ (X * s[:, None])


def is_never_negative(node: Node, depth: int = 8) -> bool:
    """Whether all entries are known to be zero or more, whatever the numbers of the call."""
    function = node.function
    if function is CONSTANT:
        return node.dtype.kind == "f" and bool(np.all(node.args[0] >= 0))
    if depth == 0 or node.dtype.kind != "f" or not node.operands:
        return False
    if function in _POSITIVE:
        return True
    if function in _KEEPING:
        return is_never_negative(node.operands[0], depth - 1)
    if function in _COMBINING:
        numbers = [a for a in node.args if isinstance(a, (int, float))]
        operands = node.operands
        if function in (np.multiply, np.einsum) and len(operands) == 2 and operands[0] is operands[1]:
            return function is np.multiply or node.args[1] == node.args[3]
        return min(numbers, default=0) >= 0 and all(is_never_negative(a, depth - 1) for a in operands)
    return False


class Gram(Single):
    """The statement that computes a `weighted_gram`.

    Parameters
    ----------
    node : Node
    """

    makes_fresh = True

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        name, (X, s) = names[id(self.node)], [names[id(operand)] for operand in self.node.operands]
        half = [f"_half = {X} * np.sqrt({s})[:, None]", f"{name} = _half.T @ _half"]
        minus = [f"_half = {X} * np.sqrt(-{s})[:, None]", f"{name} = _half.T @ _half", f"{name} *= -1"]
        if is_never_negative(self.node.operands[1]):
            return half
        if _is_never_positive(self.node.operands[1]):
            return minus
        whole = f"{name} = {space.helper('symmetric_product')}({X}.T, {X} * {s}[:, None])"
        one, other = [[f"    {line}" for line in lines] for lines in (half, minus)]
        return [f"if {s}.min() >= 0:", *one, f"elif {s}.max() <= 0:", *other, "else:", f"    {whole}"]


def _is_never_positive(node: Any) -> bool:
    """Whether it is a product of what is never negative with one thing that is never positive."""
    if not isinstance(node, Node):
        return node <= 0
    if node.function is np.negative:
        return is_never_negative(node.args[0])
    if node.function not in (np.multiply, np.divide) or node.kwargs:
        return False
    above = [not (is_never_negative(a) if isinstance(a, Node) else a >= 0) for a in node.args]
    return above.count(True) == 1 and _is_never_positive(node.args[above.index(True)])
