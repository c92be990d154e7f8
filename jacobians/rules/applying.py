"""Functions that apply the caller's functions to parts of an array, stated as loops over slices.

Each definition calls the function as often and with the same parts as NumPy does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..registry import composed

__all__: list[str] = []


def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    axis = normalize_axis_index(axis, np.ndim(arr))
    moved = np.moveaxis(arr, axis, -1)
    lead = np.shape(moved)[:-1]
    if 0 in lead:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    results = [func1d(moved[index], *args, **kwargs) for index in np.ndindex(*lead)]
    result = np.reshape(np.stack(results), lead + np.shape(results[0]))
    new = range(len(lead), np.ndim(result))  # they take the place of the axis
    return np.moveaxis(result, tuple(new), tuple(range(axis, axis + len(new))))


def _apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    result = a
    for axis in axes if np.ndim(axes) else (axes,):
        axis = normalize_axis_index(axis, np.ndim(a))
        reduced = func(result, axis)
        result = reduced if np.ndim(reduced) == np.ndim(result) else np.expand_dims(reduced, axis)
        if np.ndim(result) != np.ndim(a):
            raise ValueError("function is not returning an array of the correct shape")
    return result


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    single = np.ndim(condlist) == 0 or (np.ndim(condlist[0]) == 0 and np.ndim(x) != 0)
    conditions = list(np.asarray([condlist] if single else condlist, dtype=bool))
    if len(conditions) == len(funclist) - 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(conditions) != len(funclist):
        raise ValueError(
            f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions are "
            "expected"
        )
    source = np.zeros(np.shape(x), dtype=np.intp)  # where each entry stands in the pieces; position 0 is a zero
    pieces, count = [np.zeros(1, dtype=x.dtype)], 1
    for condition, function in zip(conditions, funclist, strict=True):
        chosen = int(np.count_nonzero(condition))
        if chosen:
            value: Any = function(x[condition], *args, **kw) if callable(function) else function
            pieces.append(np.broadcast_to(value, (chosen,)))
            source[condition] = np.arange(count, count + chosen)
            count += chosen
    return np.astype(np.concatenate(pieces), x.dtype)[source]


composed(np.apply_along_axis, _apply_along_axis)
composed(np.apply_over_axes, _apply_over_axes)
composed(np.piecewise, _piecewise)
