"""Regressions with robust losses, and maps of low rank beside a diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def logcosh(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Regression with the log-cosh loss, Hessian."""
    return np.sum(np.log(np.cosh(X @ w - y)))


def regression_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal(k) / k**0.5, rng.standard_normal((n, k)), rng.standard_normal(n)


def logcosh_by_hand(w: Any, X: Any, y: Any) -> Any:
    Y = X / np.cosh(X @ w - y)[:, None]
    return Y.T @ Y


def huber(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Regression with Huber's loss, gradient."""
    r = X @ w - y
    size = np.sqrt(r * r)
    return np.sum(np.where(size < 1, r * r / 2, size - 0.5))


def huber_by_hand(w: Any, X: Any, y: Any) -> Any:
    r = X @ w
    r -= y
    np.clip(r, -1, 1, out=r)
    return r @ X


def smooth_huber(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Regression with a smooth Huber loss, Hessian."""
    return np.sum(np.sqrt(1 + (X @ w - y) ** 2) - 1)


def smooth_huber_by_hand(w: Any, X: Any, y: Any) -> Any:
    r = X @ w
    r -= y
    r *= r
    r += 1
    Y = X * (r**-0.75)[:, None]
    return Y.T @ Y


def low_rank(np: Any, x: Any, U: Any, V: Any, d: Any) -> Any:
    """A map of low rank beside a diagonal and its sines, Jacobian."""
    return np.sin(U @ (V.T @ x) + d * x)


def low_rank_data(rng: np.random.Generator, n: int, rank: int) -> tuple[Any, ...]:
    return rng.standard_normal(n), *rng.standard_normal((2, n, rank)) / n**0.5, rng.standard_normal(n)


def low_rank_by_hand(x: Any, U: Any, V: Any, d: Any) -> Any:
    slope = np.cos(U @ (x @ V) + d * x)
    J = (U * slope[:, None]) @ V.T
    J.flat[:: len(x) + 1] += slope * d
    return J


def factor_model(np: Any, U: Any, d: Any, S: Any) -> Any:
    """Squared misfit of a covariance of low rank and a diagonal, gradient for both."""
    return np.sum((U @ U.T + np.diag(d) - S) ** 2) / 4


def factor_data(rng: np.random.Generator, n: int, rank: int) -> tuple[Any, ...]:
    S = rng.standard_normal((n, n))
    return rng.standard_normal((n, rank)), rng.random(n), S + S.T


def factor_model_by_hand(U: Any, d: Any, S: Any) -> Any:
    R = U @ U.T
    R.flat[:: len(d) + 1] += d
    R -= S
    return (R @ U + R.T @ U) / 2, np.diagonal(R) / 2


REGRESSED = {"n": 2000, "k": 50}, {"n": 7, "k": 2}
RANKED = {"n": 300, "rank": 5}, {"n": 4, "rank": 2}

PROBLEMS = (
    asked("hessian", logcosh, regression_data, logcosh_by_hand, *REGRESSED),
    asked("gradient", huber, regression_data, huber_by_hand, *REGRESSED),
    asked("hessian", smooth_huber, regression_data, smooth_huber_by_hand, *REGRESSED),
    asked("jacobian", low_rank, low_rank_data, low_rank_by_hand, *RANKED),
    asked("gradient", factor_model, factor_data, factor_model_by_hand, *RANKED, (0, 1)),
)
