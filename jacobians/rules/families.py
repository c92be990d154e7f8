"""Families of `scipy.special` that come with their own derivatives: orthogonal polynomials, Airy, Kelvin, Struve and
Mathieu functions, integrals, zeta, elliptic, parabolic cylinder and spheroidal functions.

Each is differentiated by its last argument, most of them by a recurrence or by their differential equation; orders and
parameters are refused by name where no closed form is known. "x.y.z" are equations of the Digital Library of
Mathematical Functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp

from ..errors import UnsupportedFunctionError
from ..quiet import quietly
from ..registry import Call, LocalTerm, diagonal_term, elementwise, function_name, local, real_dtype, unsupported
from .special import ellipk_slope, ellipkinc_slope, in_precision, special
from .zetas import riemann_slope, zeta_by_x

__all__ = ["several"]

_DEGREE = math.pi / 180
Slopes = Callable[..., tuple[Any, ...]]


def several(function: Any, *slopes: Slopes | str) -> None:
    """State, for each argument, how all results move by it: ``slopes(results, *arguments)``; a name refuses it."""

    named = [n for n, slope in enumerate(slopes) if isinstance(slope, str)]

    @local(function)
    def _(call: Call, *arguments: Any, **_: Any) -> Iterator[LocalTerm]:
        results = call.result
        for position, stated in enumerate(slopes):
            if not call.needs(position):
                continue
            if isinstance(stated, str):
                reason = f"for a traced {stated}, by which its derivative has no closed form; other arguments have one"
                raise UnsupportedFunctionError(function_name(function), reason)
            convert = in_precision(lambda y, *given, stated=stated: stated(results, *given), named)
            partials = quietly(convert)(results[0], *arguments)
            for n, partial in enumerate(partials):
                y = results[n]
                yield n, position, diagonal_term(np.shape(y), np.shape(arguments[position]), partial, y.dtype)


# ---- orthogonal polynomials ------------------------------------------------------------------------------------------


def _lowered(polynomial: Any, n: Any, *arguments: Any) -> Any:
    """The polynomial of the order below, and zero below order 0."""
    return np.where(np.equal(n, 0), 0.0, polynomial(np.where(np.equal(n, 0), 0, n - 1), *arguments))


def _gegenbauer(n: Any, x: Any) -> Any:
    """``U_n' = 2 C_(n-1)^(2)``; 18.9.19, 18.7.4."""
    return 2 * _lowered(sp.eval_gegenbauer, n, real_dtype(x.dtype).type(2), x)


def _legendre(n: Any, x: Any) -> Any:
    """``P_n' = (n + 1) / 2 P_(n-1)^(1,1)``; 18.9.15."""
    one = real_dtype(x.dtype).type(1)
    return (n + 1) / 2 * _lowered(sp.eval_jacobi, n, one, one, x)


def _jacobi(n: Any, a: Any, b: Any, x: Any) -> Any:
    """18.9.15."""
    return (n + a + b + 1) / 2 * _lowered(sp.eval_jacobi, n, a + 1, b + 1, x)


def _shifted_jacobi(n: Any, p: Any, q: Any, x: Any) -> Any:
    """``P_n^(p-q, q-1)(2 x - 1) / binom(2 n + p - 1, n)``; Abramowitz and Stegun 22.5.2."""
    return 2 * _jacobi(n, p - q, q - 1, 2 * x - 1) / sp.binom(2 * n + p - 1, n)


def _associated_legendre(y: Any, m: Any, v: Any, x: Any) -> Any:
    """``(x^2 - 1) P' = v x P - (v + m) P_(v-1)``; 14.10.5."""
    return (v * x * y - (v + m) * sp.lpmv(m, v - 1, x)) / (x * x - 1)


