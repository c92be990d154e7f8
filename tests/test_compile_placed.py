"""What stands at a few places in compiled programs: it is summed alone, and as a matrix it is never made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.arrays import embed, scatter

RNG = np.random.default_rng(5)
A, V = RNG.standard_normal((4, 3, 6)), RNG.standard_normal((4, 3))
DIAGONAL = ((0,), (1,), (0, 1))
PLACES = RNG.permutation(72)[:12]


def with_places(a: Any, v: Any) -> Any:
    return a + np.reshape(scatter(np.reshape(v, (12,)), PLACES, 72, True), (4, 3, 6))


def with_several(a: Any, v: Any) -> Any:
    return with_places(a, v) - np.reshape(scatter(np.reshape(v * v, (12,)), PLACES[::-1].copy(), 72, True), (4, 3, 6))


def with_diagonal(a: Any, v: Any) -> Any:
    return a[:, :, :4] - embed(v, ((0,), (1,), (0,)))


@pytest.mark.parametrize("whole", [with_places, with_several, with_diagonal])
@pytest.mark.parametrize("axis", [0, 1, 2, (0, 1), (0, 2), (1, 2)])
def test_sums_over_axes(whole: Any, axis: Any) -> None:
    compiled = jac.compile(lambda a, v: np.sum(whole(a, v), axis=axis))
    np.testing.assert_allclose(compiled(A, V), whole(A, V).sum(axis=axis), rtol=1e-13, atol=1e-14)


def test_places_that_meet_are_added() -> None:
    """All twelve numbers come to two places."""
    index = np.array([0, 6, 12, 18, 1, 7, 13, 19, 0, 6, 12, 18])

    def f(a: Any, v: Any) -> Any:
        return np.sum(a + np.reshape(scatter(np.reshape(v, (12,)), index, 72), (4, 3, 6)), axis=1)

    np.testing.assert_allclose(jac.compile(f)(A, V), f(A, V), rtol=1e-13)


def test_the_jacobian_of_distances_from_planes() -> None:
    """The shift stands on a diagonal of the residuals' Jacobian; of the distances', it is a slice."""
    points, normals = RNG.standard_normal((2, 50, 3))

    def distances(motion: Any) -> Any:
        return np.sum(normals * (points * np.exp(motion[:3]) + motion[3:]), axis=1)

    motion = RNG.standard_normal(6)
    compiled = jac.compile(lambda motion: jac.jacobian(distances)(motion).to_array())
    expected = np.concatenate([normals * points * np.exp(motion[:3]), normals], axis=1)
    np.testing.assert_allclose(compiled(motion), expected, rtol=1e-13)


def test_a_diagonal_matrix_is_added_to_a_diagonal() -> None:
    x, S = RNG.standard_normal(40), RNG.standard_normal((40, 40))
    compiled = jac.compile(lambda x, S: (S @ S + np.diag(x)) @ S)
    np.testing.assert_allclose(compiled(x, S), (S @ S + np.diag(x)) @ S, rtol=1e-11)
    assert "np.diag(" not in compiled.source
    other = jac.compile(lambda x: np.diag(x, 1) + np.diag(np.diag(S)))
    np.testing.assert_array_equal(other(x[1:]), np.diag(x[1:], 1) + np.diag(np.diag(S)))


def test_a_symmetric_matrix_is_its_own_transpose() -> None:
    X = RNG.standard_normal((30, 4))

    def f(X: Any) -> Any:
        K = np.exp(-np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=2))
        return K + K.T, (X @ X.T).T, (X @ X.T * X[:, 0]).T

    compiled = jac.compile(f)
    for found, expected in zip(compiled(X), f(X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert compiled.source.count(".T") == 1  # of a factor


@pytest.mark.parametrize("function", [np.zeros_like, np.ones_like])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_arrays_of_one_number_are_constants(function: Any, dtype: Any) -> None:
    compiled = jac.compile(lambda x: (x[0] + function(x, shape=(2, 3)), function(x) * x))
    x = np.arange(3.0).astype(dtype)
    for found, expected in zip(compiled(x), (x[0] + function(x, shape=(2, 3)), function(x) * x), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    assert function.__name__ not in compiled.source
