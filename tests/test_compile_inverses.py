"""Compiled inverses: each is computed once, and solutions and triangular factors make use of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.plain import lower_inverse

RNG = np.random.default_rng(0)
N = 60
POINTS = RNG.standard_normal((N, 2))
SQUARES = np.sum((POINTS[:, None] - POINTS) ** 2, axis=2)
VALUES = RNG.standard_normal(N)


def _covariance(p: Any) -> Any:
    return np.exp(p[0] - 0.5 * SQUARES * np.exp(-2 * p[1])) + np.exp(p[2]) * np.eye(N)


def _by_factor(p: Any) -> Any:
    L = np.linalg.cholesky(_covariance(p))
    z = np.linalg.solve(L, VALUES)
    return 0.5 * z @ z + np.sum(np.log(np.diagonal(L)))


def _by_solution(p: Any) -> Any:
    K = _covariance(p)
    return 0.5 * VALUES @ np.linalg.solve(K, VALUES) + 0.5 * np.linalg.slogdet(K)[1]


def _slope(p: np.ndarray) -> np.ndarray:
    K = _covariance(p)
    smooth = K - np.exp(p[2]) * np.eye(N)
    a = np.linalg.solve(K, VALUES)
    G = 0.5 * (np.linalg.inv(K) - np.outer(a, a))
    return np.array([np.sum(G * smooth), np.sum(G * smooth * SQUARES) * np.exp(-2 * p[1]), np.exp(p[2]) * np.trace(G)])


@pytest.mark.parametrize("likelihood", [_by_factor, _by_solution])
def test_likelihood_of_a_gaussian_process(likelihood: Any) -> None:
    p = np.array([0.1, -0.2, -1.0])
    compiled = jac.compile(jac.grad(likelihood))
    np.testing.assert_allclose(compiled(p), _slope(p), rtol=1e-10)
    assert "solve" not in compiled.source
    assert compiled.source.count("np.linalg.inv") == (likelihood is _by_solution)
    assert compiled.source.count("lower_inverse") == (likelihood is _by_factor)


@pytest.mark.parametrize("turned", [0.0, 1e-3])
def test_inverse_by_the_factor_of_a_symmetric_matrix(turned: float) -> None:
    """Distances of traced points are symmetric; a factor reads the lower triangle alone, so that others are not."""
    X, tilt = POINTS[:50], turned * np.triu(RNG.standard_normal((50, 50)), 1)

    def likelihood(s: Any) -> Any:
        Z = X * np.exp(s[:2])
        K = np.exp(-0.5 * np.sum((Z[:, None] - Z) ** 2, axis=2)) + np.exp(s[2]) * np.eye(50) + tilt
        a = VALUES[:50] @ np.linalg.solve(K, VALUES[:50])
        return 0.5 * a + np.sum(np.log(np.diag(np.linalg.cholesky(K))))

    compiled, s = jac.compile(jac.grad(likelihood)), np.array([0.1, -0.2, -0.5])
    steps = 1e-5 * np.eye(3)
    expected = [(likelihood(s + step) - likelihood(s - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(compiled(s), expected, rtol=1e-6)
    assert compiled.source.count("np.linalg.inv") == bool(turned)
    assert not turned or np.isnan(compiled(np.array([0.1, np.nan, -0.5]))).all()


def test_sums_with_their_transposes() -> None:
    """Both parts of the slope of a textbook's likelihood are one product of matrices from each side."""

    def likelihood(p: Any) -> Any:
        L = np.linalg.cholesky(_covariance(p))
        return 0.5 * VALUES @ np.linalg.solve(L.T, np.linalg.solve(L, VALUES)) + np.sum(np.log(np.diag(L)))

    p = np.array([0.1, -0.2, -1.0])
    compiled = jac.compile(jac.grad(likelihood))
    np.testing.assert_allclose(compiled(p), _slope(p), rtol=1e-10)
    assert compiled.source.count(" @ ") + compiled.source.count("np.matmul") == 3
    assert np.isnan(compiled(np.array([0.1, np.nan, -1.0]))).all()


