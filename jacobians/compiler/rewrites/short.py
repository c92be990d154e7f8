"""Sums, means and extrema along short axes, entry after entry: the pixels of a window, the coordinates of a point.

Numbers that are stacked are an array of them, which `np.array` makes in a fifth of the time.

NumPy's loop goes along the axis that is reduced, and starts again for each result: 20,000 sums of two numbers take 600
microseconds, the sum of two columns 15.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import Node
from ..blocks.rows import LARGE
from .moves import is_plain
from .rewriting import Builder, Rule
from .totals import is_total
from .windows import MANY, over_windows

__all__ = ["FINAL"]

_SHORT = 8
"""Entries of a sum at most."""

_OVERLAPPING = 32
"""The same of windows that overlap, which are no array in memory."""

_TURNED = 32
"""Entries of which an extremum is taken at most that pay for turning a matrix."""

_WINDOWS = np.lib.stride_tricks.sliding_window_view

_MANY = 128
"""Results at least."""

_WHOLE = 4096
"""Results up to which a product with ones is the faster way; many rows are worked on in blocks, with what follows."""

_COMBINED = {np.sum: np.add, np.mean: np.add, np.max: np.maximum, np.min: np.minimum}


def _entry_by_entry(builder: Builder, node: Node) -> Node | None:
    x, *axes = node.args
    names = dict(zip(("axis",), axes, strict=False)) | node.kwargs
    if not is_plain(x) or len(axes) > 1 or set(names) - {"axis", "keepdims"} or node.size < _MANY:
        return None
    gone = normalize_axis_tuple(range(x.ndim) if names.get("axis") is None else names["axis"], x.ndim)
    count = prod([x.shape[n] for n in gone])
    if gone == (1,) and count >= MANY and _of_vector(x) and x.dtype == node.dtype and node.dtype.kind == "f":
        total = over_windows(builder, x.args[0], count, _COMBINED[node.function])
        return builder.reshaped(
            builder.call(np.divide, total, count) if node.function is np.mean else total, node.shape
        )
    if (
        not 1 < count <= (_SHORT if x.function is not _WINDOWS else _OVERLAPPING)
        or x.dtype != node.dtype
        or node.dtype.kind != "f"
        or max(gone) == len(gone) - 1
    ):
        return None
    if node.function in (np.sum, np.mean) and node.size <= _WHOLE and is_total(node):
        return None
    places = product(*[range(x.shape[n]) if n in gone else (slice(None),) for n in range(max(gone) + 1)])
    parts = [_part(builder, x, place) for place in places]
    total = reduce(lambda a, b: builder.call(_COMBINED[node.function], a, b), parts)
    return builder.reshaped(builder.call(np.divide, total, count) if node.function is np.mean else total, node.shape)


def _across(builder: Builder, node: Node) -> Node | None:
    """The extrema of short rows, along the columns of a matrix that is turned: 2,000 of 20 take 35, not 120 us."""
    x, *axes = node.args
    names = dict(zip(("axis",), axes, strict=False)) | node.kwargs
    if not is_plain(x) or len(axes) > 1 or set(names) - {"axis", "keepdims"} or x.ndim != 2 or x.size > LARGE:
        return None
    if names.get("axis") not in (1, -1, (1,), (-1,)) or not _SHORT < x.shape[1] <= _TURNED or node.size < _MANY:
        return None
    turned = builder.kept(np.transpose, (x, (1, 0)), {}, x.shape[::-1], x.dtype)  # whatever it is computed from
    turned = builder.made(np.ascontiguousarray, (turned,), {}, x.shape[::-1], x.dtype)
    return builder.reshaped(builder.call(node.function, turned, axis=(0,)), node.shape)


def _of_vector(x: Node) -> bool:
    """Whether rows are the windows of a vector."""
    return x.function is _WINDOWS and x.ndim == 2 and not x.kwargs and len(x.args) == 2 and is_plain(x.args[0])


def _part(builder: Builder, x: Node, place: tuple[Any, ...]) -> Node:
    """Some entries of an array; of the windows of a vector, those of the vector itself."""
    if _of_vector(x) and len(place) == 2:
        return builder.call(operator.getitem, x.args[0], slice(place[1], place[1] + x.shape[0]))
    return builder.call(operator.getitem, x, place)


def _of_numbers(builder: Builder, node: Node) -> Node | None:
    entries = node.args[0]
    if len(node.args) != 1 or node.kwargs not in ({}, {"axis": 0}) or type(entries) is not list or node.ndim != 1:
        return None
    if not is_plain(*entries) or any([a.dtype != node.dtype for a in entries]):
        return None
    return builder.made(np.array, (entries,), {}, node.shape, node.dtype)


def _number(builder: Builder, node: Node) -> Node | None:
    """An entry of a vector as a number, and not as a part of one entry that loses its axis."""
    part = node.args[0]
    if node.shape or part.function is not operator.getitem or part.args[0].parts is not None or part.ndim != 1:
        return None
    x, index = part.args
    (place,) = index if type(index) is tuple and len(index) == 1 else (index,)
    if x.ndim != 1 or type(place) is not slice or type(place.start) is not int or place.start < 0:
        return None
    return builder.call(operator.getitem, x, place.start)


FINAL: dict[Any, Sequence[Rule]] = {
    **{function: (_entry_by_entry,) for function in _COMBINED},
    np.max: (_entry_by_entry, _across),
    np.min: (_entry_by_entry, _across),
    np.stack: (_of_numbers,),
    np.reshape: (_number,),
}
