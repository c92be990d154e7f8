"""Slopes of the incomplete gamma and beta functions by their parameters, for which there is no closed form.

    P(a, x) = integral of p over u < log x,      p the density of the logarithm of a gamma variable,
    dP/da   = integral of (u - psi(a)) p over u < log x,

and of the same over all u nothing is left, so that the side of log x is free to choose. On that where u - psi(a) keeps
its sign nothing cancels. The density is log-concave: it counts on a stretch that a bound tells, before and after its
mode, and there Gauss and Legendre's rule is exact to rounding. What it adds up is made of functions that have rules, so
that derivatives of any order follow. Of the beta function it is the same with ``u = logit(t)``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import _ufuncs as sp  # the ufuncs themselves: SCIPY_ARRAY_API=1 wraps the public names

__all__ = ["beta_by_a", "beta_by_b", "beta_by_first", "gamma_by_a"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2

_DROP = 50.0
"""Where the logarithm of a density is this far below its maximum, it counts no more."""


def _near(x: Any) -> Any:
    """A number within a few percent of x, as a constant."""
    return np.exp2(np.rint(8 * np.log2(x)) / 8)


def _stretch(before: Any, after: Any, dtype: Any) -> tuple[Any, Any]:
    """Nodes and weights on a last axis, for integrals from 0 to the mode, and from there for another `after`.

    What comes after bends in its first units, and is an exponential from then on.
    """
    nodes, weights = _NODES.astype(dtype), _WEIGHTS.astype(dtype)
    ends = [np.zeros_like(before), before, *[before + np.minimum(after, bend) for bend in (6.0, 50.0, np.inf)]]
    pairs = [(start[..., np.newaxis], (stop - start)[..., np.newaxis]) for start, stop in pairwise(ends)]
    s = np.concatenate([start + length * nodes for start, length in pairs], axis=-1)
    return s, np.concatenate([length * weights for _, length in pairs], axis=-1)


def _tail(slope: Any, curved: Any) -> Any:
    """A bound of the s at which ``slope s + curved (s - 1 + exp(-s))`` has reached the drop."""
    by_curve = (_DROP + np.sqrt(_DROP * _DROP + 8 * _DROP * curved)) / (2 * curved)
    return np.where(slope > 0, np.minimum(_DROP / np.where(slope > 0, slope, 1.0), by_curve), by_curve)


def _inside(where: Any, slope: Any, *arguments: Any) -> Any:
    """The slope inside of the domain, 0 at its ends, nan outside and where an argument is nan."""
    a = arguments[0]
    total = sum(arguments[1:], a)
    outside = np.where(np.isnan(total) | np.less_equal(a, 0), np.nan, 0.0).astype(slope.dtype)
    return np.where(where, slope, outside)


def gamma_by_a(a: Any, x: Any) -> Any:
    """The derivative by a of `scipy.special.gammainc`."""
    a, x = np.broadcast_arrays(a, x)
    inside = np.greater(a, 0) & np.greater(x, 0) & np.isfinite(x) & np.isfinite(a)
    k, t = np.where(inside, a, 1.0), np.where(inside, x, 1.0)
    log_t, psi = np.log(t), sp.psi(k)
    up = np.greater_equal(log_t, psi)
    near_k, near_t = _near(k), _near(t)
    most = np.maximum(near_k, near_t)
    # exp(a s - x (exp(s) - 1)) grows up to s = log(a / x), and falls at last like a double exponential
    above = np.minimum(np.sqrt(2 * _DROP / most), np.maximum(np.log(2 * _DROP / most), 2.0))
    after = np.where(up, above, _tail(near_k - near_t, near_t))
    before = np.where(up, np.maximum(np.log(near_k / near_t), 0), 0.0)
    s, weights = _stretch(before, after, k.dtype)
    sign = np.where(up, 1.0, -1.0).astype(k.dtype)
    s = s * sign[..., np.newaxis]
    shape = np.exp(k[..., np.newaxis] * s - t[..., np.newaxis] * np.expm1(s))
    integral = np.sum(weights * ((log_t - psi)[..., np.newaxis] + s) * shape, axis=-1)
    density = np.exp(k * log_t - t - sp.gammaln(k))
    return _inside(inside, -sign * density * integral, a, x)


def beta_by_first(a: Any, b: Any, x: Any, y: Any) -> Any:
    """The derivative by a of `scipy.special.betainc` at x, where y is ``1 - x``."""
    a, b, x, y = np.broadcast_arrays(a, b, x, y)
    inside = np.greater(a, 0) & np.greater(b, 0) & np.greater(x, 0) & np.greater(y, 0)
    k, m, t, r = [np.where(inside, value, other) for value, other in ((a, 1.0), (b, 1.0), (x, 0.5), (y, 0.5))]
    log_t, mean = np.log(t), sp.psi(k) - sp.psi(k + m)
    up = np.greater_equal(log_t, mean)
    # Away from x the density falls like exp(-outer s) at last; the shares are those of the side it falls to.
    outer, share, rest = np.where(up, m, k), np.where(up, r, t), np.where(up, t, r)
    total, near_outer = _near(k + m), _near(outer)
    mode, half = np.minimum(near_outer / total, 0.99), near_outer / total / 2
    odds, mode_odds = np.log(_near(share) / _near(rest)), np.log(mode / (1 - mode))
    before = np.maximum(odds - mode_odds, 0)
    start = 1 / (1 + np.exp(-np.minimum(odds, mode_odds)))
    by_curve = _tail(np.zeros_like(start), near_outer * (1 - start))
    by_slope = np.maximum(np.minimum(odds, mode_odds) - np.log(half / (1 - half)), 0) + 2 * _DROP / near_outer
    s, weights = _stretch(before, np.minimum(by_curve, by_slope), k.dtype)
    # log(1 - share (1 - exp(-s))): how the logarithm of the other share grows
    growth = np.log1p(share[..., np.newaxis] * np.expm1(-s))
    shape = np.exp(-outer[..., np.newaxis] * s - (k + m)[..., np.newaxis] * growth)
    moved = np.where(up[..., np.newaxis], -growth, -growth - s)
    integral = np.sum(weights * ((log_t - mean)[..., np.newaxis] + moved) * shape, axis=-1)
    density = np.exp(k * log_t + m * np.log(r) - sp.betaln(k, m))
    return _inside(inside, np.where(up, -1.0, 1.0).astype(k.dtype) * density * integral, a, b, x)


def beta_by_a(a: Any, b: Any, x: Any) -> Any:
    """The derivative by a of `scipy.special.betainc`."""
    return beta_by_first(a, b, x, 1 - x)


def beta_by_b(a: Any, b: Any, x: Any) -> Any:
    """The derivative by b of `scipy.special.betainc`: ``I_x(a, b) = 1 - I_(1 - x)(b, a)``."""
    return -beta_by_first(b, a, 1 - x, x)
