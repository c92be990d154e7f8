"""Rows of the functions that reshape, transpose, flip, shift, repeat, pad, join and split."""

import numpy as np
from table import Row, rows, sample

__all__ = ["ROWS", "on", "pair"]

SHAPES = ((), (1,), (4,), (3, 4), (2, 3, 4), (1, 3, 1), (0, 3))
PLANES = ((3, 4), (3, 3), (2, 3, 4), (1, 4), (0, 3))
WINDOWS = np.lib.stride_tricks.sliding_window_view


def on(function, shapes, *args, **keywords) -> list[Row]:
    """A row for each shape of the first argument; the others are constants."""

    def call(x):
        return function(x, *args, **keywords)

    words = described(args, keywords)
    return [Row(function, call, (sample(*shape),), f"{shape}{words}") for shape in shapes]


def described(args: tuple, keywords: dict) -> str:
    """Arguments as part of a name; an array only by its shape."""
    values = [*args, *keywords.values()]
    words = [f"array{value.shape}" if isinstance(value, np.ndarray) else str(value) for value in values]
    names = [*[""] * len(args), *[f"{key}=" for key in keywords]]
    return "".join(f"-{name}{word}" for name, word in zip(names, words, strict=True))


def joining(function, *groups, **keywords) -> list[Row]:
    """Rows for a function of a list of arrays, of these shapes; as a list, and first and last beside constants."""

    def call(*arrays):
        return function(list(arrays), **keywords)

    def beside(x):
        return function((x, np.ones(np.shape(x)), 2 * x), **keywords)

    words = described((), keywords)
    rows = [Row(function, call, pair(*group), "+".join(map(str, group)) + words) for group in groups]
    return [*rows, Row(function, beside, (sample(*groups[0][0]),), "beside a constant" + words)]


def splitting(function, shapes, *args, **keywords) -> list[Row]:
    """Rows for a function with several results, joined with different weights."""

    def call(x):
        return joined(function(x, *args, **keywords))

    words = described(args, keywords)
    return [Row(function, call, (sample(*shape),), f"{shape}{words}") for shape in shapes]


def joined(results):
    return np.concatenate([(number + 1) * np.ravel(result) for number, result in enumerate(results)])


def pair(*shapes):
    return tuple([sample(*shape, seed=seed) for seed, shape in enumerate(shapes)])


def with_layout(function, shape, order, **keywords) -> Row:
    """A row whose argument stands in memory in another order."""

    def call(x):
        return function(np.transpose(x), **keywords)

    return Row(function, call, (np.array(sample(*shape), order=order),), f"transposed-{order}")


REGROUPING = [
    *on(np.reshape, ((3, 4), (12,), (2, 2, 3), (6, 2)), (6, 2)),
    *on(np.reshape, ((3, 4), (4, 3), (2, 6)), (4, -1)),
    *on(np.reshape, ((2, 3, 4), (4, 6)), (6, 4)),
    *on(np.reshape, ((3, 4), (2, 3, 2)), (2, 6), order="F"),
    *on(np.reshape, ((2, 3), (3, 2)), (3, 2), order="F"),
    *on(np.reshape, SHAPES, -1),
    *on(np.reshape, ((), (1,), (1, 1)), (1, 1, 1)),
    *on(np.reshape, ((0, 3), (5, 0)), (0, 7)),
    *on(np.ravel, SHAPES),
    *on(np.ravel, SHAPES, order="F"),
    with_layout(np.ravel, (3, 4), "C"),
    with_layout(np.ravel, (3, 4), "F"),
    *on(np.squeeze, (*SHAPES, (1, 1), (2, 1, 3))),
    *on(np.squeeze, ((1, 3, 1), (1, 1, 1)), axis=0),
    *on(np.squeeze, ((1, 3, 1), (1, 1, 1)), (0, -1)),
    *on(np.expand_dims, SHAPES, 0),
    *on(np.expand_dims, SHAPES, (0, -1)),
    *on(np.atleast_1d, SHAPES),
    *on(np.atleast_2d, SHAPES),
    *on(np.atleast_3d, SHAPES),
    Row(np.atleast_2d, lambda x, y: joined(np.atleast_2d(x, y)), pair((3,), ()), "two"),
    *on(np.copy, SHAPES),
    *on(np.astype, SHAPES, np.float64),
    Row(np.reshape, lambda x: np.reshape(x * x, (6, 2)), (sample(3, 4),), "of a square"),
    Row(np.reshape, lambda x: np.reshape(x * x, (3, 2)) * np.transpose(x), (sample(2, 3),), "without common groups"),
]

