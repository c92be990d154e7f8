"""`Recorded`: what a traced value is made of, and how to find those among the arguments of a call.

- `recorded_in(value)`: the traced values in an argument, also in lists and tuples.
- `primal(x)`: the plain numbers behind a traced value.
- `lift(value)`: nested lists and object arrays of traced scalars become one traced array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from ..arrays import settled
from ..errors import ArgumentError
from ..program import Symbol
from .levels import Level

__all__ = ["Recorded", "contains_traced", "lift", "owner_of", "primal", "recorded_in"]


class Recorded:
    """A value of a level.

    Attributes
    ----------
    level : Level
    value : ndarray or Recorded
        What it is one level below: a plain array, or a value that an earlier level traces.
    vertex : int
        Its number in the graph of its level.
    """

    __slots__ = ("level", "value", "vertex")
    plain: ClassVar[Any]
    """The class of what a function returns."""
    fixed: ClassVar[Any]
    """The class of a value that nobody writes into."""
    late: ClassVar[Any]
    """The same for a value that is computed when it is asked for."""
    waits: ClassVar[bool] = False
    """Whether it has not been asked for yet."""
    is_settled: ClassVar[bool] = False
    """Whether nobody can write into it."""
    handed_out: Any = ()
    """The memory in which others have got what an array holds that is written into."""

    def __init__(self, level: Level, value: Any, vertex: int) -> None:
        self.level = level
        self.value = value if type(value) is np.ndarray else settled(value)
        self.vertex = vertex

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> np.dtype:
        return self.value.dtype


def recorded_in(value: Any) -> Iterator[Recorded]:
    """The traced values in an argument: itself, or those in lists, tuples and object arrays."""
    if isinstance(value, Recorded):
        yield value
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from recorded_in(entry)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "O":
        for entry in value.flat:
            yield from recorded_in(entry)


def contains_traced(value: Any) -> bool:
    """Whether a value is traced, or a list, a tuple or an object array with traced values in it."""
    return next(recorded_in(value), None) is not None


def primal(x: Any) -> Any:
    """The plain array behind a traced value, of all levels, read-only; anything else as it is."""
    if not isinstance(x, Recorded):
        return x
    while isinstance(x, Recorded):
        x = x.value
    if isinstance(x, Symbol):
        return x
    view = x.view()
    view.flags.writeable = False
    return view


def owner_of(value: Any) -> Any:
    """The array that owns the memory of a value."""
    while isinstance(value, Recorded):
        value = value.value
    while (base := value.base) is not None:
        if not isinstance(base, (np.ndarray, Symbol)):
            base = getattr(base, "base", None)  # a view with strides of its own lies on an object that is no array
            if not isinstance(base, np.ndarray):
                break
        value = base
    return value


def lift(value: Any) -> Any:
    """One traced array of a list, a tuple or an object array that holds traced values; anything else as it is."""
    if isinstance(value, Recorded):
        return value
    if not contains_traced(value) and not _holds_symbols(value):
        return numbers(value) if isinstance(value, np.ndarray) and value.dtype.kind == "O" else value
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentError("np.ma", "an array", "is a MaskedArray of traced values", "Use np.where or x[mask].")
    if isinstance(value, np.ndarray):
        entries = [_entry(entry) for entry in value.flat]
        stacked: Any = np.stack(entries)  # type: ignore[arg-type]
        return stacked if value.ndim == 1 else np.reshape(stacked, value.shape)
    return np.stack([lift(entry) if isinstance(entry, (list, tuple)) else _entry(entry) for entry in value])


def numbers(objects: np.ndarray) -> np.ndarray:
    """An array of objects that are all numbers as an array of numbers, as ``np.sign(np.array([x[0], x[1]]))`` is."""
    kinds = {type(entry) for entry in objects.flat}
    if not kinds or not all([issubclass(kind, (int, float, np.number, np.bool_)) for kind in kinds]):
        return objects
    return np.array(objects.ravel().tolist()).reshape(objects.shape)


def _holds_symbols(value: Any) -> bool:
    """Whether it is an object array of what is recorded for a compiled function."""
    objects = isinstance(value, np.ndarray) and value.dtype.kind == "O"
    return objects and any([isinstance(entry, Symbol) for entry in value.flat])


def _entry(entry: Any) -> Any:
    """An entry as an array."""
    if isinstance(entry, (Recorded, Symbol)):
        return entry
    array = lift(np.asarray(entry))
    if array.dtype.kind not in "biufc":
        advice = "Arrays of traced values hold numbers."
        raise ArgumentError("array", "an entry beside traced values", f"is {entry!r}", advice)
    return array
