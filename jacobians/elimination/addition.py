"""Add two terms of one placement: the same indices, deltas and maps.

Factors that both share are pulled out, by the distributive law, and the rest is added where that does not make it
larger. All of that depends on labels, and on which arrays are the same one: it is worked out once for each pair of
patterns.

- `placement(term)`: what two terms must have in common to be added; `placement_of(pattern)` the same.
- `add(a, b)`: their sum as one term, or None where that would be larger than both.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..contract import contract_factors
from ..labels import Axis, Label, fresh, size_of
from ..terms import Affine, Factor, Map, OperatorFactor, Pattern, Term, factor_of, pattern_of, patterned, picks_part
from .owning import NOTHING_SPARE
from .shadows import Ledger, Shadow
from .sums import weighted, weighted_sum

__all__ = ["add", "adder", "placement", "placement_of"]

FLOAT = np.dtype(float)

SMALL = 4096
"""Entries of a product up to which it is multiplied out in NumPy's loop."""


def placement(term: Term) -> Hashable:
    """What two terms must have in common to be added: deltas, splits, and maps."""
    known = pattern_of(term)
    return (_placement(term), _starts(term)) if known is None else placement_of(known)


def placement_of(pattern: Pattern) -> Hashable:
    """The placement of the terms of a pattern."""
    return _first_placement(pattern.skeleton), pattern.starts


@lru_cache(maxsize=16384)
def _first_placement(pattern: Pattern) -> Hashable:
    return _placement(Term(pattern.out, pattern.inp, maps=pattern.maps, bound=pattern.bound))


def _placement(term: Term) -> Hashable:
    """The same, but for where maps begin that pick a part."""
    number = _numbered(term)
    axes = tuple([tuple([(number[label], label.size) for label in axis]) for axis in term.out + term.inp])
    maps = [
        (
            tuple([(number[label], label.size) for label in relation.dst]),
            tuple([(number[label], label.size) for label in relation.src]),
            relation.index.step if _picks_part(relation) else relation.fingerprint,
        )
        for relation in term.maps
    ]
    return axes, tuple(maps)


def _starts(term: Term) -> tuple[int, ...]:
    return tuple([relation.index.start for relation in term.maps if _picks_part(relation)])


def _picks_part(relation: Map) -> bool:
    return isinstance(relation.index, Affine) and picks_part(relation)


def _numbered(term: Term) -> dict[Label, int]:
    """Label numbers in an order that terms of one placement share."""
    number = {label: n for n, label in enumerate(term.free)}
    for relation in term.maps:
        for label in relation.labels:
            number.setdefault(label, len(number))
    return number


def add(a: Term, b: Term, spare: frozenset[int] = NOTHING_SPARE) -> Term | None:
    """The sum of two terms of one placement as one term, or None where that would be larger than both.

    Arrays whose ids are in `spare` may be written into if there is a sum; both terms are of no more use then.
    """
    left, right = a._pattern or pattern_of(a), b._pattern or pattern_of(b)
    if left is None or right is None:
        parts = _parts(a, b)
        return None if parts is None else parts.sum(a, b.scale)
    recipe = _recipe_of(left, right, a, b)
    return None if recipe is None else recipe.follow(a, b, spare)


def adder(a: Term, b: Term) -> Callable[[Term, Term], Term]:
    """`add` for all terms of the patterns of two, which have the same arrays in common as these, and can be added."""
    left, right = pattern_of(a), pattern_of(b)
    if left is None or right is None:
        raise ValueError("adder: a term without a pattern.")
    recipe = _recipe_of(left, right, a, b)
    if recipe is None:
        raise ValueError("adder: two terms of which the sum is larger.")
    return recipe.follow


def _recipe_of(left: Pattern, right: Pattern, a: Term, b: Term) -> _Recipe | None:
    ours, theirs = a.arrays, b.arrays
    if len(ours) == len(theirs) == 1:  # the usual case, at once
        alike: tuple[tuple[int, int], ...] = ((0, 0),) if ours[0] is theirs[0] else ()
    else:
        alike = tuple([(m, n) for m, array in enumerate(ours) for n, other in enumerate(theirs) if array is other])
    return _recipe(left, right, alike)


