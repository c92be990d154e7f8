"""Kernels between points, machines made of them, and soft clusters."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def periodic_kernel(np: Any, period: Any, width: Any, x: Any, y: Any) -> Any:
    """Quadratic form of a periodic kernel, gradient for period and width."""
    sines = np.sin(np.pi * (x[:, None] - x[None, :]) / period)
    return y @ np.exp(-2 * sines**2 / width**2) @ y


def periodic_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return np.array(1.3), np.array(0.8), 4 * rng.random(n), rng.standard_normal(n)


def periodic_by_hand(period: Any, width: Any, x: Any, y: Any) -> Any:
    angle = np.pi / period * np.subtract.outer(x, x)
    sines = np.sin(angle)
    slope = np.cos(angle)
    slope *= angle
    slope *= sines
    sines *= sines
    K = np.exp(sines * (-2 / width**2))
    slope *= K
    sines *= K
    return 4 / (width**2 * period) * (y @ slope @ y), 4 / width**3 * (y @ sines @ y)


def dual(np: Any, a: Any, X: Any, y: Any) -> Any:
    """Dual of a support vector machine, Hessian."""
    D = np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=2)
    ay = a * y
    return np.sum(a) - ay @ np.exp(-D / 2) @ ay / 2


def dual_data(rng: np.random.Generator, n: int, d: int) -> tuple[Any, ...]:
    return rng.random(n), rng.standard_normal((n, d)), np.sign(rng.standard_normal(n))


def dual_by_hand(a: Any, X: Any, y: Any) -> Any:
    squares = np.einsum("ij,ij->i", X, X) / 2
    K = X @ X.T
    K -= squares
    K -= squares[:, None]
    np.exp(K, out=K)
    K *= y
    K *= -y[:, None]
    return K


def radial_network(np: Any, C: Any, s: Any, w: Any, X: Any, y: Any) -> Any:
    """Network of radial functions, gradient for centres, widths and weights."""
    D = np.sum((X[:, None, :] - C[None, :, :]) ** 2, axis=2)
    return np.sum((np.exp(-D * s**2) @ w - y) ** 2) / 2


def radial_data(rng: np.random.Generator, n: int, m: int, d: int) -> tuple[Any, ...]:
    C, s, w = rng.standard_normal((m, d)), rng.random(m) + 0.5, rng.standard_normal(m)
    return C, s, w, rng.standard_normal((n, d)), rng.standard_normal(n)


def radial_by_hand(C: Any, s: Any, w: Any, X: Any, y: Any) -> Any:
    D = X @ C.T
    D *= -2
    D += np.einsum("ij,ij->i", X, X)[:, None]
    D += np.einsum("ij,ij->i", C, C)
    squares = s * s
    E = D * -squares
    np.exp(E, out=E)
    r = E @ w
    r -= y
    dw = r @ E
    E *= r[:, None]
    dC = E.T @ X
    dC -= E.sum(axis=0)[:, None] * C
    dC *= (2 * w * squares)[:, None]
    return dC, -2 * s * w * np.einsum("ij,ij->j", E, D), dw


def soft_clusters(np: Any, C: Any, X: Any) -> Any:
    """Soft k-means, diagonal of the Hessian for the centres."""
    D = np.sum((X[:, None, :] - C[None, :, :]) ** 2, axis=2)
    return -np.sum(np.log(np.sum(np.exp(-D), axis=1)))


def soft_clusters_data(rng: np.random.Generator, n: int, k: int, d: int) -> tuple[Any, ...]:
    return rng.standard_normal((k, d)), rng.standard_normal((n, d))


def soft_clusters_by_hand(C: Any, X: Any) -> Any:
    P = X @ C.T
    P *= 2
    P -= np.einsum("ij,ij->i", C, C)
    P -= P.max(axis=1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=1, keepdims=True)
    total = P.sum(axis=0)[:, None]
    P *= P - 1
    Q = P.T
    H = C * C * P.sum(axis=0)[:, None] - 2 * C * (Q @ X) + Q @ (X * X)
    H *= 4
    H += 2 * total
    return H


PROBLEMS = (
    asked("gradient", periodic_kernel, periodic_data, periodic_by_hand, {"n": 200}, {"n": 4}, (0, 1)),
    asked("hessian", dual, dual_data, dual_by_hand, {"n": 200, "d": 8}, {"n": 4, "d": 2}),
    asked(
        "gradient",
        radial_network,
        radial_data,
        radial_by_hand,
        {"n": 500, "m": 30, "d": 4},
        {"n": 4, "m": 2, "d": 2},
        (0, 1, 2),
    ),
    asked(
        "hessian-diagonal",
        soft_clusters,
        soft_clusters_data,
        soft_clusters_by_hand,
        {"n": 1000, "k": 10, "d": 5},
        {"n": 4, "k": 3, "d": 2},
    ),
)
