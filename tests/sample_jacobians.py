"""Jacobians of known dense arrays, one for each structure: a function, a point, and its derivative by hand."""

import numpy as np

from jacobians import jacobian

__all__ = ["SAMPLES", "assert_close", "sample_jacobian"]

RNG = np.random.default_rng(5)
X, W, A = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.normal(size=(5, 4))
V = RNG.normal(size=4)
INDEX = np.array([2, 0, 2, 3, 1])


def softmax(x):
    weights = np.exp(x)
    return weights / np.sum(weights)


def outer_delta(values):
    """The dense array of ``out + inp`` with `values` where both are the same index."""
    return np.reshape(np.diag(np.ravel(values)), values.shape * 2)


# fmt: off
SAMPLES = {
    "dense":         (lambda x: np.tanh(A @ x), V, (1 - np.tanh(A @ V) ** 2)[:, None] * A),
    "diagonal":      (np.sin, X, outer_delta(np.cos(X))),
    "identity":      (lambda x: x, X, outer_delta(np.ones((3, 4)))),
    "blocks":        (lambda x: x @ W, X, np.einsum("bc,io->boci", np.eye(3), W)),
    "rank one":      (softmax, V, np.diag(softmax(V)) - np.outer(softmax(V), softmax(V))),
    "gather":        (lambda x: x[INDEX] ** 2, V, (2 * V[INDEX])[:, None] * np.eye(4)[INDEX]),
    "shift":         (lambda x: np.roll(x, 1) * x, V, np.diag(np.roll(V, 1)) + V[:, None] * np.roll(np.eye(4), 1, 0)),
    "slice":         (lambda x: x[1:, ::2] - x[:-1, ::2], X,
                      np.eye(12).reshape(3, 4, 3, 4)[1:, ::2] - np.eye(12).reshape(3, 4, 3, 4)[:-1, ::2]),
    "operator":      (np.cumsum, V, np.tri(4)),
    "transposed":    (np.transpose, X, np.transpose(np.eye(12).reshape(3, 4, 3, 4), (1, 0, 2, 3))),
    "reshaped":      (lambda x: np.reshape(x, (4, 3)), X, np.eye(12).reshape(4, 3, 3, 4)),
    "broadcast":     (lambda x: np.broadcast_to(x, (3, 4)) * X, V, np.einsum("ij,jk->ijk", X, np.eye(4))),
    "scalar out":    (lambda x: np.sum(x ** 2), X, 2 * X),
    "scalar in":     (lambda t: np.stack([np.exp(t), 3 * t]), np.array(0.5), np.array([np.exp(0.5), 3.0])),
    "scalars":       (np.square, np.array(1.5), np.array(3.0)),
    "size one":      (lambda x: np.sum(x * x, axis=0, keepdims=True), V[:1], 2 * V[:1, None]),
    "empty out":     (lambda x: x[:0], X, np.zeros((0, 4, 3, 4))),
    "empty in":      (lambda x: np.sum(x) * np.ones(3), np.zeros(0), np.zeros((3, 0))),
    "unused":        (lambda x: np.ones(2), V, np.zeros((2, 4))),
    "cancelled":     (lambda x: x - x, V, np.zeros((4, 4))),
}
# fmt: on


def sample_jacobian(name, mode="auto"):
    """The Jacobian of a sample, and the dense array."""
    function, x, dense = SAMPLES[name]
    return jacobian(function, mode=mode)(x), dense


def assert_close(computed, expected, tolerance=1e-10):
    """The same shape and numbers."""
    assert np.shape(computed) == np.shape(expected)
    np.testing.assert_allclose(computed, expected, rtol=tolerance, atol=tolerance)
