"""Rows that are looked up, and sums over the edges of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from .question import asked

__all__ = ["PROBLEMS"]


def graph_network(np: Any, W: Any, V: Any, X: Any, tails: Any, heads: Any, y: Any) -> Any:
    """Two layers that send messages along edges, gradient for the weights."""
    H = X
    for M in (W, V):
        messages = (H @ M)[tails]
        received = np.zeros_like(messages, shape=H.shape)
        np.add.at(received, heads, messages)
        H = np.tanh(received + H)
    return np.sum((np.sum(H, axis=1) - y) ** 2) / 2


def graph_data(rng: np.random.Generator, n: int, edges: int, d: int) -> tuple[Any, ...]:
    W, V, X = *rng.standard_normal((2, d, d)) / d, rng.standard_normal((n, d))
    return W, V, X, rng.integers(n, size=edges), rng.integers(n, size=edges), rng.standard_normal(n)


def graph_network_by_hand(W: Any, V: Any, X: Any, tails: Any, heads: Any, y: Any) -> Any:
    ones, pointers = np.ones(len(tails)), np.arange(len(tails) + 1)
    n = len(X)
    gathered = scipy.sparse.csr_array((ones, tails, pointers), shape=(len(tails), n))
    scattered = scipy.sparse.csr_array((ones, heads, pointers), shape=(len(tails), n)).T
    adjacency = scattered @ gathered
    A = adjacency @ (X @ W)
    A += X
    np.tanh(A, out=A)
    B = adjacency @ (A @ V)
    B += A
    np.tanh(B, out=B)
    r = B.sum(axis=1) - y
    B *= B
    np.subtract(1, B, out=B)
    B *= r[:, None]
    back = adjacency.T @ B
    dV = A.T @ back
    B += back @ V.T
    A *= A
    np.subtract(1, A, out=A)
    B *= A
    return X.T @ (adjacency.T @ B), dV


def embedding_lookup(np: Any, E: Any, w: Any, words: Any, y: Any) -> Any:
    """Mean of the embeddings of words and a logistic loss, gradient for embeddings and weights."""
    return np.sum(np.log1p(np.exp(-y * (np.mean(E[words], axis=1) @ w))))


def embedding_data(rng: np.random.Generator, n: int, length: int, words: int, d: int) -> tuple[Any, ...]:
    E, w = rng.standard_normal((words, d)), rng.standard_normal(d)
    return E, w, rng.integers(words, size=(n, length)), np.sign(rng.standard_normal(n))


def embedding_by_hand(E: Any, w: Any, words: Any, y: Any) -> Any:
    n, length = words.shape
    pointers = np.arange(0, words.size + 1, length)
    counts = scipy.sparse.csr_array((np.full(words.size, 1 / length), words.ravel(), pointers), shape=(n, len(E)))
    means = counts @ E
    s = -y / (1 + np.exp(y * (means @ w)))
    return np.outer(counts.T @ s, w), s @ means


PROBLEMS = (
    asked(
        "gradient",
        graph_network,
        graph_data,
        graph_network_by_hand,
        {"n": 500, "edges": 3000, "d": 16},
        {"n": 4, "edges": 7, "d": 2},
        (0, 1),
    ),
    asked(
        "gradient",
        embedding_lookup,
        embedding_data,
        embedding_by_hand,
        {"n": 200, "length": 12, "words": 1000, "d": 16},
        {"n": 3, "length": 2, "words": 5, "d": 2},
        (0, 1),
    ),
)
