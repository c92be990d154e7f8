"""Sums and extrema over neighbours: as few calls as doubling takes, and the numbers that NumPy has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac

COUNTS = [8, 9, 15, 16, 25, 31, 100]


def windows(x: Any, count: int) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, count)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("count", COUNTS)
def test_sums_of_windows_and_what_they_hand_back(count: int, dtype: Any) -> None:
    def loss(x: Any, y: Any) -> Any:
        return np.sum((np.mean(windows(x, count), axis=-1) - y) ** 3)

    random = np.random.default_rng(count)
    x, y = random.standard_normal(400).astype(dtype), random.standard_normal(401 - count).astype(dtype)
    compiled = jac.compile(jac.grad(loss))
    found = compiled(x, y)
    assert found.dtype == dtype
    for seed in range(3):
        h = np.random.default_rng(seed).standard_normal(400)
        expected = loss(x + 1e-30j * h, y.astype(float)).imag / 1e-30
        np.testing.assert_allclose(np.vdot(found, h), expected, rtol=1e-10 if dtype is np.float64 else 1e-3, atol=1e-5)
    assert compiled.source.count(" + ") <= 4 * count.bit_length()
    assert "np.add.at" not in compiled.source


@pytest.mark.parametrize("reduced", [np.sum, np.mean, np.max, np.min])
@pytest.mark.parametrize("count", COUNTS)
def test_what_is_not_finite_stays_in_its_windows(reduced: Any, count: int) -> None:
    def moving(x: Any) -> Any:
        return reduced(windows(x, count), axis=1)

    x = np.random.default_rng(count).standard_normal(600)
    compiled = jac.compile(moving)
    np.testing.assert_allclose(compiled(x), moving(x), rtol=1e-13, atol=1e-14)
    x[[100, 250, 251]] = np.inf, np.nan, -np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(compiled(x), moving(x), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("shift", [0, 3])
def test_a_part_of_an_array_that_windows_are_taken_of(shift: int) -> None:
    def loss(x: Any) -> Any:
        return np.sum(np.sin(np.sum(windows(x[shift : 300 + shift], 12), axis=1)))

    x = np.random.default_rng(0).standard_normal(320)
    found = jac.compile(jac.grad(loss))(x)
    expected = [loss(x + 1e-30j * e).imag / 1e-30 for e in np.eye(320)]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
