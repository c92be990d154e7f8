"""Reductions: functions that take some axes of an array together.

- `sum`, `mean`: labels and a scale, no numbers.
- `prod`: the product of all other entries, right at zeros.
- `max`, `min`: entries that tie share equally.
- `var`, `std`, `average`, `ptp` and the reductions that ignore nan are composed of these.

``axis``, ``keepdims``, ``where=`` and ``initial=`` are read once, by `Reduced`. A traced `initial` is an operand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..labels import Axes, axes_of, flatten, size_of
from ..program import Symbol
from ..registry import Call, LocalTerm, composed, factor_on, local
from ..terms import Factor, Term
from .computing import mean, total
from .conjugates import is_complex
from .structural import structural

__all__ = ["Reduced", "extremum_terms"]

Axis = int | tuple[int, ...] | None


class Reduced:
    """Which axes of an array are taken together, and the axes of operand and result."""

    def __init__(self, a: Any, axis: Axis, keepdims: bool) -> None:
        self.shape = np.shape(a)
        count = len(self.shape)
        # NumPy takes axis 0 of a 0-d array for no axis.
        reduced = normalize_axis_tuple(axis, count) if axis is not None and count else range(count)
        self.kept = tuple([n for n in range(count) if n not in reduced])
        self.reduced = tuple([n for n in range(count) if n in reduced])
        self.inp = axes_of(self.shape)
        kept_or_one = tuple([() if n in reduced else self.inp[n] for n in range(count)])
        self.out = kept_or_one if keepdims else tuple([self.inp[n] for n in self.kept])
        self.keepdims_shape = tuple([size_of(labels) for labels in kept_or_one])

    @property
    def size(self) -> int:
        """How many entries meet in one entry of the result."""
        return prod([self.shape[n] for n in self.reduced])

    def aligned(self, array: Any) -> Axes:
        """The axes of an array that broadcasts to the operand."""
        return self.inp[len(self.inp) - np.ndim(array) :]

    def masks(self, where: Any, dtype: np.dtype) -> tuple[Factor, ...]:
        return () if where is True else (factor_on(where, self.aligned(where), dtype),)


def _is_masked(a: Any, *_: Any, where: Any = True, **__: Any) -> bool:
    return where is not True


@local(np.sum, compute=total)
@partial(structural, unless=_is_masked)
def _sum(
    call: Call,
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = 0,
    where: Any = True,
) -> Iterator[LocalTerm]:
    axes = Reduced(a, axis, keepdims)
    yield 0, 0, Term(axes.out, axes.inp, axes.masks(where, call.result.dtype))
    if call.needs(5):  # initial
        yield 0, 5, Term(axes_of(np.shape(call.result)), ())


@local(np.mean, compute=mean)
@partial(structural, unless=_is_masked)
def _mean(
    call: Call,
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Iterator[LocalTerm]:
    axes = Reduced(a, axis, keepdims)
    if where is True:
        yield 0, 0, Term(axes.out, axes.inp, scale=1 / max(axes.size, 1))
    else:
        weights = np.divide(where, _count(where, axes), dtype=call.result.dtype)
        yield 0, 0, Term(axes.out, axes.inp, (factor_on(weights, axes.aligned(weights), call.result.dtype),))


def _count(where: Any, axes: Reduced) -> Any:
    """How many entries of each group a mask keeps, at least 1, broadcasting to the operand."""
    mask = np.broadcast_to(where, axes.shape)
    return np.maximum(np.sum(mask, axis=axes.reduced, keepdims=True), 1)


# y = prod x: dy/dx[i] = the product of all x[j], j != i. The quotient y / x[i] would be undefined at zeros.
@local(np.prod)
def _prod(
    call: Call,
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = 1,
    where: Any = True,
) -> Iterator[LocalTerm]:
    axes, dtype = Reduced(a, axis, keepdims), call.result.dtype
    x = a if where is True else np.where(where, a, 1)
    x = np.transpose(x.astype(dtype), axes.reduced + axes.kept)
    x = np.reshape(x, (axes.size, *[axes.shape[n] for n in axes.kept]))
    others = _product_of_others(x) if initial is None else _product_of_others(x) * initial
    group = flatten(tuple([axes.inp[n] for n in axes.reduced]))
    factor = Factor.on(others, (group, *[axes.inp[n] for n in axes.kept]))
    yield 0, 0, Term(axes.out, axes.inp, (factor, *axes.masks(where, dtype)))
    if call.needs(5):  # initial
        product = np.reshape(np.prod(x, axis=0), axes.keepdims_shape)
        yield 0, 5, Term(axes.out, (), (Factor.on(np.reshape(product, np.shape(call.result)), axes.out),))


def _product_of_others(x: Any) -> Any:
    """Along axis 0, the product of all entries but one, by multiplying pairs, pairs of pairs and so on."""
    size = x.shape[0]
    if size < 2:
        return np.ones_like(x)
    half = size // 2
    left, right = x[:half], x[half : 2 * half]
    if size == 2:
        return np.concatenate([right, left])
    others = _product_of_others(np.concatenate([left * right, x[2 * half :]]))
    return np.concatenate([others[:half] * right, others[:half] * left, others[half:]])


def extremum_terms(
    call: Call,
    a: Any,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Iterator[LocalTerm]:
    """The entries that equal the result share equally, with `initial`, where that ties, too."""
    axes, dtype = Reduced(a, axis, keepdims), call.result.dtype
    y = np.reshape(call.result, axes.keepdims_shape)
    chosen = np.logical_and(np.equal(a, y), where)
    count = np.sum(chosen, axis=axes.reduced, keepdims=True)
    if initial is not None:
        ties = np.equal(initial, y)
        count = count + ties
        if call.needs(4):
            share = np.reshape(np.divide(ties, np.maximum(count, 1), dtype=dtype), np.shape(call.result))
            yield 0, 4, Term(axes.out, (), (Factor.on(share, axes.out),))
    share = np.divide(chosen, np.maximum(count, 1), dtype=dtype)
    yield 0, 0, Term(axes.out, axes.inp, (Factor.on(share, axes.inp),))


for _function in (np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin):
    local(_function)(extremum_terms)


def _var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    a = a if hasattr(a, "dtype") else np.asarray(a)
    if mean is None:
        mean = np.mean(a, axis, dtype=dtype, keepdims=True, where=where)
    elif dtype is None and a.dtype.kind in "iub":
        dtype = np.float64
    deviation = a - mean
    square = np.real(deviation * np.conjugate(deviation)) if is_complex(deviation) else np.square(deviation)
    if where is True:
        freedom = max(Reduced(a, axis, keepdims).size - (ddof if correction is None else correction), 0)
    else:
        count = np.sum(np.broadcast_to(where, np.shape(a)), axis, square.dtype, keepdims=keepdims)
        freedom = np.maximum(count - (ddof if correction is None else correction), 0)
    total = np.sum(square, axis, dtype, keepdims=keepdims, where=where)
    y = np.divide(total, freedom)
    return y if y.dtype == total.dtype else np.astype(y, total.dtype)


def _std(*args: Any, **kwargs: Any) -> Any:
    return _root(np.var(*args, **kwargs))


def _root(variance: Any) -> Any:
    """A norm, whose slope where all entries are equal is 0, like that of `np.linalg.norm` at 0."""
    if variance.dtype.kind in "iu":
        return np.sqrt(variance).astype(variance.dtype)
    equal = np.equal(variance, 0)
    if not isinstance(equal, Symbol) and not np.any(equal):
        return np.sqrt(variance)
    return np.where(equal, 0, np.sqrt(np.where(equal, 1, variance)))


def _average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    if weights is None:
        mean = np.mean(a, axis, keepdims=keepdims)
        return (mean, np.full(np.shape(mean), np.size(a) / max(np.size(mean), 1), mean.dtype)) if returned else mean
    if not hasattr(weights, "dtype"):
        weights = np.asarray(weights)
    if np.shape(weights) != np.shape(a):
        weights = _along(weights, np.ndim(a), axis)
    total = np.sum(np.broadcast_to(weights, np.shape(a)), axis, np.result_type(a, weights), keepdims=keepdims)
    mean = np.sum(a * weights, axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


def _along(weights: Any, ndim: int, axis: Axis) -> Any:
    """Weights of some axes, in the order of `axis`, as an array that broadcasts to all axes."""
    axes = normalize_axis_tuple(range(ndim) if axis is None else axis, ndim)
    if len(axes) != np.ndim(weights):
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    sizes = dict(zip(axes, np.shape(weights), strict=True))
    return np.reshape(np.transpose(weights, np.argsort(axes)), tuple([sizes.get(n, 1) for n in range(ndim)]))


def _ptp(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


def _without_nan(function: Callable[..., Any], neutral: int) -> Callable[..., Any]:
    """The definition of a function that ignores nan by putting a neutral number in its place."""

    def definition(a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(np.where(np.isnan(a), neutral, a), *args, **kwargs)

    return definition


def _masking_nan(function: Callable[..., Any]) -> Callable[..., Any]:
    """The definition of a function that ignores nan by leaving it out of the count."""

    def definition(a: Any, *args: Any, where: Any = True, **kwargs: Any) -> Any:
        missing = np.isnan(a)
        return function(np.where(missing, 0, a), *args, where=np.logical_and(~missing, where), **kwargs)

    return definition


def _nan_var(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, **kwargs: Any) -> Any:
    """A variance without the nan entries: nan, not infinite, where no degree of freedom is left."""
    missing = np.isnan(a)
    there = np.logical_and(~missing, kwargs.pop("where", True))
    y = np.var(np.where(missing, 0, a), axis, dtype, ddof=ddof, where=there, **kwargs)
    count = np.sum(there, axis, keepdims=kwargs.get("keepdims", False))
    correction = kwargs.get("correction")
    few = count <= (ddof if correction is None else correction)
    return y if not isinstance(few, Symbol) and not np.any(few) else np.where(few, np.nan, y)


def _nan_std(*args: Any, **kwargs: Any) -> Any:
    return _root(np.nanvar(*args, **kwargs))


# fmt: off
composed(np.var,        _var)
composed(np.std,        _std)
composed(np.average,    _average)
composed(np.ptp,        _ptp)
composed(np.nansum,     _without_nan(np.sum, 0))
composed(np.nanprod,    _without_nan(np.prod, 1))
composed(np.nancumsum,  _without_nan(np.cumsum, 0))
composed(np.nancumprod, _without_nan(np.cumprod, 1))
composed(np.nanmean,    _masking_nan(np.mean))
composed(np.nanvar,     _nan_var)
composed(np.nanstd,     _nan_std)
# fmt: on
