"""Rules of functions that choose among arrays, and that remove or insert entries.

A choice is a mask of zeros and ones for each array that is chosen from; what is removed or inserted is a map.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..labels import axes_of, flatten
from ..program import Symbol
from ..registry import Call, LocalTerm, broadcast_axes, diagonal_term, factor_on, local
from ..terms import Term
from .indexing import along, axis_of, flat_term, indexing_term, picked, positions

__all__: list[str] = []

# ---- choosing among arrays -------------------------------------------------------------------------------------------


def _chosen(call: Call, position: int, arrays: Any, choice: Any) -> Iterator[LocalTerm]:
    """The terms of the entries of `arrays` of which ``choice`` is the number; -1 stands for none."""
    shape, dtype = call.result.shape, call.result.dtype
    if call.needs(position):  # one array of shape (n, ...)
        count, out = np.shape(arrays)[0], axes_of(shape)
        inp = broadcast_axes(out, np.shape(arrays)[1:])
        whole, maps = picked(count, flatten(broadcast_axes(out, choice.shape)), np.maximum(choice, 0))
        certain = not isinstance(choice, Symbol) and bool(np.all(choice >= 0))
        factors = () if certain else (factor_on(choice >= 0, broadcast_axes(out, choice.shape), dtype),)
        yield 0, position, Term(out, (whole, *inp), factors, maps)
        return
    for number, array in enumerate(arrays):
        if call.needs((position, number)):
            yield 0, (position, number), diagonal_term(shape, np.shape(array), choice == number, dtype)


@local(np.choose)
def _(call: Call, a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Iterator[LocalTerm]:
    count, choice = len(choices), positions(a)
    if mode != "raise":
        choice = choice % count if mode == "wrap" else np.clip(choice, 0, count - 1)
    yield from _chosen(call, 1, choices, choice)


@local(np.select)
def _(call: Call, condlist: Any, choicelist: Any, default: Any = 0) -> Iterator[LocalTerm]:
    choice: Any = np.full(np.broadcast_shapes(*[np.shape(condition) for condition in condlist]), -1)
    for number in reversed(range(len(condlist))):  # the first condition that holds decides
        choice = np.where(condlist[number], number, choice)
    yield from _chosen(call, 1, choicelist, choice)
    if call.needs(2):
        yield 0, 2, diagonal_term(call.result.shape, np.shape(default), choice < 0, call.result.dtype)


# ---- removing and inserting entries ----------------------------------------------------------------------------------


@local(np.delete)
def _(call: Call, arr: Any, obj: Any, axis: int | None = None) -> Iterator[LocalTerm]:
    if axis is None:
        kept = np.delete(np.arange(np.size(arr)), obj)
        yield 0, 0, flat_term(np.shape(arr), axes_of(kept.shape), kept, injective=True)
    else:
        kept = np.delete(np.arange(np.shape(arr)[axis]), obj)
        yield 0, 0, along(np.shape(arr), axis, kept, injective=True)


@local(np.trim_zeros)
def _(call: Call, filt: Any, trim: str = "fb", axis: Any = None) -> Iterator[LocalTerm]:
    found = np.nonzero(filt != 0)
    index = []
    for places, size, kept in zip(found, np.shape(filt), call.result.shape, strict=True):
        start = int(places.min()) if places.size and kept < size and "f" in trim.lower() else 0
        index.append(slice(start, start + kept))
    yield 0, 0, indexing_term(np.shape(filt), tuple(index))


@local(np.insert)
def _(call: Call, arr: Any, obj: Any, values: Any, axis: int | None = None) -> Iterator[LocalTerm]:
    shape = np.shape(arr) if axis is not None else (np.size(arr),)
    axis = 0 if axis is None else normalize_axis_index(axis, len(shape))
    size, total = shape[axis], call.result.shape[axis]
    numbers = np.insert(np.full(size, -1), obj, np.arange(total - size))  # of the new entries, -1 for the old ones
    if call.needs(0):
        yield 0, 0, _embedded(np.shape(arr), shape, axis, total, np.flatnonzero(numbers < 0))
    if call.needs(2):
        slots = np.argsort(numbers, kind="stable")[size:]
        scalar = not isinstance(obj, slice) and np.ndim(obj) == 0
        yield 0, 2, _inserted(np.shape(values), call.result.shape, axis, slots, scalar)


def _embedded(in_shape: tuple[int, ...], shape: tuple[int, ...], axis: int, total: int, slots: np.ndarray) -> Term:
    """The term of an array (raveled where `shape` says so) whose entries along `axis` go to `slots`."""
    inp = axes_of(in_shape)
    out = list(inp if len(inp) == len(shape) else (flatten(inp),))
    out[axis], maps = picked(total, out[axis], slots, injective=True)
    return Term(tuple(out), inp, maps=maps)


def _inserted(shape: tuple[int, ...], out_shape: tuple[int, ...], axis: int, slots: np.ndarray, scalar: bool) -> Term:
    """The term of inserted values, broadcast to ``slots.size`` entries along `axis` and to the other axes.

    For a scalar position NumPy inserts along the first axis of the values: ``x[:, 0, :] = values``.
    """
    out = list(axes_of(out_shape))
    padded = (1,) * (len(out_shape) - len(shape)) + shape
    if scalar:
        padded = (*padded[1 : axis + 1], padded[0], *padded[axis + 1 :])
    inp = [() if size == 1 else label for size, label in zip(padded, out, strict=True)]
    new = axis_of(slots.size)
    out[axis], maps = picked(out_shape[axis], new, slots, injective=True)
    inp[axis] = new if padded[axis] == slots.size else ()
    bound = tuple([label for label in new if label not in flatten((*out, *inp))])
    if scalar:
        inp.insert(0, inp.pop(axis))
    return Term(tuple(out), tuple(inp[len(out_shape) - len(shape) :]), maps=maps, bound=bound)
