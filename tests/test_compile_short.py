"""Reductions along short axes are made entry by entry: pooling, distances of points."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac

_CASES = [((40, 7, 2, 7, 2), (2, 4)), ((200, 3), 1), ((200, 3), (-1,)), ((10, 20, 2, 2), (2, 3)), ((50, 4, 9), 1)]


@pytest.mark.parametrize("reduce", [np.sum, np.mean, np.max, np.min], ids=lambda f: f.__name__)
@pytest.mark.parametrize(("shape", "axis"), _CASES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_short_axes(reduce, shape, axis, keepdims):
    x = np.random.default_rng(2).standard_normal(shape)
    x.flat[[3, 50]] = np.nan, np.inf
    for values in (x, x.astype(np.float32), np.asfortranarray(x)):
        compiled = jac.compile(lambda x: reduce(x, axis=axis, keepdims=keepdims))
        found = compiled(values)
        np.testing.assert_allclose(found, reduce(values, axis=axis, keepdims=keepdims), rtol=1e-5, atol=1e-6)
        assert found.dtype == values.dtype
        assert f".{reduce.__name__}(" not in compiled.source


def test_integers_long_axes_and_few_results_are_left():
    for x, axis in ((np.ones((200, 3), int), 1), (np.ones((200, 30)), 1), (np.ones((5, 3)), 1), (np.ones((3, 200)), 0)):
        compiled = jac.compile(lambda x, axis=axis: np.sum(x, axis=axis))
        found = compiled(x)
        np.testing.assert_array_equal(found, np.sum(x, axis=axis))
        assert found.dtype == np.sum(x, axis=axis).dtype
        assert "sum" in compiled.source or "dot" in compiled.source


@pytest.mark.parametrize("pool", [np.mean, np.sum])
def test_gradient_of_a_pooled_network(pool):
    weights = np.cos(np.arange(16 * 7 * 7)).reshape(16, 7, 7)

    def loss(x):
        windows = np.reshape(np.tanh(x), (16, 7, 2, 7, 2))
        return np.sum(weights * pool(windows, axis=(2, 4)) ** 3)

    x = np.random.default_rng(3).standard_normal((16, 14, 14))
    compiled = jac.compile(jac.grad(loss))
    found = compiled(x)
    for place in ((0, 0, 0), (7, 3, 10), (15, 13, 13)):
        step = np.zeros(x.shape)
        step[place] = 1e-30
        np.testing.assert_allclose(found[place], np.imag(loss(x + 1j * step)) / 1e-30, rtol=1e-10)
    assert "axis=(2, 4)" not in compiled.source


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_stacked_numbers_are_an_array(dtype):
    def f(x):
        return np.stack([x[0] * x[1], np.sin(x[1]), x[2]]), np.stack([x, x])[0], np.stack([x[0]])

    x = np.array([1.0, np.nan, 3.0], dtype)
    compiled = jac.compile(f)
    for found, expected in zip(compiled(x), f(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert found.dtype == dtype
        assert not np.shares_memory(found, x)
    assert compiled.source.count("np.stack") <= 1


def test_stacked_numbers_in_a_loop():
    def f(p):
        y, total = np.array([1.0, 0.5]), 0.0
        for _ in range(40):
            y = y + 0.1 * np.stack([p[0] * y[1], -p[1] * y[0]])
            total = total + np.sum(np.stack([np.sin(y[0]), p[0]]) ** 2)
        return total

    p = np.array([1.2, 0.7])
    compiled = jac.compile(jac.grad(f))
    expected = [np.imag(f(p + 1e-30j * e)) / 1e-30 for e in np.eye(2)]
    np.testing.assert_allclose(compiled(p), expected, rtol=1e-11)
    assert "for " in compiled.source


@pytest.mark.parametrize("extremum", [np.max, np.min])
def test_extrema_of_short_rows_go_along_columns(extremum):
    x = np.random.default_rng(3).standard_normal((300, 20))
    x[3, 4], x[5, 6], x[7] = np.nan, np.inf, -np.inf
    for axis, keepdims in ((1, False), (-1, True)):
        compiled = jac.compile(lambda x, axis=axis, keepdims=keepdims: extremum(x, axis=axis, keepdims=keepdims))
        for values in (x, x.astype(np.float32), np.asfortranarray(x)):
            found = compiled(values)
            np.testing.assert_array_equal(found, extremum(values, axis=axis, keepdims=keepdims))
            assert found.dtype == values.dtype
        assert "axis=(0,)" in compiled.source


def test_shares_of_the_largest_entries_are_counted_by_a_product():
    x, y = np.random.default_rng(4).standard_normal((2, 300, 20))
    x[:, 3] = x[:, 5] = 5.0
    compiled = jac.compile(jac.grad(lambda x: np.sum(np.max(x, axis=1) * y[:, 0])))
    expected = np.zeros((300, 20))
    expected[:, [3, 5]] = 0.5 * y[:, :1]
    np.testing.assert_array_equal(compiled(x), expected)
    assert ".sum(" not in compiled.source
