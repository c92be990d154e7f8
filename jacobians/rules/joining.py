"""Rules of functions that join arrays and take them apart.

A part is a window of the joined axis: one affine map per operand, no arithmetic. Where the list of arrays is itself one
traced array, its first axis becomes a part of the joined axis, and labels alone tell the derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..labels import Axes, axes_of, flatten, size_of
from ..registry import Call, LocalTerm, composed, local
from ..terms import Term
from .indexing import indexing_term, window
from .structural import structural

__all__: list[str] = []

# ---- joining ---------------------------------------------------------------------------------------------------------


def _same(axes: Axes) -> Axes:
    return axes


def _raveled(axes: Axes) -> Axes:
    return (flatten(axes),)


def _at_least_1d(axes: Axes) -> Axes:
    return axes or ((),)


def _at_least_2d(axes: Axes) -> Axes:
    return ((),) * (2 - len(axes)) + axes


def _at_least_3d(axes: Axes) -> Axes:
    return axes if len(axes) > 2 else (*axes, ()) if len(axes) == 2 else ((), *_at_least_1d(axes), ())


def _columns(axes: Axes) -> Axes:
    return axes if len(axes) > 1 else (*_at_least_1d(axes), ())


def _joined(call: Call, arrays: Any, axis: int, expand: Callable[[Axes], Axes] = _same) -> Iterator[LocalTerm]:
    """The term of each array, whose axes are first expanded by axes of size 1 (or raveled)."""
    size = call.result.shape[axis]
    if call.needs(0):
        lead, *rest = axes_of(np.shape(arrays))
        out = list(expand(tuple(rest)))
        out[axis] = lead + out[axis]
        yield 0, 0, Term(tuple(out), (lead, *rest))
        return
    start = 0
    for number, array in enumerate(arrays):
        inp = axes_of(np.shape(array))
        out = list(expand(inp))
        count = size_of(out[axis])
        if call.needs((0, number)):
            out[axis], maps = window(size, out[axis], start)
            yield 0, (0, number), Term(tuple(out), inp, maps=maps)
        start += count


@local(np.concatenate)
@structural
def _(call: Call, arrays: Any, axis: int | None = 0, *_: Any, **__: Any) -> Iterator[LocalTerm]:
    yield from _joined(call, arrays, 0, _raveled) if axis is None else _joined(call, arrays, axis)


@local(np.stack)
@structural
def _(call: Call, arrays: Any, axis: int = 0, *_: Any, **__: Any) -> Iterator[LocalTerm]:
    axis = normalize_axis_index(axis, call.result.ndim)
    yield from _joined(call, arrays, axis, lambda axes: (*axes[:axis], (), *axes[axis:]))


@local(np.vstack)
@structural
def _(call: Call, tup: Any, **_: Any) -> Iterator[LocalTerm]:
    yield from _joined(call, tup, 0, _at_least_2d)


@local(np.hstack)
@structural
def _(call: Call, tup: Any, **_: Any) -> Iterator[LocalTerm]:
    yield from _joined(call, tup, min(call.result.ndim - 1, 1), _at_least_1d)


@local(np.dstack)
@structural
def _(call: Call, tup: Any) -> Iterator[LocalTerm]:
    yield from _joined(call, tup, 2, _at_least_3d)


@local(np.column_stack)
@structural
def _(call: Call, tup: Any) -> Iterator[LocalTerm]:
    yield from _joined(call, tup, 1, _columns)


@local(np.append)
def _(call: Call, arr: Any, values: Any, axis: int | None = None) -> Iterator[LocalTerm]:
    start = 0
    for number, array in enumerate((arr, values)):
        inp = axes_of(np.shape(array))
        out = list(inp if axis is not None else _raveled(inp))
        along = 0 if axis is None else axis
        count = size_of(out[along])
        if call.needs(number):
            out[along], maps = window(call.result.shape[along], out[along], start)
            yield 0, number, Term(tuple(out), inp, maps=maps)
        start += count


def _block(arrays: Any) -> Any:
    """Nested lists of blocks: the innermost lists are joined along the last axis, and so on outwards."""
    depth = _depth(arrays)
    ndim = max(depth, *[np.ndim(leaf) for leaf in _leaves(arrays)])

    def joined(part: Any, level: int) -> Any:
        if level == depth:
            return np.reshape(part, (1,) * (ndim - np.ndim(part)) + np.shape(part))
        return np.concatenate([joined(inner, level + 1) for inner in part], axis=level - depth)

    return np.copy(joined(arrays, 0)) if depth == 0 else joined(arrays, 0)


def _depth(arrays: Any) -> int:
    if isinstance(arrays, tuple):
        raise TypeError("np.block: only lists can be used to arrange blocks, and np.block does not allow tuples")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("np.block: list is empty")
    depths = {_depth(inner) for inner in arrays}
    if len(depths) > 1:
        raise ValueError(f"np.block: list depths are mismatched: blocks at depths {sorted(depths)} beside each other")
    return depths.pop() + 1


def _leaves(arrays: Any) -> list[Any]:
    return [leaf for inner in arrays for leaf in _leaves(inner)] if isinstance(arrays, list) else [arrays]


composed(np.block, _block)

# ---- taking apart ----------------------------------------------------------------------------------------------------


def _split(call: Call, ary: Any, sections: Any, axis: int) -> Iterator[LocalTerm]:
    """The term of each part, a slice of `axis`; as in NumPy, cuts may count from the end or overlap."""
    shape = np.shape(ary)
    axis = normalize_axis_index(axis, len(shape))
    if np.ndim(sections):
        cuts = [0, *[int(cut) for cut in sections], shape[axis]]
    else:
        cuts = [0, *np.cumsum([part.shape[axis] for part in call.result]).tolist()]
    for number in range(len(call.result)):
        part = slice(cuts[number], cuts[number + 1])
        yield number, 0, indexing_term(shape, (slice(None),) * axis + (part,))


def _split_along(function: Any, axis: Callable[[Any], int]) -> None:
    @local(function)
    @structural
    def _(call: Call, ary: Any, indices_or_sections: Any) -> Iterator[LocalTerm]:
        yield from _split(call, ary, indices_or_sections, axis(ary))


_split_along(np.hsplit, lambda ary: 1 if np.ndim(ary) > 1 else 0)
_split_along(np.vsplit, lambda _: 0)
_split_along(np.dsplit, lambda _: 2)


@local(np.split)
@local(np.array_split)
@structural
def _(call: Call, ary: Any, indices_or_sections: Any, axis: int = 0) -> Iterator[LocalTerm]:
    yield from _split(call, ary, indices_or_sections, axis)


@local(np.unstack)
@structural
def _(call: Call, x: Any, axis: int = 0) -> Iterator[LocalTerm]:
    shape = np.shape(x)
    axis = normalize_axis_index(axis, len(shape))
    for number in range(len(call.result)):
        yield number, 0, indexing_term(shape, (slice(None),) * axis + (number,))
