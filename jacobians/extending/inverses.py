"""The inverse of a square Jacobian, in the form that its structure allows.

- a diagonal: division, and the inverse is diagonal again;
- a sparse one: a sparse LU decomposition; a dense one: LU; each is made once, and solves in both directions;
- "iterative": nothing is written out, each product is a solution by iteration.

What is linear over the real numbers only is inverted in real and imaginary parts.

Entries may be traced by an outer derivative, which then passes through the solution.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from ..arrays import SparseSystem
from ..contract import to_coo
from ..labels import axes_of
from ..rules.sparse import SparseInverse, operator_term
from ..tensor import Jacobian
from ..tensor.results import triplet_count
from ..terms import CONJUGATE, LINEAR, Factor, LinearOperation, Term, acting
from .halves import halves

__all__ = ["DenseInverse", "RealForm", "inverse_term", "inverse_terms"]

_SMALL = 64
_FILLED = 0.1


class DenseInverse:
    """The inverse of a matrix: ``apply`` solves with it, ``apply_transposed`` with its transpose."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.dtype, self.nbytes = matrix.dtype, matrix.nbytes
        self._factorised: Any = None

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return self._solved(array, 0)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed system for each column."""
        return self._solved(array, 1)

    def _solved(self, array: Any, transposed: int) -> Any:
        columns = np.reshape(array, (np.shape(array)[0], -1))
        if type(self.matrix) is np.ndarray and type(columns) is np.ndarray:
            from scipy.linalg import lu_factor, lu_solve  # slow to import

            if self._factorised is None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of a singular matrix, for which an error is raised here
                    self._factorised = lu_factor(self.matrix)
                if not np.all(np.diagonal(self._factorised[0])):
                    raise np.linalg.LinAlgError("Singular matrix")
            found: Any = lu_solve(self._factorised, columns, transposed)
        else:
            found = np.linalg.solve(np.transpose(self.matrix) if transposed else self.matrix, columns)
        return np.reshape(found, np.shape(array))

    def with_arrays(self, change: Callable[[Any], Any]) -> DenseInverse:
        """The same operation on other arrays of the same numbers."""
        return DenseInverse(change(self.matrix))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_factorised": None}


class RealForm:
    """An operation on real vectors of twice the length, real parts first, as one on complex vectors.

    ``Re(sum(c y))`` of complex vectors is the product of ``(Re c, -Im c)`` with ``(Re y, Im y)``.
    """

    def __init__(self, operation: LinearOperation) -> None:
        self.operation, self.nbytes = operation, operation.nbytes

    def push(self, array: Any) -> Any:
        """The product with each column."""
        return self._joined(self.operation.apply(np.concatenate([np.real(array), np.imag(array)])), 1j)

    def pull(self, array: Any) -> Any:
        """What pairs with it."""
        return self._joined(self.operation.apply_transposed(np.concatenate([np.real(array), -np.imag(array)])), -1j)

    def with_arrays(self, change: Callable[[Any], Any]) -> RealForm:
        """The same operation on other arrays of the same numbers."""
        return RealForm(self.operation.with_arrays(change))

    @staticmethod
    def _joined(parts: Any, unit: complex) -> Any:
        half = np.shape(parts)[0] // 2
        return parts[:half] + unit * parts[half:]


def inverse_terms(J: Jacobian, method: str) -> Iterator[Term]:
    """The terms of the inverse of a square Jacobian between real or between complex arrays.

    One that is not linear over the complex numbers, ``r = A z + B conj(z)``, is inverted in real and imaginary parts.
    """
    if not prod(J.in_shape) or J.is_holomorphic:
        yield inverse_term(J, method)
        return
    A, B, shape = J.linear_part, J.conjugate_part, J.in_shape
    if method == "diagonal" or (method == "auto" and A.is_diagonal and B.is_diagonal):
        # z = (conj(a) r - b conj(r)) / (|a|^2 - |b|^2)
        a, b = A.diagonal(), B.diagonal()
        size = np.real(a * np.conjugate(a) - b * np.conjugate(b))
        for act, entries in ((LINEAR, np.conjugate(a) / size), (CONJUGATE, -b / size)):
            axes = axes_of(shape)
            yield acting(Term(axes, axes, (Factor.on(entries, axes),)), act)
        return
    if method == "auto":
        method = "dense" if _suggested(A, prod(shape)) == _suggested(B, prod(shape)) == "dense" else "sparse"
        method = method if prod(shape) > _SMALL else "dense"
    operation = _sparse_form(A, B) if method == "sparse" else _dense_form(A, B)
    yield from halves(RealForm(operation), (shape, False), (shape, False), J.dtype, "solve")


def _dense_form(A: Jacobian, B: Jacobian) -> LinearOperation:
    a, b = A.to_matrix(), B.to_matrix()
    total, rest = a + b, a - b
    rows = [np.concatenate([np.real(total), -np.imag(rest)], 1), np.concatenate([np.imag(total), np.real(rest)], 1)]
    return DenseInverse(np.concatenate(rows, 0))


def _sparse_form(A: Jacobian, B: Jacobian) -> LinearOperation:
    size, places, numbers = prod(A.in_shape), [], []
    for J, sign in ((A, 1), (B, -1)):
        for row, column, entries in to_coo(J.terms, J.dtype):
            u, v = np.real(entries), np.imag(entries)
            for down, right, part in ((0, 0, u), (0, size, -sign * v), (size, 0, v), (size, size, sign * u)):
                places.append((row + down, column + right))
                numbers.append(part)
    rows, columns = [np.concatenate(part) for part in zip(*places, strict=True)]
    return SparseInverse(np.concatenate(numbers), SparseSystem(rows, columns, 2 * size))


def inverse_term(J: Jacobian, method: str) -> Term:
    """The term of the inverse of a square Jacobian.

    Parameters
    ----------
    J : Jacobian
        From an array of some shape to one of the same shape.
    method : "auto", "diagonal", "sparse" or "dense"
    """
    shape, size = J.in_shape, prod(J.in_shape)
    if method == "auto" or not size:
        method = _suggested(J, size)
    if method == "diagonal":
        axes = axes_of(shape)
        return Term(axes, axes, (Factor.on(1 / J.diagonal(), axes),))
    if method == "sparse":
        rows, columns, entries = [np.concatenate(part) for part in zip(*to_coo(J.terms, J.dtype), strict=True)]
        operation: LinearOperation = SparseInverse(entries, SparseSystem(rows, columns, size))
    else:
        operation = DenseInverse(J.to_matrix())
    return operator_term(operation, axes_of(shape), axes_of(shape), "solve")


def _suggested(J: Jacobian, size: int) -> str:
    """What the labels of the terms suggest; nothing is guessed from numbers."""
    if J.is_diagonal:
        return "diagonal"
    return "sparse" if size > _SMALL and sum(map(triplet_count, J.terms)) < _FILLED * size * size else "dense"
