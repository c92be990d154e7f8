"""Regressions: losses of residuals, their gradients and Hessians."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def logcosh(np: Any, w: Any, X: Any, y: Any) -> Any:
    """Regression with the log-cosh loss, Hessian."""
    return np.sum(np.log(np.cosh(X @ w - y)))


def logcosh_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal(k) / k**0.5, rng.standard_normal((n, k)), rng.standard_normal(n)


def logcosh_by_hand(w: Any, X: Any, y: Any) -> Any:
    Y = X / np.cosh(X @ w - y)[:, None]
    return Y.T @ Y


PROBLEMS = (asked("hessian", logcosh, logcosh_data, logcosh_by_hand, {"n": 2000, "k": 50}, {"n": 7, "k": 2}),)
