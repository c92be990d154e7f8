"""Reductions: functions that take some axes of an array together.

- `sum`, `mean`: labels and a scale, no numbers.
- `prod`: the product of all other entries, right at zeros.
- `max`, `min`: entries that tie share equally.
- `average`, `ptp` and the reductions that ignore nan are composed of these.

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
from ..registry import Call, LocalTerm, composed, factor_on, local
from ..terms import Factor, Term
from .computing import mean, total
from .structural import numbered, structural

__all__ = ["Axis", "Reduced", "beside", "extremum_terms"]

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
def _others(
    y: Any,
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = 1,
    where: Any = True,
) -> tuple[Any]:
    """For each entry the product of those that meet with it, those that are taken together along one axis in front."""
    x = a if where is True else np.where(where, a, 1)
    x = x if x.dtype == y.dtype else x.astype(y.dtype)
    if np.ndim(a) != 1:
        axes = Reduced(a, axis, keepdims)
        x = np.transpose(x, axes.reduced + axes.kept)
        x = np.reshape(x, (axes.size, *[axes.shape[n] for n in axes.kept]))
    others = _product_of_others(x)
    return (others if initial is None or (type(initial) is int and initial == 1) else others * initial,)


@local(np.prod)
@numbered({0: _others}, unless=lambda *args, where=True, **_: where is not True or len(args) > 5)
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
    group = flatten(tuple([axes.inp[n] for n in axes.reduced]))
    (others,) = _others(call.result, a, axis, initial=initial, where=where)
    factor = Factor.on(others, (group, *[axes.inp[n] for n in axes.kept]))
    yield 0, 0, Term(axes.out, axes.inp, (factor, *axes.masks(where, dtype)))
    if call.needs(5):  # initial
        x = np.transpose((a if where is True else np.where(where, a, 1)).astype(dtype), axes.reduced + axes.kept)
        x = np.reshape(x, (axes.size, *[axes.shape[n] for n in axes.kept]))
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
    if initial is None and where is True:
        yield 0, 0, Term(axes.out, axes.inp, (Factor.on(*_shares(call.result, a, axis), axes.inp),))
        return
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


def _shares(y: Any, a: Any, axis: Axis = None, *_: Any, **__: Any) -> tuple[Any]:
    """What each entry has of the largest or smallest one."""
    chosen = np.equal(a, beside(y, a, axis))
    return (np.divide(chosen, np.maximum(np.sum(chosen, axis=axis, keepdims=True), 1), dtype=y.dtype),)


def beside(y: Any, a: Any, axis: Axis) -> Any:
    """The result of a reduction, to be broadcast to the operand."""
    return y if axis is None or np.ndim(y) == np.ndim(a) else np.reshape(y, Reduced(a, axis, True).keepdims_shape)


def _is_special(
    a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> bool:
    return initial is not None or where is not True


for _function in (np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin):
    local(_function)(numbered({0: _shares}, unless=_is_special)(extremum_terms))


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


# fmt: off
composed(np.average,    _average)
composed(np.ptp,        _ptp)
composed(np.nansum,     _without_nan(np.sum, 0))
composed(np.nanprod,    _without_nan(np.prod, 1))
composed(np.nancumsum,  _without_nan(np.cumsum, 0))
composed(np.nancumprod, _without_nan(np.cumprod, 1))
composed(np.nanmean,    _masking_nan(np.mean))
# fmt: on