TRANSPOSING = [
    *on(np.transpose, SHAPES),
    *on(np.transpose, ((2, 3, 4), (1, 3, 1)), (1, 2, 0)),
    *on(np.transpose, ((2, 3, 4),), axes=(-1, 0, 1)),
    *on(np.permute_dims, ((3, 4),), (1, 0)),
    *on(np.matrix_transpose, PLANES),
    *on(np.linalg.matrix_transpose, PLANES),
    *on(np.swapaxes, PLANES, 0, -1),
    *on(np.moveaxis, PLANES, 0, -1),
    *on(np.moveaxis, ((2, 3, 4),), (0, 1), (-1, 0)),
    *on(np.rollaxis, ((2, 3, 4), (1, 3, 1)), 2),
    *on(np.rollaxis, ((2, 3, 4),), 1, start=3),
    Row(np.transpose, lambda x: np.transpose(x * x), (sample(2, 3),), "of a square"),
    Row(np.transpose, lambda x: x * np.transpose(x), (sample(3, 3),), "beside itself"),
]

ORDER = [
    *on(np.flip, SHAPES),
    *on(np.flip, ((2, 3, 4), (1, 3, 1)), axis=1),
    *on(np.flip, ((2, 3, 4),), axis=(0, -1)),
    *on(np.fliplr, PLANES),
    *on(np.flipud, PLANES),
    *[row for k in range(-1, 5) for row in on(np.rot90, ((3, 4), (3, 3), (2, 3, 2)), k)],
    *on(np.rot90, ((2, 3, 4),), 1, axes=(2, 0)),
    *on(np.roll, SHAPES, 1),
    *on(np.roll, ((4,), (3, 4)), -5),
    *on(np.roll, ((4,), (3, 4)), 4),
    *on(np.roll, PLANES, 1, axis=0),
    *on(np.roll, PLANES, (1, -2), axis=(0, 1)),
    *on(np.roll, ((3, 4),), (1, 2), 1),
    Row(np.roll, lambda x: x * np.roll(x, 1), (sample(4),), "beside itself"),
]

REPEATING = [
    *on(np.broadcast_to, ((), (1,), (3,), (2, 1), (2, 3)), (2, 3)),
    *on(np.broadcast_to, ((3, 4), (1, 4), (3, 1)), (2, 3, 4)),
    *on(np.broadcast_to, ((1,), ()), (0,)),
    Row(np.broadcast_to, lambda x: np.sum(np.broadcast_to(x, (5, 3))), (sample(3),), "summed"),
    Row(np.broadcast_to, lambda x: np.sum(np.broadcast_to(x * x, (5,))), (sample(),), "square, summed"),
    Row(np.broadcast_arrays, lambda x, y: joined(np.broadcast_arrays(x, y)), pair((3, 1), (4,))),
    Row(np.broadcast_arrays, lambda x: np.broadcast_arrays(x, np.ones((2, 3)))[0], pair((3,)), "beside a constant"),
    *[
        Row(
            np.meshgrid,
            lambda *arrays, keywords=keywords: joined(np.meshgrid(*arrays, **keywords)),
            pair(*shapes),
            f"{shapes}-{keywords}",
        )
        for shapes in (((3,),), ((3,), (2,)), ((2,), (1,), (3,)), ((), (2,)))
        for keywords in ({}, {"indexing": "ij"}, {"sparse": True})
    ],
    *[
        Row(np.ix_, lambda *arrays: joined(np.ix_(*arrays)), pair(*shapes), f"{shapes}")
        for shapes in (((3,),), ((3,), (2,)), ((1,), (2,), (3,)))
    ],
    Row(np.ix_, lambda x, y: np.multiply(*np.ix_(x, [2, 0], y)[::2]), pair((3,), (2,)), "beside positions"),
    *on(np.repeat, SHAPES, 2),
    *on(np.repeat, ((4,), (3, 4)), 0),
    *on(np.repeat, PLANES, 3, axis=-1),
    *on(np.repeat, ((3, 4), (3,)), [2, 0, 1], axis=0),
    *on(np.repeat, ((2, 2), (4,)), [2, 0, 1, 1]),
    *on(np.repeat, ((1, 3), (2, 1)), [2], axis=1),
    *on(np.repeat, ((),), 3, axis=0),
    *on(np.repeat, ((),), [2], axis=-1),
    *on(np.tile, SHAPES, 2),
    *on(np.tile, SHAPES, (2, 1)),
    *on(np.tile, ((3,), (2, 3)), (2, 1, 2)),
    *on(np.tile, ((3,),), 0),
    *on(np.resize, SHAPES, (2, 5)),
    *on(np.resize, ((3, 4), (1, 3, 1)), (2, 1)),
    *on(np.resize, ((3, 4), (12,)), (4, 3)),
]

