"""Sequences: what is observed step by step, and filtered, smoothed or aligned in a loop."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
from scipy.signal import lfilter

from .question import asked

__all__ = ["PROBLEMS"]


def recursion(poles: Any, x: Any) -> Any:
    """The y of ``poles[0] * y[t] + poles[1] * y[t - 1] + ... = x[t]``, y being zero before the start."""
    return lfilter([1.0], poles, x)


def soft_dtw(np: Any, x: Any, y: Any) -> Any:
    """Soft dynamic time warping of two series, gradient."""
    D = (x[:, None] - y[None, :]) ** 2
    above = [0.0] + [1e3] * D.shape[1]
    for i in range(D.shape[0]):
        row = [1e3]
        for j in range(D.shape[1]):
            row.append(D[i, j] - np.log(np.exp(-above[j]) + np.exp(-above[j + 1]) + np.exp(-row[j])))
        above = row
    return above[-1]


def soft_dtw_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal(n), rng.standard_normal(n)


def soft_dtw_by_hand(x: Any, y: Any) -> Any:
    apart = x[:, None] - y[None, :]
    distances = (apart * apart).tolist()
    n, small = len(x), exp(-1e3)
    above = [1.0] + [small] * n  # exp(-R)
    E, S = [], []
    for line in distances:
        left, row, sums = small, [small], []
        for j, d in enumerate(line):
            total = above[j] + above[j + 1] + left
            sums.append(total)
            left = exp(-(d - log(total)))
            row.append(left)
        E.append(row)
        S.append(sums)
        above = row
    below = [0.0] * n + [1 / above[-1]]  # slopes over sums
    G = []
    for row, sums in zip(reversed(E), reversed(S), strict=True):
        quotients, slopes, right = [0.0] * (n + 1), [0.0] * n, 0.0
        for j in range(n - 1, -1, -1):
            slopes[j] = g = row[j + 1] * (right + below[j] + below[j + 1])
            quotients[j] = right = g / sums[j]
        below = quotients
        G.append(slopes)
    return 2 * np.einsum("ij,ij->i", apart, np.array(G[::-1]))


def hawkes(np: Any, theta: Any, t: Any) -> Any:
    """Hawkes log-likelihood, gradient."""
    mu, alpha, beta = theta[0], theta[1], theta[2]
    excited, total = 0.0, np.log(mu)
    for i in range(1, len(t)):
        excited = np.exp(-beta * (t[i] - t[i - 1])) * (1 + excited)
        total = total + np.log(mu + alpha * excited)
    return total - mu * t[-1] - alpha / beta * np.sum(1 - np.exp(-beta * (t[-1] - t)))


def hawkes_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return np.array([0.5, 0.6, 1.2]), np.cumsum(rng.exponential(1.0, n))


def hawkes_by_hand(theta: Any, t: Any) -> Any:
    mu, alpha, beta = theta.tolist()
    gaps = np.diff(t)
    excited = slope = 0.0
    all_excited, slopes = [], []
    for gap, decay in zip(gaps.tolist(), np.exp(-beta * gaps).tolist(), strict=True):
        slope = decay * slope
        excited = decay * (1 + excited)
        slope -= gap * excited
        all_excited.append(excited)
        slopes.append(slope)
    A = np.array(all_excited)
    W = 1 / (mu + alpha * A)
    left = t[-1] - t
    E = np.exp(-beta * left)
    rest = len(t) - E.sum()
    return np.array(
        [
            1 / mu + W.sum() - t[-1],
            W @ A - rest / beta,
            alpha * (W @ np.array(slopes)) + alpha / beta * (rest / beta - left @ E),
        ]
    )


def filled(np: Any, x: Any, a: Any) -> Any:
    """A recursion written into an array, gradient for signal and coefficients."""
    y = np.zeros_like(x * a[0])
    y[0] = x[0]
    y[1] = x[1] + a[0] * y[0]
    for t in range(2, len(x)):
        y[t] = x[t] + a[0] * y[t - 1] + a[1] * y[t - 2]
    return np.sum(y * y)


def filled_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal(n), np.array([0.5, -0.3])


def filled_by_hand(x: Any, a: Any) -> Any:
    poles = np.array([1.0, -a[0], -a[1]])
    y = recursion(poles, x)
    back = recursion(poles, 2 * y[::-1])[::-1]
    return back, np.array([back[1:] @ y[:-1], back[2:] @ y[:-2]])


def autoregression(np: Any, a: Any, y: Any) -> Any:
    """Sum of squares of an autoregression, gradient."""
    p = len(a)
    r = y[p:]
    for k in range(p):
        r = r - a[k] * y[p - 1 - k : len(y) - 1 - k]
    return np.sum(r * r)


def autoregression_data(rng: np.random.Generator, n: int, p: int) -> tuple[Any, ...]:
    return rng.standard_normal(p) / p, rng.standard_normal(n)


def autoregression_by_hand(a: Any, y: Any) -> Any:
    r = y[len(a) :] - np.convolve(y[:-1], a, "valid")
    return -2 * np.correlate(y[:-1], r, "valid")[::-1]


def arma(np: Any, theta: Any, y: Any) -> Any:
    """ARMA(1, 1) sum of squares, gradient."""
    e, total = y[0], y[0] ** 2
    for t in range(1, len(y)):
        e = y[t] - theta[0] * y[t - 1] - theta[1] * e
        total = total + e**2
    return total


def arma_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return np.array([0.6, 0.3]), rng.standard_normal(n)


def arma_by_hand(theta: Any, y: Any) -> Any:
    phi, psi = theta
    r = y.copy()
    r[1:] -= phi * y[:-1]
    poles = np.array([1.0, psi])
    e = recursion(poles, r)
    back = recursion(poles, e[:0:-1])[::-1]
    return np.array([-2 * (back @ y[:-1]), -2 * (back @ e[:-1])])


def holt_winters(np: Any, theta: Any, season: Any, y: Any) -> Any:
    """Holt-Winters with a season, gradient."""
    a, b, c = theta[0], theta[1], theta[2]
    level, trend, total = y[0], 0.0, 0.0
    seasons = [season[k] for k in range(len(season))]
    for t in range(1, len(y)):
        s = seasons[t % len(seasons)]
        error = y[t] - level - trend - s
        total = total + error**2
        new = a * (y[t] - s) + (1 - a) * (level + trend)
        seasons[t % len(seasons)] = c * (y[t] - new) + (1 - c) * s
        level, trend = new, b * (new - level) + (1 - b) * trend
    return total


def holt_winters_data(rng: np.random.Generator, n: int, period: int) -> tuple[Any, ...]:
    return np.array([0.4, 0.2, 0.3]), rng.standard_normal(period), rng.standard_normal(n)


def holt_winters_by_hand(theta: Any, season: Any, y: Any) -> Any:
    # With the error e: level += trend + a e, trend += a b e, season += c (1 - a) e.
    a, b, c = theta.tolist()
    seasons = season.tolist()
    n, period = len(y), len(seasons)
    into_trend, into_season = a * b, c * (1 - a)
    level, trend = float(y[0]), 0.0
    errors = []
    k = 1
    for value in y.tolist()[1:]:
        e = value - level - trend - seasons[k]
        errors.append(e)
        level += trend + a * e
        trend += into_trend * e
        seasons[k] += into_season * e
        k = k + 1 if k < period - 1 else 0
    d_level = d_trend = 0.0
    back = [0.0] * period
    k = (n - 1) % period
    levels, trends, own = [], [], []
    for e in reversed(errors):
        levels.append(d_level)
        trends.append(d_trend)
        own.append(back[k])
        d = 2 * e + a * d_level + into_trend * d_trend + into_season * back[k]
        d_trend += d_level - d
        d_level -= d
        back[k] -= d
        k = k - 1 if k else period - 1
    E = np.array(errors[::-1])
    to_level, to_trend, to_season = E @ np.array(levels), E @ np.array(trends), E @ np.array(own)
    return np.array([to_level + b * to_trend - c * to_season, a * to_trend, (1 - a) * to_season]), np.array(back)


def smoothing(np: Any, alpha: Any, Y: Any) -> Any:
    """Exponential smoothing of many series, gradient."""
    level, total = Y[0], 0.0
    for t in range(1, Y.shape[0]):
        error = Y[t] - level
        total = total + np.sum(error**2)
        level = level + alpha * error
    return total


def smoothing_data(rng: np.random.Generator, n: int, series: int) -> tuple[Any, ...]:
    return rng.uniform(0.1, 0.6, series), rng.standard_normal((n, series))


def smoothing_by_hand(alpha: Any, Y: Any) -> Any:
    n, series = Y.shape
    E = np.empty((n - 1, series))
    level, keep = Y[0].copy(), 1 - alpha
    for y, e in zip(Y[1:], E, strict=True):
        np.subtract(y, level, out=e)
        level += alpha * e
    back, g = np.zeros(series), np.empty((n - 1, series))
    for e, row in zip(2 * E[::-1], g[::-1], strict=True):
        row[:] = back
        back *= keep
        back -= e
    return np.einsum("ts,ts->s", g, E)


def garch(np: Any, theta: Any, r: Any) -> Any:
    """GARCH(1, 1) likelihood, gradient."""
    h = theta[0] / (1 - theta[1] - theta[2])
    total = np.log(h) + r[0] ** 2 / h
    for t in range(1, len(r)):
        h = theta[0] + theta[1] * r[t - 1] ** 2 + theta[2] * h
        total = total + np.log(h) + r[t] ** 2 / h
    return total


def garch_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return np.array([0.1, 0.2, 0.6]), rng.standard_normal(n)


def garch_by_hand(theta: Any, r: Any) -> Any:
    w, a, b = theta
    squares = r * r
    rest = 1 - a - b
    u = w + a * squares
    u[1:] = u[:-1]
    u[0] = w / rest
    poles = np.array([1.0, -b])
    h = recursion(poles, u)
    back = recursion(poles, ((h - squares) / (h * h))[::-1])[::-1]
    later = back[1:]
    first = back[0] / rest
    shared = first * w / rest
    return np.array([later.sum() + first, later @ squares[:-1] + shared, later @ h[:-1] + shared])


PROBLEMS = (
    asked("gradient", soft_dtw, soft_dtw_data, soft_dtw_by_hand, {"n": 25}, {"n": 5}),
    asked("gradient", hawkes, hawkes_data, hawkes_by_hand, {"n": 500}, {"n": 40}),
    asked("gradient", filled, filled_data, filled_by_hand, {"n": 400}, {"n": 40}, (0, 1)),
    asked(
        "gradient", autoregression, autoregression_data, autoregression_by_hand, {"n": 2000, "p": 5}, {"n": 20, "p": 2}
    ),
    asked("gradient", arma, arma_data, arma_by_hand, {"n": 400}, {"n": 40}),
    asked(
        "gradient",
        holt_winters,
        holt_winters_data,
        holt_winters_by_hand,
        {"n": 180, "period": 12},
        {"n": 30, "period": 4},
        (0, 1),
    ),
    asked("gradient", smoothing, smoothing_data, smoothing_by_hand, {"n": 100, "series": 50}, {"n": 30, "series": 3}),
    asked("gradient", garch, garch_data, garch_by_hand, {"n": 400}, {"n": 40}),
)
