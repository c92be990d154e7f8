"""Compiled Jacobians that are operators made of an argument, such as solutions with it: they come out as matrices."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.scipy import linalg

RNG = np.random.default_rng(0)
A = 5 * np.eye(4) + RNG.normal(size=(4, 4))
B = RNG.normal(size=4)
BANDS = np.abs(RNG.normal(size=(3, 4))) + np.array([[0], [4], [0]])
sine = jac.custom(np.sin, vjp=lambda c, y, x: (c * np.cos(x),), jvp=lambda t, y, x: t[0] * np.cos(x))

FUNCTIONS: dict[str, tuple[Any, np.ndarray]] = {
    "triangular": (lambda a: linalg.solve_triangular(a, B), A),
    "cholesky": (lambda a: linalg.cho_solve((a, True), B), A),
    "bands": (lambda ab: linalg.solve_banded((1, 1), ab, B), BANDS),
    "sylvester": (lambda a: linalg.solve_sylvester(a, a, np.outer(B, B)), A),
    "exponential": (lambda a: linalg.expm(0.1 * a), A),
    "square root": (linalg.sqrtm, A @ A.T),
    "custom": (lambda x: sine(x) * 2, B),
    "running sum": (lambda x: np.cumsum(x * x), B),
}


@pytest.mark.parametrize("mode", ["auto", "explicit", "lazy"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_compiled_jacobian_is_that_of_differences(name: str, mode: Any) -> None:
    f, first = FUNCTIONS[name]
    compiled = jac.compile(jac.jacobian(f, mode=mode))
    for x in (first, 1.01 * first):  # the second call has other numbers than those that were recorded
        J, expected = compiled(x), jac.numerical_jacobian(f, x)
        np.testing.assert_allclose(J.to_array(), expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(J @ x, np.tensordot(expected, x, x.ndim), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["triangular", "exponential"])
def test_it_can_be_pickled(name: str) -> None:
    f, x = FUNCTIONS[name]
    J = jac.compile(jac.jacobian(f))(x)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(J)).to_array(), J.to_array(), rtol=1e-14)


def test_an_operator_of_constants_stays_one() -> None:
    x = np.ones(10**5)  # its matrix would hold 80 GB
    J = jac.compile(jac.jacobian(np.cumsum))(x)
    np.testing.assert_allclose(J @ x, np.arange(1, 10**5 + 1))