class _Parts(NamedTuple):
    """What two terms share: places in their lists of factors.

    Attributes
    ----------
    renamed : Term
        The second term under the labels of the first.
    shared, ours, theirs : list of int
        The factors of the first that both have, and those that only one has.
    """

    renamed: Term
    shared: list[int]
    ours: list[int]
    theirs: list[int]

    def sum(self, a: Term, b_scale: float) -> Term:
        """The sum of the first term and the second, which has this scale."""
        if not self.ours and not self.theirs:
            return a.replace(scale=a.scale + b_scale)
        left: Any = [a.factors[n] for n in self.ours]
        right: Any = [self.renamed.factors[n] for n in self.theirs]
        scale, total = weighted_sum(a.scale, _product(left), b_scale, _product(right))
        return a.replace(factors=(*[a.factors[n] for n in self.shared], total), scale=scale)


Layout = tuple[tuple[int, ...] | None, tuple[int, ...] | None]
"""The order and the shape that an array is given, None where they stay."""


class _Aligned(NamedTuple):
    """The layouts in which the factors of both sides broadcast, and the pattern of the sum of their products."""

    left: list[Layout]
    right: list[Layout]
    made: Pattern


def _layout(labels: Axis, target: Axis) -> Layout:
    """How an array under some labels is laid out to broadcast under others, among which they are."""
    order = tuple(sorted(range(len(labels)), key=lambda n: target.index(labels[n])))
    shape = tuple([label.size if label in labels else 1 for label in target])
    is_last = {*labels} == {*target[len(target) - len(labels) :]}
    return None if order == tuple(range(len(order))) else order, None if is_last else shape


def _laid(arrays: list[Any], layouts: list[Layout]) -> Any:
    """The product of arrays, each in its layout; a one for none."""
    product: Any = None
    for array, (order, shape) in zip(arrays, layouts, strict=True):
        if order is not None:
            array = np.transpose(array, order)
        if shape is not None:
            array = np.reshape(array, shape)
        product = array if product is None else np.multiply(product, array)
    return _ONE if product is None else product


_ONE = np.ones(())


class _Recipe:
    """How terms of two patterns are added."""

    __slots__ = ("aligned", "is_pair", "parts", "pattern", "sums", "theirs")

    def __init__(self, pattern: Pattern, parts: _Parts) -> None:
        self.pattern, self.parts = pattern, parts
        self.theirs = [factor.labels for factor in parts.renamed.factors]
        self.sums: dict[Axis, Pattern] = {}  # by the labels of what is added, known when it is done
        self.aligned = self._aligned()
        plain: list[Layout] = [(None, None)]
        alone = not parts.shared and parts.ours == parts.theirs == [0]
        self.is_pair = alone and self.aligned is not None and self.aligned[:2] == (plain, plain)
        """Whether each term has one array, and these broadcast as they are."""

    def _aligned(self) -> _Aligned | None:
        """How arrays are added as they are: the usual case. Products that are large or of many are contracted first."""
        pattern, (_, shared, ours, theirs) = self.pattern, self.parts
        left, right = [pattern.groups[n] for n in ours], [self.theirs[n] for n in theirs]
        labels = tuple(dict.fromkeys([label for group in (*left, *right) for label in group]))
        most = max(len(left), len(right))
        if most > 2 or (most == 2 and size_of(labels) > SMALL):
            return None
        groups = [*[pattern.groups[n] for n in shared], labels]
        made = patterned(pattern.out, pattern.inp, groups, pattern.maps, pattern.bound)
        return _Aligned([_layout(group, labels) for group in left], [_layout(group, labels) for group in right], made)

    def follow(self, a: Term, b: Term, spare: frozenset[int] = NOTHING_SPARE) -> Term:
        """The sum of two terms of these patterns."""
        pattern, (_, shared, ours, theirs) = self.pattern, self.parts
        if not ours and not theirs:
            return pattern.term(a.arrays, a.scale + b.scale)
        if self.aligned is not None and not spare:
            (left, right, made), arrays, others = self.aligned, a.arrays, b.arrays
            if self.is_pair:
                scale, total = weighted(a.scale, arrays[0], b.scale, others[0])
                return made.term((total,), scale)
            first, second = _laid([arrays[n] for n in ours], left), _laid([others[n] for n in theirs], right)
            scale, total = weighted(a.scale, first, b.scale, second, ones=(not ours, not theirs))
            return made.term([*[arrays[n] for n in shared], total], scale)
        left = _product([factor_of(a.arrays[n], pattern.groups[n]) for n in ours], spare)
        right = _product([factor_of(b.arrays[n], self.theirs[n]) for n in theirs], spare)
        products = [id(one.array) for one, factors in ((left, ours), (right, theirs)) if len(factors) > 1]
        scale, total = weighted_sum(a.scale, left, b.scale, right, spare.union(products) if products else spare)
        made = self.sums.get(total.labels)
        if made is None:
            groups = [*[pattern.groups[n] for n in shared], total.labels]
            made = patterned(pattern.out, pattern.inp, groups, pattern.maps, pattern.bound)
            self.sums[total.labels] = made
        return made.term([*[a.arrays[n] for n in shared], total.array], scale)