PADDING = [
    *[
        row
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap")
        for width in (0, 1, 5, (1, 2), ((2, 1),))
        for row in on(np.pad, ((4,), (3, 2), (1, 2)), width, mode)
    ],
    *on(np.pad, ((3, 4),), ((0, 0), (1, 2))),
    *on(np.pad, ((3, 4),), ((0, 1), (2, 0)), mode="edge"),
    *on(np.pad, ((), (0, 3)), 1),
    *[
        row
        for mode in ("mean", "linear_ramp", "maximum", "minimum")
        for width in (0, 1, 5, (1, 2), ((2, 1),))
        for row in on(np.pad, ((4,), (3, 2), (1, 2), ()), width, mode)
    ],
    *[row for mode in ("mean", "maximum") for row in on(np.pad, ((5,), (4, 3)), 2, mode=mode, stat_length=2)],
    *on(np.pad, ((4, 3),), ((2, 1), (0, 3)), mode="minimum", stat_length=((1, 2), (3, 1))),
    *on(np.pad, ((4, 3),), ((2, 1), (0, 3)), mode="mean", stat_length=((1, 2), (3, 1))),
    *on(np.pad, ((4, 3),), ((2, 1), (0, 3)), mode="linear_ramp", end_values=((1.0, 2.0), (3.0, 4.0))),
    *[
        row
        for mode in ("reflect", "symmetric")
        for row in on(np.pad, ((4,), (3, 2)), ((1, 5),), mode=mode, reflect_type="odd")
    ],
    *on(np.pad, ((3,),), 1, mode="constant", constant_values=7.0),
    *[row for width in (0, 1, (1, 2), ((2, 1),)) for row in on(np.pad, ((4,), (3, 2), (1, 2), ()), width, "median")],
    *on(np.pad, ((4, 3),), ((2, 1), (0, 3)), mode="median", stat_length=((1, 2), (3, 1))),
    *rows(
        np.pad,
        (lambda x, v: np.pad(x, 1, constant_values=v), (sample(2, 3), np.array(0.5))),
        (lambda x: np.pad(x * x, (2, 0), constant_values=(x[0] ** 2, 1.0)), (sample(3),)),
        (lambda x, v: np.pad(x, ((1, 2), (0, 1)), constant_values=v), (sample(2, 3), sample(2, 2))),
        (lambda x, v: np.pad(x, {-1: (1, 2)}, constant_values=v), (sample(2, 3), sample(2)))
        if np.lib.NumpyVersion(np.__version__) >= "2.4.0"
        else (lambda x, v: np.pad(x, ((0, 0), (1, 2)), constant_values=v), (sample(2, 3), sample(2))),
        (lambda x, v: np.pad(x, 1, constant_values=v), (sample(0, 3), np.array(0.5))),
        (lambda x, v: np.pad(x * v, ((1, 2), (0, 3)), "linear_ramp", end_values=v * v), (sample(3, 2), np.array(0.5))),
        (lambda x, v: np.pad(x, 2, mode="linear_ramp", end_values=v), (sample(2, 3), sample(2, 2))),
    ),
    Row(np.pad, lambda x: np.pad(x * x, 1), (sample(3),), "of a square"),
    *on(WINDOWS, ((6,), (5,)), 3),
    *on(WINDOWS, ((4, 5),), (2, 3)),
    *on(WINDOWS, ((4, 3),), 2, axis=0),
    *on(WINDOWS, ((4, 3, 2),), (3, 2), axis=(0, -1)),
    *on(WINDOWS, ((6,),), (2, 3), axis=(0, 0)),
    *on(WINDOWS, ((4,),), 1),
    *on(WINDOWS, ((4,),), 4),
]

