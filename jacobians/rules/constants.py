"""Functions whose result carries no derivative, and makers of arrays.

- Metadata and tests (`shape`, `allclose`) and index makers (`argsort`, `nonzero`) answer from the plain values.
- `zeros_like` and its kin are constants; `full_like` and `linspace` depend on their numbers.
- ``np.array(..., like=x)`` and the other makers with ``like=`` run as they do without it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..program import holds
from ..registry import composed, nondifferentiable

__all__: list[str] = []

# metadata
nondifferentiable(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.min_scalar_type)
nondifferentiable(np.may_share_memory, np.shares_memory, np.iscomplexobj, np.isrealobj)
# tests
nondifferentiable(np.all, np.any, np.isclose, np.allclose, np.array_equal, np.array_equiv)
nondifferentiable(np.iscomplex, np.isreal, np.isneginf, np.isposinf)
# positions
nondifferentiable(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort)
nondifferentiable(np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize)
nondifferentiable(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
nondifferentiable(np.ravel_multi_index, np.unravel_index)
# constants of the shape of an array
nondifferentiable(np.zeros_like, np.ones_like, np.empty_like)


def _full_like(a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, **kwargs: Any) -> Any:
    """A traced fill keeps its derivative; it is cast to the dtype of `a`, as NumPy does."""
    blank = np.zeros_like(a, dtype, order, subok, **kwargs)
    fill = fill_value if hasattr(fill_value, "dtype") else np.asarray(fill_value)
    return np.add(blank, fill.astype(blank.dtype))


def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Any:
    intervals = max(num - 1 if endpoint else num, 0)
    kind = np.result_type(start, stop, 0.0)
    delta = np.subtract(stop, start)
    parts = np.reshape(np.arange(num, dtype=kind) / max(intervals, 1), (num,) + (1,) * np.ndim(delta))
    y = np.moveaxis(np.multiply(start, 1 - parts) + np.multiply(stop, parts), 0, axis)
    if dtype is not None:
        y = (np.floor(y) if np.issubdtype(dtype, np.integer) else y).astype(dtype)
    return (y, delta / intervals if intervals else math.nan) if retstep else y


def _logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(start, stop, base)
        base = np.expand_dims(base, axis)
    y = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype)


def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    if holds(np.any(np.equal(start, 0))) or holds(np.any(np.equal(stop, 0))):
        raise ValueError("Geometric sequence cannot include zero")
    start, stop = np.multiply(np.float64(1), start), np.multiply(np.float64(1), stop)
    y = np.multiply(start, np.exp(np.linspace(0.0, np.log(np.divide(stop, start)), num, endpoint)))
    y = np.moveaxis(y, 0, axis)
    return y if dtype is None else y.astype(dtype)


composed(np.full_like, _full_like)
composed(np.linspace, _linspace)
composed(np.logspace, _logspace)
composed(np.geomspace, _geomspace)

# What is left is the same call without like=: a plain array, or whatever the function makes of traced entries.
# fmt: off
for _maker in (
    np.arange, np.array, np.asanyarray, np.asarray, np.ascontiguousarray, np.asfortranarray, np.empty, np.eye,
    np.frombuffer, np.fromfile, np.fromfunction, np.fromiter, np.fromstring, np.full, np.genfromtxt, np.identity,
    np.loadtxt, np.ones, np.require, np.tri, np.zeros,
):
    composed(_maker, _maker)
# fmt: on
