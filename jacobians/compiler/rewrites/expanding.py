"""The distributive law the other way: products of sums as sums of products, where these cost less.

    (A / s - g).T @ (e[:, None] * A)      becomes   A.T @ diag(e / s) @ A - outer(g, e @ A)

The engine pulls common factors out of sums before it knows what else they meet. A matrix that meets itself costs half
of a product, and what is the same for all rows needs no matrix. What stands on a diagonal gives a diagonal, as the
first part of ``diag(p) - outer(p, p)`` does in the Hessian of a softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ...arrays import embed
from ...program import Node
from .contractions import Operand
from .gram import LEAST
from .opening import PASS, Labels, Opened, Opening, price
from .squares import saved

__all__ = ["Expansion"]

GAIN = 0.8
"""What is rewritten costs at most so much of what it replaces."""

MOST_TERMS = 4


class Expanded(NamedTuple):
    """A product that is added: its factors, the labels of the result, and which axes of it index each axis of that.

    There is no `pattern` where the product is the result; else it stands on a diagonal of it.
    """

    opened: Opened
    labels: Labels
    pattern: tuple[tuple[int, ...], ...] | None = None


class _Term(NamedTuple):
    """An array that is added, or subtracted, with its labels; for each label in `same` another one stands."""

    sign: float
    node: Node
    labels: Labels
    same: dict[int | None, int | None]


class Expansion:
    """Finds the products of sums that are cheaper as sums of products.

    Parameters
    ----------
    opening : Opening
    """

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self._sums: dict[int, Node] = {}  # by the id of what stands for it in the new program

    def note(self, node: Node, new: Node) -> None:
        """Note a sum or difference of the program that only one other call reads."""
        if self.opening.uses[node] == 1 and node.dtype.kind == "f" and all(type(a) is Node for a in node.args):
            self._sums[id(new)] = node

    def of(self, node: Node) -> list[Expanded] | None:
        """The products that add up to a contraction, if they cost less."""
        if not self._sums or node.dtype.kind != "f":
            return None
        opened, labels = self.opening.opened(node)
        out = tuple([x for x in labels if x is not None])
        used = {x for factor in opened.factors for x in factor.labels if x is not None}
        if used <= set(out) or prod([opened.sizes[x] for x in used]) < LEAST:
            return None
        for factor in opened.factors:
            original = self._sums.get(id(factor.node))
            if original is not None:
                found = self._expanded(opened, labels, factor, original)
                if found is not None:
                    return found
        return None

    def _expanded(self, opened: Opened, labels: Labels, factor: Operand, original: Node) -> list[Expanded] | None:
        rest = [other for other in opened.factors if other is not factor]
        terms = self._terms(original, factor.labels)
        if not 1 < len(terms) <= MOST_TERMS:
            return None
        sizes, out = opened.sizes, tuple([x for x in labels if x is not None])
        before = _price(opened.factors, out, sizes)
        before += PASS * (len(terms) - 1) * factor.node.size
        after = 0.0
        products, squares = [], False
        for sign, term, own, same in terms:
            product = Opened(through=True)
            product.sizes = sizes
            self.opening.open(product, term, own)
            inner = tuple([x for x in own if x is not None])
            before += _price(product.factors, inner, sizes)
            product.factors += [Operand(f.node, tuple([same.get(x, x) for x in f.labels])) for f in rest]
            product.scale *= sign * opened.scale
            told = tuple(dict.fromkeys([same.get(x, x) for x in labels])) if same else labels
            if same and (None in labels or len(told) == len(labels)):
                return None
            pattern = tuple([(told.index(same.get(x, x)),) for x in labels]) if same else None
            inner = tuple([x for x in told if x is not None])
            after += _price(product.factors, inner, sizes) + PASS * prod([sizes[x] for x in inner])
            gain = saved(product.factors, told, sizes)
            after -= gain
            squares |= gain > 0
            product.spreads = True
            products.append(Expanded(product, told, pattern))
        after -= PASS * prod([sizes[x] for x in out])  # the first is where the others are added
        return products if squares and after <= GAIN * before else None

    def _terms(self, node: Node, labels: Labels) -> list[_Term]:
        """What a sum consists of."""
        found: list[_Term] = []
        for operand, sign in zip(node.args, (1.0, -1.0 if node.function is np.subtract else 1.0), strict=True):
            behind = labels[len(labels) - operand.ndim :]
            own = tuple([None if size == 1 else x for x, size in zip(behind, operand.shape, strict=True)])
            alone = self.opening.uses[operand] == 1
            is_sum = operand.function in (np.add, np.subtract) and all(type(a) is Node for a in operand.args)
            if is_sum and alone and self.opening.new[id(operand)].function is operand.function:
                found += [term._replace(sign=sign * term.sign) for term in self._terms(operand, own)]
            elif operand.function is embed and all([len(group) == 1 for group in operand.args[1]]):
                core, pattern = operand.args[:2]
                first = {axis: x for (axis,), x in reversed([*zip(pattern, own, strict=True)])}
                same = {x: first[axis] for (axis,), x in zip(pattern, own, strict=True) if first[axis] != x}
                found.append(_Term(sign, core, tuple([first[axis] for axis in range(core.ndim)]), same))
            else:
                found.append(_Term(sign, operand, own, {}))
        return found


def _price(factors: Sequence[Operand], out: Sequence[int], sizes: dict[int, int]) -> float:
    """What a product costs; what no factor carries is broadcast afterwards."""
    carried = {x for factor in factors for x in factor.labels}
    return price([factor.labels for factor in factors], tuple([x for x in out if x in carried]), sizes)
