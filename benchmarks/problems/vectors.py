"""Products with vectors: VJP, JVP and Hessian-vector product of elementwise chains with a reduction, 10^6 numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import along, difference, random_like, second

__all__ = ["PROBLEMS"]


def normalised(np: Any) -> Any:
    def f(x):
        y = np.sin(x) * np.exp(-(x**2) / 2)
        return y / np.sqrt(np.sum(y**2))

    return f


def energy(np: Any) -> Any:
    def f(x):
        y = np.sin(x) * np.exp(-(x**2) / 2)
        return np.log(np.sum(y**2))

    return f


def parts(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y = sin(x) exp(-x^2 / 2), and its derivative (cos(x) - x sin(x)) exp(-x^2 / 2)."""
    e = x * x
    e *= -0.5
    np.exp(e, out=e)
    y, slope = np.sin(x), np.cos(x)
    slope -= x * y
    slope *= e
    y *= e
    return y, slope


def seeded(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal(n), rng.standard_normal(n)


def make_vjp(n: int) -> Case:
    x, c = seeded(n)
    f = normalised(np)

    def ours(x, c):
        _, pullback = jac.vjp(f, x)
        return pullback(c)[0]

    def hand(x, c):
        # z = y / r, r = |y|: c dz = (c - (c . y) y / r^2) / r dy
        y, slope = parts(x)
        square = y @ y
        y *= -(c @ y) / square
        y += c
        y *= slope
        y /= square**0.5
        return y

    def check(found: Any) -> float:
        directions = [*random_like([x] * 6, 0), np.eye(1, n)[0] * n**0.5]
        expected = [np.sum(c * along(f, (x,), 0, [h])) for h in directions]
        return difference(np.array([np.sum(found * h) for h in directions]), np.array(expected))

    return Case(
        "vjp",
        normalised,
        (x, c),
        ours=ours,
        hand=hand,
        check=check,
        plan=lambda: jac.plan(lambda x: np.sum(c * f(x)), x, order="reverse"),
        data={"fuse": True},
    )


def make_jvp(n: int) -> Case:
    x, h = seeded(n)
    f = normalised(np)

    def hand(x, h):
        y, slope = parts(x)
        square = y @ y
        slope *= h
        y *= -(y @ slope) / square
        y += slope
        y /= square**0.5
        return y

    return Case(
        "jvp",
        normalised,
        (x, h),
        ours=lambda x, h: jac.jvp(f, (x,), (h,))[1],
        hand=hand,
        check=lambda found: difference(found, along(f, (x,), 0, [h])),
        plan=lambda: jac.plan(lambda t: f(x + t * h), 0.0, order="forward"),
        data={"fuse": True},
    )


def make_hvp(n: int) -> Case:
    x, h = seeded(n)
    f = energy(np)

    def hand(x, h):
        # f = log s, s = y . y: g = 2 y y' / s; H h = 2 (y'^2 + y y'') h / s - g (g . h)
        # y'' = (x^2 - 2) y - 2 x cos(x) e, and x cos(x) e = x (y' + x y), so y'' = -(x^2 + 2) y - 2 x y'
        y, slope = parts(x)
        s = y @ y
        curve = x * x
        curve += 2
        curve *= y
        curve += 2 * x * slope
        curve *= y
        result = slope * slope
        result -= curve
        result *= h
        y *= slope  # s g / 2
        result *= 2 / s
        y *= -4 * (y @ h) / s**2
        result += y
        return result

    def check(found: Any) -> float:
        if np.shape(found) != (n,):
            return float("inf")
        directions = [*random_like([x] * 3, 1), h]
        expected = [second(f, (x,), 0, u, h) for u in directions]
        return difference(np.array([np.sum(found * u) for u in directions]), np.array(expected))

    return Case(
        "hvp",
        energy,
        (x, h),
        ours=lambda x, h: jac.hvp(f, (x,), (h,))[0],
        hand=hand,
        check=check,
        plan=lambda: jac.plan(lambda x: np.sum(h * jac.grad(f)(x)), x, order="reverse"),
        data={"fuse": True},
    )


FULL, SMALL = {"10^6": {"n": 1_000_000}}, {"5": {"n": 5}}
TARGETS = (Target(1.0), Target(1.0, "jax", threads=2))

PROBLEMS = (
    Problem("vjp", "VJP of y / |y|, y = sin(x) exp(-x^2 / 2)", make_vjp, FULL, SMALL, TARGETS),
    Problem("jvp", "JVP of y / |y|, y = sin(x) exp(-x^2 / 2)", make_jvp, FULL, SMALL, TARGETS),
    Problem("hvp", "HVP of log(y . y), y = sin(x) exp(-x^2 / 2)", make_hvp, FULL, SMALL, TARGETS),
)
