"""Which entries of a buffer are written, and what stood there before, as far as positions are known."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..program import CONSTANT, Node

if TYPE_CHECKING:
    from .assembling import Addend

__all__ = ["Filled", "unwritten"]

_TRACKED = 2**20  # entries of a buffer of several axes up to which it is known which of them are written


class Filled:
    """Which entries of a buffer, seen without further axes, have been written, as far as positions are known."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._values: Any = None  # zeros
        tracked = len(shape) == 1 or prod(shape) <= _TRACKED
        self._written = np.zeros(prod(shape), bool) if tracked else None
        self._first = True

    @property
    def is_full(self) -> bool:
        return self._written is not None and bool(self._written.all())

    def start(self, core: Node) -> None:
        """The buffer starts as this array."""
        self._first = False
        if core.function is CONSTANT and core.ndim == 1 and core.dtype.kind == "f":
            self._values = core.args[0]
        else:
            self._written = None

    def by(self, addend: Addend) -> Any:
        """The number or the constants that stand where an addend comes, if nothing else was written there; else None.

        Indices that differ meet an array of zeros only once, whatever its shape.
        """
        first, self._first = self._first, False
        if self._written is not None:
            again = _marked(self._written, addend)
            if again is not None:
                if again or self._values is None:
                    return None if again else 0.0
                values = _strided(self._values, addend) if addend.kind == "grid" else self._values[_index(addend)]
                return float(values.flat[0]) if values.size and np.all(values == values.flat[0]) else np.array(values)
        self._written = None
        return 0.0 if first and addend.kind != "plain" else None


def unwritten(core: Node, addends: Sequence[Addend], shape: tuple[int, ...]) -> np.ndarray | None:
    """The positions of a constant to which nothing is written before they are read; None if that is not known."""
    filled = Filled(shape)
    filled.start(core)
    written = np.zeros(prod(shape), bool)
    for addend in addends:
        if filled.by(addend) is not None and _marked(written, addend) is None:
            return None
    return np.flatnonzero(~written)


def _marked(written: np.ndarray, addend: Addend) -> bool | None:
    """Whether an addend comes where something was written before, and note its places; None if they are not known."""
    if addend.kind == "grid":
        marks = _strided(written, addend)
        again = bool(marks.any())
        marks[...] = True
        return again
    index = _index(addend)
    if index is None:
        return None
    again = bool(written[index].any())
    written[index] = True
    return again


def _index(addend: Addend) -> np.ndarray | None:
    """The positions that an addend is scattered to, if each is met once and they are known."""
    if addend.kind == "scatter" and addend.core.ndim <= 1:
        _, index, injective = addend.where
        return index.args[0] if injective and index.function is CONSTANT else None
    return None


def _strided(array: np.ndarray, addend: Addend) -> np.ndarray:
    """The entries of an array without further axes where a grid comes: a view."""
    _, start, steps, sizes = addend.where
    (stride,) = array.strides
    return np.lib.stride_tricks.as_strided(array[start:], sizes, tuple([step * stride for step in steps]))
