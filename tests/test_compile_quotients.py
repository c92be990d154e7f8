"""Compiled quotients: one division for several arrays by the same one, and no reciprocal for one product."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_values(dtype: type) -> None:
    a, b, c = [(1 + RNG.random((5, 4))).astype(dtype) for _ in range(3)]

    def f(a: Any, b: Any, c: Any) -> Any:
        return a * (1 / b), (a / c, b / c, 2 / c, 1 / c), 1 / a

    compiled = jac.compile(f)
    found, expected = compiled(a, b, c), f(a, b, c)
    for ours, theirs in zip((found[0], *found[1], found[2]), (expected[0], *expected[1], expected[2]), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-6 if dtype is np.float32 else 1e-15)
    assert "a / b" in compiled.source
    assert compiled.source.count("/ c") == 1


def test_numbers_divided() -> None:
    """A number goes into the one division there is; beside others it multiplies their reciprocal."""
    x = RNG.uniform(1, 2, 50)
    single = jac.compile(lambda x: 3 * (1 / (x + 1)))
    np.testing.assert_allclose(single(x), 3 / (x + 1), rtol=1e-15)
    assert "3 / " in single.source.replace("3.0", "3")
    several = jac.compile(lambda x: (3 * (1 / (x + 1)), np.sin(x) / (x + 1), 1 / (x + 1)))
    for found, expected in zip(several(x), (3 / (x + 1), np.sin(x) / (x + 1), 1 / (x + 1)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert several.source.count(" / ") == 1


def test_what_is_not_finite() -> None:
    values = np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan])
    a, b = [part.copy() for part in np.meshgrid(values, values)]
    with np.errstate(all="ignore"):
        found = jac.compile(lambda a, b: (a * (1 / b), np.exp(a) / (b + 1), a / (b + 1)))(a, b)
        for ours, theirs in zip(found, (a * (1 / b), np.exp(a) / (b + 1), a / (b + 1)), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_true() -> None:
    x = RNG.standard_normal(5)
    compiled = jac.compile(lambda x: np.logical_and(x > 0, True))
    np.testing.assert_array_equal(compiled(x), x > 0)
    assert "logical_and" not in compiled.source


def test_quotients_by_one_array_in_a_sum() -> None:
    """Their common reciprocal is taken out of the difference, and a number is not multiplied with it."""
    Y, P, W = RNG.standard_normal((70, 3)), RNG.random((70, 70)), RNG.random((70, 70))

    def loss(Y: Any, P: Any, W: Any) -> Any:
        D = 1 + np.sum((Y[:, None] - Y) ** 2, axis=2)
        return np.sum(P * np.log(D)) + np.log(np.sum(W / D))

    compiled = jac.compile(jac.grad(loss))
    apart = Y[:, None] - Y
    D = 1 + np.sum(apart**2, axis=2)
    slope = P / D - W / D**2 / np.sum(W / D)
    slope = 2 * (slope + slope.T)
    np.testing.assert_allclose(compiled(Y, P, W), np.sum(slope[:, :, None] * apart, axis=1), rtol=1e-12)
    large = [line for line in compiled.source.splitlines() if "np.divide" in line or " / " in line]
    assert len(large) == 2  # the reciprocal, and that of the sum, which is a number
    assert "2.0 *" not in compiled.source
    assert re.search(r"(v\d+) = (v\d+) \+ \2\n *return \1\n", compiled.source)  # it is one of the result
