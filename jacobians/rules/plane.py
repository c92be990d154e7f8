"""Functions of `scipy.special` in the complex plane: which rules hold there as they stand, and those that live there.

Holomorphic functions have one formula for both. Scaled Bessel functions, ``jve(v, z) = jv(v, z) exp(-abs(imag(z)))``,
are not: their factor moves with one part of z. "x.y.z" are equations of the Digital Library of Mathematical Functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp

from ..quiet import quietly
from ..registry import Call, LocalTerm, complex_too, diagonal_term, elementwise, local, real_dtype
from ..terms import CONJUGATE, acting
from .asymptotics import erfcx_slope
from .families import several
from .special import refused, special

__all__: list[str] = []

_SQRTPI, _SQRT2, _SQRT2PI = math.sqrt(math.pi), math.sqrt(2), math.sqrt(2 * math.pi)

complex_too(sp.erf, sp.erfc, sp.erfcx, sp.erfi, sp.dawsn, sp.ndtr, sp.log_ndtr, sp.fresnel, sp.sici, sp.shichi)
complex_too(sp.expm1, sp.log1p, sp.xlogy, sp.xlog1py, sp.wrightomega, sp.exp1, sp.expi, sp.spence)
complex_too(sp.gamma, sp.loggamma, sp.rgamma, sp.psi, sp.elliprc, sp.airy, sp.jv, sp.yv, sp.iv, sp.kv, sp.kve)
complex_too(sp.hyp0f1, sp.hyp1f1, sp.hyp2f1)
complex_too(sp.eval_chebyc, sp.eval_chebys, sp.eval_chebyt, sp.eval_chebyu, sp.eval_gegenbauer, sp.eval_genlaguerre)
complex_too(sp.eval_jacobi, sp.eval_laguerre, sp.eval_legendre, sp.eval_sh_chebyt, sp.eval_sh_chebyu)
complex_too(sp.eval_sh_jacobi, sp.eval_sh_legendre)


def _scaled(function: Any, slope: Callable[..., Any], turn: complex) -> None:
    """State a Bessel function with the factor ``exp(-abs(Re(turn z)))``: by its `slope` but for the factor.

    With ``r = Re(turn z) = (turn z + conj(turn z)) / 2`` it is ``dy = slope dz - sign(r) y dr``.
    """

    @local(function)
    @quietly
    def _(call: Call, v: Any, z: Any, **_: Any) -> list[LocalTerm]:
        y = call.result
        if call.needs(0):
            refused(function, "order v")()
        real = real_dtype(y.dtype)
        v = np.astype(v, real) if hasattr(v, "dtype") else real.type(v)
        z = z if z.dtype == y.dtype else np.astype(z, y.dtype)
        shapes = np.shape(y), np.shape(z)
        if y.dtype.kind != "c":
            partial = slope(v, z) - np.real(turn) * np.sign(z) * y
            return [(0, 1, diagonal_term(*shapes, partial, y.dtype))]
        half = 0.5 * np.sign(np.real(turn * z)) * y
        linear = diagonal_term(*shapes, slope(v, z) - turn * half, y.dtype)
        other = diagonal_term(*shapes, -np.conj(turn) * half, y.dtype)
        return [(0, 1, linear), (0, 1, acting(other, CONJUGATE))]

    complex_too(function)


# 10.6.1, 10.29.1
_scaled(sp.jve, lambda v, z: (sp.jve(v - 1, z) - sp.jve(v + 1, z)) / 2, -1j)
_scaled(sp.yve, lambda v, z: (sp.yve(v - 1, z) - sp.yve(v + 1, z)) / 2, -1j)
_scaled(sp.ive, lambda v, z: (sp.ive(v - 1, z) + sp.ive(v + 1, z)) / 2, 1)


@local(sp.airye)
@quietly
def _(call: Call, z: Any, **_: Any) -> list[LocalTerm]:
    # with r = 2/3 z^(3/2), r' = sqrt(z): Ai and its slope times exp(r), Bi and its slope times exp(-abs(Re(r)))
    a, da, b, db = call.result
    shapes, dtype = (np.shape(a), np.shape(z)), a.dtype
    z = z if z.dtype == dtype else np.astype(z, dtype)
    s = np.sqrt(z if dtype.kind == "c" else np.maximum(z, 0))  # left of 0 nothing real is scaled
    turn = s if dtype.kind != "c" else 0.5 * np.sign(np.real(z * s)) * s
    slopes = (da + s * a, z * a + s * da, db - turn * b, z * b - turn * db)
    found: list[LocalTerm] = [(n, 0, diagonal_term(*shapes, slope, dtype)) for n, slope in enumerate(slopes)]
    if dtype.kind == "c":
        for n, part in ((2, b), (3, db)):
            found.append((n, 0, acting(diagonal_term(*shapes, -np.conj(turn) * part, dtype), CONJUGATE)))
    return found


complex_too(sp.airye)


def _hankel(bessel: Any, turn: complex) -> Callable[..., Any]:
    """``(H_(v-1) - H_(v+1)) / 2``, 10.6.1, with a factor ``exp(turn z)``."""
    return lambda y, v, z: (bessel(v - 1, z) - bessel(v + 1, z)) / 2 + turn * y


def _kelvin(y: Any, x: Any) -> tuple[Any, ...]:
    """``ber + i bei`` solves ``y'' = i y - y' / x``; 10.61.3. At 0 the slope of its slope is i / 2."""
    at = np.equal(x, 0)
    inner = np.where(at, 0.5j, 1j * y[0] - y[2] / np.where(at, 1, x))
    return y[2], y[3], inner, 1j * y[1] - y[3] / x


