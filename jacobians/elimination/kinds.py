"""Kinds of edges: what a pair of edges costs, known from labels alone.

A kind stands for all edges with the same labels, deltas and maps. Composing two kinds and adding two kinds is worked
out once and then looked up, so an order is priced without running it. There are two rules of counting:

- `EdgeKinds`: each pair of edges costs the product of the sizes of all labels that the values of either edge carry,
  at least one. This is the rule by which elimination orders are published.
- `TermKinds`: each pair costs what the engine itself does with it; ones, signs, additions and maps are free. So does
  each sum of edges, for sums of products multiply too. `TimedKinds` tell how long both take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from math import prod

import numpy as np

from ..chain import chain
from ..labels import Label, axes_of, flatten, size_of
from ..terms import Factor, OperatorFactor, Pattern, Term, pattern_of
from .merge import merge
from .recipes import join
from .shadows import Ledger, Shadow, shadow_term

__all__ = ["NOTHING", "EdgeKinds", "Kinds", "TermKinds", "TimedKinds"]

NOTHING = -1
"""The kind of an edge without terms: two edges whose indices never meet."""

FLOAT = np.dtype(float)


class Kinds:
    """An algebra of interned kinds; `held` tells the numbers that an edge of each kind stores."""

    adds = False
    """Whether additions cost something."""

    def __init__(self) -> None:
        self.held: list[int] = []
        self._terms: list[tuple[Term, ...]] = []
        self._known: dict[Hashable, int] = {}
        self._alone: dict[Hashable, int] = {}
        self._products: dict[tuple[int, int], tuple[int, int]] = {}
        self._sums: dict[tuple[int, int], tuple[int, int]] = {}

    def of(self, terms: Sequence[Term]) -> int:
        """The kind of the edge with these terms."""
        raise NotImplementedError

    def cost(self, arriving: Iterable[int], leaving: Iterable[int]) -> int:
        """What all pairs of these edges cost; there are few kinds of them."""
        outward = Counter(leaving).items()
        return sum([n * m * self.product(b, a)[1] for a, n in Counter(arriving).items() for b, m in outward])

    def product(self, outer: int, inner: int) -> tuple[int, int]:
        """The kind of the edge through a vertex, and the multiplications that make it."""
        known = self._products.get((outer, inner))
        if known is None:
            known = self._products[outer, inner] = self._product(self._terms[outer], self._terms[inner])
        return known

    def sum(self, one: int, other: int) -> tuple[int, int]:
        """The kind of two parallel edges together, and what adding them costs."""
        if one == NOTHING or other == NOTHING:
            return max(one, other), 0
        pair = (one, other) if one < other else (other, one)
        known = self._sums.get(pair)
        if known is None:
            known = self._sums[pair] = self._sum(self._terms[pair[0]], self._terms[pair[1]])
        return known

    def extent(self, kind: int) -> tuple[int, int, float, bool]:
        """The rows and columns of an edge, the share of its entries that are stored, and whether it has values."""
        terms = self._terms[kind]
        rows, columns = prod(terms[0].out_shape), prod(terms[0].in_shape)
        entries = 0
        for term in terms:
            determined = {label for relation in term.maps for label in relation.dst}
            entries += size_of({*term.labels} - determined)
        density = min(1.0, entries / max(1, rows * columns))
        return rows, columns, density, any([term.factors for term in terms])

    def _product(self, outer: tuple[Term, ...], inner: tuple[Term, ...]) -> tuple[int, int]:
        raise NotImplementedError

    def _sum(self, one: tuple[Term, ...], other: tuple[Term, ...]) -> tuple[int, int]:
        raise NotImplementedError

    def _intern(self, terms: Sequence[Term]) -> int:
        """The number of these terms; terms that differ in numbers only have one."""
        if not terms:
            return NOTHING
        keyed = [(_key(term), term) for term in terms]
        if len(keyed) > 1:
            keyed.sort(key=lambda item: repr(item[0]))
        key = tuple([key for key, _ in keyed])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = len(self._terms)
            self._terms.append(tuple([term.replace(scale=1.0 if abs(term.scale) == 1 else 3.0) for _, term in keyed]))
            self.held.append(max(1, sum(size_of(factor.labels) for term in terms for factor in term.factors)))
        return known


class EdgeKinds(Kinds):
    """The published rule: one array of values an edge, and a pair costs the sizes of all labels that either carries."""

    def of(self, terms: Sequence[Term]) -> int:
        kind = NOTHING
        for term in terms:
            determined = {label for relation in term.maps for label in relation.dst}
            kind, _ = self.sum(kind, self._intern([_with_values(term, {*term.labels} - determined)]))
        return kind

    def _product(self, outer: tuple[Term, ...], inner: tuple[Term, ...]) -> tuple[int, int]:
        joined = chain(outer[0], inner[0])
        if joined is None:
            return NOTHING, 0
        carried = {label for factor in joined.factors for label in factor.labels}
        for relation in joined.maps:
            if not carried.isdisjoint(relation.dst) and not set(relation.dst) & set(joined.free):
                carried = carried.difference(relation.dst).union(relation.src)
        return self._intern([_with_values(joined, carried)]), size_of(carried)

    def _sum(self, one: tuple[Term, ...], other: tuple[Term, ...]) -> tuple[int, int]:
        sums = merge([_as_shadows(one[0]), _as_shadows(other[0].freshen())], FLOAT, densify=False)
        if len(sums) == 1:
            return self._intern([_with_values(sums[0], {label for f in sums[0].factors for label in f.labels})]), 0
        return self._intern([_dense(one[0], other[0])]), 0


class TermKinds(Kinds):
    """The library's own rule: terms are chained, settled and merged as the engine does, on arrays without numbers."""

    adds = True

    def of(self, terms: Sequence[Term]) -> int:
        first = terms[0]
        key = (first._pattern, abs(first.scale) == 1, first.scale == 0) if len(terms) == 1 else ()
        known = self._alone.get(key) if key and key[0] is not None else None
        if known is None:
            known = self._intern(merge([shadow_term(term, Ledger()) for term in terms], FLOAT))
            if key:
                self._alone[key] = known
        return known

    def _product(self, outer: tuple[Term, ...], inner: tuple[Term, ...]) -> tuple[int, int]:
        ledger = Ledger()
        left = [shadow_term(term, ledger) for term in outer]
        right = [shadow_term(term, ledger) for term in inner]
        joined = [join(a, b) for a in left for b in right]
        kind = self._intern(merge([term for term in joined if term is not None], FLOAT))
        return kind, self.cost_in(ledger)

    def cost_in(self, ledger: Ledger) -> int:
        """What a product costs that has left its traces in a ledger."""
        return ledger.multiplications

    def _sum(self, one: tuple[Term, ...], other: tuple[Term, ...]) -> tuple[int, int]:
        ledger = Ledger()
        kind = self._intern(merge([shadow_term(term, ledger) for term in (*one, *other)], FLOAT))
        return kind, self.cost_in(ledger)