# fmt: off
_N = "order n"
special(sp.eval_legendre,     _N, lambda y, n, x: _legendre(n, x))
special(sp.eval_sh_legendre,  _N, lambda y, n, x: 2 * _legendre(n, 2 * x - 1))
special(sp.eval_chebyt,       _N, lambda y, n, x: n * _lowered(sp.eval_chebyu, n, x))
special(sp.eval_sh_chebyt,    _N, lambda y, n, x: 2 * n * _lowered(sp.eval_chebyu, n, 2 * x - 1))
special(sp.eval_chebyc,       _N, lambda y, n, x: n * _lowered(sp.eval_chebyu, n, x / 2))
special(sp.eval_chebyu,       _N, lambda y, n, x: _gegenbauer(n, x))
special(sp.eval_sh_chebyu,    _N, lambda y, n, x: 2 * _gegenbauer(n, 2 * x - 1))
special(sp.eval_chebys,       _N, lambda y, n, x: _gegenbauer(n, x / 2) / 2)
special(sp.eval_laguerre,     _N, lambda y, n, x: -_lowered(sp.eval_genlaguerre, n, real_dtype(x.dtype).type(1), x))
special(sp.eval_genlaguerre,  _N, "parameter alpha", lambda y, n, a, x: -_lowered(sp.eval_genlaguerre, n, a + 1, x))
special(sp.eval_gegenbauer,   _N, "parameter alpha",
                                lambda y, n, a, x: 2 * a * _lowered(sp.eval_gegenbauer, n, a + 1, x))
special(sp.eval_jacobi,       _N, "parameter alpha", "parameter beta", lambda y, n, a, b, x: _jacobi(n, a, b, x))
special(sp.eval_sh_jacobi,    _N, "parameter p", "parameter q", lambda y, n, p, q, x: _shifted_jacobi(n, p, q, x))
# SciPy takes whole orders only.
elementwise(sp.eval_hermite,     0.0, lambda y, n, x: 2 * n * _lowered(sp.eval_hermite, n, x))
elementwise(sp.eval_hermitenorm, 0.0, lambda y, n, x: n * _lowered(sp.eval_hermitenorm, n, x))
special(sp.lpmv,              "order m", "degree v", _associated_legendre)
# fmt: on

# ---- Airy, Kelvin, Struve and Mathieu functions ----------------------------------------------------------------------


def _mathieu(value: Any, sign: int) -> Slopes:
    """``y'' = -(a - 2 q cos 2 x) y`` with x in degrees, and with cosh and a plus for the modified functions; 28.2.1."""

    def slopes(results: Any, m: Any, q: Any, x: Any) -> tuple[Any, ...]:
        y, dy = results
        a = value(m.astype(float), q.astype(float)).astype(y.dtype)  # in single precision SciPy finds nan
        if sign < 0:
            return _DEGREE * dy, -_DEGREE * (a - 2 * q * np.cos(2 * _DEGREE * x)) * y
        return dy, (a - 2 * q * np.cosh(2 * x)) * y

    return slopes


def _spheroidal(value: Any, sign: int, radial: bool) -> Slopes:
    """``(1 - x^2) y'' = 2 x y' - (v - c^2 x^2 - m^2 / (1 - x^2)) y``, 30.2.1, for oblate ones with ``-c^2``.

    The oblate radial ones are the same function of ``i x``.
    """

    def slopes(results: Any, m: Any, n: Any, c: Any, *rest: Any) -> tuple[Any, ...]:
        y, dy = results
        v = rest[0] if value is None else value(m, n, c)
        x = rest[-1]
        if sign < 0 and radial:
            w = 1 + x * x
            return dy, ((v - c * c * x * x - m * m / w) * y - 2 * x * dy) / w
        w = 1 - x * x
        return dy, (2 * x * dy - (v - sign * c * c * x * x - m * m / w) * y) / w

    return slopes


