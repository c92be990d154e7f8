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


TOTALS = {
    "eig": lambda A: np.real(np.sum(np.linalg.eig(A.astype(complex))[0])),
    "eigh": lambda A: np.sum(np.linalg.eigh(A)[0]),
    "eigvals": lambda A: np.real(np.sum(np.linalg.eigvals(A.astype(complex)))),
    "eigvalsh": lambda A: np.sum(np.linalg.eigvalsh(A)),
    "svd": lambda A: np.sum(np.linalg.svd(A)[1]),
    "hermitian svd": lambda A: np.sum(np.linalg.svd(A, hermitian=True)[1]),
}


@pytest.mark.parametrize("matrix", [np.eye(3), np.diag([2.0, 5.0, 2.0])], ids=["identity", "two equal values"])
@pytest.mark.parametrize("way", TOTALS)
def test_equal_values_matter_to_their_vectors_alone(way, matrix):
    """The values add up to the trace, whose slope is the identity: they need no gaps between them."""
    gradient = jac.grad(TOTALS[way])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(gradient(matrix), np.eye(3), atol=1e-12)
        np.testing.assert_allclose(jac.compile(gradient)(matrix), np.eye(3), atol=1e-12)


def test_an_array_of_an_explicit_jacobian_gives_no_warning():
    """``x ** 2``, ``x`` and 1 at infinity: infinite slopes beside zeros."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = jac.jacobian(np.vander)(np.array([np.inf, 1.0, 2.0])).to_array()
    np.testing.assert_array_equal(found[1:, :, 0], 0)
    np.testing.assert_array_equal(found[2, :, 2], [4, 1, 0])
