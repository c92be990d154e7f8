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


# ---- Zeros but for a diagonal ----------------------------------------------------------------------------------------

S = RNG.standard_normal((40, 40))
CUBE = np.zeros((12, 12, 12))
CUBE[(np.arange(12),) * 3] = 2.5
DIAGONALS = {
    "identity":      (lambda x: np.sin(x) + 3 * np.eye(40), (40, 40)),
    "numbers":       (lambda x: np.sin(x) + np.diag(np.arange(40.0)), (40, 40)),
    "minus":         (lambda x: np.sin(x) - np.eye(40), (40, 40)),
    "not finite":    (lambda x: np.sin(x) + np.diag(np.full(40, np.inf)), (40, 40)),
    "of some axes":  (lambda x: np.sin(x) + np.einsum("ik,jl->ijkl", np.ones((6, 5)), np.eye(7)), (6, 7, 5, 7)),
    "of all axes":   (lambda x: np.sin(x) + CUBE, (12, 12, 12)),
    "of two pairs":  (lambda x: np.sin(x) + np.einsum("ik,jl->ijkl", np.eye(6), np.eye(7)), (6, 7, 6, 7)),
    "not square":    (lambda x: np.sin(x) + np.eye(30, 40), (30, 40)),
    "beside it":     (lambda x: np.sin(x) + np.eye(40, k=1), (40, 40)),
}  # fmt: skip


@pytest.mark.parametrize("name", DIAGONALS)
def test_constants_that_are_diagonal(name: str) -> None:
    function, shape = DIAGONALS[name]
    x = RNG.standard_normal(shape)
    compiled = jac.compile(function)
    np.testing.assert_array_equal(compiled(x), function(x))
    assert ("einsum" in compiled.source) == (name not in ("minus", "not square", "beside it"))
    np.testing.assert_array_equal(compiled(2 * x), function(2 * x))


def test_equal_diagonals_are_added_first() -> None:
    def ridge(w: Any) -> Any:
        return jac.hessian(lambda w: 0.5 * (w @ w) ** 2 + np.sum(np.exp(w)), symmetric=False)(
            w
        ).to_array() + 3 * np.eye(40)

    w = RNG.standard_normal(40)
    compiled = jac.compile(ridge)
    expected = 4 * np.outer(w, w) + np.diag(2 * w @ w + np.exp(w) + 3)
    np.testing.assert_allclose(compiled(w), expected, rtol=1e-12)
    assert compiled.source.count("_view +=") == 1


@pytest.mark.parametrize("function", [lambda x, c: (x + c) - c, lambda x, c: (x - c) + c, lambda x, c: (c + x) - c])
def test_diagonals_that_are_taken_off_again(function: Any) -> None:
    x, c = RNG.standard_normal((40, 40)), 1e20 * np.eye(40)
    np.testing.assert_array_equal(jac.compile(lambda x: function(x, c))(x), function(x, c))


def test_a_ridge_is_added_to_the_diagonal() -> None:
    def ridge(w: Any) -> Any:
        return jac.hessian(lambda w: np.sum(np.exp(S @ w / 40)))(w).to_array() + 0.1 * np.eye(40)

    w = RNG.standard_normal(40)
    compiled = jac.compile(ridge)
    expected = (S.T * np.exp(S @ w / 40)) @ S / 1600 + 0.1 * np.eye(40)
    np.testing.assert_allclose(compiled(w), expected, rtol=1e-12)
    assert '_view = np.einsum("ii->i"' in compiled.source
