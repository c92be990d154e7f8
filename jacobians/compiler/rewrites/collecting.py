"""Sums of multiples of few arrays: each array is multiplied once, and what is added with its transpose is added first.

    2 * (x - q) - 4 * q                          becomes   2 * x - 6 * q
    2 * (1 - 100 * (2 * (x - q) - 4 * q))        becomes   1200 * q - 400 * x + 2
    A + A.T + B + B.T                            becomes   (A + B) + (A + B).T

Numbers are collected only where an array occurs more than once, and none cancels: what is subtracted from a sum again
is meant for its rounding, and what is not finite stays so. `merging` adds the constants that one array is multiplied
with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...program import Node, topological, uses_of
from .merging import Merged, merged
from .rewriting import Builder, is_number, is_safe, rewritten, split_scale

__all__ = ["collected"]

LEAST = 256
"""Entries of an array from which on its sums are looked into."""

MOST = 8
"""Sums of more arrays are left as they are."""


class _Sum:
    """Numbers times arrays, and a number.

    Attributes
    ----------
    numbers : dict of int to float
        By the ids of the arrays, which are nodes of the old program.
    nodes : dict of int to Node
    constant : float
    calls : int
        What it consists of now.
    cancels : bool
        Whether numbers of opposite sign have met.
    again : bool
        Whether an array has occurred more than once.
    merged : list of Merged
        Products that stand for several of the sum.
    """

    def __init__(self) -> None:
        self.numbers: dict[int, float] = {}
        self.nodes: dict[int, Node] = {}
        self.constant = 0.0
        self.calls = 0
        self.cancels = self.again = False
        self.merged: list[Merged] = []

    def add(self, node: Node, number: float) -> None:
        known = self.numbers.get(id(node))
        if known is not None:
            self.again = True
            self.cancels |= abs(known + number) < 0.1 * max(abs(known), abs(number))
        self.numbers[id(node)] = number + (known or 0.0)
        self.nodes[id(node)] = node

    def add_number(self, number: float) -> None:
        self.cancels |= self.constant * number < 0
        self.constant += number

    def merge(self, uses: Counter[Node]) -> None:
        """One product for those of one array with constants."""
        for product, names in merged(self.numbers, self.nodes, uses):
            self.merged.append(product)
            self.again = True
            self.calls += len(names)
            for name in names:
                del self.numbers[name], self.nodes[name]


def collected(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program."""
    nodes = topological(outputs)
    uses = uses_of(nodes, outputs)
    inner: set[int] = set()  # ids of what is a part of a sum that has been looked at
    changed: dict[int, _Sum] = {}
    for node in reversed(nodes):
        if _is_sum(node) and node.size >= LEAST and id(node) not in inner:
            found = _Sum()
            _open(found, node, uses, inner)
            found.merge(uses)
            safe = all(map(is_safe, found.numbers.values())) and not found.cancels and len(found.numbers) <= MOST
            if safe and ((found.again and _calls(found) < found.calls) or (not found.again and _turned(found))):
                changed[id(node)] = found
    if not changed:
        return list(outputs)

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        found = changed.get(id(node))
        return None if found is None else _made(builder, found, new)

    return rewritten(outputs, nodes, builder, change)


def _is_sum(node: Node) -> bool:
    """Whether it adds or subtracts, or multiplies with a number."""
    if node.kwargs or node.dtype.kind != "f" or node.weak or node.parts is not None:
        return False
    if node.function is np.add or node.function is np.subtract:
        return all([is_number(a) or (type(a) is Node and _is_like(a, node)) for a in node.args])
    return split_scale(node)[1] is not node


def _is_like(a: Node, node: Node) -> bool:
    return a.shape == node.shape and a.dtype == node.dtype and not a.weak


def _open(found: _Sum, root: Node, uses: Counter[Node], inner: set[int]) -> None:
    """What a sum adds, from left to right; sums that only it reads are opened."""
    waiting: list[tuple[Node, float]] = [(root, 1.0)]
    while waiting:
        node, number = waiting.pop()
        if node is not root and (not _is_sum(node) or uses[node] > 1):
            found.add(node, number)
            continue
        inner.add(id(node))
        found.calls += 1
        scale, base = split_scale(node)
        if base is not node:
            waiting.append((base, number * scale))
            continue
        signs = (1.0, -1.0 if node.function is np.subtract else 1.0)
        for operand, sign in reversed(list(zip(node.args, signs, strict=True))):
            if is_number(operand):
                found.add_number(sign * number * operand)
            else:
                waiting.append((operand, sign * number))


def _calls(found: _Sum) -> int:
    """The calls that the sum takes when it is made anew."""
    scaled = sum([abs(number) != 1 for number in found.numbers.values()])
    negative = all([number == -1 for number in found.numbers.values()])
    return scaled + len(found.numbers) + 2 * len(found.merged) - 1 + (found.constant != 0) + negative


def _turned(found: _Sum) -> dict[int, Node]:
    """By the ids of their transposes, the matrices that are added with these, if there are several."""
    pairs: dict[int, Node] = {}
    for name, node in found.nodes.items():
        inner = node.args[0] if node.function is np.transpose and node.ndim == 2 else None
        if inner is not None and found.numbers.get(id(inner)) == found.numbers[name]:
            pairs[name] = inner
    return pairs if len(pairs) > 1 else {}


def _made(builder: Builder, found: _Sum, new: dict[int, Node]) -> Node:
    pairs = _turned(found)
    gone = {*pairs, *map(id, pairs.values())}
    terms = [(new[name], number) for name, number in found.numbers.items() if name not in gone]
    if pairs:
        # The last ones are the longest products, which have most factors in common.
        half = _total(builder, [(new[id(A)], found.numbers[name]) for name, A in reversed(pairs.items())])
        terms += [(half, 1.0), (builder.transposed(half, (1, 0)), 1.0)]
    for array, labels, constant, others, out in found.merged:
        product = builder.call(np.einsum, new[id(array)], labels, builder.constant(constant), others, out)
        terms.append((product, 1.0))
    total = _total(builder, terms)
    return builder.call(np.add, total, found.constant) if found.constant else total


def _total(builder: Builder, terms: list[tuple[Node, float]]) -> Node:
    total: Node | None = None
    for term, number in sorted(terms, key=lambda entry: entry[1] < 0):
        if total is None:
            total = builder.scaled(number, term)
        elif number < 0:
            total = builder.call(np.subtract, total, builder.scaled(-number, term))
        else:
            total = builder.call(np.add, total, builder.scaled(number, term))
    assert total is not None
    return total
