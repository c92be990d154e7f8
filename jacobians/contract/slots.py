"""A sum of products for the places of an array, some thousands of them at a time.

- `portions(slots)`: the places in parts, and which rows of all of them each part is.
- `Spaced`: places that are evenly spaced; `Together` writes several of these at a time.
- `Summand`: a product of arrays and a number, for all places or for those of a slice.
- `total(summands, rows, shape, dtype)`: the sum at the places of a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Spaced", "Summand", "Together", "portions", "total"]

PORTION = 4096
"""Numbers that are written at a time."""

LARGE = 2**20
"""Bytes of the numbers of a matrix from which on it is no matter of the processor's cache."""

TOGETHER = 8
"""Lanes that are written together: numbers in what a processor takes from memory at once."""

SHARE = 3
"""Parts of the numbers of a matrix of which lanes that wait for each other hold no more memory than about one."""


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


def portions(slots: np.ndarray) -> Iterator[tuple[Any, np.ndarray]]:
    """Parts of an array of positions along its first axis, each with its slice."""
    if slots.size <= PORTION:
        yield ..., slots.astype(np.intp, copy=False)
        return
    count = max(1, PORTION * len(slots) // slots.size)
    for start in range(0, len(slots), count):
        rows = slice(start, start + count)
        yield rows, slots[rows].astype(np.intp, copy=False)


class Spaced(NamedTuple):
    """Evenly spaced positions: a slice is written several times as fast as an array of positions."""

    first: int
    step: int
    size: int

    @classmethod
    def of(cls, slots: np.ndarray) -> Spaced | None:
        """The same positions; None where they are not one axis, or not evenly spaced."""
        if slots.ndim != 1 or slots.size < 2:
            return None
        first, step = int(slots[0]), int(slots[1]) - int(slots[0])
        if step <= 0 or int(slots[-1]) != first + step * (slots.size - 1) or not (np.diff(slots) == step).all():
            return None
        return cls(first, step, slots.size)

    def part(self, start: int, stop: int) -> slice:
        """Where some of them are, by their numbers."""
        return slice(self.first + start * self.step, self.first + (stop - 1) * self.step + 1, self.step)


def total(summands: Sequence[Summand], rows: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The sum of all in these rows, which have this shape."""
    if summands[0].entries is None:
        found: Any = summands[0].at(rows)
        for n, summand in enumerate(summands[1:]):
            part = summand.at(rows)
            is_ours = n and isinstance(found, np.ndarray) and found.dtype == np.result_type(found, part)
            found = np.add(found, part, out=found if is_ours else None)
            del part
        return found
    sums = np.zeros(shape, dtype)
    for summand in summands:
        summand.add_to(sums, rows)
    return sums


class Together:
    """Numbers and columns for evenly spaced places of a matrix, some lanes of which are written at a time.

    Neighbouring places belong to neighbouring lanes. Each by itself would go through all memory of the matrix, though
    eight numbers at once come from there: 28 lanes of 31,843 numbers 35 against 20 ms.
    """

    def __init__(self, data: np.ndarray, indices: np.ndarray) -> None:
        self.data, self.indices, self.held = data, indices, 0
        self.waiting: list[tuple[Spaced, np.ndarray, list[Summand]]] = []

    def pays_for(self, slots: np.ndarray) -> bool:
        """Whether a matrix is so large, and has so many lanes, that one beside others is worth waiting for."""
        return self.data.nbytes > LARGE and slots.size * TOGETHER <= self.data.size

    def add(self, spaced: Spaced, columns: np.ndarray, summands: list[Summand], nbytes: int) -> None:
        """A lane with its columns, what its numbers are the sum of, and the memory that was made for both."""
        self.waiting.append((spaced, columns, summands))
        self.held += nbytes
        if len(self.waiting) == TOGETHER or self.held * SHARE > self.data.nbytes:
            self.write()

    def write(self) -> None:
        """Write the lanes that wait."""
        for start in range(0, max([spaced.size for spaced, _, _ in self.waiting], default=0), PORTION):
            for spaced, columns, summands in self.waiting:
                stop = min(start + PORTION, spaced.size)
                if start < stop:
                    where, rows = spaced.part(start, stop), slice(start, stop)
                    self.indices[where] = columns[rows]
                    self.data[where] = total(summands, rows, (stop - start,), self.data.dtype)
        self.waiting, self.held = [], 0


def _product(arrays: Sequence[np.ndarray]) -> Any:
    return arrays[0] if len(arrays) == 1 else reduce(np.multiply, arrays)