def _modified_fresnel(sign: int) -> Callable[..., tuple[Any, ...]]:
    """``F = integral from x of exp(i s t^2)`` and ``K = exp(-i s (x^2 + pi/4)) F / sqrt(pi)``, s the sign."""

    def slopes(y: Any, x: Any) -> tuple[Any, ...]:
        wave = math.cos(math.pi / 4) * (1 - 1j * sign) / _SQRTPI
        return -np.exp(1j * sign * x * x), -2j * sign * x * y[1] - wave

    return slopes


def _voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    """The slope by ``x + i gamma`` of ``w((x + i gamma) / (sqrt(2) sigma)) / (sqrt(2 pi) sigma)``; 7.19.1, 7.19.3."""
    z = (x + 1j * gamma) / (_SQRT2 * sigma)
    return -1j * erfcx_slope(-1j * z) / (2 * _SQRTPI * sigma * sigma)


def _voigt_width(y: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    """It is homogeneous of degree -1."""
    return -(y + np.real((x + 1j * gamma) * _voigt(x, sigma, gamma))) / sigma


def _harmonic(function: Any) -> Callable[..., Any]:
    """By the polar angle: ``m cot(phi) Y_n^m + sqrt((n-m) (n+m+1)) exp(-i theta) Y_n^(m+1)``; 14.10.3, 14.30.1."""

    def partial(y: Any, m: Any, n: Any, theta: Any, phi: Any) -> Any:
        above = np.sqrt((n - m) * (n + m + 1)) * function(np.minimum(m + 1, n), n, theta, phi)
        return m * np.cos(phi) / np.sin(phi) * y + above * np.exp(-1j * theta)

    return partial


# fmt: off
special(sp.hankel1,   "order v", _hankel(sp.hankel1, 0))
special(sp.hankel1e,  "order v", _hankel(sp.hankel1e, -1j))
special(sp.hankel2,   "order v", _hankel(sp.hankel2, 0))
special(sp.hankel2e,  "order v", _hankel(sp.hankel2e, 1j))
special(sp.wofz,      lambda y, z: -1j * erfcx_slope(-1j * z))  # 7.2.3
several(sp.kelvin,    _kelvin)
# Some versions of SciPy compute the other one.
several(sp.modfresnelp, _modified_fresnel(int(np.sign(sp.modfresnelp(0.0)[0].imag))))
several(sp.modfresnelm, _modified_fresnel(-1))
special(sp.voigt_profile, lambda y, x, s, g: np.real(_voigt(x, s, g)), _voigt_width,
                          lambda y, x, s, g: -np.imag(_voigt(x, s, g)))
elementwise(sp._lambertw, lambda y, z, k, t: np.exp(-y) / (1 + y), 0.0, 0.0)  # 4.13.4; `lambertw` calls it
if hasattr(sp, "sph_harm"):  # until SciPy 1.16
    _sph_harm: Any = vars(sp)["sph_harm"]
    elementwise(_sph_harm, refused(_sph_harm, "order m"), refused(_sph_harm, "degree n"),
                lambda y, m, n, t, p: 1j * m * y, _harmonic(_sph_harm))
    complex_too(_sph_harm)
# fmt: on
complex_too(sp.hankel1, sp.hankel1e, sp.hankel2, sp.hankel2e, sp.wofz, sp._lambertw)
complex_too(sp.kelvin, sp.modfresnelp, sp.modfresnelm)
