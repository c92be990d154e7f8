"""The lesson: the gradient of a squared residual for a 2 x 2 matrix and a vector; nothing but overhead is measured."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_gradient

__all__ = ["PROBLEMS"]


def squared_residual(np: Any) -> Any:
    def loss(W, b, x):
        return np.sum((W @ x + b) ** 2)

    return loss


def make(n: int) -> Case:
    rng = np.random.default_rng(0)
    arguments = (rng.standard_normal((n, n)), rng.standard_normal(n), rng.standard_normal(n))
    f = squared_residual(np)

    def hand(W, b, x):
        r = W @ x + b
        r += r
        return r[:, None] * x, r

    return Case(
        "gradient",
        squared_residual,
        arguments,
        argnums=(0, 1),
        ours=jac.grad(f, argnums=(0, 1)),
        hand=hand,
        check=lambda found: check_gradient(f, arguments, (0, 1), found),
        plan=lambda: jac.plan(f, *arguments, argnums=(0, 1), order="reverse"),
    )


PROBLEMS = (
    Problem(
        "affine",
        "gradient of |W x + b|^2 for W and b",
        make,
        full={"2 x 2": {"n": 2}},
        small={"2 x 2": {"n": 2}},
        targets=(Target(2.0), Target(1.0, "jax")),
    ),
)
