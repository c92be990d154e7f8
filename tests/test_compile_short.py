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
