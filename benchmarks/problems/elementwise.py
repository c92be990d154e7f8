"""An elementwise function, sin(exp(-x^2)): its Jacobian as a dense array, and as the diagonal that it is."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import along, check_jacobian, difference

__all__ = ["PROBLEMS"]


def wave(np: Any) -> Any:
    def f(x):
        return np.sin(np.exp(-(x**2)))

    return f


def slope(x: np.ndarray) -> np.ndarray:
    """The derivative, with few temporaries."""
    e = x * x
    np.negative(e, out=e)
    np.exp(e, out=e)
    d = np.cos(e)
    d *= e
    d *= x
    d *= -2
    return d


def make_dense(n: int) -> Case:
    x = np.random.default_rng(0).standard_normal(n)
    f = wave(np)
    jacobian = jac.jacobian(f)

    def hand(x):
        J = np.zeros((len(x), len(x)))
        np.einsum("ii->i", J)[...] = slope(x)
        return J

    return Case(
        "jacobian",
        wave,
        (x,),
        ours=lambda x: jacobian(x).to_array(),
        hand=hand,
        check=lambda found: check_jacobian(f, (x,), 0, found),
        plan=lambda: jacobian(x),
        data={"elementwise": True},
    )


def make_diagonal(n: int) -> Case:
    x = np.random.default_rng(0).standard_normal(n)
    f = wave(np)
    jacobian = jac.jacobian(f)
    return Case(
        "diagonal",
        wave,
        (x,),
        ours=lambda x: jacobian(x).diagonal(),
        hand=slope,
        check=lambda found: difference(found, along(f, (x,), 0, [np.ones(n)])),
        plan=lambda: jacobian(x),
        data={"elementwise": True, "fuse": True},
    )


PROBLEMS = (
    Problem(
        "wave-dense",
        "Jacobian of sin(exp(-x^2)), dense",
        make_dense,
        full={"4000": {"n": 4000}},
        small={"5": {"n": 5}},
        targets=(Target(1.0),),
    ),
    Problem(
        "wave-diagonal",
        "Jacobian of sin(exp(-x^2)), its diagonal",
        make_diagonal,
        full={"10^6": {"n": 1_000_000}},
        small={"5": {"n": 5}},
        targets=(Target(1.0), Target(0.5, threads=2)),
    ),
)
