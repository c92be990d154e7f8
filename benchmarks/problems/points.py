"""Distances between points: the embedding of t-SNE, and clusters to which points belong in part."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_gradient

__all__ = ["PROBLEMS"]


def embedding(np: Any) -> Any:
    def loss(Y, P, others):
        D = np.sum((Y[:, None, :] - Y[None, :, :]) ** 2, axis=2)
        return np.sum(P * np.log1p(D)) + np.log(np.sum(others / (1 + D)))

    return loss


def make_embedding(n: int) -> Case:
    rng = np.random.default_rng(0)
    P = rng.random((n, n))
    P += P.T
    P.flat[:: n + 1] = 0
    P /= P.sum()
    arguments = (rng.standard_normal((n, 2)), P, 1 - np.eye(n))
    f = embedding(np)

    def hand(Y, P, others):
        squares = np.einsum("ij,ij->i", Y, Y)
        W = Y @ Y.T
        W *= -2
        W += squares + 1
        W += squares[:, None]
        np.divide(1, W, out=W)
        Q = W * W
        Q *= others
        Q *= 1 / (W.sum() - np.trace(W))
        W *= P
        W -= Q
        W *= 4
        return W.sum(axis=1)[:, None] * Y - W @ Y

    return Case(
        "gradient",
        embedding,
        arguments,
        ours=jac.grad(f),
        hand=hand,
        check=lambda found: check_gradient(f, arguments, 0, found),
        plan=lambda: jac.plan(f, *arguments, order="reverse"),
    )


def clusters(np: Any) -> Any:
    def loss(C, X):
        D = np.sum((X[:, None, :] - C[None, :, :]) ** 2, axis=2)
        return -np.sum(np.log(np.sum(np.exp(-D), axis=1)))

    return loss


def make_clusters(n: int, k: int, d: int) -> Case:
    rng = np.random.default_rng(0)
    arguments = (rng.standard_normal((k, d)), rng.standard_normal((n, d)))
    f = clusters(np)

    def hand(C, X):
        W = X @ C.T
        W *= 2
        W -= np.einsum("ij,ij->i", C, C)
        W -= W.max(axis=1, keepdims=True)
        np.exp(W, out=W)
        W /= W.sum(axis=1, keepdims=True)
        gradient = W.sum(axis=0)[:, None] * C - W.T @ X
        gradient *= 2
        return gradient

    return Case(
        "gradient",
        clusters,
        arguments,
        ours=jac.grad(f),
        hand=hand,
        check=lambda found: check_gradient(f, arguments, 0, found),
        plan=lambda: jac.plan(f, *arguments, order="reverse"),
    )


PROBLEMS = (
    Problem(
        "embedding",
        "Embedding of points (t-SNE), gradient",
        make_embedding,
        full={"300 x 2": {"n": 300}},
        small={"6 x 2": {"n": 6}},
        targets=(Target(1.1),),
    ),
    Problem(
        "clusters",
        "Points that belong to clusters in part, gradient for the centres",
        make_clusters,
        full={"2000 x 8, 20": {"n": 2000, "k": 20, "d": 8}},
        small={"7 x 3, 2": {"n": 7, "k": 2, "d": 3}},
        targets=(Target(1.1),),
    ),
)
