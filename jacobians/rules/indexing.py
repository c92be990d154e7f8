"""Rules of indexing, and the terms that all functions share which pick entries by position.

- `indexing_term(shape, index)` is the local Jacobian of ``x[index]`` for every index that NumPy takes.
- `along(shape, axis, index)` picks positions of one axis, as ``np.take`` does; `flat_term` picks flat positions.
- `window(size, part, start, step)` names the axis of which another axis is a slice; `picked(size, src, index)` the axis
  of which another group picks positions. Both return the axis and the maps that say so, none where it is the same.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..labels import Axes, Axis, axes_of, flatten, size_of
from ..program import Symbol
from ..registry import Call, LocalTerm, local
from ..steps import TOLD, Step, Steps, fixed_steps
from ..terms import Affine, Map, Pattern, Term, pattern_of

__all__ = ["along", "axis_of", "entry_term", "flat_term", "indexing_term", "picked", "window"]

Picked = tuple[Axis, tuple[Map, ...]]


def axis_of(size: int) -> Axis:
    """A fresh axis."""
    return axes_of((size,))[0]


def window(size: int, part: Axis, start: int, step: int = 1) -> Picked:
    """The axis of `size` positions of which `part` are those from `start` on, every `step`-th."""
    count = size_of(part)
    if count == size and (size <= 1 or (start == 0 and step == 1)):
        return part, ()
    whole = axis_of(size)
    return whole, (Map(whole, part, Affine(start, step if part else 1)),) if whole and count else ()


def picked(size: int, src: Axis, index: Any, injective: bool | None = None) -> Picked:
    """The axis of `size` positions of which the entry at `src` is ``index[src]`` (never negative)."""
    whole = axis_of(size)
    if not whole or size_of(src) == 0:
        return whole, ()
    relation = Map.of(whole, src, index, injective)
    return (src, ()) if relation.is_identity else (whole, (relation,))


def positions(index: Any) -> Any:
    """A copy of an index array, because its owner may change it; nobody changes a recorded one."""
    return index if isinstance(index, Symbol) else np.array(index, dtype=np.intp)


def counted_from_start(index: Any, size: int) -> Any:
    """A copy of an index array, negative positions counted from the start; a copy, because its owner may change it."""
    if isinstance(index, Symbol):
        return np.where(index < 0, index + size, index)
    index = np.array(index, dtype=np.intp)
    index[index < 0] += size
    return index


def flat_term(shape: tuple[int, ...], out: Axes, index: Any, injective: bool | None = None) -> Term:
    """The term of ``y.ravel() == x.ravel()[index]``."""
    inp = axes_of(shape)
    group = flatten(inp)
    if not group or size_of(flatten(out)) == 0:
        return Term(out, inp)
    return Term(out, inp, maps=(Map.of(group, flatten(out), index, injective),))


def along(shape: tuple[int, ...], axis: int, index: Any, injective: bool | None = None) -> Term:
    """The term that takes an array of positions (not negative) of one axis; the others keep their labels."""
    axis = normalize_axis_index(axis, len(shape))
    inp, group = axes_of(shape), axes_of(np.shape(index))
    whole, maps = picked(shape[axis], flatten(group), index, injective)
    return Term((*inp[:axis], *group, *inp[axis + 1 :]), (*inp[:axis], whole, *inp[axis + 1 :]), maps=maps)


def indexing_term(shape: tuple[int, ...], index: Any) -> Term:
    """The local Jacobian of ``y = x[index]`` in `x`.

    Parameters
    ----------
    shape : tuple of int
        Of `x`.
    index : int, slice, Ellipsis, None, array or list of integers or booleans, or a tuple of these
        An index that NumPy accepts for this shape.

    Examples
    --------
    >>> indexing_term((4, 5), (slice(None), 2))
    J[i | i j] = {j = 2}
    >>> indexing_term((4, 5), (slice(1, 3), None))
    J[i 1 j | k j] = {k = 1 + i}
    """
    if type(index) is slice and _is_fixed(index):
        return _by_position(shape, ((index.start, index.stop, index.step),))
    key: list[Any] = []
    for part in index if type(index) is tuple else (index,):
        if type(part) is slice and _is_fixed(part):
            key.append((part.start, part.stop, part.step))
        elif type(part) is np.ndarray and part.nbytes <= _FEW_BYTES and part.dtype.kind in "ib":
            key.append((part.tobytes(), part.dtype, part.shape, None))
        elif type(part) in _POSITIONS:
            key.append(part)
        else:
            return _indexing_term(shape, index)
    return _by_position(shape, tuple(key))


_POSITIONS = (int, type(None), type(Ellipsis))
_ENDS = (int, type(None))
_FEW_BYTES = 512
"""Bytes of an index array of which the term is kept."""


def _is_fixed(part: slice) -> bool:
    return type(part.start) in _ENDS and type(part.stop) in _ENDS and type(part.step) in _ENDS


@lru_cache(maxsize=8192)
def _by_position(shape: tuple[int, ...], key: tuple[Any, ...]) -> Term:
    """The term of integers, slices and the bytes of arrays, which depends on nothing else."""
    index = tuple([_part_of(part) if type(part) is tuple else part for part in key])
    term = _indexing_term(shape, index)
    pattern = pattern_of(term)
    return term if pattern is None else pattern.term((), term.scale)


def _part_of(key: tuple[Any, ...]) -> Any:
    if len(key) == 3:
        return slice(*key)
    memory, dtype, shape, _ = key
    return np.frombuffer(memory, dtype).reshape(shape)


def _indexing_term(shape: tuple[int, ...], index: Any) -> Term:
    """The same for every index."""
    items: list[Any] = _items(shape, index)
    arrays = [item for item in items if _is_array(item)]
    group: Axes = ()
    if arrays:  # beside an array, an integer is an array too
        items = [np.array(item) if isinstance(item, int) else item for item in items]
        group = axes_of(np.broadcast_shapes(*[_broadcast_shape(item) for item in arrays]))

    out: list[Axis] = []
    inp: list[Axis] = []
    maps: list[Map] = []
    at: list[int] = []  # where in `items` the arrays are
    place = 0  # where in `out` their axes go
    for number, item in enumerate(items):
        if _is_array(item):
            place = place if at else len(out)
            at.append(number)
            axes, more = _by_array(shape[len(inp) : len(inp) + _consumed(item)], group, item)
        elif item is None:
            axes, more = (), ()
            out.append(())
        elif item is Ellipsis:
            continue
        else:
            part, *axes, more = _by_slice(shape[len(inp)], item)
            out += part
        inp += axes
        maps += more
    if at and at[-1] - at[0] > len(at) - 1:  # arrays that something separates yield the first axes
        place = 0
    out[place:place] = group
    empty = any(label.size == 0 for label in flatten((*out, *inp)))
    return Term(tuple(out), tuple(inp), maps=() if empty else tuple(maps))


def _items(shape: tuple[int, ...], index: Any) -> list[Any]:
    """The index as a list of None, int, slice, Ellipsis and arrays; the axes that it leaves out become full slices."""
    items = [_item(item) for item in (index if isinstance(index, tuple) else (index,))]
    rest = [slice(None)] * (len(shape) - sum(_consumed(item) for item in items))
    at = next((number for number, item in enumerate(items) if item is Ellipsis), len(items))
    return items[: at + 1] + rest + items[at + 1 :]  # an Ellipsis separates arrays even where it stands for no axis


def _item(item: Any) -> Any:
    if item is None or item is Ellipsis or isinstance(item, (slice, Symbol)) or type(item) is int:
        return item
    if not isinstance(item, (bool, np.bool_, np.ndarray)) and hasattr(item, "__index__"):
        return operator.index(item)
    array = np.array(item)  # a copy, because its owner may change it
    if array.dtype == bool:
        return array
    return int(array) if array.ndim == 0 else array.astype(np.intp, copy=False)


def _is_array(item: Any) -> bool:
    return isinstance(item, (np.ndarray, Symbol))


def _consumed(item: Any) -> int:
    """How many axes of the array an item takes."""
    if item is None or item is Ellipsis:
        return 0
    return item.ndim if _is_array(item) and item.dtype == bool else 1


def _broadcast_shape(item: np.ndarray) -> tuple[int, ...]:
    return (int(np.count_nonzero(item)),) if item.dtype == bool else item.shape


def _by_slice(size: int, item: int | slice) -> tuple[list[Axis], Axis, tuple[Map, ...]]:
    """The result axes (one or none), the operand axis, and the maps of an integer or a slice."""
    if isinstance(item, int):
        return [], *window(size, (), item % size if size else 0)
    steps = range(*item.indices(size))
    part = axis_of(len(steps))
    return [part], *window(size, part, steps.start, steps.step)


def _by_array(sizes: tuple[int, ...], group: Axes, item: np.ndarray) -> tuple[Axes, tuple[Map, ...]]:
    """The operand axes that an index array picks from, as a function of the labels along which it varies."""
    if item.dtype == bool:
        inp = axes_of(sizes)
        positions, dst = np.flatnonzero(item), flatten(inp)
        src = group[-1] if positions.size != 1 else ()
        return inp, (Map.of(dst, src, positions, True),) if dst and positions.size else ()
    aligned = group[len(group) - item.ndim :]
    src = tuple([label for size, axis in zip(item.shape, aligned, strict=True) if size != 1 for label in axis])
    (size,) = sizes
    whole, maps = picked(size, src, counted_from_start(item, size))
    return (whole,), maps


def _entry_steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
    """Asked for few kinds of indices, see `tracing`; those of integers hold for all integers."""
    shape, index = np.shape(args[0]), args[1]
    if type(index) is np.ndarray:
        return Steps((Step(0, None, TOLD, lambda x, index: indexing_term(shape, index)),))
    if type(index) is slice or (type(index) is tuple and not all([type(item) is int for item in index])):
        return fixed_steps([(0, 0, indexing_term(shape, index))], call.needed)
    first = _first(shape, 1 if type(index) is int else len(index))
    if first is None:
        return None
    if type(index) is int:
        return Steps((Step(0, None, TOLD, partial(_entry_of, first, shape[0])),))
    return Steps((Step(0, None, TOLD, lambda x, index: entry_term(shape, index)),))


def _entry_of(first: Pattern, size: int, _: Any, index: int) -> Term:
    return first.at((index % size,) if size > 1 else ()).term(())


@local(operator.getitem, steps=_entry_steps)
def _(call: Call, x: Any, index: Any) -> list[LocalTerm]:
    items = index if type(index) is tuple else (index,)
    for item in items:
        if type(item) is not int:
            return [(0, 0, indexing_term(x.shape, index))]
    return [(0, 0, entry_term(x.shape, items))]


def entry_term(shape: tuple[int, ...], index: tuple[int, ...]) -> Term:
    """The term of integers for the first axes; of one entry, if they are as many as the axes."""
    starts = tuple([n % size for n, size in zip(index, shape, strict=False) if size > 1])
    first = _first(shape, len(index))
    return indexing_term(shape, index) if first is None else first.at(starts).term(())


@lru_cache(maxsize=4096)
def _first(shape: tuple[int, ...], count: int) -> Pattern | None:
    """The pattern of zeros for the first axes; None where an axis is empty, and no map tells anything."""
    return pattern_of(_indexing_term(shape, (0,) * count)) if all(shape) else None


@local(np.take)
def _(
    call: Call, a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Iterator[LocalTerm]:
    axis = axis if np.ndim(a) else None  # a number has one entry along any
    size = np.size(a) if axis is None else np.shape(a)[axis]
    if mode == "wrap":
        index = positions(indices) % max(size, 1)
    elif mode == "clip":
        index = np.clip(positions(indices), 0, max(size - 1, 0))
    else:
        index = counted_from_start(indices, size)
    if axis is None:
        yield 0, 0, flat_term(np.shape(a), axes_of(index.shape), index)
    else:
        yield 0, 0, along(np.shape(a), axis, index)


@local(np.take_along_axis)
def _(call: Call, arr: Any, indices: Any, axis: int | None = -1) -> Iterator[LocalTerm]:
    if axis is None:
        size = np.size(arr)
        yield 0, 0, flat_term(np.shape(arr), axes_of(np.shape(indices)), counted_from_start(indices, size))
    else:
        yield 0, 0, taken_along(np.shape(arr), call.result.shape, indices, axis)


def taken_along(shape: tuple[int, ...], out_shape: tuple[int, ...], indices: Any, axis: int) -> Term:
    """The term of ``np.take_along_axis``: a position along `axis` for each entry, the other axes broadcast."""
    axis = normalize_axis_index(axis, len(shape))
    out = axes_of(out_shape)
    inp = [() if size == 1 else label for size, label in zip(shape, out, strict=True)]
    src = tuple([label for size, labels in zip(np.shape(indices), out, strict=True) if size != 1 for label in labels])
    if size_of(flatten(out)) == 0:
        inp[axis], maps = axis_of(shape[axis]), ()
    else:
        inp[axis], maps = picked(shape[axis], src, counted_from_start(indices, shape[axis]))
    return Term(out, tuple(inp), maps=maps)


@local(np.compress)
def _(call: Call, condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Iterator[LocalTerm]:
    if call.needs(1):
        index = np.flatnonzero(condition)
        if axis is None:
            yield 0, 1, flat_term(np.shape(a), axes_of(index.shape), index, injective=True)
        else:
            yield 0, 1, along(np.shape(a), axis, index, injective=True)


@local(np.extract)
def _(call: Call, condition: Any, arr: Any) -> Iterator[LocalTerm]:
    if call.needs(1):
        index = np.flatnonzero(condition)
        yield 0, 1, flat_term(np.shape(arr), axes_of(index.shape), index, injective=True)
