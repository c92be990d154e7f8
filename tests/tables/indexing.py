"""Rows of indexing, taking, sorting, choosing, removing and inserting, and of functions applied to parts."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from table import Row, sample

from .shape import on, pair

__all__ = ["ROWS"]

ROWS_AND_COLUMNS = np.ix_([2, 0, 2], [1, 3])
MASK = np.array([[True, False, False, True], [False, False, True, False], [True, True, False, False]])
CHOICE = np.array([[0, 1, 2, 1], [2, 2, 0, 1], [1, 1, 0, 0]])


def getitem(shape, *indices) -> list[Row]:
    return [row for index in indices for row in on(operator.getitem, (shape,), index)]


def per_row(function: Callable[..., Any], axis: int, *shape: int) -> Row:
    """A row of np.apply_along_axis."""
    name = f"{shape}-{function.__name__}-{axis}"
    return Row(np.apply_along_axis, lambda x: np.apply_along_axis(function, axis, x), (sample(*shape),), name)


def trimmed(trim: Any) -> Row:
    """A row whose zeros are constants, so that they stay zeros beside the sample."""
    return Row(np.trim_zeros, lambda x: np.trim_zeros(np.pad(x, 2), trim) ** 2, (sample(3),), trim)


def square(row):
    return np.outer(row, row)


def ends(row):
    return row[0] * row[-1]


GETITEM = [
    *getitem((), (), Ellipsis, None, True, False),
    *getitem((5,), 0, -1, slice(1, None), slice(None, None, -2), slice(3, 1), None, Ellipsis, slice(None)),
    *getitem((5,), [0, 2], [], [[1, -1], [1, 1]], np.array(3), [True, False, True, True, False], (None, [4, 4])),
    *getitem(
        (3, 4), 1, (1, -2), (slice(None), 2), (slice(1), slice(None, None, 3)), (Ellipsis, 0), (2, None, slice(2))
    ),
    *getitem(
        (3, 4), [2, 0, 2], (slice(None), [1, 1]), ([0, 2], [1, 3]), ROWS_AND_COLUMNS, MASK, ~MASK[:, 0], (1, [0, 3])
    ),
    *getitem((3, 4), ([[0], [2]], [1, 3, 3]), (slice(0, 2), MASK[0]), (True, 1), (False, slice(None)), (None, MASK)),
    *getitem((3, 4, 2), ([0, 2], slice(None), [1, 0]), ([0, 2], slice(1, 3), 1), (0, slice(None), [1, 0]), (MASK, 1)),
    *getitem(
        (3, 4, 2), (slice(None), [0, 3], [1, 0]), ([0, 2], None, [1, 3]), ([0, 1], Ellipsis), (Ellipsis, [1, 0, 1])
    ),
    *getitem((1, 3), 0, [0, 0], (slice(None), 1), (slice(1, 1),)),
    *getitem((0, 3), slice(None), [], (slice(None), 1)),
    Row(operator.getitem, lambda x: x[1:] * x[:-1], (sample(5),), "neighbours"),
    Row(operator.getitem, lambda x: (x * x)[[0, 0, 2]], (sample(3),), "of a square"),
    Row(operator.getitem, lambda x: x[:, None] * x[None, :], (sample(3),), "outer product"),
    Row(operator.getitem, lambda x: x[x > 0] ** 2, (sample(6),), "mask of its own"),
]

TAKING = [
    *on(np.take, ((3,), (3, 4), (1, 3)), [[0, 2], [-1, 0]]),
    *on(np.take, ((3, 4), (3, 4, 2)), [1, 1, 0], axis=0),
    *on(np.take, ((3, 4),), [[1, 1, -1]], axis=-1),
    *on(np.take, ((3, 4),), 2, axis=1),
    *on(np.take, ((3, 4),), [5, -7, 1], axis=1, mode="wrap"),
    *on(np.take, ((3, 4),), [5, -7, 1], axis=0, mode="clip"),
    *on(np.take, ((3,),), np.zeros(0, int)),
    *on(np.take, ((),), [0, 0]),
    *on(np.take_along_axis, ((4,),), np.array([3, 0, 0]), axis=-1),
    *on(np.take_along_axis, ((3, 4), (1, 4)), CHOICE[:, :2], axis=1),
    *on(np.take_along_axis, ((3, 4), (3, 1)), CHOICE, axis=0),
    *on(np.take_along_axis, ((3, 4),), np.array([[2], [-1], [0]]), axis=-1),
    *on(np.take_along_axis, ((2, 3),), np.array([5, 0]), axis=None),
    *[
        Row(
            np.compress,
            lambda x, axis=axis: np.compress([True, False, True], x, axis),
            (sample(*shape),),
            f"{shape}-{axis}",
        )
        for shape, axis in (((3,), 0), ((3, 4), 0), ((3, 4), -1), ((3, 4), None))
    ],
    Row(np.extract, lambda x: np.extract(MASK, x), (sample(3, 4),)),
    Row(np.extract, lambda x: np.extract(x > 9, x), (sample(3),), "nothing"),
]

ORDERING = [
    *on(np.sort, ((1,), (5,), (3, 4), (2, 3, 2), (0, 2))),
    *on(np.sort, ((5,), (3, 4), (2, 3, 2), (0, 2)), axis=0),
    *on(np.sort, ((), (5,), (3, 4)), axis=None),
    *on(np.sort, ((5,),), kind="stable"),
    *on(np.sort, ((5,),), stable=True),
    *on(np.partition, ((5,), (3, 4)), 2),
    *on(np.partition, ((5,), (3, 4)), (0, 2), axis=0),
    *on(np.partition, ((3, 4),), 5, axis=None),
    Row(np.sort, lambda x: np.sort(x * x, axis=0), (sample(3, 2),), "of a square"),
    Row(np.partition, lambda x: np.partition(x, 30)[30] ** 2, (sample(61),), "median of many", second=False),
]

CHOOSING = [
    Row(np.choose, lambda *arrays: np.choose(CHOICE, arrays), pair((3, 4), (4,), ()), "three"),
    Row(np.choose, lambda x: np.choose(CHOICE, [x, 2.0, x * x]), (sample(3, 1),), "beside a number"),
    Row(np.choose, lambda x: np.choose([2, 0, 1, 1], x), (sample(3, 4),), "rows of an array"),
    Row(np.choose, lambda x, y: np.choose(CHOICE + 5, [x, y], mode="wrap"), pair((4,), (3, 1)), "wrap"),
    Row(np.choose, lambda x, y: np.choose(CHOICE - 1, [x, y], mode="clip"), pair((4,), (3, 1)), "clip"),
    Row(np.choose, lambda x: np.choose(1, [x, x * x]), (sample(),), "0-d"),
    Row(np.select, lambda x, y, z: np.select([CHOICE == 1, CHOICE < 2], [x, y], z), pair((3, 4), (4,), ()), "default"),
    Row(np.select, lambda x: np.select([x > 1, x > 0], [x * x, 3.0]), (sample(6),), "of its own"),
    Row(np.select, lambda x: np.select([MASK, ~MASK], x), (sample(2, 3, 4),), "rows of an array"),
    Row(np.piecewise, lambda x: np.piecewise(x, [x < 0, x > 1], [np.exp, lambda t: t * t, 2.0]), (sample(8),)),
    Row(np.piecewise, lambda x: np.piecewise(x, [x < 1, x > -1], [np.exp, np.sin]), (sample(8),), "overlapping"),
    Row(np.piecewise, lambda x: np.piecewise(x, [MASK], [lambda t: t * t, np.sin]), (sample(3, 4),), "plane"),
    Row(
        np.piecewise,
        lambda x: np.piecewise(x, [x > 0], [lambda t, a: a * t, lambda t, a: t / a], 3.0),
        (sample(5),),
        "args",
    ),
    Row(np.piecewise, lambda x: np.piecewise(x, [x < 9], [np.sin]), (sample(),), "0-d"),
]

EDITING = [
    *on(np.delete, ((4,), (3, 4)), 1),
    *on(np.delete, ((4,), (3, 4)), [0, -1]),
    *on(np.delete, ((3, 4),), slice(None, None, 2), axis=1),
    *on(np.delete, ((3, 4),), MASK[0], axis=-1),
    *on(np.delete, ((4, 2),), [], axis=0),
    *[
        Row(
            np.insert,
            lambda x, y, obj=obj, axis=axis: np.insert(x, obj, y, axis),
            pair(*shapes),
            f"{shapes}-{obj}-{axis}",
        )
        for shapes, obj, axis in (
            (((4,), ()), 1, None),
            (((4,), (3,)), [1], None),
            (((4,), (2,)), [3, 1], 0),
            (((4,), ()), [3, 1, 1], 0),
            (((3, 4), (2,)), [2, 0], None),
            (((3, 4), (4,)), 1, 0),
            (((3, 4), (3,)), -1, 1),
            (((3, 4), (3, 2)), [1, 2], 1),
            (((3, 4), (3, 1)), [2, 0], -1),
            (((3, 4), (2, 3)), 1, 1),
            (((2, 3, 4), (2, 4)), 1, 1),
            (((2, 3, 4), (4,)), slice(0, 3, 2), 1),
        )
    ],
    Row(np.insert, lambda x: np.insert(x, [0, 2], [1.0, 2.0]), (sample(3),), "constants"),
    Row(np.insert, lambda y: np.insert(np.ones(3), 1, y * y), (sample(),), "into a constant"),
    trimmed("fb"),
    trimmed("f"),
    trimmed("b"),
]

APPLYING = [
    per_row(np.sum, 0, 4),
    per_row(np.cumsum, 1, 2, 3),
    per_row(square, 1, 2, 2, 2),
    per_row(ends, -1, 2, 3),
    Row(np.apply_over_axes, lambda x: np.apply_over_axes(np.sum, x, (0, 2)), (sample(2, 3, 2),)),
    Row(np.apply_over_axes, lambda x: np.apply_over_axes(np.prod, x, -1), (sample(2, 3),), "product"),
]


def into(function: Any, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """A call that writes into a copy of the array, and returns that."""

    def write(x: Any, *values: Any) -> Any:
        y = np.copy(x)
        function(y, *args, *values, **kwargs)
        return y

    return write


WRITING = [
    Row(np.copyto, into(np.copyto), pair((3, 4), (4,)), "all"),
    Row(np.copyto, into(np.copyto, where=MASK), pair((3, 4), (4,)), "some"),
    Row(np.put, into(np.put, [0, -1, 5]), pair((3, 4), (2,))),
    Row(np.put, into(np.put, [0, 13], mode="wrap"), pair((3, 4), (2,)), "wrap"),
    Row(np.put, into(np.put, [-1, 13], mode="clip"), pair((3, 4), (2,)), "clip"),
    Row(np.place, into(np.place, MASK), pair((3, 4), (2,))),
    Row(np.putmask, into(np.putmask, MASK), pair((3, 4), (5,))),
    Row(np.fill_diagonal, into(np.fill_diagonal), pair((3, 4), (2,))),
    Row(np.fill_diagonal, lambda x, v: into(np.fill_diagonal)(x, v), pair((3, 3, 3), ()), "cube"),
    Row(np.put_along_axis, lambda x, v: _along(x, v, 1), pair((3, 4), (3, 1)), "columns"),
    Row(np.put_along_axis, lambda x, v: _along(x, v, None), pair((3, 4), (3,)), "flat"),
]


def _along(x: Any, values: Any, axis: int | None) -> Any:
    y = np.copy(x)
    np.put_along_axis(y, np.array([0, 2, 1]) if axis is None else np.array([[0], [2], [1]]), values, axis)
    return y


ROWS = [*GETITEM, *TAKING, *ORDERING, *CHOOSING, *EDITING, *APPLYING, *WRITING]
