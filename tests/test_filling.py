"""Sums of traced parts of an array are one operation, with the numbers that slices and zeros would give."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import jacobians as jac
from jacobians.contract import filled
from jacobians.recording import linearise
from jacobians.registry import KNOWN_STEPS

FUNCTIONS = {
    "neighbours": lambda np, x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "entries": lambda np, x: (x[0] + 10 * x[1]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4,
    "backwards": lambda np, x: np.sum(x[::-1] ** 3 * x) + np.sum(x[::2] * x[1::2] ** 2),
    "rows": lambda np, x: np.sum(np.reshape(x, (2, 3))[1] ** 3) + np.sum(np.reshape(x, (2, 3))[:, :2] ** 2 * x[0]),
    "broadcast": lambda np, x: np.sum(x[:, None] * x[1:3] ** 2) + x[-1],
    "diagonal": lambda np, x: np.sum(np.diag(np.outer(x, x) ** 2)) + np.sum(x[1:3]) * x[0],
    "differences": lambda np, x: np.sum(np.diff(x) ** 4),
    "linear": lambda np, x: x[1] * x[2] - 3 * x[0] + np.sum(x[2:4]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives(name: str) -> None:
    f = FUNCTIONS[name]
    for x in (np.linspace(0.3, 1.4, 6), np.linspace(-1.0, 0.5, 6)):
        expected = autograd.hessian(lambda x: f(anp, x))(x)
        found = jac.hessian(lambda x: f(np, x))(x)
        assert_allclose(found.to_array(), expected, rtol=1e-12, atol=1e-12)
        assert np.array_equal(found.to_array(), found.to_array().T)
        single = jac.hessian(lambda x: f(np, x))(x.astype(np.float32)).to_array()
        assert single.dtype == np.float32
        assert_allclose(single, expected, rtol=2e-4, atol=2e-4)


def test_third_derivatives() -> None:
    f, x = FUNCTIONS["neighbours"], np.linspace(0.3, 1.4, 5)
    third = jac.jacobian(lambda x: jac.hessian(lambda x: f(np, x))(x).to_array())(x).to_array()
    step = 1e-5
    numerical = [
        (autograd.hessian(lambda x: f(anp, x))(x + h) - autograd.hessian(lambda x: f(anp, x))(x - h)) / (2 * step)
        for h in step * np.eye(5)
    ]
    assert_allclose(third, np.stack(numerical, axis=-1), rtol=1e-6, atol=1e-5)


def test_what_is_not_finite_stays_so() -> None:
    for bad in (np.nan, np.inf):
        x = np.array([1.0, bad, 2.0, 3.0, 1.5, 0.5])
        with np.errstate(all="ignore"):
            H = jac.hessian(lambda x: FUNCTIONS["neighbours"](np, x))(x).to_array()
        # d2f / dx[n]2 = 200 + 1200 x[n]^2 - 400 x[n + 1] + ..., d2f / dx[n] dx[n + 1] = -400 x[n]
        assert not np.any(np.isfinite([H[0, 0], H[1, 1], H[1, 2], H[2, 1]]))
        assert np.all(np.isfinite(H[3:, 3:]))


def test_a_gradient_of_parts_is_one_operation() -> None:
    def recorded(f: Any) -> int:
        return linearise("test", jac.grad(f), (np.ones(6),), {}, (0,), lambda record: len(record.graph))

    KNOWN_STEPS.clear()
    first = recorded(lambda x: x[0] ** 3)
    assert any([key[0] is filled for key in KNOWN_STEPS])
    # Each further entry costs its power and its slope (two operations each at most), and no operation of its place.
    assert recorded(lambda x: x[0] ** 3 + x[1] ** 3 + x[2] ** 3) <= first + 2 * 7


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.parametrize(
    "options", [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"ddof": 1}, {"axis": (0, 1), "ddof": 2}]
)
def test_variances(function: Any, options: dict[str, Any]) -> None:
    x = np.random.default_rng(0).standard_normal((4, 3))
    weights = np.cos(np.arange(np.size(function(x, **options)))).reshape(np.shape(function(x, **options)))

    def f(x: Any) -> Any:
        return np.sum(weights * function(x, **options))

    step = 1e-6
    steps = (step * np.eye(x.size)).reshape(x.size, *x.shape)
    assert_allclose(jac.grad(f)(x).ravel(), [(f(x + h) - f(x - h)) / (2 * step) for h in steps], rtol=1e-6, atol=1e-8)
    gradient = jac.grad(f)
    H = jac.hessian(f)(x).to_array().reshape(x.size, x.size)
    numerical = [(gradient(x + h) - gradient(x - h)).ravel() / (2 * step) for h in steps]
    assert_allclose(H, numerical, rtol=1e-5, atol=1e-8)
    compiled = jac.compile(jac.grad(f))
    assert_allclose(compiled(x), jac.grad(f)(x), rtol=1e-12)
    assert jac.grad(f)(x.astype(np.float32)).dtype == np.float32


def test_deviations_of_equal_entries_have_no_slope() -> None:
    assert np.array_equal(jac.grad(np.std)(np.ones(3)), np.zeros(3))
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]])
    found = jac.grad(lambda x: np.sum(np.std(x, axis=1)))(x)
    assert np.array_equal(found[0], np.zeros(3))
    assert_allclose(found[1], jac.grad(np.std)(x[1]), rtol=1e-14)
    assert np.all(np.isnan(jac.grad(np.var)(np.array([1.0, np.nan, 2.0]))))


def test_a_derivative_without_a_choice_is_not_planned() -> None:
    J = jac.jacobian(lambda x: np.sin(x) * 2)(np.ones(3))
    assert_allclose(J.to_array(), 2 * np.cos(1.0) * np.eye(3))
    assert J._body._plan is None
    J = jac.jacobian(lambda x: np.sin(x) * 2, memory_limit=8)(np.ones(3))
    assert J.terms
    assert J.mode != "explicit"
