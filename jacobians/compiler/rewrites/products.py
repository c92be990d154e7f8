"""Products of many factors, multiplied in the order that costs least.

The engine plans one contraction at a time, and a program may multiply what it has planned by more. Here the products
that only one other reads are opened: their factors are multiplied with the others from the smallest up, so that a large
result is written once (``a * (b * C)`` with C large becomes ``(a * b) * C``), and an array that meets itself in a sum
over weights is a `weighted_gram`. `sums` is what becomes of sums of products on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...arrays import embed
from ...program import Node, topological
from .cancelling import Cancelling
from .collecting import collected
from .contractions import Operand, Product, contracted
from .diagonals import diagonal
from .expanding import Expansion
from .gram import LEAST, weighted_gram
from .opening import Labels, Opened, Opening, is_entrywise, is_product, price
from .rewriting import Builder
from .squares import Square, squared
from .sums import Distribution

__all__ = ["multiplied"]

_SEEN_THROUGH = {np.multiply, np.transpose, np.reshape, np.broadcast_to}
_NOTED = {*_SEEN_THROUGH, np.einsum}


def multiplied(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program with better products."""
    first = _Rewriting(topological(outputs), outputs, builder)
    if not first.again:
        return first.outputs
    # What two sums had in common may be read by one alone now, and a diagonal may be that of a larger product.
    outputs = collected(first.outputs, builder)
    return _Rewriting(topological(outputs), outputs, builder, again=True).outputs


