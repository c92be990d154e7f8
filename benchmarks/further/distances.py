"""Distances between sets of points, nearest ones and transport between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def squared_distances(np: Any, A: Any, B: Any) -> Any:
    return np.sum((A[:, None, :] - B[None, :, :]) ** 2, axis=2)


def squares_by_hand(A: Any, B: Any) -> Any:
    D = A @ B.T
    D *= -2
    D += np.einsum("ij,ij->i", A, A)[:, None]
    D += np.einsum("ij,ij->i", B, B)
    return D


def two_clouds(rng: np.random.Generator, n: int, m: int, d: int) -> tuple[Any, ...]:
    return rng.standard_normal((n, d)), rng.standard_normal((m, d))


def triplet(np: Any, A: Any, P: Any, N: Any) -> Any:
    """Triplet loss with a soft margin, gradient for anchors, positives and negatives."""
    near, far = np.sum((A - P) ** 2, axis=1), np.sum((A - N) ** 2, axis=1)
    return np.sum(np.log1p(np.exp(near - far)))


def triplet_data(rng: np.random.Generator, n: int, d: int) -> tuple[Any, ...]:
    return tuple(0.3 * rng.standard_normal((3, n, d)))


def triplet_by_hand(A: Any, P: Any, N: Any) -> Any:
    near, far = P - A, N - A
    t = np.einsum("ij,ij->i", far, far)
    t -= np.einsum("ij,ij->i", near, near)
    s = 2 / (1 + np.exp(t))[:, None]
    near *= s
    far *= -s
    return -(near + far), near, far


def chamfer(np: Any, A: Any, B: Any) -> Any:
    """Chamfer distance of two clouds of points, gradient for both."""
    D = squared_distances(np, A, B)
    return np.sum(np.min(D, axis=1)) + np.sum(np.min(D, axis=0))


def chamfer_by_hand(A: Any, B: Any) -> Any:
    D = squares_by_hand(A, B)
    forth, back = D.argmin(axis=1), D.argmin(axis=0)
    dA = 2 * (A - B[forth])
    dB = 2 * (B - A[back])
    to_A, to_B = dB.copy(), dA.copy()
    np.subtract.at(dA, back, to_A)
    np.subtract.at(dB, forth, to_B)
    return dA, dB


def hausdorff(np: Any, A: Any, B: Any) -> Any:
    """Hausdorff distance of two clouds of points, gradient for one."""
    D = squared_distances(np, A, B)
    return np.sqrt(np.maximum(np.max(np.min(D, axis=1)), np.max(np.min(D, axis=0))))


def hausdorff_by_hand(A: Any, B: Any) -> Any:
    D = squares_by_hand(A, B)
    forth, back = D.min(axis=1), D.min(axis=0)
    i, j = forth.argmax(), back.argmax()
    if forth[i] > back[j]:
        j = D[i].argmin()
    else:
        i = D[:, j].argmin()
    gradient = np.zeros_like(A)
    difference = A[i] - B[j]
    gradient[i] = difference / np.sqrt(difference @ difference)
    return gradient


def soft_neighbours(np: Any, X: Any, same: Any, others: Any) -> Any:
    """Soft nearest neighbours of the same class, gradient for the points."""
    K = np.exp(-squared_distances(np, X, X))
    return -np.sum(np.log(np.sum(K * same, axis=1) / np.sum(K * others, axis=1)))


def soft_neighbours_data(rng: np.random.Generator, n: int, d: int) -> tuple[Any, ...]:
    labels, others = np.arange(n) % 2, 1 - np.eye(n)
    return 0.5 * rng.standard_normal((n, d)), others * (labels[:, None] == labels), others


def soft_neighbours_by_hand(X: Any, same: Any, others: Any) -> Any:
    K = squares_by_hand(X, X)
    np.negative(K, out=K)
    np.exp(K, out=K)
    near = K * same
    K *= others
    near /= near.sum(axis=1, keepdims=True)
    K /= K.sum(axis=1, keepdims=True)
    near -= K
    near += near.T
    near *= 2
    return near.sum(axis=1)[:, None] * X - near @ X


def sinkhorn(np: Any, C: Any, a: Any, b: Any) -> Any:
    """Entropic transport by ten steps of Sinkhorn, gradient for the costs."""
    K = np.exp(-C / 0.3)
    u, v = a, np.ones_like(b)
    for _ in range(10):
        u = a / (K @ v)
        v = b / (K.T @ u)
    return np.sum(u[:, None] * K * v * C)


def sinkhorn_data(rng: np.random.Generator, n: int, m: int) -> tuple[Any, ...]:
    return rng.random((n, m)), np.full(n, 1 / n), np.full(m, 1 / m)


def sinkhorn_by_hand(C: Any, a: Any, b: Any) -> Any:
    K = np.exp(C * (-1 / 0.3))
    u, v, vs, us = a, np.ones_like(b), [], []
    for _ in range(10):
        vs.append(v)
        u = a / (K @ v)
        v = b / (K.T @ u)
        us.append(u)
    P = u[:, None] * K
    P *= v
    KC = K * C
    du, dv = KC @ v, u @ KC
    lefts, rights = np.empty((20, len(a))), np.empty((20, len(b)))
    for k in reversed(range(10)):  # dK is a sum of twenty outer products
        dv *= -v * v / b
        lefts[2 * k], rights[2 * k] = us[k], dv
        du += K @ dv
        du *= -us[k] * us[k] / a
        lefts[2 * k + 1], rights[2 * k + 1] = du, vs[k]
        dv, v = du @ K, vs[k]
        du = np.zeros_like(a)
    dK = lefts.T @ rights
    dK *= K
    P += dK * (-1 / 0.3) - P * C * (1 / 0.3)
    return P


PROBLEMS = (
    asked("gradient", triplet, triplet_data, triplet_by_hand, {"n": 500, "d": 32}, {"n": 4, "d": 3}, (0, 1, 2)),
    asked(
        "gradient", chamfer, two_clouds, chamfer_by_hand, {"n": 300, "m": 200, "d": 3}, {"n": 4, "m": 3, "d": 2}, (0, 1)
    ),
    asked("gradient", hausdorff, two_clouds, hausdorff_by_hand, {"n": 300, "m": 200, "d": 3}, {"n": 4, "m": 3, "d": 2}),
    asked(
        "gradient",
        soft_neighbours,
        soft_neighbours_data,
        soft_neighbours_by_hand,
        {"n": 200, "d": 8},
        {"n": 5, "d": 2},
    ),
    asked("gradient", sinkhorn, sinkhorn_data, sinkhorn_by_hand, {"n": 100, "m": 80}, {"n": 3, "m": 4}),
)
