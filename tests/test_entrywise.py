"""A Jacobian among arrays: it stays one where it is linear, and is its dense array anywhere else."""

import operator

import numpy as np
import pytest
import scipy.sparse

import jacobians as jac
from jacobians import BlockJacobian, Jacobian, MemoryLimitError

x = np.array([0.3, 0.7, 1.1])
A = np.arange(1.0, 10.0).reshape(3, 3)


def scaled(x):
    return np.sin(x) * np.sum(x)


def slope(x):
    """The Jacobian of `scaled`, by hand."""
    return np.diag(np.cos(x) * np.sum(x)) + np.sin(x)[:, None]


def differences(f, x, step=1e-5):
    """Central differences of a function of a vector."""
    moves = step * np.eye(len(x))
    return np.stack([(f(x + move) - f(x - move)) / (2 * step) for move in moves])


each_operator = pytest.mark.parametrize(
    "binary",
    [
        getattr(operator, name)
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne")
    ],
    ids=lambda binary: binary.__name__,
)
each_partner = pytest.mark.parametrize(
    "partner", [A, A[0], 2.5, 3, np.float64(2.5), A.tolist()], ids=["matrix", "row", "number", "int", "NumPy", "list"]
)


@each_operator
@each_partner
@pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
def test_operators_with_arrays_and_numbers(binary, partner, mode):
    J, dense = jac.jacobian(scaled, mode=mode)(x), slope(x)
    for found, expected in (
        (binary(J, partner), binary(dense, partner)),
        (binary(partner, J), binary(np.asarray(partner), dense)),
    ):
        assert np.shape(found) == expected.shape
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-13)


def test_multiples_stay_jacobians():
    J = jac.jacobian(np.sin)(x)
    for multiple in (2 * J, J * np.float64(2), np.float64(2) * J, np.array(2.0) * J, J / 0.5, np.multiply(J, 2), J + J):
        assert isinstance(multiple, Jacobian)
        assert multiple.is_diagonal
        np.testing.assert_allclose(multiple.diagonal(), 2 * np.cos(x))
    assert isinstance(np.negative(J), Jacobian)
    assert isinstance(np.subtract(J, J), Jacobian)
    assert +J is J
    assert sum([J, J]).is_diagonal


def test_products_of_entries():
    J, dense = jac.jacobian(scaled)(x), slope(x)
    np.testing.assert_allclose(J * J, dense * dense)
    same = jac.jacobian(scaled)(x)
    np.testing.assert_array_equal(same == J, np.ones((3, 3), bool))
    np.testing.assert_allclose(np.matmul(A, J), A @ dense)
    np.testing.assert_allclose(np.matmul(J, x), dense @ x)


@pytest.mark.parametrize(
    "function",
    [
        np.sum,
        np.max,
        np.abs,
        abs,
        np.exp,
        np.isfinite,
        np.linalg.det,
        np.linalg.norm,
        np.trace,
        np.mean,
        np.shape,
        np.ndim,
        np.size,
        lambda J: np.sum(J, axis=0),
        lambda J: np.add.reduce(J, axis=1),
        lambda J: np.multiply.outer(x, J),
        lambda J: np.add(J, A, out=np.empty((3, 3))),
        lambda J: operator.iadd(A.copy(), J),
        lambda J: np.allclose(J, slope(x)),
        lambda J: np.concatenate([J, A]),
        lambda J: np.einsum("ij,j->i", J, x),
        lambda J: abs(J - scipy.sparse.csr_array(slope(x))),
    ],
)
def test_functions_of_the_dense_array(function):
    J = jac.jacobian(scaled)(x)
    np.testing.assert_allclose(function(J), function(np.asarray(slope(x))), atol=1e-15)


FUNCTIONALS = [
    lambda J, x: np.sum(J**2),
    lambda J, x: np.sum(np.abs(J - A)),
    lambda J, x: np.sum((x - J) ** 2) + np.sum((J / x) ** 2),
    lambda J, x: np.sum(((x[0] * J) @ x) ** 2),
    lambda J, x: np.sum((x @ (J / x[1])) ** 2),
    lambda J, x: np.linalg.slogdet(J)[1],
    lambda J, x: np.einsum("ij,j,i", J, x, x),
    lambda J, x: np.sum(np.add.reduce(J, axis=1) ** 2),
]


@pytest.mark.parametrize("functional", FUNCTIONALS)
def test_derivatives_of_what_is_made_of_entries(functional):
    def traced(x):
        return functional(jac.jacobian(scaled)(x), x)

    expected = differences(lambda x: functional(slope(x), x), x)
    np.testing.assert_allclose(jac.grad(traced)(x), expected, rtol=1e-6)
    compiled = jac.compile(jac.grad(traced))
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), expected, rtol=1e-6)


def test_a_traced_multiple_keeps_the_structure():
    outer = []

    def multiple(s):
        outer.append(s * jac.jacobian(np.sin)(x))
        return outer[-1]

    J = jac.jacobian(multiple)(2.0)
    assert outer[0].is_diagonal
    np.testing.assert_allclose(J.to_array(), np.diag(np.cos(x)))


def test_numbers():
    assert float(jac.jacobian(lambda t: t * t)(3.0)) == 6.0
    assert complex(jac.jacobian(lambda z: z * z, holomorphic=True)(3.0 + 1j)) == 6.0 + 2j


def test_what_is_too_large_says_so():
    J = jac.jacobian(np.sin, memory_limit=1000)(np.ones(100))
    for wrong in (lambda: J - 1, lambda: 1 - J, lambda: np.sum(J), lambda: J == 1):
        with pytest.raises(MemoryLimitError, match="Use to_sparse"):
            _ = wrong()
    assert np.shape(J) == (100, 100)  # costs nothing


def test_what_is_no_array():
    J = jac.jacobian(np.sin)(x)
    assert (J == "J") is False
    assert (J != "J") is True
    assert J in [J]
    assert len({J, J}) == 1
    with pytest.raises(
        AttributeError, match=r"^a Jacobian has no attribute 'reshape'\. .* use np\.asarray\(J\)\.reshape$"
    ):
        _ = J.reshape(9)
    with pytest.raises(AttributeError, match="'Jacobian' object has no attribute 'shapely'"):
        _ = J.shapely
    with pytest.raises(TypeError):
        _ = np.add(A, A, out=J)


def test_blocks_are_their_flat_view():
    B = jac.jacobian(lambda p: {"a": p["x"] * 2, "b": np.sum(p["x"] ** 2)})({"x": x})
    M = np.concatenate([2 * np.eye(3), [2 * x]])
    assert isinstance(B, BlockJacobian)
    np.testing.assert_array_equal(B - M, np.zeros((4, 3)))
    np.testing.assert_array_equal(M + B, 2 * M)
    np.testing.assert_array_equal(B == M, np.ones((4, 3), bool))
    np.testing.assert_allclose(B**2, M**2)
    assert np.sum(B) == np.sum(M)
    assert isinstance(np.float64(2) * B, BlockJacobian)


def test_an_argument_may_be_a_jacobian():
    J = jac.jacobian(scaled)(x)
    np.testing.assert_array_equal(jac.grad(np.sum)(J), np.ones((3, 3)))
    np.testing.assert_allclose(jac.vjp(np.diagonal, J)[0], np.diagonal(slope(x)))
    np.testing.assert_allclose(jac.jacobian(scaled)(x) @ A, slope(x) @ A)
    np.testing.assert_allclose(J.jvp(J[0]), slope(x) @ slope(x)[0])
