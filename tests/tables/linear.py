"""Rows of the products: matmul and its relatives, einsum in all call forms, traces, convolutions."""

import warnings
from functools import partial

import numpy as np
from table import Row, sample

__all__ = ["ROWS"]

IS_PLANAR = np.lib.NumpyVersion(np.__version__) < "2.5.0"  # cross products of two components are there
PLANAR = [((2,), (3,)), ((3,), (2,)), ((2,), (2,)), ((3, 2), (3, 2))] if IS_PLANAR else []


def pair(*shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Different arrays of these shapes."""
    return tuple([np.asarray(sample(*shape, seed=seed)) for seed, shape in enumerate(shapes)])


def shaped(function, *shapes: tuple[tuple[int, ...], ...], covers=None, **keywords) -> list[Row]:
    """A row for each tuple of operand shapes, all operands differentiated."""
    call = partial(function, **keywords) if keywords else function
    words = "".join(f"-{key}={value}" for key, value in keywords.items())
    return [Row(covers or function, call, pair(*group), "x".join(map(str, group)) + words) for group in shapes]


def twice(function, *shape: int) -> Row:
    """The same array as both operands."""
    return Row(function, lambda x: function(x, x), (sample(*shape),), f"{shape} as both operands")


def held(function, array: np.ndarray, *shape: int) -> list[Row]:
    """One operand differentiated, the other a constant."""
    return [
        Row(function, lambda x: function(x, array), (sample(*shape),), "constant right"),
        Row(function, lambda x: function(array, x), (sample(*shape),), "constant left"),
    ]


MATRICES = (
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((2, 1), (1, 3)),
    ((5, 2, 3), (3, 2)),
    ((2, 3), (3, 3, 2)),
    ((1, 2, 3), (3, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
)
VECTORS = (((3,), (3,)), ((1,), (1,)), ((0,), (0,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (2, 3)))

MATMUL = [
    *shaped(np.matmul, *MATRICES, ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,))),
    *shaped(np.matmul, ((3, 4, 2), (3, 4, 3)), axes=[(2, 0), (0, -1), (1, 0)]),
    *shaped(np.matmul, ((3, 4, 2), (3,)), axes=[(2, 0), (0,), (1,)]),
    Row(np.matmul, lambda a, b: a @ b, pair((2, 3), (3, 2)), "operator"),
    twice(np.matmul, 3, 3),
    twice(np.matmul, 3),
    *held(np.matmul, np.arange(9).reshape(3, 3), 3, 3),
    *shaped(np.linalg.matmul, *MATRICES),
    twice(np.linalg.matmul, 2, 2),
]

GUFUNCS = [
    *shaped(np.vecdot, *VECTORS),
    *shaped(np.vecdot, ((3, 2), (3, 2)), axis=0),
    *shaped(np.vecdot, ((2, 3), (2, 3)), keepdims=True),
    *shaped(np.vecdot, ((3, 2, 2), (3, 2, 2)), axis=1, keepdims=True),
    *shaped(np.vecdot, ((3, 2), (2, 3)), axes=[0, 1]),
    *shaped(np.vecdot, ((3, 2), (2, 3)), axes=[0, 1, 0], keepdims=True),
    twice(np.vecdot, 2, 3),
    *shaped(np.linalg.vecdot, *VECTORS),
    *shaped(np.linalg.vecdot, ((3, 2), (3, 2)), axis=0),
    twice(np.linalg.vecdot, 3),
    *shaped(np.matvec, ((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((1, 2, 3), (4, 3)), ((2, 0), (0,))),
    *shaped(np.matvec, ((3, 2, 4), (2, 4)), axes=[(0, 1), 0, 1]),
    *shaped(np.vecmat, ((3,), (3, 2)), ((4, 3), (3, 2)), ((3,), (4, 3, 2)), ((1, 3), (4, 3, 2)), ((0,), (0, 2))),
    *shaped(np.vecmat, ((3, 2), (2, 3, 4)), axes=[0, (1, 2), -1]),
]

DOTS = [
    *shaped(np.dot, ((), ()), ((), (2, 3)), ((2,), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2))),
    *shaped(np.dot, ((2, 3), (2, 3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)), ((1,), (1,)), ((0,), (0,))),
    twice(np.dot, 3),
    twice(np.dot, 2, 2),
    *held(np.dot, np.arange(4).reshape(2, 2), 2, 2),
    *shaped(np.inner, ((), ()), ((), (2, 3)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (2, 3))),
    twice(np.inner, 3),
    twice(np.inner, 2, 3),
    *shaped(np.vdot, ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3, 2)), ((), ()), ((1,), ()), ((0,), (0, 2))),
    twice(np.vdot, 3),
    *held(np.vdot, np.arange(6), 2, 3),
    *shaped(np.outer, ((3,), (2,)), ((2, 3), (2,)), ((), (3,)), ((1,), (2,)), ((0,), (2,))),
    twice(np.outer, 3),
    *shaped(np.linalg.outer, ((3,), (2,)), ((1,), (2,))),
    twice(np.linalg.outer, 3),
    *shaped(np.kron, ((3,), (2,)), ((2, 3), (2,)), ((), (3,)), ((2, 2), (2, 3)), ((3,), (2, 1, 2)), ((1, 2), (2, 1))),
    twice(np.kron, 2, 2),
]

TENSORDOT = [
    *shaped(np.tensordot, ((2, 2, 3), (2, 3, 2)), ((2, 3), (2, 3))),
    *shaped(np.tensordot, ((2, 3), (3, 2)), ((3,), (3,)), ((2, 1), (1, 2)), ((0, 2), (2, 2)), axes=1),
    *shaped(np.tensordot, ((2, 3), (2,)), ((), (2,)), axes=0),
    *shaped(np.tensordot, ((2, 3, 2), (2, 2)), axes=([0, -1], [1, 0])),
    *shaped(np.tensordot, ((2, 3), (2, 3)), axes=(-1, -1)),
    twice(np.tensordot, 2, 2),
    *shaped(np.linalg.tensordot, ((2, 2, 3), (2, 3, 2))),
    *shaped(np.linalg.tensordot, ((2, 3, 2), (2, 2)), axes=([0, -1], [1, 0])),
]

CHAINS = [
    Row(np.linalg.multi_dot, lambda *arrays: np.linalg.multi_dot(arrays), pair((2, 3), (3, 4), (4, 2)), "three"),
    Row(np.linalg.multi_dot, lambda *arrays: np.linalg.multi_dot(list(arrays)), pair((3,), (3, 2), (2,)), "vectors"),
    Row(np.linalg.multi_dot, lambda *arrays: np.linalg.multi_dot(arrays), pair((2, 3), (3,)), "two"),
    Row(np.linalg.multi_dot, lambda *a: np.linalg.multi_dot(a), pair((2, 2), (2, 3), (3, 1), (1, 2)), "four"),
    Row(np.linalg.multi_dot, lambda x: np.linalg.multi_dot([x, x, x]), pair((2, 2)), "same array"),
    Row(np.linalg.multi_dot, lambda x: np.linalg.multi_dot([x, np.ones((3, 2)), x]), pair((2, 3)), "constant between"),
    *[
        Row(
            np.linalg.matrix_power,
            partial(np.linalg.matrix_power, n=n),
            (sample(*shape) + 3 * np.eye(2),),
            f"{shape} {n}",
        )
        for n, shape in ((0, (2, 2)), (1, (2, 2)), (2, (2, 2)), (3, (3, 2, 2)), (5, (2, 2)), (-1, (2, 2)), (-2, (2, 2)))
    ],
]


def einsum(text: str, *shapes: tuple[int, ...], **keywords) -> Row:
    """A row of the string form."""
    words = "".join(f" {key}={value}" for key, value in keywords.items())
    return Row(
        np.einsum, lambda *arrays: np.einsum(text, *arrays, **keywords), pair(*shapes), f"{text} {shapes}{words}"
    )


def lists(*subscripts: list, shapes: tuple[tuple[int, ...], ...]) -> Row:
    """A row of the form with lists; one list more than shapes is that of the result."""

    def call(*arrays):
        mixed = [item for array, index in zip(arrays, subscripts, strict=False) for item in (array, index)]
        return np.einsum(*mixed, *subscripts[len(arrays) :])

    return Row(np.einsum, call, pair(*shapes), f"lists {subscripts}")


def mixed_lists(x):
    """A constant and a differentiated operand in the form with lists."""
    operands: list = [np.ones((2, 3)), [0, 1], x, [1]]
    return np.einsum(*operands)


EINSUM = [
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    einsum("ij,jk", (2, 3), (3, 4)),
    einsum("ij, jk -> ki", (2, 3), (3, 2), optimize=True),
    einsum("ij,jk,kl->il", (2, 3), (3, 2), (2, 2), optimize="greedy"),
    einsum("ij,jk->ik", (2, 3), (3, 2), dtype=np.float64),
    einsum("Ba,aC", (2, 3), (3, 2)),
    einsum("ba", (2, 3)),
    einsum("ij->", (2, 3)),
    einsum("ij->j", (2, 3)),
    einsum("i,j->", (2,), (3,)),
    einsum("i,j,k->kji", (2,), (3,), (2,)),
    einsum("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)),
    einsum("ii", (3, 3)),
    einsum("ii->i", (3, 3)),
    einsum("iij->j", (2, 2, 3)),
    einsum("iii->i", (2, 2, 2)),
    einsum("iij,jjk->ik", (2, 2, 3), (3, 3, 2)),
    einsum("i,i", (3,), (1,)),
    einsum("ij,jk->ik", (2, 1), (3, 4)),
    einsum("ij,jk->ik", (1, 3), (3, 1)),
    einsum("ij,ij->", (1, 3), (2, 1)),
    einsum(",", (), ()),
    einsum(",ij", (), (2, 3)),
    einsum("i,ij->j", (0,), (0, 3)),
    einsum("...", (2, 3)),
    einsum("...i->...", (2, 3)),
    einsum("...i->i...", (2, 2, 3)),
    einsum("i...,i...", (3, 2), (3, 2)),
    einsum("...,...", (2, 3), (3,)),
    einsum("...a,b...", (2, 3), (4, 2)),
    einsum("...ij,...jk->...ik", (3, 2, 3), (3, 2)),
    einsum("...ij,...jk", (1, 2, 3), (3, 3, 2)),
    einsum("...ij,...jk->ik...", (2, 1, 2, 3), (3, 3, 2)),
    lists([0, 1], [1, 2], [0, 2], shapes=((2, 3), (3, 4))),
    lists([0, 1], [1, 2], shapes=((2, 3), (3, 4))),
    lists([1, 0], shapes=((2, 3),)),
    lists([30, 2], shapes=((2, 3),)),
    lists([7, 7], shapes=((3, 3),)),
    lists([0], [0], [], shapes=((3,), (3,))),
    lists([..., 0, 1], [1, 2], [..., 0, 2], shapes=((3, 2, 3), (3, 2))),
    lists([..., 0, 1], [1, 2], shapes=((3, 2, 3), (3, 2))),
    Row(np.einsum, lambda x: np.einsum("ij,jk->ik", x, x), pair((3, 3)), "same array twice"),
    Row(np.einsum, lambda x: np.einsum("ij,ij,ij->", x, x, x), pair((2, 3)), "same array three times"),
    Row(np.einsum, lambda x: np.einsum("ij,jk", x, np.arange(6).reshape(3, 2)), pair((2, 3)), "integers"),
    Row(np.einsum, mixed_lists, pair((3,)), "lists, constant left"),
]


def quiet_cross(a, b, **keywords):
    """Cross products of two components are deprecated, and gone in NumPy 2.5."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.cross(a, b, **keywords)


CROSS = [
    *shaped(
        np.cross, ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)), ((1, 3), (2, 3)), ((2, 1, 3), (2, 3)), ((0, 3), (3,))
    ),
    *shaped(np.cross, ((3, 2), (3, 2)), axis=0),
    *shaped(np.cross, ((3, 2), (2, 3)), axisa=0),
    *shaped(np.cross, ((3, 2), (2, 3)), axisa=0, axisc=0),
    *shaped(np.cross, ((2, 2, 3), (3, 2)), axisb=0, axisc=1),
    *shaped(quiet_cross, *PLANAR, covers=np.cross),
    Row(np.cross, lambda x: np.cross(x, 2 * x[::-1]), pair((3,)), "same array"),
    *held(np.cross, np.arange(3), 2, 3),
    *shaped(np.linalg.cross, ((3,), (3,)), ((2, 3), (3,))),
    *shaped(np.linalg.cross, ((3, 2), (3, 2)), axis=0),
]

