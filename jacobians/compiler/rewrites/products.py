"""Products of many factors, multiplied in the order that costs least, and sums of products with common factors.

The engine plans one contraction at a time, and a program may multiply what it has planned by more. Here the products
that only one other reads are opened: their factors are multiplied with the others from the smallest up, so that a large
result is written once (``a * (b * C)`` with C large becomes ``(a * b) * C``), a sum of two products is multiplied by
what both have in common afterwards, and an array that meets itself in a sum over weights is a `weighted_gram`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...program import Node, topological
from .contractions import Operand, Product, contracted, labelled, planned
from .gram import LEAST, weighted_gram
from .moves import is_plain
from .rewriting import Builder, is_number, split_scale

__all__ = ["multiplied"]

PASS = 20
"""A multiplication that is written to memory costs as much as so many in a product of matrices."""

Factors = tuple[Operand, ...]
_SEEN_THROUGH = {np.multiply, np.transpose, np.reshape, np.broadcast_to}


def multiplied(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program with better products."""
    return _Rewriting(topological(outputs), outputs, builder).outputs


class _Opened:
    """A product, its factors and the calls that it consists of."""

    def __init__(self) -> None:
        self.scale = 1.0
        self.factors: list[Operand] = []
        self.sizes: dict[int, int] = {}
        self.calls = 0
        self.cost = 0.0
        self.spreads = False  # whether a factor is broadcast

    def new_label(self, size: int) -> int:
        label = len(self.sizes)
        self.sizes[label] = size
        return label

    def labels_of(self, node: Node) -> tuple[int | None, ...]:
        return tuple([None if size == 1 else self.new_label(size) for size in node.shape])


