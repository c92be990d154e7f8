"""The distributive law the other way: products of sums as sums of products, where these cost less.

    (A / s - g).T @ (e[:, None] * A)      becomes   A.T @ diag(e / s) @ A - outer(g, e @ A)

The engine pulls common factors out of sums before it knows what else they meet. A matrix that meets itself costs half
of a product, and what is the same for all rows needs no matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...program import Node
from .contractions import Operand
from .gram import LEAST
from .opening import PASS, Labels, Opened, Opening, price
from .squares import saved

__all__ = ["Expansion"]

GAIN = 0.8
"""What is rewritten costs at most so much of what it replaces."""

MOST_TERMS = 4


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

    def of(self, node: Node) -> list[tuple[Opened, Labels]] | None:
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

    def _expanded(
        self, opened: Opened, labels: Labels, factor: Operand, original: Node
    ) -> list[tuple[Opened, Labels]] | None:
        rest = [other for other in opened.factors if other is not factor]
        terms = self._terms(original, factor.labels)
        if not 1 < len(terms) <= MOST_TERMS:
            return None
        sizes, out = opened.sizes, tuple([x for x in labels if x is not None])
        before = _price(opened.factors, out, sizes)
        before += PASS * (len(terms) - 1) * factor.node.size
        after = PASS * (len(terms) - 1) * prod([sizes[x] for x in out])
        products, squares = [], False
        for sign, term, own in terms:
            product = Opened(through=True)
            product.sizes = sizes
            self.opening.open(product, term, own)
            inner = tuple([x for x in own if x is not None])
            before += _price(product.factors, inner, sizes)
            product.factors = [*product.factors, *rest]
            product.scale *= sign * opened.scale
            after += _price(product.factors, out, sizes)
            gain = saved(product.factors, labels, sizes)
            after -= gain
            squares |= gain > 0
            product.spreads = True
            products.append((product, labels))
        return products if squares and after <= GAIN * before else None

    def _terms(self, node: Node, labels: Labels) -> list[tuple[float, Node, Labels]]:
        """What a sum consists of: signs, arrays and their labels."""
        found: list[tuple[float, Node, Labels]] = []
        for operand, sign in zip(node.args, (1.0, -1.0 if node.function is np.subtract else 1.0), strict=True):
            behind = labels[len(labels) - operand.ndim :]
            own = tuple([None if size == 1 else x for x, size in zip(behind, operand.shape, strict=True)])
            alone = self.opening.uses[operand] == 1
            if operand.function in (np.add, np.subtract) and alone and all(type(a) is Node for a in operand.args):
                found += [(sign * inner, term, group) for inner, term, group in self._terms(operand, own)]
            else:
                found.append((sign, operand, own))
        return found


def _price(factors: Sequence[Operand], out: Sequence[int], sizes: dict[int, int]) -> float:
    """What a product costs; what no factor carries is broadcast afterwards."""
    carried = {x for factor in factors for x in factor.labels}
    return price([factor.labels for factor in factors], tuple([x for x in out if x in carried]), sizes)
