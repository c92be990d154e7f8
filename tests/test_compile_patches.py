"""Margins, windows and differences: what a stencil adds up is added by slices."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac

ORDER = np.random.default_rng(0)


def numeric_gradient(loss, x, step=1e-6):
    """Central differences, entry by entry."""
    found = np.zeros_like(x)
    for n in range(x.size):
        h = np.zeros(x.size)
        h[n] = step
        h = h.reshape(x.shape)
        found.flat[n] = (loss(x + h) - loss(x - h)) / (2 * step)
    return found


def differences(p):
    return np.sum(np.sin(p[1:, :-1]) * p[:-1, 1:]) + np.sum(p * p * np.cos(p))


MODES = ("edge", "reflect", "symmetric", "wrap", "constant")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", [1, 2, ((2, 1), (0, 3)), ((0, 0), (1, 1)), ((4, 5), (6, 5))])
def test_padded_arrays_and_what_their_margins_hand_back(mode, width):
    x = ORDER.standard_normal((6, 7))

    def loss(x):
        return differences(np.pad(x, width, mode=mode))

    np.testing.assert_array_equal(
        jac.compile(lambda x: np.pad(x, width, mode=mode) * 1.5)(x), np.pad(x, width, mode=mode) * 1.5
    )
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(x), numeric_gradient(loss, x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", MODES[:4])
@pytest.mark.parametrize("shape", [(1,), (2,), (1, 3), (3, 1)])
def test_margins_as_wide_as_the_array_or_wider(mode, shape):
    x = ORDER.standard_normal(shape)
    for width in (1, 2, 3, 5):
        expected = np.pad(x, width, mode=mode) + 1
        np.testing.assert_array_equal(jac.compile(lambda x, w=width: np.pad(x, w, mode=mode) + 1)(x), expected)


def test_other_ways_to_pad_are_left_to_numpy():
    x = ORDER.standard_normal(5)
    for words in ({"mode": "reflect", "reflect_type": "odd"}, {"mode": "linear_ramp"}, {"mode": "mean"}):
        compiled = jac.compile(lambda x, words=words: np.pad(x, 2, **words) * 2)
        np.testing.assert_allclose(compiled(x), np.pad(x, 2, **words) * 2)


@pytest.mark.parametrize("mode", MODES[:4])
def test_large_margins_are_added_by_slices(mode):
    x, weights = ORDER.standard_normal((90, 100)), ORDER.standard_normal((94, 104))

    def loss(x):
        return np.sum(weights * np.pad(x, 2, mode=mode) ** 2)

    compiled = jac.compile(jac.grad(loss))
    found = compiled(x)
    index = [np.pad(np.arange(n), 2, mode=mode) for n in x.shape]
    expected = np.zeros_like(x)
    np.add.at(expected, np.ix_(*index), 2 * weights * np.pad(x, 2, mode=mode))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
    assert "np.add.at" not in compiled.source
    assert "np.pad" not in compiled.source
    assert "@" not in compiled.source


def test_windows_that_overlap_are_added_by_slices():
    x = ORDER.standard_normal(3000)
    weights = ORDER.standard_normal((2991, 10))
    mean = jac.compile(jac.grad(lambda x: np.sum(np.lib.stride_tricks.sliding_window_view(x, 10).mean(axis=1) ** 2)))
    each = jac.compile(jac.grad(lambda x: np.sum(np.lib.stride_tricks.sliding_window_view(x, 10) ** 3 * weights)))
    windows = np.lib.stride_tricks.sliding_window_view(x, 10)
    expected = np.zeros_like(x)
    np.add.at(expected, np.add.outer(np.arange(2991), np.arange(10)), 0.2 * windows.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(mean(x), expected, rtol=1e-12, atol=1e-14)
    expected = np.zeros_like(x)
    np.add.at(expected, np.add.outer(np.arange(2991), np.arange(10)), 3 * windows**2 * weights)
    np.testing.assert_allclose(each(x), expected, rtol=1e-12, atol=1e-12)
    assert "np.add.at" not in mean.source + each.source


@pytest.mark.parametrize(
    "index",
    [
        [0] * 2000,
        [*range(2000), *range(1500)],
        [*range(2000, 0, -1), *range(2000)],
        [5, 5, 5, *range(1999), 7, 7],
        [*range(0, 4000, 2), *range(1, 4000, 2), 3999],
        np.repeat(np.arange(700), 3).tolist(),
        ORDER.integers(0, 50, 3000).tolist(),
    ],
)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_entries_that_are_read_several_times(index, kind):
    x = ORDER.standard_normal(max(index) + 2).astype(kind)
    weights = ORDER.standard_normal(len(index)).astype(kind)
    rows = ORDER.standard_normal((max(index) + 1, 2)).astype(kind)
    found = jac.compile(jac.grad(lambda x: np.sum(weights * np.sin(x[np.array(index)]))))(x)
    expected = np.zeros(x.shape)
    np.add.at(expected, index, weights * np.cos(x[index]))
    assert found.dtype == kind
    np.testing.assert_allclose(
        found, expected, rtol=1e-4 if kind is np.float32 else 1e-11, atol=1e-3 * np.finfo(kind).eps ** 0.5
    )
    found = jac.compile(jac.grad(lambda r: np.sum(weights[:, None] * r[np.array(index)] ** 2)))(rows)
    expected = np.zeros(rows.shape)
    np.add.at(expected, index, 2 * weights[:, None] * rows[index])
    assert found.dtype == kind
    np.testing.assert_allclose(
        found, expected, rtol=1e-3 if kind is np.float32 else 1e-11, atol=1e-3 * np.finfo(kind).eps ** 0.5
    )


@pytest.mark.parametrize("at", [[1, 0, 1, -1, 2], [[0, -2], [3, 3], [1, 1]]])
@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3)])
def test_rows_that_are_added_where_an_argument_says(at, shape):
    at = np.array(at)
    x, weights = ORDER.standard_normal((*at.shape, *shape[1:])), ORDER.standard_normal(shape)

    def sums(x, at):
        total = np.zeros_like(x, shape=shape)
        np.add.at(total, at, x)
        return total

    expected = np.zeros(shape)
    np.add.at(expected, at, x)
    gradient = jac.grad(lambda x, at: np.sum(weights * np.sin(sums(x, at))))
    slopes = (weights * np.cos(expected))[at]
    for derivative in (gradient, jac.compile(gradient)):
        np.testing.assert_allclose(derivative(x, at), slopes, rtol=1e-13)
    with pytest.raises(IndexError):
        _ = jac.compile(gradient)(x, np.full(at.shape, 4))


def total_variation(x):
    across, down = np.diff(x, axis=0)[:, :-1], np.diff(x, axis=1)[:-1]
    return 0.5 * np.sum(x * x) + 0.3 * np.sum(np.sqrt(across * across + down * down + 0.01))


def test_differences_take_one_multiple_of_their_cotangent():
    x = ORDER.standard_normal((60, 70))
    compiled = jac.compile(jac.grad(total_variation))
    found = compiled(x)
    h = ORDER.standard_normal(x.shape)
    slope = (total_variation(x + 1e-6 * h) - total_variation(x - 1e-6 * h)) / 2e-6
    np.testing.assert_allclose(np.vdot(found, h), slope, rtol=1e-6)
    lines = compiled.source.splitlines()
    assert not [line for line in lines if "-0.3" in line]
    assert len([line for line in lines if "0.3" in line]) == 1
    assert len([line for line in lines if "_view -=" in line]) == 2
    assert not [line for line in lines if "[c" in line]  # no arrays of positions


def test_sums_of_negative_parts_alone():
    x = ORDER.standard_normal(50)
    weights = ORDER.standard_normal(30)

    def loss(x):
        return -2.0 * np.sum(weights * x[:30] ** 2) - 3.0 * np.sum(weights * x[20:] ** 2) - np.sum(x[5:35] * weights)

    expected = np.zeros(50)
    expected[:30] -= 4 * weights * x[:30]
    expected[20:] -= 6 * weights * x[20:]
    expected[5:35] -= weights
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(x), expected, rtol=1e-13, atol=1e-14)


def test_what_is_not_finite_stays_so():
    x = np.array([1.0, np.nan, 2.0, np.inf, 3.0, 4.0] * 400).reshape(40, 60)
    compiled = jac.compile(jac.grad(lambda x: np.sum(np.pad(x, 1, mode="edge")[1:] * np.pad(x, 1, mode="edge")[:-1])))
    with np.errstate(invalid="ignore"):
        expected = jac.grad(lambda x: np.sum(np.pad(x, 1, mode="edge")[1:] * np.pad(x, 1, mode="edge")[:-1]))(x)
        np.testing.assert_array_equal(compiled(x), expected)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("h", [0.1, np.float64(2.0), 3])
def test_slopes_at_even_steps(edge_order, h):
    x = ORDER.standard_normal((5, 6))
    for axis in (0, 1):
        value, slope = jac.jvp(lambda x, a=axis: np.gradient(x, h, axis=a, edge_order=edge_order), (x,), (x[::-1],))
        np.testing.assert_allclose(value, np.gradient(x, h, axis=axis, edge_order=edge_order), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(
            slope, np.gradient(x[::-1], h, axis=axis, edge_order=edge_order), rtol=1e-13, atol=1e-13
        )


def test_slopes_by_the_step_and_in_single_precision():
    x = ORDER.standard_normal(9)
    found = jac.grad(lambda h: np.sum(np.gradient(x, h, edge_order=2) ** 2))(0.3)
    step = 1e-6
    ends = [np.sum(np.gradient(x, 0.3 + s, edge_order=2) ** 2) for s in (step, -step)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), rtol=1e-7)
    single = jac.jacobian(lambda x: np.gradient(x, np.float64(0.1)))(x.astype(np.float32))
    assert single.to_array().dtype == np.float32
    with pytest.raises(ValueError, match="edge_order"):
        _ = jac.grad(lambda x: np.sum(np.gradient(x, edge_order=2)))(x[:2])
    np.testing.assert_allclose(jac.grad(lambda x: np.sum(np.gradient(x)))(x[:2]), [-2.0, 2.0])


def test_convolutions_by_slices_hand_back_slices():
    images, kernels = ORDER.standard_normal((4, 14, 14, 6)), ORDER.standard_normal((3, 3, 6, 8)) / 5

    def loss(images):
        parts = [images[:, i : i + 12, j : j + 12] @ kernels[i, j] for i in range(3) for j in range(3)]
        return np.sum(np.tanh(sum(parts[1:], parts[0])) ** 2)

    compiled = jac.compile(jac.grad(loss))
    h = ORDER.standard_normal(images.shape)
    slope = (loss(images + 1e-6 * h) - loss(images - 1e-6 * h)) / 2e-6
    np.testing.assert_allclose(np.vdot(compiled(images), h), slope, rtol=1e-6)
    assert "[c" not in compiled.source
    assert "np.add.at" not in compiled.source


@pytest.mark.parametrize("axes", [(1, 0), (0, 2, 1), (2, 0, 1), (3, 1, 0, 2)])
def test_turned_arrays_in_parts_of_others(axes):
    shape = (5, 6, 7, 8)[: len(axes)]
    x = ORDER.standard_normal([n + 2 for n in shape])
    c = ORDER.standard_normal([shape[n] for n in axes])
    inner = tuple([slice(1, 1 + n) for n in shape])

    def loss(x):
        return np.sum(c * np.sin(np.transpose(x[inner], axes))) + np.sum(x * x)

    expected = 2 * x
    expected[inner] += np.transpose(c, np.argsort(axes)) * np.cos(x[inner])
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(x), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("count", [3, 20, 40])
@pytest.mark.parametrize("function", [np.sum, np.mean, np.max])
def test_sums_over_windows_of_a_vector(count, function):
    x = ORDER.standard_normal(600)
    windows = np.lib.stride_tricks.sliding_window_view
    found = jac.compile(lambda x: function(windows(x, count), axis=-1))(x)
    np.testing.assert_allclose(found, function(windows(x, count), axis=-1), rtol=1e-12, atol=1e-13)
