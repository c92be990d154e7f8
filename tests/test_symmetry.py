"""Hessians equal their transpose exactly; `symmetric=False` leaves them as they were computed."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac
from jacobians.plain import mirror, symmetric_product

RNG = np.random.default_rng(8)
A = RNG.normal(size=(40, 12))
SIGNS = np.sign(RNG.normal(size=40))
B = RNG.normal(size=(4, 3, 3))
FIRST, SECOND = np.array([0, 0, 3, 4, 1, 7]), np.array([1, 0, 2, 2, 5, 0])


def blocks(w, matrices, m):
    return m.einsum("aij,aj->ai", matrices, m.reshape(w, (4, 3)))


# Scalar functions of a vector of twelve numbers, with the namespace as an argument, and what the labels prove.
# fmt: off
FUNCTIONS = {
    "logistic":    (lambda w, m: m.sum(m.log1p(m.exp(-SIGNS * m.dot(A, w)))),           "dense"),
    "two terms":   (lambda w, m: m.sum(m.tanh(m.dot(A, w))) * m.sum(w**3),              "dense"),
    "diagonal":    (lambda w, m: m.sum(m.sin(w)),                                       "diagonal"),
    "blocks":      (lambda w, m: m.sum(m.tanh(m.einsum("aij,aj->ai", B, m.reshape(w, (4, 3)))) ** 2), "sparse"),
    "two blocks":  (lambda w, m: m.sum(blocks(w, B, m) * blocks(w, B.swapaxes(1, 2), m)), "sparse"),
    "neighbours":  (lambda w, m: m.sum(100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2), "sparse"),
    "repeated":    (lambda w, m: m.sum(w[FIRST] * m.exp(w[SECOND])),                    "sparse"),
    "sparse, dense": (lambda w, m: m.sum(w[1:] ** 2 * w[:-1]) + m.sum(m.tanh(m.dot(A, w)) ** 2), "dense"),
    "running sums": (lambda w, m: m.sum(m.cumsum(w) ** 3),                              "operator"),
    "linear":      (lambda w, m: m.sum(w),                                              "zero"),
}
# fmt: on


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore:Output seems independent of input")
def test_a_hessian_equals_its_transpose(name):
    function, structure = FUNCTIONS[name]
    w = RNG.normal(size=12)
    H = jac.hessian(lambda w: function(w, np))(w)
    dense = H.to_array()
    assert structure in H.structure
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_allclose(dense, autograd.hessian(lambda w: function(w, anp))(w), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(H.to_matrix(), dense)
    half = jac.hessian(lambda w: function(w, np))(w.astype(np.float32)).to_array()
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half, half.T)


def test_before_that_it_does_only_but_for_rounding():
    """Otherwise nothing above would have been tested."""
    asymmetry = {}
    for name in ("logistic", "two terms", "blocks"):
        function, _ = FUNCTIONS[name]
        as_computed = jac.hessian(lambda w, f=function: f(w, np), symmetric=False)(RNG.normal(size=12)).to_array()
        asymmetry[name] = np.abs(as_computed - as_computed.T).max() / np.abs(as_computed).max()
    assert min(asymmetry.values()) > 0
    assert max(asymmetry.values()) < 1e-14


def test_nests():
    def loss(p):
        return np.sum((np.tanh(A @ p["W"]) @ p["v"] - SIGNS) ** 2)

    point = {"W": RNG.normal(size=(12, 5)), "v": RNG.normal(size=5)}
    H = jac.hessian(loss)(point)
    matrix = H.to_matrix()
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(H["W"]["W"].to_matrix(), H["W"]["W"].to_matrix().T)
    assert H["W"]["v"].to_matrix().shape == (60, 5)
    as_computed = jac.hessian(loss, symmetric=False)(point).to_matrix()
    assert np.abs(as_computed - as_computed.T).max() > 0
    np.testing.assert_allclose(matrix, as_computed, rtol=1e-12, atol=1e-12)


def test_pairs_of_arguments():
    W = RNG.normal(size=(5, 7))
    H = jac.hessian(lambda a, b: np.sum(np.tanh(a @ W) * b) ** 3, argnums=(0, 1))(
        RNG.normal(size=5), RNG.normal(size=7)
    )
    for n in (0, 1):
        np.testing.assert_array_equal(H[n][n].to_array(), H[n][n].to_array().T)
    np.testing.assert_allclose(H[0][1].to_array(), H[1][0].to_array().T, rtol=1e-12)


def test_a_jacobian_that_is_no_hessian_is_left_alone():
    J = jac.jacobian(lambda w: np.array([[0.0, 1.0], [2.0, 0.0]]) @ w)(np.ones(2))
    np.testing.assert_array_equal(J.to_array(), [[0.0, 1.0], [2.0, 0.0]])


def test_numbers_and_empty_arrays():
    assert jac.hessian(lambda t: t**3)(2.0).to_array() == 12
    assert jac.hessian(lambda x: np.sum(x**3))(np.zeros(0)).to_array().shape == (0, 0)
    assert jac.hessian(lambda x: np.sum(x**3))(np.zeros((0, 3))).to_array().shape == (0, 3, 0, 3)


def test_traced_hessians_have_derivatives():
    third = jac.jacobian(lambda w: jac.hessian(lambda v: np.sum(np.tanh(A @ v)))(w).to_array())(np.ones(12) / 9)
    w = np.ones(12) / 9
    expected = autograd.jacobian(autograd.hessian(lambda v: anp.sum(anp.tanh(anp.dot(A, v)))))(w)
    np.testing.assert_allclose(third.to_array(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "shape", [(0,), (1,), (2,), (127,), (128,), (129,), (300,), (5, 3), (7, 30), (2, 140), (3, 4, 9)]
)
def test_the_lower_triangle_from_the_upper(shape):
    matrix = RNG.normal(size=(*shape, shape[-1]))
    expected = np.triu(matrix) + np.triu(matrix, 1).swapaxes(-1, -2)
    assert mirror(matrix) is matrix
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize("order", ["C", "F"])
def test_some_entries_from_those_across(order):
    matrix = np.array(np.arange(9.0).reshape(3, 3), order=order)
    assert mirror(matrix, np.array([3, 7]), np.array([1, 5])) is matrix
    np.testing.assert_array_equal(matrix, [[0, 1, 2], [1, 4, 5], [6, 5, 8]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (7, 5), (40, 128), (30, 129), (9, 400), (6, 11, 9), (2, 3, 150)])
def test_a_product_that_is_known_to_be_symmetric(shape, dtype):
    X, s = RNG.normal(size=shape).astype(dtype), RNG.normal(size=shape[:-1]).astype(dtype)
    left, right = X.swapaxes(-1, -2), X * s[..., None]
    product = symmetric_product(left, right)
    assert product.dtype == dtype
    np.testing.assert_array_equal(product, product.swapaxes(-1, -2))
    exact = left.astype(float) @ right.astype(float)
    np.testing.assert_allclose(
        product, exact, rtol=1e-4 if dtype is np.float32 else 1e-11, atol=1e-3 if dtype is np.float32 else 1e-11
    )
    out = np.full_like(product, np.nan)
    assert symmetric_product(left, right, out=out) is out
    np.testing.assert_array_equal(out, product)


def test_of_a_large_product_little_more_than_half_is_multiplied(monkeypatch):
    done = []
    matmul = np.matmul

    def counted(a, b, **kwargs):
        done.append(a.shape[0] * a.shape[1] * b.shape[1])
        return matmul(a, b, **kwargs)

    monkeypatch.setattr(np, "matmul", counted)
    _ = symmetric_product(RNG.normal(size=(1000, 10)), RNG.normal(size=(10, 1000)))
    assert sum(done) < 0.57 * 1000 * 10 * 1000


LONG = RNG.normal(size=(30, 180))
WIDE = {
    "one product":          lambda w, m: m.sum(m.sin(m.dot(LONG, w))),
    "product and diagonal": lambda w, m: m.sum(m.sin(m.dot(LONG, w))) + m.sum(w**4),
    "two products":         lambda w, m: m.sum(m.tanh(m.dot(LONG, w))) * m.sum(w**3),
    "of two indices":       lambda w, m: m.sum(m.tanh(m.dot(m.reshape(LONG, (150, 36)), m.reshape(w, (36, 5)))) ** 2),
    "neighbours too":       lambda w, m: m.sum(m.sin(m.dot(LONG, w))) * m.sum(w[1:] * w[:-1]),
}  # fmt: skip


@pytest.mark.parametrize("name", WIDE)
def test_large_matrices(name):
    function = WIDE[name]
    w = RNG.normal(size=180) / 10
    hessian = jac.hessian(lambda w: function(w, np))
    dense = hessian(w).to_array()
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_allclose(dense, autograd.hessian(lambda w: function(w, anp))(w), rtol=1e-9, atol=1e-9)
    out = np.full_like(dense, np.nan)
    np.testing.assert_array_equal(hessian(w).to_array(out=out), dense)
    half = hessian(w.astype(np.float32)).to_array()
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half, half.T)
