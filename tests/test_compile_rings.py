"""Periodic stencils: what is read at several places of a ring is one array with margins."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac

RANDOM = np.random.default_rng(0)


def burgers(u):
    f = 0.5 * u * u
    return u - 0.1 * (np.roll(f, -1) - np.roll(f, 1)) + 0.2 * (np.roll(u, -1) - 2 * u + np.roll(u, 1))


def lorenz(x):
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8


def wide(x):
    y = np.sin(x) + x
    return np.roll(y, 3) * np.roll(y, -4) + np.roll(x, -2) * np.roll(np.exp(-x * x), 1)


def turned_twice(x):
    y = np.roll(x, 1) * np.roll(x, -1)
    return np.roll(y, 2) - np.roll(y, -3) * y


def kept(x):
    y = 2.0 * x
    return np.stack([y, np.roll(y, 1) + np.roll(x, -1), np.roll(y, -1)])


@pytest.mark.parametrize("function", [burgers, lorenz, wide, turned_twice, kept])
@pytest.mark.parametrize("size", [1, 2, 3, 15, 16, 17, 64])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_periodic_stencils(function, size, kind):
    x, h = RANDOM.standard_normal((2, size)).astype(kind)
    value = function(x)
    c = RANDOM.standard_normal(value.shape).astype(kind)
    close = {"rtol": 1e-4, "atol": 1e-4} if kind is np.float32 else {"rtol": 1e-11, "atol": 1e-12}
    wide_x = x.astype(float)
    slopes = [(function(wide_x + 1e-6 * e) - function(wide_x - 1e-6 * e)).ravel() / 2e-6 for e in np.eye(size)]
    slopes = np.stack(slopes, axis=1)
    rough = {"rtol": 1e-3, "atol": 1e-3} if kind is np.float32 else {"rtol": 1e-6, "atol": 1e-7}
    found = jac.compile(function)(x)
    assert found.dtype == kind
    np.testing.assert_allclose(found, value, **close)
    gradient = jac.compile(jac.grad(lambda x: np.sum(c * function(x))))(x)
    assert gradient.dtype == kind
    np.testing.assert_allclose(gradient, slopes.T @ c.ravel(), **rough)
    tangent = jac.compile(lambda x, h: jac.jvp(function, (x,), (h,)))(x, h)[1]
    np.testing.assert_allclose(tangent.ravel(), slopes @ h, **rough)
    dense = jac.compile(lambda x: jac.jacobian(function)(x).to_array())(x)
    np.testing.assert_allclose(dense.reshape(-1, size), slopes, **rough)


@pytest.mark.parametrize("shape", [(20, 24), (3, 200), (200, 3), (16, 16, 17)])
def test_rings_along_each_axis(shape):
    x, c = RANDOM.standard_normal(shape), RANDOM.standard_normal(shape)

    def laplacian(x):
        moved = [np.roll(x, shift, axis) for axis in range(x.ndim) for shift in (1, -1)]
        return sum(moved[1:], moved[0]) * x - np.roll(x * x, (1, -1), (0, 1))

    h = RANDOM.standard_normal(shape)
    slope = np.sum(c * (laplacian(x + 1e-6 * h) - laplacian(x - 1e-6 * h))) / 2e-6
    np.testing.assert_allclose(jac.compile(laplacian)(x), laplacian(x), rtol=1e-13, atol=1e-13)
    gradient = jac.compile(jac.grad(lambda x: np.sum(c * laplacian(x))))(x)
    np.testing.assert_allclose(np.sum(gradient * h), slope, rtol=1e-6)


def test_steps_of_a_periodic_equation():
    u, target = RANDOM.standard_normal((2, 40))

    def loss(u):
        for _ in range(12):
            u = burgers(u)
        return np.sum((u - target) ** 2)

    compiled = jac.compile(jac.grad(loss))
    slopes = [(loss(u + 1e-6 * e) - loss(u - 1e-6 * e)) / 2e-6 for e in np.eye(40)]
    np.testing.assert_allclose(compiled(u), slopes, rtol=1e-5, atol=1e-6)
    body = compiled.source.split("for ")[1]
    assert body.count("np.concatenate") <= 2
    assert "np.roll" not in compiled.source
    assert "np.add.at" not in compiled.source


def test_one_copy_with_margins_for_an_array_and_what_is_computed_from_it():
    u = RANDOM.standard_normal(50)
    compiled = jac.compile(burgers)
    np.testing.assert_allclose(compiled(u), burgers(u), rtol=1e-13)
    assert compiled.source.count("np.concatenate") == 1


def test_results_are_no_parts_of_larger_arrays():
    x = RANDOM.standard_normal(40)
    for found in jac.compile(
        lambda x: (2.0 * x, np.roll(2.0 * x, 1) * np.roll(x, -1), np.exp(x), np.roll(np.exp(x), 3))
    )(x):
        assert found.shape == (40,)
        assert found.base is None or found.base.size == 40
        found[:] = 0  # and belong to the caller
    once = jac.compile(lambda x: np.roll(x, 1) + np.roll(x, -1))
    np.testing.assert_array_equal(once(x), np.roll(x, 1) + np.roll(x, -1))


def test_integers_and_what_is_not_finite():
    n = np.arange(30)
    np.testing.assert_array_equal(
        jac.compile(lambda n: np.roll(n, 1) - np.roll(n, -1))(n), np.roll(n, 1) - np.roll(n, -1)
    )
    x = RANDOM.standard_normal(30)
    x[[3, 9]] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(jac.compile(burgers)(x), burgers(x))
        np.testing.assert_array_equal(
            np.isfinite(jac.compile(jac.grad(lambda x: np.sum(burgers(x) ** 2)))(x)),
            np.isfinite(jac.grad(lambda x: np.sum(burgers(x) ** 2))(x)),
        )


ALONG_TWO = [
    ((1, -1), (0, 1)),
    ((2, 1), (1, 0)),
    ((1, 1), (-1, -2)),
    ((3, 1, 2), (0, 0, 1)),
    (1, (0, 1)),
    ((0, 5), (0, 1)),
]


@pytest.mark.parametrize("shape", [(20, 24), (3, 2), (1, 17), (5, 18, 2)])
@pytest.mark.parametrize(("shift", "axis"), ALONG_TWO)
def test_rolls_along_several_axes_are_slices_and_so_is_what_they_hand_back(shape, shift, axis):
    def loss(u):
        return np.sum((np.roll(u, shift, axis) - u * u) ** 3 * weights)

    u, weights = np.random.default_rng(1).standard_normal((2, *shape))
    compiled = jac.compile(jac.grad(loss))
    found = compiled(u)
    for seed in range(4):
        h = np.random.default_rng(seed).standard_normal(shape)
        np.testing.assert_allclose(np.vdot(found, h), loss(u + 1e-30j * h).imag / 1e-30, rtol=1e-11, atol=1e-12)
    if min(shape[:2]) > 6:
        assert compiled.source.count("c0") <= 1  # the weights, and no positions
        assert "np.roll" not in compiled.source
