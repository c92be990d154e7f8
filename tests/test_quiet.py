"""What is not finite in a derivative is no reason for a warning: the function has given one, or its value is finite."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import jacobians as jac


def roots(x):
    return np.sqrt(x * x)


def total(x):
    return np.sum(roots(x))


x, ones = np.array([0.0, 1.0]), np.ones(2)

WAYS = {
    "gradient": lambda: jac.grad(total)(x),
    "explicit": lambda: jac.jacobian(roots, mode="explicit")(x).to_array(),
    "lazy vjp": lambda: ones @ jac.jacobian(roots, mode="lazy")(x),
    "lazy jvp": lambda: jac.jacobian(roots, mode="lazy")(x) @ ones,
    "jvp": lambda: jac.jvp(roots, (x,), (ones,))[1],
    "vjp": lambda: jac.vjp(roots, x)[1](ones)[0],
    "hessian": lambda: jac.hessian(total)(x).to_array(),
    "hvp": lambda: jac.hvp(total, (x,), (ones,))[0],
    "compiled": lambda: jac.compile(jac.grad(total))(x),
    "compiled hessian": lambda: jac.compile(lambda x: jac.hessian(total)(x).to_array())(x),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_slope_that_is_not_finite_gives_no_warning(way):
    """``sqrt(x * x)`` at 0: an infinite slope times 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = np.asarray(WAYS[way]())
    assert np.isnan(found).any()
    assert np.isfinite(found).any()


def test_the_function_itself_warns():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        jac.grad(lambda x: np.sum(1 / x))(x)
