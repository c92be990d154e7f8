"""What the documentation claims: the table of local Jacobians, the four shapes of a derivative, the chain rule."""

import numpy as np
import pytest
from sample_jacobians import assert_close

from jacobians import grad, jacobian, value_and_jacobian
from jacobians.terms import Term

RNG = np.random.default_rng(1)
X = RNG.normal(size=(4, 6))
SQUARE = RNG.normal(size=(3, 3)) + 4 * np.eye(3)
B = RNG.normal(size=(6, 2))
INDEX = np.array([2, 0, 2])
EYE = np.eye(24).reshape(4, 6, 4, 6)


def sizes(axes):
    return tuple(tuple(label.size for label in axis) for axis in axes)


INVERSE = np.linalg.inv(SQUARE)
LARGEST = np.equal(X, np.max(X, axis=0)).astype(float)

# fmt: off
FORMULAS = {
    "sin":       "J[i j | i j] = A[i j]",
    "broadcast": "J[i j | j] = 1",
    "matmul":    "J[i j | i k] = A[k j]",
    "sum":       "J[i | j i] = 1",
    "max":       "J[i | j i] = A[j i]",
    "reshape":   "J[(i j) k | i (j k)] = 1",
    "gather":    "J[i j | k j] = {k = index[i]}",
    "inv":       "J[i j | k l] = -1 A[i k] B[l j]",
}
TABLE = {  # function, point, dense derivative
    "sin":       (np.sin,                     X,      np.einsum("ij,ijkl->ijkl", np.cos(X), EYE)),
    "broadcast": (lambda b: X + b,            X[0],   np.broadcast_to(np.eye(6), (4, 6, 6))),
    "matmul":    (lambda A: A @ B,            X,      np.einsum("il,kj->ijlk", np.eye(4), B)),
    "sum":       (lambda x: x.sum(0),         X,      np.sum(EYE, axis=0)),
    "max":       (lambda x: x.max(0),         X,      np.einsum("ij,ijkl->jkl", LARGEST, EYE)),
    "reshape":   (lambda x: x.reshape(12, 2), X,      EYE.reshape(12, 2, 4, 6)),
    "gather":    (lambda x: x[INDEX],         X,      EYE[INDEX]),
    "inv":       (np.linalg.inv,              SQUARE, -np.einsum("ik,lj->ijkl", INVERSE, INVERSE)),
}
# fmt: on


@pytest.mark.parametrize("name", TABLE)
def test_local_jacobians(name):
    function, x, expected = TABLE[name]
    J = jacobian(function)(x)
    assert_close(J.to_array(), expected)
    (term,) = J.terms
    assert isinstance(term, Term)
    assert repr(term) == FORMULAS[name]
    assert sum(factor.array.size for factor in term.factors) <= max(x.size, B.size, 2 * SQUARE.size)


def test_ties_of_max_share_equally():
    J = jacobian(lambda x: x.max(0))(np.array([[1.0, 2.0], [1.0, 3.0], [0.0, 3.0]]))
    assert_close(J.to_array()[0], [[0.5, 0.0], [0.5, 0.0], [0.0, 0.0]])
    assert_close(J.to_array()[1], [[0.0, 0.0], [0.0, 0.5], [0.0, 0.5]])


def test_reshape_is_a_regrouping_of_labels():
    (term,) = jacobian(lambda x: x.reshape(12, 2))(X).terms
    assert (sizes(term.out), sizes(term.inp)) == (((4, 3), (2,)), ((4,), (3, 2)))
    assert term.nbytes == 0
    incompatible = jacobian(lambda x: np.reshape(x, (3, 2)))(np.ones((2, 3)))
    assert_close(incompatible.to_array(), np.eye(6).reshape(3, 2, 2, 3))
    assert incompatible.to_sparse().nnz == 6


def test_a_summed_label_that_no_factor_carries():
    """The derivative of ``sum(broadcast_to(x, 5))`` is 5."""
    assert_close(grad(lambda x: np.sum(np.broadcast_to(x, (5,))))(2.0), 5.0)
    assert_close(jacobian(lambda x: np.sum(np.broadcast_to(x, (5, 3)), axis=0))(np.ones(3)).to_array(), 5 * np.eye(3))


@pytest.mark.parametrize(
    ("function", "point", "shape"),
    [
        (lambda t: t**3, 2.0, ()),
        (lambda t: np.stack([np.cos(t), np.sin(t), t]), 2.0, (3,)),
        (lambda x: np.sum(x**2), np.ones(4), (4,)),
        (lambda x: np.outer(x, x), np.ones(4), (4, 4, 4)),
    ],
    ids=["number of a number", "curve", "gradient", "generalized Jacobian"],
)
def test_four_shapes_of_a_derivative(function, point, shape):
    value, J = value_and_jacobian(function)(point)
    assert J.shape == shape == np.shape(value) + np.shape(point)
    h = 1e-6 * RNG.normal(size=np.shape(point))
    np.testing.assert_allclose(J @ h, (function(point + h) - function(point - h)) / 2, atol=1e-14)


def test_the_chain_rule_is_a_tensordot():
    f, g = lambda x: np.tanh(x @ B), lambda y: np.outer(y.sum(1), y.sum(0))
    inner, outer = jacobian(f)(X), jacobian(g)(f(X))
    composed = jacobian(lambda x: g(f(x)))(X)
    dense = np.tensordot(outer.to_array(), inner.to_array(), axes=2)
    assert_close(composed.to_array(), dense)
    assert_close((outer @ inner).to_array(), dense)
    entry = (1, 0, 2, 3)
    moved = X.copy()
    moved[2, 3] += 1e-6
    np.testing.assert_allclose((g(f(moved)) - g(f(X)))[1, 0] / 1e-6, dense[entry], atol=1e-4)


def test_adjointness():
    J = jacobian(lambda x: np.cumsum(np.tanh(x @ B), axis=0))(X)
    h, c = RNG.normal(size=J.in_shape), RNG.normal(size=J.out_shape)
    assert_close(np.sum(c * (J @ h)), np.sum((J.T @ c) * h))


def test_the_same_array_as_two_operands():
    assert_close(jacobian(lambda x: x * x)(X[0]).diagonal(), 2 * X[0])
    assert_close(jacobian(lambda x: np.dot(x, x))(X[0]).to_array(), 2 * X[0])
    A = RNG.normal(size=(3, 3))
    assert_close(grad(lambda A: np.trace(A @ A))(A), 2 * A.T)


def test_a_constant_exponent_of_a_negative_base():
    assert_close(grad(lambda x: x**3)(-2.0), 12.0)
    assert_close(grad(lambda x: x**2.0)(-2.0), -4.0)
