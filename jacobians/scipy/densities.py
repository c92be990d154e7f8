"""Densities and distribution functions of standardised variables, from which `stats` makes its distributions.

A density is told by its logarithm, a discrete one by that of its probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp

__all__ = [
    "LOG2",
    "LOG2PI",
    "LOGPI",
    "beta_binomial",
    "binomial",
    "binomial_cdf",
    "counts",
    "fisher",
    "fisher_ppf",
    "general_sf",
    "laplace_cdf",
    "laplace_ppf",
    "normal",
    "student",
    "truncated_log",
    "truncated_logcdf",
    "truncated_logsf",
    "wrapped_cauchy",
]

Function = Callable[..., Any]
LOG2, LOGPI = math.log(2), math.log(math.pi)
LOG2PI = math.log(2 * math.pi)


def normal(y: Any) -> Any:
    return -y * y / 2 - LOG2PI / 2


def student(y: Any, n: Any) -> Any:
    return sp.gammaln((n + 1) / 2) - sp.gammaln(n / 2) - (LOGPI + np.log(n)) / 2 - (n + 1) / 2 * np.log1p(y * y / n)


def fisher(y: Any, n: Any, d: Any) -> Any:
    constant = sp.xlogy(n / 2, n / d) - sp.betaln(n / 2, d / 2)
    return constant + sp.xlogy(n / 2 - 1, y) - (n + d) / 2 * np.log1p(n / d * y)


def fisher_ppf(q: Any, n: Any, d: Any) -> Any:
    inside = np.greater(q, 0)  # at 0, fdtri of SciPy 1.13 is nan
    return np.where(inside, sp.fdtri(n, d, np.where(inside, q, 0.5)), 0.0)


def laplace_cdf(y: Any) -> Any:
    half = np.exp(-np.abs(y)) / 2
    return np.where(np.greater(y, 0), 1 - half, half)


def laplace_ppf(q: Any) -> Any:
    below = np.less(q, 0.5)
    tail = np.where(below, q, 1 - q)
    return np.where(below, np.log(2 * tail), -np.log(2 * tail))


def counts(n: Any) -> Any:
    return np.greater_equal(n, 0) & np.equal(np.floor(n), n)


def choose(n: Any, k: Any) -> Any:
    return -np.log(n + 1) - sp.betaln(n - k + 1, k + 1)


def binomial(k: Any, n: Any, p: Any) -> Any:
    fits = np.less_equal(k, n)
    k = np.where(fits, k, 0)
    return np.where(fits, choose(n, k) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p), -np.inf)


def binomial_cdf(k: Any, n: Any, p: Any) -> Any:
    below = np.less(k, n)
    return np.where(below, sp.betainc(np.where(below, n - k, 1.0), k + 1, 1 - p), 1.0)


def beta_binomial(k: Any, n: Any, a: Any, b: Any) -> Any:
    fits = np.less_equal(k, n)
    k = np.where(fits, k, 0)
    return np.where(fits, choose(n, k) + sp.betaln(k + a, n - k + b) - sp.betaln(a, b), -np.inf)


def log_normal_mass(a: Any, b: Any) -> Any:
    """The logarithm of ``ndtr(b) - ndtr(a)``, taken in the tail where both are small."""
    right = np.greater(a, 0)
    low, high = np.where(right, -b, a), np.where(right, -a, b)
    least = np.isneginf(low)
    share = np.where(least, 0, np.exp(sp.log_ndtr(np.where(least, 0, low)) - sp.log_ndtr(high)))
    return sp.log_ndtr(high) + np.log1p(-share)


def truncated(y: Any, a: Any, b: Any, mass: Function, below: float, above: float) -> Any:
    """The logarithm of the share of a mass inside of ``(a, b)``, and two constants elsewhere."""
    inside = np.greater(y, a) & np.less(y, b)
    near = np.where(np.isfinite(a), a + 1e-3, np.where(np.isfinite(b), b - 1e-3, 0))
    share = mass(np.where(inside, y, near)) - log_normal_mass(a, b)
    return np.where(inside, share, np.where(np.less_equal(y, a), below, above))


def truncated_logcdf(y: Any, a: Any, b: Any) -> Any:
    return truncated(y, a, b, lambda y: log_normal_mass(a, y), -np.inf, 0.0)


def truncated_logsf(y: Any, a: Any, b: Any) -> Any:
    return truncated(y, a, b, lambda y: log_normal_mass(y, b), 0.0, -np.inf)


def truncated_log(y: Any, a: Any, b: Any) -> Any:
    inside = np.greater_equal(y, a) & np.less_equal(y, b)
    return np.where(inside, normal(np.where(inside, y, 0)) - log_normal_mass(a, b), -np.inf)


def general_sf(y: Any, p: Any) -> Any:
    tail = sp.gammaincc(1 / p, np.abs(y) ** p) / 2
    return np.where(np.greater(y, 0), tail, 1 - tail)


def wrapped_cauchy(y: Any, c: Any) -> Any:
    return np.log1p(-c * c) - LOG2PI - np.log(1 + c * c - 2 * c * np.cos(y))
