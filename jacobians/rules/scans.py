"""Scans and differences: functions that run along an axis.

- `cumsum` is an operator that is never written out, `cumprod` is ``y / x`` around it.
- `diff` is a sum of slices; `ediff1d`, `gradient`, `trapezoid` are composed of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..arrays import is_computed
from ..labels import Axes, Axis, Label, axes_of, flatten, size_of
from ..program import Symbol
from ..registry import Call, LocalTerm, composed, local
from ..steps import Steps, fixed_steps
from ..terms import Factor, OperatorFactor, Term, WithoutArrays
from .indexing import indexing_term
from .structural import structural

__all__ = ["RunningSum"]


_LONG = 256

_FEW = 4
"""Differences of differences from which on they are taken one after the other."""


class RunningSum(WithoutArrays):
    """The lower triangle of ones: ``apply`` is `cumsum` along axis 0."""

    nbytes = 0

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype

    def apply(self, array: Any) -> Any:
        """Sums from the first entry up to each."""
        return np.cumsum(array, axis=0)

    def apply_transposed(self, array: Any) -> Any:
        """Sums from each entry up to the last."""
        return np.cumsum(array[::-1], axis=0)[::-1]


class _Scan(NamedTuple):
    """The axes of a scan: it runs from the group `source` to the group `target`, all other labels are shared."""

    out: Axes
    inp: Axes
    target: Axis
    source: Axis

    @classmethod
    def along(cls, a: Any, axis: int | None) -> _Scan:
        inp = axes_of(np.shape(a))
        if axis is None or not inp:
            source = flatten(inp)
            target = (Label(np.size(a)),) if source else ()
            return cls((target,), inp, target, source)
        source = inp[normalize_axis_index(axis, len(inp))]
        target = tuple([Label(label.size) for label in source])
        return cls(tuple([target if labels is source else labels for labels in inp]), inp, target, source)

    def running_sum(self, dtype: np.dtype) -> tuple[OperatorFactor, ...]:
        return (OperatorFactor(RunningSum(dtype), self.target, self.source, "cumsum"),) if self.source else ()


def _cumsum_steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
    return fixed_steps(_cumsum(call, *args, **kwargs), call.needed)


@local(np.cumsum, steps=_cumsum_steps)
def _cumsum(call: Call, a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Iterator[LocalTerm]:
    scan = _Scan.along(a, axis)
    yield 0, 0, Term(scan.out, scan.inp, scan.running_sum(call.result.dtype))


# y[k] = x[0] ... x[k]: dy[k] = y[k] sum over i <= k of dx[i] / x[i], where no x is zero.
@local(np.cumprod)
def _cumprod(call: Call, a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Iterator[LocalTerm]:
    scan, y = _Scan.along(a, axis), call.result
    some_zero = np.any(np.equal(a, 0))
    unknown = isinstance(some_zero, Symbol)  # only a replay knows
    # In a derivative of a compiled derivative zeros are reckoned with, unless that takes too much: then they give nan.
    if not (unknown or some_zero) or (unknown and not _is_final(a) and size_of(scan.source) > _LONG):
        factors = (Factor.on(y, scan.out), *scan.running_sum(y.dtype), Factor.on(1 / a.astype(y.dtype), scan.inp))
    elif _is_final(a):
        yield from [(0, 0, Term(scan.out, scan.inp, factors)) for factors in _with_zeros(scan, a, y, axis)]
        return
    else:
        position = 0 if axis is None or not np.ndim(a) else normalize_axis_index(axis, np.ndim(a))
        x = np.reshape(a, np.shape(y)).astype(y.dtype)
        products = _products_of_others(np.moveaxis(x, position, 0), np.moveaxis(y, position, 0))
        rest = scan.out[:position] + scan.out[position + 1 :]
        factors = (Factor.on(products, (scan.source, scan.target, *rest)),)
    yield 0, 0, Term(scan.out, scan.inp, factors)


def _is_final(a: Any) -> bool:
    """Whether a value is not differentiated again: counts of zeros have no derivative where a zero is left."""
    return isinstance(a, (Symbol, np.ndarray, np.generic))


# With z[k] zeros among x[0], ..., x[k], and p[k] the product of those that are not: dy[k] is p[k] sum of dx[i] / x[i]
# where z[k] = 0, p[k] sum of dx[i] over the only zero where z[k] = 1, and 0 p[k] sum of dx[i] where there are more.
def _with_zeros(scan: _Scan, a: Any, y: Any, axis: int | None) -> Iterator[tuple[Any, ...]]:
    x = a.astype(y.dtype)
    zero = np.equal(x, 0)
    rest = np.where(zero, 1, x)
    axis = axis if np.ndim(a) else None
    zeros = np.reshape(np.cumsum(zero, axis), np.shape(y))
    products = np.reshape(np.cumprod(rest, axis), np.shape(y))
    total = scan.running_sum(y.dtype)
    yield Factor.on(np.where(np.equal(zeros, 0), products, 0), scan.out), *total, Factor.on(1 / rest, scan.inp)
    only = np.where(np.equal(zeros, 0), 0, products * np.equal(zeros, 1))
    yield Factor.on(only, scan.out), *total, Factor.on(zero.astype(y.dtype), scan.inp)


def _products_of_others(x: Any, y: Any) -> Any:
    """At [i, k], the product of all ``x[j]`` with ``j <= k`` but ``x[i]``, and 0 for ``k < i``."""
    size, rest = x.shape[0], x.shape[1:]
    i, j = np.arange(size).reshape(-1, 1, *[1] * len(rest)), np.arange(size).reshape(-1, *[1] * len(rest))
    before = np.concatenate([np.ones_like(x[:1]), y[:-1]])
    between = np.cumprod(np.where(j > i, x, 1), axis=1)
    return np.where(j >= i, np.reshape(before, (size, 1, *rest)) * between, 0)


def _cumulative(scan: Any, neutral: int) -> Any:
    """The definition of the array standard's spelling of a scan."""

    def definition(
        x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
    ) -> Any:
        if axis is None and np.ndim(x) > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = 0 if axis is None else axis
        y = scan(np.atleast_1d(x), axis, dtype)
        if not include_initial:
            return y
        shape = list(np.shape(y))
        shape[axis] = 1
        return np.concatenate([np.full(shape, neutral, y.dtype), y], axis)

    return definition


