"""`Postponed`: the result of a cheap entrywise function that nobody has asked for yet.

A sum over it is made block by block, so that the array is never there as a whole. Else it is made when it is asked for:
by then what it is made of is often held by nobody else, and is written over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import prod
from typing import Any
from weakref import getweakrefcount

import numpy as np

__all__ = ["Postponed"]

BLOCK = 65536
"""Entries of a block: it stays in the cache until it is summed, and takes longer than the calls for it."""


class Postponed:
    """An array of which shape and dtype are known.

    Attributes
    ----------
    function : ufunc
    operands : tuple of array or number
        Arrays of one type, which do not change until it is made.
    shape : tuple of int
    dtype : dtype
    """

    __slots__ = ("dtype", "function", "operands", "shape")

    def __init__(self, function: np.ufunc, operands: tuple[Any, ...], shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.function, self.operands, self.shape, self.dtype = function, operands, shape, dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    def made(self, in_place: bool = True) -> np.ndarray:
        """The array; it cannot be made again if it took the place of an operand, which `in_place` allows."""
        function, operands = self.function, self.operands
        for n in range(len(operands)):
            if in_place and _is_spare(operands, n, self.shape):
                return function(*operands, out=operands[n])
        return function(*operands)

    def summed(self, add: Callable[..., Any], axis: int | tuple[int, ...] | None, keepdims: bool = False) -> Any:
        """The sum along some axes, by a function that sums an array; NotImplemented where there is but one block."""
        shape = self.shape
        axes = {*range(len(shape))} if axis is None else {*((axis,) if type(axis) is int else axis)}  # type: ignore[misc]
        axes = {n + len(shape) if n < 0 else n for n in axes}
        if not axes or not axes <= {*range(len(shape))}:
            return NotImplemented
        rows = max(1, BLOCK * shape[0] // self.size)
        if 2 * rows > shape[0]:
            return NotImplemented
        room = np.empty((rows, *shape[1:]), self.dtype)
        parts = []
        for start in range(0, shape[0], rows):
            stop = min(start + rows, shape[0])
            block = self.function(*[_part(x, shape, start, stop) for x in self.operands], out=room[: stop - start])
            parts.append(add(block, tuple(sorted(axes)), keepdims))
        if 0 in axes:
            return np.add.reduce(np.stack(parts), 0)
        return np.concatenate(parts)


def _part(operand: Any, shape: tuple[int, ...], start: int, stop: int) -> Any:
    """What belongs to some rows of the result."""
    is_whole = type(operand) is not np.ndarray or operand.ndim < len(shape) or operand.shape[0] == 1
    return operand if is_whole else operand[start:stop]


def _count(operands: tuple[Any, ...], n: int) -> int:
    return sys.getrefcount(operands[n])


def _known() -> int:
    """The references to an array that only a tuple holds; 0 where counting does not tell."""
    operands = (np.ones(1), 1.0)
    alone = _count(operands, 0)
    kept = operands[0]
    more = _count(operands, 0)
    del kept
    return alone if sys.implementation.name == "cpython" and more == alone + 1 else 0


_ALONE = _known()


def _is_spare(operands: tuple[Any, ...], n: int, shape: tuple[int, ...]) -> bool:
    """Whether the result may be written into an operand: nobody else holds it, nor a view of it, nor looks for it."""
    array = operands[n]
    if type(array) is not np.ndarray or array.shape != shape or getweakrefcount(array):
        return False
    flags = array.flags
    whole = flags.owndata and flags.writeable and flags.c_contiguous
    del array, flags
    return whole and _count(operands, n) == _ALONE
