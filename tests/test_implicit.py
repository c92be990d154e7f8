"""Roots and fixed points, against finite differences of their solvers."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse.linalg
from graph_oracle import numerical_jacobians

import jacobians as jac

rng = np.random.default_rng(0)
N = 5
MIX = rng.normal(size=(N, N)) * 0.2
A, B = rng.normal(size=N), rng.normal(size=N)


def newton(residual, start, *args):
    z = start
    for _ in range(60):
        rest = residual(z, *args)
        if np.max(np.abs(rest)) < 1e-14:
            break
        z = z - np.linalg.solve(jac.jacobian(residual)(z, *args).to_matrix(), rest.ravel()).reshape(z.shape)
    return z


def dense(z, a, b):
    return z + 0.3 * np.tanh(MIX @ z * a) - b


def diagonal(z, a, b):
    return z + 0.3 * np.sin(z * a) - b


def tridiagonal(z, a, b):
    return 3 * z + 0.3 * np.sin(a * z) + 0.5 * np.concatenate([z[1:], z[:1] * 0]) * z - b


CASES = [
    (residual, method)
    for residual, methods in (
        (dense, ["auto", "dense", "sparse", "iterative"]),
        (diagonal, ["auto", "diagonal", "dense", "iterative"]),
        (tridiagonal, ["auto", "sparse", "iterative"]),
    )
    for method in methods
]
every_case = pytest.mark.parametrize(
    ("residual", "method"), CASES, ids=[f"{residual.__name__}-{method}" for residual, method in CASES]
)


def solver_of(residual, method="auto"):
    @jac.implicit(residual, method=method)
    def solve(a, b, *, guess=0.0):
        assert type(a) is type(b) is np.ndarray
        return newton(residual, np.zeros(N) + guess, a, b)

    return solve


def assert_close(found, expected, tolerance=1e-7):
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@every_case
def test_first_order(residual, method):
    solve = solver_of(residual, method)
    expected = numerical_jacobians(lambda a, b: solve(a, b), A, B)
    for mode in ("explicit", "lazy"):
        for J, matrix in zip(jac.jacobian(solve, (0, 1), mode=mode)(A, B, guess=0.1), expected, strict=True):
            h = rng.normal(size=N)
            assert_close(J.to_array(), matrix)
            assert_close(J @ h, matrix @ h)
            assert_close(h @ J, h @ matrix)


@every_case
def test_second_order(residual, method):
    solve = solver_of(residual, method)

    def loss(a, b):
        return np.sum(np.sin(solve(a, b * b)))

    gradient = jac.grad(loss, (0, 1))
    H = jac.hessian(loss, (0, 1))(A, B)
    for k in range(2):
        for found, expected in zip(H[k], numerical_jacobians(lambda a, b, k=k: gradient(a, b)[k], A, B), strict=True):
            assert_close(found.to_array(), expected, 1e-6)
    product = jac.hvp(loss, (A, B), (B, A))
    assert_close(product[0], H[0][0] @ B + H[0][1] @ A)


@every_case
def test_compiled(residual, method):
    solve = solver_of(residual, method)
    gradient = jac.grad(lambda a, b: np.sum(np.sin(solve(a, b))), (0, 1))
    compiled = jac.compile(gradient)
    for a, b in ((A, B), (2 * A, B - 0.3)):
        for found, expected in zip(compiled(a, b), gradient(a, b), strict=True):
            assert_close(found, expected, 1e-9)


def test_the_structure_of_the_inverse():
    assert jac.jacobian(solver_of(diagonal))(A, B).is_diagonal
    assert jac.jacobian(solver_of(dense))(A, B).structure == "operator"


def test_a_large_sparse_system_is_never_dense():
    n = 20_000

    def residual(z, b):
        return 3 * z + z**3 - np.concatenate([z[1:], z[:1]]) - b

    @jac.implicit(residual)
    def solve(b):
        z = np.zeros(n)
        for _ in range(30):
            J = jac.jacobian(residual)(z, b).to_sparse("csc")
            z = z - scipy.sparse.linalg.spsolve(J, residual(z, b))
        return z

    b = np.sin(np.arange(n))
    z = solve(b)
    gradient = jac.grad(lambda b: np.sum(solve(b) ** 2))(b)
    J = jac.jacobian(residual)(z, b).to_sparse("csc")
    assert_close(gradient, scipy.sparse.linalg.spsolve(J.T.tocsc(), 2 * z), 1e-9)


def test_one_transposed_solution_for_all_arguments():
    solutions = []

    def solve_linear(operator, b):
        solutions.append(operator.shape)
        return scipy.sparse.linalg.gmres(operator, b, rtol=1e-13, atol=0.0)[0]

    solve = solver_of(dense, solve_linear)
    gradient = jac.grad(lambda a, b: np.sum(solve(a, b) ** 2), (0, 1))(A, B)
    assert solutions == [(N, N)]
    direct = jac.grad(lambda a, b: np.sum(solver_of(dense)(a, b) ** 2), (0, 1))(A, B)
    for found, expected in zip(gradient, direct, strict=True):
        assert_close(found, expected)


def test_fixed_points_to_third_order():
    def g(z, a):
        return np.cos(a * z)

    @jac.implicit(g, fixed_point=True)
    def solve(a):
        z = np.zeros_like(a) + 0.5
        for _ in range(200):
            z = g(z, a)
        return z

    function = solve
    for order in range(3):
        assert_close(jac.grad(function)(0.7), numerical_jacobians(function, np.array(0.7))[0], 10 ** (order - 8))
        function = jac.grad(function)
    J = jac.jacobian(solve)(np.linspace(0.1, 0.9, 4, dtype=np.float32))
    assert J.is_diagonal
    assert J.to_array().dtype == np.float32


def test_matrices_as_unknowns_and_a_foreign_solver():
    def residual(Z, T):
        return Z + 0.2 * np.tanh(Z @ np.ones((3, 3))) - T

    @jac.implicit(residual)
    def solve(T):
        found = scipy.optimize.root(lambda z: residual(z.reshape(T.shape), T).ravel(), np.zeros(T.size), tol=1e-13)
        return found.x.reshape(T.shape)

    jac.check_jacobian(solve, rng.normal(size=(2, 3)))


def test_what_no_input_changes_is_a_constant():
    solve = jac.implicit(lambda z, a: z - 2.0)(lambda a: np.array(2.0))
    assert jac.grad(lambda a: a * solve(a))(3.0) == 2.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: jac.implicit(lambda z, a: a)(lambda a: a)(a), jac.ArgumentError, "residual .* does not depend on"),
        (lambda a: jac.implicit(lambda z, a: z[:2])(lambda a: a)(a), jac.ShapeError, r"has as many equations as"),
        (lambda a: jac.implicit(lambda z, a: np.sum(z) - a)(lambda a: a)(a), np.linalg.LinAlgError, "Singular"),
        (lambda a: jac.implicit(dense)(lambda a, tol=0: a)(B, tol=a), jac.ArgumentError, "Keywords are options of the"),
        (lambda a: jac.implicit(dense, method="lu"), jac.ArgumentError, "method is 'lu'. Use \"auto\""),
        (lambda a: jac.implicit(3), jac.ArgumentError, "residual is a int"),
        (lambda a: jac.implicit(dense)(3), jac.ArgumentError, "the solver is a int"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        _ = jac.jacobian(call)(A).to_array()
