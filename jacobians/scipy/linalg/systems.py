"""Solutions of linear systems. A triangle is an operator that is solved with, and never inverted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.linalg as original

from ...arrays import SparseSystem, sparse_solve
from ...errors import UnsupportedFunctionError
from ...labels import axes_of
from ...registry import Call, LocalTerm
from ...rules.conjugates import conjugate
from ...rules.sparse import operator_factors
from ...terms import Factor, Term
from ..standing import follows, is_complex, ruled
from .patterns import toeplitz

__all__ = [
    "ONE_BY_ONE",
    "cho_solve",
    "only_matrices",
    "solve",
    "solve_banded",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
]


class TriangularInverse:
    """The inverse of a triangular matrix: ``apply`` solves with it, ``apply_transposed`` with its transpose."""

    def __init__(self, matrix: Any, dtype: np.dtype, transposed: bool, options: dict[str, bool]) -> None:
        self.matrix, self.dtype, self.nbytes = matrix, dtype, matrix.nbytes
        self.transposed, self.options = transposed, options

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return self._solved(array, self.transposed)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed system for each column."""
        return self._solved(array, not self.transposed)

    def with_arrays(self, change: Callable[[Any], Any]) -> TriangularInverse:
        """The same operation on other arrays of the same numbers."""
        return TriangularInverse(change(self.matrix), self.dtype, self.transposed, self.options)

    def _solved(self, array: Any, transposed: bool) -> Any:
        columns = np.reshape(array, (np.shape(array)[0], -1))
        return np.reshape(_solve_triangle(self.matrix, columns, int(transposed), **self.options), np.shape(array))


@ruled(original.solve_triangular)
def _solve_triangle(
    call: Call, a: Any, b: Any, trans: int = 0, lower: bool = False, unit_diagonal: bool = False
) -> Iterator[LocalTerm]:
    # T X = B: dX = inv(T) (dB - dT X), T the triangle of a
    X, n, transposed = call.result, np.shape(a)[0], bool(trans)
    (i,), (p,), (q,) = axes_of((n,)), axes_of((n,)), axes_of((n,))
    rest = axes_of(np.shape(b)[1:])
    options = {"lower": lower, "unit_diagonal": unit_diagonal}
    inverse, ones = operator_factors(TriangularInverse(a, X.dtype, transposed, options), i, p, "solve")
    if call.needs(1):
        yield 0, 1, Term((i, *rest), (p, *rest), inverse, bound=ones)
    if call.needs(0):
        read = np.tri(n, k=-1 if unit_diagonal else 0, dtype=X.dtype)
        read = read if lower != transposed else read.T
        factors = (*inverse, Factor.on(X, (q, *rest)), Factor.on(read, (p, q)))
        yield 0, 0, Term((i, *rest), (q, p) if transposed else (p, q), factors, bound=ones, scale=-1.0)


@follows(original.solve_triangular, of_lapack=True)
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    kind: Any = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    if np.ndim(a) > 2 or np.ndim(b) > 2:
        return _solve_triangles(conjugate(a) if kind == 2 else a, b, bool(kind), lower, unit_diagonal)
    return _solve_triangle(conjugate(a) if kind == 2 else a, b, min(kind, 1), lower, unit_diagonal)


def _solve_triangles(a: Any, b: Any, transposed: bool, lower: bool, unit_diagonal: bool) -> Any:
    """Stacks of systems; the triangles are solved as matrices."""
    triangle = np.tril(a, -unit_diagonal) if lower else np.triu(a, unit_diagonal)
    if unit_diagonal:
        triangle = triangle + np.eye(np.shape(a)[-1], dtype=triangle.dtype)
    if transposed:
        triangle = np.swapaxes(triangle, -1, -2)
    return np.linalg.solve(triangle, b) if np.ndim(b) > 1 else np.linalg.solve(triangle, b[:, None])[..., 0]


