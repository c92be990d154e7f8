"""Polynomials by their coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import polynomial
from table import Row, rows, sample

from jacobians.registry import lookup

_P, _Q = sample(4), sample(3, seed=1)
_T = sample(2, 3, seed=2)


def _divided(u: Any, v: Any) -> Any:
    """Quotient and remainder, which differ in length, behind one another."""
    quotient, rest = np.polydiv(u, v)
    return np.concatenate([quotient, 2 * rest])


_VALUES = [
    *rows(
        np.vander,
        (np.vander, (sample(3),)),
        (lambda x: np.vander(x, 5), (sample(3),)),
        (lambda x: np.vander(x * x, 2, increasing=True), (sample(3),)),
        (lambda x: np.vander(x, 1), (sample(3),)),
        (lambda x: np.vander(x), (sample(1),)),
        (lambda x: np.vander(x, 4), (np.array([0.0, 0.5, -1.0]),)),
    ),
    *rows(
        np.polyval,
        (np.polyval, (_P, _T)),
        (np.polyval, (_P, sample())),
        (lambda p: np.polyval(p, 0.7), (_P,)),
        (lambda x: np.polyval([2, 0, -1, 3], x * x), (_T,)),
        (lambda p: np.polyval(p, [0.0, 1.0, -2.0]), (_P,)),
        (np.polyval, (sample(1), _T)),
        (np.polyval, (sample(3, 4), sample(2, 4))),
        (np.polyval, (sample(3, 1), sample(2, 1, 4))),
        (lambda p, x: np.poly1d(p)(x), (_P, _T)),
    ),
]

_ARITHMETIC = [
    *[
        row
        for function in (np.polyadd, np.polysub, np.polymul)
        for row in rows(
            function,
            (function, (_P, _Q)),
            (function, (_Q, _P)),
            (lambda p, f=function: f(p, [1, 2, 3]), (_P,)),
            (lambda q, f=function: f(_P, q * q), (_Q,)),
            (lambda p, f=function: f(np.poly1d([1.0, 2.0]), p).coeffs, (_Q,)),
        )
    ],
    *rows(np.polymul, (lambda p: np.polymul(np.array([0.0, 1.0, 2.0]), p), (_P,))),
    *rows(
        np.polydiv,
        (_divided, (np.array([1.0, -2.0, 0.5, 3.0]), np.array([2.0, 1.0, -1.0]))),
        (_divided, (np.array([4.0, 1.0, 0.0, -1.5, 2.0]), np.array([-2.0, 0.5]))),
        (_divided, (_Q, _P)),
        (lambda u: np.polydiv(u, [1.0, 2.0])[1], (_P,)),
    ),
    *rows(
        np.polyder,
        (np.polyder, (_P,)),
        (lambda p: np.polyder(p, 2), (_P,)),
        (lambda p: np.polyder(p * p, 0), (_P,)),
        (lambda p: np.polyder(p, 4), (_P,)),
    ),
    *rows(
        np.polyint,
        (np.polyint, (_P,)),
        (lambda p: np.polyint(p, 2, k=3.0), (_P,)),
        (lambda p, k: np.polyint(p * p, 2, k), (_P, sample(2))),
        (lambda p: np.polyint(p, 0), (_P,)),
    ),
]

_FITS = [
    *rows(
        np.poly,
        (np.poly, (sample(4),)),
        (lambda r: np.poly(r * r), (sample(2),)),
        (np.poly, (sample(1),)),
        (np.poly, (np.array([0.0, 0.0, 1.5]),)),
        (np.poly, (sample(3, 3),)),
        (lambda A: np.poly(A @ A.T), (sample(2, 3),)),
        (np.poly, (np.array([[1.0, 2.0, 0.0], [-2.0, 1.0, 1.0], [0.5, 0.0, -1.0]]),)),  # of complex eigenvalues
        (np.poly, (np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]),)),  # of one, three times
        (np.poly, (sample(1, 1),)),
        (lambda r: r * np.poly(r), (sample(0),)),
    ),
    *rows(
        np.polyfit,
        (lambda x, y: np.polyfit(x, y, 2), (sample(6), sample(6, seed=1))),
        (lambda x, y: np.polyfit(x, y, 1), (sample(4), sample(4, 2, seed=1))),
        (lambda x, y: np.polyfit(x, y, 1, full=True)[1], (sample(5), sample(5, seed=1))),
        (lambda x, y: np.polyfit(x, y, 1, cov=True)[1], (sample(6), sample(6, seed=1))),
        (lambda x, y: np.polyfit(x, y, 1, cov="unscaled")[1], (sample(6), sample(6, 2, seed=1))),
        (lambda x, y: np.polyfit(x, y, 1, cov=True)[1], (sample(6), sample(6, 2, seed=1))),
        (
            lambda x, y, w: np.polyfit(x, y, 1, w=w),
            (sample(5), sample(5, 2, seed=1), sample(5, low=0.3, high=2, seed=2)),
        ),
    ),
]

_POLYVALND: Any = getattr(polynomial, "polyvalnd", None)  # from NumPy 2.5 on
_GRIDS = [
    *rows(
        polynomial.polyval2d,
        (polynomial.polyval2d, (_T, sample(2, 3, seed=3), sample(3, 2))),
        (lambda c: polynomial.polyval2d(0.5, 1.5, c), (sample(3, 2),)),
    ),
    *rows(
        polynomial.polygrid2d,
        (polynomial.polygrid2d, (sample(2), sample(3, seed=3), sample(3, 2))),
        (lambda x, y: polynomial.polygrid2d(x, y, np.eye(2)), (sample(2, 2), sample())),
    ),
    *rows(
        _POLYVALND,
        (lambda x, c: _POLYVALND((x,), c), (sample(2, 3), sample(4))),
        (lambda x, y, c: _POLYVALND((x, y), c), (sample(2), sample(2, seed=3), sample(3, 2))),
        (lambda x, y, z, c: _POLYVALND([x, y, z], c), (*[sample(2, seed=n) for n in range(3)], sample(2, 3, 2))),
        (lambda x, y, c: _POLYVALND((x, y), c), (sample(2), sample(2, seed=3), sample(3, 2, 2))),
        (lambda x, c: _POLYVALND((x, 0.5), c), (sample(), sample(3))),
        (lambda pts: _POLYVALND(pts, np.eye(3, 2)), (sample(2, 3),)),
    ),
]

ROWS: list[Row] = [*_VALUES, *_ARITHMETIC, *_FITS, *[row for row in _GRIDS if lookup(row.covers)]]
