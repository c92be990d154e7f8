"""Linear algebra: inverses, solutions, determinants and norms, batched over leading axes.

Each rule states its differential as mathematics. Batch axes are shared labels: the Jacobian of a batch of inverses is
block diagonal and stores one inverse per matrix. Sources: M. Giles, "Collected matrix derivative results for forward
and reverse mode algorithmic differentiation" (2008); K. Petersen and M. Pedersen, "The Matrix Cookbook" (2012);
G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems" (1973).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from ..labels import Axes, Axis, axes_of, size_of
from ..program import Symbol, holds
from ..registry import Call, LocalTerm, complex_too, composed, local, nondifferentiable
from ..terms import CONJUGATE, Factor, Term, acting
from .conjugates import conjugate, is_complex, on_conjugate
from .linear import broadcast_axes
from .structural import numbered

LocalTerms = Iterator[LocalTerm]


def matrix_axes(array: Any) -> tuple[Axes, Axis, Axis]:
    """Batch axes, row axis and column axis of a stack of matrices."""
    *batch, rows, columns = axes_of(np.shape(array))
    return tuple(batch), rows, columns


def alike(*axes: Axis) -> Axes:
    """Axes of the same sizes under other labels."""
    return axes_of([size_of(axis) for axis in axes])


def transposed(array: Any) -> Any:
    """Each matrix of a stack transposed."""
    return np.swapaxes(array, -1, -2)


def adjoint(array: Any) -> Any:
    """The conjugate transpose of each matrix of a stack."""
    return transposed(conjugate(array))


# ---- inverses and solutions ------------------------------------------------------------------------------------------


@local(np.linalg.inv)
@numbered({0: lambda y, a: (y, y)})
def _inv(call: Call, a: Any) -> LocalTerms:
    # Y = inv(A): dY = -Y dA Y  (Giles 2.2.3)
    Y = call.result
    b, i, j = matrix_axes(a)
    p, q = alike(i, j)
    yield 0, 0, Term((*b, i, j), (*b, p, q), (Factor.on(Y, (*b, i, p)), Factor.on(Y, (*b, q, j))), scale=-1.0)


@local(np.linalg.solve)
@numbered({0: lambda x, a, b: (np.linalg.inv(a), x), 1: lambda x, a, b: (np.linalg.inv(a),)}, both=False)
def _solve(call: Call, a: Any, b: Any) -> LocalTerms:
    # X = inv(A) B: dX = inv(A) dB - inv(A) dA X  (Giles 2.3.1). A 1-d B is one vector, any other a stack of matrices.
    Y, X = np.linalg.inv(a), call.result
    vector = np.ndim(b) == 1
    batch_a, batch_b = np.shape(a)[:-2], () if vector else np.shape(b)[:-2]
    batch = axes_of(np.broadcast_shapes(batch_a, batch_b))
    on_a, on_b = broadcast_axes(batch, batch_a), broadcast_axes(batch, batch_b)
    i, p = axes_of(np.shape(a)[-2:])
    columns = () if vector else axes_of(np.shape(b)[-1:])
    out, inverse = (*batch, i, *columns), Factor.on(Y, (*on_a, i, p))
    if call.needs(0):
        (q,) = alike(p)
        yield 0, 0, Term(out, (*on_a, p, q), (inverse, Factor.on(X, (*batch, q, *columns))), scale=-1.0)
    if call.needs(1):
        yield 0, 1, Term(out, (*on_b, p, *columns), (inverse,))


@local(np.linalg.pinv)
def _pinv(call: Call, a: Any, rcond: Any = None, hermitian: bool = False, **_: Any) -> LocalTerms:
    # P = pinv(A), of constant rank: dP = -P dA P + P P^H dA^H (I - A P) + (I - P A) dA^H P^H P
    # (Golub and Pereyra 4.12)
    P = call.result
    b, p, q = matrix_axes(a)
    i, j = alike(q, p)
    # Of a hermitian matrix the lower triangle is read: S = H * A + (H * A)^H
    half = np.tri(np.shape(a)[-1], dtype=P.dtype) - np.eye(np.shape(a)[-1], dtype=P.dtype) / 2 if hermitian else None
    a = a if half is None else half * a + adjoint(half * a)
    outer = np.eye(np.shape(a)[-2], dtype=P.dtype) - np.matmul(a, P)
    inner = np.eye(np.shape(a)[-1], dtype=P.dtype) - np.matmul(P, a)
    # fmt: off
    products = [
        (-1.0, P,                           (*b, i, p), P,                           (*b, q, j)),
        (+1.0, np.matmul(P, adjoint(P)),    (*b, i, q), outer,                       (*b, p, j)),
        (+1.0, inner,                       (*b, i, q), np.matmul(adjoint(P), P),    (*b, p, j)),
    ]
    # fmt: on
    for scale, left, on_left, right, on_right in products:
        factors = (Factor.on(left, on_left), Factor.on(right, on_right))
        turned = scale > 0
        if half is None:
            term = Term((*b, i, j), (*b, p, q), factors, scale=scale)
            yield 0, 0, on_conjugate(term, a) if turned else term
            continue
        for row, column, mirrored in ((p, q, False), (q, p, True)):
            halved = (*factors, Factor.on(half, (row, column)))
            term = Term((*b, i, j), (*b, row, column), halved, scale=scale)
            yield 0, 0, term if turned == mirrored else on_conjugate(term, a)


def _tensorinv(a: Any, ind: int = 2) -> Any:
    shape = np.shape(a)
    return np.reshape(np.linalg.inv(np.reshape(a, (prod(shape[ind:]), prod(shape[:ind])))), shape[ind:] + shape[:ind])


def _tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    if axes is not None:
        moved = [axis % np.ndim(a) for axis in axes]
        a = np.transpose(a, [n for n in range(np.ndim(a)) if n not in moved] + moved)
    shape = np.shape(a)[np.ndim(b) - np.ndim(a) :] if np.ndim(a) > np.ndim(b) else ()
    return np.reshape(np.linalg.solve(np.reshape(a, (np.size(b), prod(shape))), np.ravel(b)), shape)


composed(np.linalg.tensorinv, _tensorinv)
composed(np.linalg.tensorsolve, _tensorsolve)


# ---- determinants ----------------------------------------------------------------------------------------------------


def _regular(y: Any, a: Any) -> Any:
    """Determinant and inverse; None where a determinant is zero, or may be."""
    singular = np.any(y == 0) if np.ndim(y) else y == 0
    return None if isinstance(singular, Symbol) or holds(singular) else (y, np.linalg.inv(a))


@local(np.linalg.det)
@numbered({0: _regular})
def _det(call: Call, a: Any) -> LocalTerms:
    # d det(A) = det(A) tr(inv(A) dA)  (Giles 2.2.4); where A has no inverse, tr(C^T dA) with the cofactors C of A.
    b, i, j = matrix_axes(a)
    singular = np.any(call.result == 0)
    # A compiled function does not know: for a larger A that is singular, inv raises then.
    if holds(singular) or (isinstance(singular, Symbol) and np.shape(a)[-1] <= 4):
        yield 0, 0, Term(b, (*b, i, j), (Factor.on(_cofactors(a), (*b, i, j)),))
        return
    yield 0, 0, Term(b, (*b, i, j), (Factor.on(call.result, b), Factor.on(np.linalg.inv(a), (*b, j, i))))


def _cofactors(a: Any) -> Any:
    """The signed determinants of the matrices without row i and column j: n^5 operations, but right for any rank."""
    n = np.shape(a)[-1]
    if n < 2:
        return np.ones_like(a)
    keep = np.array([[other for other in range(n) if other != gone] for gone in range(n)])
    rows = [np.linalg.det(np.moveaxis(a[..., keep[i][:, None, None], keep], -2, -3)) for i in range(n)]
    sign = np.array([[1 - 2 * ((i + j) % 2) for j in range(n)] for i in range(n)], dtype=a.dtype)
    return np.stack(rows, axis=-2) * sign


@local(np.linalg.slogdet)
def _slogdet(call: Call, a: Any) -> LocalTerms:
    # d log det(A) = tr(inv(A) dA), of which log |det| is the real part; with the imaginary part the sign turns, if it
    # is complex. A singular A raises LinAlgError.
    b, i, j = matrix_axes(a)
    inverse = np.linalg.inv(a)
    yield 1, 0, Term(b, (*b, i, j), (Factor.on(inverse, (*b, j, i)),))
    if is_complex(a):
        sign = Factor.on(call.result[0], b)
        yield 0, 0, Term(b, (*b, i, j), (sign, Factor.on(inverse, (*b, j, i))), scale=0.5)
        turning = Term(b, (*b, i, j), (sign, Factor.on(np.conjugate(inverse), (*b, j, i))), scale=-0.5)
        yield 0, 0, acting(turning, CONJUGATE)


# ---- norms -----------------------------------------------------------------------------------------------------------
#
# Where a norm has no derivative it is taken as zero: at x = 0 for the 2-norm (others give nan), and for the entries
# that are zero in the 1-norm. Ties of the largest entries share equally. Elsewhere the second derivative is exact, too.


def _direction(x: Any) -> Any:
    """The slope of ``|x|``: the sign, or the conjugate of the direction of a complex number."""
    return np.conjugate(x / _unit(np.abs(x))) if is_complex(x) else np.sign(x)


def _unit(y: Any) -> Any:
    """The norm as a divisor: 1 where it is 0."""
    if isinstance(y, np.floating):
        return y if y else y.dtype.type(1)
    return np.where(y == 0, 1, y)


def _two(x: Any, y: Any, axis: tuple[int, ...]) -> Any:
    return conjugate(x) / _unit(y)


def _extreme(x: Any, y: Any, axis: tuple[int, ...]) -> Any:
    ties = np.abs(x) == y
    return _direction(x) * ties / np.sum(ties, axis=axis, keepdims=True, dtype=y.dtype)


def _power(p: float) -> Any:
    def partial(x: Any, y: Any, axis: tuple[int, ...]) -> Any:
        # The ratio is 1 at a zero entry: a negative or fractional power of 0 would turn sign(0) * inf into nan.
        return _direction(x) * (np.where(x == 0, 1, np.abs(x)) / _unit(y)) ** (p - 1)

    return partial


def _vector_partial(ord: Any) -> Any:
    # y = (sum |x|^p)^(1/p): dy = Re(sum conj(x / |x|) (|x| / y)^(p - 1) dx)  (Matrix Cookbook 10.1)
    table = {
        None: _two,
        2: _two,
        1: lambda x, y, axis: _direction(x),
        0: None,
        np.inf: _extreme,
        -np.inf: _extreme,
    }
    return table[ord] if ord in table else _power(float(ord))


def _sum_norm(summed: int, extreme: Any) -> Any:
    """The largest or smallest sum of magnitudes along one of the two axes: a column sum (0) or a row sum (1)."""

    def partial(x: Any, y: Any, axis: tuple[int, ...]) -> Any:
        along, across = axis[summed], axis[1 - summed]
        sums = np.sum(np.abs(x), axis=along, keepdims=True)
        ties = sums == extreme(sums, axis=across, keepdims=True)
        return _direction(x) * ties / np.sum(ties, axis=across, keepdims=True, dtype=y.dtype)

    return partial


def _singular(place: int | None) -> Any:
    """One singular value, or (None) the sum of all: dy = Re(u^H dX v), or Re(tr(V U^H dX))."""

    def partial(x: Any, y: Any, axis: tuple[int, ...]) -> Any:
        u, _, vh = np.linalg.svd(np.moveaxis(x, axis, (-2, -1)), full_matrices=False)
        if place is not None:
            last = np.shape(vh)[-2] - 1 if place else 0
            u, vh = u[..., :, last : last + 1], vh[..., last : last + 1, :]
        return np.moveaxis(conjugate(np.matmul(u, vh)), (-2, -1), axis)

    return partial


_MATRIX_PARTIALS = {
    None: _two,
    "fro": _two,
    "f": _two,
    "nuc": _singular(None),
    1: _sum_norm(0, np.max),
    -1: _sum_norm(0, np.min),
    np.inf: _sum_norm(1, np.max),
    -np.inf: _sum_norm(1, np.min),
    2: _singular(0),
    -2: _singular(-1),
}


def _norm_term(call: Call, x: Any, axis: tuple[int, ...], partial: Any) -> LocalTerms:
    """The term of a function that reduces `axis`, whose partial derivative has the shape of `x`."""
    shape = np.shape(x)
    if partial is None or not np.size(x):
        yield 0, 0, Term(axes_of(np.shape(call.result)), axes_of(shape), scale=0)
        return
    axis = tuple([n % len(shape) for n in axis])
    inp = axes_of(shape)
    kept = np.ndim(call.result) == len(shape)
    out = tuple([() if n in axis else label for n, label in enumerate(inp) if kept or n not in axis])
    y = np.reshape(call.result, _with_ones(x, axis))
    yield 0, 0, Term(out, inp, (Factor.on(partial(x, y, axis), inp),))


def _reduced(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)


def _of_norm(y: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> tuple[Any]:
    axes = tuple([n % np.ndim(x) for n in _reduced(axis, np.ndim(x))])
    return (_two(x, y if axis is None or keepdims else np.reshape(y, _with_ones(x, axes)), axes),)


def _with_ones(x: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with which what is left of an array, when some axes are reduced, broadcasts to it."""
    return tuple([1 if n in axes else size for n, size in enumerate(np.shape(x))])


@local(np.linalg.norm)
@numbered({0: _of_norm}, unless=lambda x, ord=None, axis=None, keepdims=False: ord is not None)
def _norm(call: Call, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> LocalTerms:
    axes = _reduced(axis, np.ndim(x))
    if ord is None:
        return _norm_term(call, x, axes, _two)
    return _norm_term(call, x, axes, _MATRIX_PARTIALS[ord] if len(axes) == 2 else _vector_partial(ord))


@local(np.linalg.vector_norm)
def _vector_norm(call: Call, x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> LocalTerms:
    return _norm_term(call, x, _reduced(axis, np.ndim(x)), _vector_partial(ord))


def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)


composed(np.linalg.matrix_norm, _matrix_norm)
nondifferentiable(np.linalg.matrix_rank)

complex_too(np.linalg.inv, np.linalg.solve, np.linalg.pinv, np.linalg.det, np.linalg.slogdet)
complex_too(np.linalg.tensorinv, np.linalg.tensorsolve)
complex_too(np.linalg.norm, np.linalg.vector_norm, np.linalg.matrix_norm)
