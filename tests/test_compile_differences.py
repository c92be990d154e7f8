"""Compiled sums over the differences of all pairs: no array of differences is made, and no digit is lost."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import scipy.spatial.distance

import jacobians as jac
from jacobians.plain import distances

RNG = np.random.default_rng(0)


def _apart(x: Any, y: Any) -> Any:
    return x[:, None, :] - y[None]


def _gaussian(x: Any, y: Any) -> Any:
    return np.sum(np.exp(-0.5 * np.sum(_apart(x, y) ** 2, axis=2)))


def _gaussian_slope(x: Any, y: Any) -> Any:
    D = _apart(x, y)
    weights = np.exp(-0.5 * np.sum(D * D, axis=2))[:, :, None] * D
    return -weights.sum(1), weights.sum(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "m", "k"), [(80, 90, 4), (600, 12, 4), (12, 600, 4), (150, 150, 1), (3, 2, 4)])
def test_gradients(n: int, m: int, k: int, dtype: type) -> None:
    x, y = RNG.standard_normal((n, k)).astype(dtype), RNG.standard_normal((m, k)).astype(dtype)
    compiled = jac.compile(jac.grad(_gaussian, argnums=(0, 1)))
    for found, expected in zip(compiled(x, y), _gaussian_slope(x.astype(float), y.astype(float)), strict=True):
        assert found.dtype == dtype
        tolerance = 1e-4 if dtype is np.float32 else 1e-12
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_text() -> None:
    x = RNG.standard_normal((100, 3))
    compiled = jac.compile(jac.grad(lambda x: np.sum(1 / (1 + np.sum(_apart(x, x) ** 2, axis=2)))))
    D = _apart(x, x)
    expected = -4 * np.sum(D / (1 + np.sum(D * D, axis=2))[:, :, None] ** 2, axis=1)
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-10, atol=1e-12)
    assert "squared_distances(x, x)" in compiled.source
    assert "(100, 100, 3)" not in compiled.source
    assert "(100, 3, 100)" not in compiled.source
    assert compiled.source.count(".dot(") == 2  # both points of a pair feel the same


def test_points_far_from_the_origin() -> None:
    x = 1e7 + RNG.standard_normal((100, 3))
    y = x[:90] + 1e-3
    compiled = jac.compile(jac.grad(_gaussian, argnums=(0, 1)))
    for found, expected in zip(compiled(x, y), _gaussian_slope(x, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 7])
@pytest.mark.parametrize("side", [0, 1])
def test_points_that_are_not_finite(value: float, row: int, side: int) -> None:
    points = [RNG.standard_normal((90, 3)), RNG.standard_normal((80, 3))]
    points[side][row, 1] = value
    slope = jac.grad(_gaussian, argnums=(0, 1))
    with np.errstate(all="ignore"):
        for found, expected in zip(jac.compile(slope)(*points), slope(*points), strict=True):
            assert not np.isfinite(found[~np.isfinite(expected)]).any()


def test_other_weights() -> None:
    # The differences are weighted and returned; three labels, and points that are added.
    x, y, w = RNG.standard_normal((90, 3)), RNG.standard_normal((80, 3)), RNG.standard_normal((90, 80))

    def pulled(x: Any, y: Any, w: Any) -> Any:
        D = 2.0 * x[:, None] - 3.0 * y
        S = x[:, None] + y
        return (
            np.einsum("ij,ijk->ik", w, D),
            np.einsum("ij,ijk->jk", w, S),
            np.einsum("ij,ijk->k", w, x[:, None] - y),
            D,
        )

    found = jac.compile(pulled)(x, y, w)
    for ours, expected in zip(found, pulled(x, y, w), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-10)


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = RNG.standard_normal((7, 3)), RNG.standard_normal((5, 3))
    expected = scipy.spatial.distance.cdist(x, y, "sqeuclidean")
    monkeypatch.setitem(sys.modules, "scipy.spatial.distance", None)
    distances._pairwise.cache_clear()
    try:
        assert distances._pairwise() is None
        np.testing.assert_allclose(distances.squared_distances(x, y), expected, rtol=1e-14)
        assert distances.squared_distances(np.float32(x), np.float32(y)).dtype == np.float32
    finally:
        distances._pairwise.cache_clear()
