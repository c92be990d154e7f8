"""Models that generate: a variational autoencoder and a normalising flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def autoencoder(np: Any, W: Any, M: Any, S: Any, V: Any, X: Any, noise: Any) -> Any:
    """Variational autoencoder, gradient of the bound for all weights."""
    H = np.tanh(X @ W)
    mean, log_variance = H @ M, H @ S
    logits = (mean + np.exp(log_variance / 2) * noise) @ V
    misfit = np.sum(np.log1p(np.exp(logits)) - X * logits)
    return misfit + np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance) / 2


def autoencoder_data(rng: np.random.Generator, n: int, d: int, m: int, z: int) -> tuple[Any, ...]:
    W, V = rng.standard_normal((d, m)) / d**0.5, rng.standard_normal((z, d))
    M, S = rng.standard_normal((2, m, z)) / m**0.5
    return W, M, S, V, rng.integers(2, size=(n, d)).astype(float), rng.standard_normal((n, z))


def autoencoder_by_hand(W: Any, M: Any, S: Any, V: Any, X: Any, noise: Any) -> Any:
    H = X @ W
    np.tanh(H, out=H)
    mean, deviation = H @ M, H @ S
    deviation /= 2
    np.exp(deviation, out=deviation)
    spread = deviation * noise
    Z = mean + spread
    R = Z @ V
    np.negative(R, out=R)
    np.exp(R, out=R)
    R += 1
    np.divide(1, R, out=R)
    R -= X
    dV = Z.T @ R
    G = R @ V.T
    mean += G
    spread *= G
    deviation *= deviation
    spread += deviation
    spread -= 1
    spread /= 2
    dM, dS = H.T @ mean, H.T @ spread
    D = mean @ M.T
    D += spread @ S.T
    H *= H
    np.subtract(1, H, out=H)
    D *= H
    return X.T @ D, dM, dS, dV


def flow(np: Any, S: Any, T: Any, X: Any) -> Any:
    """Normalising flow of coupling layers with its log-determinant, gradient for all weights."""
    half = X.shape[1] // 2
    a, b, logarithms = X[:, :half], X[:, half:], 0.0
    for k in range(len(S)):
        s = np.tanh(a @ S[k])
        a, b, logarithms = b * np.exp(s) + a @ T[k], a, logarithms + np.sum(s)
    return (np.sum(a**2) + np.sum(b**2)) / 2 - logarithms


def flow_data(rng: np.random.Generator, n: int, d: int, depth: int) -> tuple[Any, ...]:
    S, T = rng.standard_normal((2, depth, d // 2, d // 2)) / d
    return S, T, rng.standard_normal((n, d))


def flow_by_hand(S: Any, T: Any, X: Any) -> Any:
    half = X.shape[1] // 2
    a, b, kept = X[:, :half], X[:, half:], []
    for A, B in zip(S, T, strict=True):
        s = a @ A
        np.tanh(s, out=s)
        scaled = np.exp(s)
        scaled *= b
        moved = a @ B
        moved += scaled
        kept.append((a, s, scaled, b))
        a, b = moved, a
    dS, dT = np.empty_like(S), np.empty_like(T)
    da, db = a, b
    for k in reversed(range(len(S))):
        a, s, scaled, b = kept[k]
        np.matmul(a.T, da, out=dT[k])
        exponential = np.exp(s)
        scaled *= da
        scaled -= 1
        s *= s
        np.subtract(1, s, out=s)
        scaled *= s
        np.matmul(a.T, scaled, out=dS[k])
        if k:
            back = da @ T[k].T
            back += scaled @ S[k].T
            back += db
            exponential *= da
            da, db = back, exponential
    return dS, dT


PROBLEMS = (
    asked(
        "gradient",
        autoencoder,
        autoencoder_data,
        autoencoder_by_hand,
        {"n": 64, "d": 64, "m": 32, "z": 8},
        {"n": 2, "d": 4, "m": 3, "z": 2},
        (0, 1, 2, 3),
    ),
    asked(
        "gradient", flow, flow_data, flow_by_hand, {"n": 200, "d": 16, "depth": 4}, {"n": 3, "d": 4, "depth": 2}, (0, 1)
    ),
)
