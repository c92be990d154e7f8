"""Constants that are mostly zeros, in compiled programs: only their other entries are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(0)


def broyden(x: Any) -> Any:
    """The tridiagonal function of Broyden, of Moré, Garbow and Hillstrom's collection."""
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def broyden_jacobian(x: np.ndarray) -> np.ndarray:
    n = len(x)
    return np.diag(3 - 4 * x) - np.eye(n, k=-1, dtype=x.dtype) - 2 * np.eye(n, k=1, dtype=x.dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bands_are_written_into_zeros(dtype: type) -> None:
    x = RNG.standard_normal(150).astype(dtype)
    compiled = jac.compile(lambda x: jac.jacobian(broyden)(x).to_array())
    found = compiled(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, broyden_jacobian(x), rtol=1e-5 if dtype is np.float32 else 1e-14)
    if dtype is np.float64:
        assert compiled.source.count("np.zeros((150, 150)") == 1
        assert ".copy()" not in compiled.source
        assert "in_blocks" not in compiled.source


def test_into_an_array_of_the_caller() -> None:
    x = RNG.standard_normal(150)
    compiled = jac.compile(lambda x: jac.jacobian(broyden)(x).to_array())
    out = np.full((150, 150), np.nan)
    np.testing.assert_allclose(compiled(x, out=out), broyden_jacobian(x), rtol=1e-14)
    np.testing.assert_allclose(compiled(-x, out=out), broyden_jacobian(-x), rtol=1e-14)


def test_an_implicit_step() -> None:
    """``x - h f(x)``: an identity and a band; twice, so that constants are not written to."""
    x = RNG.standard_normal(120)
    compiled = jac.compile(lambda x: jac.jacobian(lambda x: x - 0.1 * broyden(x))(x).to_array())
    for point in (x, 2 * x, x):
        np.testing.assert_allclose(compiled(point), np.eye(120) - 0.1 * broyden_jacobian(point), rtol=1e-12, atol=1e-15)


def test_constants_that_are_full_stay() -> None:
    A = RNG.standard_normal((120, 120))
    x = RNG.standard_normal(120)
    compiled = jac.compile(lambda x: jac.jacobian(lambda x: A @ x + np.sin(x))(x).to_array())
    np.testing.assert_allclose(compiled(x), A + np.diag(np.cos(x)), rtol=1e-13)
    assert ".copy()" in compiled.source


def test_columns_that_fill_a_matrix_are_written_without_zeros() -> None:
    t = np.linspace(0, 1, 600)

    def residuals(p: Any) -> Any:
        return np.exp(-t[:, None] * p[4:]) @ p[:4]

    p = RNG.uniform(1, 2, 8)
    compiled = jac.compile(lambda p: jac.jacobian(residuals)(p).to_array())
    E = np.exp(-t[:, None] * p[4:])
    np.testing.assert_allclose(compiled(p), np.concatenate([E, -t[:, None] * E * p[:4]], axis=1), rtol=1e-12)
    assert "np.zeros" not in compiled.source
