"""Differentiable solutions of differential equations, against differences, closed forms and HIPS autograd."""

from __future__ import annotations

import pickle
from functools import partial

import autograd
import autograd.builtins
import autograd.numpy
import numpy as np
import pytest
import scipy.integrate
from autograd.scipy.integrate import odeint as theirs
from graph_oracle import numerical_jacobians

import jacobians as jac
from jacobians.scipy import integrate

EXACT = {"rtol": 1e-11, "atol": 1e-12}
T, Y0, P = np.array([0.0, 0.4, 1.1, 1.5]), np.array([1.0, 0.5]), np.array([1.1, 0.4, 0.9])


def predators(y, t, p, k):
    return np.stack([p[0] * y[0] - p[1] * y[0] * y[1], k * p[1] * y[0] * y[1] - p[2] * y[1] + 0.1 * np.sin(t)])


def solution(y0, t, p, k):
    return integrate.odeint(predators, y0, t, args=(p, k), **EXACT)


POINT = (Y0, T, P, np.array(0.7))


def plain(y0, t, p, k):
    return scipy.integrate.odeint(predators, y0, t, args=(p, k), **EXACT)


def test_jacobians():
    expected = numerical_jacobians(plain, *POINT)
    for n, dense in enumerate(expected):
        np.testing.assert_allclose(jac.jacobian(solution, n)(*POINT).to_array(), dense, atol=1e-6)
    tangents = [np.full(x.shape, 0.3) for x in POINT]
    along = sum([np.tensordot(J, h, h.ndim) for J, h in zip(expected, tangents, strict=True)])
    np.testing.assert_allclose(jac.jvp(solution, POINT, tangents)[1], along, atol=1e-6)
    c = np.random.default_rng(1).normal(size=(4, 2))
    for found, dense in zip(jac.vjp(solution, *POINT)[1](c), expected, strict=True):
        np.testing.assert_allclose(found, np.tensordot(c, dense, 2), atol=1e-6)


def test_exponential_growth_to_second_order():
    def end(p):
        return integrate.odeint(lambda y, t, p: p * y, 2.0, np.array([0.0, 1.5]), args=(p,), **EXACT)[-1, 0]

    value = 2 * np.exp(0.8 * 1.5)
    assert jac.grad(end)(0.8) == pytest.approx(1.5 * value, rel=1e-8)
    assert jac.grad(jac.grad(end))(0.8) == pytest.approx(1.5**2 * value, rel=1e-6)
    assert jac.jvp(jac.grad(end), (0.8,), (1.0,))[1] == pytest.approx(1.5**2 * value, rel=1e-6)


def test_against_autograd():
    def loss(odeint, xp, wrap, y0, p):
        def pendulum(y, t, p):
            return xp.array([y[1], -p[0] * xp.sin(y[0]) - p[1] * y[1]])

        return xp.sum(odeint(pendulum, y0, T, wrap((p,)), **EXACT) ** 2)

    for n in (0, 1):
        expected = autograd.grad(partial(loss, theirs, autograd.numpy, autograd.builtins.tuple), n)(Y0, P[:2])
        found = jac.grad(partial(loss, integrate.odeint, np, tuple), n)(Y0, P[:2])
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_options():
    def first(y0):
        return integrate.odeint(lambda t, y: -y * t, y0, T, tfirst=True, **EXACT)

    np.testing.assert_allclose(jac.jacobian(first)(Y0).to_array()[:, 0, 0], np.exp(-(T**2) / 2), rtol=1e-8)
    np.testing.assert_array_equal(first(Y0), scipy.integrate.odeint(lambda t, y: -y * t, Y0, T, tfirst=True, **EXACT))
    with pytest.raises(jac.UnsupportedFunctionError, match="full_output"):
        _ = jac.jacobian(lambda y0: integrate.odeint(predators, y0, T, full_output=True)[0])(Y0)


RULES = {
    "trapezoid": lambda m, y, x: m.trapezoid(y, x, axis=0),
    "cumulative_trapezoid": lambda m, y, x: m.cumulative_trapezoid(y, x, axis=0),
    "cumulative_trapezoid, started": lambda m, y, x: m.cumulative_trapezoid(y.T, dx=0.5, initial=0),
    "simpson": lambda m, y, x: m.simpson(y, x=np.arange(5.0) ** 1.5, axis=0),
    "simpson, even": lambda m, y, x: m.simpson(y[:4].T, dx=0.3),
}


@pytest.mark.parametrize("name", RULES)
def test_rules_of_quadrature(name):
    f, x, y = RULES[name], np.arange(5.0) ** 1.5, np.random.default_rng(0).normal(size=(5, 2))
    x = x[:, np.newaxis] * np.ones(2)
    np.testing.assert_allclose(jac.value_and_jacobian(lambda y: f(integrate, y, x))(y)[0], f(scipy.integrate, y, x))
    for n, dense in enumerate(numerical_jacobians(lambda y, x: f(scipy.integrate, y, x), y, x)):
        found = jac.jacobian(lambda y, x: f(integrate, y, x), n)(y, x).to_array()
        np.testing.assert_allclose(found, dense, atol=1e-8)


@pytest.mark.parametrize("mode", ["explicit", "lazy"])
def test_its_jacobian_is_pickled_although_its_products_are_functions_without_a_name(mode):
    J = jac.jacobian(lambda y0: solution(y0, T, P, 2.0), mode=mode)(Y0)
    stored = pickle.loads(pickle.dumps(J))
    (expected,) = numerical_jacobians(lambda y0: solution(y0, T, P, 2.0), Y0)
    np.testing.assert_allclose(stored.to_array(), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(stored @ P[:2], expected @ P[:2], rtol=1e-6, atol=1e-8)
    c = np.arange(8.0).reshape(4, 2)
    np.testing.assert_allclose(c @ stored, np.tensordot(c, expected), rtol=1e-6, atol=1e-8)