def test_hessian_of_the_likelihood() -> None:
    p = np.array([0.1, -0.2, -1.0])
    found = jac.compile(lambda p: jac.hessian(_by_factor)(p).to_array())(p)
    steps = 1e-5 * np.eye(3)
    expected = [(_slope(p + step) - _slope(p - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_solutions() -> None:
    A, B, b = RNG.standard_normal((4, 5, 5)), RNG.standard_normal((4, 5, 2)), RNG.standard_normal(5)

    def f(A: Any, B: Any, b: Any) -> Any:
        turned = np.swapaxes(A, 1, 2)
        return np.linalg.inv(A), np.linalg.solve(A, B), np.linalg.solve(turned, B), np.linalg.solve(A, b)

    compiled = jac.compile(f)
    for ours, expected in zip(compiled(A, B, b), f(A, B, b), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-10)
    assert "solve" not in compiled.source
    alone = jac.compile(lambda A, B: np.linalg.solve(A, B))
    assert "solve" in (alone(A, B), alone.source)[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("n", [0, 1, 47, 48, 131])
def test_triangles(n: int, dtype: type) -> None:
    L = np.tril(RNG.standard_normal((n, n)) / 10 + np.eye(n)).astype(dtype)
    inverse = lower_inverse(L)
    assert inverse.dtype == dtype
    assert not np.triu(inverse, 1).any()
    np.testing.assert_allclose(inverse @ L, np.eye(n), atol=1e-5 if dtype is np.float32 else 1e-12)


def test_turned_factor() -> None:
    A = POINTS @ POINTS.T + np.eye(N)

    def f(A: Any) -> Any:
        L = np.linalg.cholesky(A)
        return np.linalg.inv(L.T), np.linalg.solve(L.T, np.linalg.solve(L, VALUES)), np.linalg.inv(L)

    for ours, expected in zip(jac.compile(f)(A), f(A), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-10)


def test_masks_of_factors() -> None:
    # What is below the diagonal may be left out, or be all that is left.
    A, B = POINTS @ POINTS.T + np.eye(N), RNG.standard_normal((N, 3))
    upper, lower = np.triu(RNG.standard_normal((N, N))), np.tril(RNG.standard_normal((N, N)))

    def f(A: Any) -> Any:
        L = np.linalg.cholesky(A)
        return (L * upper) @ B, (2 * (L * upper)).T @ B, (L * lower) @ B, np.sum(L * upper, axis=0), L * upper

    for ours, expected in zip(jac.compile(f)(A), f(A), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_what_is_not_a_number() -> None:
    p = np.array([np.nan, -0.2, -1.0])
    assert np.isnan(jac.compile(jac.grad(_by_factor))(p)).all()


def test_steps_solve_with_an_inverse_that_there_is() -> None:
    n, steps = 12, 15
    rng = np.random.default_rng(1)
    start, end = rng.random(n), rng.random(n)
    stencil = np.eye(n, k=1) - 2 * np.eye(n) + np.eye(n, k=-1)

    def loss(k: Any, columns: Any) -> Any:
        A, u = np.eye(n) - 0.4 * k[:, None] * stencil, columns
        for _ in range(steps):
            u = np.linalg.solve(A, u + 0.3 * np.sin(u))
        return np.sum((u.T - end) ** 2)

    k = 0.5 + rng.random(n)
    for columns in (start, np.stack([start, end], axis=1)):  # a vector is solved as one, a matrix by columns
        compiled = jac.compile(jac.grad(loss))
        pairs = [(loss(k + step, columns), loss(k - step, columns)) for step in 1e-6 * np.eye(n)]
        expected = [(after - before) / 2e-6 for after, before in pairs]
        np.testing.assert_allclose(compiled(k, columns), expected, rtol=1e-5, atol=1e-8)
        assert "solve" not in compiled.source
        assert compiled.source.count("np.linalg.inv") == 1


def test_programs_without_an_inverse_solve() -> None:
    def steps(A: Any, b: Any) -> Any:
        for _ in range(12):
            b = np.linalg.solve(A, np.cos(b))
        return b

    A, b = np.random.default_rng(2).standard_normal((5, 5)) + 4 * np.eye(5), np.ones(5)
    compiled = jac.compile(steps)
    np.testing.assert_allclose(compiled(A, b), steps(A, b), rtol=1e-12)
    assert "inv(" not in compiled.source
