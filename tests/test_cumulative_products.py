"""`cumprod` against its definition, entry by entry, where zeros and what is not finite make quotients useless."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import jacobians as jac

ROWS = {
    "no zero": [2.0, -1.5, 0.5, 3.0],
    "one zero": [2.0, 0.0, 0.5, 3.0],
    "a zero first": [0.0, 2.0, 3.0],
    "a zero last": [2.0, 3.0, 0.0],
    "two zeros": [2.0, 0.0, 0.5, 0.0, 3.0],
    "zeros side by side": [1.5, 0.0, -0.0, 2.0],
    "zeros alone": [0.0, 0.0, 0.0],
    "one entry": [0.0],
    "nothing": [],
    "infinite": [2.0, np.inf, 3.0],
    "infinite behind a zero": [2.0, 0.0, np.inf, 3.0],
    "nan between two zeros": [2.0, 0.0, np.nan, 0.0, 3.0],
    "nan behind two zeros": [0.0, 2.0, 0.0, np.nan, 4.0],
    "infinite behind three zeros": [0.0, 0.0, 0.0, np.inf, 4.0],
}


def slopes(x):
    """At [k, i], the product of all x[j] with j <= k but x[i]."""
    J = np.zeros((x.size, x.size), x.dtype)
    for k in range(x.size):
        for i in range(k + 1):
            J[k, i] = np.prod(np.delete(x[: k + 1], i), dtype=x.dtype)
    return J


def explicit(x):
    return jac.jacobian(np.cumprod, holomorphic=np.iscomplexobj(x))(x).to_array()


@pytest.mark.parametrize("wrap", [lambda f: f, jac.compile], ids=["eager", "compiled"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("name", ROWS)
def test_slopes_are_the_products_of_the_others(name, dtype, wrap):
    x = np.array(ROWS[name], dtype)
    with np.errstate(all="ignore"):
        expected, found = slopes(x), wrap(explicit)(x)
    assert found.dtype == dtype
    finite = np.isfinite(expected) & np.isfinite(found)
    assert_allclose(found[finite], expected[finite], rtol=1e-6)
    if np.isfinite(x).all():
        assert finite.all()
    assert not np.any(np.isfinite(found) & ~np.isfinite(expected))  # nan may stand for a number, a number never for nan


@pytest.mark.parametrize("zeros", [(), (1,), (1, 5), (0, 3, 4, 5)])
@pytest.mark.parametrize(
    "shape_and_axis", [((2, 3), 0), ((2, 3), -1), ((2, 3), None), ((), None), ((), 0), ((0, 2), 1)]
)
def test_gradients_along_axes(shape_and_axis, zeros):
    shape, axis = shape_and_axis
    x = np.linspace(0.5, 2.0, int(np.prod(shape)))
    x[[place for place in zeros if place < x.size]] = 0
    x = x.reshape(shape)
    weights = np.arange(1.0, 1 + x.size).reshape(np.cumprod(x, axis).shape)

    def loss(x):
        return np.sum(weights * np.cumprod(x, axis) ** 2)

    grad = jac.grad(loss)
    expected = np.zeros(shape)
    for place in np.ndindex(shape):  # complex steps
        moved = x.astype(complex)
        moved[place] += 1e-30j
        expected[place] = loss(moved).imag / 1e-30
    assert_allclose(grad(x), expected, rtol=1e-12, atol=1e-14)
    assert_allclose(jac.compile(grad)(x), expected, rtol=1e-12, atol=1e-14)
    forward = jac.compile(lambda x, h: jac.jvp(loss, (x,), (h,))[1])
    assert_allclose(forward(x, np.ones(shape)), expected.sum(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("x", [[2.0, 0.0, 3.0, 0.5], [0.0, 2.0, 0.0, 3.0], [1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 1.0]])
def test_second_derivatives_see_zeros(x):
    x = np.array(x)
    expected = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            if i != j:
                last = max(i, j)
                expected[i, j] = sum(np.prod(np.delete(x[: k + 1], [i, j])) for k in range(last, 4))
    second = jac.hessian(lambda x: np.sum(np.cumprod(x)))
    assert_allclose(second(x).to_array(), expected, atol=1e-15)
    assert_allclose(jac.compile(lambda x: second(x).to_array())(x), expected, atol=1e-15)


@pytest.mark.parametrize("wrap", [lambda f: f, jac.compile], ids=["eager", "compiled"])
def test_long_products_with_zeros_take_memory_of_their_length(wrap):
    x = np.ones(100_000)
    x[[70_000]] = 0
    expected = np.zeros(x.size)
    expected[:70_000] = np.arange(70_000, 0, -1)
    expected[70_000] = 30_000
    assert_array_equal(wrap(jac.grad(lambda x: np.sum(np.cumprod(x))))(x), expected)


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("scan", [np.cumsum, np.cumprod])
def test_single_numbers_have_an_axis(scan, axis):
    assert_array_equal(jac.jacobian(lambda x: 2 * scan(x, axis))(3.0).to_array(), [2.0])
