"""Triangular factors of a general matrix: `lu`, `lu_factor`, `lu_solve`. The order of its rows has no derivative."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import scipy.linalg as original

from ...labels import axes_of
from ...program import Symbol
from ...registry import Call, LocalTerm, real_dtype
from ...terms import Factor, Term
from ..standing import constant, follows, ruled
from .systems import only_matrices, solve_triangular

__all__ = ["lu", "lu_factor", "lu_solve"]


def _factors(a: Any) -> Any:
    return original.lu(a, p_indices=True)


@ruled(_factors)
def _factorised(call: Call, a: Any) -> Iterator[LocalTerm]:
    # A = P L U: F = inv(L) P' dA inv(U), dL = L tril(F, -1), dU = triu(F) U  (Giles 2008, as for QR); where A is not
    # square, L has the missing columns, or U the missing rows, of the identity.
    order, L, U = call.result
    if np.size(a) == 0:
        for n, factor in ((1, L), (2, U)):
            yield n, 0, Term(axes_of(np.shape(factor)), axes_of(np.shape(a)), scale=0.0)
        return
    m, n, k = *np.shape(a), np.shape(L)[1]
    if m > k:
        L = np.concatenate([L, np.eye(m, dtype=L.dtype)[:, k:]], axis=1)
    if n > k:
        U = np.concatenate([U, np.eye(n, dtype=U.dtype)[k:]], axis=0)
    left, right = np.linalg.inv(L)[:, order], np.linalg.inv(U)
    (i, p), (j, q) = axes_of((m, m)), axes_of((n, n))
    (r,), (c,) = axes_of((k,)), axes_of((k,))
    (s,), (t,) = axes_of((m,)), axes_of((n,))
    below, above = np.tri(m, k, -1, L.dtype), np.tri(n, k, 0, L.dtype).T
    lower = (Factor.on(L, (i, s)), Factor.on(below, (s, c)), Factor.on(left, (s, p)), Factor.on(right[:, :k], (q, c)))
    upper = (Factor.on(left[:k], (r, p)), Factor.on(above, (r, t)), Factor.on(right, (q, t)), Factor.on(U, (t, j)))
    yield 1, 0, Term((i, c), (p, q), lower, bound=s)
    yield 2, 0, Term((r, j), (p, q), upper, bound=t)


@follows(original.lu, of_lapack=True)
def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Any, ...]:
    only_matrices("lu", a)
    order, L, U = _factorised(a)
    if permute_l:
        return L[order], U
    return order if p_indices else _rows(np.eye(np.shape(a)[0], dtype=real_dtype(L.dtype)), order), L, U


@constant
def _pivots(a: Any) -> Any:
    return original.lu_factor(a)[1]


@constant
def _order(pivots: Any) -> Any:
    """The order of the rows that exchanges make, each of a row and the one of this number."""
    order = np.arange(pivots.size)
    for row, other in enumerate(pivots):
        order[[row, other]] = order[[other, row]]
    return order


@follows(original.lu_factor, of_lapack=True)
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    only_matrices("lu_factor", a)
    _, L, U = _factorised(a)
    m, n = np.shape(a)
    below = np.tril(L, -1)
    if m > n:
        return np.concatenate([below[:n] + U, below[n:]]), _pivots(a)
    return np.concatenate([below + U[:, :m], U[:, m:]], axis=1), _pivots(a)


@follows(original.lu_solve, of_lapack=True)
def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    factors, pivots = lu_and_piv
    only_matrices("lu_solve", factors)
    order = _order(pivots)
    if not trans:
        half = solve_triangular(factors, _rows(b, order), lower=True, unit_diagonal=True)
        return solve_triangular(factors, half)
    half = solve_triangular(factors, b, trans)
    half = solve_triangular(factors, half, trans, lower=True, unit_diagonal=True)
    return half[np.argsort(order)]


def _rows(b: Any, order: Any) -> Any:
    """The rows in this order, which a program that is being written down does not know yet."""
    return (np.asarray(b, like=cast(Any, order)) if isinstance(order, Symbol) and isinstance(b, np.ndarray) else b)[
        order
    ]
