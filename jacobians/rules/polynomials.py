"""Polynomials by their coefficients, highest power first, as `np.polyval` and its kin take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.polynomial import polynomial

from ..errors import UnsupportedFunctionError
from ..labels import axes_of
from ..registry import Call, LocalTerm, complex_too, composed, diagonal_term, local
from ..terms import Factor, Term

__all__: list[str] = []

# ---- values ----------------------------------------------------------------------------------------------------------


# V[i, k] = x[i]^k: dV[i, k] = k V[i, k - 1] dx[i]
@local(np.vander)
def _vander(call: Call, x: Any, N: Any = None, increasing: bool = False) -> Iterator[LocalTerm]:
    powers = call.result if increasing else call.result[:, ::-1]
    exponents = np.arange(powers.shape[1], dtype=powers.dtype)
    slopes = exponents * np.concatenate([np.zeros_like(powers[:, :1]), powers[:, :-1]], axis=1)
    out = axes_of(powers.shape)
    yield 0, 0, Term(out, out[:1], (Factor.on(slopes if increasing else slopes[:, ::-1], out),))


def _polyval_of_arrays(p: Any, x: Any) -> Any:
    """Horner's rule, where the coefficients are arrays that broadcast with x."""
    if isinstance(x, np.poly1d):
        raise UnsupportedFunctionError("np.polyval", "for a polynomial of polynomials")
    if np.ndim(p) == 1:
        return NotImplemented
    y = np.zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y


# y[i] = sum of p[k] x[i]^(n - 1 - k)
@local(np.polyval, instead=_polyval_of_arrays)
def _polyval(call: Call, p: Any, x: Any) -> Iterator[LocalTerm]:
    shape, dtype = np.shape(x), call.result.dtype
    if call.needs(0):
        powers = np.power(np.reshape(x, (*shape, 1)), np.arange(np.size(p) - 1, -1, -1, dtype=dtype))
        out, inp = axes_of(shape), axes_of(np.shape(p))
        yield 0, 0, Term(out, inp, (Factor.on(powers.astype(dtype), out + inp),))
    if call.needs(1):
        slope = np.polyval(np.polyder(p), x).astype(dtype)
        yield 0, 1, diagonal_term(shape, shape, slope, dtype)


def _powers(x: Any, count: int) -> Any:
    return np.power(np.expand_dims(x, -1), np.arange(count, dtype=np.result_type(x, 0.0)))


def _polyvalnd(pts: Any, c: Any) -> Any:
    """Sums over the first axis of the coefficients, one point after the other; the rest are further polynomials."""
    first, *others = [np.asarray(x) if isinstance(x, (int, float, complex)) else x for x in pts]
    if any([np.shape(x) != np.shape(first) for x in others]):
        raise ValueError("ordinates are incompatible")
    c = np.reshape(c, np.shape(c) + (1,) * (len(pts) - np.ndim(c)))
    y = np.tensordot(c, _powers(first, np.shape(c)[0]), axes=(0, -1))
    for x in others:
        powers = np.moveaxis(_powers(x, np.shape(y)[0]), -1, 0)
        further = np.ndim(y) - np.ndim(powers)
        y = np.sum(y * np.expand_dims(powers, tuple(range(1, 1 + further))), axis=0)
    return y


def _polyval2d(x: Any, y: Any, c: Any) -> Any:
    return _polyvalnd((x, y), c)


def _polygrid2d(x: Any, y: Any, c: Any) -> Any:
    if np.ndim(c) != 2:
        reason = "for coefficients of other than two axes"
        raise UnsupportedFunctionError("np.polynomial.polynomial.polygrid2d", reason)
    rows, columns = np.shape(c)
    return np.tensordot(np.matmul(_powers(x, rows), c), _powers(y, columns), axes=(-1, -1))


# Before NumPy 2.3 the first two are plain Python, which runs on traced arrays as it is; the third is new in 2.5.
for _name, _definition in (("polyval2d", _polyval2d), ("polygrid2d", _polygrid2d), ("polyvalnd", _polyvalnd)):
    if isinstance(getattr(polynomial, _name, None), type(np.sum)):
        composed(getattr(polynomial, _name), _definition)
        complex_too(getattr(polynomial, _name))

# ---- arithmetic ------------------------------------------------------------------------------------------------------


def _coefficients(a: Any) -> Any:
    a = a.coeffs if isinstance(a, np.poly1d) else a
    return np.atleast_1d(a if hasattr(a, "dtype") else np.asarray(a))


def _on_coefficients(function: Any, count: int, definition: Callable[..., Any]) -> None:
    """State a function of `count` polynomials by their coefficients; of a poly1d, the result is one."""

    def run(*args: Any, **kwargs: Any) -> Any:
        y = definition(*[_coefficients(a) for a in args[:count]], *args[count:], **kwargs)
        return np.poly1d(y) if any(isinstance(a, np.poly1d) for a in args[:count]) else y

    composed(function, run)


def _padded(a: Any, size: int) -> Any:
    return np.concatenate([np.zeros(size - a.shape[0], a.dtype), a]) if size > a.shape[0] else a


def _polyadd(a1: Any, a2: Any) -> Any:
    size = max(a1.shape[0], a2.shape[0])
    return _padded(a1, size) + _padded(a2, size)


