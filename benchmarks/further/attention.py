"""Attention: several heads that do not look ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def causal_heads(np: Any, Q: Any, K: Any, V: Any) -> Any:
    """Causal attention of several heads, product of the Jacobian with a vector from the left."""
    t, d = Q.shape[1:]
    S = Q @ np.swapaxes(K, 1, 2) / d**0.5
    S = np.where(np.tri(t, dtype=bool), S, -1e30)
    E = np.exp(S - np.max(S, axis=2, keepdims=True))
    return (E / np.sum(E, axis=2, keepdims=True)) @ V


def heads_data(rng: np.random.Generator, heads: int, t: int, d: int) -> tuple[Any, ...]:
    return tuple(rng.standard_normal((4, heads, t, d)))


def attended(Q: Any, K: Any) -> Any:
    """The weights of each query on the keys."""
    P = Q @ K.swapaxes(1, 2)
    P /= Q.shape[-1] ** 0.5
    np.copyto(P, -np.inf, where=~np.tri(Q.shape[1], dtype=bool))
    P -= P.max(axis=2, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=2, keepdims=True)
    return P


def pulled_back(P: Any, Q: Any, K: Any, V: Any, G: Any) -> Any:
    """Slopes for queries, keys and values from that of the result; P is used up."""
    dV = P.swapaxes(1, 2) @ G
    D = G @ V.swapaxes(1, 2)
    D -= np.einsum("hij,hij->hi", P, D)[:, :, None]
    P *= D
    P /= Q.shape[-1] ** 0.5
    return P @ K, P.swapaxes(1, 2) @ Q, dV


def causal_heads_by_hand(Q: Any, K: Any, V: Any, G: Any) -> Any:
    return pulled_back(attended(Q, K), Q, K, V, G)


def transformer(np: Any, A: Any, B: Any, C: Any, D: Any, X: Any, Y: Any) -> Any:
    """A layer of attention with its four matrices, gradient for these."""
    t, d = X.shape
    Q, K, V = [np.transpose((X @ W).reshape(t, 4, d // 4), (1, 0, 2)) for W in (A, B, C)]
    H = np.transpose(causal_heads(np, Q, K, V), (1, 0, 2)).reshape(t, d)
    return np.sum((X + H @ D - Y) ** 2) / 2


def transformer_data(rng: np.random.Generator, t: int, d: int) -> tuple[Any, ...]:
    return (*rng.standard_normal((4, d, d)) / d**0.5, *rng.standard_normal((2, t, d)))


def transformer_by_hand(A: Any, B: Any, C: Any, D: Any, X: Any, Y: Any) -> Any:
    t, d = X.shape
    Q, K, V = [(X @ W).reshape(t, 4, -1).transpose(1, 0, 2) for W in (A, B, C)]
    P = attended(Q, K)
    H = np.empty((t, 4, d // 4))
    np.matmul(P, V, out=H.transpose(1, 0, 2))
    H = H.reshape(t, d)
    R = H @ D
    R += X
    R -= Y
    G = (R @ D.T).reshape(t, 4, -1).transpose(1, 0, 2)
    slopes = [S.transpose(1, 0, 2).reshape(t, d) for S in pulled_back(P, Q, K, V, G)]
    return *[X.T @ S for S in slopes], H.T @ R


PROBLEMS = (
    asked(
        "vjp",
        causal_heads,
        heads_data,
        causal_heads_by_hand,
        {"heads": 4, "t": 64, "d": 16},
        {"heads": 2, "t": 3, "d": 2},
        (0, 1, 2),
    ),
    asked(
        "gradient",
        transformer,
        transformer_data,
        transformer_by_hand,
        {"t": 64, "d": 64},
        {"t": 3, "d": 4},
        (0, 1, 2, 3),
    ),
)
