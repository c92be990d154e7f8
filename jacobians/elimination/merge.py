"""Add terms where paths meet.

Terms of one pattern (the same indices, deltas and maps) are added into one where that does not make them larger;
factors that both terms share are pulled out first, by the distributive law. A sum that holds more numbers than its
dense form, common deltas kept, is replaced by it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..contract import contract_factors, to_dense
from ..labels import Axes, Label, flatten, fresh, size_of, unify
from ..terms import Factor, OperatorFactor, Pattern, Term, pattern_of, patterned
from .shadows import Ledger, Shadow
from .sums import sum_of_arrays, weighted_sum

__all__ = ["merge"]

FLOAT = np.dtype(float)


def merge(terms: Sequence[Term], dtype: np.dtype, *, densify: bool = True) -> list[Term]:
    """Fewer terms with the same sum.

    Parameters
    ----------
    terms : sequence of Term
        Of the same shapes.
    dtype : dtype
        Of dense results.
    densify : bool
        Whether a sum may become dense; not where a product is to stay factored.
    """
    terms = [term for term in terms if not term.is_empty]
    if len(terms) < 2:
        return terms
    terms, patterns = _collected(terms)
    if len(terms) < 2:
        return [term for term in terms if term.scale != 0]
    dense = _dense_form(patterns) if patterns else None
    if isinstance(dense, _Dense):
        if densify and all([term.scale != 0 for term in terms]):
            return [dense.of(terms, dtype)]
    elif dense is False:
        return [term for term in terms if term.scale != 0]
    terms = [term for term in terms if not term.is_empty]
    merged: dict[Hashable, list[Term]] = {}
    for term in _refined(terms):
        group = merged.setdefault(_pattern(term), [])
        for n, other in enumerate(group):
            total = _add(other, term)
            if total is not None:
                group[n] = total
                break
        else:
            group.append(term)
    result = [term for group in merged.values() for term in group if not term.is_empty]
    return _densified(result, dtype) if densify else result


def _collected(terms: list[Term]) -> tuple[list[Term], tuple[Pattern, ...]]:
    """The terms, those of one pattern that differ in at most one factor as one: the usual case, where sums get long.

    With them their patterns, all different; none where a term has no pattern or several factors.
    """
    groups: dict[object, list[Term]] = {}
    simple = True
    for term in terms:
        pattern: object = term._pattern or pattern_of(term)
        if pattern is None:
            simple, pattern = False, object()
        elif len(pattern.groups) > 1:  # type: ignore[union-attr]
            simple = False
        if pattern in groups:
            groups[pattern].append(term)
        else:
            groups[pattern] = [term]
    patterns: Any = tuple(groups) if simple else ()
    if len(groups) == len(terms):
        return terms, patterns
    collected: list[Term] = []
    for group in groups.values():
        if len(group) == 1:
            collected += group
        elif len(group[0].arrays) < 2:
            collected.append(_total(group, group[0]._pattern))
        else:
            collected += _folded(group, group[0]._pattern)
    return collected, patterns


def _folded(terms: list[Term], pattern: Any) -> list[Term]:
    """The terms of a pattern with several factors, added where two differ in one factor alone."""
    result: list[Term] = []
    for term in terms:
        for n, other in enumerate(result):
            total = _sum_in_one(other, term, pattern)
            if total is not None:
                result[n] = total
                break
        else:
            result.append(term)
    return result


def _sum_in_one(a: Term, b: Term, pattern: Any) -> Term | None:
    """The sum of two terms of a pattern, by the distributive law, or None where they differ in more than one factor."""
    ours, theirs = [*a.arrays], b.arrays
    places = [n for n, array in enumerate(ours) if array is not theirs[n]]
    if not places:
        return pattern.term(ours, a.scale + b.scale)
    if len(places) > 1:
        return None
    (n,) = places
    scale, ours[n] = sum_of_arrays(a.scale, ours[n], b.scale, theirs[n], pattern.groups[n])
    return pattern.term(ours, scale)


class _Dense(NamedTuple):
    """How terms of some patterns, with at most one factor each, become one dense term."""

    vectors: tuple[Pattern, ...]
    shape: tuple[int, ...]
    result: Pattern

    def of(self, terms: Sequence[Term], dtype: np.dtype) -> Term:
        pairs = [(term, vector) for term, vector in zip(terms, self.vectors, strict=True)]
        if any([isinstance(array, Shadow) for term in terms for array in term.arrays]):
            pairs = [pair for pair in pairs if pair[0].factors]  # a term without numbers would make a true array
        summands = [vector.term(term.arrays, term.scale) for term, vector in pairs]
        array = to_dense(summands, self.shape, dtype)
        (sizes,) = self.result.sizes
        return self.result.term((array if array.shape == sizes else np.reshape(array, sizes),))


@lru_cache(maxsize=16384)
def _dense_form(patterns: tuple[Pattern, ...]) -> _Dense | bool | None:
    """How terms of these patterns, with at most one factor each, become dense; False where each stays as it is.

    None where that is not all: some can be split alike, and then perhaps added.
    """
    terms = [pattern.term([Shadow(shape, FLOAT, Ledger()) for shape in pattern.sizes]) for pattern in patterns]
    if len({_splits(term) for term in terms}) > 1 or len({_placement_of(pattern) for pattern in patterns}) < len(terms):
        return None
    if not _is_better_dense(terms):
        return False
    axes, rank, pairs = _dense_axes(terms), len(terms[0].out), _common_deltas(terms)
    columns = {second for _, second in pairs}
    vectors = [pattern_of(_without_deltas(term, pairs, columns)) for term in terms]
    kept = tuple([axis for n, axis in enumerate(axes) if n not in columns])
    known = tuple([vector for vector in vectors if vector is not None])
    if len(known) < len(vectors):
        return None
    return _Dense(known, tuple([size_of(axis) for axis in kept]), patterned(axes[:rank], axes[rank:], [flatten(kept)]))


def _total(terms: list[Term], pattern: Any) -> Term:
    """The sum of terms of one pattern with at most one factor."""
    if not pattern.groups:
        return pattern.term((), sum([term.scale for term in terms]))
    (labels,) = pattern.groups
    scale, array = terms[0].scale, terms[0].arrays[0]
    for term in terms[1:]:
        scale, array = sum_of_arrays(scale, array, term.scale, term.arrays[0], labels)
    return pattern.term((array,), scale)


def _refined(terms: list[Term]) -> list[Term]:
    """The terms with axes split alike, where their splits have a common refinement."""
    splits = {_splits(term) for term in terms}
    if len(splits) < 2:
        return terms
    target = [_common_split([split[n] for split in splits]) for n in range(len(terms[0].out + terms[0].inp))]
    return [_resplit(term, target) for term in terms]


def _splits(term: Term) -> tuple[tuple[int, ...], ...]:
    """The sizes of the labels of each axis."""
    return tuple([tuple([label.size for label in axis]) for axis in term.out + term.inp])


def _resplit(term: Term, target: list[tuple[int, ...] | None]) -> Term:
    """The term with its axes split into labels of the target sizes (an axis without target stays)."""
    axes = [(axis, split) for axis, split in zip(term.out + term.inp, target, strict=True) if split is not None]
    parts = tuple([tuple([Label(size) for size in split]) for _, split in axes])
    substitution = unify(tuple([axis for axis, _ in axes]), parts).substitution
    return term.relabel({label: group for label, group in substitution.items() if label in term.labels})


def _common_split(splits: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The coarsest row-major split that refines all of them, if there is one."""
    breaks = sorted({prod(split[n:]) for split in splits for n in range(len(split))} | {1})
    if any(high % low for low, high in pairwise(breaks)):
        return None
    return tuple([high // low for low, high in pairwise(breaks)][::-1])


def _numbered(term: Term) -> dict[Label, int]:
    """Label numbers in an order that terms of one pattern share."""
    number = {label: n for n, label in enumerate(term.free)}
    for relation in term.maps:
        for label in relation.labels:
            number.setdefault(label, len(number))
    return number


def _pattern(term: Term) -> Hashable:
    """What two terms must have in common to be added: deltas, splits, and maps."""
    known = pattern_of(term)
    return _placement(term) if known is None else _placement_of(known)


@lru_cache(maxsize=16384)
def _placement_of(pattern: Pattern) -> Hashable:
    return _placement(Term(pattern.out, pattern.inp, maps=pattern.maps, bound=pattern.bound))


def _placement(term: Term) -> Hashable:
    number = _numbered(term)
    axes = tuple([tuple([(number[label], label.size) for label in axis]) for axis in term.out + term.inp])
    maps = [
        (
            tuple([(number[label], label.size) for label in relation.dst]),
            tuple([(number[label], label.size) for label in relation.src]),
            relation.fingerprint,
        )
        for relation in term.maps
    ]
    return axes, tuple(maps)


def _add(a: Term, b: Term) -> Term | None:
    """The sum of two terms of one pattern as one term, or None where that would be larger than both."""
    ours, theirs = _numbered(a), _numbered(b)
    names = {n: label for label, n in ours.items()}
    # A label that is bound in b may be free in a: both come from one outer term.
    taken = fresh(label for label in b.labels if label not in theirs and label in ours)
    b = b.relabel(taken | {label: (names[n],) for label, n in theirs.items() if names[n] is not label})
    shared, rest_a, rest_b = _split_shared(a, b)
    if any(isinstance(factor, OperatorFactor) for factor in (*rest_a, *rest_b)):
        return None
    known = set(ours).union(*(factor.labels for factor in shared))
    if not known.issuperset(a.bound) or not known.issuperset(b.bound):
        return None
    if not rest_a and not rest_b:
        return a.replace(scale=a.scale + b.scale)
    carried = {label for factor in (*rest_a, *rest_b) for label in factor.labels}
    if not carried <= known or size_of(carried) > _held(rest_a) + _held(rest_b):
        return None
    left, right = _product(rest_a), _product(rest_b)
    scale, total = weighted_sum(a.scale, left, b.scale, right)
    return Term(a.out, a.inp, (*shared, total), a.maps, a.bound, scale)


def _split_shared(a: Term, b: Term) -> tuple[tuple, list, list]:
    """Factors with the same array and the same labels, and what is left of each term."""
    shared, rest_a, rest_b = [], [], list(b.factors)
    for factor in a.factors:
        twin = next((other for other in rest_b if _same(factor, other)), None)
        if twin is None:
            rest_a.append(factor)
        else:
            shared.append(factor)
            rest_b.remove(twin)
    return tuple(shared), rest_a, rest_b


def _same(a: Factor | OperatorFactor, b: Factor | OperatorFactor) -> bool:
    if isinstance(a, Factor) and isinstance(b, Factor):
        return a.array is b.array and a.labels == b.labels
    if isinstance(a, OperatorFactor) and isinstance(b, OperatorFactor):
        return a.operation is b.operation and a.left == b.left and a.right == b.right
    return False


def _held(factors: list[Factor]) -> int:
    """Numbers in these factors, at least one."""
    return max(1, sum(size_of(factor.labels) for factor in factors))


def _product(factors: list[Factor]) -> Factor:
    """The product of factors as one factor; a one without labels for none."""
    if not factors:
        return Factor(np.ones(()), ())
    return contract_factors(factors, [label for factor in factors for label in factor.labels])


def _densified(terms: list[Term], dtype: np.dtype) -> list[Term]:
    """One dense term in place of many that hold more numbers; deltas that all of them have are kept."""
    if not _is_better_dense(terms):
        return terms
    pairs = _common_deltas(terms)
    columns = {second for _, second in pairs}
    rank, names = len(terms[0].out), _dense_axes(terms)
    as_vector = [_without_deltas(term, pairs, columns) for term in terms]
    if any([isinstance(factor.array, Shadow) for term in terms for factor in term.factors]):  # type: ignore[union-attr]
        as_vector = [term for term in as_vector if term.factors]  # a term without numbers would make a true array
    kept = [axis for n, axis in enumerate(names) if n not in columns]
    array = to_dense(as_vector, tuple([size_of(axis) for axis in kept]), dtype)
    factor = Factor.on(array, tuple(kept))
    return [Term(names[:rank], names[rank:], (factor,))]


def _dense_axes(terms: list[Term]) -> Axes:
    """Fresh axes of a sum of terms, deltas that all of them have kept."""
    axes = [tuple([Label(label.size, label.name) for label in axis]) for axis in terms[0].out + terms[0].inp]
    for first, second in _common_deltas(terms):
        axes[second] = axes[first]
    return tuple(axes)


def _is_better_dense(terms: list[Term]) -> bool:
    """Whether terms hold at least as many numbers as their sum, deltas that all of them have kept."""
    if len(terms) < 2 or any([isinstance(factor, OperatorFactor) for term in terms for factor in term.factors]):
        return False
    columns = {second for _, second in _common_deltas(terms)}
    size = prod([n for axis, n in enumerate(terms[0].out_shape + terms[0].in_shape) if axis not in columns])
    return sum([_entries(term) for term in terms]) >= size


def _entries(term: Term) -> int:
    """Numbers that a term holds once reduced: its factors, and one for each place that a bare map or delta fills."""
    return max(1, sum(size_of(factor.labels) for factor in term.factors))


def _common_deltas(terms: list[Term]) -> list[tuple[int, int]]:
    """The pairs (axis of out, axis of inp) that are one label in every term, and occur nowhere else."""
    rank = len(terms[0].out)
    result = []
    for first in range(rank):
        for second in range(rank, rank + len(terms[0].inp)):
            if all(_is_delta(term, first, second) for term in terms):
                result.append((first, second))
    return result


def _is_delta(term: Term, first: int, second: int) -> bool:
    axes = term.out + term.inp
    a, b = axes[first], axes[second]
    placed = {label for relation in term.maps for label in relation.labels}
    return len(a) == 1 and a == b and flatten(axes).count(a[0]) == 2 and a[0] not in placed


def _without_deltas(term: Term, pairs: list[tuple[int, int]], columns: set[int]) -> Term:
    """The term as a covector over all axes but the second ones of `pairs`."""
    axes = term.out + term.inp
    return term.replace(out=tuple([axis for n, axis in enumerate(axes) if n not in columns]), inp=())
