"""Slow functions in terms of fast ones, and sums of what is centred, in compiled programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from foreign_derivatives import autograd_jacobian
from scipy import special

import jacobians as jac

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 5))
FAR = np.array([-np.inf, -1000.0, -40.0, -1.0, 0.0, 0.5, 30.0, 1000.0, np.inf])


def text(compiled: Any) -> list[str]:
    return [line.strip() for line in compiled.source.splitlines() if " = " in line]


def logistic(x: float) -> float:
    return float(1 / (1 + mpmath.exp(-x))) if np.isfinite(x) else float(x > 0)


def test_softplus_is_stated_by_fast_functions() -> None:
    softplus = jac.compile(lambda x: np.logaddexp(0, x))
    np.testing.assert_allclose(softplus(FAR), np.logaddexp(0, FAR), rtol=1e-15)
    assert not [line for line in text(softplus) if "logaddexp" in line]
    x = np.array([-700.0, -36.0, -1e-9, 0.0, 1e-9, 3.0])
    np.testing.assert_allclose(softplus(x), [float(mpmath.log1p(mpmath.exp(v))) for v in x], rtol=1e-15)


def test_slope_of_softplus() -> None:
    slope = jac.compile(jac.grad(lambda x: np.sum(np.logaddexp(0, x))))
    np.testing.assert_allclose(slope(FAR), [logistic(v) for v in FAR], rtol=1e-14, atol=1e-307)
    assert text(slope) == [
        "v0 = -x",
        "v1 = np.minimum(v0, 709.0)",
        "v2 = np.exp(v1)",
        "v3 = v2 + 1",
        "v4 = 1 / v3",
    ]


@pytest.mark.parametrize("wrap", [jac.compile, lambda f: f])
def test_curvature_of_softplus_far_out(wrap: Callable[[Any], Any]) -> None:
    curvature = wrap(lambda x: jac.hessian(lambda x: np.sum(np.logaddexp(x, 0)))(x).diagonal())
    x = FAR[1:-1]
    expected = [float(mpmath.exp(-abs(v)) / (1 + mpmath.exp(-abs(v))) ** 2) for v in x]
    np.testing.assert_allclose(curvature(x), expected, rtol=1e-13, atol=1e-300)


def test_two_arrays_that_are_infinite() -> None:
    f = jac.compile(np.logaddexp)
    a, b = np.meshgrid(FAR, FAR)
    np.testing.assert_allclose(f(a, b), np.logaddexp(a, b), rtol=1e-15)
    single = f(a.astype(np.float32), b.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, np.logaddexp(a, b), rtol=1e-6)


ROWS = np.array(
    [[0.0, 1.0, 2.0], [-np.inf, -np.inf, 3.0], [-np.inf] * 3, [np.inf, 1.0, np.inf], [1e300, -1e300, 0.0], [-800.0] * 3]
)
SHARES = np.array(
    [np.exp(ROWS[0]) / np.exp(ROWS[0]).sum(), [0, 0, 1], [1 / 3] * 3, [0.5, 0, 0.5], [1, 0, 0], [1 / 3] * 3]
)


@pytest.mark.parametrize("wrap", [jac.compile, lambda f: f])
@pytest.mark.parametrize("axis", [0, 1])
def test_logarithm_of_a_sum(wrap: Callable[[Any], Any], axis: int) -> None:
    rows = np.moveaxis(ROWS, 1, axis)
    both = wrap(jac.value_and_grad(lambda x: np.sum(np.logaddexp.reduce(x, axis=axis)[RNG.permutation(6)])))
    with np.errstate(all="ignore"):
        value, gradient = both(rows)
    np.testing.assert_allclose(gradient, np.moveaxis(SHARES, 1, axis), rtol=1e-14)
    assert np.isnan(value)  # inf - inf
    each = wrap(lambda x: np.logaddexp.reduce(x, axis=axis, keepdims=True))
    np.testing.assert_allclose(each(rows), np.logaddexp.reduce(rows, axis=axis, keepdims=True), rtol=1e-15)


def test_one_exponential_for_value_and_shares() -> None:
    both = jac.compile(jac.value_and_grad(lambda x: np.sum(np.logaddexp.reduce(x, axis=1) ** 2)))
    value, gradient = both(X)
    y = np.log(np.exp(X).sum(axis=1))
    np.testing.assert_allclose(value, np.sum(y**2))
    np.testing.assert_allclose(gradient, 2 * y[:, None] * np.exp(X - y[:, None]), rtol=1e-13)
    assert both.source.count("np.exp(") == 1


def test_nan_stays() -> None:
    x = np.array([[0.0, np.nan, 1.0], [0.0, 1.0, 2.0]])
    found = jac.compile(lambda x: np.logaddexp.reduce(x, axis=1))(x)
    np.testing.assert_array_equal(np.isnan(found), [True, False])
    assert np.isnan(jac.compile(lambda x: np.logaddexp(0, x))(x)).sum() == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "f", "expected"),
    [
        ("maximum", lambda x: np.maximum(x, 0), [0, 0, 0.5, 1, 1]),
        ("maximum of a number first", lambda x: np.maximum(2.0, x), [0, 0, 0, 0.5, 1]),
        ("minimum", lambda x: np.minimum(x, 2), [1, 1, 1, 0.5, 0]),
    ],
)
def test_side_of_a_number(name: str, f: Callable[[Any], Any], expected: list[float], dtype: type) -> None:
    x = np.array([-np.inf, -1.0, 0.0, 2.0, np.inf], dtype)
    slope = jac.compile(jac.grad(lambda x: np.sum(f(x))))
    found = slope(x)
    np.testing.assert_array_equal(found, expected, err_msg=name)
    assert found.dtype == dtype
    assert "np.where" not in slope.source
    assert "np.sign" in slope.source


def test_power_spectrum_is_not_divided_by_its_root() -> None:
    def loss(x: Any, module: Any = np) -> Any:
        return np.sum((np.abs(np.fft.rfft(x)) ** 2 - 3.0) ** 2)

    gradient = jac.compile(jac.grad(loss))
    x = RNG.standard_normal(16)
    x[:] -= np.mean(x)
    C = np.exp(-2j * np.pi * np.outer(np.arange(9), np.arange(16)) / 16)  # the transform as a matrix
    F = C @ x
    expected = np.real(4 * (np.abs(F) ** 2 - 3.0) * F.conj() @ C)
    np.testing.assert_allclose(gradient(x), expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(gradient(np.zeros(16)), 0)
    assert "np.where" not in gradient.source


def test_a_mask_is_not_compared_again() -> None:
    loss = jac.compile(jac.grad(lambda x: np.sum(np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5))))
    np.testing.assert_allclose(loss(X), np.clip(X, -1, 1))
    assert "== 0" not in loss.source
    assert "!= 0" not in loss.source


def covariance_loss(X: Any) -> Any:
    Y = X - np.mean(X, axis=0)
    return np.sum((Y.T @ Y - 1.0) ** 2)


WEIGHTS = RNG.standard_normal((6, 5))


def standardized_loss(X: Any) -> Any:
    Y = (X - np.mean(X, axis=1, keepdims=True)) / np.sqrt(np.var(X, axis=1, keepdims=True) + 0.1)
    return np.sum(WEIGHTS * Y)


@pytest.mark.parametrize("loss", [covariance_loss, standardized_loss])
def test_sums_of_what_is_centred(loss: Callable[[Any], Any]) -> None:
    gradient = jac.compile(jac.grad(loss))
    np.testing.assert_allclose(gradient(X), autograd_jacobian(loss, [X]), rtol=1e-11, atol=1e-12)


def test_sums_of_what_is_centred_keep_nan() -> None:
    f = jac.compile(lambda x: np.sum(x - np.mean(x, axis=0), axis=0))
    assert np.isnan(f(np.array([1.0, np.nan, 3.0])))


def test_one_mean_for_the_variance_and_its_caller() -> None:
    f = jac.compile(lambda X: (X - np.mean(X, axis=1, keepdims=True)) / np.std(X, axis=1, keepdims=True))
    np.testing.assert_allclose(f(X), (X - X.mean(axis=1)[:, None]) / X.std(axis=1)[:, None], rtol=1e-13)
    assert f.source.count("np.mean(") == 1


def test_sums_that_are_not_of_the_centred_axis_stay() -> None:
    f = jac.compile(lambda X: np.sum(X - np.mean(X, axis=1, keepdims=True), axis=0))
    np.testing.assert_allclose(f(X), (X - X.mean(axis=1)[:, None]).sum(axis=0), rtol=1e-12)
    square = X[:5]
    g = jac.compile(lambda X: np.sum(X - np.mean(X, axis=1), axis=1))  # the means are subtracted from the columns
    np.testing.assert_allclose(g(square), (square - square.mean(axis=1)).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((4, 3), (3,)), ((3,), (4, 3)), ((2, 1, 3), (4, 3)), ((2000, 3), (3,))]
)
def test_cross_products_of_few_vectors(shapes: tuple[tuple[int, ...], ...]) -> None:
    a, b = [np.random.default_rng(0).standard_normal(shape) for shape in shapes]
    a[..., 1] = np.inf
    cross = jac.compile(np.cross)
    np.testing.assert_array_equal(cross(a, b), np.cross(a, b))
    assert ("np.cross" in cross.source) == (np.broadcast(a, b).size > 2048)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logistic_function_of_many(dtype: type) -> None:
    """It is made of exponentials, as its slope is, and right where these overflow, vanish or are nan."""
    x = np.resize([*FAR, -100.0, -700.0, -740.0, -np.inf, np.nan], 2400).astype(dtype)
    compiled = jac.compile(jac.grad(lambda x: np.sum(special.expit(x))))
    value = jac.compile(special.expit)
    expected = np.array([logistic(float(a)) if a == a else np.nan for a in x[:14]])
    np.testing.assert_allclose(
        value(x)[:14], expected, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).smallest_subnormal
    )
    slopes = np.array([logistic(float(a)) * logistic(-float(a)) if a == a else np.nan for a in x[:14]])
    np.testing.assert_allclose(compiled(x)[:14], slopes, rtol=6 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)
    assert value(x).dtype == compiled(x).dtype == dtype
    assert "special.expit(" not in value.source + compiled.source


def test_slow_functions_of_a_choice_are_known() -> None:
    x = RNG.standard_normal(400)

    def f(x: Any) -> Any:
        far = np.abs(x) > 1
        return special.erfcx(x) + special.erfcx(np.where(far, 0.5, x)) + special.erfcx(np.where(far, x, -30.0))

    compiled = jac.compile(f)
    np.testing.assert_array_equal(compiled(x), f(x))
    assert compiled.source.count("erfcx") == 2  # at -30 it is infinite
    np.testing.assert_array_equal(compiled(np.append(x[2:], [np.nan, np.inf])), f(np.append(x[2:], [np.nan, np.inf])))
