"""The distributive law: sums of products with common factors, which are multiplied once.

    X.T @ (s * A) - X.T @ (s * B)        becomes   X.T @ (s * (A - B))
    r[:, None] * (E @ W) - T @ W         becomes   (r[:, None] * E - T) @ W
    s[:, None] * A + A                   becomes   (s[:, None] + 1) * A

where that costs less than the products do.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ...program import Node
from .contractions import Operand, Product, contracted, labelled
from .opening import PASS, Labels, Opened, Opening, price
from .rewriting import Builder, is_number
from .squares import saved

__all__ = ["Distribution"]

GAIN = 0.95
"""What is rewritten costs at most so much of what it replaces."""


MOST_TERMS = 8
"""Sums of more products are left as they are."""

_Term = tuple[float, Node]


class _Addend(NamedTuple):
    """A number times a product of factors, whose summed labels are its own."""

    scale: float
    factors: list[Operand]


class _Split(NamedTuple):
    """Two products of common factors and of others.

    Attributes
    ----------
    common : list of Operand
    rests : sequence of _Addend
    union : tuple of int
        The labels of the sum of the rests; in `kept` those that each has, and None for the others.
    cost : float
        Of all, of which `inner` is for the sum of the rests.
    """

    common: list[Operand]
    rests: Sequence[_Addend]
    union: tuple[int, ...]
    kept: Sequence[Labels]
    cost: float
    inner: float


class Distribution:
    """Makes products of sums.

    Parameters
    ----------
    opening : Opening
        What it makes is noted there, so that it is opened in the next sum.
    builder : Builder

    Attributes
    ----------
    count : int
        Of the sums that have changed.
    """

    def __init__(self, opening: Opening, builder: Builder) -> None:
        self.opening, self.builder = opening, builder
        self.count = 0
        self._inner: set[int] = set()  # ids of the sums inside of products that have been made
        self._terms: dict[int, list[_Term]] = {}

    def joined(self, node: Node) -> Node | None:
        """The sum or difference `node` with products of sums, where these cost less."""
        left, right = node.args
        if not (isinstance(left, Node) and isinstance(right, Node)) or node.dtype.kind not in "fc" or left is right:
            return None
        if left.dtype != right.dtype or not all([a.shape == node.shape or _is_spread(a, node) for a in (left, right)]):
            return None
        first, second = self._terms_of(left), self._terms_of(right)
        if node.function is np.subtract:
            second = [(-sign, term) for sign, term in second]
        terms = [*first, *second]
        if len(terms) > MOST_TERMS:
            return None
        self._terms[id(node)] = terms
        pairs = [(a, b) for a in first for b in second]
        found = False
        while pairs:
            a, b = pairs.pop(0)
            if a not in terms or b not in terms or node.shape not in (a[1].shape, b[1].shape):
                continue
            made = self._pair(node, a, b)
            if made is not None:
                found = True
                terms[terms.index(a)] = term = (1.0, made)
                terms.remove(b)
                pairs += [(other, term) for other in terms if other is not term]
        if not found:
            return None
        self.count += 1
        return self._sum(terms)

    def _terms_of(self, node: Node) -> list[_Term]:
        """What is added up to a node that only one sum reads."""
        return self._terms.get(id(node), [(1.0, node)]) if self.opening.uses[node] == 1 else [(1.0, node)]

    def _sum(self, terms: Sequence[_Term]) -> Node:
        (sign, term), *rest = sorted(terms, key=lambda term: term[0] < 0)
        total = self.builder.scaled(sign, self.opening.new[id(term)])
        for sign, term in rest:
            total = self.builder.call(np.add if sign > 0 else np.subtract, total, self.opening.new[id(term)])
        return total

    def _pair(self, node: Node, left: _Term, right: _Term) -> Node | None:
        """Two addends as one product, if that costs less."""
        if self.opening.leaves(left[1]).isdisjoint(self.opening.leaves(right[1])):
            return None
        opened = Opened(through=True)
        labels = opened.labels_of(node)
        opened.cost = float(PASS * node.size)
        first, second = [self._addend(opened, sign, term, labels) for sign, term in (left, right)]
        best = self._cheapest(opened, labels, first, second)
        if best is None:
            return None
        if node.dtype.kind == "f":
            opened.cost -= sum([saved(addend.factors, labels, opened.sizes) for addend in (first, second)])
            best = best._replace(cost=best.cost - saved(best.common, labels, opened.sizes, best.union))
        return self._product(node, opened, labels, best)

    def _cheapest(self, opened: Opened, labels: Labels, first: _Addend, second: _Addend) -> _Split | None:
        """The factors in common that are best pulled out: all, or all but those that carry some summed labels."""
        best = _split(opened, labels, first, second, frozenset())
        if best is None:
            return None
        without: frozenset[int] = frozenset()
        tried: set[int] = set()
        while True:
            x = next((x for x in best.union if x not in labels and x not in tried), None)
            if x is None:
                return best
            tried.add(x)
            other = _split(opened, labels, first, second, without | {x})
            if other is not None and other.cost < best.cost:
                best, without = other, without | {x}

    def _addend(self, opened: Opened, sign: float, node: Node, labels: Labels) -> _Addend:
        opened.scale, opened.factors = sign, []
        self.opening.open(opened, node, labels)
        return _Addend(opened.scale, opened.factors)

    def _product(self, node: Node, opened: Opened, labels: Labels, split: _Split) -> Node | None:
        """The common factors times the sum of the rests, if that costs less than what has been opened."""
        sizes, build = opened.sizes, self.builder
        cost = split.cost
        if cost - split.inner >= GAIN * opened.cost:
            return None
        parts = [self._part(rest, mine, sizes) for rest, mine in zip(split.rests, split.kept, strict=True)]
        inner = build.call(np.add, *(parts[::-1] if is_number(parts[0]) else parts))
        if id(inner) in self._inner:
            cost -= split.inner
        if cost >= GAIN * opened.cost:
            return None
        self._inner.add(id(inner))
        factors = (*split.common, labelled(inner, split.union))
        made = contracted(build, Product(1.0, factors, labels, sizes), node.shape, node.dtype)
        opened.scale, opened.factors, opened.cost = 1.0, list(factors), cost
        self.opening.add(made, opened, labels)
        return made

    def _part(self, rest: _Addend, labels: Labels, sizes: dict[int, int]) -> Node | float:
        if not rest.factors:
            return rest.scale
        shape = tuple([1 if x is None else sizes[x] for x in labels])
        dtype = np.result_type(*[factor.node.dtype for factor in rest.factors])
        return contracted(self.builder, Product(rest.scale, tuple(rest.factors), labels, sizes), shape, dtype)


def _is_spread(a: Node, node: Node) -> bool:
    """Whether an addend is the same along some axes: it has a factor of size 1 there, or sums of what others carry."""
    return a.ndim == node.ndim and a.size < node.size and a.size > 1


def _split(opened: Opened, labels: Labels, first: _Addend, second: _Addend, without: frozenset[int]) -> _Split | None:
    """What two addends have in common, but for factors with one label, and what that costs."""
    common, *rests = _common(first, second, labels, without)
    if not common or not any(rest.factors for rest in rests):
        return None
    sizes = opened.sizes
    out = tuple([x for x in labels if x is not None])
    shared = dict.fromkeys([*out, *[x for factor in common for x in factor.labels if x is not None]])
    own = [{x for factor in rest.factors for x in factor.labels} for rest in rests]
    union = tuple([x for x in shared if x in own[0] or x in own[1]])
    kept = [tuple([x if x in mine else None for x in union]) for mine in own]
    inner = PASS * prod([sizes[x] for x in union])
    cost = inner + price([*[factor.labels for factor in common], union], out, sizes)
    for rest, mine in zip(rests, kept, strict=True):
        cost += price([f.labels for f in rest.factors], tuple([x for x in mine if x is not None]), sizes)
    return _Split(common, rests, union, kept, cost, inner)


def _common(
    first: _Addend, second: _Addend, out: Labels, without: frozenset[int]
) -> tuple[list[Operand], _Addend, _Addend]:
    """The factors that both have, and what is left of each, in the labels of the first.

    A summed label of the second is one of the first where a common factor has it.
    """
    names = {x: x for x in out if x is not None}  # from the labels of the second to those of the first
    common: list[Operand] = []
    rest, other = list(first.factors), list(second.factors)
    for factor in sorted(first.factors, key=lambda operand: -operand.node.size):
        if not without.isdisjoint(factor.labels):
            continue
        for n, twin in enumerate(other):
            found = _matched(factor, twin, names) if twin.node is factor.node else None
            if found is not None:
                names = found
                common.append(factor)
                del other[n]
                rest = [operand for operand in rest if operand is not factor]
                break
    other = [
        Operand(node, tuple([names.get(x, x) if x is not None else None for x in labels])) for node, labels in other
    ]
    return common, _Addend(first.scale, rest), _Addend(second.scale, other)


def _matched(factor: Operand, twin: Operand, names: dict[int, int]) -> dict[int, int] | None:
    """The names with those of the twin's labels, if they can be those of the factor."""
    found = dict(names)
    for x, y in zip(factor.labels, twin.labels, strict=True):
        if x is None or y is None:
            if x is not y:
                return None
        elif y in found:
            if found[y] != x:
                return None
        elif x in found.values():
            return None
        else:
            found[y] = x
    return found
