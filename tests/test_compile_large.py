"""Random programs on large arrays, compiled: gradients against differences along a direction, arguments unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jacobians as jac

ROWS, COLUMNS = 20_000, 3


def random_program(seed: int, n: int = ROWS, m: int = COLUMNS) -> Callable[[Any], list[Any]]:
    """A function of a large array that moves, multiplies and chooses entries in random order."""
    rng = np.random.default_rng(seed)
    steps = [[int(k) for k in (rng.integers(14), *rng.integers(4, size=3))] for _ in range(14)]
    C, W, index = rng.normal(size=(n, m)), rng.normal(size=(m, m)) / m, rng.integers(0, n, n)
    calls: list[Callable[[Any, Any], Any]] = [
        lambda z, o: z * o,
        lambda z, o: np.tanh(z) + o,
        lambda z, o: z / (1 + o * o),
        lambda z, o: np.roll(z, 1, 0) - o,
        lambda z, o: z[index] * C,
        lambda z, o: z @ W + o,
        lambda z, o: np.exp(-z * z) * o,
        lambda z, o: z - z.mean(axis=0),
        lambda z, o: z * np.sum(o, axis=1, keepdims=True) * 0.01,
        lambda z, o: np.sqrt(1 + z * z) * o,
        lambda z, o: np.where(C > 0, z, 0.3 * o),
        lambda z, o: np.concatenate([z[1:], o[:1]]),
        lambda z, o: np.reshape(np.reshape(z, (m, n)).T, (n, m)) * 0.5 + o,
        lambda z, o: np.sqrt(1 + z * z) + o.T.reshape(n, m),
    ]

    def f(x: Any) -> list[Any]:
        u = np.reshape(x, (n, m))
        arrays = [u, np.sin(u) * C, np.tanh(u @ W), u * 0.5]
        for kind, first, second, place in steps:
            arrays[place] = calls[kind](arrays[first], arrays[second])
        return arrays

    return f


@pytest.mark.parametrize("seed", range(12))
def test_gradients_of_large_programs(seed):
    f = random_program(seed)
    weights = np.random.default_rng(100 + seed).normal(size=(ROWS, COLUMNS))

    def total(x: Any) -> Any:
        result = 0.0
        for array in f(x):
            result = result + np.sum(np.tanh(array) * weights)
        return result

    x = np.random.default_rng(1).normal(size=ROWS * COLUMNS)
    h = np.random.default_rng(2).normal(size=x.shape)
    before = x.copy()
    gradient = jac.compile(jac.grad(total))
    found = gradient(x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(gradient(x), found)
    step = 1e-5
    change = (total(x + step * h) - total(x - step * h)) / (2 * step)
    scale = np.linalg.norm(found) * np.linalg.norm(h) / h.size**0.5
    np.testing.assert_allclose(found @ h, change, rtol=0, atol=1e-5 * scale)
    values = jac.compile(f)(x)
    for one, other in zip(values, f(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(x, before)


def test_the_gradient_of_very_many_slices():
    # Each slice adds to the gradient; the sum is deeper than Python's stack.
    functions = (np.sin, np.cos, np.tanh, np.exp, np.arctan, np.sinh)
    chosen = np.random.default_rng(0).integers(0, 6, 1300)

    def total(x):
        return sum([np.sum(functions[n](x[2 * i : 2 * i + 2])) for i, n in enumerate(chosen)])

    x = np.linspace(-1, 1, 3000)
    slope = jac.compile(jac.grad(total))
    _ = slope(x + 0.1)
    parts = (np.cos, lambda x: -np.sin(x), lambda x: 1 / np.cosh(x) ** 2, np.exp, lambda x: 1 / (1 + x * x), np.cosh)
    expected = [parts[n](x[2 * i : 2 * i + 2]) for i, n in enumerate(chosen)]
    np.testing.assert_allclose(slope(x), np.concatenate([*expected, np.zeros(400)]), rtol=1e-12)
