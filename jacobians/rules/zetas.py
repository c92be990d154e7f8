"""The zeta functions of Hurwitz and Riemann by their exponent, where no closed form is known: exact to rounding.

"x.y.z" are equations of the Digital Library of Mathematical Functions. Read together with `special`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp  # the ufuncs themselves: SCIPY_ARRAY_API=1 wraps the public names

from .asymptotics import BERNOULLI, split

__all__ = ["riemann_slope", "zeta_by_x"]

_STEPS = 12


def zeta_by_x(y: Any, x: Any, q: Any) -> Any:
    """The derivative by x of 25.11.9, the sum of ``(n + q)^(-x)`` by the formula of Euler and Maclaurin."""
    total = 0.0
    for n in range(_STEPS):
        w = q + n
        total = total - np.log(w) * np.power(w, -x)
    w = q + _STEPS
    log, power = np.log(w), np.power(w, -x)
    total = total - power * (w / (x - 1) * (log + 1 / (x - 1)) + log / 2)
    # rising = x (x + 1) .. (x + 2k - 2), slope its derivative
    rising, slope, inverse = x, 1.0, 1 / w
    for k, number in enumerate(BERNOULLI, 1):
        total = total + number / math.factorial(2 * k) * power * inverse * (slope - log * rising)
        for m in (2 * k - 1, 2 * k):
            rising, slope = rising * (x + m), slope * (x + m) + rising
        inverse = inverse / (w * w)
    return np.where(np.isnan(y), y, total)


def riemann_slope(y: Any, x: Any) -> Any:
    """The derivative of zeta; to the left, where that sum cancels, the one of the reflection 25.4.1."""
    left = np.less(x, -0.5)
    s, right = split(left, x, 2.0)
    turn, far = math.pi / 2 * s, 1 - s
    sine = np.sin(turn)
    # At s = 0, which stands for what is not to the left, zeta(1 - s) has its pole.
    value = sp._riemann_zeta(np.where(left, far, 2.0))
    inner = value * ((math.log(2 * math.pi) - sp.psi(far)) * sine + math.pi / 2 * np.cos(turn))
    inner = inner - sine * zeta_by_x(value, np.where(left, far, 2.0), np.ones_like(far))
    reflected = np.power(2 * math.pi, s) / math.pi * sp.gamma(far) * inner
    return np.where(left, reflected, zeta_by_x(y, right, np.ones_like(right)))
