"""Slopes of error and gamma functions where their plain formulas cancel or overflow, for real and complex numbers.

"x.y.z" are equations of the Digital Library of Mathematical Functions. Read together with `special`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp  # the ufuncs themselves: SCIPY_ARRAY_API=1 wraps the public names

from .conjugates import is_complex

__all__ = ["BERNOULLI", "dawsn_slope", "erfcx_slope", "rgamma_slope", "split", "trigamma"]

_SQRTPI = math.sqrt(math.pi)


def split(near: Any, x: Any, rest: float) -> tuple[Any, Any]:
    """`x` where it is near, else 0, and `x` where it is not, else a harmless number, for the two branches of `where`.

    Masking only their results would leave a nan in second derivatives.
    """
    return np.where(near, x, 0.0), np.where(near, rest, x)


def _real(x: Any) -> Any:
    """The real part; a real operand as it is, without an operation on a traced value."""
    return np.real(x) if is_complex(x) else x


def _tail(x: Any, sign: int) -> tuple[Any, Any, Any]:
    """Where `x` is far, `x` elsewhere, and far out ``sum over k of (2k - 1)!! (sign t)^(k-1) t, t = 1 / (2 x^2)``."""
    far = np.greater(np.abs(x), 50)
    t = 0.5 / np.square(np.where(far, x, 50.0))
    u = sign * t
    return far, np.where(far, 0.0, x), t * (1 + u * (3 + u * (15 + u * (105 + u * 945))))


# Both differences cancel far out, where they are asymptotic series: 7.12.1; for Dawson's integral with 7.5.1.
def erfcx_slope(x: Any) -> Any:
    """``2 x erfcx(x) - 2 / sqrt(pi)``; 7.10.1, 7.10.2."""
    far, x0, series = _tail(x, -1)
    direct = 2 * x0 * sp.erfcx(x0) - 2 / _SQRTPI
    # To the left ``erfcx(x) = 2 exp(x^2) - erfcx(-x)`` grows, and what is added to the series counts.
    left = far & np.less(_real(x), 0)
    grown = np.where(left, x, 0.0)
    return np.where(far, -2 / _SQRTPI * series, direct) + 4 * grown * np.exp(grown * grown)


def dawsn_slope(x: Any) -> Any:
    """``1 - 2 x dawsn(x)``; 7.10.4 and 7.5.1."""
    far, x0, series = _tail(x, 1)
    slope = np.where(far, -series, 1 - 2 * x0 * sp.dawsn(x0))
    if not is_complex(x):
        return slope
    # Off the real axis 7.5.1 leaves ``i sqrt(pi) / 2 exp(-x^2)`` beside the series above, and its negative below.
    outer = np.where(far, x, 0.0)
    return slope - 1j * _SQRTPI * np.sign(np.imag(outer)) * outer * np.exp(-outer * outer)


def rgamma_slope(x: Any) -> Any:
    """``-rgamma(x) psi(x)``; beside the poles of psi, where this has none, the derivative of 5.5.3."""
    beside = np.less(_real(x), 0.5)
    if is_complex(x):
        beside = beside & np.less(np.abs(np.imag(x)), 1)
    left, right = split(beside, x, 1.0)
    turn = math.pi * left
    reflected = sp.gamma(1 - left) * (np.cos(turn) - sp.psi(1 - left) * np.sin(turn) / math.pi)
    return np.where(beside, reflected, -sp.psi(right) * sp.rgamma(right))


# Of the asymptotic series of psi', 5.15.8: Bernoulli numbers with even index.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SHIFT = 15


def trigamma(z: Any) -> Any:
    """The slope of psi: ``zeta(2, z)``, 25.11.12, of which SciPy has no complex one.

    There, psi' of a number moved to the right by the recurrence 5.15.5, where the asymptotic series is exact; of one to
    the left by the reflection 5.15.6.
    """
    if not is_complex(z):
        return sp._zeta(2.0, z)
    left = np.less(np.real(z), 0.5)
    w = np.where(left, 1 - z, z)
    steps = np.expand_dims(w, -1) + np.arange(_SHIFT, dtype=w.dtype)
    t = 1 / (w + _SHIFT)
    u = t * t
    series = 0.0
    for number in reversed(BERNOULLI):
        series = (series + number) * u
    right = np.sum(1 / (steps * steps), axis=-1) + t * (1 + series) + u / 2
    # Far from the axis the sine overflows, and its reciprocal square is zero.
    near = left & np.less(np.abs(np.imag(z)), 100)
    inverse = math.pi / np.sin(math.pi * np.where(near, z, 0.5))
    return np.where(left, np.where(near, inverse * inverse, 0.0) - right, right)
