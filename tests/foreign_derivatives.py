"""Derivatives of scripts by means that share nothing with this library.

- `complex_step(f, points, n)`: the Jacobian of an analytic function, in the longest complex numbers that NumPy has
  (`dtype=complex` where the function solves equations).
- `differences(f, points, n)`: central differences of four steps, extrapolated, in the longest floating numbers.
- `autograd_jacobian(f, points, n)`: HIPS autograd on the same script, whose module gets autograd's NumPy for that time.
- `along(gradient, points, n, direction)`: the derivative of a foreign gradient along a direction, by differences.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import autograd
import autograd.numpy
import numpy as np

__all__ = ["along", "autograd_jacobian", "complex_step", "differences", "hessian"]

Points = Sequence[Any]
Jacobian = Callable[[Callable[..., Any], Points, int], np.ndarray]


def _replaced(points: Points, n: int, value: Any) -> list[Any]:
    return [*points[:n], value, *points[n + 1 :]]


def complex_step(f: Callable[..., Any], points: Points, n: int = 0, dtype: Any = np.clongdouble) -> np.ndarray:
    x = np.asarray(points[n], dtype)
    columns = []
    for position in range(x.size):
        moved = x.copy()
        moved.flat[position] += 1e-40j
        columns.append(np.imag(f(*_replaced(points, n, moved))) / np.longdouble(1e-40))
    jacobian = np.stack(columns, axis=-1)
    return jacobian.reshape(jacobian.shape[:-1] + x.shape)


def _extrapolated(value: Callable[[Any], Any], step: float) -> np.ndarray:
    """The derivative of a function of a number at 0, of eighth order."""
    h = [np.longdouble(step) / 2**k for k in range(4)]
    table = [(np.asarray(value(s)) - np.asarray(value(-s))) / (2 * s) for s in h]
    for order in (1, 2, 3):
        table = [(4**order * fine - coarse) / (4**order - 1) for coarse, fine in pairwise(table)]
    return table[0]


def differences(f: Callable[..., Any], points: Points, n: int = 0, step: float = 1e-3) -> np.ndarray:
    x = np.asarray(points[n], np.longdouble)
    columns = []
    for position in range(x.size):

        def value(distance: Any, position: int = position) -> Any:
            moved = x.copy()
            moved.flat[position] += distance
            return f(*_replaced(points, n, moved))

        columns.append(_extrapolated(value, step * max(1.0, abs(float(x.flat[position])))))
    jacobian = np.stack(columns, axis=-1)
    return jacobian.reshape(jacobian.shape[:-1] + x.shape)


@contextmanager
def _autograd_inside(f: Callable[..., Any]) -> Iterator[None]:
    module = sys.modules[f.__module__]
    own = module.np
    module.np = autograd.numpy
    try:
        yield
    finally:
        module.np = own


def autograd_jacobian(f: Callable[..., Any], points: Points, n: int = 0) -> np.ndarray:
    with _autograd_inside(f):
        return autograd.jacobian(f, n)(*points)


def hessian(jacobian: Jacobian, f: Callable[..., Any], points: Points, n: int = 0) -> np.ndarray:
    """The Hessian of a scalar function: differences of a foreign gradient, or autograd's own."""
    if jacobian is autograd_jacobian:
        with _autograd_inside(f):
            return autograd.hessian(f, n)(*points)
    return differences(lambda x: jacobian(f, _replaced(points, n, x), n), [points[n]])


def along(jacobian: Jacobian, f: Callable[..., Any], points: Points, n: int, direction: np.ndarray) -> np.ndarray:
    """The derivative of a foreign gradient along a direction."""
    return _extrapolated(
        lambda t: jacobian(f, _replaced(points, n, points[n] + float(t) * direction), n).astype(float), 1e-3
    )