class _Rewriting:
    """One pass over a program."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[Node], builder: Builder, again: bool = False) -> None:
        self.builder = builder
        self.opening = opening = Opening(nodes, outputs)
        self.products: dict[frozenset[int], list[Node]] = {}  # contractions by the ids of all their factors
        self.leading: set[int] = set()  # ids of what is a product without a sum behind moves and numbers
        self.spreading: set[int] = set()  # of products with a factor that is broadcast or summed over
        products = [node for node in nodes if self._noted(node)]
        inner = {id(operand) for node in products for operand in self._inner(node)}
        opened = {id(node) for node in products if id(node) not in inner and self._may_gain(node)}
        sums = Distribution(opening, builder)
        cancelling = Cancelling(() if again else nodes, builder, opening.new)
        self.expansion = Expansion(opening)
        diagonals = 0
        new = opening.new
        for node in nodes:
            builder.take_place(node)
            function = node.function
            found = cancelling.reduced(node)
            if found is not None:
                pass
            elif function is np.add or function is np.subtract:
                found = sums.joined(node) if products else None
            elif function is np.einsum and len(node.args) == 5:
                found = self._known(node) or self._expanded(node)
                found = found or (self._replanned(node) if id(node) in opened else None)
            elif id(node) in opened:
                found = self._replanned(node)
            elif function is np.diagonal or (function is np.einsum and len(node.args) == 3):
                found = diagonal(node, opening, builder)
                diagonals += found is not None
            new[id(node)] = builder.remade(node, new) if found is None else found
            if found is None and (function is np.add or function is np.subtract):
                self.expansion.note(node, new[id(node)])
        self.again = sums.count + diagonals + cancelling.count > 0
        self.outputs = [opening.new[id(node)] for node in outputs]

    def _noted(self, node: Node) -> bool:
        """Whether it is a product; its operands have been noted."""
        operands = node.operands
        if node.function not in _NOTED:
            return False
        if is_product(node):
            spreads = node.function is np.einsum
            for operand in operands:
                spreads |= operand.shape != node.shape or id(operand) in self.spreading
            if is_entrywise(node):
                self.leading.add(id(node))
            if spreads:
                self.spreading.add(id(node))
            return True
        if node.function in _SEEN_THROUGH and len(operands) == 1 and id(operands[0]) in self.leading:
            self.leading.add(id(node))
            if id(operands[0]) in self.spreading:
                self.spreading.add(id(node))
        return False

    def _may_gain(self, node: Node) -> bool:
        """Whether a product has factors that may be products, and one that is broadcast or summed over."""
        return id(node) in self.spreading and any([id(operand) in self.leading for operand in node.operands])

    def _inner(self, node: Node) -> list[Node]:
        """The products that will be opened into this one."""
        found = []
        for operand in node.operands:
            if id(operand) not in self.leading:
                continue
            base = self.opening.behind(operand)
            if base is not None and is_entrywise(base):
                found.append(base)
        return found

    def _known(self, node: Node) -> Node | None:
        """A product of the same factors that has been made in another order."""
        leaves = self.opening.leaves(node, root=True) if is_product(node) else ()
        if len(leaves) < 2:
            return None
        others = self.products.setdefault(frozenset(leaves), [])
        others.append(node)
        if len(others) == 1:
            return None
        opened, labels = self.opening.opened(node, through=True)
        names, form = _forms(opened, labels)[0]
        for other in others[:-1]:
            before, out = self.opening.opened(other, through=True)
            found = [theirs for theirs, same in _forms(before, out) if form is not None and same == form]
            if not found or not before.scale:
                continue
            back = {number: label for label, number in names.items()}
            axes = tuple([None if x is None else back[found[0][x]] for x in out])
            operand = Operand(self.opening.new[id(other)], axes)
            product = Product(opened.scale / before.scale, (operand,), labels, opened.sizes)
            return contracted(self.builder, product, node.shape, node.dtype)
        return None

    def _replanned(self, node: Node) -> Node | None:
        """The product of all factors in the best order, if that is better than the order of the program."""
        opened, labels = self.opening.opened(node)
        if len(opened.factors) < 3 or not opened.spreads:
            return None
        found = self._gram(opened, labels, node)
        if found is not None:
            return found
        out = tuple([x for x in labels if x is not None])
        if price([factor.labels for factor in opened.factors], out, opened.sizes) >= 0.95 * opened.cost:
            return None
        product = Product(opened.scale, tuple(opened.factors), labels, opened.sizes)
        return contracted(self.builder, product, node.shape, node.dtype)

    def _expanded(self, node: Node) -> Node | None:
        """A product of sums as a sum of products, where a `weighted_gram` is one of these and it costs less."""
        total: Node | None = None
        for opened, labels, pattern in self.expansion.of(node) or ():
            term = self._gram(opened, labels, node) if pattern is None else None
            if term is None:
                product = Product(opened.scale, tuple(opened.factors), labels, opened.sizes)
                sizes = tuple([opened.sizes[x] for x in labels if x is not None])
                term = contracted(self.builder, product, node.shape if pattern is None else sizes, node.dtype)
            term = term if pattern is None else self.builder.call(embed, term, pattern)
            total = term if total is None else self.builder.call(np.add, total, term)
        return total

    def _gram(self, opened: Opened, labels: Labels, node: Node) -> Node | None:
        """A `weighted_gram`, if some factors occur twice and the others only weigh what is summed."""
        if node.dtype.kind != "f" or node.size < LEAST**0.5:
            return None
        found = squared(opened.factors, labels, opened.sizes)
        if found is None or not found.weights or found.work(opened.sizes) < LEAST:
            return None
        return self._weighted(opened, found, labels, node)

    def _weighted(self, opened: Opened, square: Square, labels: Any, node: Node) -> Node:
        build, sizes = self.builder, opened.sizes
        summed, swap = square.summed, square.swap
        count, width = prod([sizes[x] for x in summed]), prod([sizes[x] for x in swap])
        order = (*summed, *swap)
        whole = Product(1.0, tuple(square.group), order, sizes)
        X = contracted(build, whole, tuple([sizes[x] for x in order]), node.dtype)
        X = build.call(np.reshape, X, (count, width))
        shape = tuple([sizes[x] for x in summed])
        weights = Product(opened.scale, tuple(square.weights), tuple(summed), sizes)
        weight = contracted(build, weights, shape, node.dtype)
        weight = build.call(np.reshape, weight, (count,))
        made = build.kept(weighted_gram, (X, weight), {}, (width, width), node.dtype)
        axes = [*swap, *swap.values()]
        made = build.call(np.reshape, made, tuple([sizes[x] for x in axes]))
        moved = build.call(np.transpose, made, tuple([axes.index(x) for x in labels if x is not None]))
        return build.call(np.reshape, moved, node.shape)


def _forms(opened: Opened, labels: Labels) -> list[tuple[dict[int, int], Any]]:
    """Numbers for labels, and what equal products have in common; of a factor that occurs twice, in both orders.

    What they have in common is None where more than one factor occurs in several places.
    """
    factors = sorted(opened.factors, key=lambda factor: id(factor.node))
    twice = [n for n in range(1, len(factors)) if _differ(factors[n - 1], factors[n])]
    found = [_form(factors, labels, len(twice) < 2)]
    if len(twice) == 1:
        n = twice[0]
        found.append(_form([*factors[: n - 1], factors[n], factors[n - 1], *factors[n + 1 :]], labels, True))
    return found


def _differ(one: Operand, other: Operand) -> bool:
    return one.node is other.node and one.labels != other.labels


def _form(factors: Sequence[Operand], labels: Labels, known: bool) -> tuple[dict[int, int], Any]:
    numbers: dict[int, int] = {}
    shape = [
        (id(node), tuple([-1 if x is None else numbers.setdefault(x, len(numbers)) for x in own]))
        for node, own in factors
    ]
    if not known or not all(x is None or x in numbers for x in labels):
        return numbers, None
    return numbers, (tuple(shape), frozenset([numbers[x] for x in labels if x is not None]))
