"""Rows of the library's own array functions, and of the makers that run as they do without ``like=``."""

import io
import os

import numpy as np
import scipy.sparse
from table import Row, rows, sample

from jacobians.arrays import Slot, SparseSystem, embed, mirrored, scatter, sparse_product, sparse_solve, written
from jacobians.contract import Filling, filled
from jacobians.labels import flatten
from jacobians.rules.indexing import indexing_term
from jacobians.terms import patterned

__all__ = ["ROWS"]

_X, _M = sample(3), sample(3, 2)
_SPARSE = scipy.sparse.csr_array(np.array([[0.0, 2.0, 0.0], [0.0, 0.0, -1.0], [3.0, 0.0, 0.5], [0.0, 0.0, 0.0]]))
_SYSTEM = SparseSystem(np.array([0, 1, 2, 0, 2]), np.array([0, 1, 2, 1, 0]), 3)
_ENTRIES = np.array([3.0, -2.0, 4.0, 0.7, 0.3])


def _filling(shape, dtype, *indices, signs):
    """Parts of an array that are filled from arrays of these parts' shapes."""
    terms = [indexing_term(shape, index) for index in indices]
    patterns = []
    for term in terms:
        part, whole = flatten(term.out), flatten(term.inp)
        bound = tuple([label for label in part if label not in whole])
        patterns.append(patterned(term.inp, (), [part], term.maps, bound))
    return Filling(tuple(patterns), signs, shape, dtype)


# fmt: off
_OWN = [
    *rows(
        filled,
        (lambda x: filled(_filling((4,), x.dtype, slice(1, None), slice(0, 3), signs=(1, -1)), x * x, x), (_X,)),
        (lambda x: filled(_filling((3, 4), x.dtype, (slice(None), slice(3, 0, -2)), signs=(-1,)), x * x), (_M,)),
        (lambda x, y: filled(_filling((3,), x.dtype, 1, slice(None), signs=(1, 1)), x[0] * x[1], y), (_X, _X + 1)),
    ),
    *rows(
        scatter,
        (lambda x: scatter(x, np.array([0, 2, 0]), 4), (_X,)),
        (lambda x: scatter(x, np.array([2, 0, 3]), 4, injective=True), (_M,)),
        (lambda x: scatter(x * x, np.array([1, 1, 1]), 2), (_M,)),
        (lambda x: scatter(x, np.zeros(0, int), 2), (sample(0, 2),)),
    ),
    *rows(
        sparse_product,
        (lambda x: sparse_product(x * x, _SPARSE.astype(x.dtype)), (_X,)),
        (lambda x: sparse_product(x, _SPARSE.astype(x.dtype)), (_M,)),
        (lambda x: sparse_product(x, _SPARSE[:1, 1:2].astype(x.dtype)), (_M[:1],)),
    ),
    *rows(
        sparse_solve,
        (lambda a, b: sparse_solve(a, b, _SYSTEM), (_ENTRIES, _X)),
        (lambda a, b: sparse_solve(a, b, _SYSTEM, True), (_ENTRIES, _M)),
        (lambda a, b: sparse_solve(a, b, SparseSystem(np.zeros(1, int), np.zeros(1, int), 1)), (_X[:1], _M[:1])),
    ),
    *rows(
        written,
        (lambda x, v: written(x, [v], (Slot((slice(None), 1), (3,)),)), (_M, _X)),
        (lambda x, v: written(x * x, list(v), (Slot(0, (2,)), Slot((1, 1), ()), Slot((2, 0), ()))), (_M, _X)),
        (lambda x, v: written(x, [v], (Slot(None, (3,), np.array([5, 1]), np.array([2, 0])),)), (_M, _X)),
        (lambda v: written(np.zeros((2, 3)), [v * v], (Slot(slice(1, None), (1, 3)),)), (_X,)),
        (lambda v: written(np.zeros(4), [v], (Slot(np.array([3, 0, 1]), (3,)),)), (_X,)),
    ),
    *rows(
        embed,
        (lambda x: embed(x, ((0,), (0,))), (_X,)),
        (lambda x: embed(x, ((0,), (1, 0))), (_M,)),
        (lambda x: embed(x * x, ((), (0, 0), (1,))), (_M,)),
        (lambda x: embed(x, ((), ())), (sample(),)),
    ),
    *rows(
        mirrored,
        (lambda x: mirrored(np.multiply.outer(x, x)), (_X,)),
        (lambda x: mirrored(np.einsum("ni,nj->nij", x, np.sin(x)) + np.einsum("nj,ni->nij", x, np.sin(x))), (_M,)),
    ),
]

_MAKERS = [
    *rows(
        np.array,
        (lambda x: np.array([1, 2, 3.0], like=x) * x, (_X,)),
        (lambda x: np.array([[x[0], 2], [x[1] * x[2], 0]], like=x), (_X,)),
        (lambda x: np.array(x, like=x) ** 2, (_X,)),
    ),
    *rows(np.asarray, (lambda x: np.asarray([x[0] ** 2, 2], like=x), (_X,)), (lambda x: np.asarray(x, like=x), (_M,)),
          (lambda x: np.asarray(x) * 2, (sample(0, 2),))),
    *rows(np.asanyarray, (lambda x: np.asanyarray([x[0] ** 2], like=x), (_X,))),
    *rows(np.ascontiguousarray, (lambda x: np.ascontiguousarray(x.T, like=x) ** 2, (_M,))),
    *rows(np.asfortranarray, (lambda x: np.asfortranarray(x, like=x) ** 2, (_M,))),
    *rows(np.require, (lambda x: np.require([1.0, 2, 3], requirements="C", like=x) * x, (_X,))),
    *rows(np.full, (lambda x: np.full(3, 2.0, like=x) * x, (_X,)), (lambda x: np.full((2, 2), x[1], like=x), (_X,))),
    *rows(np.empty, (lambda x: 0 * np.nan_to_num(np.empty(3, like=x)) + x, (_X,))),
    *rows(np.identity, (lambda x: np.identity(3, like=x) * x, (_X,))),
    *rows(np.tri, (lambda x: np.tri(3, like=x) @ x, (_X,))),
    *rows(np.fromfunction, (lambda x: np.fromfunction(lambda i: i + 1, (3,), like=x) * x, (_X,))),
    *rows(np.fromiter, (lambda x: np.fromiter(range(3), float, like=x) * x, (_X,))),
    *rows(np.frombuffer, (lambda x: np.frombuffer(np.ones(3), like=x) * x, (_X,))),
    *rows(np.fromstring, (lambda x: np.fromstring("1 2 3", sep=" ", like=x) * x, (_X,))),
    *rows(np.fromfile, (lambda x: np.sum(np.fromfile(os.devnull, like=x)) + x, (_X,))),
    *rows(np.loadtxt, (lambda x: np.loadtxt(io.StringIO("1 2 3"), like=x) * x, (_X,))),
    *rows(np.genfromtxt, (lambda x: np.genfromtxt(io.StringIO("1 2 3"), like=x) * x, (_X,))),
]
# fmt: on

ROWS: list[Row] = [*_OWN, *_MAKERS]
