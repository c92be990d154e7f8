"""Terms that cancel in sums of products with reciprocals of sums: what a shift of a softmax leaves in its derivative.

With ``s = np.sum(E, axis=1)`` every row of ``E / s`` sums to one, so that the derivative for the largest entry, which
is subtracted before `exp`, is ``sum_k E_k (g_k / s - sum_j E_j g_j / s**2) = 0``. A sum is written as numbers times
products of powers; where some of these are the same with numbers that add up to zero, they are left out. Products of
matrices are not looked into.

What is not finite never becomes a number: terms are left out only where those that are kept are nan or infinite, too
(`witnesses`). ``p - p * sum(p)`` of a softmax, which keeps nothing, is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import CONSTANT, Node
from .contractions import Operand, Product, contracted, labelled, seen_through
from .opening import Labels, is_entrywise, is_product
from .rewriting import Builder, is_number
from .witnesses import Need, found_in, moved, needs_of

__all__ = ["Cancelling"]

MOST_TERMS, MOST_FACTORS, MOST_LEFT, DEEPEST, MOST_CALLS = 6, 10, 2, 8, 40
"""Limits to what is looked at: the terms of a sum, the factors of each, what is left of it; calls in calls, calls."""

_MOVES = {np.transpose, np.reshape, np.broadcast_to, np.negative}
_CALLS = {np.multiply, np.einsum, np.add, np.subtract, np.divide, np.sum}

Powers = dict[tuple[Node, Labels], int]


class _Term(NamedTuple):
    """A number times a product of powers of arrays, summed over the labels that the result does not have."""

    scale: float
    powers: Powers


class Cancelling:
    """Finds sums whose terms cancel, and what is zero by that, which sums with others are made without.

    Parameters
    ----------
    nodes : sequence of Node
        Of the whole program, operands first.
    builder : Builder
    new : dict of int to Node
        By id, what stands for a node in the program that is made.
    """

    def __init__(self, nodes: Sequence[Node], builder: Builder, new: dict[int, Node]) -> None:
        self.builder, self.new = builder, new
        self.count = 0
        self._zero: dict[int, list[Need]] = {}
        self._sizes: dict[int, int] = {}
        self._calls = 0
        self._through = False
        self._reciprocal, self._summed = _normalised(nodes)

    def reduced(self, node: Node) -> Node | None:
        """The node without what cancels."""
        if self._zero:
            found = self._without_zeros(node)
            if found is not None:
                return found
        if id(node) not in self._reciprocal or id(node) not in self._summed or node.dtype.kind != "f":
            return None
        if node.function not in (np.add, np.subtract, np.sum, np.einsum) or is_entrywise(node):
            return None  # a product is made of factors that have been reduced, and not a sum of products
        self._sizes, self._calls = {}, 0
        labels = tuple([None if size == 1 else self._label(size) for size in node.shape])
        terms = self._operands(node, labels, DEEPEST)
        if terms is None or len(terms) < 2:
            return None
        out = set(labels)
        merged: dict[Any, tuple[float, Powers]] = {}
        for term in terms:
            scale, powers = self._folded(term, out)
            key = _key(powers, out)
            merged[key] = (merged.get(key, (0.0, {}))[0] + scale, powers)
        left = [_Term(*pair) for pair in merged.values() if abs(pair[0]) > 1e-14]
        if len(left) + 2 > len(terms) or len(left) > MOST_LEFT:
            return None
        needs = needs_of([term.powers for term in terms], labels)
        if not left:
            self._zero[id(node)] = needs
            return None
        if not found_in(needs, [term.powers for term in left], labels):
            return None
        self.count += 1
        parts = [self._product(node, labels, term) for term in left]
        total = parts[0]
        for part in parts[1:]:
            total = self.builder.call(np.add, total, part)
        return total

    # ---- zeros -------------------------------------------------------------------------------------------------------

    def _without_zeros(self, node: Node) -> Node | None:
        """A sum without what is zero; other calls of zeros are noted to be zero."""
        zeros = [id(a) in self._zero for a in node.args if isinstance(a, Node)]
        if not any(zeros) or node.kwargs.keys() - {"axis"} or node.dtype.kind != "f":
            return None
        if node.function in (np.add, np.subtract) and len(zeros) == 2 and not all(zeros):
            return self._kept(node, node.args[zeros.index(False)], node.args[zeros.index(True)])
        if node.function in (np.add, np.subtract) and len(zeros) < 2:
            return None  # with a number
        product = node.function in (np.multiply, np.einsum) or all(zeros)
        if node.function is np.divide:
            product = zeros[0] and isinstance(node.args[0], Node)
        if product and (node.function in _CALLS or node.function in _MOVES):
            self._zero[id(node)] = self._carried(node)
        return None

    def _kept(self, node: Node, other: Node, zero: Node) -> Node | None:
        if other.dtype != node.dtype:
            return None
        self._sizes, self._calls = {}, 0
        labels = tuple([None if size == 1 else self._label(size) for size in node.shape])
        self._through = True  # products of matrices, too: what they are made of is asked, and not what they are
        terms = self._terms(other, labels[node.ndim - other.ndim :], DEEPEST)
        self._through = False
        if not found_in(moved(self._zero[id(zero)], node, zero), [term.powers for term in terms], labels):
            return None
        self.count += 1
        sign = -1.0 if node.function is np.subtract and zero is node.args[0] else 1.0
        return self.builder.spread(self.builder.scaled(sign, self.new[id(other)]), node.shape)

    def _carried(self, node: Node) -> list[Need]:
        """What a call of zeros needs: what they do, and its other operands."""
        arrays = [a for a in node.args if isinstance(a, Node)]
        groups = node.args[1:4:2] if node.function is np.einsum else [None] * len(arrays)
        found: list[Need] = []
        for a, group in zip(arrays, groups, strict=True):
            names = None if group is None else (group, node.args[-1])
            axes = tuple(range(-a.ndim, 0))
            below = node.function is np.divide and a is not arrays[0]
            own = self._zero.get(id(a)) or (needs_of([{(a, axes): -1}], axes) if below else self._parts(a))
            found += moved(own, node, a, names)
        return found

    def _parts(self, node: Node) -> list[Need]:
        """What an array that is not zero is made of."""
        self._sizes, self._calls = {}, 0
        labels = tuple([None if size == 1 else self._label(size) for size in node.shape])
        return needs_of([term.powers for term in self._terms(node, labels, DEEPEST)], labels)

    # ---- sums of products --------------------------------------------------------------------------------------------

    def _label(self, size: int) -> int:
        self._sizes[len(self._sizes)] = size
        return len(self._sizes) - 1

    def _terms(self, node: Any, labels: Labels, depth: int) -> list[_Term]:
        """A node as a sum of products, or a number; itself where that has no more to tell."""
        if not isinstance(node, Node):
            return [_Term(float(node), {})]
        scale, (base, own) = seen_through(self.builder, labelled(node, labels))
        number = self.builder.filling(base) if base.function is CONSTANT else None
        if number is not None:
            return [_Term(scale * float(number), {})]
        found = self._operands(base, own, depth - 1) if depth and not base.is_leaf else None
        if found is None or len(found) > MOST_TERMS or any(len(term.powers) > MOST_FACTORS for term in found):
            shape = tuple([n for n, x in zip(base.shape, own, strict=True) if x is not None])
            base = self.builder.reshaped(base, shape)
            return [_Term(scale, {(base, tuple([x for x in own if x is not None])): 1})]
        return [_Term(scale * term.scale, term.powers) for term in found]

    def _operands(self, node: Node, labels: Labels, depth: int) -> list[_Term] | None:
        """What a call of its operands is; None for other calls."""
        function = node.function
        self._calls += 1
        if function not in _CALLS or node.dtype.kind != "f" or self._calls > MOST_CALLS:
            return None
        if function is np.sum:
            return self._total(node, labels, depth)
        if node.kwargs or (function is np.einsum and not (_is_inner(node) or (self._through and is_product(node)))):
            return None
        before = len(self._sizes)
        if function is np.einsum:
            a, left, b, right, out = node.args
            names = dict(zip(out, labels, strict=True))
            for operand, group in ((a, left), (b, right)):
                for label, size in zip(group, operand.shape, strict=True):
                    if label not in names:
                        names[label] = self._label(size)
            groups = [tuple([names[x] for x in group]) for group in (left, right)]
        else:
            a, b = node.args
            groups = [labels[len(labels) - x.ndim :] if isinstance(x, Node) else () for x in (a, b)]
        if function is np.divide and is_number(a) and isinstance(b, Node):
            below = self._inverse(b, groups[1], depth)
            return [_Term(a * below.scale, below.powers)]
        summed = range(before, len(self._sizes))
        if any(x.dtype != node.dtype for x in (a, b) if isinstance(x, Node)):
            return None
        first = self._terms(a, groups[0], depth)
        if function is np.divide:
            return _products(first, [self._inverse(b, groups[1], depth)])
        second = self._terms(b, groups[1], depth)
        if function is np.subtract:
            second = [_Term(-term.scale, term.powers) for term in second]
        found = _products(first, second) if function in (np.multiply, np.einsum) else [*first, *second]
        return self._counted(found, summed)

    def _total(self, node: Node, labels: Labels, depth: int) -> list[_Term] | None:
        a = node.args[0]
        if len(node.args) > 1 or set(node.kwargs) != {"axis"} or not isinstance(a, Node) or a.dtype != node.dtype:
            return None
        gone = normalize_axis_tuple(node.kwargs["axis"], a.ndim)
        if any(a.shape[n] == 1 for n in gone):
            return None
        kept, summed = iter(labels), {k: self._label(a.shape[k]) for k in gone}
        own = tuple([summed[k] if k in gone else next(kept) for k in range(a.ndim)])
        return self._counted(self._terms(a, own, depth), summed.values())

    def _counted(self, terms: list[_Term] | None, summed: Collection[int]) -> list[_Term] | None:
        """The terms, each times the sizes of the labels that are summed here and that it does not carry."""
        if terms is None or not summed:
            return terms
        result = []
        for scale, powers in terms:
            carried = {x for _, own in powers for x in own}
            result.append(_Term(scale * prod([self._sizes[x] for x in summed if x not in carried]), powers))
        return result

    def _inverse(self, node: Node, labels: Labels, depth: int) -> _Term:
        """One divided by a node: of a product, one divided by each factor."""
        (term, *more) = self._terms(node, labels, depth)
        named = {x for x in labels if x is not None}
        inner = {x for _, own in term.powers for x in own if x is not None}
        if more or not term.scale or inner - named:
            scale, (base, own) = seen_through(self.builder, labelled(node, labels))
            if (
                base.function is np.multiply
                and not base.kwargs
                and depth
                and all([isinstance(a, Node) for a in base.args])
            ):
                first, second = [self._inverse(a, own[len(own) - a.ndim :], depth - 1) for a in base.args]
                return _Term(first.scale * second.scale / scale, _times(first.powers, second.powers))
            shape = tuple([n for n, x in zip(base.shape, own, strict=True) if x is not None])
            base = self.builder.reshaped(base, shape)
            return _Term(1 / scale, {(base, tuple([x for x in own if x is not None])): -1})
        return _Term(1 / term.scale, {factor: -power for factor, power in term.powers.items()})

    def _folded(self, term: _Term, out: set[int | None]) -> _Term:
        """The same term, a factor summed over what it alone carries."""
        for factor, power in term.powers.items():
            node, own = factor
            others = {x for other in term.powers if other != factor for x in other[1]}
            alone = [n for n, x in enumerate(own) if x not in others and x not in out]
            if not alone or power != 1:
                continue
            summed = self.builder.call(np.sum, node, axis=tuple(alone))
            kept = tuple([x for n, x in enumerate(own) if n not in alone])
            powers = {other: n for other, n in term.powers.items() if other != factor}
            number = self.builder.filling(summed) if summed.function is CONSTANT else None
            scale = term.scale if number is None else term.scale * float(number)  # of labels that are told as ones
            left = powers if number is not None else _times(powers, {(summed, kept): 1})
            # The sum may cancel its reciprocal: ones are left, to be summed over the labels of both.
            gone = {x for x in kept if x not in out} - {x for _, labels in left for x in labels}
            return self._folded(_Term(scale * prod([self._sizes[x] for x in gone if x is not None]), left), out)
        return term

    def _product(self, node: Node, labels: Labels, term: _Term) -> Node:
        factors: list[Operand] = []
        for (base, own), power in term.powers.items():
            found = self._renewed(base)
            factor = found if power > 0 else self.builder.call(np.divide, 1, found)
            factors += [Operand(factor, own) for _ in range(abs(power))]
        product = Product(term.scale, tuple(factors), labels, self._sizes)
        return contracted(self.builder, product, node.shape, node.dtype)

    def _renewed(self, node: Node) -> Node:
        """What stands for a node in the program that is made; sums and moves of old nodes have been made here."""
        known = self.new.get(id(node))
        if known is not None or not node.operands:
            return known or node
        return self.builder.remade(node, {id(operand): self._renewed(operand) for operand in node.operands})


def _normalised(nodes: Sequence[Node]) -> tuple[set[int], set[int]]:
    """The ids of what contains a reciprocal of a sum, and of what adds or sums, by products, sums and moves."""
    reciprocal: set[int] = set()
    summed: set[int] = set()
    if not any([node.function is np.divide for node in nodes]):
        return reciprocal, summed
    for node in nodes:
        if node.function is np.divide and isinstance(node.args[1], Node) and _is_sum(node.args[1]):
            reciprocal.add(id(node))
        if node.function in (np.add, np.subtract):
            summed.add(id(node))
        if node.function in _CALLS or node.function in _MOVES:
            for operand in node.operands:
                if id(operand) in reciprocal:
                    reciprocal.add(id(node))
                if id(operand) in summed:
                    summed.add(id(node))
    return reciprocal, summed


def _is_inner(node: Node) -> bool:
    """Whether an einsum is a product without a sum, or inner products of what has the same labels of the result."""
    if not is_product(node):
        return False
    _, left, _, right, out = node.args
    return set(out) <= set(left) & set(right) or set(left) | set(right) == set(out)


def _is_sum(node: Node) -> bool:
    while node.function in _MOVES:
        node = node.args[0]
    if node.function is np.multiply:
        return any([_is_sum(operand) for operand in node.operands])
    return node.function is np.sum


def _times(left: Powers, right: Powers) -> Powers:
    result = dict(left)
    for factor, power in right.items():
        result[factor] = result.get(factor, 0) + power
    return {factor: power for factor, power in result.items() if power}


def _products(first: Sequence[_Term], second: Sequence[_Term]) -> list[_Term] | None:
    if len(first) * len(second) > MOST_TERMS:
        return None
    return [_Term(a.scale * b.scale, _times(a.powers, b.powers)) for a in first for b in second]


def _key(powers: Powers, out: set[int | None]) -> Any:
    """What equal products have in common, whatever the names of the labels that are summed."""
    names: dict[int | None, int] = {}
    factors = sorted(powers.items(), key=lambda entry: (id(entry[0][0]), [x if x in out else -1 for x in entry[0][1]]))
    return tuple(
        [
            (id(node), tuple([x if x in out else -1 - names.setdefault(x, len(names)) for x in own]), power)
            for (node, own), power in factors
        ]
    )
