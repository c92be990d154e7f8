"""Numbers that are not finite: the value under a derivative is NumPy's own, and the derivative is that of the limit."""

from __future__ import annotations

import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.special

import jacobians as jac
from jacobians.scipy import special

INF, NAN = np.inf, np.nan
AT = np.array([0.5, 0.0, 1.0, -1.0, 3.0, -INF, INF, NAN])
POINTS: list[list[float]] = [[0, 1], [-INF, INF], [-INF, 1], [0, INF], [-INF, -INF], [-INF, 0, INF], [0, 0, 1]]
ROWS = np.array([[1.0, 2.0, NAN, 4.0], [NAN, NAN, NAN, 3.0], [1.0, 2.0, 3.0, 4.5], [NAN, NAN, NAN, NAN]])


@pytest.mark.parametrize("points", POINTS, ids=str)
def test_interpolation_between_infinite_points(points: list[float]) -> None:
    xp = np.array(points, dtype=float)
    for heights in product([0.0, 10.0, INF, -INF, NAN], repeat=len(points)):
        arguments = [AT, xp, np.array(heights)]
        for n in range(3):

            def one(x: Any, n: int = n, arguments: list[Any] = arguments) -> Any:
                return np.interp(*arguments[:n], x, *arguments[n + 1 :])

            value, _ = jac.vjp(one, arguments[n])
            np.testing.assert_array_equal(value, np.interp(*arguments), err_msg=str(heights))


def test_slopes_between_infinite_points() -> None:
    x = np.array([0.5, 1.2, 5.0])
    J = jac.jacobian(lambda f: np.interp(x, [0, 1, 2, INF], np.append(f, f[2])))(np.array([0.2, 0.9, 1.7]))
    np.testing.assert_allclose(J.to_array(), [[0.5, 0.5, 0], [0, 0.8, 0.2], [0, 0, 1]], rtol=1e-14)
    J = jac.jacobian(lambda x: np.interp(x, [-INF, 1, 2, INF], [2.0, 2, 4, 4]))(x)
    np.testing.assert_array_equal(J.to_array(), np.diag([0.0, 2, 0]))


@pytest.mark.filterwarnings(
    "ignore:Degrees of freedom", "ignore:Mean of empty", "ignore:invalid value", "ignore:divide by zero"
)
@pytest.mark.parametrize("ddof", [0, 1, 3])
@pytest.mark.parametrize("keywords", [{}, {"axis": 1}, {"axis": 0, "keepdims": True}], ids=str)
@pytest.mark.parametrize("function", [np.nanvar, np.nanstd])
def test_a_variance_of_too_few_numbers_is_nan(function: Any, keywords: dict[str, Any], ddof: int) -> None:
    value, _ = jac.vjp(lambda x: function(x, ddof=ddof, **keywords), ROWS)
    np.testing.assert_allclose(value, function(ROWS, ddof=ddof, **keywords), rtol=1e-13)
    value, _ = jac.vjp(lambda x: function(x, correction=ddof, **keywords), ROWS)
    np.testing.assert_allclose(value, function(ROWS, ddof=ddof, **keywords), rtol=1e-13)


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("function", [np.var, np.std])
def test_without_a_degree_of_freedom_a_slope_is_nan(function: Any) -> None:
    x = np.array([1.0, 2.0])
    for keywords in ({"axis": (), "ddof": 1}, {"axis": 0, "ddof": 2}, {"correction": 3}):
        value, slope = jac.jvp(lambda x, how=keywords: function(x, **how), (x,), (np.ones(2),))
        np.testing.assert_array_equal(value, function(x, **keywords))
        assert np.isnan(slope).all()
        np.testing.assert_array_equal(jac.grad(lambda x, how=keywords: np.sum(function(x, **how)))(x), NAN)


def test_a_polynomial_of_an_infinite_root() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        J = jac.jacobian(np.poly)(np.array([1.0, INF]))
    np.testing.assert_array_equal(J.to_array(), [[0, 0], [-1, -1], [INF, 1]])


@pytest.mark.parametrize("x", [[-INF, -INF], [INF, 1], [-INF, 1], [INF, -INF], [NAN, 1], []], ids=str)
def test_softmax_and_its_logarithm_have_the_values_of_scipy(x: list[float]) -> None:
    at = np.array(x)
    for name in ("logsumexp", "softmax", "log_softmax") if x else ("logsumexp",):
        with warnings.catch_warnings():
            warnings.simplefilter("error" if name == "logsumexp" else "ignore")
            value, _ = jac.jvp(getattr(special, name), (at,), (np.ones_like(at),))
            np.testing.assert_array_equal(value, getattr(scipy.special, name)(at) if x else -INF)
