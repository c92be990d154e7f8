"""``np.pad``, in all its modes.

- Entries that are repeated, reflected or surrounded by a constant: maps, no arithmetic.
- ``mean`` and ``linear_ramp``: weights for each axis. ``maximum`` and ``minimum``: a map, by the numbers.
- ``median``, and margins that are traced themselves: joined to the array by functions that have rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import UnsupportedFunctionError
from ..labels import Axis, axes_of
from ..registry import Call, LocalTerm, local
from ..terms import Affine, Factor, Map, Term
from .indexing import axis_of, flat_term, picked, window

__all__: list[str] = []


def _is_traced(values: Any) -> bool:
    return not isinstance(values, (np.ndarray, np.generic, tuple, list, bool, int, float, complex))


def _pairs(values: Any, ndim: int) -> Any:
    """For each axis, what is told of its margins before and after."""
    return np.broadcast_to(values, (ndim, 2))


def _widths(shape: tuple[int, ...], pad_width: Any) -> list[list[int]]:
    if isinstance(pad_width, dict):
        widths = [pad_width.get(axis, pad_width.get(axis - len(shape), 0)) for axis in range(len(shape))]
        return [list(width) if isinstance(width, tuple) else [width, width] for width in widths]
    return _pairs(pad_width, len(shape)).tolist()


def _windows(shape: tuple[int, ...], stat_length: Any) -> list[list[int]]:
    """How many entries at each end of each axis tell a statistic."""
    return _pairs(stat_length or max(shape, default=1), len(shape)).tolist()


def _definition(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    *,
    stat_length: Any = None,
    constant_values: Any = 0,
    end_values: Any = 0,
    **_: Any,
) -> Any:
    """Margins that are traced themselves, or medians: one axis after the other, corners last, as in NumPy."""
    values = {"constant": constant_values, "linear_ramp": end_values}.get(mode, 0)
    if mode != "median" and not _is_traced(values):
        return NotImplemented
    shape, dtype = np.shape(array), array.dtype
    widths, windows, values = _widths(shape, pad_width), _windows(shape, stat_length), _pairs(values, len(shape))
    for axis, (width, window_of) in enumerate(zip(widths, windows, strict=True)):
        if any(width):
            sides = zip(width, window_of, values[axis], (False, True), strict=True)
            ends = [_margin(array, axis, mode, *side) for side in sides]
            array = np.concatenate([np.astype(ends[0], dtype), array, np.astype(ends[1], dtype)], axis)
    return array


def _margin(array: Any, axis: int, mode: Any, width: int, window_of: int, value: Any, after: bool) -> Any:
    """What is put before or after the entries of an axis."""
    size, lead = array.shape[axis], (slice(None),) * axis
    if not size and mode != "constant":
        raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
    if mode == "median":
        length = min(window_of, size)
        near = slice(size - length, size) if after else slice(0, length)
        value = np.median(array[(*lead, near)], axis=axis, keepdims=True)
    elif mode == "linear_ramp":  # from the value, which is reached, to the edge, which is not
        edge = array[(*lead, slice(size - 1, size) if after else slice(0, 1))]
        steps = np.astype(np.arange(width)[:: -1 if after else 1] / max(width, 1), edge.dtype)
        steps = np.reshape(steps, (-1,) + (1,) * (array.ndim - axis - 1))
        value = value * (1 - steps) + edge * steps
    return np.broadcast_to(value, (*array.shape[:axis], width, *array.shape[axis + 1 :]))


@local(np.pad, instead=_definition)
def _(call: Call, array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Iterator[LocalTerm]:
    shape = np.shape(array)
    widths, windows = _widths(shape, pad_width), _windows(shape, kwargs.get("stat_length"))
    if mode in ("maximum", "minimum") and np.size(array):
        positions = _extreme_positions(array, widths, windows, np.argmax if mode == "maximum" else np.argmin)
        yield 0, 0, flat_term(shape, axes_of(np.shape(call.result)), positions, injective=False)
        return
    mode = "constant" if mode in ("maximum", "minimum") else mode  # of nothing
    averaging = mode in ("mean", "linear_ramp") or kwargs.get("reflect_type", "even") != "even"
    if not averaging and mode not in ("constant", "empty", "edge", "reflect", "symmetric", "wrap"):
        raise UnsupportedFunctionError("np.pad", f"for mode={mode!r}")
    out, inp, factors, maps = [], [], (), ()
    for size, (before, after), window_of in zip(shape, widths, windows, strict=True):
        if averaging and before + after and size:
            part, whole = axis_of(before + size + after), axis_of(size)
            weights = _pad_weights(size, before, after, mode, window_of).astype(call.result.dtype)
            factors += (Factor.on(weights, (part, whole)),)
        else:
            part, whole, more = _padded(size, before, after, "constant" if averaging else mode)
            maps += more
        out.append(part)
        inp.append(whole)
    yield 0, 0, Term(tuple(out), tuple(inp), factors, maps)


def _pad_weights(size: int, before: int, after: int, mode: Any, window_of: list[int]) -> np.ndarray:
    """How much each entry of an axis has of each one before padding, for modes that average or extrapolate."""
    kinds = {"mean": {"stat_length": (window_of, (1, 1))}, "linear_ramp": {}}
    return np.pad(np.eye(size), ((before, after), (0, 0)), mode, **kinds.get(mode, {"reflect_type": "odd"}))


def _extreme_positions(array: Any, widths: Any, windows: Any, choose: Any) -> Any:
    """Where the entries of an array padded with extremes come from: NumPy pads axis by axis, corners last."""
    positions = np.arange(np.size(array)).reshape(np.shape(array))
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, windows, strict=True)):
        size = np.shape(array)[axis]
        ends = []
        for width, part in ((before, slice(0, first)), (after, slice(max(size - last, 0), size))):
            near = (slice(None),) * axis + (part,)
            at = np.expand_dims(choose(array[near], axis=axis), axis)
            ends.append([np.repeat(np.take_along_axis(x[near], at, axis), width, axis) for x in (array, positions)])
        array, positions = [
            np.concatenate([left, middle, right], axis)
            for left, middle, right in zip(ends[0], (array, positions), ends[1], strict=True)
        ]
    return positions


def _padded(size: int, before: int, after: int, mode: Any) -> tuple[Axis, Axis, tuple[Map, ...]]:
    """The axis after and before padding, and the maps between them."""
    total = before + size + after
    if mode in ("constant", "empty"):
        part = axis_of(size)
        whole, maps = window(total, part, before)
        return whole, part, maps
    part = axis_of(total)
    if mode == "wrap" and before + after and size > 1:
        whole = axis_of(size)
        return part, whole, (Map(whole, part, Affine(-before % size, 1, size)),)
    return part, *picked(size, part, np.pad(np.arange(size), (before, after), mode))