# fmt: off
several(sp.airy,          lambda y, x: (y[1], x * y[0], y[3], x * y[2]))
several(sp.itairy,        lambda y, x: tuple([sp.airy(t)[n] for t in (x, -x) for n in (0, 2)]))
# 10.61.3 and its derivative
special(sp.ber,          lambda y, x: sp.berp(x))
special(sp.bei,          lambda y, x: sp.beip(x))
special(sp.ker,          lambda y, x: sp.kerp(x))
special(sp.kei,          lambda y, x: sp.keip(x))
special(sp.berp,         lambda y, x: -sp.bei(x) - y / np.where(np.equal(x, 0), 1, x))
special(sp.beip,         lambda y, x: np.where(np.equal(x, 0), 0.5, sp.ber(x) - y / np.where(np.equal(x, 0), 1, x)))
special(sp.kerp,         lambda y, x: -sp.kei(x) - y / x)
special(sp.keip,         lambda y, x: sp.ker(x) - y / x)
# 11.4.27, 11.4.29
special(sp.struve,       "order v", lambda y, v, x: sp.struve(v - 1, x) - v * y / x)
special(sp.modstruve,    "order v", lambda y, v, x: sp.modstruve(v - 1, x) - v * y / x)
special(sp.itstruve0,    lambda y, x: sp.struve(x.dtype.type(0), x))
special(sp.itmodstruve0, lambda y, x: sp.modstruve(x.dtype.type(0), x))
special(sp.it2struve0,   lambda y, x: -sp.struve(x.dtype.type(0), x) / x)
_M = ("order m", "parameter q")
several(sp.mathieu_cem,     *_M, _mathieu(sp.mathieu_a, -1))
several(sp.mathieu_sem,     *_M, _mathieu(sp.mathieu_b, -1))
several(sp.mathieu_modcem1, *_M, _mathieu(sp.mathieu_a, 1))
several(sp.mathieu_modcem2, *_M, _mathieu(sp.mathieu_a, 1))
several(sp.mathieu_modsem1, *_M, _mathieu(sp.mathieu_b, 1))
several(sp.mathieu_modsem2, *_M, _mathieu(sp.mathieu_b, 1))
# parabolic cylinder functions, 12.2.1, 12.2.2
several(sp.pbdv,          "order v",     lambda y, v, x: (y[1], (x * x / 4 - v - 0.5) * y[0]))
several(sp.pbvv,          "order v",     lambda y, v, x: (y[1], (x * x / 4 - v - 0.5) * y[0]))
several(sp.pbwa,          "parameter a", lambda y, a, x: (y[1], (a - x * x / 4) * y[0]))
# fmt: on

_PARAMETERS = ("order m", "degree n", "parameter c")
for _kind, _sign in (("pro", 1), ("obl", -1)):
    for _name, _radial in (("ang1", False), ("rad1", True)):
        _value = getattr(sp, f"{_kind}_cv")
        several(getattr(sp, f"{_kind}_{_name}"), *_PARAMETERS, _spheroidal(_value, _sign, _radial))
        _function = getattr(sp, f"{_kind}_{_name}_cv")
        several(_function, *_PARAMETERS, "characteristic value cv", _spheroidal(None, _sign, _radial))

# ---- integrals -------------------------------------------------------------------------------------------------------


def _ratio(f: Any, x: Any, limit: float) -> Any:
    """``f(x) / x``, and its limit at 0."""
    at = np.equal(x, 0)
    return np.where(at, limit, f(x) / np.where(at, 1, x))


def _jacobi_elliptic(y: Any, u: Any, m: Any) -> tuple[Any, ...]:
    """``phi' = dn``; 22.13.1, 22.13.2, 22.13.3."""
    s, c, d, _ = y
    return c * d, -s * d, -m * s * c, d


def _jacobi_parameter(y: Any, u: Any, m: Any) -> tuple[Any, ...]:
    """``F(phi, m) = u`` holds still while m moves: ``dphi/dm = -F_m / F_phi`` with ``F_phi = 1 / dn``; 22.16.9."""
    s, c, d, phi = y
    turn = -d * ellipkinc_slope(u, phi, m)
    return c * turn, -s * turn, -(s * s + 2 * m * s * c * turn) / (2 * d), turn


def _mean_first(y: Any, a: Any, b: Any) -> Any:
    """``M(a, b) = pi a / (2 K(m))`` with ``m = 1 - (b / a)^2``; 19.8.6."""
    return y / a - _mean_by_k(y, a, b) * 2 * b * b / (a * a * a)


def _mean_by_k(y: Any, a: Any, b: Any) -> Any:
    ratio = b / a
    return 2 * y * y / (math.pi * a) * ellipk_slope(1 - ratio * ratio)


