"""Who else holds an array: what nobody holds may be written into.

A cotangent that has been pulled through an edge is of no more use, so its product with the slope takes its place: no
fresh memory, which costs more than the product. It is proved by counting: the term is in one list, its arrays are in
the term alone, the array is in these alone, and the memory is the array's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..graph import LinearGraph
from ..late import LARGE, Late
from ..terms import PatternTerm, Term, patterned

__all__ = ["NOTHING_SPARE", "has_large", "is_alone", "made_terms", "room", "spare_arrays"]

NOTHING_SPARE: frozenset[int] = frozenset()


def _counts(terms: list[Term], n: int, place: int = 0) -> tuple[int, ...]:
    """References to a term of a list, to its arrays, and to one of these."""
    count = sys.getrefcount
    term = terms[n]
    arrays = term.arrays
    array = arrays[place]
    return count(term), count(arrays), count(array)


def _known() -> tuple[int, ...] | None:
    """The counts where nobody else holds anything; None where counting does not tell."""
    if sys.implementation.name != "cpython":
        return None
    terms = [patterned((), (), [()]).term([np.ones(1)])]
    alone = _counts(terms, 0)
    parts: list[Callable[[], Any]] = [lambda: terms[0], lambda: terms[0].arrays, lambda: terms[0].arrays[0]]
    for n, part in enumerate(parts):
        kept = part()
        if _counts(terms, 0) != (*alone[:n], alone[n] + 1, *alone[n + 1 :]):
            return None
        del kept
    return alone


_ALONE = _known()


def has_large(graph: LinearGraph, products: Iterable[Sequence[Term]] = ()) -> bool:
    """Whether a vertex is large, or what is pulled and pushed through the graph: else nothing waits, nor is reused."""
    for shape in {*graph.shapes}:
        if prod(shape) * 16 >= LARGE:
            return True
    for terms in products:
        for term in terms:
            if (term._pattern is None or term._pattern.groups) and term.nbytes >= LARGE:
                return True
    return False


def is_alone(terms: list[Term], n: int = 0) -> bool:
    """Whether the nth term of a list holds one large array, and nobody else holds any of these, nor a view of it.

    The caller has a name for the list, and none for what is in it.
    """
    return type(terms[n]) is PatternTerm and len(terms[n].arrays) == 1 and _is_spare(terms, n, 0)


def _is_spare(terms: list[Term], n: int, place: int) -> bool:
    """Whether an array of a term is large, and nobody else holds it."""
    if _ALONE is None:
        return False
    array = terms[n].arrays[place]
    if not _is_large(array):
        return False
    flags = array.flags
    whole = flags.owndata and flags.writeable and flags.c_contiguous
    del array, flags
    return whole and _counts(terms, n, place) == _ALONE


def _is_large(array: Any) -> bool:
    return type(array) is np.ndarray and array.nbytes >= LARGE


def spare_arrays(terms: list[Term]) -> frozenset[int]:
    """The ids of the arrays that may be written into once the terms of a list are done with."""
    if not any([_is_large(array) for term in terms if type(term) is PatternTerm for array in term.arrays]):
        return NOTHING_SPARE
    found = []
    for n in range(len(terms)):
        if type(terms[n]) is PatternTerm:
            for place in range(len(terms[n].arrays)):
                if _is_spare(terms, n, place):
                    found.append(id(terms[n].arrays[place]))
    return frozenset(found)


def made_terms(terms: list[Term]) -> list[Term]:
    """The terms with slopes that waited computed, in a list of their own; the list itself where none has waited."""
    for term in terms:
        if type(term) is PatternTerm:
            for array in term.arrays:
                if type(array) is Late:
                    return [_made(term) for term in terms]
    return terms


def _made(term: Term) -> Term:
    if term._pattern is None:
        return term
    arrays, scale = [], term.scale
    for array in term.arrays:
        if type(array) is Late:
            array, sign = array.parts()
            scale *= sign
        arrays.append(array)
    return term._pattern.term(arrays, scale)


def room(a: Any, b: Any, spare: frozenset[int]) -> np.ndarray | None:
    """Which of two arrays their sum or product may be written into."""
    if type(a) is not np.ndarray or type(b) is not np.ndarray or a.dtype != b.dtype:
        return None
    for one, other in ((a, b), (b, a)):
        if id(one) in spare and (one.shape == other.shape or np.broadcast_shapes(one.shape, other.shape) == one.shape):
            return one
    return None