TRACES = [
    *shaped(np.trace, ((3, 3),), ((2, 3),), ((3, 2),), ((1, 1),), ((1, 3),), ((0, 0),), ((2, 2, 3),)),
    *shaped(np.trace, ((3, 3),), ((2, 3),), ((1, 3),), offset=1),
    *shaped(np.trace, ((3, 3),), ((3, 1),), offset=-2),
    *shaped(np.trace, ((2, 2),), offset=5),
    *shaped(np.trace, ((2, 3, 3),), axis1=1, axis2=2),
    *shaped(np.trace, ((2, 3, 4),), axis1=-1, axis2=0, offset=1),
    *shaped(np.linalg.trace, ((3, 3),), ((2, 3, 4),), ((1, 1),)),
    *shaped(np.linalg.trace, ((2, 3, 4),), offset=-1),
    *shaped(np.linalg.diagonal, ((3, 3),), ((2, 3, 4),), ((1, 1),)),
    *shaped(np.linalg.diagonal, ((2, 3, 4),), offset=1),
]

LENGTHS = (((4,), (3,)), ((2,), (3,)), ((2,), (4,)), ((3,), (3,)), ((4,), (1,)), ((1,), (1,)), ((1,), (3,)))

CONVOLUTIONS = [
    *[
        row
        for function in (np.convolve, np.correlate)
        for mode in ("full", "same", "valid")
        for row in shaped(function, *LENGTHS, mode=mode)
    ],
    *shaped(np.convolve, ((3,), (2,)), ((), (3,))),
    *shaped(np.correlate, ((3,), (2,))),
    twice(np.convolve, 3),
    twice(np.correlate, 3),
    *held(np.convolve, np.arange(4), 3),
    *held(np.correlate, np.arange(4), 3),
]

ROWS = [*MATMUL, *GUFUNCS, *DOTS, *TENSORDOT, *CHAINS, *EINSUM, *CROSS, *TRACES, *CONVOLUTIONS]
