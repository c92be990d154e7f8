"""Functions that write into their argument: what they write, by assignment.

That works where the argument is a traced array that the function made itself (``np.zeros_like(x)``, ``x.copy()``); a
plain array cannot hold traced values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TraceConversionError
from ..program import Symbol
from ..registry import composed

__all__: list[str] = []


def _check(name: str, array: Any, values: Any) -> None:
    if not isinstance(array, np.ndarray):
        return
    advice = "Make the array that it writes into with np.zeros_like(x) or np.zeros(shape, like=x), or use np.where."
    if isinstance(values, Symbol):
        raise values.refusal(f"np.{name} into a plain array", advice)
    raise TraceConversionError(f"np.{name} into a plain array", array.shape, advice)


def _copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    _check("copyto", dst, src)
    kind = src.dtype if hasattr(src, "dtype") else np.asarray(src).dtype
    if not np.can_cast(kind, dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {kind} to {dst.dtype} according to the rule {casting!r}")
    if where is True:
        dst[...] = src
    else:
        chosen = np.broadcast_to(where, dst.shape)
        dst[chosen] = np.broadcast_to(src, dst.shape)[chosen]


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """The values are repeated as often as needed."""
    _check("put", a, v)
    positions, size = np.ravel(np.asarray(ind)), a.size
    if mode == "wrap":
        positions = positions % size
    elif mode == "clip":
        positions = np.clip(positions, 0, size - 1)
    elif positions.size and not -size <= positions.min() <= positions.max() < size:
        raise IndexError(f"index {positions.max()} is out of bounds for axis 0 with size {size}")
    if positions.size and not a.ndim:
        a[...] = _repeated(v, positions.size)[-1]
    elif positions.size:
        a[np.unravel_index(positions % size, a.shape)] = _repeated(v, positions.size)


def _repeated(values: Any, count: int) -> Any:
    """The entries in a row, again and again."""
    flat = np.ravel(values)
    return flat[np.arange(count) % flat.size]


def _place(arr: Any, mask: Any, vals: Any) -> None:
    """The values go to the chosen entries in turn."""
    _check("place", arr, vals)
    chosen = np.reshape(np.asarray(mask, bool), arr.shape)
    if chosen.any():
        arr[chosen] = _repeated(vals, int(chosen.sum()))


def _putmask(a: Any, mask: Any, values: Any) -> None:
    """The values are repeated to the size of the array; each chosen entry gets the one at its own position."""
    _check("putmask", a, values)
    chosen = np.reshape(np.asarray(mask, bool), a.shape)
    a[chosen] = np.reshape(_repeated(values, a.size), a.shape)[chosen]


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    _check("fill_diagonal", a, val)
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError("All dimensions of input must be of equal length")
    step = 1 + int(np.cumprod(a.shape[:0:-1]).sum())
    end = a.shape[1] * a.shape[1] if a.ndim == 2 and not wrap else None
    positions = np.arange(a.size)[:end:step]
    if positions.size:
        a[np.unravel_index(positions, a.shape)] = _repeated(val, positions.size)


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    _check("put_along_axis", arr, values)
    indices = np.asarray(indices)
    if axis is None:
        arr[np.unravel_index(np.ravel(indices) % arr.size, arr.shape)] = np.ravel(values)
        return
    grid: list[Any] = list(np.ogrid[tuple([slice(n) for n in arr.shape])])
    grid[axis] = indices
    arr[tuple(grid)] = values


composed(np.copyto, _copyto)
composed(np.put, _put)
composed(np.place, _place)
composed(np.putmask, _putmask)
composed(np.fill_diagonal, _fill_diagonal)
composed(np.put_along_axis, _put_along_axis)
