"""Variances and standard deviations, also those that ignore nan.

Those of real numbers have one slope, the deviation from the mean; complex ones, and those of which a mask tells what
counts, are composed of sums. So are recorded ones: a program fuses what these are made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays import is_computed
from ..program import Symbol
from ..registry import Call, LocalTerm, composed, local
from ..terms import Factor, Term
from .computing import deviation, variance
from .conjugates import is_complex
from .reductions import Axis, Reduced, beside
from .structural import numbered

__all__: list[str] = []


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


# ---- real numbers, all of them counted -------------------------------------------------------------------------------


def _is_composed(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: Any = 0,
    keepdims: bool = False,
    *,
    correction: Any = None,
    **how: Any,
) -> bool:
    """Whether there is more to it."""
    lost = ddof if correction is None else correction
    if dtype is not None or how.get("where", True) is not True or how.get("mean") is not None or type(lost) is not int:
        return True
    if getattr(a, "dtype", np.dtype(int)).kind != "f":
        return True
    return not is_computed(a)


def _unless(definition: Any) -> Any:
    return lambda *args, **kwargs: definition(*args, **kwargs) if _is_composed(*args, **kwargs) else NotImplemented


def _by(slope: Callable[[Any, Any, Any, Axis], Any]) -> Callable[..., tuple[Any]]:
    """The slope of a result, made of the deviations from the mean by the degrees of freedom."""

    def arrays(
        y: Any,
        a: Any,
        axis: Axis = None,
        dtype: None = None,
        out: None = None,
        ddof: int = 0,
        keepdims: bool = False,
        *,
        correction: int | None = None,
        **_: Any,
    ) -> tuple[Any]:
        count = a.size if axis is None else Reduced(a, axis, True).size
        lost = ddof if correction is None else correction
        if not count:
            return (a,)  # which is empty, too
        freedom = count - lost if count > lost else math.nan
        return (slope((a - np.mean(a, axis, keepdims=True)) / freedom, y, a, axis),)

    return arrays


# y = sum (x - m)^2 / n: dy = 2 / n sum (x - m) dx, for the deviations from the mean m sum to zero.
def _of_variance(parts: Any, *_: Any) -> Any:
    return 2 * parts


# s = sqrt(y): ds = dy / 2 s, and 0 where all entries are equal.
def _of_deviation(parts: Any, s: Any, a: Any, axis: Axis) -> Any:
    s = beside(s, a, axis)
    equal = np.equal(s, 0)
    return np.where(equal, 0, parts / np.where(equal, 1, s)) if np.any(equal) else parts / s


def _state(function: Any, arrays: Any, definition: Any, compute: Any) -> None:
    @local(function, instead=_unless(definition), compute=compute)
    @numbered({0: arrays}, unless=_is_composed)
    def _(
        call: Call,
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: None = None,
        ddof: int = 0,
        keepdims: bool = False,
        **how: Any,
    ) -> Iterator[LocalTerm]:
        axes = Reduced(a, axis, keepdims)
        (slope,) = arrays(call.result, a, axis, ddof=ddof, **how)
        yield 0, 0, Term(axes.out, axes.inp, (Factor.on(slope, axes.inp),))


_state(np.var, _by(_of_variance), _var, variance)
_state(np.std, _by(_of_deviation), _std, deviation)
composed(np.nanvar, _nan_var)
composed(np.nanstd, _nan_std)
