"""What has been written into an array: a list of writes, of which the last one at each entry counts.

``z[i] = v`` costs as much as its slot, however large z is: the write is noted, and so is, for every entry of z, which
written number stands there. Reading a slot goes to what was written there; reading the whole makes one vertex, whose
edges come from the values written since, and from the array as it was before where an entry of it is left.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np

from ..arrays import Slot, settled, written
from ..errors import EscapedTraceError, WriteError
from ..methods import check_cast
from ..program import Symbol
from .dispatch import check_current
from .levels import Level
from .recorded import Recorded, lift

__all__ = ["Steps", "Writes", "apply_steps", "is_basic", "is_entry", "moved", "of_level", "writable"]

Steps = tuple[tuple[Any, tuple[Any, ...], dict[str, Any]], ...]
"""The calls that lead from an array to a view of it, without their first argument."""


def apply_steps(array: Any, steps: Steps) -> Any:
    """The view of an array that the steps lead to."""
    for function, args, kwargs in steps:
        array = function(array, *args, **kwargs)
        if isinstance(array, Recorded):
            array = settled(array)  # of what lies in its memory, nothing but this is asked
    return array


def of_level(level: Level, value: Any) -> Any:
    """A value as one of a level that nobody writes into; what is of no level or of a lower one is a constant."""
    if isinstance(value, Recorded) and value.level is level:
        return settled(value)
    make: Any = Recorded.fixed
    return make(level, value, level.graph.add_vertex(np.shape(value), value.dtype))


def moved(value: Any) -> Any:
    """The same value in memory of its own."""
    if isinstance(value, Recorded):
        make: Any = Recorded.fixed
        return make(value.level, moved(value.value), value.vertex)
    return np.copy(value)


def writable(given: Any, dtype: np.dtype) -> Any:
    """A value as it is written into an array of this dtype: it will not change."""
    if type(given) is Recorded.plain and given.dtype == dtype and given.level.open and given.level.overwritten is None:
        return given.settled()  # the usual case, at once
    value: Any = lift(given)
    if isinstance(value, Recorded):
        if not value.level.open:
            raise EscapedTraceError("assignment", value.shape)
        check_current("assignment", value)
    elif not isinstance(value, Symbol):
        value = np.asarray(value)
        check_cast("assignment", value.dtype, dtype)
        return np.array(value, dtype)
    check_cast("assignment", value.dtype, dtype)
    return settled(value if value.dtype == dtype else np.astype(value, dtype))  # type: ignore[arg-type]


def is_entry(index: Any) -> bool:
    """Whether an index is made of integers alone."""
    return _is_integer(index) or (type(index) is tuple and all([_is_integer(item) for item in index]))


def _is_integer(item: Any) -> bool:
    return type(item) is int or isinstance(item, np.integer)


def is_basic(index: Any) -> bool:
    """Whether NumPy makes a view with an index: it holds nothing but integers, slices, None and an Ellipsis."""
    if type(index) in (slice, int):
        return True
    items = index if type(index) is tuple else (index,)
    basic = (int, slice, type(None), type(Ellipsis), np.integer)
    return all([isinstance(item, basic) and not isinstance(item, (bool, np.bool_)) for item in items])


class Writes:
    """The content of an array that is written into.

    Parameters
    ----------
    base : array or Recorded
        What it held first. It must not change, and is a constant where it is not of the level of the array.

    Attributes
    ----------
    version : int
        How often it has been written into.
    is_own : bool
        Whether the base lies in memory of its own, not in that of a value that was written.
    seen : list
        The memory that has been handed out since the last write: other arrays may lie in it.
    whole_seen : Recorded or None
        The base, if it has been handed out as it is since then.
    """

    __slots__ = (
        *("_entries", "_shapes", "_slots", "_starts", "_total", "_values"),
        *("base", "is_own", "seen", "version", "whole_seen"),
    )

    def __init__(self, base: Any) -> None:
        self.base = base
        self.version = 1
        self.is_own = True
        self.seen: list[Any] = []
        self.whole_seen: Any = None
        self._forget()

    def _forget(self) -> None:
        self._entries: np.ndarray | None = None  # which written entry stands there, counted over all writes; or -1
        self._values: list[Any] = []
        self._slots: list[Slot | None] = []  # None where only the entries tell the positions
        self._shapes: list[tuple[int, ...]] = []
        self._starts: list[int] = []
        self._total = 0

    @property
    def pending(self) -> int:
        """How many writes there are that have not become part of the base."""
        return len(self._values)

    def entries(self) -> np.ndarray:
        """For every entry of the array, in an array that lies in memory like it, which written number it holds."""
        if self._entries is None:
            bottom = self.base
            while isinstance(bottom, Recorded):
                bottom = bottom.value
            like = bottom if isinstance(bottom, np.ndarray) else np.broadcast_to(0, np.shape(bottom))
            self._entries = np.empty_like(like, dtype=np.intp, order="K", subok=False)
            self._entries.fill(-1)
        return self._entries

    def write(self, steps: Steps, index: Any, value: Any, fresh: bool) -> None:
        """Write a value of the right dtype that will not change into ``view[index]``.

        A fresh value lies in memory that nothing else does.
        """
        self.whole_seen = None
        if not steps and index is Ellipsis and np.shape(value) == np.shape(self.base):
            self._forget()
            self.base, self.is_own = value, fresh
            self.version += 1
            return
        view = apply_steps(self.entries(), steps)
        if steps and view.size and not np.may_share_memory(view, self.entries()):
            raise WriteError(view.shape)  # a copy, of which nothing arrives here
        start = self._total
        if value.ndim == 0 and is_entry(index) and (len(index) if type(index) is tuple else 1) == view.ndim:
            view[index] = start
            count, shape = 1, ()
        else:
            part = np.asarray(view[index])
            count, shape = part.size, part.shape
            value = _fitting(value, shape)
            view[index] = np.arange(start, start + count).reshape(shape)
        self._values.append(value)
        self._slots.append(None if steps else Slot.of(index, shape))
        self._shapes.append(shape)
        self._starts.append(start)
        self._total += count
        self.version += 1

    def holds_already(self, steps: Steps, index: Any, source: Steps) -> bool:
        """Whether ``view[index]`` is the part of the array that other steps lead to, as after ``y[i] += v``."""
        if not is_basic(index):
            return False
        ours, theirs = apply_steps(self.entries(), steps)[index], apply_steps(self.entries(), source)
        if type(ours) is not np.ndarray or ours.shape != theirs.shape or ours.strides != theirs.strides:
            return False
        return ours.__array_interface__["data"] == theirs.__array_interface__["data"]

    def read(self, steps: Steps) -> Any:
        """The values of a view, or of an entry."""
        if not self._values:
            return apply_steps(self.base, steps)
        part = apply_steps(self.entries(), steps)
        if type(part) is not np.ndarray or part.ndim == 0:
            number = int(part)
            if number < 0:
                return apply_steps(self.base, steps)
            return self._entry(number)
        numbers = part.ravel()
        if numbers.size == 0 or int(numbers.max()) < 0:
            return apply_steps(self.base, steps)
        first = int(numbers[0])
        if first >= 0:
            n = bisect_right(self._starts, first) - 1
            start, end = self._starts[n], self._end(n)
            if int(numbers.min()) >= start and int(numbers.max()) < end:
                return self._of_one(n, part - start)
        if 4 * numbers.size <= self._entries.size:  # type: ignore[union-attr]
            return self._of_several(part, steps)
        return apply_steps(self.whole(), steps)

    def _end(self, n: int) -> int:
        return self._starts[n + 1] if n + 1 < len(self._starts) else self._total

    def _entry(self, number: int) -> Any:
        n = bisect_right(self._starts, number) - 1
        value, start = self._values[n], self._starts[n]
        if np.ndim(value) == 0:
            return value
        sizes = np.shape(value)
        place = np.unravel_index(number - start, self._shapes[n])[len(self._shapes[n]) - len(sizes) :]
        return value[tuple([int(k) if size > 1 else 0 for k, size in zip(place, sizes, strict=True)])]

    def _of_one(self, n: int, places: np.ndarray) -> Any:
        """Entries of one written value."""
        shape = self._shapes[n]
        value = self._values[n]
        if np.shape(value) != shape:
            value = settled(np.broadcast_to(value, shape))
        count = self._end(n) - self._starts[n]
        if places.size == count and bool((places.ravel() == np.arange(count)).all()):
            return value if places.shape == shape else np.reshape(value, places.shape)
        return settled(np.reshape(value, (-1,)))[places]

    def _of_several(self, part: np.ndarray, steps: Steps) -> Any:
        """A few entries, from the values that hold them."""
        before: Any = apply_steps(self.base, steps) if int(part.min()) < 0 else None
        numbers = part.ravel()
        pieces: list[Any] = []
        order: list[np.ndarray] = []
        writers = np.where(numbers < 0, -1, np.searchsorted(self._starts, numbers, side="right") - 1)
        for n in dict.fromkeys(writers.tolist()):
            at = np.flatnonzero(writers == n)
            order.append(at)
            if n < 0:
                pieces.append(np.reshape(before, (-1,))[at])
            else:
                pieces.append(np.reshape(self._of_one(n, numbers[at] - self._starts[n]), (at.size,)))
        joined = np.concatenate(pieces)
        back = np.argsort(np.concatenate(order))
        return np.reshape(joined if bool((np.diff(back) == 1).all()) else joined[back], part.shape)

    def whole(self) -> Any:
        """The array as one value, which is the base from now on."""
        if self._values:
            values, slots, covered = self._left()
            base = self.base
            if covered:  # nothing of it is left: it is only asked for its shape and dtype
                while isinstance(base, Recorded):
                    base = base.value
            base = written(base, values, tuple(slots))
            self._forget()
            self.base, self.is_own = base, True
        return self.base

    def _left(self) -> tuple[list[Any], list[Slot], bool]:
        """The values of which something is left, where it stands, and whether nothing of the base is left."""
        flat = self.entries().ravel()
        where = np.flatnonzero(flat >= 0)
        if where.size == self._total and None not in self._slots:  # nothing has been written over
            return self._values, self._slots, where.size == flat.size  # type: ignore[return-value]
        numbers = flat[where]
        order = np.argsort(numbers, kind="stable")
        where, numbers = where[order], numbers[order]
        ends = [*self._starts[1:], self._total]
        cuts = np.searchsorted(numbers, [0, *ends])
        values, slots = [], []
        for n, (value, start, end) in enumerate(zip(self._values, self._starts, ends, strict=True)):
            low, high = cuts[n], cuts[n + 1]
            if low == high:
                continue
            slot = self._slots[n]
            if slot is None or high - low < end - start:
                slot = Slot(None, self._shapes[n], where[low:high], numbers[low:high] - start)
            values.append(value)
            slots.append(slot)
        return values, slots, where.size == flat.size


def _fitting(value: Any, shape: tuple[int, ...]) -> Any:
    """A value that broadcasts to a shape; like NumPy it may have more axes of size 1 in front."""
    found = np.shape(value)
    if found == shape or not found:
        return value
    while len(found) > len(shape) and found[0] == 1:
        value, found = np.reshape(value, found[1:]), found[1:]
    fits = len(found) <= len(shape) and all(
        [size in (1, wanted) for size, wanted in zip(found[::-1], shape[::-1], strict=False)]
    )
    if not fits:
        raise ValueError(f"could not broadcast input array from shape {np.shape(value)} into shape {shape}")
    return value
