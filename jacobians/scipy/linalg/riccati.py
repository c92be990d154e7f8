"""Algebraic Riccati equations: `solve_continuous_are`, `solve_discrete_are`.

Along a tangent of its matrices the solution moves by a linear equation in the closed loop ``C = A - B K`` of the
optimal gain K: a Lyapunov equation in continuous time, a Stein equation in discrete time. Like SciPy's solution it is
Hermitian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.linalg as original

from ...labels import axes_of, flatten
from ...registry import Call, LocalTerm
from ...rules.conjugates import on_conjugate
from ...rules.sparse import operator_factors
from ...terms import Factor, Term
from ..standing import follows, is_complex, ruled
from .functions import SylvesterInverse, solve_discrete_lyapunov
from .systems import ONE_BY_ONE, only_matrices

__all__ = ["solve_continuous_are", "solve_discrete_are"]


class SteinInverse:
    """The solution X of ``X - A X A^H = Q`` as an operation on raveled Q."""

    def __init__(self, A: Any, dtype: np.dtype) -> None:
        self.A, self.dtype, self.nbytes = A, dtype, A.nbytes

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return self._columns(array, self.A)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed equation for each column."""
        return self._columns(array, np.transpose(self.A))

    def with_arrays(self, change: Callable[[Any], Any]) -> SteinInverse:
        """The same operation on other arrays of the same numbers."""
        return SteinInverse(change(self.A), self.dtype)

    def _columns(self, array: Any, A: Any) -> Any:
        shape, size = np.shape(array), np.shape(A)
        columns = np.reshape(array, (shape[0], -1))
        parts = [
            np.ravel(solve_discrete_lyapunov(A, np.reshape(columns[:, n], size))) for n in range(np.shape(columns)[1])
        ]
        return np.reshape(np.stack(parts, axis=1), shape) if parts else array


def _adjoint(a: Any) -> Any:
    return np.conjugate(np.transpose(a)) if is_complex(a) else np.transpose(a)


def _terms(call: Call, inverse: Any, A: Any, B: Any, Y: Any, K: Any) -> Iterator[LocalTerm]:
    """``L dX = dQ + K^H dR K + (Y^H dA - Y^H dB K) + (Y^H dA - Y^H dB K)^H``, L what `inverse` solves with."""
    X = call.result
    (i, j), (m, n) = axes_of(np.shape(X)), axes_of(np.shape(X))
    solved, ones = operator_factors(inverse, flatten((i, j)), flatten((m, n)), "riccati")
    Z, Z_, K_ = np.conjugate(Y), Y, np.conjugate(K)
    k, (u, v) = axes_of(np.shape(A))[0], axes_of((np.shape(B)[1],) * 2)
    if call.needs(0):
        yield 0, 0, Term((i, j), (k, n), (*solved, Factor.on(Z, (k, m))), bound=(*m, *ones))
        turned = Term((i, j), (k, m), (*solved, Factor.on(Z_, (k, n))), bound=(*n, *ones))
        yield 0, 0, on_conjugate(turned, A)
    if call.needs(1):
        factors = (Factor.on(Z, (k, m)), Factor.on(K, (u, n)))
        yield 0, 1, Term((i, j), (k, u), (*solved, *factors), bound=(*m, *n, *ones), scale=-1.0)
        factors = (Factor.on(Z_, (k, n)), Factor.on(K_, (u, m)))
        turned = Term((i, j), (k, u), (*solved, *factors), bound=(*m, *n, *ones), scale=-1.0)
        yield 0, 1, on_conjugate(turned, B)
    if call.needs(2):
        yield 0, 2, Term((i, j), (m, n), solved, bound=ones)
    if call.needs(3):
        factors = (Factor.on(K_, (u, m)), Factor.on(K, (v, n)))
        yield 0, 3, Term((i, j), (u, v), (*solved, *factors), bound=(*m, *n, *ones))


@ruled(original.solve_continuous_are)
def _continuous(call: Call, a: Any, b: Any, q: Any, r: Any) -> Iterator[LocalTerm]:
    # A^H X + X A - X B inv(R) B^H X + Q = 0, K = inv(R) B^H X, C = A - B K:
    # -C^H dX - dX C = dQ + K^H dR K + X (dA - dB K) + (dA - dB K)^H X
    X = call.result
    K = np.linalg.solve(r, _adjoint(b) @ X)
    C = b @ K - a
    return _terms(call, SylvesterInverse(_adjoint(C), C, X.dtype), a, b, X, K)


@ruled(original.solve_discrete_are)
def _discrete(call: Call, a: Any, b: Any, q: Any, r: Any) -> Iterator[LocalTerm]:
    # A^H X A - X - A^H X B K + Q = 0, K = inv(R + B^H X B) B^H X A, C = A - B K:
    # dX - C^H dX C = dQ + K^H dR K + C^H X (dA - dB K) + (dA - dB K)^H X C
    X = call.result
    XB = X @ b
    K = np.linalg.solve(r + _adjoint(b) @ XB, _adjoint(XB) @ a)
    C = a - b @ K
    return _terms(call, SteinInverse(_adjoint(C), X.dtype), a, b, X @ C, K)


def _standard(solution: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
    """The solution by that of the equation without E and S, which are taken into the other matrices."""
    only_matrices("solve_continuous_are", a, ONE_BY_ONE)
    dtype = np.result_type(*[x for x in (a, b, q, r, e, s) if x is not None], 1.0)
    a, b, q, r = [np.astype(np.atleast_2d(x if hasattr(x, "dtype") else np.asarray(x)), dtype) for x in (a, b, q, r)]
    if e is not None:
        # With A inv(E), inv(E)^H Q inv(E) and inv(E)^H S the equation is one in the same X.
        a, q = _times_inverse(a, e), _times_inverse(_adjoint(_times_inverse(q, e)), e)
        s = None if s is None else _adjoint(_times_inverse(_adjoint(s), e))
    if s is not None:
        gain = np.linalg.solve(r, _adjoint(s))
        a, q = a - b @ gain, q - s @ gain
    X = solution(a, b, (q + _adjoint(q)) / 2, (r + _adjoint(r)) / 2)
    return (X + _adjoint(X)) / 2


def _times_inverse(a: Any, e: Any) -> Any:
    return np.transpose(np.linalg.solve(np.transpose(e), np.transpose(a)))


@follows(original.solve_continuous_are, of_lapack=True)
def solve_continuous_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    return _standard(_continuous, a, b, q, r, e, s)


@follows(original.solve_discrete_are, of_lapack=True)
def solve_discrete_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    return _standard(_discrete, a, b, q, r, e, s)
