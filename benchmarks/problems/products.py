"""Matrix products: the Jacobian of X W for W, dense and as terms; attention and distances, products beside deltas."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import along, check_jacobian, difference, random_like

__all__ = ["PROBLEMS"]


def product(np: Any) -> Any:
    def f(W, X):
        return X @ W

    return f


def make_dense(n: int, k: int, m: int) -> Case:
    rng = np.random.default_rng(0)
    arguments = (rng.standard_normal((k, m)), rng.standard_normal((n, k)))
    f = product(np)
    jacobian = jac.jacobian(f)

    def hand(W, X):
        (n, k), m = X.shape, W.shape[1]
        J = np.zeros((n, m, k, m))
        np.einsum("iaka->iak", J)[...] = X[:, None, :]
        return J

    return Case(
        "jacobian",
        product,
        arguments,
        ours=lambda W, X: jacobian(W, X).to_array(),
        hand=hand,
        check=lambda found: check_jacobian(f, arguments, 0, found),
        plan=lambda: jacobian(*arguments),
    )


def make_terms(n: int, k: int, m: int) -> Case:
    rng = np.random.default_rng(0)
    arguments = (rng.standard_normal((k, m)), rng.standard_normal((n, k)))
    f = product(np)
    jacobian = jac.jacobian(f, mode="explicit")

    def check(found: Any) -> float:
        (h,) = random_like([arguments[0]], 0)
        # The expert's answer is X itself, with J[i a | k b] = X[i k] delta[a b] in mind, so that J h = X h.
        return difference(found @ h, along(f, arguments, 0, [h]))

    return Case(
        "terms",
        product,
        arguments,
        ours=jacobian,
        hand=lambda W, X: X,
        check=check,
        plan=lambda: jacobian(*arguments),
    )


def attention(np: Any) -> Any:
    def f(X):
        S = X @ X.T / X.shape[1] ** 0.5
        E = np.exp(S)
        return E @ X / np.sum(E, axis=1, keepdims=True)

    return f


def make_attention(n: int, d: int) -> Case:
    X = np.random.default_rng(0).standard_normal((n, d))
    f = attention(np)
    jacobian = jac.jacobian(f)

    def hand(X):
        # Y = P X, P = softmax(S), S = X X.T / c:
        # dY = P dX + (P * dS) X - rowsum(P * dS) Y,  dS = (dX X.T + X dX.T) / c
        n, d = X.shape
        c = d**0.5
        P = np.exp(X @ X.T / c)
        P /= np.sum(P, axis=1, keepdims=True)
        Y = P @ X
        centred = P[:, None, :] * (X.T[None] - Y[:, :, None])  # [i, a, k]
        centred /= c
        J = centred[..., None] * X[:, None, None, :]  # through the second factor of S: [i, a, k, b]
        rows = np.arange(n)
        J[rows, :, rows, :] += centred @ X  # through the first one, k = i
        np.einsum("iaka->aik", J)[...] += P  # through X beside P, b = a
        return J

    return Case(
        "jacobian",
        attention,
        (X,),
        ours=lambda X: jacobian(X).to_array(),
        hand=hand,
        check=lambda found: check_jacobian(f, (X,), 0, found),
        plan=lambda: jacobian(X),
    )


def distances(np: Any) -> Any:
    def f(X):
        difference = X[:, None, :] - X[None, :, :]
        return np.sqrt(np.sum(difference**2, axis=2) + 1e-3)

    return f


def make_distances(n: int, d: int) -> Case:
    X = np.random.default_rng(0).standard_normal((n, d))
    f = distances(np)
    jacobian = jac.jacobian(f)

    def hand(X):
        n, d = X.shape
        delta = X[:, None, :] - X[None, :, :]
        unit = delta / np.sqrt(np.sum(delta**2, axis=2, keepdims=True) + 1e-3)
        J = np.zeros((n, n, n, d))
        np.einsum("ijid->ijd", J)[...] = unit
        np.einsum("ijjd->ijd", J)[...] -= unit
        return J

    return Case(
        "jacobian",
        distances,
        (X,),
        ours=lambda X: jacobian(X).to_array(),
        hand=hand,
        check=lambda found: check_jacobian(f, (X,), 0, found),
        plan=lambda: jacobian(X),
    )


PROBLEMS = (
    Problem(
        "product-dense",
        "Jacobian of X W for W, dense",
        make_dense,
        full={"64 x 64 x 64": {"n": 64, "k": 64, "m": 64}},
        small={"3 x 4 x 2": {"n": 3, "k": 4, "m": 2}},
        targets=(Target(1.1),),
    ),
    Problem(
        "product-terms",
        "Jacobian of X W for W, held as terms",
        make_terms,
        full={"64 x 64 x 64": {"n": 64, "k": 64, "m": 64}},
        small={"3 x 4 x 2": {"n": 3, "k": 4, "m": 2}},
    ),
    Problem(
        "attention",
        "Jacobian of softmax(X X^T) X, dense",
        make_attention,
        full={"64 x 32": {"n": 64, "d": 32}},
        small={"4 x 3": {"n": 4, "d": 3}},
        targets=(Target(1.2),),
    ),
    Problem(
        "distances",
        "Jacobian of pairwise distances, dense",
        make_distances,
        full={"150 x 3": {"n": 150, "d": 3}},
        small={"4 x 3": {"n": 4, "d": 3}},
        targets=(Target(1.2),),
    ),
)
