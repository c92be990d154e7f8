"""Classes: softmax and its Hessians, margins between classes, and pairs told from all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def log_sum_exp(np: Any, Z: Any) -> Any:
    """Along the last axis, shifted by the maximum."""
    shift = np.max(Z, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(Z - shift), axis=-1)) + shift[..., 0]


def softmax(Z: Any) -> Any:
    """In place, along the last axis."""
    Z -= Z.max(axis=-1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=-1, keepdims=True)
    return Z


def softmax_blocks(np: Any, Z: Any, Y: Any) -> Any:
    """Cross-entropy of softmax, blocks of the Hessian for the logits."""
    return np.sum(log_sum_exp(np, Z)) - np.sum(Y * Z)


def logit_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal((n, k)), np.eye(k)[rng.integers(k, size=n)]


def softmax_blocks_by_hand(Z: Any, Y: Any) -> Any:
    P = softmax(Z.copy())
    H = P[:, :, None] * -P[:, None, :]
    np.einsum("ikk->ik", H)[...] += P
    return H


def softmax_regression(np: Any, W: Any, X: Any, Y: Any) -> Any:
    """Cross-entropy of a linear classifier, Hessian for the weights."""
    Z = X @ W
    return np.sum(log_sum_exp(np, Z)) - np.sum(Y * Z)


def softmax_regression_data(rng: np.random.Generator, n: int, d: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal((d, k)) / d**0.5, rng.standard_normal((n, d)), np.eye(k)[rng.integers(k, size=n)]


def softmax_regression_by_hand(W: Any, X: Any, Y: Any) -> Any:
    (n, d), k = X.shape, W.shape[1]
    P = softmax(X @ W)
    A = (X[:, :, None] * P[:, None, :]).reshape(n, d * k)
    H = (A.T @ A).reshape(d, k, d, k)
    np.negative(H, out=H)
    np.einsum("ikjk->ijk", H)[...] += (X.T @ A).reshape(d, d, k)
    return H


def contrastive(np: Any, A: Any, B: Any) -> Any:
    """Contrastive loss of two views, rows of length one, gradient for both."""
    A, B = A / np.sqrt(np.sum(A * A, axis=1, keepdims=True)), B / np.sqrt(np.sum(B * B, axis=1, keepdims=True))
    S = A @ B.T / 0.1
    return np.sum(log_sum_exp(np, S) - np.diagonal(S))


def contrastive_data(rng: np.random.Generator, n: int, d: int) -> tuple[Any, ...]:
    A = rng.standard_normal((n, d))
    return A, A + rng.standard_normal((n, d))


def contrastive_by_hand(A: Any, B: Any) -> Any:
    a, b = [1 / np.sqrt(np.einsum("ij,ij->i", M, M))[:, None] for M in (A, B)]
    A, B = A * a, B * b
    S = A @ B.T
    S *= 10
    softmax(S)
    S.flat[:: len(S) + 1] -= 1
    S *= 10
    G, H = S @ B, S.T @ A
    for M, D, scale in ((A, G, a), (B, H, b)):
        M *= np.einsum("ij,ij->i", M, D)[:, None]
        D -= M
        D *= scale
    return G, H


def margin(np: Any, W: Any, X: Any, Y: Any) -> Any:
    """Angular margin between classes, gradient for weights and features."""
    C = (X / np.sqrt(np.sum(X * X, axis=1, keepdims=True))) @ (W / np.sqrt(np.sum(W * W, axis=0)))
    moved = C * np.cos(0.3) - np.sqrt(1 - C * C) * np.sin(0.3)  # the cosine of the angle and 0.3
    Z = 16 * np.where(Y, moved, C)
    return np.sum(log_sum_exp(np, Z)) - np.sum(Y * Z)


def margin_data(rng: np.random.Generator, n: int, d: int, k: int) -> tuple[Any, ...]:
    return rng.standard_normal((d, k)), rng.standard_normal((n, d)), np.eye(k, dtype=bool)[rng.integers(k, size=n)]


def margin_by_hand(W: Any, X: Any, Y: Any) -> Any:
    x, w = 1 / np.sqrt(np.einsum("ij,ij->i", X, X))[:, None], 1 / np.sqrt(np.einsum("ij,ij->j", W, W))
    X, W = X * x, W * w
    C = X @ W
    rows = np.arange(len(X)), Y.argmax(axis=1)
    target = C[rows]
    sine = np.sqrt(1 - target * target)
    P = C * 16
    P[rows] = 16 * (target * np.cos(0.3) - sine * np.sin(0.3))
    softmax(P)
    P[rows] -= 1
    P[rows] *= np.cos(0.3) + target / sine * np.sin(0.3)
    P *= 16
    dX, dW = P @ W.T, X.T @ P
    P *= C
    X *= P.sum(axis=1)[:, None]
    dX -= X
    dX *= x
    W *= P.sum(axis=0)
    dW -= W
    dW *= w
    return dW, dX


PROBLEMS = (
    asked("hessian-blocks", softmax_blocks, logit_data, softmax_blocks_by_hand, {"n": 500, "k": 10}, {"n": 3, "k": 3}),
    asked(
        "hessian",
        softmax_regression,
        softmax_regression_data,
        softmax_regression_by_hand,
        {"n": 300, "d": 20, "k": 5},
        {"n": 4, "d": 2, "k": 3},
    ),
    asked(
        "gradient", contrastive, contrastive_data, contrastive_by_hand, {"n": 128, "d": 32}, {"n": 3, "d": 2}, (0, 1)
    ),
    asked(
        "gradient",
        margin,
        margin_data,
        margin_by_hand,
        {"n": 200, "d": 32, "k": 20},
        {"n": 3, "d": 3, "k": 3},
        (0, 1),
    ),
)
