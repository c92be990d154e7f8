"""A vector that meets a list of positions, or an operator: one step, which needs no plan.

Such terms have no pattern, so no recipe is kept for them. Most of them are met by a cotangent, or by a tangent: there
only one thing can be done.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..contract import gather, scatter_factor
from ..labels import Axes, Axis, axes_of, flatten, shape_of, size_of
from ..terms import Factor, Lattice, Map, OperatorFactor, Pattern, Term, factor_of, patterned

__all__ = ["met"]

FEW = 1024
"""Ones that are written out sooner than they are followed by their labels."""

LITTLE = 256
"""Entries of an array of which even a small part is put into its place at once."""


def met(outer: Term, inner: Term, dtype: np.dtype | None = None) -> Term | None:
    """The joined term of a whole covector and a term of one part, or of such a term and a whole vector; else None.

    Where a dtype is given, a small covector may be one of ones that holds no array.
    """
    left, right = outer._pattern, inner._pattern
    if left is not None and (_is_covector(left) or (dtype is not None and _is_of_ones(left))):
        whole = outer.arrays[0] if left.groups else np.ones(shape_of(left.inp), dtype)
        array = _through(inner, whole, transposed=True)
        return None if array is None else _vector(_row(left.out, inner.in_shape), array, outer.scale * inner.scale)
    if right is not None and _is_covector(right.turned):
        array = _through(outer, inner.arrays[0], transposed=False)
        column = _row(right.inp, outer.out_shape).turned
        return None if array is None else _vector(column, array, outer.scale * inner.scale)
    return None


def _vector(pattern: Pattern, array: Any, scale: float) -> Term:
    (sizes,) = pattern.sizes
    return pattern.term((array if array.shape == sizes else np.reshape(array, sizes),), scale)


@lru_cache(maxsize=4096)
def _is_covector(pattern: Pattern) -> bool:
    """Whether terms of a pattern are an array over all indices of `inp`, in order, and no more."""
    whole = pattern.groups == (flatten(pattern.inp),) and not flatten(pattern.out)
    return whole and bool(pattern.inp) and not (pattern.maps or pattern.bound or pattern.is_empty)


@lru_cache(maxsize=4096)
def _is_of_ones(pattern: Pattern) -> bool:
    """The same where that array would hold a few ones."""
    labels = flatten(pattern.inp)
    whole = len({*labels}) == len(labels) and not flatten(pattern.out)  # each index once: not in a trace
    few = not pattern.is_empty and size_of(labels) <= FEW
    return whole and few and bool(pattern.inp) and not (pattern.groups or pattern.maps or pattern.bound)


@lru_cache(maxsize=4096)
def _row(out: Axes, shape: tuple[int, ...]) -> Pattern:
    """The pattern of such terms, of which `out` has no labels."""
    inp = axes_of(shape)
    return patterned(out, inp, [flatten(inp)])


def _through(term: Term, array: Any, transposed: bool) -> Any:
    """What becomes of an array over `inp`, or over `out` where transposed; None where that takes more than one step."""
    if type(array) is not np.ndarray or term.bound or len(term.factors) + len(term.maps) != 1 or term.scale == 0:
        return None
    (part,) = term.factors or term.maps
    if isinstance(part, OperatorFactor):
        source, target = part.right, part.left
    elif isinstance(part, Map) and isinstance(part.index, (np.ndarray, Lattice)):
        source, target = part.dst, part.src
    else:
        return None
    given, wanted = flatten(term.inp), flatten(term.out)
    if transposed:
        source, target, given, wanted = target, source, wanted, given
    if not _replaces(source, target, given, wanted):
        return None
    met_factor = factor_of(np.reshape(array, [label.size for label in given]), given)
    if not isinstance(part, Map):
        found: Factor = part.apply(met_factor, transposed=transposed)
    elif not transposed:
        found = gather(met_factor, part)
    elif size_of(target) <= max(size_of(source), LITTLE):  # a small part of a large array stays one
        found = scatter_factor(met_factor, part)
    else:
        return None
    return found.array if found.labels == wanted else found.spread(wanted)


def _replaces(source: Axis, target: Axis, given: Axis, wanted: Axis) -> bool:
    """Whether labels of a vector are replaced by others, and no more."""
    rest = [label for label in given if label not in source]
    if not source or not target or len(rest) + len(source) < len(given) or 0 in [x.size for x in (*given, *wanted)]:
        return False
    kept = [label for label in wanted if label not in target]
    distinct = all([len({*group}) == len(group) for group in (source, target, given, wanted)])
    return distinct and {*rest} == {*kept} and len(kept) + len(target) == len(wanted) and {*source}.isdisjoint(wanted)
