"""Eigenvalues of general matrices, and the roots of polynomials, which are those of companion matrices.

Eigenvalues and vectors of a real matrix may be complex; before version 2.5, NumPy returns real arrays where all are
real. Vectors have norm 1, and their largest entry is real: so the derivatives keep both. Where eigenvalues are equal,
vectors have no derivative (it comes out as inf or nan), and the values have one only if there are as many vectors as
values.

Sources: J. Magnus, "On differentiating eigenvalues and eigenvectors" (1985); M. Giles, "Collected matrix derivative
results for forward and reverse mode algorithmic differentiation" (2008), 3.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import UnsupportedFunctionError
from ..labels import axes_of
from ..program import Symbol
from ..quiet import listed_quietly
from ..registry import Call, complex_too, composed, local
from ..terms import Term
from .conjugates import conjugate, is_complex, on_conjugate
from .factorisations import product, reciprocal_gaps
from .linalg import LocalTerms, alike, matrix_axes

__all__: list[str] = []


def _value_term(a: Any, V: Any) -> Term:
    # A V = V diag(w): dw = diag(inv(V) dA V)
    b, p, q = matrix_axes(a)
    (i,) = alike(p)
    return product((*b, i), (*b, p, q), (np.linalg.inv(V), (*b, i, p)), (V, (*b, q, i)))


@local(np.linalg.eigvals)
def _eigvals(call: Call, a: Any) -> LocalTerms:
    values, vectors = np.linalg.eig(a)
    if np.size(vectors) == 0:
        yield 0, 0, Term(axes_of(np.shape(values)), axes_of(np.shape(a)), scale=0.0)
        return
    # The two functions may tell the values in another order. Equal values keep theirs: each has its own vector.
    apart = np.abs(call.result[..., :, None] - values[..., None, :])
    own = np.abs(call.result - values)
    least = math.sqrt(np.finfo(apart.dtype).eps) * np.max(np.abs(values), axis=-1, keepdims=True)
    order = np.where(np.less_equal(own, least), np.arange(np.shape(a)[-1]), np.argmin(apart, axis=-1))
    yield 0, 0, _value_term(a, np.take_along_axis(vectors, order[..., None, :], axis=-1))


@local(np.linalg.eig)
@listed_quietly
def _eig(call: Call, a: Any) -> LocalTerms:
    # U = V (F * (inv(V) dA V)), F_ij = 1 / (w_j - w_i), F_ii = 0, is dV but for a multiple of each vector:
    # dv = u - v c, with Re(c) = Re(v^H u) for the norm, and Im(c) = Im(u_k / v_k) for the largest entry k
    w, V = call.result
    yield 0, 0, _value_term(a, V)
    if np.size(V) == 0:
        yield 1, 0, Term(axes_of(np.shape(V)), axes_of(np.shape(a)), scale=0.0)
        return
    F, M = reciprocal_gaps(w), np.linalg.inv(V)
    largest = np.argmax(np.abs(V), axis=-2)[..., None, :]
    chosen = np.equal(np.arange(np.shape(a)[-1])[:, None], largest)
    entry = chosen / np.where(chosen, V, 1)
    norm = conjugate(V)
    # c = alpha^T u + conj(beta^T u)
    alpha, beta = (norm + entry) / 2, (norm - entry) / 2
    b, p, q = matrix_axes(a)
    m, i, j = alike(p, p, p)
    out, inp = (*b, m, j), (*b, p, q)
    along = [(M, (*b, i, p)), (V, (*b, q, j))]
    yield 1, 0, product(out, inp, (V, (*b, m, i)), (F, (*b, i, j)), *along)
    first, second = [np.matmul(np.swapaxes(V, -1, -2), part) * F for part in (alpha, beta)]
    yield 1, 0, product(out, inp, (V, (*b, m, j)), (first, (*b, i, j)), *along, scale=-1.0)
    turned = [(conjugate(array), axes) for array, axes in ((second, (*b, i, j)), *along)]
    yield 1, 0, on_conjugate(product(out, inp, (V, (*b, m, j)), *turned, scale=-1.0), a)


def _roots(p: Any) -> Any:
    """The eigenvalues of the companion matrix; a zero at either end would change their number."""
    p = np.atleast_1d(p)
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    ends = p[np.array([0, -1])]
    if isinstance(ends, Symbol) or np.any(np.equal(ends, 0)):
        raise UnsupportedFunctionError("np.roots", "for coefficients that begin or end with zero. Cut them off before")
    if p.shape[0] < 2:
        return np.zeros(0, p.dtype)
    below = np.eye(p.shape[0] - 2, p.shape[0] - 1, dtype=p.dtype)
    roots = np.linalg.eigvals(np.concatenate([np.reshape(-p[1:] / p[0], (1, -1)), below]))
    if not is_complex(p) and is_complex(roots) and np.all(np.equal(np.imag(roots), 0)):
        return np.real(roots)  # as NumPy does, although its eigenvalues are complex from version 2.5 on
    return roots


composed(np.roots, _roots)
complex_too(np.linalg.eig, np.linalg.eigvals, np.roots)
