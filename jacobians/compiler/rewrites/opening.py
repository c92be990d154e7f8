"""Products of products as lists of factors, and what an order of multiplying them costs.

`Opening` looks at a program: which products only one other reads, so that their factors may be multiplied in another
order. `Opened` is such a list of factors with one set of labels; a product is opened behind moves and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...program import Node, uses_of
from .contractions import Operand, labelled, planned
from .moves import is_plain
from .rewriting import split_scale

__all__ = ["PASS", "Labels", "Opened", "Opening", "is_entrywise", "is_product", "only_adds_axes", "price"]

PASS = 20
"""A multiplication that is written to memory costs as much as so many in a product of matrices."""

READ = 8
"""What it costs in the same measure to read an entry of an operand: a matrix meets a vector at 0.27 nanoseconds an
entry, and other matrices at 0.03 a multiplication."""

MOST = 12
"""Products of more factors are not opened for what they may have in common with others."""

Labels = tuple[int | None, ...]


class Opened:
    """A product, its factors and the calls that it consists of.

    Parameters
    ----------
    through : bool
        Whether contractions inside of it are opened too.
    """

    def __init__(self, through: bool = False) -> None:
        self.through = through
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

    def labels_of(self, node: Node) -> Labels:
        return tuple([None if size == 1 else self.new_label(size) for size in node.shape])


class Opening:
    """The products of a program, and which of them only one call reads.

    Parameters
    ----------
    nodes : sequence of Node
        Of the whole program, operands first.
    outputs : sequence of Node

    Attributes
    ----------
    new : dict of int to Node
        By id, what stands for a node in the program that is made; factors are of these.
    sums : dict of int to tuple of Opened and labels, or None
        By id, what has been made of sums: products, or None for those that others may read too.
    """

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[Node]) -> None:
        self.uses = uses_of(nodes, outputs)
        self.new: dict[int, Node] = {}
        self.sums: dict[int, tuple[Opened, Labels] | None] = {}
        self._leaves: dict[int, frozenset[int]] = {}

    def add(self, node: Node, opened: Opened, labels: Labels) -> None:
        """Note a node that has been made for one sum, as the product that it is."""
        fresh = node not in self.uses
        self.sums[id(node)] = (opened, labels) if fresh else None
        self.uses[node] = max(1, self.uses[node])
        self.new[id(node)] = node

    def behind(self, node: Node) -> Node | None:
        """What stands behind moves and numbers, if nothing else reads any of them."""
        while self.uses[node] == 1:
            if split_scale(node)[1] is not node:
                node = split_scale(node)[1]
            elif node.function in (np.transpose, np.broadcast_to) or only_adds_axes(node):
                node = node.args[0]
            else:
                return node
        return None

    def opened(self, node: Node, through: bool = False) -> tuple[Opened, Labels]:
        """The factors of a product, and the labels of its axes."""
        opened = Opened(through)
        labels = opened.labels_of(node)
        self.open(opened, node, labels, root=True)
        return opened, labels

    def open(
        self,
        opened: Opened,
        node: Node,
        labels: Sequence[int | None],
        root: bool = False,
        shared: bool = False,
        reads: int = 1,
    ) -> None:
        """Add the factors of a node with these labels.

        Of one that is shared, others read what is before it too; a square reads its operand twice.
        """
        scale, base = split_scale(node)
        alone = root or (self.uses[node] == reads and not shared)
        if id(node) in self.sums:
            self._open_sum(opened, node, labels)
        elif base is not node:
            opened.scale *= scale
            self.open(opened, base, labels, shared=not alone)
        elif node.function is np.transpose and (alone or opened.through):
            order = node.args[1]
            moved = [labels[order.index(n)] for n in range(len(order))]
            self.open(opened, node.args[0], moved, shared=not alone)
        elif only_adds_axes(node) and (alone or opened.through):
            long = iter([x for x, size in zip(labels, node.shape, strict=True) if size != 1])
            inner = node.args[0]
            moved = [None if size == 1 else next(long) for size in inner.shape]
            self.open(opened, inner, moved, shared=not alone)
        elif alone and is_product(node) and (root or opened.through or is_entrywise(node)):
            self._open_product(opened, node, labels)
        else:
            opened.factors.append(labelled(self.new[id(node)], tuple(labels)))

    def _open_sum(self, opened: Opened, node: Node, labels: Sequence[int | None]) -> None:
        found = self.sums[id(node)]
        if found is None:
            opened.factors.append(labelled(node, tuple(labels)))
            return
        inner, out = found
        names: dict[int | None, int | None] = dict(zip(out, labels, strict=True))
        names |= {x: opened.new_label(size) for x, size in inner.sizes.items() if x not in names}
        opened.scale *= inner.scale
        opened.cost += inner.cost
        opened.factors += [Operand(f.node, tuple([names.get(x) for x in f.labels])) for f in inner.factors]

    def _open_product(self, opened: Opened, node: Node, labels: Sequence[int | None]) -> None:
        opened.calls += 1
        if node.function is np.multiply:
            opened.cost += PASS * node.size
            owns = []
            for operand in node.args:
                spread = labels[len(labels) - operand.ndim :]
                owns.append(tuple([None if size == 1 else x for size, x in zip(operand.shape, spread, strict=True)]))
                opened.spreads |= operand.shape != node.shape
            self._open_operands(opened, *node.args, *owns)
            return
        a, left, b, right, out = node.args
        names = dict(zip(out, labels, strict=True))
        for operand, group in ((a, left), (b, right)):
            for label, size in zip(group, operand.shape, strict=True):
                if label not in names:
                    names[label] = opened.new_label(size)
        opened.spreads = True
        work = prod([opened.sizes[x] for x in names.values() if x is not None])
        opened.cost += _cost(work, len(names) > len(out), a.size + b.size)
        self._open_operands(opened, a, b, *[tuple([names[x] for x in group]) for group in (left, right)])

    def _open_operands(self, opened: Opened, a: Node, b: Node, left: Labels, right: Labels) -> None:
        square = a is b and left == right
        self.open(opened, a, left, reads=1 + square)
        cost = opened.cost
        self.open(opened, b, right, reads=1 + square)
        if square:
            opened.cost = cost  # it is made once

    def leaves(self, node: Node, root: bool = False) -> frozenset[int]:
        """The ids of the factors of a node, contractions inside of it opened; of too many, its own alone."""
        base = node
        alone = root or self.uses[node] == 1
        while id(base) not in self.sums:
            inner = split_scale(base)[1]
            if inner is base:
                if base.function is not np.transpose and not only_adds_axes(base):
                    break
                inner = base.args[0]
            base, alone = inner, alone and self.uses[inner] == 1
        found = self._leaves.get(id(base)) if alone else None
        if found is None:
            found = frozenset((id(self.new.get(id(base))),))
            if not alone:
                return found
            known = self.sums.get(id(base))
            if known is not None:
                found = frozenset([id(factor.node) for factor in known[0].factors])
            elif id(base) not in self.sums and is_product(base):
                operands = base.args if base.function is np.multiply else base.args[:3:2]
                inner = self.leaves(operands[0]) | self.leaves(operands[1])
                found = inner if len(inner) <= MOST else found
            self._leaves[id(base)] = found
        return found


def is_product(node: Node) -> bool:
    """Whether it multiplies two arrays and does no more than that and sums."""
    function = node.function
    if (function is not np.multiply and function is not np.einsum) or node.dtype.kind not in "fc" or node.kwargs:
        return False
    return is_plain(*node.args) if function is np.multiply else len(node.args) == 5 and node.parts is None


def is_entrywise(node: Node) -> bool:
    """Whether it is a product without a sum."""
    if not is_product(node):
        return False
    return node.function is np.multiply or set(node.args[1]) | set(node.args[3]) == set(node.args[4])


def only_adds_axes(node: Node) -> bool:
    if node.function is not np.reshape:
        return False
    return [n for n in node.shape if n != 1] == [n for n in node.args[0].shape if n != 1]


def price(factors: Sequence[Sequence[int | None]], out: tuple[int, ...], sizes: dict[int, int]) -> float:
    """What the best order of multiplying these factors costs, in multiplications of a product of matrices."""
    waiting = [tuple([x for x in labels if x is not None]) for labels in factors]
    total = 0.0
    for left, right, kept in planned(waiting, out, sizes) if len(waiting) > 1 else ():
        together = {*waiting[left], *waiting[right]}
        read = sum(prod([sizes[x] for x in waiting[n]]) for n in (left, right))
        total += _cost(prod([sizes[x] for x in together]), len(together) > len(kept), read)
        waiting = [group for n, group in enumerate(waiting) if n not in (left, right)] + [tuple(kept)]
    return total


def _cost(work: int, sums: bool, read: int) -> float:
    return work + READ * read if sums else PASS * work
