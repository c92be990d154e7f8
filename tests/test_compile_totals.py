"""Compiled sums and means along the first or last axes: products with ones, of the same numbers."""

from __future__ import annotations

from math import fsum
from typing import Any

import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(0)
AXES = [None, 0, 1, -1, 2, (0, 1), (1, 2), (0, 2), (2, 1, 0)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("function", [np.sum, np.mean])
def test_values(function: Any, axis: Any, dtype: type) -> None:
    x = RNG.standard_normal((9, 10, 11)).astype(dtype)
    tolerance = {np.float16: 1e-1, np.float32: 1e-4}.get(dtype, 1e-12)
    for turned in (x, np.sin(x).transpose(2, 0, 1), np.sin(x[::2, :, ::-1])):
        for keepdims in (False, True):
            compiled = jac.compile(lambda x, k=keepdims: function(np.sin(x) + x, axis=axis, keepdims=k))
            found, expected = compiled(turned), function(np.sin(turned) + turned, axis=axis, keepdims=keepdims)
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_text() -> None:
    x = RNG.standard_normal((40, 30))
    for axis, text in ((0, "c0.dot("), (1, ".dot(c0)")):
        compiled = jac.compile(lambda x, axis=axis: np.sum(np.exp(x), axis=axis))
        np.testing.assert_allclose(compiled(x), np.exp(x).sum(axis), rtol=1e-14)
        assert text in compiled.source
    wide = RNG.standard_normal((2, 10_000))
    compiled = jac.compile(lambda x: np.sum(np.exp(x), axis=1))
    np.testing.assert_allclose(compiled(wide), [fsum(row) for row in np.exp(wide)], rtol=1e-14)
    assert "dot" not in compiled.source
    tall = RNG.standard_normal((10_000, 2))
    compiled = jac.compile(lambda x: np.sum(x, axis=0))
    np.testing.assert_allclose(compiled(tall), tall.sum(0), rtol=1e-12)
    assert "dot" not in compiled.source  # the ones would take half of the memory of the matrix


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(value: float) -> None:
    x = RNG.standard_normal((20, 30))
    x[3, 4] = value
    x[3, 5] = -value
    x[6, 7] = value
    with np.errstate(all="ignore"):
        for axis in (0, 1, None):
            found = jac.compile(lambda x, axis=axis: np.sum(2 * x, axis=axis))(x)
            np.testing.assert_allclose(found, np.sum(2 * x, axis=axis), rtol=1e-12)


def test_gradient_of_a_bias() -> None:
    X, b = RNG.standard_normal((50, 20)), RNG.standard_normal(20)
    found = jac.compile(jac.grad(lambda b: np.sum(np.tanh(X + b) ** 2)))(b)
    y = np.tanh(X + b)
    np.testing.assert_allclose(found, (2 * y * (1 - y * y)).sum(0), rtol=1e-12)
