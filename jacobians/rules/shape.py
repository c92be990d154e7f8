"""Rules of functions that change the shape of an array, or where its entries stand.

An axis that a function leaves alone keeps its label in `out` and `inp`. Reshaping regroups labels, broadcasting adds
labels to `out`, transposing reorders axes; flips and shifts are affine maps of one axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..errors import UnsupportedFunctionError
from ..labels import Axis, apply_axes, axes_of, flatten, size_of, unify
from ..registry import Call, LocalTerm, diagonal_term, function_name, local
from ..terms import Affine, Map, Term
from .computing import reshaped
from .indexing import along, axis_of, flat_term, picked, window
from .structural import structural

__all__ = ["reshape_term"]

Shape = tuple[int, ...]

# ---- regrouping ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def reshape_term(shape: Shape, out_shape: Shape, order: str = "C") -> Term:
    """The term of a reshape, a regrouping of labels.

    Groups without a common refinement (2 x 3 against 3 x 2) are tied by a map between their flat positions. The order
    "F" regroups from the first axis to the last.

    Examples
    --------
    >>> reshape_term((3, 4), (6, 2))
    J[(i j) k | i (j k)] = 1
    """
    inp, out = axes_of(shape), axes_of(out_shape)
    if 0 in shape:
        return Term(out, inp)
    turn = slice(None, None, -1 if order == "F" else 1)
    substitution, joints = unify((flatten(inp[turn]),), (flatten(out[turn]),))
    maps = tuple([Map(dst, src, Affine(0, 1)) for dst, src in joints])
    return Term(apply_axes(substitution, out), apply_axes(substitution, inp), maps=maps)


def _regrouped(function: Any, a: Any, out_shape: Shape, order: str | None) -> Term:
    if order is None or order in "CF":
        return reshape_term(np.shape(a), out_shape, order or "C")
    while hasattr(a, "vertex"):  # traced by an outer derivative: the plain array behind it tells its memory layout
        a = a.value
    if not isinstance(a, np.ndarray):
        raise UnsupportedFunctionError(function_name(function), f"for order={order!r} in a compiled function")
    if order == "A":
        return reshape_term(a.shape, out_shape, "F" if a.flags.fnc else "C")
    positions = np.empty_like(a, dtype=np.intp, order="K", subok=False)
    positions[...] = np.arange(a.size).reshape(a.shape)
    return flat_term(a.shape, axes_of(out_shape), np.ravel(positions, "K"), injective=True)


def _follows_memory(a: Any, *args: Any, **kwargs: Any) -> bool:
    """Whether the order of entries is that in memory."""
    return any([word in ("A", "K") for word in (*args, *kwargs.values()) if type(word) is str])


@local(np.reshape, compute=reshaped)
@partial(structural, unless=_follows_memory)
def _(call: Call, a: Any, shape: Any = None, order: str = "C", **_: Any) -> Iterator[LocalTerm]:
    yield 0, 0, _regrouped(np.reshape, a, call.result.shape, order)


@local(np.ravel)
@partial(structural, unless=_follows_memory)
def _(call: Call, a: Any, order: str = "C") -> Iterator[LocalTerm]:
    yield 0, 0, _regrouped(np.ravel, a, call.result.shape, order)


def _same_entries(call: Call, a: Any, *_: Any, **__: Any) -> Iterator[LocalTerm]:
    """Axes of size 1 come and go; nothing else happens."""
    yield 0, 0, reshape_term(np.shape(a), call.result.shape)


def _same_entries_each(call: Call, *arrays: Any) -> Iterator[LocalTerm]:
    results = call.result if len(arrays) > 1 else (call.result,)
    for number, (array, result) in enumerate(zip(arrays, results, strict=True)):
        if call.needs(number):
            yield number, number, reshape_term(np.shape(array), result.shape)


def _same_numbers(call: Call, a: Any, *_: Any, **__: Any) -> Iterator[LocalTerm]:
    """A copy or a change of precision; what becomes integers is constant almost everywhere."""
    if call.result.dtype.kind in "fc":
        yield 0, 0, reshape_term(np.shape(a), call.result.shape)


for _function in (np.squeeze, np.expand_dims):
    local(_function)(structural(_same_entries))
for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    local(_function)(_same_entries_each)
for _function in (np.copy, np.astype):
    local(_function)(_same_numbers)

# ---- order of the axes -----------------------------------------------------------------------------------------------


def _transposing(function: Any) -> None:
    """State a function that only reorders axes; the shape of an empty array of sizes 0, 1, 2, ... tells the order."""

    @local(function)
    @structural
    def _(call: Call, a: Any, *args: Any, **kwargs: Any) -> Iterator[LocalTerm]:
        inp = axes_of(np.shape(a))
        order = function(np.empty(tuple(range(len(inp)))), *args, **kwargs).shape
        yield 0, 0, Term(tuple([inp[axis] for axis in order]), inp)


for _function in (np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.matrix_transpose, np.linalg.matrix_transpose):
    _transposing(_function)

# ---- order along an axis ---------------------------------------------------------------------------------------------


def _flipped(shape: Shape, axes: Sequence[int]) -> Term:
    """The term of an array reversed along some axes."""
    out, inp, maps = axes_of(shape), [], []
    for axis, (size, part) in enumerate(zip(shape, out, strict=True)):
        whole, more = window(size, part, size - 1, -1) if axis in axes else (part, ())
        inp.append(whole)
        maps += more
    return Term(out, tuple(inp), maps=tuple(maps))


@local(np.flip)
@structural
def _(call: Call, m: Any, axis: Any = None) -> Iterator[LocalTerm]:
    ndim = np.ndim(m)
    yield 0, 0, _flipped(np.shape(m), range(ndim) if axis is None else normalize_axis_tuple(axis, ndim))


@local(np.fliplr)
@structural
def _(call: Call, m: Any) -> Iterator[LocalTerm]:
    yield 0, 0, _flipped(np.shape(m), (1,))


@local(np.flipud)
@structural
def _(call: Call, m: Any) -> Iterator[LocalTerm]:
    yield 0, 0, _flipped(np.shape(m), (0,))


@local(np.rot90)
@structural
def _(call: Call, m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Iterator[LocalTerm]:
    first, second = normalize_axis_tuple(axes, np.ndim(m))
    reversed_axes = ((), (second,), (first, second), (first,))[k % 4]
    term = _flipped(np.shape(m), reversed_axes)
    out = list(term.out)
    if k % 2:
        out[first], out[second] = out[second], out[first]
    yield 0, 0, term.replace(out=tuple(out))


@local(np.roll)
@structural
def _(call: Call, a: Any, shift: Any, axis: Any = None) -> Iterator[LocalTerm]:
    shape = np.shape(a)
    if axis is None:
        inp, out = axes_of(shape), axes_of(shape)
        maps = _shifted(flatten(inp), flatten(out), int(np.sum(shift)))
        yield 0, 0, Term(out, inp, maps=maps) if maps else reshape_term(shape, shape)
        return
    shifts = [0] * len(shape)
    for amount, number in np.broadcast(shift, axis):
        shifts[normalize_axis_index(number, len(shape))] += int(amount)
    inp, out, maps = list(axes_of(shape)), axes_of(shape), ()
    for number, amount in enumerate(shifts):
        more = _shifted(inp[number], out[number], amount)
        inp[number], maps = inp[number] if more else out[number], maps + more
    yield 0, 0, Term(out, tuple(inp), maps=maps)


def _shifted(inp: Axis, out: Axis, shift: int) -> tuple[Map, ...]:
    """The map of a periodic shift, none where it moves nothing."""
    size = size_of(inp)
    return (Map(inp, out, Affine(-shift % size, 1, size)),) if size > 1 and shift % size else ()


# ---- repetition ------------------------------------------------------------------------------------------------------


def _broadcast_each(call: Call, *arrays: Any, **_: Any) -> Iterator[LocalTerm]:
    for number, (array, result) in enumerate(zip(arrays, call.result, strict=True)):
        if call.needs(number):
            yield number, number, diagonal_term(result.shape, np.shape(array), 1.0, result.dtype)


local(np.broadcast_arrays)(_broadcast_each)


@local(np.broadcast_to)
@structural
def _(call: Call, array: Any, shape: Any, subok: bool = False) -> Iterator[LocalTerm]:
    yield 0, 0, diagonal_term(call.result.shape, np.shape(array), 1.0, call.result.dtype)


@local(np.meshgrid)
def _(call: Call, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Iterator[LocalTerm]:
    swap = {0: 1, 1: 0} if indexing == "xy" and len(xi) > 1 else {}
    for number, (x, result) in enumerate(zip(xi, call.result, strict=True)):
        if call.needs(number):
            inp, out = axes_of(np.shape(x)), list(axes_of(result.shape))
            out[swap.get(number, number)] = flatten(inp)
            yield number, number, Term(tuple(out), inp)


@local(np.ix_)
def _(call: Call, *args: Any) -> Iterator[LocalTerm]:
    for number, x in enumerate(args):
        if call.needs(number):
            inp = axes_of(np.shape(x))
            yield number, number, Term((*[()] * number, *inp, *[()] * (len(args) - number - 1)), inp)


@local(np.repeat)
@structural
def _(call: Call, a: Any, repeats: Any, axis: int | None = None) -> Iterator[LocalTerm]:
    shape = np.shape(a)
    if np.size(repeats) > 1:
        counts = np.repeat(np.arange(np.size(repeats)), repeats)
        yield 0, 0, flat_term(shape, axes_of(counts.shape), counts) if axis is None else along(shape, axis, counts)
        return
    inp, each = axes_of(shape), axis_of(int(np.sum(repeats)))
    if axis is None or not shape:  # NumPy repeats a number along axis 0, too
        yield 0, 0, Term((flatten(inp) + each,), inp)
    else:
        axis = normalize_axis_index(axis, len(shape))
        yield 0, 0, Term((*inp[:axis], inp[axis] + each, *inp[axis + 1 :]), inp)


@local(np.tile)
@structural
def _(call: Call, A: Any, reps: Any) -> Iterator[LocalTerm]:
    times = tuple([int(n) for n in np.ravel(reps)])  # labels are kept, and of Python's integers
    inp = axes_of(np.shape(A))
    ndim = max(len(times), len(inp))
    outer = axes_of((1,) * (ndim - len(times)) + times)
    inner = ((),) * (ndim - len(inp)) + inp
    yield 0, 0, Term(tuple([copies + axis for copies, axis in zip(outer, inner, strict=True)]), inp)


@local(np.resize)
@structural
def _(call: Call, a: Any, new_shape: Any) -> Iterator[LocalTerm]:
    shape, out_shape, size = np.shape(a), call.result.shape, np.size(a)
    if size == call.result.size:
        yield 0, 0, reshape_term(shape, out_shape)
        return
    inp, out = axes_of(shape), axes_of(out_shape)
    cyclic = size > 1 and call.result.size > 0
    yield 0, 0, Term(out, inp, maps=(Map(flatten(inp), flatten(out), Affine(0, 1, size)),) if cyclic else ())


# ---- windows --------------------------------------------------------------------------------------------------------


@local(np.lib.stride_tricks.sliding_window_view)
def _(call: Call, x: Any, window_shape: Any, axis: Any = None, **_: Any) -> Iterator[LocalTerm]:
    ndim = np.ndim(x)
    out = axes_of(call.result.shape)
    moving = range(ndim) if axis is None else normalize_axis_tuple(axis, ndim, allow_duplicate=True)
    inp, maps = [], ()
    for number, size in enumerate(np.shape(x)):
        src = out[number] + flatten(tuple([axis for at, axis in zip(moving, out[ndim:], strict=True) if at == number]))
        if len(src) == 2:
            whole = axis_of(size)
            more: tuple[Map, ...] = (Map.sliding(whole, src[:1], src[1:], 0, 1, 1),)
        else:
            index = sum(np.ix_(*[np.arange(label.size) for label in src]), np.array(0))
            whole, more = (src, ()) if src == out[number] and size_of(src) == size else picked(size, src, index)
        inp.append(whole)
        maps += more
    yield 0, 0, Term(out, tuple(inp), maps=maps)
