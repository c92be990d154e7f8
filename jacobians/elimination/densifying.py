"""Sums as one dense term, where that holds fewer numbers; deltas that all terms have are kept.

- `dense_form(patterns)`: whether terms of these patterns become dense, and how, by labels alone.
- `densified(terms, dtype)`: a sum, or its dense form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..contract import to_dense
from ..labels import Axes, Label, flatten, size_of
from ..terms import Factor, OperatorFactor, Pattern, Term, pattern_of, patterned
from .addition import placement_of
from .shadows import Ledger, Shadow, is_shadow
from .tally import Tally

__all__ = ["Dense", "dense_form", "densified", "split_of"]

FLOAT = np.dtype(float)
_PATIENCE = 8  # times the entries of a matrix that terms with operators may hold: a matrix is much dearer to multiply


class Dense(NamedTuple):
    """How terms of some patterns become one dense term."""

    vectors: tuple[Pattern, ...]
    shape: tuple[int, ...]
    result: Pattern

    def of(self, terms: Sequence[Term], dtype: np.dtype) -> Term:
        summands = [vector.term(t.arrays, t.scale) for t, vector in zip(terms, self.vectors, strict=True)]
        shadows = any([isinstance(array, Shadow) for term in terms for array in term.arrays])
        array = _added_up(summands, shadows, self.shape, dtype)
        (sizes,) = self.result.sizes
        return self.result.term((array if array.shape == sizes else np.reshape(array, sizes),))


@lru_cache(maxsize=16384)
def dense_form(patterns: tuple[Pattern, ...]) -> Dense | bool | None:
    """How terms of these patterns become dense; False where each stays as it is, True where all have one placement.

    None where that is not all: some can be split alike, and then perhaps added.
    """
    placements, splits = {placement_of(p) for p in patterns}, {_splits_of(p.skeleton) for p in patterns}
    if len(splits) == len(placements) == 1:
        return True
    if len(splits) > 1 or len(placements) < len(patterns):
        return None
    firsts = {p.skeleton: p.skeleton.term([Shadow(shape, FLOAT, Ledger()) for shape in p.sizes]) for p in patterns}
    terms = [*firsts.values()]
    pairs = _common_deltas(terms)
    columns = {second for _, second in pairs}
    entries = {skeleton: _entries(term) for skeleton, term in firsts.items()}
    if sum([entries[pattern.skeleton] for pattern in patterns]) < _size(terms[0], columns):
        return False
    return _as_dense(patterns)


@lru_cache(maxsize=16384)
def _as_dense(patterns: tuple[Pattern, ...]) -> Dense | None:
    """How terms of these patterns become dense; None where one has no pattern without its deltas."""
    firsts = {p.skeleton: p.skeleton.term([Shadow(shape, FLOAT, Ledger()) for shape in p.sizes]) for p in patterns}
    terms = [*firsts.values()]
    pairs = _common_deltas(terms)
    columns = {second for _, second in pairs}
    vectors = {skeleton: pattern_of(_without_deltas(term, pairs, columns)) for skeleton, term in firsts.items()}
    found = [vectors[pattern.skeleton] for pattern in patterns]
    known = tuple([vector.at(p.starts) for vector, p in zip(found, patterns, strict=True) if vector is not None])
    if len(known) < len(patterns):
        return None
    axes, rank = _dense_axes(terms), len(terms[0].out)
    kept = tuple([axis for n, axis in enumerate(axes) if n not in columns])
    return Dense(known, tuple([size_of(axis) for axis in kept]), patterned(axes[:rank], axes[rank:], [flatten(kept)]))


def densified(terms: list[Term], dtype: np.dtype, tally: Tally | None = None) -> list[Term]:
    """One dense term in place of many that hold more numbers; deltas that all of them have are kept."""
    if not _is_better_dense(terms):
        return terms
    patterns: Any = tuple([term._pattern for term in terms])
    dense = None if None in patterns else _as_dense(patterns)
    if dense is not None:
        if tally is not None:
            tally.dense = dense, terms
        return [dense.of(terms, dtype)]
    pairs = _common_deltas(terms)
    columns = {second for _, second in pairs}
    rank, names = len(terms[0].out), _dense_axes(terms)
    as_vector = [_without_deltas(term, pairs, columns) for term in terms]
    shadows = any([is_shadow(factor) for term in terms for factor in term.factors])
    kept = [axis for n, axis in enumerate(names) if n not in columns]
    array = _added_up(as_vector, shadows, tuple([size_of(axis) for axis in kept]), dtype)
    factor = Factor.on(array, tuple(kept))
    return [Term(names[:rank], names[rank:], (factor,))]


def _added_up(terms: Sequence[Term], shadows: bool, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The dense sum; of shadows without the terms that have no numbers, which would make a true array."""
    left = [term for term in terms if term.factors] if shadows else terms
    array = to_dense(left, shape, dtype)
    # The sum is another array than the one that is left of it, with which others might cancel.
    return array.astype(dtype) if len(left) == 1 < len(terms) else array


def _dense_axes(terms: list[Term]) -> Axes:
    """Fresh axes of a sum of terms, deltas that all of them have kept."""
    axes = [tuple([Label(label.size, label.name) for label in axis]) for axis in terms[0].out + terms[0].inp]
    for first, second in _common_deltas(terms):
        axes[second] = axes[first]
    return tuple(axes)


def _is_better_dense(terms: list[Term]) -> bool:
    """Whether terms hold at least as many numbers as their sum, deltas that all of them have kept."""
    if len(terms) < 2:
        return False
    patterns = tuple([term._pattern for term in terms])
    return _holds_more(terms) if None in patterns else _patterns_hold_more(patterns)


@lru_cache(maxsize=16384)
def _patterns_hold_more(patterns: tuple[Pattern, ...]) -> bool:
    return _holds_more(
        [pattern.term([Shadow(shape, FLOAT, Ledger()) for shape in pattern.sizes]) for pattern in patterns]
    )


def _holds_more(terms: list[Term]) -> bool:
    columns = {second for _, second in _common_deltas(terms)}
    operated = [term for term in terms if any([isinstance(factor, OperatorFactor) for factor in term.factors])]
    held = sum([_entries(term) for term in operated or terms])
    return held >= (_PATIENCE if operated else 1) * _size(terms[0], columns)


def _size(term: Term, columns: set[int]) -> int:
    """Entries of the dense form of a term, without the second axes of deltas."""
    return prod([n for axis, n in enumerate(term.out_shape + term.in_shape) if axis not in columns])


def _entries(term: Term) -> int:
    """Numbers that a term holds once reduced: its factors, and one for each place that a bare map or delta fills.

    An operator holds none, but is applied to vectors: the sum of many is as dear as a matrix.
    """
    return max(1, sum([_held(factor) for factor in term.factors]))


def _held(factor: Factor | OperatorFactor) -> int:
    if isinstance(factor, OperatorFactor):
        return max(size_of(factor.left), size_of(factor.right))
    return size_of(factor.labels)


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


def split_of(term: Term) -> tuple[tuple[int, ...], ...]:
    """The sizes of the labels of each axis."""
    return _splits_of(term._pattern) if term._pattern is not None else _sizes(term)


@lru_cache(maxsize=16384)
def _splits_of(pattern: Pattern) -> tuple[tuple[int, ...], ...]:
    return _sizes(pattern)


def _sizes(term: Term | Pattern) -> tuple[tuple[int, ...], ...]:
    return tuple([tuple([label.size for label in axis]) for axis in term.out + term.inp])
