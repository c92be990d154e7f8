"""Functions of matrices. The derivative of f at A along E stands in f of a matrix of twice the size:

    f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]

(N. Higham, "Functions of Matrices", 2008, 3.16), and the transposed derivative is that at the transpose of A. It is an
operator: a product takes one evaluation, and the matrix of n^4 entries is written out only when it is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.linalg as original

from ...labels import axes_of, flatten
from ...registry import Call, LocalTerm
from ...rules.sparse import operator_factors, operator_term
from ...terms import Factor, Term
from ..standing import follows, is_recorded, ruled
from .systems import ONE_BY_ONE, only_matrices

__all__ = [
    "coshm",
    "cosm",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "logm",
    "polar",
    "sinhm",
    "sinm",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "sqrtm",
    "tanhm",
    "tanm",
]

Function = Callable[..., Any]


class FrechetDerivative:
    """The derivative of a function of matrices at a matrix, along raveled directions.

    Parameters
    ----------
    name : str
        Of the function.
    matrix : array of shape (n, n)
    dtype : dtype
    """

    def __init__(self, name: str, matrix: Any, dtype: np.dtype) -> None:
        self.name, self.matrix, self.dtype, self.nbytes = name, matrix, dtype, matrix.nbytes

    def apply(self, array: Any) -> Any:
        """The derivative along each column."""
        return self._columns(array, self.matrix)

    def apply_transposed(self, array: Any) -> Any:
        """The transposed derivative along each column."""
        return self._columns(array, np.transpose(self.matrix))

    def with_arrays(self, change: Callable[[Any], Any]) -> FrechetDerivative:
        """The same operation on other arrays of the same numbers."""
        return FrechetDerivative(self.name, change(self.matrix), self.dtype)

    def _columns(self, array: Any, matrix: Any) -> Any:
        shape = np.shape(array)
        columns = np.reshape(array, (shape[0], -1))
        parts = [
            np.ravel(_along(_FUNCTIONS[self.name], matrix, np.reshape(columns[:, n], matrix.shape)))
            for n in range(np.shape(columns)[1])
        ]
        return np.reshape(np.stack(parts, axis=1), shape) if parts else array


def _along(function: Function, A: Any, E: Any) -> Any:
    """The derivative of a function at A along E, by itself at a matrix of twice the size."""
    n = np.shape(A)[0]
    zero = np.zeros((n, n), A.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that a last digit is uncertain, as the value has told
        return function(np.concatenate([np.concatenate([A, E], 1), np.concatenate([zero, A], 1)], 0))[:n, n:]


def _matrix_function(name: str, derivative: Callable[[Any], Any] | None = None) -> Function:
    """A function of one matrix, or of a stack of matrices where SciPy's takes one.

    `derivative` makes the operation from the result, where that is simpler than the function itself.
    """

    def rule(call: Call, A: Any, *_: Any, **__: Any) -> Iterator[LocalTerm]:
        Y = call.result
        operation = derivative(Y) if derivative else FrechetDerivative(name, A, Y.dtype)
        yield 0, 0, operator_term(operation, axes_of(np.shape(A)), axes_of(np.shape(A)), name)

    rule.__module__ = __name__
    function = ruled(getattr(original, name))(rule)

    def whole(A: Any, *args: Any, **kwargs: Any) -> Any:
        if np.ndim(A) <= 2:
            return function(A, *args, **kwargs)
        stack = np.reshape(A, (-1, *np.shape(A)[-2:]))
        parts = [function(stack[n], *args, **kwargs) for n in range(np.shape(stack)[0])]
        return np.reshape(np.stack(parts), np.shape(A))

    whole.__module__ = __name__
    return follows(getattr(original, name))(whole)


class SylvesterInverse:
    """The solution X of ``A X + X B = Q`` as an operation on raveled Q."""

    def __init__(self, A: Any, B: Any, dtype: np.dtype) -> None:
        self.A, self.B, self.dtype, self.nbytes = A, B, dtype, A.nbytes + B.nbytes

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return self._columns(array, self.A, self.B)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed equation for each column."""
        return self._columns(array, np.transpose(self.A), np.transpose(self.B))

    def with_arrays(self, change: Callable[[Any], Any]) -> SylvesterInverse:
        """The same operation on other arrays of the same numbers."""
        return SylvesterInverse(change(self.A), change(self.B), self.dtype)

    def _columns(self, array: Any, A: Any, B: Any) -> Any:
        shape, sizes = np.shape(array), (np.shape(A)[0], np.shape(B)[0])
        columns = np.reshape(array, (shape[0], -1))
        parts = [np.ravel(solve_sylvester(A, B, np.reshape(columns[:, n], sizes))) for n in range(columns.shape[1])]
        return np.reshape(np.stack(parts, axis=1), shape) if parts else array


