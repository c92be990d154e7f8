"""Networks: residual blocks, and layers that normalise over the batch, the features or groups of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]

SMALLEST = 1e-5  # is added to variances


def residual_network(np: Any, W: Any, V: Any, w: Any, X: Any, y: Any) -> Any:
    """Residual network, gradient for all weights."""
    H = X
    for k in range(len(W)):
        H = H + np.tanh(H @ W[k]) @ V[k]
    return np.sum((H @ w - y) ** 2) / 2


def residual_data(rng: np.random.Generator, n: int, d: int, m: int, depth: int) -> tuple[Any, ...]:
    W, V = rng.standard_normal((depth, d, m)) / d**0.5, rng.standard_normal((depth, m, d)) / m
    return W, V, rng.standard_normal(d), rng.standard_normal((n, d)), rng.standard_normal(n)


def residual_by_hand(W: Any, V: Any, w: Any, X: Any, y: Any) -> Any:
    inputs, hidden = [X], []
    for A, B in zip(W, V, strict=True):
        T = inputs[-1] @ A
        np.tanh(T, out=T)
        hidden.append(T)
        H = T @ B
        H += inputs[-1]
        inputs.append(H)
    r = inputs[-1] @ w - y
    dW, dV, dw = np.empty_like(W), np.empty_like(V), r @ inputs[-1]
    G = np.outer(r, w)
    for k in reversed(range(len(W))):
        T = hidden[k]
        np.matmul(T.T, G, out=dV[k])
        D = G @ V[k].T
        T *= T
        np.subtract(1, T, out=T)
        D *= T
        np.matmul(inputs[k].T, D, out=dW[k])
        if k:
            G += D @ W[k].T
    return dW, dV, dw


def batch_norm_network(np: Any, W: Any, gamma: Any, beta: Any, V: Any, X: Any, Y: Any) -> Any:
    """Network with batch normalisation, gradient for all weights."""
    Z = X @ W
    Z = Z - np.mean(Z, axis=0)
    N = Z / np.sqrt(np.mean(Z * Z, axis=0) + SMALLEST)
    return np.sum((np.maximum(gamma * N + beta, 0) @ V - Y) ** 2) / 2


def batch_norm_data(rng: np.random.Generator, n: int, d: int, m: int) -> tuple[Any, ...]:
    W, gamma, beta = rng.standard_normal((d, m)), rng.random(m) + 0.5, rng.standard_normal(m)
    return W, gamma, beta, rng.standard_normal((m, 5)) / m, rng.standard_normal((n, d)), rng.standard_normal((n, 5))


def batch_norm_by_hand(W: Any, gamma: Any, beta: Any, V: Any, X: Any, Y: Any) -> Any:
    n = len(X)
    N = X @ W
    N -= N.mean(axis=0)
    deviation = np.sqrt(np.einsum("ij,ij->j", N, N) / n + SMALLEST)
    N /= deviation
    H = N * gamma
    H += beta
    positive = H > 0
    H *= positive
    R = H @ V
    R -= Y
    dV = H.T @ R
    G = np.matmul(R, V.T, out=H)
    G *= positive
    dbeta, dgamma = G.sum(axis=0), np.einsum("ij,ij->j", G, N)
    N *= dgamma / n
    G -= dbeta / n
    G -= N
    return (X.T @ G) * (gamma / deviation), dgamma, dbeta, dV


def layer_norm_network(np: Any, W: Any, gamma: Any, beta: Any, V: Any, X: Any, Y: Any) -> Any:
    """Network with layer normalisation, gradient for all weights."""
    Z = X @ W
    Z = Z - np.mean(Z, axis=1, keepdims=True)
    N = Z / np.sqrt(np.mean(Z * Z, axis=1, keepdims=True) + SMALLEST)
    return np.sum((np.tanh(gamma * N + beta) @ V - Y) ** 2) / 2


def layer_norm_by_hand(W: Any, gamma: Any, beta: Any, V: Any, X: Any, Y: Any) -> Any:
    N = X @ W
    m = N.shape[1]
    N -= N.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt(np.einsum("ij,ij->i", N, N) / m + SMALLEST)[:, None]
    N *= inverse
    H = N * gamma
    H += beta
    np.tanh(H, out=H)
    R = H @ V
    R -= Y
    dV = H.T @ R
    G = R @ V.T
    H *= H
    np.subtract(1, H, out=H)
    G *= H
    dbeta, dgamma = G.sum(axis=0), np.einsum("ij,ij->j", G, N)
    G *= gamma
    G -= G.mean(axis=1, keepdims=True)
    N *= (np.einsum("ij,ij->i", G, N) / m)[:, None]
    G -= N
    G *= inverse
    return X.T @ G, dgamma, dbeta, dV


def group_norm(np: Any, Z: Any, gamma: Any, c: Any) -> Any:
    """Group normalisation over places and channels of a group, gradient for inputs and scales."""
    Z = Z - np.mean(Z, axis=(1, 3), keepdims=True)
    N = Z / np.sqrt(np.mean(Z * Z, axis=(1, 3), keepdims=True) + SMALLEST)
    return np.sum(c * np.tanh(N * gamma))


def group_norm_data(rng: np.random.Generator, n: int, t: int, g: int, m: int) -> tuple[Any, ...]:
    return rng.standard_normal((n, t, g, m)), rng.random((g, m)) + 0.5, rng.standard_normal((n, t, g, m))


def group_norm_by_hand(Z: Any, gamma: Any, c: Any) -> Any:
    size = Z.shape[1] * Z.shape[3]
    N = Z - Z.mean(axis=(1, 3), keepdims=True)
    inverse = 1 / np.sqrt(np.einsum("ntgm,ntgm->ng", N, N) / size + SMALLEST)[:, None, :, None]
    N *= inverse
    G = N * gamma
    np.tanh(G, out=G)
    G *= G
    np.subtract(1, G, out=G)
    G *= c
    dgamma = np.einsum("ntgm,ntgm->gm", G, N)
    G *= gamma
    G -= G.mean(axis=(1, 3), keepdims=True)
    N *= (np.einsum("ntgm,ntgm->ng", G, N) / size)[:, None, :, None]
    G -= N
    G *= inverse
    return G, dgamma


NORMED = {"n": 256, "d": 32, "m": 64}, {"n": 4, "d": 3, "m": 5}

PROBLEMS = (
    asked(
        "gradient",
        residual_network,
        residual_data,
        residual_by_hand,
        {"n": 128, "d": 32, "m": 64, "depth": 4},
        {"n": 3, "d": 2, "m": 3, "depth": 2},
        (0, 1, 2),
    ),
    asked("gradient", batch_norm_network, batch_norm_data, batch_norm_by_hand, *NORMED, (0, 1, 2, 3)),
    asked("gradient", layer_norm_network, batch_norm_data, layer_norm_by_hand, *NORMED, (0, 1, 2, 3)),
    asked(
        "gradient",
        group_norm,
        group_norm_data,
        group_norm_by_hand,
        {"n": 16, "t": 32, "g": 4, "m": 8},
        {"n": 2, "t": 3, "g": 2, "m": 2},
        (0, 1),
    ),
)