class TimedKinds(TermKinds):
    """The same, counted in nanoseconds."""

    def cost_in(self, ledger: Ledger) -> int:
        return round(1e9 * ledger.seconds)


def _with_values(term: Term, carried: set[Label]) -> Term:
    """The term with one factor, which carries these labels; what is summed away is forgotten."""
    placed = {label for relation in term.maps for label in relation.labels}
    free = term.free
    labels = tuple([label for label in term.labels if label in carried and (label in free or label in placed)])
    bound = tuple([label for label in term.bound if label in placed])
    factors = (_values(labels),) if labels else ()
    return Term(term.out, term.inp, factors, term.maps, bound)


def _values(labels: tuple[Label, ...]) -> Factor:
    return Factor(Shadow(tuple([label.size for label in labels]), FLOAT, Ledger()), labels)


def _as_shadows(term: Term) -> Term:
    """The term with shadows of its own, so that no factor is taken for one that both terms share."""
    return shadow_term(term, Ledger())


def _dense(one: Term, other: Term) -> Term:
    """The dense term of the shape of both, with the deltas that both have."""
    rank = len(one.out)
    axes = list(axes_of(one.out_shape + one.in_shape))
    for first in range(rank):
        for second in range(rank, len(axes)):
            if all(_is_delta(term, first, second) for term in (one, other)):
                axes[second] = axes[first]
    return Term(tuple(axes[:rank]), tuple(axes[rank:]), (_values(tuple(dict.fromkeys(flatten(tuple(axes))))),))


def _is_delta(term: Term, first: int, second: int) -> bool:
    axes = term.out + term.inp
    placed = {label for relation in term.maps for label in relation.labels}
    return bool(axes[first]) and axes[first] == axes[second] and placed.isdisjoint(axes[first])


def _key(term: Term) -> Hashable:
    """What two terms have in common if they cost the same: their structure, and whether their scale is a sign."""
    pattern = pattern_of(term)
    structure = _structure(term) if pattern is None else _structure_of(pattern)
    return structure, abs(term.scale) == 1


@lru_cache(maxsize=16384)
def _structure_of(pattern: Pattern) -> Hashable:
    return _structure(pattern.term([np.broadcast_to(0.0, sizes) for sizes in pattern.sizes]))


def _structure(term: Term) -> Hashable:
    """Labels by number, their sizes, maps, groups of factors."""
    number = {label: n for n, label in enumerate(term.labels)}

    def numbers(labels: Sequence[Label]) -> tuple[int, ...]:
        return tuple([number[label] for label in labels])

    axes = tuple([numbers(axis) for axis in term.out]), tuple([numbers(axis) for axis in term.inp])
    sizes = tuple([label.size for label in number])
    maps = tuple([(numbers(m.dst), numbers(m.src), m.fingerprint) for m in term.maps])
    dense = sorted([tuple(sorted(numbers(f.labels))) for f in term.factors if isinstance(f, Factor)])
    operators = [(numbers(f.left), numbers(f.right)) for f in term.factors if isinstance(f, OperatorFactor)]
    return axes, sizes, maps, tuple(dense), tuple(sorted(operators))
