"""Rules of the library's own array functions, `scatter`, `embed`, `mirrored`, `written` and `filled`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import Slot, embed, mirrored, scatter, written
from ..contract import Filling, filled
from ..labels import Axis, Label, axes_of, flatten
from ..registry import Call, LocalTerm, local
from ..steps import fixed_steps
from ..terms import Map, Term
from .indexing import entry_term, indexing_term, picked

__all__: list[str] = []


@local(scatter)
def _(call: Call, values: Any, index: Any, size: int, injective: bool = False) -> Iterator[LocalTerm]:
    """Row ``values[n]`` goes to row ``index[n]``."""
    inp = axes_of(np.shape(values))
    rows, maps = picked(size, inp[0], index, injective or None)
    yield 0, 0, Term((rows, *inp[1:]), inp, maps=maps)


@local(embed)
def _(call: Call, core: Any, pattern: tuple[tuple[int, ...], ...]) -> Iterator[LocalTerm]:
    """An axis of the result is a group of axes of the core: labels only."""
    inp = axes_of(np.shape(core))
    yield 0, 0, Term(tuple([flatten(tuple([inp[axis] for axis in group])) for group in pattern]), inp)


@local(mirrored)
def _(call: Call, matrix: Any, below: Any = None, above: Any = None) -> Iterator[LocalTerm]:
    """What is symmetric stays as it is."""
    axes = axes_of(np.shape(matrix))
    yield 0, 0, Term(axes, axes)


@local(written)
def _(call: Call, array: Any, values: list[Any], slots: tuple[Slot, ...]) -> Iterator[LocalTerm]:
    """The array where nothing is written, and each value where it is written."""
    shape = np.shape(array)
    if call.needs(0):
        kept = np.ones(shape, bool)
        for slot in slots:
            slot.put(kept, False)
        yield 0, 0, _kept(shape, kept)
    for n, (value, slot) in enumerate(zip(values, slots, strict=True)):
        if not call.needs((1, n)):
            continue
        if slot.positions is not None:
            term = _some(shape, np.shape(value), slot)
        elif slot.is_entry:
            term = _entry(shape, slot.index if type(slot.index) is tuple else (slot.index,))
        else:
            term = _block(indexing_term(shape, slot.index).T, np.shape(value))
        yield 0, (1, n), term


@lru_cache(maxsize=16384)
def _entry(shape: tuple[int, ...], index: tuple[int, ...]) -> Term:
    """The term of a number that is written into one entry."""
    return entry_term(shape, index).T


def _block(term: Term, shape: tuple[int, ...]) -> Term:
    """The term of a whole slot, for a value of another shape that is broadcast to it."""
    inp = term.inp[len(term.inp) - len(shape) :]
    inp = tuple([() if size == 1 else axis for size, axis in zip(shape, inp, strict=True)])
    free = {*flatten(term.out), *flatten(inp)}
    bound = tuple(dict.fromkeys([label for label in flatten(term.inp) if label not in free]))
    return Term(term.out, inp, maps=term.maps, bound=bound)


def _some(shape: tuple[int, ...], value: tuple[int, ...], slot: Slot) -> Term:
    """The term of some entries of a value: a list of pairs of positions."""
    out, inp = axes_of(shape), axes_of(value)
    places = np.broadcast_to(np.arange(int(np.prod(value))).reshape(value), slot.shape).ravel()[slot.places]
    pairs = _axis(slot.positions.size)
    maps = (*_at(flatten(out), pairs, slot.positions, True), *_at(flatten(inp), pairs, places))
    return Term(out, inp, maps=maps, bound=pairs)


def _kept(shape: tuple[int, ...], kept: np.ndarray) -> Term:
    """The term of an array of which some entries are left; along axes that tell nothing about it, a delta."""
    axes = axes_of(shape)
    telling = [n for n, size in enumerate(shape) if size > 1 and bool((kept != kept.take([0], n)).any())]
    if not kept.any():
        return Term(axes, axes, scale=0.0)
    if not telling:
        return Term(axes, axes)
    if len(telling) == 1:
        (n,) = telling
        positions = np.flatnonzero(kept[tuple([slice(None) if axis == n else 0 for axis in range(len(shape))])])
        out, inp = axes[n], axes_of((shape[n],))[0]
        inputs = (*axes[:n], inp, *axes[n + 1 :])
    else:
        positions = np.flatnonzero(kept)
        out, inputs = flatten(axes), axes_of(shape)
        inp = flatten(inputs)
    pairs = _axis(positions.size)
    maps = (*_at(out, pairs, positions, True), *_at(inp, pairs, positions, True))
    return Term(axes, inputs, maps=maps, bound=pairs)


def _axis(size: int) -> tuple[Label, ...]:
    return axes_of((size,))[0]


def _at(group: Axis, pairs: Axis, positions: np.ndarray, injective: bool | None = None) -> tuple[Map, ...]:
    return (Map.of(group, pairs, positions, injective),) if group else ()


def _filled_terms(call: Call, filling: Filling, *arrays: Any) -> Iterator[LocalTerm]:
    for n, (pattern, sign) in enumerate(zip(filling.patterns, filling.signs, strict=True)):
        if call.needs(n + 1):
            (group,) = pattern.groups
            bound = tuple([label for label in pattern.bound if label not in group])
            out, inp = pattern.out + pattern.inp, tuple([(label,) for label in group])
            yield 0, n + 1, Term(out, inp, (), pattern.maps, bound, float(sign))


@local(filled, steps=lambda call, args, kwargs: fixed_steps(_filled_terms(call, *args), call.needed))
def _filled(call: Call, filling: Filling, *arrays: Any) -> Iterator[LocalTerm]:
    return _filled_terms(call, filling, *arrays)
