"""A chain of thin and thick matrices with tanh between: its Jacobian is a product, and the order of it matters."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_jacobian

__all__ = ["PROBLEMS"]


def bottlenecks(np: Any) -> Any:
    def f(x, A, B, C, D):
        return A @ np.tanh(B @ np.tanh(C @ np.tanh(D @ x)))

    return f


def make(wide: int, thin: int) -> Case:
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.standard_normal((rows, columns)) / columns**0.5

    arguments = (
        rng.standard_normal(wide),
        matrix(wide, thin),
        matrix(thin, wide),
        matrix(wide, thin),
        matrix(thin, wide),
    )
    f = bottlenecks(np)
    jacobian = jac.jacobian(f)

    def hand(x, A, B, C, D):
        u = np.tanh(D @ x)
        v = np.tanh(C @ u)
        w = np.tanh(B @ v)
        core = (1 - w * w)[:, None] * ((B * (1 - v * v)) @ C) * (1 - u * u)
        return A @ (core @ D)

    return Case(
        "jacobian",
        bottlenecks,
        arguments,
        ours=lambda *arguments: jacobian(*arguments).to_array(),
        hand=hand,
        check=lambda found: check_jacobian(f, arguments, 0, found),
        plan=lambda: jacobian(*arguments),
    )


PROBLEMS = (
    Problem(
        "bottlenecks",
        "Jacobian of A tanh(B tanh(C tanh(D x)))",
        make,
        full={"1000-20-1000-20-1000": {"wide": 1000, "thin": 20}},
        small={"5-2-5-2-5": {"wide": 5, "thin": 2}},
        targets=(Target(1.2),),
    ),
)
