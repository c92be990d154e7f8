"""Compiled sums with constants: they meet, and one of a single number is that number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((6, 6)), RNG.standard_normal((6, 6))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: A + np.sin(x) + B, "c0 + c1"),
        (lambda x: (A - np.sin(x)) + B, "c1"),
        (lambda x: B + (np.sin(x) + A), "c1"),
        (lambda x: np.ones((6, 6)) - np.sin(x), "c0"),
        (lambda x: np.sin(x) + np.full(6, 2.0), "c0"),
        (lambda x: 0.5 * (A + 4.0 * x[:, :1] * x[0]), "0.5"),
    ],
)
def test_constants_meet(function: Any, text: str) -> None:
    x = RNG.standard_normal((6, 6))
    compiled = jac.compile(function)
    np.testing.assert_allclose(compiled(x), function(x), rtol=1e-14, atol=1e-15)
    assert text not in compiled.source


def test_roundings_that_are_meant() -> None:
    x = np.full((6, 6), 1e-17)
    large = np.ones((6, 6)) + np.arange(6)
    np.testing.assert_array_equal(jac.compile(lambda x: (x + large) - large)(x), np.zeros((6, 6)))


def test_hessian_of_a_quadratic_form() -> None:
    x = RNG.standard_normal(6)
    compiled = jac.compile(lambda x: jac.hessian(lambda x: 0.5 * x @ A @ x + 0.25 * (x @ x) ** 2)(x).to_array())
    expected = 0.5 * (A + A.T) + 2 * np.outer(x, x) + x @ x * np.eye(6)
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-14)
    assert "0.5" not in compiled.source


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_constants_that_are_not_finite(value: float) -> None:
    C = A.copy()
    C[0, 0], C[1, 1] = value, -value
    x = RNG.standard_normal((6, 6))
    x[1, 1] = value
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(jac.compile(lambda x: C + np.sin(x) + A)(x), C + np.sin(x) + A, rtol=1e-14)