_SERIES = [math.comb(2 * k, k) / 4**k * k / (2 * k + 1) for k in range(1, 13)]


def _rc(x: Any, y: Any, by_x: bool) -> Any:
    """``R_C = arccos sqrt(x / y) / sqrt(y - x)``, 19.2.18; near x = y by the series of the arc sine, 4.24.1, in
    ``u = 1 - x / y``: ``sqrt(y) R_C`` is the sum of ``binomial(2 k, k) / 4^k u^k / (2 k + 1)``.
    """
    whole = x if by_x else np.where(np.equal(x, 0), 1.0, x)  # what is not used has finite slopes, too
    u = 1 - whole / y
    near = np.less(np.abs(u), 0.03)
    u0 = np.where(near, u, 0.0)
    series = -sum([coefficient * u0**k for k, coefficient in enumerate(_SERIES)]) / (y * np.sqrt(y))
    gap = np.where(near, 1.0, y - whole)
    direct = (sp.elliprc(np.where(near, 1.0, whole), np.where(near, 2.0, y)) - 1 / np.sqrt(whole)) / (2 * gap)
    slope = np.where(near, series, direct)
    if by_x:
        return slope
    # It is homogeneous of degree -1/2; at x = 0 the slope by x is infinite, its product with x is none.
    return -(sp.elliprc(x, y) / 2 + np.where(np.equal(x, 0), 0, x * slope)) / y


# fmt: off
several(sp.sici,     lambda y, x: (_ratio(np.sin, x, 1.0), np.cos(x) / x))                     # 6.2.9, 6.2.11
several(sp.shichi,   lambda y, x: (_ratio(np.sinh, x, 1.0), np.cosh(x) / x))                   # 6.2.15, 6.2.16
several(sp.fresnel,  lambda y, x: (np.sin(math.pi / 2 * x * x), np.cos(math.pi / 2 * x * x)))  # 7.2.7, 7.2.8
several(sp.itj0y0,   lambda y, x: (sp.j0(x), sp.y0(x)))
several(sp.iti0k0,   lambda y, x: (sp.i0(x), sp.k0(x)))
several(sp.it2j0y0,  lambda y, x: (_ratio(lambda t: 1 - sp.j0(t), x, 0.0), -sp.y0(x) / x))
several(sp.it2i0k0,  lambda y, x: (_ratio(lambda t: sp.i0(t) - 1, x, 0.0), -sp.k0(x) / x))
several(sp.ellipj,   _jacobi_elliptic, _jacobi_parameter)
special(sp.agm,     _mean_first, lambda y, a, b: _mean_by_k(y, a, b) * 2 * b / (a * a))
special(sp.elliprc, lambda r, x, y: _rc(x, y, True), lambda r, x, y: _rc(x, y, False))
special(sp.besselpoly, lambda y, a, s, v: sp.besselpoly(a, s + 1, v - 1) - sp.besselpoly(a, s + 1, v + 1),
                      "power lmb", "order nu")  # 10.6.1
# 25.11.17
special(sp._zeta,         zeta_by_x, lambda y, x, q: -x * sp._zeta(x + 1, q))
special(sp._riemann_zeta, riemann_slope)
special(sp.zetac,         riemann_slope)
# fmt: on

unsupported("because no closed form of its derivative is known", sp.mathieu_a, sp.mathieu_b, sp.obl_cv, sp.pro_cv)
_SYMMETRIC = (sp.elliprd, sp.elliprf, sp.elliprg, sp.elliprj)
_SECOND_KIND = (sp.pro_rad2, sp.pro_rad2_cv, sp.obl_rad2, sp.obl_rad2_cv)
unsupported("because the numbers and slopes that SciPy returns do not fit together", *_SECOND_KIND)
unsupported("because its derivatives have no form that stays exact where arguments meet", *_SYMMETRIC)
if hasattr(sp, "log_wright_bessel"):  # since SciPy 1.14
    _log_wright = sp.log_wright_bessel
    special(_log_wright, "parameter a", "parameter b", lambda y, a, b, x: np.exp(_log_wright(a, a + b, x) - y))
