"""Arrays of objects that hold traced numbers, written into: other names and views of them see it, as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial import polynomial

import jacobians as jac

X = np.array([0.6, 1.2, 2.1])


def mixed(x: Any) -> Any:
    return np.array([[x[0], 0.0], [1.0, x[1] * x[2]]])


def added(x: Any) -> Any:
    M = mixed(x)
    other = M
    M += x[1:]
    return M * other


def through_a_view(x: Any) -> Any:
    M = mixed(x)
    column = M[:, 0]
    column -= x[:2]
    M[1] *= x[2]
    M[0, 1] = x[0] ** 2
    M[0] /= x[1]
    return M * M.T


def with_out(x: Any) -> Any:
    M = mixed(x)
    with_itself = np.multiply(M, x[:2], out=M)
    np.add(M, x[1:], out=M, where=np.array([True, False]))
    return with_itself


def all_plain(x: Any) -> Any:
    M = np.full(3, 2.0).astype(object)
    M *= x
    np.add.reduce(np.outer(x, x), out=M[:])
    return M * x


FUNCTIONS = {
    "M += x": added,
    "views": through_a_view,
    "out=": with_out,
    "of plain numbers": all_plain,
    "division of polynomials": lambda x: polynomial.polydiv(np.concatenate([x, x]), x)[0],
    "a companion matrix": lambda x: polynomial.polycompanion(x),
}


def by_complex_step(f: Any) -> np.ndarray:
    return np.stack([np.imag(f(X + 1e-30j * unit)) / 1e-30 for unit in np.eye(3)], axis=-1)


@pytest.mark.parametrize("mode", ["explicit", "lazy"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_derivative_is_right(name: str, mode: Any) -> None:
    f = FUNCTIONS[name]
    value, J = jac.value_and_jacobian(f, mode=mode)(X)
    if name == "of plain numbers":
        np.testing.assert_allclose(value, X * X.sum() * X, rtol=1e-14)
        expected = 2 * np.diag(X) * X.sum() + np.square(X)[:, None]
    else:
        np.testing.assert_allclose(value, f(X), rtol=1e-14)
        expected = by_complex_step(f)
    np.testing.assert_allclose(J.to_array(), expected, rtol=1e-12, atol=1e-14)


def test_what_does_not_fit_is_refused_as_numpy_does() -> None:
    def widened(x: Any) -> Any:
        M = np.array([[x[0]], [1.0]])
        M += x
        return M

    with pytest.raises(ValueError, match="non-broadcastable output operand"):
        jac.jacobian(widened)(X)
