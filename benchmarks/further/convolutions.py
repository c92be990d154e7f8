"""Convolution networks, with windows that slide or taps one by one, and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def convolution_1d(np: Any, W: Any, b: Any, V: Any, X: Any, y: Any) -> Any:
    """Convolution over time by sliding windows, gradient for all weights."""
    windows = np.lib.stride_tricks.sliding_window_view(X, W.shape[-1], axis=1)  # n, t, c, k
    H = np.tanh(np.einsum("ntck,fck->ntf", windows, W, optimize=True) + b)
    return np.sum((np.mean(H, axis=1) @ V - y) ** 2) / 2


def convolution_1d_data(rng: np.random.Generator, n: int, t: int, c: int, f: int, k: int) -> tuple[Any, ...]:
    W, b, V = rng.standard_normal((f, c, k)) / (c * k) ** 0.5, rng.standard_normal(f), rng.standard_normal(f)
    return W, b, V, rng.standard_normal((n, t, c)), rng.standard_normal(n)


def convolution_1d_by_hand(W: Any, b: Any, V: Any, X: Any, y: Any) -> Any:
    f, c, k = W.shape
    windows = np.lib.stride_tricks.sliding_window_view(X, k, axis=1)
    n, t = windows.shape[:2]
    rows = windows.reshape(n * t, c * k)
    H = rows @ W.reshape(f, -1).T
    H += b
    np.tanh(H, out=H)
    pooled = H.reshape(n, t, f).mean(axis=1)
    r = pooled @ V - y
    H *= H
    np.subtract(1, H, out=H)
    G = H.reshape(n, t, f)
    G *= (r[:, None] * (V / t))[:, None, :]
    return (H.T @ rows).reshape(W.shape), H.sum(axis=0), r @ pooled


def convolution_2d(np: Any, W: Any, X: Any, V: Any) -> Any:
    """Convolution of images tap by tap, rectified, gradient for weights and images."""
    k, height, width = len(W), X.shape[1] - len(W) + 1, X.shape[2] - len(W) + 1
    H = sum([X[:, i : i + height, j : j + width] @ W[i, j] for i in range(k) for j in range(k)])
    return np.sum(V * np.maximum(H, 0) ** 2)


def convolution_2d_data(rng: np.random.Generator, n: int, size: int, c: int, f: int) -> tuple[Any, ...]:
    W, X = rng.standard_normal((3, 3, c, f)) / c, rng.standard_normal((n, size, size, c))
    return W, X, rng.standard_normal((n, size - 2, size - 2, f))


def convolution_2d_by_hand(W: Any, X: Any, V: Any) -> Any:
    k, height, width = len(W), V.shape[1], V.shape[2]
    c, f = W.shape[2:]
    rows = np.empty((*V.shape[:3], k, k, c))
    for i in range(k):
        for j in range(k):
            rows[:, :, :, i, j] = X[:, i : i + height, j : j + width]
    rows = rows.reshape(-1, k * k * c)
    G = rows @ W.reshape(-1, f)
    np.maximum(G, 0, out=G)
    G *= V.reshape(-1, f)
    G *= 2
    dW = rows.T @ G
    np.matmul(G, W.reshape(-1, f).T, out=rows)
    taps, dX = rows.reshape(*V.shape[:3], k, k, c), np.zeros_like(X)
    for i in range(k):
        for j in range(k):
            dX[:, i : i + height, j : j + width] += taps[:, :, :, i, j]
    return dW.reshape(W.shape), dX


def max_pooling(np: Any, X: Any, W: Any, y: Any) -> Any:
    """Pooling by maxima and a linear layer, gradient for images and weights."""
    n, h, w, c = X.shape
    P = np.max(X.reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))
    return np.sum((np.tanh(P).reshape(n, -1) @ W - y) ** 2) / 2


def pooling_data(rng: np.random.Generator, n: int, size: int, c: int) -> tuple[Any, ...]:
    features = (size // 2) ** 2 * c
    X, W = rng.standard_normal((n, size, size, c)), rng.standard_normal((features, 10)) / features**0.5
    return X, W, rng.standard_normal((n, 10))


def max_pooling_by_hand(X: Any, W: Any, y: Any) -> Any:
    n, h, w, c = X.shape
    parts = X.reshape(n, h // 2, 2, w // 2, 2, c)
    P = parts.max(axis=(2, 4), keepdims=True)
    picked = parts == P
    H = np.tanh(P).reshape(n, -1)
    r = H @ W
    r -= y
    dW = H.T @ r
    G = r @ W.T
    H *= H
    np.subtract(1, H, out=H)
    G *= H
    return (picked * G.reshape(P.shape)).reshape(X.shape), dW


def average_pooling(np: Any, X: Any, W: Any, y: Any) -> Any:
    """Pooling by means and a linear layer, gradient for images and weights."""
    n, h, w, c = X.shape
    P = np.mean(np.tanh(X).reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))
    return np.sum((P.reshape(n, -1) @ W - y) ** 2) / 2


def average_pooling_by_hand(X: Any, W: Any, y: Any) -> Any:
    n, h, w, c = X.shape
    T = np.tanh(X)
    parts = T.reshape(n, h // 2, 2, w // 2, 2, c)
    P = parts.mean(axis=(2, 4)).reshape(n, -1)
    r = P @ W
    r -= y
    dW = P.T @ r
    G = r @ W.T
    G /= 4
    np.multiply(T, T, out=T)
    np.subtract(1, T, out=T)
    parts *= G.reshape(n, h // 2, 1, w // 2, 1, c)
    return T, dW


POOLED = {"n": 16, "size": 16, "c": 16}, {"n": 2, "size": 4, "c": 1}

PROBLEMS = (
    asked(
        "gradient",
        convolution_1d,
        convolution_1d_data,
        convolution_1d_by_hand,
        {"n": 32, "t": 64, "c": 8, "f": 16, "k": 5},
        {"n": 2, "t": 4, "c": 2, "f": 2, "k": 2},
        (0, 1, 2),
    ),
    asked(
        "gradient",
        convolution_2d,
        convolution_2d_data,
        convolution_2d_by_hand,
        {"n": 8, "size": 16, "c": 8, "f": 16},
        {"n": 2, "size": 4, "c": 1, "f": 2},
        (0, 1),
    ),
    asked("gradient", max_pooling, pooling_data, max_pooling_by_hand, *POOLED, (0, 1)),
    asked("gradient", average_pooling, pooling_data, average_pooling_by_hand, *POOLED, (0, 1)),
)
