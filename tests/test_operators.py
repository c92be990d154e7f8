"""Sums of products with running sums, whose Jacobians are operators as long as that holds less than a matrix."""

import numpy as np
import pytest

import jacobians as jac


def scans(x):
    """Each step doubles the number of paths, and no two of them have the same operators."""
    y = x
    for _ in range(12):
        y = np.tanh(0.3 * np.cumsum(y) * x + np.cumsum(y[::-1]) - y)
    return y


@pytest.mark.parametrize("order", ["forward", "reverse", "auto"])
def test_many_products_of_operators_become_a_matrix(order):
    x = np.linspace(0.1, 0.9, 5)
    J = jac.jacobian(scans, mode="explicit", order=order)(x)
    assert len(J.terms) <= 8 * 5
    step = 1e-30
    columns = [scans(x + 1j * step * unit).imag / step for unit in np.eye(5)]
    np.testing.assert_allclose(J.to_array(), np.stack(columns, axis=1), rtol=1e-10, atol=1e-14)


def test_few_operators_on_many_numbers_stay_operators():
    x = np.linspace(0.0, 1.0, 10**6)
    J = jac.jacobian(lambda x: np.cumsum(x) * x + np.cumsum(x[::-1]), mode="explicit")(x)
    assert J.nbytes <= 4 * x.nbytes
    h = np.ones(10**6)
    np.testing.assert_allclose(J @ h, np.arange(1, 10**6 + 1) * x + np.cumsum(x) + np.arange(1, 10**6 + 1))