@lru_cache(maxsize=16384)
def _recipe(left: Pattern, right: Pattern, alike: tuple[tuple[int, int], ...]) -> _Recipe | None:
    """The recipe for terms of two patterns, of which these pairs of arrays are the same one."""
    ledger = Ledger()
    ours, theirs = [[Shadow(sizes, FLOAT, ledger) for sizes in pattern.sizes] for pattern in (left, right)]
    for m, n in alike:
        theirs[n] = ours[m]
    parts = _parts(left.term(ours), right.term(theirs))
    return None if parts is None else _Recipe(left, parts)


def _parts(a: Term, b: Term) -> _Parts | None:
    """What two terms share, or None where their sum would be larger than both."""
    ours, theirs = _numbered(a), _numbered(b)
    names = {n: label for label, n in ours.items()}
    # A label that is bound in b may be free in a: both come from one outer term.
    taken = fresh(label for label in b.labels if label not in theirs and label in ours)
    b = b.relabel(taken | {label: (names[n],) for label, n in theirs.items() if names[n] is not label})
    shared, only_a, only_b = _split_shared(a, b)
    rest_a, rest_b = [a.factors[n] for n in only_a], [b.factors[n] for n in only_b]
    if any(isinstance(factor, OperatorFactor) for factor in (*rest_a, *rest_b)):
        return None
    known = set(ours).union(*(a.factors[n].labels for n in shared))
    if not known.issuperset(a.bound) or not known.issuperset(b.bound):
        return None
    carried = {label for factor in (*rest_a, *rest_b) for label in factor.labels}
    if (rest_a or rest_b) and (not carried <= known or size_of(carried) > _held(rest_a) + _held(rest_b)):
        return None
    return _Parts(b, shared, only_a, only_b)


def _split_shared(a: Term, b: Term) -> tuple[list[int], list[int], list[int]]:
    """The places of factors of the first term that both have, and of those that only one has."""
    shared, rest_a, rest_b = [], [], list(range(len(b.factors)))
    for place, factor in enumerate(a.factors):
        twin = next((n for n in rest_b if _same(factor, b.factors[n])), None)
        if twin is None:
            rest_a.append(place)
        else:
            shared.append(place)
            rest_b.remove(twin)
    return shared, rest_a, rest_b


def _same(a: Factor | OperatorFactor, b: Factor | OperatorFactor) -> bool:
    if isinstance(a, Factor) and isinstance(b, Factor):
        return a.array is b.array and a.labels == b.labels
    if isinstance(a, OperatorFactor) and isinstance(b, OperatorFactor):
        return a.operation is b.operation and a.left == b.left and a.right == b.right
    return False


def _held(factors: Sequence[Factor | OperatorFactor]) -> int:
    """Numbers in these factors, at least one."""
    return max(1, sum(size_of(factor.labels) for factor in factors))


def _product(factors: list[Factor], spare: frozenset[int] = NOTHING_SPARE) -> Factor:
    """The product of factors as one factor; a one without labels for none."""
    if len(factors) == 1:
        return factors[0]
    if not factors:
        return Factor(np.ones(()), ())
    if spare:
        for n, factor in enumerate(factors):
            others = factors[:n] + factors[n + 1 :]
            if id(factor.array) in spare and all([_is_within(other, factor) for other in others]):
                for other in others:
                    np.multiply(factor.array, other.spread(factor.labels), factor.array)
                return factor
    return contract_factors(factors, tuple([label for factor in factors for label in factor.labels]))


def _is_within(factor: Factor, other: Factor) -> bool:
    """Whether the product of two factors has the labels and the type of the other one."""
    array = factor.array
    alike = type(array) is np.ndarray and array is not other.array and array.dtype == other.array.dtype
    return alike and set(factor.labels) <= set(other.labels)