@ruled(original.solve_sylvester)
def solve_sylvester(call: Call, a: Any, b: Any, q: Any) -> Iterator[LocalTerm]:
    # A X + X B = Q: A dX + dX B = dQ - dA X - X dB
    X = call.result
    only_matrices("solve_sylvester", X, ONE_BY_ONE)
    (i, j), (m, n) = axes_of(np.shape(X)), axes_of(np.shape(X))
    inverse, ones = operator_factors(SylvesterInverse(a, b, X.dtype), flatten((i, j)), flatten((m, n)), "sylvester")
    if call.needs(2):
        yield 0, 2, Term((i, j), (m, n), inverse, bound=ones)
    if call.needs(0):
        (k,) = axes_of(np.shape(a)[1:])
        yield 0, 0, Term((i, j), (m, k), (*inverse, Factor.on(X, (k, n))), bound=(*n, *ones), scale=-1.0)
    if call.needs(1):
        (k,) = axes_of(np.shape(b)[:1])
        yield 0, 1, Term((i, j), (k, n), (*inverse, Factor.on(X, (m, k))), bound=(*m, *ones), scale=-1.0)


@follows(original.solve_continuous_lyapunov, of_lapack=True)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    # A X + X A^H = Q
    only_matrices("solve_continuous_lyapunov", a, ONE_BY_ONE)
    return solve_sylvester(a, np.conjugate(np.transpose(a)), q)


@follows(original.solve_discrete_lyapunov, of_lapack=True)
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    only_matrices("solve_discrete_lyapunov", a, ONE_BY_ONE)
    # X - A X A^H = Q, row by row: X[i, j] - A[i, k] conj(A[j, l]) X[k, l] = Q[i, j]
    system = np.eye(np.shape(a)[0] ** 2) - np.kron(a, np.conjugate(a))  # SciPy's is float64, also of float32
    return np.reshape(np.linalg.solve(system, np.ravel(q)), np.shape(q))


# ---- the functions ---------------------------------------------------------------------------------------------------


# fmt: off
expm  = _matrix_function("expm")
logm  = _matrix_function("logm")
sqrtm = _matrix_function("sqrtm", lambda S: SylvesterInverse(S, S, S.dtype))  # S dS + dS S = dA
sinm  = _matrix_function("sinm")
cosm  = _matrix_function("cosm")
tanm  = _matrix_function("tanm")
sinhm = _matrix_function("sinhm")
coshm = _matrix_function("coshm")
tanhm = _matrix_function("tanhm")
# fmt: on
_FUNCTIONS = {f.__name__: f for f in (expm, logm, sinm, cosm, tanm, sinhm, coshm, tanhm)}


@follows(original.expm_frechet, of_lapack=True)
def expm_frechet(
    A: Any, E: Any, method: str | None = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    A, E = [np.astype(part, np.result_type(part.dtype, float)) for part in (A, E)]  # SciPy's is never float32
    zero = np.zeros_like(A)
    both = expm(np.concatenate([np.concatenate([A, E], -1), np.concatenate([zero, A], -1)], -2))
    n = np.shape(A)[-1]
    return (both[..., :n, :n], both[..., :n, n:]) if compute_expm else both[..., :n, n:]


@follows(original.fractional_matrix_power)
def fractional_matrix_power(A: Any, t: Any) -> Any:
    if not is_recorded((t,)) and t == int(t):
        return np.linalg.matrix_power(A, int(t))
    # The error of a logarithm in single precision is too large, and SciPy's powers are never float32.
    return expm(t * logm(np.astype(A, np.result_type(A.dtype, float))))


@follows(original.polar, of_lapack=True)
def polar(a: Any, side: str = "right") -> Any:
    # A = U P with P = sqrtm(A^H A), or A = P U with P = sqrtm(A A^H): the smaller of the two is not singular
    if side not in ("right", "left"):
        raise ValueError("`side` must be either 'right' or 'left'")
    turned = np.conjugate(np.swapaxes(a, -1, -2))
    tall = np.shape(a)[-2] >= np.shape(a)[-1]
    square = turned @ a if tall else a @ turned
    inverse = np.linalg.inv(np.astype(sqrtm(square), square.dtype))  # SciPy 1.13's root of complex ones is longer
    u = a @ inverse if tall else inverse @ a
    p = np.conjugate(np.swapaxes(u, -1, -2))
    return u, p @ a if side == "right" else a @ p