DIAGONALS = [
    *[row for k in (-2, -1, 0, 1, 2) for row in on(np.diag, ((3,), (1,), (0,), (3, 3), (3, 4), (4, 2), (1, 1)), k)],
    *on(np.diag, ((2, 3),), 5),
    *on(np.diagflat, ((), (3,), (2, 2))),
    *on(np.diagflat, ((2, 2),), k=1),
    *on(np.diagonal, PLANES),
    *on(np.diagonal, PLANES, 1),
    *on(np.diagonal, ((2, 3, 4), (3, 2, 3)), offset=-1, axis1=-1, axis2=0),
    *on(np.diagonal, ((2, 3, 4), (3, 2, 3)), axis1=0, axis2=2),
    *[row for k in (-1, 0, 1, 3) for row in [*on(np.tril, ((3, 3), (2, 3, 4), (3,)), k), *on(np.triu, PLANES, k)]],
    Row(np.diag, lambda x: np.diag(x * x), (sample(3),), "built from a square"),
    Row(np.diag, lambda x: np.diag(x * x), (sample(3, 3),), "of a square"),
    Row(np.triu, lambda x: np.triu(x * x), (sample(3, 3),), "of a square"),
]

JOINING = [
    *joining(np.concatenate, ((3,), (2,)), ((3, 2), (1, 2)), ((0, 3), (2, 3)), ((3,),), ((1,), (1,))),
    *joining(np.concatenate, ((3, 2), (3, 1)), ((2, 3, 2), (2, 3, 1)), axis=-1),
    *joining(np.concatenate, ((3, 2), (3, 1)), ((2,), (2, 2), (1,)), axis=None),
    *joining(np.stack, ((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((0,), (0,)), ((1, 2),)),
    *joining(np.stack, ((3,), (3,)), ((2, 3), (2, 3)), axis=-1),
    *joining(np.stack, ((2, 3), (2, 3)), axis=1),
    *joining(np.vstack, ((3,), (3,)), ((2, 3), (3,)), ((), ())),
    *joining(np.hstack, ((3,), (2,)), ((2, 3), (2, 1)), ((), (2,))),
    *joining(np.dstack, ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3, 1), (2, 3)), ((), ())),
    *joining(np.column_stack, ((3,), (3,)), ((3,), (3, 2)), ((), ())),
    *[
        row
        for function in (np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack)
        for row in on(function, ((3, 2), (2, 3, 2), (1, 2, 2)))
    ],
    *on(np.stack, ((3, 2), (3,)), axis=-1),
    *on(np.concatenate, ((2, 3, 2),), axis=1),
    *on(np.concatenate, ((2, 3, 2), (3, 2)), axis=None),
    Row(np.concatenate, lambda x: np.concatenate([x, x * x, [1.0]]), (sample(3),), "one array twice"),
    Row(np.stack, lambda x: np.stack([x[0], 2.0, x[1] * x[0]]), (sample(2),), "of scalars"),
    *[
        Row(np.append, lambda x, y, axis=axis: np.append(x, y, axis=axis), pair(*shapes), f"{shapes}-{axis}")
        for shapes, axis in ((((3,), (2,)), None), (((2, 3), ()), None), (((2, 3), (1, 3)), 0), (((2, 3), (2, 1)), -1))
    ],
    Row(np.append, lambda x: np.append(x, 3.0), (sample(2),), "a number"),
    Row(np.block, lambda a, b: np.block([[a, np.ones((2, 1))], [np.zeros((1, 3)), b]]), pair((2, 3), (1, 1))),
    Row(np.block, lambda a, b: np.block([a, 2.0, b]), pair((3,), ()), "flat"),
    Row(np.block, lambda a: np.block([[[a], [a]]]), pair((2, 3)), "deep"),
    Row(np.block, lambda a: np.block([[a, a * a], [a * a, a]]), pair((2, 2)), "one array often"),
]

SPLITTING = [
    *splitting(np.split, ((6,), (6, 2), (3, 2), (0, 2)), 3),
    *splitting(np.split, ((6, 2), (2, 6)), [1, 1], axis=1),
    *splitting(np.split, ((6,),), [-2, 3, 9]),
    *splitting(np.array_split, ((7,), (2, 3), (1,)), 3),
    *splitting(np.array_split, ((3, 4),), [1, 3], axis=-1),
    *splitting(np.hsplit, ((4,), (3, 4), (2, 4, 3)), 2),
    *splitting(np.vsplit, ((4, 3), (2, 4, 3)), [1]),
    *splitting(np.dsplit, ((2, 3, 4),), 2),
    *splitting(np.unstack, ((3,), (3, 2), (1, 2))),
    *splitting(np.unstack, ((3, 2),), axis=-1),
    Row(np.split, lambda x: np.split(x, 3)[1], (sample(6),), "one part"),
    Row(np.split, lambda x: np.multiply(*np.split(x, 2)), (sample(6),), "product of the parts"),
]

ROWS = [
    *REGROUPING,
    *TRANSPOSING,
    *ORDER,
    *REPEATING,
    *PADDING,
    *DIAGONALS,
    *JOINING,
    *SPLITTING,
]
