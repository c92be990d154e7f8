"""Factorisations of matrices: Cholesky, symmetric eigenvalues, singular values and QR; and least squares.

Functions that read one triangle of their matrix (`cholesky`, `eigh`, `eigvalsh`) depend on that triangle alone: their
derivatives in the other one are zero. Where the matrix is a symmetric function of something else, it is no difference.
A Hermitian matrix is symmetric in this sense; what its other triangle holds acts on the conjugate.

Complex eigenvectors and singular vectors are free up to a phase: that of ``V^H dV`` is zero. What does not depend on
the choice is exact. Vectors of equal eigenvalues or singular values have no derivative: it comes out as inf or nan. The
derivative of the values is then that along the vectors that NumPy returns.

Sources: I. Murray, "Differentiation of the Cholesky decomposition" (2016); M. Giles, "Collected matrix derivative
results for forward and reverse mode algorithmic differentiation" (2008); J. Townsend, "Differentiating the singular
value decomposition" (2016); S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UnsupportedFunctionError
from ..labels import Axes, Axis, axes_of, flatten, size_of
from ..quiet import listed_quietly
from ..registry import Call, complex_too, composed, local
from ..terms import Factor, Term
from .conjugates import conjugate, is_complex, on_conjugate
from .linalg import LocalTerms, adjoint, alike, matrix_axes, transposed

__all__ = ["product", "reciprocal_gaps"]

Placed = tuple[Any, Axes]


def _lower_half(size: int, dtype: Any) -> np.ndarray:
    """Ones below the diagonal, halves on it: who reads the lower triangle of A reads S = H * A + (H * A)^T."""
    return np.tri(size, dtype=dtype) - np.eye(size, dtype=dtype) / 2


def product(out: Axes, inp: Axes, *placed: Placed, scale: float = 1.0) -> Term:
    """The term of a product of arrays on axes; what is neither in `out` nor in `inp` is summed."""
    factors = tuple([Factor.on(array, axes) for array, axes in placed])
    free = {*flatten(out), *flatten(inp)}
    carried = dict.fromkeys(label for factor in factors for label in factor.labels)
    return Term(out, inp, factors, bound=tuple([label for label in carried if label not in free]), scale=scale)


# ---- Cholesky --------------------------------------------------------------------------------------------------------


@local(np.linalg.cholesky)
def _cholesky(call: Call, a: Any, *, upper: bool = False) -> LocalTerms:
    # A = L L^H: dL = L (H * (inv(L) dS inv(L)^H)), H the lower half, dS = H * dA + (H * dA)^H  (Murray 2016, 8)
    # Of A = U^H U the transposed U is the lower factor of the transposed A.
    L = transposed(call.result) if upper else call.result
    M, H = np.linalg.inv(L), _lower_half(np.shape(a)[-1], L.dtype)
    b, row, column = matrix_axes(a)
    r, s = (column, row) if upper else (row, column)
    i, j, p = alike(row, row, row)
    out = (*b, j, i) if upper else (*b, i, j)
    # Which of the two is meant is told by name: axes of size 1 are all the same empty tuple.
    for first, second, turned in ((r, s, False), (s, r, True)):
        term = product(
            out, (*b, row, column),
            (L, (*b, i, p)), (H, (p, j)), (M, (*b, p, first)), (conjugate(M), (*b, j, second)), (H, (r, s)),
        )  # fmt: skip
        yield 0, 0, on_conjugate(term, a) if turned else term


# ---- symmetric eigenvalues -------------------------------------------------------------------------------------------


def _triangle(UPLO: str, row: Axis, column: Axis) -> tuple[Axis, Axis]:
    """Row and column of the triangle that is read, as if it were the lower one."""
    return (row, column) if UPLO.upper() == "L" else (column, row)


def _eigenvalue_term(a: Any, V: Any, UPLO: str) -> Term:
    # S = V diag(w) V^H: dw = diag(V^H dS V)  (Giles 3.1)
    b, row, column = matrix_axes(a)
    r, s = _triangle(UPLO, row, column)
    (i,) = alike(row)
    H = _lower_half(np.shape(a)[-1], V.dtype)
    return product(
        (*b, i), (*b, row, column), (conjugate(V), (*b, row, i)), (V, (*b, column, i)), (H, (r, s)), scale=2.0
    )


@local(np.linalg.eigvalsh)
def _eigvalsh(call: Call, a: Any, UPLO: Any = "L") -> LocalTerms:
    yield 0, 0, _eigenvalue_term(a, np.linalg.eigh(a, UPLO)[1], UPLO)


@local(np.linalg.eigh)
@listed_quietly  # the gap of equal values is zero, which is no matter where the vectors are not used
def _eigh(call: Call, a: Any, UPLO: str = "L") -> LocalTerms:
    # dV = V (F * (V^H dS V)), F_ij = 1 / (w_j - w_i), F_ii = 0  (Giles 3.1)
    w, V = call.result
    yield 0, 0, _eigenvalue_term(a, V, UPLO)
    F = reciprocal_gaps(w)
    b, row, column = matrix_axes(a)
    r, s = _triangle(UPLO, row, column)
    k, i, j = alike(row, row, row)
    H = _lower_half(np.shape(a)[-1], V.dtype)
    for first, second, turned in ((row, column, False), (column, row, True)):
        term = product(
            (*b, k, j), (*b, row, column),
            (V, (*b, k, i)), (F, (*b, i, j)), (conjugate(V), (*b, first, i)), (V, (*b, second, j)), (H, (r, s)),
        )  # fmt: skip
        yield 1, 0, on_conjugate(term, a) if turned else term


def reciprocal_gaps(w: Any) -> Any:
    """``F_ij = 1 / (w_j - w_i)``, zero on the diagonal."""
    diagonal = np.eye(np.shape(w)[-1], dtype=w.dtype)
    return 1 / (w[..., None, :] - w[..., :, None] + diagonal) - diagonal


# ---- singular values -------------------------------------------------------------------------------------------------


def _singular_value_term(a: Any, U: Any, Vh: Any) -> Term:
    # A = U diag(s) V^H: ds = Re(diag(U^H dA V))  (Giles 3.2)
    b, p, q = matrix_axes(a)
    (i,) = alike(min(p, q, key=size_of))
    return product((*b, i), (*b, p, q), (conjugate(U), (*b, p, i)), (conjugate(Vh), (*b, i, q)))


@local(np.linalg.svdvals)
def _svdvals(call: Call, x: Any) -> LocalTerms:
    U, _, Vh = np.linalg.svd(x, full_matrices=False)
    yield 0, 0, _singular_value_term(x, U, Vh)


@local(np.linalg.svd)
@listed_quietly
def _svd(
    call: Call, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> LocalTerms:
    # With dP = U^H dA V and F_ij = 1 / (s_j^2 - s_i^2), F_ii = 0  (Townsend 2016, 20-23):
    # dU = U (F * (dP s + s dP^H)) + (I - U U^H) dA V / s, and the phase U diag(dP - dP^H) / (2 s)
    # dV = V (F * (s dP + dP^H s)) + (I - V V^H) dA^H U / s, of which Vh is the adjoint
    rows, columns = np.shape(a)[-2:]
    if hermitian:
        yield from _symmetric_svd(call, a, compute_uv)
        return
    if not compute_uv:
        U, _, Vh = np.linalg.svd(a, full_matrices=False)
        yield 0, 0, _singular_value_term(a, U, Vh)
        return
    partial = full_matrices and rows != columns
    U, s, Vh = np.linalg.svd(a, full_matrices=False) if partial else call.result
    yield 1, 0, _singular_value_term(a, U, Vh)
    if partial:
        yield (0 if rows > columns else 2), 0, _FREE
    V, F = adjoint(Vh), reciprocal_gaps(s * s)
    U_, V_ = conjugate(U), conjugate(V)
    right, left = F * s[..., None, :], F * s[..., :, None]
    b, p, q = matrix_axes(a)
    k, n = alike(p, q)
    i, j = alike(*[min(p, q, key=size_of)] * 2)
    inp = (*b, p, q)
    dP, dP_H = [(U_, (*b, p, i)), (V, (*b, q, j))], [(U, (*b, p, j)), (V_, (*b, q, i))]
    dPc, dP_T = [(U, (*b, p, i)), (V_, (*b, q, j))], [(U_, (*b, p, j)), (V, (*b, q, i))]
    # fmt: off
    if not partial or rows < columns:
        yield 0, 0, product((*b, k, j), inp, (U, (*b, k, i)), (right, (*b, i, j)), *dP)
        yield 0, 0, on_conjugate(product((*b, k, j), inp, (U, (*b, k, i)), (left, (*b, i, j)), *dP_H), a)
    if not partial or rows > columns:
        yield 2, 0, on_conjugate(product((*b, j, n), inp, (V_, (*b, n, i)), (left, (*b, i, j)), *dPc), a)
        yield 2, 0, product((*b, j, n), inp, (V_, (*b, n, i)), (right, (*b, i, j)), *dP_T)
    # fmt: on
    if is_complex(a) and (not partial or rows < columns):
        turn = (U / s[..., None, :], (*b, k, j))
        yield 0, 0, product((*b, k, j), inp, turn, (U_, (*b, p, j)), (V, (*b, q, j)), scale=0.5)
        back = product((*b, k, j), inp, turn, (U, (*b, p, j)), (V_, (*b, q, j)), scale=-0.5)
        yield 0, 0, on_conjugate(back, a)
    if partial:
        return
    if rows > columns:
        yield 0, 0, product((*b, k, j), inp, (_complement(U), (*b, k, p)), (V / s[..., None, :], (*b, q, j)))
    if rows < columns:
        beside = conjugate(_complement(V))
        yield 2, 0, product((*b, j, n), inp, (beside, (*b, n, q)), (U_ / s[..., None, :], (*b, p, j)))


# Any rotation of the vectors beyond the rank is as good: which one LAPACK returns is no smooth function of A.
_FREE = "for full_matrices=True in the larger of U and Vh, whose last vectors are not unique. Use full_matrices=False"


def _symmetric_svd(call: Call, a: Any, compute_uv: bool) -> LocalTerms:
    # S = U diag(w) U^H, s = |w|, V = U diag(sign w): as for eigh, in the order of s
    U, s, Vh = call.result if compute_uv else np.linalg.svd(a, hermitian=True)
    sign = np.where(np.sum(np.real(U * transposed(Vh)), axis=-2) < 0, -1, 1).astype(s.dtype)
    b, row, column = matrix_axes(a)
    k, i, j = alike(row, row, row)
    H, U_, inp = _lower_half(np.shape(a)[-1], U.dtype), conjugate(U), (*b, row, column)
    yield (
        (1 if compute_uv else 0),
        0,
        product((*b, i), inp, (sign, (*b, i)), (U_, (*b, row, i)), (U, (*b, column, i)), (H, (row, column)), scale=2.0),
    )
    if not compute_uv:
        return
    F = reciprocal_gaps(sign * s)
    for first, second, turned in ((row, column, False), (column, row, True)):
        dU = [(U, (*b, k, i)), (F, (*b, i, j)), (U_, (*b, first, i)), (U, (*b, second, j)), (H, (row, column))]
        dV = [(sign, (*b, j)), *[(conjugate(array), axes) for array, axes in dU]]
        in_U, in_V = product((*b, k, j), inp, *dU), product((*b, j, k), inp, *dV)
        yield 0, 0, on_conjugate(in_U, a) if turned else in_U
        yield 2, 0, in_V if turned else on_conjugate(in_V, a)


def _complement(Q: Any) -> Any:
    """The projection on what is orthogonal to the columns of Q."""
    return np.eye(np.shape(Q)[-2], dtype=Q.dtype) - np.matmul(Q, adjoint(Q))


def _cond(x: Any, p: Any = None) -> Any:
    """The largest singular value over the smallest, or the norm times the norm of the inverse."""
    if p is None or p in (2, -2):
        s = np.linalg.svdvals(x)
        return s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, axis=(-2, -1))


composed(np.linalg.cond, _cond)


# ---- QR --------------------------------------------------------------------------------------------------------------


@local(np.linalg.qr)
def _qr(call: Call, a: Any, mode: str = "reduced") -> LocalTerms:
    # With A_1 the first columns of A, as many as Q has, R_1 those of R, and C = Q^H dA_1 inv(R_1):
    # W = T * C - (T * C)^H, T the strict lower triangle, with halves on the diagonal if C is complex (R is real there)
    # dQ = Q W + (I - Q Q^H) dA_1 inv(R_1),   dR = Q^H dA - W R  (Walter and Lehmann 2010, 5.3)
    rows, columns = np.shape(a)[-2:]
    if mode not in ("reduced", "r", "complete"):
        raise UnsupportedFunctionError("np.linalg.qr", f"for mode={mode!r}")
    tall = mode == "complete" and rows > columns
    Q, R = np.linalg.qr(a) if tall or mode == "r" else call.result
    size = min(rows, columns)
    inverse = np.linalg.inv(R[..., :size])
    # Padded with rows of zeros, the inverse picks A_1 out of A.
    zeros = np.zeros((*np.shape(a)[:-2], columns - size, size), dtype=R.dtype)
    M, T = np.concatenate([inverse, zeros], axis=-2), np.tri(size, k=-1, dtype=R.dtype)
    b, p, q = matrix_axes(a)
    k, n = alike(p, q)
    i, j = alike(*[min(p, q, key=size_of)] * 2)
    inp, place = (*b, p, q), 0 if mode == "r" else 1
    if is_complex(a):
        T = T + np.eye(size, dtype=T.dtype) / 2
    Q_ = conjugate(Q)
    C, C_H = [(Q_, (*b, p, i)), (M, (*b, q, j))], [(Q, (*b, p, j)), (conjugate(M), (*b, q, i))]
    if tall:
        yield 0, 0, "for mode='complete' in Q, whose last columns are not unique. Use mode='reduced'"
    elif mode != "r":
        yield 0, 0, product((*b, k, j), inp, (Q, (*b, k, i)), (T, (i, j)), *C)
        yield 0, 0, on_conjugate(product((*b, k, j), inp, (Q, (*b, k, i)), (T, (j, i)), *C_H, scale=-1.0), a)
        if rows > columns:
            yield 0, 0, product((*b, k, j), inp, (_complement(Q), (*b, k, p)), (M, (*b, q, j)))
    (row,) = alike(p) if tall else (i,)
    above = [(np.eye(rows, size, dtype=R.dtype), (row, i))] if tall else []  # R ends with rows of zeros
    yield place, 0, product((*b, row, q), inp, (Q_, (*b, p, i)), *above)
    yield place, 0, product((*b, row, n), inp, (T, (i, j)), (R, (*b, j, n)), *C, *above, scale=-1.0)
    yield place, 0, on_conjugate(product((*b, row, n), inp, (T, (j, i)), (R, (*b, j, n)), *C_H, *above), a)


# ---- least squares ---------------------------------------------------------------------------------------------------


@local(np.linalg.lstsq)
def _lstsq(call: Call, a: Any, b: Any, rcond: float | None = None) -> LocalTerms:
    # With P = pinv(A) of constant rank, X = P B and E = B - A X  (Golub and Pereyra 1973, 4.12):
    # dX = P dB - P dA X + P P^H dA^H E + (I - P A) dA^H P^H X
    # d |E|^2 = 2 Re(E^H (dB - dA X)), as E is orthogonal to the columns of A
    X, squares = call.result[0], call.result[1]
    tolerance = np.finfo(X.dtype).eps * max(np.shape(a)) if rcond is None else rcond
    P, E = np.linalg.pinv(a, tolerance), b - np.matmul(a, X)
    _, p, q = matrix_axes(a)
    (i,), columns = alike(q), axes_of(np.shape(b)[1:])
    out, inp, inp_b = (i, *columns), (p, q), (p, *columns)
    known = np.size(squares) > 0
    # The squares of a single vector are an array of shape (1,).
    out_squares = columns or ((),)
    if call.needs(1):
        yield 0, 1, product(out, inp_b, (P, (i, p)))
        if known:
            yield 1, 1, product(out_squares, inp_b, (conjugate(E), inp_b), scale=2.0)
    if call.needs(0):
        null = np.eye(np.shape(a)[1], dtype=X.dtype) - np.matmul(P, a)
        yield 0, 0, product(out, inp, (P, (i, p)), (X, (q, *columns)), scale=-1.0)
        yield 0, 0, on_conjugate(product(out, inp, (np.matmul(P, adjoint(P)), (i, q)), (E, inp_b)), a)
        yield 0, 0, on_conjugate(product(out, inp, (null, (i, q)), (np.matmul(adjoint(P), X), inp_b)), a)
        if known:
            yield 1, 0, product(out_squares, inp, (conjugate(E), inp_b), (X, (q, *columns)), scale=-2.0)
        U, _, Vh = np.linalg.svd(a, full_matrices=False)
        yield 3, 0, _singular_value_term(a, U, Vh)


complex_too(np.linalg.cholesky, np.linalg.eigh, np.linalg.eigvalsh, np.linalg.svd, np.linalg.svdvals, np.linalg.qr)
complex_too(np.linalg.lstsq, np.linalg.cond)
