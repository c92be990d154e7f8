"""Likelihoods of statistics: comparisons, orders, counts, groups and peaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def bradley_terry(np: Any, s: Any, winners: Any, losers: Any) -> Any:
    """Strengths of players from games won and lost, gradient."""
    return np.sum(np.log1p(np.exp(s[losers] - s[winners]))) + 0.05 * np.sum(s**2)


def bradley_terry_data(rng: np.random.Generator, n: int, games: int) -> tuple[Any, ...]:
    winners = rng.integers(0, n, games)
    return rng.standard_normal(n), winners, (winners + rng.integers(1, n, games)) % n


def bradley_terry_by_hand(s: Any, winners: Any, losers: Any) -> Any:
    p = s[winners]
    p -= s[losers]
    np.exp(p, out=p)
    p += 1
    np.divide(1, p, out=p)
    g = np.bincount(losers, p, len(s))
    g -= np.bincount(winners, p, len(s))
    g += 0.1 * s
    return g


def ordinal(np: Any, w: Any, cuts: Any, X: Any, y: Any) -> Any:
    """Ordered categories by cumulative logits, gradient for weights and cuts."""
    z = X @ w
    upper = np.concatenate([cuts, np.full(1, 40.0)])[y]
    lower = np.concatenate([np.full(1, -40.0), cuts])[y]
    return -np.sum(np.log(1 / (1 + np.exp(z - upper)) - 1 / (1 + np.exp(z - lower))))


def ordinal_data(rng: np.random.Generator, n: int, k: int, levels: int) -> tuple[Any, ...]:
    cuts = np.linspace(-1, 1, levels - 1)
    return rng.standard_normal(k) / k, cuts, rng.standard_normal((n, k)), rng.integers(0, levels, n)


def ordinal_by_hand(w: Any, cuts: Any, X: Any, y: Any) -> Any:
    z = X @ w
    ends = np.concatenate([[-40.0], cuts, [40.0]])
    P = np.stack([ends[1:], ends[:-1]])[:, y]
    np.subtract(z, P, out=P)
    np.exp(P, out=P)
    P += 1
    np.divide(1, P, out=P)
    S = P * P
    S -= P  # -p (1 - p), the slopes for z
    S /= P[0] - P[1]
    upper, lower = np.bincount(y, S[0], len(ends) - 1), np.bincount(y, S[1], len(ends) - 1)
    S[0] -= S[1]
    return -(S[0] @ X), upper[:-1] - lower[1:]


def hazards(np: Any, w: Any, X: Any, events: Any) -> Any:
    """Partial likelihood of Cox for times in order, gradient."""
    z = X @ w
    at_risk = np.cumsum(np.exp(z)[::-1])[::-1]
    return np.sum(events * (np.log(at_risk) - z))


def hazards_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal(k) / k, rng.standard_normal((n, k)), (rng.random(n) < 0.6).astype(float)


def hazards_by_hand(w: Any, X: Any, events: Any) -> Any:
    e = np.exp(X @ w)
    r = events / np.cumsum(e[::-1])[::-1]
    np.cumsum(r, out=r)
    r *= e
    r -= events
    return r @ X


def counts(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Poisson regression, Hessian."""
    z = X @ w
    return np.sum(np.exp(z) - y * z)


def counts_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal(k) / k, rng.standard_normal((n, k)), rng.poisson(1.0, n).astype(float)


