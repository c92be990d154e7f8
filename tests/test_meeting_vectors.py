"""A tangent or a cotangent that meets positions or an operator: at once, and what the function itself does to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import jacobians as jac
from jacobians.elimination import recipes

rng = np.random.default_rng(7)
x, X = rng.normal(size=5), rng.normal(size=(3, 4))
there, twice = np.array([2, 0, 4, 3, 1]), np.array([1, 1, 0, 4, 4, 4, 2])

# Linear functions: their derivative along h is what they make of h.
LINEAR: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "positions": (lambda x: x[there], x),
    "positions, some twice": (lambda x: x[twice], x),
    "rows": (lambda X: X[np.array([2, 0, 1, 0])], X),
    "columns": (lambda X: X[:, np.array([3, 0, 0, 2])], X),
    "positions of a matrix": (lambda X: X[np.array([[0, 1], [2, 2]]), np.array([3, 0])], X),
    "running sum": (np.cumsum, x),
    "running sums of rows": (lambda X: np.cumsum(X, axis=1), X),
    "running sums of columns": (lambda X: np.cumsum(X, axis=0), X),
    "running sum of a reshaped array": (lambda X: np.cumsum(X.reshape(2, 6), axis=0).reshape(4, 3), X),
    "of whole matrices": (lambda X: np.cumsum(X), X),
    "one of few": (lambda x: x[np.array([3])], x),
    "few of many": (lambda x: np.tile(x, 40)[np.array([3, 150, 3, 7])], x),
}


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_products_are_those_of_the_function(name: str, dtype: type) -> None:
    f, at = LINEAR[name]
    at, near = at.astype(dtype), {"rtol": 1e-13 if dtype is np.float64 else 1e-5}
    h = np.cos(7 * at)
    pushed = jac.jvp(f, (at,), (h,))[1]
    assert pushed.dtype == dtype
    assert_allclose(pushed, f(h), **near)
    c = np.sin(3 + np.arange(np.size(pushed), dtype=dtype)).reshape(np.shape(pushed))
    columns = [np.sum(c * f(unit.reshape(at.shape))) for unit in np.eye(at.size, dtype=dtype)]
    (pulled,) = jac.vjp(f, at)[1](c)
    assert pulled.dtype == dtype
    assert_allclose(pulled, np.reshape(columns, at.shape), **near)


def test_a_sorted_vector_is_moved_back_by_its_order() -> None:
    weights = np.arange(1.0, 6.0)
    expected = np.empty(5)
    expected[np.argsort(x)] = weights
    for _ in range(2):
        assert_allclose(jac.grad(lambda x: np.sum(weights * np.sort(x)))(x), expected)


@pytest.mark.parametrize("name", ["positions", "positions, some twice", "rows", "running sum", "running sums of rows"])
def test_nothing_is_planned_for_a_cotangent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, at = LINEAR[name]
    expected = jac.grad(lambda x: np.sum(f(x) ** 2))(at)

    def refused(*_: Any) -> None:
        raise AssertionError("this term is chained")

    monkeypatch.setattr(recipes, "chain", refused)
    assert_allclose(jac.grad(lambda x: np.sum(f(x) ** 2))(at), expected)


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sum_of_all_is_a_covector_of_ones(name: str, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    f, at = LINEAR[name]
    at = at.astype(dtype)
    gradient = jac.grad(lambda x: np.sum(f(x)))
    expected = np.reshape([np.sum(f(unit.reshape(at.shape))) for unit in np.eye(at.size)], at.shape)
    found = gradient(at)
    assert found.dtype == dtype
    assert_allclose(found, expected, rtol=1e-6)
    calls: list[Any] = []
    chain = recipes.chain
    monkeypatch.setattr(recipes, "chain", lambda *terms: calls.append(terms) or chain(*terms))
    assert_allclose(gradient(at), expected, rtol=1e-6)
    assert len(calls) == (name == "positions of a matrix")  # two maps


MOVING: dict[str, Callable[[Any], Any]] = {
    "reshaped": lambda X: X.reshape(4, 3),
    "rolled": lambda X: np.roll(X, 2, axis=1),
    "back to front": lambda X: X[:, ::-1],
    "reshaped and turned": lambda X: X.reshape(2, 6).T,
}


@pytest.mark.parametrize("name", MOVING)
def test_what_only_moves_is_nothing_in_a_sum_of_all(name: str) -> None:
    f = MOVING[name]
    (term,) = jac.jacobian(lambda X: np.sum(f(X)), mode="explicit")(X).terms
    assert term.maps == ()
    assert_allclose(jac.grad(lambda X: np.sum(f(X)))(X), np.ones((3, 4)), rtol=0)
    (term,) = jac.jacobian(lambda t: f(np.full((3, 4), t)), mode="explicit")(np.array(2.0)).terms
    assert term.maps == ()
    assert_allclose(term.scale, 1.0)


@pytest.mark.parametrize("f", [lambda X: np.cumsum(X, axis=0), lambda X: X[np.array([2, 0, 2])], lambda X: X.T])
def test_a_trace_is_no_sum_of_all(f: Callable[[Any], Any]) -> None:
    at = np.arange(9.0).reshape(3, 3)
    expected = [np.trace(f(unit.reshape(3, 3))) for unit in np.eye(9)]
    assert_allclose(jac.grad(lambda X: np.trace(f(X)))(at), np.reshape(expected, (3, 3)))
