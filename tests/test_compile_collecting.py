"""What is the same in compiled programs, however it is written: products, sums, constants, squares."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(0)
A = RNG.standard_normal((400, 40))
p = RNG.uniform(0.5, 1.0, 400)
x, q = RNG.standard_normal((2, 500))
v = RNG.standard_normal(40)


def compiled_like(function: Any, *arguments: Any, rtol: float = 1e-11) -> str:
    """The text of a compiled function, whose results have been compared with NumPy's."""
    compiled = jac.compile(function)
    found, expected = compiled(*arguments), function(*arguments)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)
    return compiled.source


def calls(text: str) -> int:
    return text.count(" = ") - text.count("def ")


# ---- sums of multiples ----


def test_multiples_of_one_array_are_added() -> None:
    text = compiled_like(lambda x, q: 2 * (1 - 100 * (2 * (x - q) - 4 * q)), x, q)
    assert text.count(" * ") == 2


def test_what_is_subtracted_again_stays() -> None:
    """The rounding of a sum: what a compensated sum is made for."""

    def lost(x: Any, q: Any) -> Any:
        total = x + q
        return (total - x) - q

    found = jac.compile(lost)(1e16 * x, q)
    np.testing.assert_array_equal(found, lost(1e16 * x, q))
    assert np.any(found != 0)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_not_finite_stays_so(bad: float) -> None:
    def total(x: Any, q: Any) -> Any:
        return 3 * (x - 0.5 * q) - 0.25 * (q - x)

    y = x.copy()
    y[3], other = bad, q.copy()
    other[5] = bad
    np.testing.assert_array_equal(np.isfinite(jac.compile(total)(y, other)), np.isfinite(total(y, other)))


# ---- products ----


def test_products_of_the_same_factors_are_one() -> None:
    def function(A: Any, v: Any, p: Any) -> Any:
        z = A * v
        e = np.exp(A)
        return (z * e) * p[:, None] - np.sin(p[:, None] * e * z)

    text = compiled_like(function, A, v, p)
    assert text.count("multiply") + text.count(" * ") == 3


def test_products_with_other_numbers_are_others() -> None:
    def function(A: Any, v: Any, p: Any) -> Any:
        return np.cos((2.0 * A * v) * p[:, None]) - np.sin(p[:, None] * v * (3.0 * A))

    assert compiled_like(function, A, v, p)


# ---- constants ----


def test_equal_constants_are_one_and_so_are_transposed_ones() -> None:
    copy, turned = A.copy(), A.copy().T
    text = compiled_like(lambda x: x @ (A - np.exp(x[:, None])) - x @ (copy - np.exp(x[:, None])), p)
    assert "c1" not in text
    text = compiled_like(lambda x: (A @ x) @ A - turned @ (x @ A.T), v)
    assert text.count("dot") == 2


def test_a_constant_that_is_its_own_transposed() -> None:
    small, large = np.eye(3) + 1, A.T @ A
    assert compiled_like(lambda x: (small @ x) @ small.T - (small.T.copy() @ x) @ small, v[:3])
    assert compiled_like(lambda x: (large @ x) @ large.T + (large.T.copy() @ x) @ large, v)


def test_constants_that_differ_in_a_sign_of_zero_stay_two() -> None:
    zeros, minus = np.zeros(600), np.zeros(600)
    minus[-1] = -0.0
    found = jac.compile(lambda x: (np.copysign(x, zeros), np.copysign(x, minus)))(np.ones(600))
    assert found[0][-1] == 1
    assert found[1][-1] == -1


# ---- squares ----


def softmax_hessian(x: Any) -> Any:
    return jac.hessian(lambda x: np.log(np.sum(np.exp(A @ x))))(x).to_array()


def test_a_square_is_taken_out_of_a_product_of_sums() -> None:
    """The Hessian of log-sum-exp: a matrix that meets itself with weights, less one outer product."""
    compiled = jac.compile(softmax_hessian)
    found = compiled(0.1 * v)
    weights = np.exp(A @ (0.1 * v))
    weights /= weights.sum()
    expected = A.T @ (weights[:, None] * A) - np.outer(weights @ A, weights @ A)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(found, found.T)
    assert "_half.T @ _half" in compiled.source
    assert compiled.source.count("_half") == 3