def counts_by_hand(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    z *= 0.5
    np.exp(z, out=z)
    Z = X * z[:, None]
    return Z.T @ Z


def overdispersed(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Negative binomial regression with two failures, Hessian."""
    z = X @ w
    return np.sum((y + 2) * np.log(np.exp(z) + 2) - y * z)


def overdispersed_by_hand(w: Any, X: Any, y: Any) -> Any:
    e = np.exp(X @ w)
    s = y + 2
    s *= 2
    s *= e
    e += 2
    e *= e
    s /= e
    return X.T @ (s[:, None] * X)


def diagonal_mixture(np: Any, logits: Any, M: Any, L: Any, X: Any) -> Any:
    """Mixture of Gaussians with diagonal covariances, gradient for weights, means and log scales."""
    Z = (X[:, None, :] - M[None, :, :]) * np.exp(-L)[None, :, :]
    logs = logits - np.log(np.sum(np.exp(logits))) - 0.5 * np.sum(Z**2, axis=2) - np.sum(L, axis=1)
    return -np.sum(np.log(np.sum(np.exp(logs), axis=1)))


def diagonal_mixture_data(rng: np.random.Generator, n: int, k: int, d: int) -> tuple[Any, ...]:
    parts = rng.standard_normal(k), rng.standard_normal((k, d)), 0.1 * rng.standard_normal((k, d))
    return *parts, rng.standard_normal((n, d))


def diagonal_mixture_by_hand(logits: Any, M: Any, L: Any, X: Any) -> Any:
    # |(x - m) / s|^2 = x^2 . s^-2 - 2 x . (m s^-2) + m^2 . s^-2, so that all is products of matrices.
    A = np.exp(-2 * L)
    B = M * A
    squares = X * X
    W = X @ B.T
    W -= 0.5 * (squares @ A.T)
    W += logits - 0.5 * np.einsum("kd,kd->k", M, B) - L.sum(axis=1)
    np.exp(W, out=W)
    W /= W.sum(axis=1, keepdims=True)
    weights = np.exp(logits)
    weights *= len(X) / weights.sum()
    sums = W.sum(axis=0)
    WX = W.T @ X
    to_means = sums[:, None] * B - A * WX
    to_scales = sums[:, None] * (1 - M * B) + 2 * B * WX - A * (W.T @ squares)
    return weights - sums, to_means, to_scales


def random_effects(np: Any, b: Any, u: Any, X: Any, groups: Any, y: Any) -> Any:
    """Logistic regression with an effect of each group, gradient."""
    z = X @ b + u[groups]
    return np.sum(np.log1p(np.exp(z)) - y * z) + 0.5 * np.sum(u**2)


def random_effects_data(rng: np.random.Generator, n: int, k: int, groups: int) -> tuple[Any, ...]:
    weights = rng.standard_normal(k) / k, rng.standard_normal(groups)
    return *weights, rng.standard_normal((n, k)), rng.integers(0, groups, n), (rng.random(n) < 0.5).astype(float)


def random_effects_by_hand(b: Any, u: Any, X: Any, groups: Any, y: Any) -> Any:
    z = X @ b
    z += u[groups]
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.divide(1, z, out=z)
    z -= y
    return z @ X, np.bincount(groups, z, len(u)) + u


def robust(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Regression with the pseudo-Huber loss, gradient."""
    return np.sum(np.sqrt(1 + (X @ w - y) ** 2) - 1)


def robust_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal(k), rng.standard_normal((n, k)), rng.standard_normal(n)


def robust_by_hand(w: Any, X: Any, y: Any) -> Any:
    r = X @ w
    r -= y
    s = r * r
    s += 1
    np.sqrt(s, out=s)
    r /= s
    return r @ X


def peaks(np: Any, theta: Any, t: Any, y: Any) -> Any:
    """Sum of peaks of Gauss against a curve, Jacobian of the residuals."""
    heights, centres, widths = theta
    z = (t[:, None] - centres) / widths
    return np.exp(-0.5 * z**2) @ heights - y


def peaks_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    theta = np.stack([rng.random(k) + 1, np.linspace(0, 1, k), 0.1 + 0.1 * rng.random(k)])
    t = np.linspace(0, 1, n)
    return theta, t, rng.standard_normal(n)


def peaks_by_hand(theta: Any, t: Any, y: Any) -> Any:
    heights, centres, widths = theta
    J = np.empty((len(t), 3, len(heights)))
    E, M, S = J[:, 0], J[:, 1], J[:, 2]
    z = t[:, None] - centres
    z *= 1 / widths
    np.multiply(z, z, out=E)
    E *= -0.5
    np.exp(E, out=E)
    np.multiply(E, heights / widths, out=M)
    M *= z
    np.multiply(M, z, out=S)
    return J


PROBLEMS = (
    asked(
        "gradient",
        bradley_terry,
        bradley_terry_data,
        bradley_terry_by_hand,
        {"n": 50, "games": 2000},
        {"n": 4, "games": 9},
    ),
    asked(
        "gradient",
        ordinal,
        ordinal_data,
        ordinal_by_hand,
        {"n": 2000, "k": 10, "levels": 5},
        {"n": 9, "k": 2, "levels": 3},
        (0, 1),
    ),
    asked("gradient", hazards, hazards_data, hazards_by_hand, {"n": 2000, "k": 20}, {"n": 9, "k": 2}),
    asked("hessian", counts, counts_data, counts_by_hand, {"n": 2000, "k": 20}, {"n": 9, "k": 2}),
    asked("hessian", overdispersed, counts_data, overdispersed_by_hand, {"n": 2000, "k": 20}, {"n": 9, "k": 2}),
    asked(
        "gradient",
        diagonal_mixture,
        diagonal_mixture_data,
        diagonal_mixture_by_hand,
        {"n": 1000, "k": 8, "d": 6},
        {"n": 9, "k": 2, "d": 3},
        (0, 1, 2),
    ),
    asked(
        "gradient",
        random_effects,
        random_effects_data,
        random_effects_by_hand,
        {"n": 2000, "k": 10, "groups": 50},
        {"n": 9, "k": 2, "groups": 3},
        (0, 1),
    ),
    asked("gradient", robust, robust_data, robust_by_hand, {"n": 2000, "k": 20}, {"n": 9, "k": 2}),
    asked("jacobian", peaks, peaks_data, peaks_by_hand, {"n": 500, "k": 6}, {"n": 9, "k": 2}),
)
