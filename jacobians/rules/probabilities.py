"""Distribution functions of `scipy.special`: binomial, Poisson, noncentral, and their inverses.

Counts are rounded down by SciPy, so they are not differentiated; nor are parameters of which no closed form is known.
"x.y.z" are equations of the Digital Library of Mathematical Functions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp

from ..registry import unsupported
from .special import beta_density, gamma_density, gamma_moves, special

__all__: list[str] = []

_SQRT2PI = math.sqrt(2 * math.pi)


def _whole(k: Any) -> Any:
    return np.floor(k)


def _success(k: Any, n: Any, p: Any) -> Any:
    """The density of ``I_p(k + 1, n - k)``, which is what `bdtrc` is; 8.17.5."""
    return beta_density(_whole(k) + 1, n - _whole(k), p)


def _waiting(k: Any, n: Any, p: Any) -> Any:
    """The density of ``I_p(n, k + 1)``, which is what `nbdtr` is; 8.17.24."""
    return beta_density(n, _whole(k) + 1, p)


def _arrivals(k: Any, m: Any) -> Any:
    """The density of ``Q(k + 1, m)`` with a minus, which is what `pdtr` is; 8.4.10."""
    return gamma_density(_whole(k) + 1, m)


def _chndtr_density(x: Any, n: Any, c: Any) -> Any:
    """``exp(-(x + c) / 2) (x / c)^(n/4 - 1/2) I_(n/2-1)(sqrt(c x)) / 2``, with the scaled Bessel function."""
    gap = np.sqrt(x) - np.sqrt(c)
    return 0.5 * np.exp(-gap * gap / 2) * (x / c) ** (n / 4 - 0.5) * sp.ive(n / 2 - 1, np.sqrt(c * x))


def _chndtr_centre(x: Any, n: Any, c: Any) -> Any:
    """By the noncentrality, a mixture of Poisson weights: ``(F(x; n + 2, c) - F(x; n, c)) / 2``."""
    return (sp.chndtr(x, n + 2, c) - sp.chndtr(x, n, c)) / 2


def _normal_slope(z: Any) -> Any:
    """The slope of `ndtri` where its value is z."""
    return _SQRT2PI * np.exp(z * z / 2)


def _tukey(p: Any, s: Any) -> Any:
    """The slope of ``Q(p) = (p^s - (1 - p)^s) / s`` is ``p^(s-1) + (1-p)^(s-1)``; outside the support y is constant."""
    inside = np.greater(p, 0) & np.less(p, 1)
    p = np.where(inside, p, 0.5)
    return np.where(inside, 1 / (p ** (s - 1) + (1 - p) ** (s - 1)), 0.0)


# The distribution of Kolmogorov has two series; either is exact to the last digit on its side of 1 after these terms.
_TERMS = range(1, 9)


def _kolmogorov(x: Any) -> Any:
    """Of ``2 sum (-1)^(k-1) exp(-2 k^2 x^2)``; below 1 of ``1 - sqrt(2 pi) / x sum exp(-(2k-1)^2 pi^2 / (8 x^2))``."""
    low = np.less(x, 1)
    above, below = np.where(low, 1.0, x), np.where(low, np.maximum(x, 0.05), 1.0)
    right, left = 0.0, 0.0
    for k in _TERMS:
        right = right + (-1) ** k * 8 * k * k * above * np.exp(-2.0 * k * k * above * above)
        a = (2 * k - 1) ** 2 * math.pi**2 / 8
        left = left + np.exp(-a / (below * below)) * (1 - 2 * a / (below * below)) * _SQRT2PI / (below * below)
    return np.where(low, left, right)


# fmt: off
special(sp.bdtr,      "count k", "count n",      lambda y, k, n, p: -_success(k, n, p))
special(sp.bdtrc,     "count k", "count n",      lambda y, k, n, p: _success(k, n, p))
special(sp.bdtri,     "count k", "count n",      lambda p, k, n, y: -1 / _success(k, n, p))
special(sp.nbdtr,     "count k", "count n",      lambda y, k, n, p: _waiting(k, n, p))
special(sp.nbdtrc,    "count k", "count n",      lambda y, k, n, p: -_waiting(k, n, p))
special(sp.nbdtri,    "count k", "count n",      lambda p, k, n, y: 1 / _waiting(k, n, p))
special(sp.pdtr,      "count k",                 lambda y, k, m: -_arrivals(k, m))
special(sp.pdtrc,     "count k",                 lambda y, k, m: _arrivals(k, m))
special(sp.pdtri,     "count k",                 lambda m, k, y: -1 / _arrivals(k, m))
special(sp.gdtrix,    lambda x, a, b, p: -x / a, lambda x, a, b, p: gamma_moves(b, a * x) / a,
                        lambda x, a, b, p: 1 / (a * gamma_density(b, a * x)))
special(sp.gdtria,    lambda a, p, b, x: 1 / (x * gamma_density(b, a * x)),
                        lambda a, p, b, x: gamma_moves(b, a * x) / x, lambda a, p, b, x: -a / x)
special(sp.chndtr,    lambda y, x, n, c: _chndtr_density(x, n, c), "parameter df",
                        lambda y, x, n, c: _chndtr_centre(x, n, c))
special(sp.chndtrix,  lambda x, p, n, c: 1 / _chndtr_density(x, n, c), "parameter df",
                        lambda x, p, n, c: -_chndtr_centre(x, n, c) / _chndtr_density(x, n, c))
special(sp.chndtrinc, lambda c, x, n, p: -_chndtr_density(x, n, c) / _chndtr_centre(x, n, c), "parameter df",
                        lambda c, x, n, p: 1 / _chndtr_centre(x, n, c))
special(sp.nrdtrimn,  lambda y, p, s, x: -s * _normal_slope((x - y) / s), lambda y, p, s, x: -(x - y) / s,
                        lambda y, p, s, x: 1.0)
special(sp.nrdtrisd,  lambda y, m, p, x: -y / (x - m),
                        lambda y, m, p, x: -y * y / (x - m) * _normal_slope((x - m) / y),
                        lambda y, m, p, x: y / (x - m))
special(sp.tklmbda,   lambda p, x, s: _tukey(p, s), "parameter lambda")
special(sp.kolmogorov, lambda y, x: _kolmogorov(x))
special(sp.kolmogi,    lambda x, p: 1 / _kolmogorov(x))
# fmt: on

_BY_PARAMETER = (sp.btdtria, sp.btdtrib, sp.bdtrik, sp.bdtrin, sp.nbdtrik, sp.nbdtrin, sp.pdtrik, sp.gdtrib)
_BY_PARAMETER += (sp.chdtriv, sp.chndtridf, sp.fdtridfd, sp.stdtridf)
unsupported("because no closed form is known by the parameter that it finds", *_BY_PARAMETER)
_NONCENTRAL = (sp.ncfdtr, sp.ncfdtri, sp.ncfdtridfd, sp.ncfdtridfn, sp.ncfdtrinc)
_NONCENTRAL += (sp.nctdtr, sp.nctdtridf, sp.nctdtrinc, sp.nctdtrit)
unsupported("because SciPy has no density of the noncentral distribution", *_NONCENTRAL)
unsupported("because it is a sum of as many terms as its first argument counts", sp.smirnov, sp.smirnovi)
