"""Functions that NumPy is slow at: the same numbers, up to rounding, by calls that are fast.

- `einsum`: products of several large arrays as `contract` runs them, in BLAS where that is possible.
- `total`: `np.sum` without the function of Python around its loop, which takes longer than the loop for small arrays;
  sums over a short last axis of large ones, for each of which it begins anew.
- `mean`, `variance`, `deviation`: `np.mean`, `np.var` and `np.std` of small arrays in the same way.
- `reshaped`: `np.reshape`.

Each answers NotImplemented for what NumPy does well itself.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..contract import contract_factors
from ..labels import flatten
from ..postponed import Postponed
from ..terms import Factor
from .subscripts import subscripts

__all__ = ["deviation", "einsum", "mean", "reshaped", "total", "variance"]

SMALL = 4096
"""Entries of all operands up to which their product is left to NumPy."""

LITTLE = 2**17
"""Multiply-adds up to which it is: 0.1 ms."""

ROW = 16
"""Entries of a row whose sum rounds no worse in one go than in pairs. 250,000 rows of ten take 1.5 against 6.1 ms."""


def einsum(*args: Any, optimize: Any = False, **how: Any) -> Any:
    """The product of true arrays of one type of floating numbers."""
    arrays = args[1:]
    if how or len(arrays) < 2 or type(args[0]) is not str:
        return NotImplemented
    entries = 0
    for array in arrays:
        if type(array) is not np.ndarray or array.dtype.char not in "fdFD" or array.dtype != arrays[0].dtype:
            return NotImplemented
        entries += array.size
    if entries < SMALL:
        return NotImplemented
    operands, out = subscripts(*args)
    carried = tuple([flatten(operand.axes) for operand in operands])
    if any([len(set(labels)) < len(labels) for labels in carried]):
        return NotImplemented
    if prod([label.size for label in {*flatten(carried)}]) < LITTLE:
        return NotImplemented
    wanted = flatten(out)
    result = np.empty([label.size for label in wanted], arrays[0].dtype)
    factors = [Factor.on(operand.array, operand.axes) for operand in operands]
    _ = contract_factors(factors, wanted, result)
    return result.reshape([axis[0].size if axis else 1 for axis in out])[()]


def total(array: Any, axis: Any = None, *rest: Any, **how: Any) -> Any:
    """The sum of a true array."""
    if type(array) is Postponed:
        return _total_of_blocks(array, axis, *rest, **how)
    if rest or how or type(array) is not np.ndarray:
        return NotImplemented
    if array.size < SMALL:
        return _sum(array, axis)
    if type(axis) is not int:
        return NotImplemented
    last = axis in (-1, array.ndim - 1) and 1 < array.shape[-1] <= ROW
    if not last or array.dtype.char not in "fd" or not array.flags.c_contiguous:
        return NotImplemented
    return np.einsum("...i->...", array)


def _total_of_blocks(array: Postponed, axis: Any = None, *rest: Any, keepdims: Any = False, **how: Any) -> Any:
    """The sum of an array that nobody has asked for yet."""
    axes = axis if type(axis) is tuple else (axis,)
    if rest or how or type(keepdims) is not bool or not all([n is None or type(n) is int for n in axes]):
        return NotImplemented
    last, operands = array.ndim - 1, array.operands
    if axis in (-1, last) and not keepdims and array.shape[-1] <= ROW and array.function in (np.square, np.multiply):
        a, b = operands if len(operands) == 2 else operands * 2
        if type(a) is type(b) is np.ndarray and a.shape == b.shape:
            return np.einsum("...i,...i->...", a, b)
    return array.summed(_block_total, axis, keepdims)


def _block_total(block: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> Any:
    short = NotImplemented if keepdims or len(axes) != 1 else total(block, axes[0])
    return _sum(block, axes, keepdims=keepdims) if short is NotImplemented else short


_sum = np.add.reduce


def mean(array: Any, axis: Any = None, *rest: Any, **how: Any) -> Any:
    """The mean of all entries, or along one axis, of a small true array that is not empty."""
    if type(array) is Postponed:
        found = _total_of_blocks(array, axis, *rest, **how)
        return found if found is NotImplemented else np.divide(found, array.size / max(np.size(found), 1))
    if rest or how or type(array) is not np.ndarray or array.dtype.char not in "fd" or not 0 < array.size < SMALL:
        return NotImplemented
    if axis is None:
        return _sum(array, None) / array.size
    return _sum(array, axis) / array.shape[axis] if type(axis) is int else NotImplemented


def variance(array: Any, axis: Any = None, *, ddof: Any = 0, keepdims: Any = False, **how: Any) -> Any:
    """The variance of all entries, or along one axis, of a small true array; NumPy sees to any without freedom."""
    if how or type(array) is not np.ndarray or array.dtype.char not in "fd" or array.size >= SMALL:
        return NotImplemented
    if axis is not None and type(axis) is not int:
        return NotImplemented
    count = array.size if axis is None else array.shape[axis]
    if type(ddof) is not int or type(keepdims) is not bool or count <= ddof or count == 0:
        return NotImplemented
    apart = array - _sum(array, axis, keepdims=True) / count
    return _sum(apart * apart, axis, keepdims=keepdims) / (count - ddof)


def deviation(*args: Any, **how: Any) -> Any:
    """The standard deviation in the same way."""
    found = variance(*args, **how)
    return found if found is NotImplemented else np.sqrt(found)


def reshaped(array: Any, shape: Any = None, *rest: Any, **how: Any) -> Any:
    """A true array in another shape."""
    plain = type(array) is np.ndarray and shape is not None and not rest and not how
    return array.reshape(shape) if plain else NotImplemented
