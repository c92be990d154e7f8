"""Terms of traced arrays as one dense array, which is one operation of the function that is traced.

`filled` puts each array where the pattern of its term tells, and adds what meets there. It dispatches like NumPy's own
functions. Slices, zeros and sums would be many operations, each to be eliminated again in the next derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import is_computed
from ..terms import Pattern, Term, pattern_of
from .places import at_places, place_of
from .reduction import reduce_term

__all__ = ["Filling", "filled", "filled_by"]


class Filling:
    """Where arrays go: the same object for the same places.

    Attributes
    ----------
    patterns : tuple of Pattern
        Of the term of each array, with one factor.
    signs : tuple of int
        1 or -1 for each.
    shape : tuple of int
    dtype : dtype
    """

    __slots__ = ("dtype", "patterns", "shape", "signs")

    def __init__(
        self, patterns: tuple[Pattern, ...], signs: tuple[int, ...], shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self.patterns, self.signs, self.shape, self.dtype = patterns, signs, shape, dtype


_filling = lru_cache(maxsize=8192)(Filling)


def filled(filling: Filling, *arrays: Any) -> Any:
    """The sum of arrays that are put at their places in an array of zeros."""
    for array in arrays:
        if not isinstance(array, (np.ndarray, np.generic)):
            return type(array).__array_function__(array, filled, (type(array),), (filling, *arrays), {})
    parts = zip(filling.patterns, arrays, filling.signs, strict=True)
    terms = [pattern.term((np.asarray(array),), sign) for pattern, array, sign in parts]
    return at_places(terms, filling.shape, filling.dtype)


def filled_by(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The sum of terms by `filled`; None where one has no place, or where an array has no numbers yet."""
    patterns: list[Pattern] = []
    signs: list[int] = []
    arrays: list[Any] = []
    constant: list[Term] = []
    for given in terms:
        pattern = None if given.act else given._pattern or pattern_of(given)
        if pattern is None or not all([is_computed(array) for array in given.arrays]):
            return None
        place, term = place_of(pattern.skeleton, shape), given
        if place is None or len(pattern.groups) > 1:
            term = reduce_term(given)
            pattern = pattern_of(term)
            place = None if pattern is None else place_of(pattern.skeleton, shape)
        if pattern is None or place is None or (place.fills and len(terms) == 1):
            return None
        if not pattern.groups:
            constant.append(term)
            continue
        (array,) = term.arrays
        sign = int(term.scale) if term.scale in (1, -1) else 1
        patterns.append(pattern)
        signs.append(sign)
        arrays.append(array if term.scale == sign else array * term.scale)
    if not arrays:
        return None
    total = filled(_filling(tuple(patterns), tuple(signs), shape, dtype), *arrays)
    rest = at_places(constant, shape, dtype) if constant else None
    return total if rest is None else np.add(total, rest)
