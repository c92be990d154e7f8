"""Large cheap results wait until somebody asks for them: sums over them are made in blocks, others in place."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
import pytest

import jacobians as jac
from jacobians.postponed import Postponed

N = 200_000
UNIT = 8 * N


def peak(function: Callable[[Any], Any], x: Any) -> float:
    """Arrays of N numbers that a gradient takes at most at a time."""
    gradient = jac.grad(function)
    for _ in range(2):
        _ = gradient(x)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        _ = gradient(x)
        return (tracemalloc.get_traced_memory()[1] - before) / UNIT
    finally:
        tracemalloc.stop()


def squares(x: Any) -> Any:
    y = np.sin(x)
    return np.sum(y**2) + np.mean(np.square(y), axis=0)[1] + np.sum(y * y, axis=1)[3] + np.sum(y**2, (0, 1))


def kept_dimensions(x: Any) -> Any:
    y = np.sin(x)
    rows, columns = np.sum(y**2, axis=-1, keepdims=True), np.mean(y * 3, 0, keepdims=True)
    return rows[5, 0] * columns[0, 1] + (y - columns).sum(axis=0)[0] + (-y).mean()


def used_twice(x: Any) -> Any:
    a = np.sin(x) * 2
    r = a - x
    total = np.sum(r)
    return total + np.sum((r + a) * r) + np.sum(r / 3)


def written_later(x: Any) -> Any:
    y = np.sin(x)
    z = y * 2
    z[0] = 5
    w = z * y
    z[1:] *= 3
    v = -w
    w += 1
    return np.sum(z**2) + np.sum(v) + np.sum(w * w)


def viewed(x: Any) -> Any:
    z = np.sin(x) * 3
    left = z[:, 0]
    w = -z
    z[:, 1] = 0
    return np.sum(left**2) + np.sum(z**2, axis=0)[0] + np.sum(w * 2, axis=1)[7]


def noted_by_a_slope(x: Any) -> Any:
    a = x * x + 1
    root = np.sqrt(a)
    b = -a
    return np.sum(b * 2) + np.sum(root**2) + np.var(root)


def broadcast(x: Any) -> Any:
    row, column = x[:2, 0], x[:1000, 1:]
    outer = column - x[:1000, 0]
    return np.sum(outer**2) / 1e3 + np.sum((x - row) ** 2, axis=0)[0] + np.sum((x[:, :1] * x) * 2, axis=1)[2]


FUNCTIONS = [squares, kept_dimensions, used_twice, written_later, viewed, noted_by_a_slope, broadcast]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_waits_has_the_value_and_the_slope_of_numpy(function: Callable[[Any], Any]) -> None:
    rng = np.random.default_rng(0)
    x, h = rng.standard_normal((2, N // 2, 2))
    value, slope = jac.value_and_grad(function)(x)
    np.testing.assert_allclose(value, function(x), rtol=1e-12)
    step = 1e-5
    expected = (function(x + step * h) - function(x - step * h)) / (2 * step)
    np.testing.assert_allclose(np.sum(slope * h), expected, rtol=2e-5, atol=1e-5)
    _, along = jac.jvp(function, (x,), (h,))
    np.testing.assert_allclose(along, expected, rtol=2e-5, atol=1e-5)


def test_a_constant_that_changes_afterwards_does_not_change_the_result() -> None:
    x = np.random.default_rng(1).standard_normal(N)

    def f(x: Any) -> Any:
        shift = np.full(N, 3.0)
        r = np.sin(x) - shift
        shift *= 5
        return np.sum(r**2)

    value, slope = jac.value_and_grad(f)(x)
    np.testing.assert_allclose(value, np.sum((np.sin(x) - 3) ** 2), rtol=1e-12)
    np.testing.assert_allclose(slope, 2 * (np.sin(x) - 3) * np.cos(x), rtol=1e-12)


def test_what_waits_when_the_level_closes_is_computed_before_its_operands_may_change() -> None:
    x, leaked = np.ones(N), []

    def f(x: Any) -> Any:
        total = np.sum(x)
        leaked.append(x * 2)
        return total

    _ = jac.grad(f)(x)
    x += 1
    np.testing.assert_array_equal(jac.primal(leaked[0]), np.full(N, 2.0))


def test_types_and_warnings_stay() -> None:
    x = np.full(N, 200.0, np.float32)
    value, slope = jac.value_and_grad(lambda x: np.sum(x * 3))(x)
    assert value.dtype == slope.dtype == np.float32
    np.testing.assert_allclose(value, 600 * N, rtol=1e-6)
    x = np.full(N, 1e160)
    with pytest.warns(RuntimeWarning, match="overflow"):
        _ = jac.grad(lambda x: np.sum((x * 2) ** 2))(x)

    def quiet(x: Any) -> Any:
        with np.errstate(over="ignore"):
            large = (x * 2) ** 2
        return np.sum(large)

    assert jac.value_and_grad(quiet)(x)[0] == np.inf
    with pytest.raises(ValueError, match="broadcast"):
        _ = jac.grad(lambda x: np.sum(x * 2 + x[1:]))(x)


def test_results_besides_the_value_are_there() -> None:
    x = np.random.default_rng(2).standard_normal(N)
    slope, aux = jac.grad(lambda x: (np.sum(x**2), {"double": x * 2, "square": x**2}), has_aux=True)(x)
    np.testing.assert_array_equal(slope, aux["double"])
    np.testing.assert_array_equal(aux["square"], x**2)
    np.testing.assert_array_equal(jac.vjp(lambda x: -x, x)[0], -x)


def test_sums_over_squares_and_products_take_no_array() -> None:
    x, weights = np.random.default_rng(3).standard_normal((2, N))
    assert peak(lambda x: np.sum(np.sin(x) ** 2), x) < 2.6
    assert peak(lambda x: np.sum(weights * np.exp(-(x * x))), x) < 2.6


def test_what_nobody_else_holds_is_written_over() -> None:
    x, kept = np.ones(N), np.ones(N)
    made = Postponed(np.negative, (x,), x.shape, x.dtype)
    del x
    owner = made.operands[0].__array_interface__["data"][0]
    assert made.made().__array_interface__["data"][0] == owner
    looked_for = np.ones(N)
    seen = ref(looked_for)  # as a slope does that would compute its function again
    held = Postponed(np.negative, (looked_for,), looked_for.shape, looked_for.dtype)
    del looked_for
    _ = held.made()
    assert np.all(seen() == 1)
    for other in (kept, kept[:]):
        held = Postponed(np.negative, (other,), other.shape, other.dtype)
        assert not np.shares_memory(held.made(), kept)
        assert np.all(kept == 1)


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, (0, 1), (1, 2), (-1, 0), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_in_blocks_are_sums(axis: Any, keepdims: bool) -> None:
    a, b = np.random.default_rng(4).standard_normal((2, 400, 50, 30))
    for operands in ((a, b), (a, b[0]), (a, b[:1]), (a, 2.0)):
        found = Postponed(np.multiply, operands, a.shape, a.dtype).summed(
            lambda block, axes, keep: np.sum(block, axes, keepdims=keep), axis, keepdims
        )
        expected = np.sum(np.multiply(*operands), axis, keepdims=keepdims)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
