"""Functions of `scipy.special`: one partial per argument, result first, the arguments named as in SciPy.

A name instead of a partial refuses that argument: no closed form is known, as for the order of a Bessel function.
Partials are made of functions that have rules, so that second derivatives follow. "x.y.z" are equations of the Digital
Library of Mathematical Functions, https://dlmf.nist.gov.

This module is read when the first function of a loaded `scipy.special` is looked up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp  # the ufuncs themselves: SCIPY_ARRAY_API=1 wraps the public names

from ..errors import UnsupportedFunctionError
from ..registry import elementwise, function_name, nondifferentiable, real_dtype
from .asymptotics import dawsn_slope, erfcx_slope, rgamma_slope, split, trigamma
from .incomplete import beta_by_a, beta_by_b, beta_by_first, gamma_by_a

__all__ = [
    "beta_density",
    "ellipk_slope",
    "ellipkinc_slope",
    "gamma_density",
    "gamma_moves",
    "in_precision",
    "refused",
    "special",
]

_LN2, _LN10, _DEGREE = math.log(2), math.log(10), math.pi / 180
_SQRT2, _SQRTPI, _SQRT2PI = math.sqrt(2), math.sqrt(math.pi), math.sqrt(2 * math.pi)


def special(function: Any, *partials: Callable[..., Any] | str) -> None:
    """`elementwise`, with arguments in the precision of the result, and names of arguments that are refused."""
    named = [n for n, partial in enumerate(partials) if isinstance(partial, str)]
    made = [refused(function, p) if isinstance(p, str) else in_precision(p, named) for p in partials]
    elementwise(function, *made)


def refused(function: Any, argument: str) -> Callable[..., Any]:
    """A partial that raises: no closed form is known by this argument."""

    def partial(*_: Any) -> Any:
        reason = f"for a traced {argument}, by which its derivative has no closed form; other arguments have one"
        raise UnsupportedFunctionError(function_name(function), reason)

    return partial


def in_precision(partial: Callable[..., Any], parameters: Sequence[int] = ()) -> Callable[..., Any]:
    """Orders and parameters are often integers or Python numbers, of which SciPy makes float64.

    `parameters` are positions of arguments that stay real where the result is complex.
    """

    def convert(x: Any, dtype: np.dtype) -> Any:
        if not hasattr(x, "dtype"):
            return dtype.type(x)
        return x if x.dtype == dtype else x.astype(dtype)

    def converted(y: Any, *arguments: Any) -> Any:
        if y.dtype.kind != "c" or not parameters:
            return partial(y, *[convert(x, y.dtype) for x in arguments])
        real = real_dtype(y.dtype)
        return partial(y, *[convert(x, real if n in parameters else y.dtype) for n, x in enumerate(arguments)])

    return converted


def _over(a: Any, b: Any) -> Any:
    """``a / b``, and 0 for ``0 / 0``."""
    return a / np.where(np.equal(a, 0) & np.equal(b, 0), 1, b)


def _series_2f1(a: float, b: float, x: Any) -> Any:
    """``F(a, b; 2; x)``; for Python numbers and a float32 array SciPy would choose float64."""
    real = real_dtype(x.dtype)
    return sp.hyp2f1(*[real.type(parameter) for parameter in (a, b, 2)], x)


def _betaln(a: Any, b: Any) -> Any:
    """The derivative by a of ``log gamma(a) + log gamma(b) - log gamma(a + b)``; 5.12.1."""
    return sp.psi(a) - sp.psi(a + b)


def gamma_density(a: Any, x: Any) -> Any:
    """``x^(a-1) exp(-x) / gamma(a)``; 8.2.4, 8.8.13."""
    return np.exp(sp.xlogy(a - 1, x) - x - sp.gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """``x^(a-1) (1-x)^(b-1) / B(a, b)``; 8.17.1, 8.17.2."""
    return np.exp(sp.xlogy(a - 1, x) + sp.xlog1py(b - 1, -x) - sp.betaln(a, b))


def gamma_moves(a: Any, x: Any) -> Any:
    """How x moves with a where ``P(a, x)`` stays."""
    return -gamma_by_a(a, x) / gamma_density(a, x)


_beta_moves = (
    lambda x, a, b, p: -beta_by_a(a, b, x) / beta_density(a, b, x),
    lambda x, a, b, p: -beta_by_b(a, b, x) / beta_density(a, b, x),
)


def _f_density(n: Any, d: Any, x: Any) -> Any:
    """``F = I_u(n/2, d/2)`` with ``u = n x / (d + n x)``, so that ``du/dx = n d / (d + n x)^2``; 8.17.2."""
    s = d + n * x
    return np.exp(sp.xlogy(n / 2 - 1, n * x / s) + sp.xlogy(d / 2, d / s) - sp.betaln(n / 2, d / 2)) * n / s


def _t_density(n: Any, t: Any) -> Any:
    """``(1 + t^2 / n)^(-(n+1)/2) / (sqrt(n) B(n/2, 1/2))``; Abramowitz and Stegun 26.7.1."""
    return np.exp(-0.5 * sp.xlog1py(n + 1, t * t / n) - sp.betaln(n / 2, n.dtype.type(0.5))) / np.sqrt(n)


# ``F = I_u(n/2, d/2)`` depends on ``n x / d`` besides, and Student's ``1/2 + sign(t)/2 (1 - I_w(n/2, 1/2))``, with
# ``w = n / (n + t^2)``, on ``t^2 / n``.
def _f_by_n(n: Any, d: Any, x: Any) -> Any:
    s = d + n * x
    return beta_by_first(n / 2, d / 2, n * x / s, d / s) / 2 + _f_density(n, d, x) * x / n


def _f_by_d(n: Any, d: Any, x: Any) -> Any:
    s = d + n * x
    return -beta_by_first(d / 2, n / 2, d / s, n * x / s) / 2 - _f_density(n, d, x) * x / d


def _t_by_n(n: Any, t: Any) -> Any:
    s = n + t * t
    half = np.full_like(n, 0.5)
    return -np.sign(t) * beta_by_first(n / 2, half, n / s, t * t / s) / 4 - t * _t_density(n, t) / (2 * n)


def _expn(y: Any, n: Any, x: Any) -> Any:
    """``-E_(n-1)(x)``, 8.19.13, of which SciPy has no negative order: ``E_(-1) = (exp(-x) + E_0) / x``, 8.19.12."""
    return np.where(np.less(n, 1), -(np.exp(-x) + y) / x, -sp.expn(np.maximum(n - 1, 0), x))


# Both hold at 0, too, where formulas with one neighbour divide by zero.
def _difference(bessel: Any, v: Any, x: Any) -> Any:
    """``(C_(v-1) - C_(v+1)) / 2`` for J and Y; 10.6.1."""
    return (bessel(v - 1, x) - bessel(v + 1, x)) / 2


def _mean(bessel: Any, v: Any, x: Any) -> Any:
    """``(Z_(v-1) + Z_(v+1)) / 2`` for I and, with a minus, for K; 10.29.1."""
    return (bessel(v - 1, x) + bessel(v + 1, x)) / 2


def _exprel(u: Any) -> Any:
    """``(exp(u) - exprel(u)) / u``, which cancels near 0; there its series, ``M(2, 3, u) / 2`` by 13.2.2."""
    near = np.less(np.abs(u), 0.1)
    u0, u1 = split(near, u, 1.0)
    return np.where(near, 0.5 * sp.hyp1f1(2.0, 3.0, u0), (np.exp(u1) - sp.exprel(u1)) / u1)


def _spence(y: Any, x: Any) -> Any:
    """``log(x) / (1 - x)``, 25.12.2 at 1 - x; near 1 its series, ``-F(1, 1; 2; 1 - x)`` by 15.4.1."""
    near = np.less(np.abs(1 - x), 0.1)
    u0, u1 = split(near, 1 - x, 1.0)
    return np.where(near, -_series_2f1(1.0, 1.0, u0), np.log(np.where(near, 1.0, x)) / u1)


def _boxcox(power: Any, log: Any, shape: Any, y: Any) -> Any:
    """By the exponent ``y = (x^s - 1) / s``: ``(x^s log x - y) / s``; near s = 0, ``log(x)^2 exprel'(s log x)``.

    `power` and `log` are functions of the exponent and of a factor: ``x^s`` and ``p log(x)``.
    """
    near = np.less(np.abs(log(shape)), 0.1)
    s0, s1 = split(near, shape, 1.0)
    root = log(near.astype(shape.dtype))
    direct = (log(power(s1)) - np.where(near, 0.0, y)) / s1
    return np.where(near, root * root * 0.5 * sp.hyp1f1(2.0, 3.0, log(s0)), direct)


def _box(s: Any, x: Any, y: Any) -> Any:
    return _boxcox(lambda e: np.power(x, e), lambda p: sp.xlogy(p, x), s, y)


def _box1p(s: Any, x: Any, y: Any) -> Any:
    return _boxcox(lambda e: np.power(1 + x, e), lambda p: sp.xlog1py(p, x), s, y)


# y = boxcox(x, s) holds still while s moves: dx/ds = -(dy/ds) / (dy/dx)
def _unbox(x: Any, s: Any, y: Any) -> Any:
    return -np.power(x, 1 - s) * _box(s, x, y)


def _unbox1p(x: Any, s: Any, y: Any) -> Any:
    return -np.power(1 + x, 1 - s) * _box1p(s, x, y)


def ellipk_slope(m: Any) -> Any:
    """``(E - (1 - m) K) / (2 m (1 - m))``, 19.4.1; near 0 its series, ``pi/8 F(3/2, 3/2; 2; m)`` by 19.5.1."""
    near = np.less(np.abs(m), 0.1)
    m0, m1 = split(near, m, 0.5)
    direct = (sp.ellipe(m1) / (1 - m1) - sp.ellipk(m1)) / (2 * m1)
    return np.where(near, math.pi / 8 * _series_2f1(1.5, 1.5, m0), direct)


def _ellipkm1(y: Any, p: Any) -> Any:
    """The same by p = 1 - m, which for small p has more digits than m."""
    near = np.less(np.abs(1 - p), 0.1)
    m0, p1 = np.where(near, 1 - p, 0.0), np.where(near, 0.5, p)
    direct = (sp.ellipkm1(p1) - sp.ellipe(1 - p1) / p1) / (2 * (1 - p1))
    return np.where(near, -math.pi / 8 * _series_2f1(1.5, 1.5, m0), direct)


def _ellipe(y: Any, m: Any) -> Any:
    """``(E - K) / (2 m)``, 19.4.2; near 0 its series, ``-pi/8 F(1/2, 3/2; 2; m)`` by 19.5.2."""
    near = np.less(np.abs(m), 0.1)
    m0, m1 = split(near, m, 0.5)
    return np.where(near, -math.pi / 8 * _series_2f1(0.5, 1.5, m0), (sp.ellipe(m1) - sp.ellipk(m1)) / (2 * m1))


def _series(weight: Callable[[int], float], phi: Any, m: Any) -> Any:
    """``sum over k of weight(k) k m^(k-1) S_k``, ``S_k`` the integral of sin^(2k) from 0 to phi, by parts.

    The integrals 19.2.4 and 19.2.5 with the integrand expanded in powers of m.
    """
    sine, odd, integral, total = np.sin(phi), np.sin(phi), phi, 0.0
    for k in range(1, 9):
        integral = ((2 * k - 1) * integral - odd * np.cos(phi)) / (2 * k)
        odd = odd * sine * sine
        total = total + weight(k) * k * m ** (k - 1) * integral
    return total


def _central(k: int) -> float:
    """The coefficient of ``m^k`` in ``1 / sqrt(1 - m)``."""
    return math.comb(2 * k, k) / 4**k


def ellipkinc_slope(y: Any, phi: Any, m: Any) -> Any:
    """``(E / (1 - m) - F) / (2 m) - sin(2 phi) / (4 (1 - m) root)``, 19.4.5; near m = 0 expanded."""
    near = np.less(np.abs(m), 0.01)
    m0, m1 = split(near, m, 0.5)
    direct = (sp.ellipeinc(phi, m1) / (1 - m1) - sp.ellipkinc(phi, m1)) / (2 * m1)
    direct = direct - np.sin(2 * phi) / (4 * (1 - m1) * _root(phi, m1))
    return np.where(near, _series(_central, phi, m0), direct)


def _ellipeinc(y: Any, phi: Any, m: Any) -> Any:
    """``(E - F) / (2 m)``, 19.4.6; near m = 0 expanded."""
    near = np.less(np.abs(m), 0.01)
    m0, m1 = split(near, m, 0.5)
    direct = (sp.ellipeinc(phi, m1) - sp.ellipkinc(phi, m1)) / (2 * m1)
    return np.where(near, _series(lambda k: -_central(k) / (2 * k - 1), phi, m0), direct)


def _root(phi: Any, m: Any) -> Any:
    """``sqrt(1 - m sin^2 phi)``, the integrand of 19.2.5."""
    return np.sqrt(1 - m * np.square(np.sin(phi)))


def _clip(r: Any, delta: Any) -> Any:
    return np.maximum(np.minimum(r, delta), -delta)


def _huber_shape(y: Any, delta: Any, r: Any) -> Any:
    """``d (sqrt(1 + (r/d)^2) - 1)^2 / sqrt(..)`` of the pseudo-Huber loss, multiplied out so that nothing cancels."""
    h = np.hypot(delta, r)
    return np.square(_over(r * r, h + delta)) / np.where(np.equal(h, 0), 1, h)


# fmt: off
# error function, 7.2; logistic function
special(sp.erf,          lambda y, z: 2 / _SQRTPI * np.exp(-z * z))
special(sp.erfc,         lambda y, z: -2 / _SQRTPI * np.exp(-z * z))
special(sp.erfcx,        lambda y, x: erfcx_slope(x))
special(sp.erfi,         lambda y, z: 2 / _SQRTPI * np.exp(z * z))
special(sp.dawsn,        lambda y, x: dawsn_slope(x))
special(sp.erfinv,       lambda y, p: _SQRTPI / 2 * np.exp(y * y))
special(sp.erfcinv,      lambda y, p: -_SQRTPI / 2 * np.exp(y * y))
special(sp.ndtr,         lambda y, x: np.exp(-x * x / 2) / _SQRT2PI)
special(sp.log_ndtr,     lambda y, x: 2 / _SQRT2PI / sp.erfcx(-x / _SQRT2))  # density / y without underflow
special(sp.ndtri,        lambda y, p: _SQRT2PI * np.exp(y * y / 2))
special(sp.ndtri_exp,    lambda y, q: _SQRT2PI / 2 * sp.erfcx(-y / _SQRT2))
special(sp.owens_t,      lambda y, h, a: -np.exp(-h * h / 2) * sp.erf(a * h / _SQRT2) / (2 * _SQRT2PI),
                          lambda y, h, a: np.exp(-h * h * (1 + a * a) / 2) / (2 * math.pi * (1 + a * a)))
special(sp.expit,        lambda y, x: y * sp.expit(-x))
special(sp.log_expit,    lambda y, x: sp.expit(-x))
special(sp.logit,        lambda y, p: 1 / (p * (1 - p)))
# powers, exponentials and logarithms
special(sp.cbrt,         lambda y, x: 1 / (3 * y * y))
special(sp.exp2,         lambda y, x: _LN2 * y)
special(sp.exp10,        lambda y, x: _LN10 * y)
special(sp.expm1,        lambda y, x: y + 1)
special(sp.log1p,        lambda y, x: 1 / (1 + x))
special(sp.cosm1,        lambda y, x: -np.sin(x))
special(sp.powm1,        lambda y, x, e: e * np.power(x, e - 1),          lambda y, x, e: sp.xlogy(np.power(x, e), x))
special(sp.exprel,       lambda y, x: _exprel(x))
special(sp.xlogy,        lambda y, x, z: np.log(z),                       lambda y, x, z: _over(x, z))
special(sp.xlog1py,      lambda y, x, z: np.log1p(z),                     lambda y, x, z: _over(x, 1 + z))
special(sp.entr,         lambda y, x: -1 - np.log(x))
special(sp.rel_entr,     lambda y, p, q: np.log(p / q) + 1,               lambda y, p, q: -_over(p, q))
special(sp.kl_div,       lambda y, p, q: np.log(p / q),                   lambda y, p, q: 1 - _over(p, q))
special(sp.boxcox,       lambda y, x, s: np.power(x, s - 1),              lambda y, x, s: _box(s, x, y))
special(sp.boxcox1p,     lambda y, x, s: np.power(1 + x, s - 1),          lambda y, x, s: _box1p(s, x, y))
special(sp.inv_boxcox,   lambda x, y, s: np.power(x, 1 - s),              lambda x, y, s: _unbox(x, s, y))
special(sp.inv_boxcox1p, lambda x, y, s: np.power(1 + x, 1 - s),          lambda x, y, s: _unbox1p(x, s, y))
special(sp.wrightomega,  lambda y, z: y / (1 + y))  # 4.13.1: y + log y = z
# degrees, losses
special(sp.sindg,        lambda y, x: _DEGREE * sp.cosdg(x))
special(sp.cosdg,        lambda y, x: -_DEGREE * sp.sindg(x))
special(sp.tandg,        lambda y, x: _DEGREE * (1 + y * y))
special(sp.cotdg,        lambda y, x: -_DEGREE * (1 + y * y))
special(sp.radian,       *[lambda y, d, m, s, part=part: _DEGREE / part for part in (1, 60, 3600)])
special(sp.huber,        lambda y, d, r: np.maximum(np.abs(r) - d, 0),    lambda y, d, r: _clip(r, d))
special(sp.pseudo_huber, _huber_shape,                                    lambda y, d, r: d * _over(r, np.hypot(d, r)))
# gamma and beta, 5.2.2, 5.12.1
special(sp.gamma,        lambda y, z: y * sp.psi(z))
special(sp.gammaln,      lambda y, x: sp.psi(x))
special(sp.loggamma,     lambda y, z: sp.psi(z))
special(sp.psi,          lambda y, z: trigamma(z))
special(sp.rgamma,       lambda y, z: rgamma_slope(z))
special(sp.beta,         lambda y, a, b: y * _betaln(a, b),               lambda y, a, b: y * _betaln(b, a))
special(sp.betaln,       lambda y, a, b: _betaln(a, b),                   lambda y, a, b: _betaln(b, a))
special(sp.poch,         lambda y, z, m: y * (sp.psi(z + m) - sp.psi(z)), lambda y, z, m: y * sp.psi(z + m))
special(sp.binom,        lambda y, n, k: y * (sp.psi(n + 1) - sp.psi(n - k + 1)),
                          lambda y, n, k: y * (sp.psi(n - k + 1) - sp.psi(k + 1)))
# incomplete gamma and beta, their inverses, and the distributions made of them
special(sp.gammainc,     lambda y, a, x: gamma_by_a(a, x),         lambda y, a, x: gamma_density(a, x))
special(sp.gammaincc,    lambda y, a, x: -gamma_by_a(a, x),        lambda y, a, x: -gamma_density(a, x))
special(sp.gammaincinv,  lambda x, a, p: gamma_moves(a, x),        lambda x, a, p: 1 / gamma_density(a, x))
special(sp.gammainccinv, lambda x, a, p: gamma_moves(a, x),        lambda x, a, p: -1 / gamma_density(a, x))
special(sp.betainc,      lambda y, a, b, x: beta_by_a(a, b, x),    lambda y, a, b, x: beta_by_b(a, b, x),
                          lambda y, a, b, x: beta_density(a, b, x))
special(sp.betaincc,     lambda y, a, b, x: -beta_by_a(a, b, x),   lambda y, a, b, x: -beta_by_b(a, b, x),
                          lambda y, a, b, x: -beta_density(a, b, x))
special(sp.betaincinv,   *_beta_moves,                             lambda x, a, b, p: 1 / beta_density(a, b, x))
special(sp.betainccinv,  *_beta_moves,                             lambda x, a, b, p: -1 / beta_density(a, b, x))
special(sp.chdtr,        lambda y, v, x: gamma_by_a(v / 2, x / 2) / 2,
                          lambda y, v, x: gamma_density(v / 2, x / 2) / 2)
special(sp.chdtrc,       lambda y, v, x: -gamma_by_a(v / 2, x / 2) / 2,
                          lambda y, v, x: -gamma_density(v / 2, x / 2) / 2)
special(sp.chdtri,       lambda x, v, p: gamma_moves(v / 2, x / 2), lambda x, v, p: -2 / gamma_density(v / 2, x / 2))
special(sp.gdtr,         lambda y, a, b, x: x * gamma_density(b, a * x),  lambda y, a, b, x: gamma_by_a(b, a * x),
                          lambda y, a, b, x: a * gamma_density(b, a * x))
special(sp.gdtrc,        lambda y, a, b, x: -x * gamma_density(b, a * x), lambda y, a, b, x: -gamma_by_a(b, a * x),
                          lambda y, a, b, x: -a * gamma_density(b, a * x))
special(sp.fdtr,         lambda y, n, d, x: _f_by_n(n, d, x),      lambda y, n, d, x: _f_by_d(n, d, x),
                          lambda y, n, d, x: _f_density(n, d, x))
special(sp.fdtrc,        lambda y, n, d, x: -_f_by_n(n, d, x),     lambda y, n, d, x: -_f_by_d(n, d, x),
                          lambda y, n, d, x: -_f_density(n, d, x))
special(sp.fdtri,        lambda x, n, d, p: -_f_by_n(n, d, x) / _f_density(n, d, x),
                          lambda x, n, d, p: -_f_by_d(n, d, x) / _f_density(n, d, x),
                          lambda x, n, d, p: 1 / _f_density(n, d, x))
special(sp.stdtr,        lambda y, n, t: _t_by_n(n, t),            lambda y, n, t: _t_density(n, t))
special(sp.stdtrit,      lambda t, n, p: -_t_by_n(n, t) / _t_density(n, t), lambda t, n, p: 1 / _t_density(n, t))
# exponential integrals, 6.2.1, 6.2.5; dilogarithm
special(sp.exp1,         lambda y, z: -np.exp(-z) / z)
special(sp.expi,         lambda y, x: np.exp(x) / x)
special(sp.expn,         "order n",           _expn)
special(sp.spence,       _spence)
# Bessel functions
special(sp.j0,           lambda y, x: -sp.j1(x))
special(sp.j1,           lambda y, x: (sp.j0(x) - sp.jv(2.0, x)) / 2)
special(sp.jv,           "order v",           lambda y, v, x: _difference(sp.jv, v, x))
special(sp.y0,           lambda y, x: -sp.y1(x))
special(sp.y1,           lambda y, x: sp.y0(x) - y / x)
special(sp.yn,           "order n",           lambda y, n, x: _difference(sp.yn, n, x))
special(sp.yv,           "order v",           lambda y, v, x: _difference(sp.yv, v, x))
special(sp.i0,           lambda y, x: sp.i1(x))
special(sp.i0e,          lambda y, x: sp.i1e(x) - np.sign(x) * y)
special(sp.i1,           lambda y, x: (sp.i0(x) + sp.iv(2.0, x)) / 2)
special(sp.i1e,          lambda y, x: (sp.i0e(x) + sp.ive(2.0, x)) / 2 - np.sign(x) * y)
special(sp.iv,           "order v",           lambda y, v, x: _mean(sp.iv, v, x))
special(sp.k0,           lambda y, x: -sp.k1(x))
special(sp.k0e,          lambda y, x: y - sp.k1e(x))
special(sp.k1,           lambda y, x: -sp.k0(x) - y / x)
special(sp.k1e,          lambda y, x: y - sp.k0e(x) - y / x)
special(sp.kn,           "order n",           lambda y, n, x: -_mean(sp.kn, n, x))
special(sp.kv,           "order v",           lambda y, v, x: -_mean(sp.kv, v, x))
special(sp.kve,          "order v",           lambda y, v, x: y - _mean(sp.kve, v, x))
# hypergeometric functions, 16.3.1, 13.3.15, 13.3.22, 15.5.1; Wright's, by its series, 10.46.1
special(sp.hyp0f1,       "parameter v",       lambda y, v, z: sp.hyp0f1(v + 1, z) / v)
special(sp.hyp1f1,       "parameter a", "parameter b", lambda y, a, b, x: sp.hyp1f1(a + 1, b + 1, x) * a / b)
special(sp.hyperu,       "parameter a",       "parameter b",       lambda y, a, b, x: -a * sp.hyperu(a + 1, b + 1, x))
special(sp.hyp2f1,       "parameter a",       "parameter b",       "parameter c",
                          lambda y, a, b, c, z: a * b / c * sp.hyp2f1(a + 1, b + 1, c + 1, z))
special(sp.wright_bessel, "parameter a",      "parameter b",       lambda y, a, b, x: sp.wright_bessel(a, a + b, x))
# elliptic integrals, 19.2.4, 19.2.5
special(sp.ellipk,       lambda y, m: ellipk_slope(m))
special(sp.ellipkm1,     _ellipkm1)
special(sp.ellipe,       _ellipe)
special(sp.ellipkinc,    lambda y, phi, m: 1 / _root(phi, m),             ellipkinc_slope)
special(sp.ellipeinc,    lambda y, phi, m: _root(phi, m),                 _ellipeinc)
# fmt: on

nondifferentiable(sp.round, sp.gammasgn)
