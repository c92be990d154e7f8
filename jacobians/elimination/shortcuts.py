"""Recipes of one step on true ndarrays, as functions of the two terms: most terms of a program are joined so.

Each returns the joined term, or None where arrays are no true ndarrays. What they have in common with the recipe that
they stand for is worked out when it is made.

- `multiplied`: there are two arrays, which are multiplied as they are.
- `passing`: the arrays of the joined term are those of both.
- `called`: one call of an array, or of two.
- `sliced`: a part of an array, which begins where the maps of both terms tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..terms import Pattern, PatternTerm, Term

__all__ = ["Shortcut", "called", "multiplied", "passing", "sliced"]

Shortcut = Callable[[Term, Term], Term | None]

_ndarray = np.ndarray


def _made(pattern: Pattern, array: Any, scale: float, is_number: bool) -> Term:
    if is_number and scale != 1 and scale != -1:  # at once: else it would be multiplied in every sum
        array, scale = array * scale, 1.0
    if type(array) is not _ndarray:
        array = np.asarray(array)
    term = PatternTerm()  # type: ignore[call-arg]
    term._pattern, term.arrays, term.scale = pattern, (array,), scale
    return term


def multiplied(pattern: Pattern, factor: float, is_number: bool) -> Shortcut:
    def join(outer: Term, inner: Term) -> Term | None:
        a, b = *outer.arrays, *inner.arrays
        if type(a) is not _ndarray or type(b) is not _ndarray:
            return None
        return _made(pattern, a * b, outer.scale * inner.scale * factor, is_number)

    return join


def passing(pattern: Pattern, factor: float, is_number: bool) -> Shortcut:
    def join(outer: Term, inner: Term) -> Term | None:
        arrays = (*outer.arrays, *inner.arrays)
        scale = outer.scale * inner.scale * factor
        if not is_number:
            return pattern.term(arrays, scale)
        (array,) = arrays
        return _made(pattern, array, scale, True) if type(array) is _ndarray else None

    return join


def called(pattern: Pattern, factor: float, call: Callable[..., Any], count: int, is_number: bool) -> Shortcut:
    def of_one(outer: Term, inner: Term) -> Term | None:
        (array,) = outer.arrays or inner.arrays
        if type(array) is not _ndarray:
            return None
        return _made(pattern, call(array), outer.scale * inner.scale * factor, is_number)

    def of_two(outer: Term, inner: Term) -> Term | None:
        a, b = *outer.arrays, *inner.arrays
        if type(a) is not _ndarray or type(b) is not _ndarray:
            return None
        return _made(pattern, call(a, b), outer.scale * inner.scale * factor, is_number)

    return of_one if count == 1 else of_two


def sliced(
    pattern: Pattern, factor: float, call: Callable[..., Any], origin: int, origins: Sequence[int], is_number: bool
) -> Shortcut:
    def join(outer: Term, inner: Term) -> Term | None:
        (array,) = outer.arrays or inner.arrays
        if type(array) is not _ndarray:
            return None
        starts = outer._pattern.starts + inner._pattern.starts  # type: ignore[union-attr]
        made = pattern.at(tuple([starts[n] for n in origins])) if origins else pattern
        return _made(made, call(array, starts[origin]), outer.scale * inner.scale * factor, is_number)

    return join
