"""Runs of calls over many short rows: the rows are the last axis of a block, and sparse entries are written there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import jacobians as jac

N = 40_000


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = jac.set_threads(request.param)
    yield request.param
    _ = jac.set_threads(before)


def vector(n: int = N, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def bare(function: Callable[..., Any], *args: np.ndarray) -> tuple[Any, str]:
    """What a compiled function returns, and its text."""
    compiled = jac.compile(function)
    return compiled(*args), compiled.source


def geometry(table: Any, index: Any, shift: Any, M: Any) -> Any:
    """Calls of many kinds over short rows."""
    x = table[index] + shift
    turned = np.cross(x, shift) @ M[:, :3] + np.vecdot(x, shift)[:, None] * M[0, :3]
    near = np.where(x > 0, x, -shift) / np.sqrt(np.sum(turned**2, axis=1, keepdims=True))
    frame = np.stack([x, turned, near], axis=1)
    both = np.einsum("nij,nj->ni", frame, near) - np.max(frame @ M[:, :2], axis=2)
    pairs = np.concatenate([both, turned[:, ::-1]], axis=-1).reshape(-1, 2, 3)
    moved = np.matmul(pairs, np.transpose(pairs, (0, 2, 1)))
    return moved, np.einsum("nij,jk->nik", pairs, M), np.sum(pairs, axis=(0, 2)), turned


def test_short_rows_are_the_last_axis_of_a_block(threads: int) -> None:
    index = np.random.default_rng(3).integers(0, 500, N)
    arrays = (vector(1500).reshape(500, 3), index, vector(3 * N, 1).reshape(N, 3), vector(12, 2).reshape(3, 4))
    result, text = bare(geometry, *arrays)
    assert "innermost=True" in text
    for found, expected in zip(result, geometry(*arrays), strict=True):
        assert found.flags.c_contiguous
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_gradients_of_short_rows(threads: int) -> None:
    index = np.random.default_rng(3).integers(0, 500, N)
    table, shift, M = vector(1500).reshape(500, 3), vector(3 * N, 1).reshape(N, 3), vector(12, 2).reshape(3, 4)
    gradient = jac.grad(
        lambda *args: sum(np.sum(part * part) for part in geometry(args[0], index, *args[1:])), (0, 1, 2)
    )
    result, text = bare(gradient, table, shift, M)
    assert "innermost=True" in text
    for found, expected in zip(result, gradient(table, shift, M), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11 * np.max(np.abs(expected)))


def pairs_of_rows(x: Any, index: Any) -> Any:
    """Residuals of two and three numbers for each row, some of which meet in one entry of the Jacobian."""
    points, weights = x[: 3 * N].reshape(N, 3), x[3 * N :].reshape(100, 2)[index]
    plane = points[:, :2] / points[:, 2:]
    both = weights * plane + plane * np.sum(plane**2, axis=1, keepdims=True)
    return np.concatenate([both.reshape(-1), (points * points[:, ::-1]).reshape(-1), 1 - x[:N] ** 2])


def test_sparse_entries_are_written_by_the_run_that_makes_them(threads: int) -> None:
    index = np.random.default_rng(3).integers(0, 100, N)
    x = 2 + 0.1 * vector(3 * N + 200)
    eager = jac.jacobian(lambda x: pairs_of_rows(x, index))
    compiled = jac.compile(lambda x: eager(x).to_sparse())
    results = [compiled(x), compiled(x[::-1].copy())]
    for y, found in zip((x, x[::-1]), results, strict=True):
        expected = eager(y).to_sparse()
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-12)
        assert np.array_equal(found.indices, expected.indices)
        assert np.array_equal(found.indptr, expected.indptr)
    assert "np.positive(" in compiled.source


def test_entries_that_meet_across_rows(threads: int) -> None:
    def chain(x: Any) -> Any:
        points = x.reshape(-1, 2)
        apart = points[:-1] - points[1:]
        lengths = np.sqrt(np.sum(apart**2, axis=1, keepdims=True))
        none = np.zeros((1, 2))
        return np.concatenate([none, apart / lengths]) + np.concatenate([apart * lengths, none])

    x = vector(2 * N)
    eager = jac.jacobian(chain)
    found = jac.compile(lambda x: eager(x).to_sparse())(x)
    assert abs(found - eager(x).to_sparse()).max() < 1e-12 * abs(found).max()


def test_two_rows_that_add_to_the_same_place(threads: int) -> None:
    def f(x: Any) -> Any:
        rows = x.reshape(-1, 2)
        sums = rows * np.sum(rows, axis=1, keepdims=True)
        return sums.reshape(-1)[1:] + sums.reshape(-1)[:-1]

    x = vector(2 * N)
    eager = jac.jacobian(f)
    found = jac.compile(lambda x: eager(x).to_sparse())(x)
    assert abs(found - eager(x).to_sparse()).max() < 1e-12 * abs(found).max()


def test_results_of_short_rows_may_be_written_into_arrays_of_the_caller(threads: int) -> None:
    X = vector(3 * N).reshape(N, 3)

    def f(X: Any) -> Any:
        return X / np.sqrt(np.sum(X * X, axis=1, keepdims=True)) + np.exp(X)

    out = np.empty((N, 3))
    _ = jac.compile(f)(X, out=out)
    np.testing.assert_allclose(out, f(X), rtol=1e-14)


def test_what_is_turned_and_turned_back(threads: int) -> None:
    x, y, v = vector(300 * 400).reshape(300, 400), vector(300 * 400, 1).reshape(300, 400), vector(300, 2)

    def f(x: Any, y: Any, v: Any) -> Any:
        u = np.sum(x * y, axis=1)
        return ((np.sin(x) * y).T - 2.0 * (v - u)[None, :]).T, (x.T + v[::-1]).T, (np.exp(x).T * y.T[::-1]).T

    for one, other in zip(bare(f, x, y, v)[0], f(x, y, v), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
