"""A mixture of Gaussians (ADBench): the gradient of the log-likelihood with a Wishart prior, on seeded data.

The parameters are ADBench's: weights alpha (K), means (K, D), and for each component the logarithms q of the diagonal
of a triangular matrix Q, followed by its lower entries column by column.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_gradient

__all__ = ["PROBLEMS"]

GAMMA, WISHART = 1.0, 0


def lower_positions(D: int) -> np.ndarray:
    """Where each entry of Q stands in (0, lower entries column by column): 0 on and above the diagonal."""
    positions = np.zeros((D, D), int)
    columns, rows = np.triu_indices(D, 1)  # column by column of the lower triangle
    positions[rows, columns] = 1 + np.arange(len(rows))
    return positions


def likelihood(D: int) -> Any:
    """``function(np)`` for points of D coordinates."""
    positions = lower_positions(D)
    eye = np.eye(D)

    def function(np: Any) -> Any:
        def logsumexp(a, axis):
            top = np.max(a, axis=axis, keepdims=True)
            return np.log(np.sum(np.exp(a - top), axis=axis)) + np.squeeze(top, axis)

        def f(alphas, means, icf, X):
            n, K = X.shape[0], alphas.shape[0]
            q, lower = icf[:, :D], icf[:, D:]
            diagonal = np.exp(q)
            Q = diagonal[:, :, None] * eye + np.concatenate([np.zeros((K, 1)), lower], axis=1)[:, positions]
            centred = X[:, None, :] - means
            y = np.einsum("kij,nkj->nki", Q, centred)
            inner = alphas + np.sum(q, axis=1) - np.sum(y**2, axis=2) / 2
            prior = GAMMA**2 / 2 * (np.sum(diagonal**2) + np.sum(lower**2)) - WISHART * np.sum(q)
            return np.sum(logsumexp(inner, 1)) - n * logsumexp(alphas, 0) - prior

        return f

    return function


def make(n: int, D: int, K: int) -> Case:
    rng = np.random.default_rng(0)
    icf = 0.5 * rng.standard_normal((K, D + D * (D - 1) // 2))
    arguments = (rng.standard_normal(K), rng.uniform(0, 1, (K, D)), icf, rng.standard_normal((n, D)))
    function = likelihood(D)
    f = function(np)
    positions = lower_positions(D)
    columns, rows = np.triu_indices(D, 1)

    def hand(alphas, means, icf, X):
        n, K = len(X), len(alphas)
        q, lower = icf[:, :D], icf[:, D:]
        diagonal = np.exp(q)
        Q = np.concatenate([np.zeros((K, 1)), lower], axis=1)[:, positions]
        np.einsum("kii->ki", Q)[...] = diagonal
        shift = np.matvec(Q, means)
        Y = Q.reshape(K * D, D) @ X.T  # one GEMM for all components
        Y -= shift.reshape(-1, 1)
        Y = Y.reshape(K, D, n)
        W = np.einsum("kin,kin->kn", Y, Y)
        W *= -0.5
        W += (alphas + q.sum(axis=1))[:, None]
        W -= W.max(axis=0)
        np.exp(W, out=W)
        W /= W.sum(axis=0)
        Y *= W[:, None, :]
        total = Y.sum(axis=2)
        # d inner[k, n] / d Q = -y (x - mu).T, d inner / d mu = Q.T y
        dQ = (Y.reshape(K * D, n) @ X).reshape(K, D, D)
        dQ -= total[:, :, None] * means[:, None, :]
        mass = W.sum(axis=1)
        top = np.exp(alphas - alphas.max())
        d_icf = np.empty_like(icf)
        d_icf[:, :D] = mass[:, None] - np.einsum("kii->ki", dQ) * diagonal - GAMMA**2 * diagonal**2 + WISHART
        d_icf[:, D:] = -dQ[:, rows, columns] - GAMMA**2 * lower
        return mass - n * top / top.sum(), np.vecmat(total, Q), d_icf

    return Case(
        "gradient",
        function,
        arguments,
        argnums=(0, 1, 2),
        ours=jac.grad(f, argnums=(0, 1, 2)),
        hand=hand,
        check=lambda found: check_gradient(f, arguments, (0, 1, 2), found),
        plan=lambda: jac.plan(f, *arguments, argnums=(0, 1, 2), order="reverse"),
        data={"fuse": True},
    )


PROBLEMS = (
    Problem(
        "mixture",
        "Gaussian mixture (ADBench GMM), gradient",
        make,
        full={"10,000 x 10, K = 25": {"n": 10_000, "D": 10, "K": 25}},
        small={"6 x 3, K = 2": {"n": 6, "D": 3, "K": 2}},
        targets=(Target(2.0),),
    ),
)