def test_squares_with_broadcast_terms() -> None:
    def function(A: Any, p: Any, v: Any) -> Any:
        return (A * 0.5 - v).T @ (p[:, None] * A) - 3 * v[:, None]

    assert "@" in compiled_like(function, A, p, v)


# ---- scaled differences ----


def kernel(X: Any, scales: Any) -> Any:
    D = np.sum(((X[:, None, :] - X) / scales) ** 2, axis=2)
    return np.sum(np.exp(-D))


def test_distances_of_scaled_points() -> None:
    """One length for each coordinate: no array of all differences, gradients as in more digits."""
    X, scales = RNG.standard_normal((150, 3)), np.array([0.5, 1.0, 2.0])
    compiled = jac.compile(jac.grad(kernel, argnums=(0, 1)))
    points, lengths = compiled(X, scales)
    D = (X[:, None, :] - X) / scales
    E = np.exp(-np.sum(D**2, axis=2))
    np.testing.assert_allclose(points, np.einsum("ij,ijk->ik", -4 * E, D) / scales, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(lengths, np.einsum("ij,ijk->k", 2 * E, D**2) / scales, rtol=1e-11)
    assert "squared_distances" in compiled.source
    assert "(150, 150, 3)" not in compiled.source
    assert "(150, 3, 150)" not in compiled.source


def test_an_offset_of_scaled_points_costs_no_digit() -> None:
    X = 1e6 + np.round(RNG.standard_normal((130, 3)), 6)
    scales = np.array([0.5, 1.0, 2.0])
    found = jac.compile(lambda X: np.sum(((X[:, None, :] - X) / scales) ** 2, axis=2))(X)
    for i, j in ((0, 1), (5, 100), (77, 3)):
        with mpmath.workdps(30):
            exact = sum(((mpmath.mpf(a) - mpmath.mpf(b)) / s) ** 2 for a, b, s in zip(X[i], X[j], scales, strict=True))
        assert abs(found[i, j] / exact - 1) < 1e-12


def test_constants_that_one_array_meets_are_added_once() -> None:
    K, E = RNG.standard_normal((300, 300)), RNG.standard_normal((40, 40))
    y = RNG.standard_normal(300)

    def value(y: Any) -> Any:
        return 0.5 * y @ K @ y + np.sum(np.sin(y))

    compiled = jac.compile(jac.grad(value))
    np.testing.assert_allclose(compiled(y), 0.5 * (K + K.T) @ y + np.cos(y), rtol=1e-10, atol=1e-11)
    assert compiled.source.count("dot(") + compiled.source.count(" @ ") == 1
    y[7] = np.inf
    with np.errstate(all="ignore"):
        assert np.isnan(compiled(y)).sum() + np.isinf(compiled(y)).sum() == 300
    source = compiled_like(lambda Y: 0.5 * (A.T @ A @ Y) - 2 * (E @ Y) + 3 * (Y @ E) + Y @ E.T, A[:40])
    assert source.count("dot(") + source.count(" @ ") <= 3
    single = jac.compile(lambda Y: E.astype(np.float32) @ Y - 2 * (E.T.astype(np.float32) @ Y))
    assert single(A.T.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single(A.T.astype(np.float32)), (E - 2 * E.T) @ A.T, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("axes", [1, 2, ((1, 0), (0, 1)), (2, 0), ([-1], [0])])
def test_tensordot_is_a_product_like_others(axes: Any) -> None:
    left, right = RNG.standard_normal((3, 4, 3)), RNG.standard_normal((4, 3, 5))
    if axes in (1, (2, 0), ([-1], [0])):
        right = RNG.standard_normal((3, 4, 5))
    source = compiled_like(lambda a, b: np.tensordot(a, b, axes), left, right)
    assert "tensordot" not in source
    assert "np.inner" not in compiled_like(lambda a, b: np.inner(a, b), left, RNG.standard_normal((2, 3)))
    assert compiled_like(lambda a: np.inner(a, a), np.ones((2, 0)))