class _Rewriting:
    """One pass over a program."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[Node], builder: Builder) -> None:
        self.builder = builder
        self.uses = Counter([id(operand) for node in nodes for operand in node.operands] + [id(n) for n in outputs])
        self.new: dict[int, Node] = {}
        self.leading: set[int] = set()  # ids of what is a product without a sum behind moves and numbers
        self.spreading: set[int] = set()  # of products with a factor that is broadcast or summed over
        products = [node for node in nodes if self._noted(node)]
        inner = {id(operand) for node in products for operand in self._inner(node)}
        opened = {id(node) for node in products if id(node) not in inner and self._may_gain(node)}
        for node in nodes:
            builder.take_place(node)
            found = None
            if node.function is np.add or node.function is np.subtract:
                found = self._shared(node)
            elif id(node) in opened:
                found = self._replanned(node)
            self.new[id(node)] = builder.remade(node, self.new) if found is None else found
        self.outputs = [self.new[id(node)] for node in outputs]

    def _noted(self, node: Node) -> bool:
        """Whether it is a product; its operands have been noted."""
        operands = node.operands
        if _is_product(node):
            spreads = node.function is np.einsum
            for operand in operands:
                spreads |= operand.shape != node.shape or id(operand) in self.spreading
            if _is_entrywise(node):
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
            base = self._behind(operand)
            if base is not None and _is_entrywise(base):
                found.append(base)
        return found

    def _behind(self, node: Node) -> Node | None:
        """What stands behind moves and numbers, if nothing else reads any of them."""
        while self.uses[id(node)] == 1:
            if split_scale(node)[1] is not node:
                node = split_scale(node)[1]
            elif node.function in (np.transpose, np.broadcast_to) or _only_adds_axes(node):
                node = node.args[0]
            else:
                return node
        return None

    # ---- opening -----------------------------------------------------------------------------------------------------

    def _opened(self, node: Node) -> tuple[_Opened, tuple[int | None, ...]]:
        """The factors of a product, and the labels of its axes."""
        opened = _Opened()
        labels = opened.labels_of(node)
        self._open(opened, node, labels, root=True)
        return opened, labels

    def _open(self, opened: _Opened, node: Node, labels: Sequence[int | None], root: bool = False) -> None:
        scale, base = split_scale(node)
        alone = root or self.uses[id(node)] == 1
        if base is not node and (alone or self.uses[id(base)] > 0):
            opened.scale *= scale
            self._open(opened, base, labels)
            return
        if alone and node.function is np.transpose:
            order = node.args[1]
            self._open(opened, node.args[0], [labels[order.index(n)] for n in range(len(order))])
        elif alone and _only_adds_axes(node):
            long = iter([x for x, size in zip(labels, node.shape, strict=True) if size != 1])
            inner = node.args[0]
            self._open(opened, inner, [None if size == 1 else next(long) for size in inner.shape])
        elif alone and (root or _is_entrywise(node)) and _is_product(node):
            self._open_product(opened, node, labels)
        else:
            opened.factors.append(labelled(node, tuple(labels)))

    def _open_product(self, opened: _Opened, node: Node, labels: Sequence[int | None]) -> None:
        opened.calls += 1
        if node.function is np.multiply:
            opened.cost += PASS * node.size
            for operand in node.args:
                spread = labels[len(labels) - operand.ndim :]
                own = tuple([None if size == 1 else x for size, x in zip(operand.shape, spread, strict=True)])
                opened.spreads |= operand.shape != node.shape
                self._open(opened, operand, own)
            return
        a, left, b, right, out = node.args
        names = dict(zip(out, labels, strict=True))
        for operand, group in ((a, left), (b, right)):
            for label, size in zip(group, operand.shape, strict=True):
                if label not in names:
                    names[label] = opened.new_label(size)
        summed = len(names) > len(out)
        opened.spreads = True
        work = prod([opened.sizes[x] for x in names.values() if x is not None])
        opened.cost += work if summed else PASS * work
        for operand, group in ((a, left), (b, right)):
            self._open(opened, operand, tuple([names[x] for x in group]))

    # ---- rules -------------------------------------------------------------------------------------------------------

    def _now(self, factors: Sequence[Operand]) -> Factors:
        return tuple([Operand(self.new[id(factor.node)], factor.labels) for factor in factors])

    def _replanned(self, node: Node) -> Node | None:
        """The product of all factors in the best order, if that is better than the order of the program."""
        opened, labels = self._opened(node)
        if len(opened.factors) < 3 or not opened.spreads:
            return None
        found = self._gram(opened, labels, node)
        if found is not None:
            return found
        out = tuple([x for x in labels if x is not None])
        if _price(opened.factors, out, opened.sizes) >= 0.95 * opened.cost:
            return None
        product = Product(opened.scale, self._now(opened.factors), labels, opened.sizes)
        return contracted(self.builder, product, node.shape, node.dtype)

    def _gram(self, opened: _Opened, labels: tuple[int | None, ...], node: Node) -> Node | None:
        """A `weighted_gram`, if one factor occurs twice and the others only weigh what is summed."""
        out = [x for x in labels if x is not None]
        for n, first in enumerate(opened.factors):
            for second in opened.factors[n + 1 :]:
                if first.node is not second.node or None in first.labels or node.dtype.kind != "f":
                    continue
                pairs = list(zip(first.labels, second.labels, strict=True))
                summed = [a for a, b in pairs if a == b]
                free = [(a, b) for a, b in pairs if a != b]
                weights = [f for f in opened.factors if f is not first and f is not second]
                carried = {x for factor in weights for x in factor.labels if x is not None}
                ends = [x for pair in free for x in pair]
                if not free or not carried or not carried <= set(summed) or Counter(ends) != Counter(out):
                    continue
                sizes = [opened.sizes[x] for x in (*summed, *ends) if x is not None]
                if set(summed) & set(out) or prod(sizes) < LEAST:
                    continue
                return self._weighted(opened, first, weights, (summed, free), labels, node)
        return None

    def _weighted(
        self, opened: _Opened, factor: Operand, weights: Sequence[Operand], ends: Any, labels: Any, node: Node
    ) -> Node:
        build, sizes = self.builder, opened.sizes
        summed, free = ends
        count, width = prod([sizes[x] for x in summed]), prod([sizes[a] for a, _ in free])
        order = tuple([factor.labels.index(x) for x in (*summed, *[a for a, _ in free])])
        X = build.call(np.reshape, build.call(np.transpose, self.new[id(factor.node)], order), (count, width))
        shape = tuple([sizes[x] for x in summed])
        weight = contracted(build, Product(opened.scale, self._now(weights), tuple(summed), sizes), shape, node.dtype)
        weight = build.call(np.reshape, weight, (count,))
        square = build.kept(weighted_gram, (X, weight), {}, (width, width), node.dtype)
        axes = [*[a for a, _ in free], *[b for _, b in free]]
        whole = build.call(np.reshape, square, tuple([sizes[x] for x in axes]))
        moved = build.call(np.transpose, whole, tuple([axes.index(x) for x in labels if x is not None]))
        return build.call(np.reshape, moved, node.shape)

    def _shared(self, node: Node) -> Node | None:
        """A sum of two products, multiplied by their common factors afterwards."""
        left, right = node.args
        for operand in (left, right):
            base = self._behind(operand) if isinstance(operand, Node) and id(operand) in self.leading else None
            if base is None or not _is_entrywise(base) or operand.shape != node.shape:
                return None
        opened = _Opened()
        labels = opened.labels_of(node)
        parts: list[tuple[float, list[Operand]]] = []
        for operand in (left, right):
            opened.scale, opened.factors = 1.0, []
            self._open(opened, operand, labels)
            parts.append((opened.scale, opened.factors))
        (s, first), (t, second) = parts
        common = []
        for factor in first:
            if factor in second:
                common.append(factor)
                second.remove(factor)
        for factor in common:
            first.remove(factor)
        if not common:
            return None
        t = -t if node.function is np.subtract else t
        return self._distributed((s, first), (t, second), common, (labels, opened.sizes), node)

    def _distributed(self, left: Any, right: Any, common: Sequence[Operand], about: Any, node: Node) -> Node:
        labels, sizes = about
        build, (s, first), (t, second) = self.builder, left, right
        carried = {x for factor in (*first, *second) for x in factor.labels}
        union = tuple([x for x in labels if x is not None and x in carried])

        def rest(scale: float, factors: Sequence[Operand]) -> Any:
            if not factors:
                return scale
            own = {x for factor in factors for x in factor.labels}
            kept = tuple([x if x in own else None for x in union])
            shape = tuple([1 if x is None else sizes[x] for x in kept])
            dtype = np.result_type(*[factor.node.dtype for factor in factors])
            return contracted(build, Product(scale, self._now(factors), kept, sizes), shape, dtype)

        a, b = rest(s, first), rest(t, second)
        if is_number(a) and is_number(b):
            return build.remade(node, self.new)
        inner = build.call(np.add, *((a, b) if not is_number(a) else (b, a)))
        factors = (*self._now(common), labelled(inner, union))
        return contracted(build, Product(1.0, factors, labels, sizes), node.shape, node.dtype)


def _is_product(node: Node) -> bool:
    function = node.function
    if (function is not np.multiply and function is not np.einsum) or node.dtype.kind not in "fc" or node.kwargs:
        return False
    return is_plain(*node.args) if function is np.multiply else len(node.args) == 5 and node.parts is None


def _is_entrywise(node: Node) -> bool:
    """Whether it is a product without a sum."""
    if not _is_product(node):
        return False
    return node.function is np.multiply or set(node.args[1]) | set(node.args[3]) == set(node.args[4])


def _only_adds_axes(node: Node) -> bool:
    if node.function is not np.reshape:
        return False
    return [n for n in node.shape if n != 1] == [n for n in node.args[0].shape if n != 1]


def _price(factors: Sequence[Operand], out: tuple[int, ...], sizes: dict[int, int]) -> float:
    """What the best order costs, in multiplications of a product of matrices."""
    waiting = [tuple([x for x in factor.labels if x is not None]) for factor in factors]
    price = 0.0
    for left, right, kept in planned(waiting, out, sizes):
        together = {*waiting[left], *waiting[right]}
        work = prod([sizes[x] for x in together])
        price += work if len(together) > len(kept) else PASS * work
        waiting = [group for n, group in enumerate(waiting) if n not in (left, right)] + [tuple(kept)]
    return price
