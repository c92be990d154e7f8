"""Compiled programs of arrays that are put together from parts: each part is computed by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.arrays import mirrored, scatter

RNG = np.random.default_rng(0)
A, b, w = RNG.standard_normal((300, 8)), RNG.standard_normal(300), RNG.uniform(1, 2, 300)
C = RNG.standard_normal((300, 5))
Y = RNG.standard_normal(300)


def compiled_like(function: Any, *arguments: Any) -> str:
    """The text of a compiled function, whose result has been compared with NumPy's."""
    compiled = jac.compile(function)
    found, expected = compiled(*arguments), function(*arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    assert found.dtype == expected.dtype
    return compiled.source


def together(A: Any, b: Any) -> Any:
    """Rows of one matrix, and a vector as the last row, as the engine puts them together."""
    n, m = A.shape[1], A.shape[0]
    size, shape = (n + 1) * m, (n + 1, m)
    first = (np.arange(n) * m + np.arange(m)[:, None]).reshape(-1)
    rows = scatter(np.reshape(A, (-1,)), first, size, True)
    last = scatter(b, np.arange(n * m, size), size, True)
    return np.reshape(rows, shape) + np.reshape(last, shape)


def test_products_of_parts() -> None:
    text = compiled_like(lambda A, b, C: together(A, b) @ C, A, b, C)
    assert "(9, 300)" not in text


def test_what_is_computed_entry_by_entry() -> None:
    text = compiled_like(lambda A, b, w, C: (w * (2.0 * together(A, b) - together(A, b) * b)) @ C, A, b, w, C)
    assert "(9, 300)" not in text


def test_zeros_that_nobody_wrote_stay_zeros_of_what_is_infinite() -> None:
    def half(b: Any, C: Any) -> Any:
        first = scatter(b, np.arange(1200, 1500), 2700, True)
        return np.reshape(first + scatter(np.exp(b), np.arange(1500, 1800), 2700, True), (9, 300)) @ C

    infinite = C.copy()
    infinite[3, 2] = np.inf
    compiled = jac.compile(half)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.isfinite(compiled(b, infinite)), np.isfinite(half(b, infinite)))
        assert np.isnan(compiled(b, infinite)[0, 2])
    finite = compiled(b, C)
    np.testing.assert_allclose(finite, half(b, C), rtol=1e-11, atol=1e-11)


def test_both_sides_of_parts_are_one_array() -> None:
    text = compiled_like(
        lambda A, C, w: (
            np.concatenate([A, C, A * w[:, None]], axis=1).T @ np.concatenate([A, C, A * w[:, None]], axis=1)
        ),
        *(A, C, w),
    )
    assert text.count("np.concatenate") == 1


def weibull(p: Any) -> Any:
    k = np.exp(p[8])
    u = k * (Y - A @ p[:8])
    return np.sum(np.exp(u) - u)


def test_hessian_of_parameters_in_one_vector() -> None:
    """The block of the coefficients is one symmetric product, and what is below the diagonal is not computed."""
    p = 0.1 * RNG.standard_normal(9)
    compiled = jac.compile(lambda p: jac.hessian(weibull)(p).to_array())
    found = compiled(p)
    k, u = np.exp(p[8]), np.exp(p[8]) * (Y - A @ p[:8])
    e = np.exp(u)
    expected = np.empty((9, 9))
    expected[:8, :8] = A.T @ (k * k * e[:, None] * A)
    expected[8, :8] = expected[:8, 8] = -k * (e * u + e - 1) @ A
    expected[8, 8] = np.sum(e * u * u + (e - 1) * u)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(found, found.T)
    assert "(9, 300)" not in compiled.source


def test_parts_below_the_diagonal_are_left_out() -> None:
    n = 40

    def matrix(x: Any, y: Any) -> Any:
        upper = np.reshape(scatter(np.reshape(np.exp(x), (-1,)), np.arange(n * n // 2), n * n, True), (n, n))
        rows = (np.arange(n // 2, n)[:, None] * n + np.arange(n // 2)).reshape(-1)
        lower = np.reshape(scatter(np.reshape(np.sin(y), (-1,)), rows, n * n, True), (n, n))
        return mirrored(upper + lower)

    x, y = RNG.standard_normal((20, 40)), RNG.standard_normal((20, 20))
    x[:, :20] = x[:, :20] + x[:, :20].T
    y[...] = np.arcsin(np.clip(np.exp(x[:, 20:].T), -1, 1))
    compiled = jac.compile(matrix)
    np.testing.assert_array_equal(compiled(x, y), matrix(x, y))
    assert "np.sin" not in compiled.source


def test_boxes_are_slices() -> None:
    def put(x: Any) -> Any:
        positions = (np.arange(3, 33)[:, None] * 50 + np.arange(10, 20)).reshape(-1)
        return np.reshape(scatter(np.reshape(np.exp(x), (-1,)), positions, 2500, True), (50, 50))

    text = compiled_like(put, RNG.standard_normal((30, 10)))
    assert "[3:33, 10:20]" in text


@pytest.mark.parametrize("width", [(), (3,), (4, 2)])
@pytest.mark.parametrize("places", [5, 40, 900])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_at_few_places(width: tuple[int, ...], places: int, dtype: Any) -> None:
    """What is not finite reaches its own place alone."""
    index = RNG.integers(0, places, 2100) * 2
    x = RNG.standard_normal((2100, *width)).astype(dtype)

    def summed(x: Any) -> Any:
        return scatter(np.exp(x), index, 2 * places + 1, False)

    compiled = jac.compile(summed)
    tolerance = 1e-11 if dtype is np.float64 else 1e-4
    np.testing.assert_allclose(compiled(x), summed(x), rtol=tolerance)
    assert compiled(x).dtype == dtype
    x[7] = np.inf
    np.testing.assert_allclose(compiled(x), summed(x), rtol=tolerance)


def test_a_constant_of_which_little_is_left() -> None:
    """It is not copied where all but a few of its entries are written to."""
    n = 3000

    def energy(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x = RNG.standard_normal(n)
    compiled = jac.compile(lambda x: jac.hessian(energy)(x).to_sparse())
    found = compiled(x).toarray()
    diagonal = np.zeros(n)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    expected = np.diag(diagonal) + np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)
    assert ".copy()" not in compiled.source


def test_a_constant_of_which_nothing_is_left() -> None:
    """What is added to all of its entries is written there, each entry from another part."""
    c = np.linspace(1.0, 2.0, 60)
    even, odd = np.arange(0, 60, 2), np.arange(1, 60, 2)

    def summed(x: Any) -> Any:
        parts = scatter(np.exp(x[:30]), even, 60, True) + scatter(np.sin(x[30:]), odd, 60, True)
        return c + parts

    x = RNG.standard_normal(60)
    expected = c.copy()
    expected[even] += np.exp(x[:30])
    expected[odd] += np.sin(x[30:])
    np.testing.assert_allclose(jac.compile(summed)(x), expected, rtol=1e-14)
