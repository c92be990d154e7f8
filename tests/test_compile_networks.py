"""What compiled gradients of networks leave out: labels as integers, shares of ties, data held twice, two constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import jacobians as jac
from jacobians.compiler.rewrites.witnesses import is_finite
from jacobians.program import CONSTANT, Node

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((64, 12)), RNG.standard_normal((12, 10)) / 3
Y, ROWS = RNG.integers(0, 10, 64), np.arange(64)


def softmax(Z: np.ndarray) -> np.ndarray:
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def cross_entropy(W: Any) -> Any:
    Z = X @ W
    Z = Z - np.max(Z, axis=1, keepdims=True)
    log_p = Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))
    return -np.mean(log_p[ROWS, Y])


def test_the_shift_of_a_cross_entropy_has_no_gradient() -> None:
    compiled = jac.compile(jac.grad(cross_entropy))
    P = softmax(X @ W)
    P[ROWS, Y] -= 1
    np.testing.assert_allclose(compiled(W), X.T @ P / 64, rtol=1e-12, atol=1e-14)
    assert "==" not in compiled.source


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_in_a_cross_entropy_stays(bad: float) -> None:
    wrong = W.copy()
    wrong[3, 4] = bad
    eager = jac.grad(cross_entropy)
    with np.errstate(all="ignore"):
        found, expected = jac.compile(eager)(wrong), eager(wrong)
    assert not np.isfinite(found[~np.isfinite(expected)]).any()


def test_weights_of_examples_keep_the_shift_out() -> None:
    weights = RNG.random(64)

    def loss(W: Any) -> Any:
        Z = X @ W
        Z = Z - np.max(Z, axis=1, keepdims=True)
        return np.sum(weights * (np.log(np.sum(np.exp(Z), axis=1)) - Z[ROWS, Y]))

    P = softmax(X @ W)
    P[ROWS, Y] -= 1
    found = jac.compile(jac.grad(loss))(W)
    np.testing.assert_allclose(found, X.T @ (weights[:, None] * P), rtol=1e-11, atol=1e-12)


def test_a_shift_that_matters_stays() -> None:
    """Labels that add up to two in each row: the largest entry counts."""
    T = np.zeros((64, 10))
    T[ROWS, Y] = 2.0

    def loss(W: Any) -> Any:
        Z = X @ W
        Z = Z - np.max(Z, axis=1, keepdims=True)
        return np.sum(np.log(np.sum(np.exp(Z), axis=1)) - np.sum(T * Z, axis=1))

    Z = X @ W
    G = softmax(Z) - T + (Z.max(1, keepdims=True) == Z)
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(W), X.T @ G, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ties_of_a_pool_share_equally(dtype: Any) -> None:
    x = RNG.integers(0, 4, (100, 9, 3)).astype(dtype)
    T = RNG.standard_normal((100, 9)).astype(dtype)
    compiled = jac.compile(jac.grad(lambda x: np.sum(np.max(x, axis=2) * T)))
    ties = x == x.max(2, keepdims=True)
    found = compiled(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, T[:, :, None] * ties / ties.sum(2, keepdims=True), rtol=1e-6)
    x[2, 3, 1] = np.nan
    found, expected = compiled(x), jac.grad(lambda x: np.sum(np.max(x, axis=2) * T))(x)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_data_that_two_derivatives_hold_is_one_constant() -> None:
    data, label = RNG.standard_normal((2, 100, 30))

    def net(V: Any) -> Any:
        return np.tanh(data @ V)

    def product(V: Any, d: Any) -> Any:
        y, t = jac.jvp(net, (V,), (d,))
        return jac.vjp(net, V)[1]((y - label[:, :8]) * t)[0]

    V, d = RNG.standard_normal((2, 30, 8)) / 5
    compiled = jac.compile(product)
    y = np.tanh(data @ V)
    expected = data.T @ ((y - label[:, :8]) * (1 - y * y) ** 2 * (data @ d))
    np.testing.assert_allclose(compiled(V, d), expected, rtol=1e-11, atol=1e-12)
    assert compiled.source.count("tanh") == 1


def test_equal_constants_are_told_by_their_bits() -> None:
    zero, negative, unknown = np.zeros(1000), np.full(1000, -0.0), np.full(1000, np.nan)
    compiled = jac.compile(lambda x: (np.copysign(x, zero), np.copysign(x, negative), x + unknown, x * unknown))
    found = compiled(np.ones(1000))
    np.testing.assert_array_equal(found[0], 1.0)
    np.testing.assert_array_equal(found[1], -1.0)
    assert np.isnan(found[2]).all()
    one = np.zeros(1000)
    one[501] = -0.0  # where a few entries do not show it
    both = jac.compile(lambda x: (np.copysign(x, zero), np.copysign(x, one)))(np.ones(1000))
    np.testing.assert_array_equal(np.flatnonzero(both[0] != both[1]), [501])


def test_a_constant_that_is_not_finite_is_no_witness() -> None:
    for value, finite in ((1.0, True), (np.inf, False), (np.nan, False), (1e300, False)):
        node = Node(CONSTANT, (np.array([0.0, value]),), {}, (2,), np.dtype(float))
        assert is_finite(node) is finite


def test_layers_that_add_to_their_input_have_one_diagonal() -> None:
    U, V, x = RNG.standard_normal((3, 24, 9)) / 4, RNG.standard_normal((3, 9, 24)) / 4, RNG.standard_normal((30, 24))

    def network(x: Any) -> Any:
        for A, B in zip(U, V, strict=True):
            x = x + np.tanh(x @ A) @ B
        return x

    jacobian = jac.jacobian(network)
    compiled = jac.compile(lambda x: jacobian(x).diagonal_blocks(0))
    expected, state = np.eye(24) + np.zeros((30, 24, 24)), x
    for A, B in zip(U, V, strict=True):
        slope = 1 - np.tanh(state @ A) ** 2
        expected, state = expected + (B.T * slope[:, None, :]) @ A.T @ expected, state + np.tanh(state @ A) @ B
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-12, atol=1e-12)
    assert "np.zeros" not in compiled.source


@pytest.mark.parametrize("sparse", [False, True])
def test_two_constant_matrices_are_one(sparse: bool) -> None:
    A = RNG.standard_normal((150, 150)) * (RNG.random((150, 150)) < 0.2)
    F = RNG.standard_normal((150, 20))
    G = csr_array(A) if sparse else A
    compiled = jac.compile(jac.value_and_grad(lambda V: np.sum(np.tanh(G @ (F @ V)) ** 2)))
    V = RNG.standard_normal((20, 16)) / 5
    H = np.tanh(A @ F @ V)
    value, slope = compiled(V)
    np.testing.assert_allclose(value, np.sum(H**2), rtol=1e-12)
    np.testing.assert_allclose(slope, (A @ F).T @ (2 * H * (1 - H * H)), rtol=1e-10, atol=1e-11)
    (program,) = compiled._programs.values()
    shapes = [array.shape for array in program.kernel.space.constants.values() if array.ndim == 2]
    assert set(shapes) <= {(150, 20), (20, 150)}


def test_what_lies_turned_is_split_where_it_lies() -> None:
    """Channels that come first in memory, as products with kernels leave them, and windows of their rows."""
    D, k = RNG.standard_normal((27, 6400)), RNG.standard_normal((8, 27))
    T = RNG.standard_normal((16, 8, 10, 10))

    def loss(k: Any) -> Any:
        Y = (k @ D).reshape(8, 16, 20, 20).transpose(1, 0, 2, 3)
        return np.sum(np.tanh(Y).reshape(16, 8, 10, 2, 10, 2).mean(axis=(3, 5)) * T)

    H = np.tanh(k @ D).reshape(8, 16, 20, 20)
    G = np.repeat(np.repeat(T, 2, axis=2), 2, axis=3).transpose(1, 0, 2, 3) / 4 * (1 - H * H)
    found = jac.compile(jac.grad(loss))(k)
    np.testing.assert_allclose(found, G.reshape(8, -1) @ D.T, rtol=1e-10, atol=1e-11)
