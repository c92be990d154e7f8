"""Add terms where paths meet.

Terms of one pattern (the same indices, deltas and maps) are added into one where that does not make them larger;
factors that both terms share are pulled out first, by the distributive law. A sum that holds more numbers than its
dense form, common deltas kept, is replaced by it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from ..labels import Label, unify
from ..terms import Pattern, Term, pattern_of
from .addition import add, adder, placement
from .densifying import Dense, dense_form, densified, split_of
from .owning import NOTHING_SPARE
from .sums import sum_of_arrays
from .tally import FEW, Tallied, Tally, key_of

__all__ = ["merge"]


def merge(
    terms: Sequence[Term], dtype: np.dtype, *, densify: bool = True, spare: frozenset[int] = NOTHING_SPARE
) -> list[Term]:
    """Fewer terms with the same sum.

    Parameters
    ----------
    terms : sequence of Term
        Of the same shapes.
    dtype : dtype
        Of dense results.
    densify : bool
        Whether a sum may become dense; not where a product is to stay factored.
    spare : frozenset of int
        The ids of arrays that may be written into.
    """
    first = terms[0]._pattern if terms else None
    same = first is not None and len(first.groups) < 2
    for term in terms:
        pattern = term._pattern
        if pattern is None or term.scale == 0 or pattern.is_empty:
            terms, same = [term for term in terms if not term.is_empty], False
            break
        if pattern is not first:
            same = False
    if len(terms) < 2:
        return [*terms]
    if same:
        total = _total(terms, first, spare)
        return [total] if total.scale != 0 else []
    if spare or not densify or len(terms) > FEW or not all([term._pattern for term in terms]):
        return _sums(terms, dtype, densify, spare)
    key = key_of(terms)
    known = _known.get(key, _UNKNOWN)
    if known is _UNKNOWN:
        tally = Tally(terms)
        result = _sums(terms, dtype, densify, spare, tally)
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[key] = tally.found(result)
        return result
    found = known.of(terms, dtype) if known is not None else None
    return _sums(terms, dtype, densify, spare) if found is None else found


REMEMBERED = 16384
"""Sums that are kept."""

_known: dict[Hashable, Tallied | None] = {}
_UNKNOWN: Any = object()


def _sums(
    terms: Sequence[Term], dtype: np.dtype, densify: bool, spare: frozenset[int], tally: Tally | None = None
) -> list[Term]:
    """The same, worked out."""
    terms, patterns = _collected([*terms], spare, tally)
    if len(terms) < 2:
        return [term for term in terms if term.scale != 0]
    dense = dense_form(patterns) if patterns else None
    if isinstance(dense, Dense):
        if densify and all([term.scale != 0 for term in terms]):
            if tally is not None:
                tally.dense = dense, terms
            return [dense.of(terms, dtype)]
    elif dense is False:
        return [term for term in terms if term.scale != 0]
    elif dense is True and (len(terms) == 2 or not spare):
        total: Term | None = terms[0]
        for term in terms[1:]:
            total = None if total is None else _added(total, term, spare, tally)
        if total is not None:
            return [] if total.is_empty else [total]
    terms = [term for term in terms if not term.is_empty]
    merged: dict[Hashable, list[Term]] = {}
    for term in _refined(terms):
        group = merged.setdefault(placement(term), [])
        for n, other in enumerate(group):
            total = _added(other, term, spare, tally)
            if total is not None:
                group[n] = total
                break
        else:
            group.append(term)
    result = [term for group in merged.values() for term in group if not term.is_empty]
    return densified(result, dtype, tally) if densify else result


def _added(a: Term, b: Term, spare: frozenset[int], tally: Tally | None) -> Term | None:
    """The sum of two terms of one placement, if it is not larger than both."""
    total = add(a, b, spare)
    if total is not None and tally is not None:
        tally.note(a, b, total, adder(a, b))
    return total


def _collected(terms: list[Term], spare: frozenset[int], tally: Tally | None) -> tuple[list[Term], tuple[Pattern, ...]]:
    """The terms, those of one pattern that differ in at most one factor as one: the usual case, where sums get long.

    With them their patterns, all different; none where a term has no pattern or two of one pattern stay.
    """
    groups: dict[object, list[Term]] = {}
    known = True
    for term in terms:
        pattern: object = term._pattern or pattern_of(term)
        if pattern is None:
            known, pattern = False, object()
        if pattern in groups:
            groups[pattern].append(term)
        else:
            groups[pattern] = [term]
    patterns: Any = tuple(groups) if known else ()
    if len(groups) == len(terms):
        return terms, patterns
    collected: list[Term] = []
    for group in groups.values():
        if len(group) == 1:
            collected += group
        elif len(group[0].arrays) < 2:
            collected.append(_total(group, group[0]._pattern, spare, tally))
        else:
            collected += _folded(group, group[0]._pattern, spare, tally)
    return collected, patterns if len(collected) == len(groups) else ()


def _folded(terms: list[Term], pattern: Any, spare: frozenset[int], tally: Tally | None) -> list[Term]:
    """The terms of a pattern with several factors, added where two differ in one factor alone.

    Each is looked up by all of its arrays but one; where the sum of two has a new array, it is entered anew.
    """
    result: list[Term] = []
    known: dict[tuple[int, ...], int] = {}
    for term in terms:
        ids = [*map(id, term.arrays)]
        twins = [known.get((n, *ids[:n], *ids[n + 1 :]), -1) for n in range(len(ids))]
        for twin in sorted({*twins}):
            total = None if twin < 0 else _sum_in_one(result[twin], term, pattern, spare, tally)
            if total is not None:
                result[twin] = total
                ids = [*map(id, total.arrays)]
                break
        else:
            twin = len(result)
            result.append(term)
        for n in range(len(ids)):
            known[(n, *ids[:n], *ids[n + 1 :])] = twin
    return result


def _sum_in_one(a: Term, b: Term, pattern: Any, spare: frozenset[int], tally: Tally | None) -> Term | None:
    """The sum of two terms of a pattern, by the distributive law, or None where they differ in more than one factor."""
    theirs = b.arrays
    places = [n for n, array in enumerate(a.arrays) if array is not theirs[n]]
    if len(places) > 1:
        return None
    place = places[0] if places else None
    total = _sum_at(pattern, place, a, b, spare)
    if tally is not None:
        tally.note(a, b, total, partial(_sum_at, pattern, place))
    return total


def _sum_at(pattern: Any, place: int | None, a: Term, b: Term, spare: frozenset[int] = NOTHING_SPARE) -> Term:
    """The sum of two terms of a pattern which differ in the array at one place, or in none."""
    if place is None:
        return pattern.term(a.arrays, a.scale + b.scale)
    arrays = [*a.arrays]
    labels = pattern.groups[place]
    scale, arrays[place] = sum_of_arrays(a.scale, arrays[place], b.scale, b.arrays[place], labels, spare)
    return pattern.term(arrays, scale)


def _total(terms: Sequence[Term], pattern: Any, spare: frozenset[int], tally: Tally | None = None) -> Term:
    """The sum of terms of one pattern with at most one factor."""
    if tally is not None:
        total, place = terms[0], 0 if pattern.groups else None
        for term in terms[1:]:
            before, total = total, _sum_at(pattern, place, total, term)
            tally.note(before, term, total, partial(_sum_at, pattern, place))
        return total
    if not pattern.groups:
        return pattern.term((), sum([term.scale for term in terms]))
    (labels,) = pattern.groups
    scale, array = terms[0].scale, terms[0].arrays[0]
    for term in terms[1:]:
        scale, array = sum_of_arrays(scale, array, term.scale, term.arrays[0], labels, spare)
    return pattern.term((array,), scale)


def _refined(terms: list[Term]) -> list[Term]:
    """The terms with axes split alike, where their splits have a common refinement."""
    splits = {split_of(term) for term in terms}
    if len(splits) < 2:
        return terms
    target = [_common_split([split[n] for split in splits]) for n in range(len(terms[0].out + terms[0].inp))]
    return [_resplit(term, target) for term in terms]


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