def _polysub(a1: Any, a2: Any) -> Any:
    return np.polyadd(a1, -a2)


def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def _without_leading_zeros(a: Any) -> Any:
    nonzero = np.flatnonzero(np.not_equal(a, 0))
    return a[nonzero[0] :] if nonzero.size else np.zeros(1, a.dtype)


def _polydiv(u: Any, v: Any) -> Any:
    degree, rest, quotient = v.shape[0] - 1, u + 0.0 * v[0], []
    for k in range(u.shape[0] - degree):
        factor = rest[k] / v[0]
        quotient.append(factor)
        rest = np.concatenate([rest[:k], rest[k : k + degree + 1] - factor * v, rest[k + degree + 1 :]])
    while rest.shape[0] > 1 and np.allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return np.stack(quotient) if quotient else np.zeros(1, rest.dtype), rest


def _polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = np.zeros(m) if k is None else _coefficients(k)
    if constants.shape[0] == 1:
        constants = constants[np.zeros(m, int)]
    if constants.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for n in range(m):
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), constants[n : n + 1]])
    return p


# fmt: off
_on_coefficients(np.polyadd, 2, _polyadd)
_on_coefficients(np.polysub, 2, _polysub)
_on_coefficients(np.polymul, 2, _polymul)
_on_coefficients(np.polyder, 1, _polyder)
_on_coefficients(np.polyint, 1, _polyint)
# fmt: on


def _polydiv_of_any(u: Any, v: Any) -> Any:
    parts = _polydiv(_coefficients(u), _coefficients(v))
    either = isinstance(u, np.poly1d) or isinstance(v, np.poly1d)
    return tuple([np.poly1d(part) for part in parts]) if either else parts


composed(np.polydiv, _polydiv_of_any)

# ---- roots and fits --------------------------------------------------------------------------------------------------


def _monic(roots: list[Any], dtype: Any) -> Any:
    """The polynomial of these roots, as `np.poly` has it, but complex wherever they are."""
    p = np.ones(1, dtype)
    zero = np.zeros(1, dtype)
    for root in roots:
        p = np.concatenate([p, zero]) - np.concatenate([zero, root * p])
    return p


def _poly_of_nothing(seq_of_zeros: Any) -> Any:
    return np.ones(()) if np.shape(seq_of_zeros) == (0,) else NotImplemented  # a number, which NumPy gives


@local(np.poly, instead=_poly_of_nothing)
def _poly(call: Call, seq_of_zeros: Any) -> Iterator[LocalTerm]:
    roots, out = seq_of_zeros, axes_of(np.shape(call.result))
    if np.ndim(roots) == 2:
        # p(t) = det(t I - A), whose adjugate is the sum of B[k] t^(n - 1 - k): B[0] = I, B[k] = A B[k - 1] + p[k] I,
        # and dp[k + 1] = -tr(B[k] dA)  (Faddeev and Leverrier)
        n = np.shape(roots)[0]
        eye = np.eye(n, dtype=roots.dtype)
        parts = [eye]
        for k in range(1, n):
            parts.append(roots @ parts[-1] + call.result[k] * eye)
        i, j = axes_of((n, n))
        slopes = np.stack([np.zeros_like(eye), *[-part for part in parts]])
        yield 0, 0, Term(out, (i, j), (Factor.on(slopes, (*out, j, i)),))
        return
    # p(t) = product of (t - r[i]): dp = -sum over k of dr[k] product of (t - r[i]), i != k
    count, inp = np.size(roots), axes_of(np.shape(roots))
    roots = np.reshape(roots, (count,))
    others = [_monic([roots[i] for i in range(count) if i != k], roots.dtype) for k in range(count)]
    slopes = np.concatenate([np.zeros((1, count), roots.dtype), -np.stack(others, axis=1)])
    yield 0, 0, Term(out, inp, (Factor.on(slopes, out + axes_of((count,)) if not inp else out + inp),))


def _polyfit(
    x: Any,
    y: Any,
    deg: Any,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    if np.ndim(deg):
        raise UnsupportedFunctionError("np.polyfit", "for several degrees. Use np.linalg.lstsq")
    x, y = _coefficients(x) + 0.0, _coefficients(y) + 0.0
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    columns = np.vander(x, int(deg) + 1)
    if w is not None:
        w = _coefficients(w) + 0.0
        columns, y = columns * w[:, np.newaxis], np.reshape(w, (-1,) + (1,) * (np.ndim(y) - 1)) * y
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns / scale
    found, rest, rank, singular = np.linalg.lstsq(columns, y, rcond)
    found = (found.T / scale).T
    if full:
        return found, rest, rank, singular, rcond
    if not cov:
        return found
    spread = np.linalg.inv(columns.T @ columns) / np.outer(scale, scale)
    free = np.shape(columns)[0] - np.shape(columns)[1]
    if free <= 0 and cov != "unscaled":
        raise ValueError("the number of data points must exceed order to scale the covariance matrix")
    factor = 1 if cov == "unscaled" else rest / free
    return found, (spread if np.ndim(y) == 1 else spread[:, :, np.newaxis]) * factor


composed(np.polyfit, _polyfit)
