"""Sums of products with running sums, whose Jacobians are operators as long as that holds less than a matrix."""

import numpy as np
import pytest

import jacobians as jac
from jacobians.scipy import linalg


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


TIED = {
    "trace": lambda m: np.trace(linalg.expm(m)),
    "trace of a square": lambda m: np.trace(linalg.expm(m * m)),
    "trace times a matrix": lambda m: np.einsum("ii,jk->jk", linalg.expm(m), m),
    "diagonal": lambda m: np.diag(linalg.expm(m)),
    "of a diagonal": lambda m: linalg.expm(np.diag(np.diag(m))),
    "of a diagonal, and its trace": lambda m: np.trace(linalg.expm(np.diag(np.diag(m)))) * np.diag(m),
}


def by_complex_steps(f, m):
    steps = 1e-30j * np.eye(m.size).reshape(m.size, *m.shape)
    return np.stack([f(m + step).imag / 1e-30 for step in steps], axis=-1).reshape(*np.shape(f(m)), *m.shape)


@pytest.mark.parametrize("f", TIED.values(), ids=list(TIED))
def test_operators_with_one_index_on_two_of_their_axes(f):
    m = np.random.default_rng(0).standard_normal((3, 3))
    expected = by_complex_steps(f, m)
    for mode in ("explicit", "lazy"):
        np.testing.assert_allclose(jac.jacobian(f, mode=mode)(m).to_array(), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jac.compile(jac.jacobian(f))(m).to_array(), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jac.jvp(f, (m,), (m,))[1], np.tensordot(expected, m, 2), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("f", TIED.values(), ids=list(TIED))
def test_second_derivatives_of_operators_with_one_index_on_two_of_their_axes(f):
    m = np.random.default_rng(0).standard_normal((3, 3))

    def loss(m):
        return np.sum(np.sin(f(m)))

    step = 1e-5
    shifts = step * np.eye(9).reshape(9, 3, 3)
    slopes = [(by_complex_steps(loss, m + s) - by_complex_steps(loss, m - s)) / (2 * step) for s in shifts]
    expected = np.stack(slopes, axis=-1).reshape(3, 3, 3, 3)
    np.testing.assert_allclose(jac.hessian(loss)(m).to_array(), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(jac.hvp(loss, (m,), (m,))[0], np.tensordot(expected, m, 2), rtol=1e-6, atol=1e-6)


def test_sparse_products_that_meet_in_single_entries():
    def function(A):
        A = np.einsum("ij,kl->ikjl", A, A)[0, :, 1]
        X = jac.scipy.linalg.solve_continuous_lyapunov(A + 3 * np.eye(3), A)
        return np.linalg.solve(X + 3 * np.eye(3), np.linalg.cholesky(A @ A.T + np.eye(3)).T)

    J = jac.jacobian(function)(np.array([[0.3, 0.2, 0.1], [-0.4, 0.5, 0.3], [0.2, 0.1, -0.6]]))
    matrix = J.to_array().reshape(9, 9)
    np.testing.assert_allclose((J.T @ J).to_sparse().toarray(), matrix.T @ matrix, rtol=1e-10, atol=1e-12)