def _part(a: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return a[(slice(None),) * normalize_axis_index(axis, np.ndim(a)) + (slice(start, stop),)]


_NO_VALUE: Any = vars(np)["_NoValue"]


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    # NumPy's own default, which wrappers hand on
    prepend, append = [None if values is _NO_VALUE else values for values in (prepend, append)]
    if n and (prepend is not None or append is not None):
        a = np.concatenate([_slab(prepend, a, axis), a, _slab(append, a, axis)], axis)
    for _ in range(n):
        a = _part(a, axis, 1, None) - _part(a, axis, None, -1)
    return a


def _is_composed(a: Any, n: int = 1, axis: int = -1, *ends: Any, **more: Any) -> bool:
    """Whether there is more to it than a few differences of an array, or less."""
    if ends or more or type(n) is not int or type(axis) is not int or not is_computed(a) or a.dtype.kind != "f":
        return True
    return not (-a.ndim <= axis < a.ndim and 0 < n < min(a.shape[axis], _FEW))


def _composed(*args: Any, **how: Any) -> Any:
    return _diff(*args, **how) if _is_composed(*args, **how) else NotImplemented


# n times y[i] = x[i + 1] - x[i]: dy[i] = sum over k of (-1)^(n - k) binomial(n, k) dx[i + k].
@local(np.diff, instead=_composed)
@partial(structural, unless=_is_composed)
def _differences(call: Call, a: Any, n: int = 1, axis: int = -1) -> Iterator[LocalTerm]:
    before = (slice(None),) * normalize_axis_index(axis, np.ndim(a))
    for k in range(n + 1):
        part = indexing_term(np.shape(a), (*before, slice(k, np.shape(a)[axis] - n + k)))
        yield 0, 0, part.times((-1.0) ** (n - k) * comb(n, k))


def _slab(values: Any, a: Any, axis: int) -> Any:
    """What `diff` puts in front of `a` or behind it; a scalar stands for one layer, None for nothing."""
    if values is None:
        return _part(a, axis, 0, 0)
    if np.ndim(values):
        return values
    return np.broadcast_to(values, np.shape(_part(a, axis, 0, 1)))


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = np.ravel(ary)
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    return np.concatenate([np.ravel(part).astype(flat.dtype) for part in parts if part is not None])


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    width = dx
    if x is not None:
        width = np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
        if np.ndim(x) == 1:
            width = _along(width, np.ndim(y), axis)
    return np.sum(width * (_part(y, axis, 1, None) + _part(y, axis, None, -1)) / 2, axis)


def _along(a: Any, ndim: int, axis: int) -> Any:
    """A 1-d array along one axis of an array of `ndim` axes."""
    shape = [1] * ndim
    shape[axis] = -1
    return np.reshape(a, shape)


def _gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = f if hasattr(f, "dtype") else np.asarray(f)
    axes = normalize_axis_tuple(range(np.ndim(f)) if axis is None else axis, np.ndim(f))
    if len(spacing) not in (0, 1, len(axes)) or (len(spacing) == 1 and np.ndim(spacing[0]) and len(axes) > 1):
        raise TypeError("invalid number of arguments")
    steps = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    slopes = [_slope(f, h, one, edge_order) for one, h in zip(axes, steps, strict=True)]
    return slopes[0] if len(axes) == 1 else tuple(slopes)


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Second order differences inside; at the ends, those of the line or the parabola through the nearest points.

    With steps a and b before and after a point, the parabola through three points has the slope at the middle

        (a^2 f[+1] + (b^2 - a^2) f[0] - b^2 f[-1]) / (a b (a + b)).
    """
    count = np.shape(f)[axis]
    if edge_order not in (1, 2) or count <= edge_order:
        raise ValueError(f"gradient needs edge_order 1 or 2 and more than {edge_order} entries along an axis.")
    if not np.ndim(h):
        return _as(f, _even_slope(f, h, axis, edge_order))
    h = _along(np.diff(h), np.ndim(f), axis)
    line = np.diff(f, axis=axis) / h
    a, b = _part(h, axis, None, -1), _part(h, axis, 1, None)
    before, after = _part(line, axis, None, -1), _part(line, axis, 1, None)
    bend = (after - before) / (a + b)
    first, last = _part(line, axis, 0, 1), _part(line, axis, -1, None)
    if edge_order == 2:
        first = first - _part(a * bend, axis, 0, 1)
        last = last + _part(b * bend, axis, -1, None)
    return _as(f, np.concatenate([first, before + a * bend, last], axis))


def _even_slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """The same where all steps are h."""
    middle = (_part(f, axis, 2, None) - _part(f, axis, None, -2)) / (2.0 * h)
    count = np.shape(f)[axis]
    near, far = [
        [_part(f, axis, n, n + 1) for n in places] for places in ((0, 1, 2), (count - 1, count - 2, count - 3))
    ]
    if edge_order == 1:
        return np.concatenate([(near[1] - near[0]) / h, middle, (far[0] - far[1]) / h], axis)
    first = (2.0 * near[1] - 1.5 * near[0] - 0.5 * near[2]) / h
    last = (1.5 * far[0] - 2.0 * far[1] + 0.5 * far[2]) / h
    return np.concatenate([first, middle, last], axis)


def _as(f: Any, y: Any) -> Any:
    """Slopes in the dtype of what they are the slopes of, whatever the steps are."""
    return np.astype(y, f.dtype) if y.dtype != f.dtype and f.dtype.kind in "fc" else y


# fmt: off
composed(np.cumulative_sum,  _cumulative(np.cumsum, 0))
composed(np.cumulative_prod, _cumulative(np.cumprod, 1))
composed(np.ediff1d,         _ediff1d)
composed(np.trapezoid,       _trapezoid)
composed(np.gradient,        _gradient)
# fmt: on
