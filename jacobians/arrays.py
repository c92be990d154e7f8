"""The two array functions that NumPy lacks; they dispatch like NumPy's own, so that traced arrays pass through.

- `scatter(values, index, size)`: add slices into an array of zeros.
- `embed(core, pattern)`: put an array on a diagonal; the only place where a Kronecker delta becomes zeros.
- `pick(array, index, axis)`: `np.take`, which NumPy does not dispatch on the index.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

__all__ = ["embed", "embedded_view", "pick", "scatter"]


def _dispatched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let one of the first two arguments handle the call through ``__array_function__`` if it is no ndarray."""

    @wraps(function)
    def call(array: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        for operand in (array, other):
            if not isinstance(operand, (np.ndarray, np.generic, tuple)):
                handler = getattr(type(operand), "__array_function__", None)
                if handler is not None:
                    return handler(operand, call, (type(operand),), (array, other, *args), kwargs)
        return function(np.asarray(array), other, *args, **kwargs)

    return call


@_dispatched
def scatter(values: Any, index: np.ndarray, size: int, injective: bool = False) -> Any:
    """Add ``values[n]`` to row ``index[n]`` of an array of zeros.

    Parameters
    ----------
    values : array of shape (n, ...)
    index : integer array of shape (n,)
    size : int
        Number of rows of the result.
    injective : bool
        Whether all indices differ.

    Returns
    -------
    array of shape (size, ...)

    Examples
    --------
    >>> scatter(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([5., 0., 2.])
    """
    result = np.zeros((size, *values.shape[1:]), values.dtype)
    if injective:
        result[index] = values
    else:
        np.add.at(result, index, values)
    return result


@_dispatched
def embed(core: Any, pattern: tuple[tuple[int, ...], ...]) -> Any:
    """Put an array on a generalized diagonal of an array of zeros.

    Parameters
    ----------
    core : array
    pattern : tuple of tuple of int
        For each axis of the result the axes of `core` that index it, row-major; an axis of `core` may occur several
        times.

    Examples
    --------
    >>> embed(np.array([1.0, 2.0]), ((0,), (0,)))
    array([[1., 0.],
           [0., 2.]])
    """
    shape = tuple([int(np.prod([core.shape[axis] for axis in group], dtype=int)) for group in pattern])
    result = np.zeros(shape, core.dtype)
    embedded_view(result, core.shape, pattern)[...] = core
    return result


def pick(array: Any, index: Any, axis: int | None = None) -> Any:
    """``np.take(array, index, axis)``, where the index may be an array that handles the call itself.

    Examples
    --------
    >>> pick(np.array([1.0, 2.0, 4.0]), np.array([2, 0]))
    array([4., 1.])
    """
    handler = None if isinstance(index, np.ndarray) else getattr(type(index), "__array_function__", None)
    if handler is None or not isinstance(array, np.ndarray):
        return np.take(array, index, axis)
    return handler(index, np.take, (type(index),), (array, index, axis), {})


def embedded_view(array: np.ndarray, sizes: tuple[int, ...], pattern: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """The writable strided view of `array` whose axes are those of a core of shape `sizes` under `pattern`."""
    strides = [0] * len(sizes)
    for step, group in zip(array.strides, pattern, strict=True):
        for axis in reversed(group):
            strides[axis] += step
            step *= sizes[axis]
    return np.lib.stride_tricks.as_strided(array, sizes, strides)
