"""Which results wait until somebody asks for them: `postponed`.

They are large, cost no more than the memory that they fill, and their slopes are numbers or operands. What they are
made of does not change: values of the level, and arrays that the derivative captures anyway. See `pending`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..postponed import Postponed
from ..registry import Path
from .levels import Level

__all__ = ["POSTPONED", "SUMS", "postponed"]

SUMS = {np.sum, np.mean}
"""Functions that take a result as it waits."""

POSTPONED = {np.add, np.subtract, np.multiply, np.divide, np.negative, np.square, np.power}

LARGE = 2**18
"""Bytes of a result from which it waits: less takes less time than waiting."""


def postponed(level: Level, function: Any, values: list[Any], sources: dict[Path, int]) -> Postponed | None:
    """The result of a call that waits; None where it does not."""
    if function is np.power:
        if len(values) != 2 or type(values[1]) not in (int, float) or values[1] != 2:
            return None
        function, values = np.square, values[:1]
    dtype = None
    for n, x in enumerate(values):
        kind = type(x)
        if kind is np.ndarray:
            if dtype is None:
                dtype = x.dtype
                if dtype.char not in "fd":
                    return None
            if x.dtype is not dtype or not (n in sources or function is np.multiply) or (n and function is np.divide):
                return None
        elif kind is not float and kind is not int:
            return None
    if dtype is None:
        return None
    shape = values[0].shape if len(values) == 1 else _shape(values)
    if shape is None or prod(shape) * dtype.itemsize < LARGE or not level.is_highest:  # a higher level asks at once
        return None
    return Postponed(function, tuple(values), shape, dtype) if np.geterr() == _USUAL else None


def _shape(values: list[Any]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*[x.shape for x in values if type(x) is np.ndarray])
    except ValueError:  # NumPy says it better
        return None


_USUAL = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""How NumPy tells of overflow unless it is told otherwise: where it is, that holds for the call alone."""
