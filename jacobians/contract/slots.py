"""A sum of products for the places of an array, some thousands of them at a time.

- `portions(slots)`: the places in parts, and which rows of all of them each part is.
- `Summand`: a product of arrays and a number, for all places or for those of a slice.
- `total(summands, rows, shape, dtype)`: the sum at the places of a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Summand", "portions", "total"]

PORTION = 4096
"""Numbers that are written at a time."""


class Summand(NamedTuple):
    """What is added: the product of some arrays and a number.

    Attributes
    ----------
    arrays : sequence of ndarray
    scale : float
    entries : slice or None
        Of the places, which have one axis then, if it is not added to all.
    """

    arrays: Sequence[np.ndarray]
    scale: float
    entries: slice | None

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], scale: float, entries: slice | None, shape: tuple[int, ...]) -> Summand:
        """The summand for places in an array of this shape, where its entries stand in the same order."""
        if entries is not None:
            shape = (entries.stop - entries.start,)
        if arrays[0].shape != shape:  # which is a copy where an axis is repeated
            arrays = [_product(arrays).reshape(shape)]
        return cls(arrays, scale, entries)

    def at(self, rows: Any) -> Any:
        """The numbers in these rows of its own."""
        found = _product(self.arrays if rows is ... else [array[rows] for array in self.arrays])
        if self.scale == 1:
            return found
        return found * self.scale if len(self.arrays) == 1 else np.multiply(found, self.scale, out=found)

    def add_to(self, sums: np.ndarray, rows: Any) -> None:
        """Add the numbers to those of the places that are its own."""
        assert self.entries is not None
        start, stop = self.entries.start, self.entries.stop
        begin = 0 if rows is ... else rows.start
        first, last = max(start, begin), min(stop, begin + sums.size)
        if first < last:
            sums[first - begin : last - begin] += self.at(slice(first - start, last - start))


def portions(slots: np.ndarray) -> Iterator[tuple[Any, Any, tuple[int, ...]]]:
    """Parts of an array of positions along its first axis: each with its slice, where it stands, and its shape.

    Positions that are evenly spaced are slices, too, which are written six times as fast.
    """
    first, step = _spacing(slots)
    count = max(1, PORTION * len(slots) // max(1, slots.size)) if slots.size > PORTION else len(slots)
    for start in range(0, len(slots), max(1, count)):
        rows = slice(start, start + count) if count < len(slots) else ...
        part = slots[rows]
        if step:
            begin = first + start * step
            yield rows, slice(begin, begin + (len(part) - 1) * step + 1, step), part.shape
        else:
            yield rows, part.astype(np.intp, copy=False), part.shape


def _spacing(slots: np.ndarray) -> tuple[int, int]:
    """The first of some positions, and how far each is from the one before; 0 if that differs."""
    if slots.ndim != 1 or slots.size < 2:
        return 0, 0
    first, step = int(slots[0]), int(slots[1]) - int(slots[0])
    even = step > 0 and int(slots[-1]) == first + step * (slots.size - 1) and bool((np.diff(slots) == step).all())
    return first, step if even else 0


def total(summands: Sequence[Summand], rows: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The sum of all in these rows, which have this shape."""
    if summands[0].entries is None:
        found: Any = summands[0].at(rows)
        for n, summand in enumerate(summands[1:]):
            part = summand.at(rows)
            found = np.add(found, part, out=found if n and found.dtype == np.result_type(found, part) else None)
            del part
        return found
    sums = np.zeros(shape, dtype)
    for summand in summands:
        summand.add_to(sums, rows)
    return sums


def _product(arrays: Sequence[np.ndarray]) -> Any:
    return arrays[0] if len(arrays) == 1 else reduce(np.multiply, arrays)