def only_matrices(name: str, a: Any, instead: str = "np.linalg.solve") -> None:
    """Raise for a stack of matrices."""
    if np.ndim(a) != 2:
        raise UnsupportedFunctionError(f"jacobians.scipy.linalg.{name}", f"for stacks of matrices. Use {instead}")


ONE_BY_ONE = "one matrix at a time, and np.stack"


_KINDS = {"sym": "symmetric", "her": "hermitian", "pos": "hermitian", "positive definite": "hermitian"}


@follows(original.solve, of_lapack=True)
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    only_matrices("solve", a)
    kind = _KINDS.get(assume_a or "general", assume_a)
    if kind in ("symmetric", "hermitian"):
        triangle = np.tril(a, -1) if lower else np.triu(a, 1)
        diagonal, other = np.diagonal(a), np.transpose(triangle)
        if kind == "hermitian" and is_complex(a):
            diagonal, other = np.real(diagonal), np.conjugate(other)
        a = triangle + other + np.diag(diagonal)
    elif kind in ("upper triangular", "lower triangular"):
        return solve_triangular(a, b, int(transposed), kind == "lower triangular")
    elif kind == "diagonal":
        return np.transpose(np.transpose(b) / np.diagonal(a))
    elif kind not in (None, "gen", "general", "banded", "tridiagonal"):
        raise UnsupportedFunctionError("jacobians.scipy.linalg.solve", f"for assume_a={assume_a!r}")
    return np.linalg.solve(np.transpose(a) if transposed else a, b)


@follows(original.cho_solve, of_lapack=True)
def cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    c, lower = c_and_lower
    only_matrices("cho_solve", c)
    # L L^H or U^H U
    first, last = (c, conjugate(c)) if lower else (conjugate(c), c)
    half = _solve_triangle(first, b, 0 if lower else 1, lower)
    return _solve_triangle(last, half, 1 if lower else 0, lower)


@follows(original.solve_banded, of_lapack=True)
def solve_banded(
    l_and_u: Any, ab: Any, b: Any, overwrite_ab: bool = False, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    # ab[u + i - j, j] == a[i, j]
    ab = ab if hasattr(ab, "dtype") else np.asarray(ab)
    only_matrices("solve_banded", ab, ONE_BY_ONE)
    below, above = l_and_u
    size = np.shape(ab)[-1]
    rows, columns = _band(size, below, above)
    return sparse_solve(ab[above + rows - columns, columns], b, SparseSystem(rows, columns, size))


@follows(original.solveh_banded, of_lapack=True)
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    ab = ab if hasattr(ab, "dtype") else np.asarray(ab)
    only_matrices("solveh_banded", ab, ONE_BY_ONE)
    # The upper form has ab[u + i - j, j] == a[i, j] for i <= j, the lower one ab[i - j, j] == a[i, j] for i >= j.
    width, size = np.shape(ab)[0] - 1, np.shape(ab)[-1]
    rows, columns = _band(size, width, width)
    first, last = np.minimum(rows, columns), np.maximum(rows, columns)
    entries = ab[last - first, first] if lower else ab[width + first - last, last]
    if is_complex(ab):
        mirrored = rows < columns if lower else rows > columns
        entries = np.where(mirrored, np.conjugate(entries), np.where(rows == columns, np.real(entries), entries))
    return sparse_solve(entries, b, SparseSystem(rows, columns, size))


def _band(size: int, below: int, above: int) -> tuple[np.ndarray, np.ndarray]:
    """The positions of the entries of a banded matrix."""
    rows, columns = np.arange(size)[:, None], np.arange(size)
    inside = (rows - columns <= below) & (columns - rows <= above)
    row, column = np.nonzero(inside)
    return row, column


@follows(original.solve_toeplitz, of_lapack=True)
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    matrix = toeplitz(c, r)
    return np.linalg.solve(np.astype(matrix, complex if is_complex(matrix) else float), b)  # in double precision
