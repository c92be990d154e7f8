"""Sparse Jacobians and Hessians of compiled functions: every pattern, against finite differences and dense formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from foreign_derivatives import complex_step

import jacobians as jac

RNG = np.random.default_rng(0)
N = 12
X = RNG.normal(size=N)
MIXED = RNG.permutation(N)
PARTLY = np.arange(N)
PARTLY[[2, 5, 7]] = [5, 7, 2]  # the other entries stay where they are
REPEATED = RNG.integers(0, N, 30)

# fmt: off
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "diagonal": lambda x: np.sin(x),
    "neighbours": lambda x: np.roll(x, 1) * x - 2 * np.roll(x, -1) ** 2,
    "grid": lambda x: (lambda u: (np.roll(u, 1, 0) + np.roll(u, 1, 1) * u).ravel())(x.reshape(3, 4)),
    "permutation": lambda x: x[MIXED] ** 2 + x,
    "meeting in some places": lambda x: x[PARTLY] ** 2 + np.sin(x) + x[MIXED] * 3.0,
    "repeated": lambda x: x[REPEATED] ** 2,
    "blocks": lambda x: (x.reshape(3, 4) @ np.ones((4, 2)) * x[:3, None]).ravel(),
    "blocks in reverse": lambda x: np.concatenate([(x.reshape(4, 3)[::-1] ** 2).sum(1), x[::-2] ** 3]),
    "constants beside": lambda x: np.concatenate([3 * x, x**2, x[1:] - x[:-1]]),
    "full rows": lambda x: np.concatenate([x**2, np.stack([np.sum(x**2), np.sum(np.cos(x))])]),
    "row of a matrix": lambda x: x[:4] * np.sum(x.reshape(4, 3) ** 2, 1),
    "one entry": lambda x: x[3:4] ** 2,
    "nothing": lambda x: x[:0] ** 2,
}
# fmt: on


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_sparse_jacobians(name, form):
    f = FUNCTIONS[name]
    compiled = jac.compile(lambda x: jac.jacobian(f)(x).to_sparse(form))
    for x in (X, 0.4 - X[::-1]):
        found, expected = compiled(x), complex_step(f, (x,))
        assert found.format == form
        assert form == "coo" or found.has_canonical_format  # older SciPy does not tell it of this form
        np.testing.assert_allclose(found.toarray(), expected.astype(float), atol=1e-13)
    single = compiled(X.astype(np.float32))
    assert single.dtype == f(X.astype(np.float32)).dtype
    np.testing.assert_allclose(single.toarray(), complex_step(f, (X,)).astype(float), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sparse_matrices_have_the_places_of_those_that_are_not_compiled(name):
    f = FUNCTIONS[name]
    found = jac.compile(lambda x: jac.jacobian(f)(x).to_sparse())(X)
    expected = jac.jacobian(f)(X).to_sparse()
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    assert found.indices.dtype == expected.indices.dtype


def test_sparse_hessian():
    def energy(x):
        return np.sum((x[1:] - x[:-1] ** 2) ** 2) + np.sum(np.cos(x[MIXED] * x))

    compiled = jac.compile(lambda x: jac.hessian(energy)(x).to_sparse())
    for x in (X, 0.3 * X):
        step = 1e-5
        moves = [(h, k) for h in step * np.eye(N) for k in step * np.eye(N)]
        entries = [energy(x + h + k) - energy(x + h - k) - energy(x - h + k) + energy(x - h - k) for h, k in moves]
        expected = np.reshape(entries, (N, N)) / (4 * step**2)
        np.testing.assert_allclose(compiled(x).toarray(), expected, atol=1e-4 * np.abs(expected).max())


def test_nests_of_sparse_blocks():
    def f(p):
        return {"u": p["a"] * p["b"][:3], "v": np.roll(p["b"], 1) ** 2}

    compiled = jac.compile(lambda p: jac.jacobian(f)(p).to_sparse())
    for scale in (1.0, 2.0):
        p = {"a": scale * X[:3], "b": scale * X[3:8]}
        np.testing.assert_allclose(compiled(p).toarray(), jac.jacobian(f)(p).to_matrix(), atol=1e-13)


def test_a_number_of_python_along_a_diagonal() -> None:
    """A rate that is handed in as a float has no axes, and takes no index that would give it some."""

    def spread(w: Any, feed: Any, kill: Any) -> Any:
        return np.roll(w, 1, 0) + (feed + kill) * (1 - w)

    w = np.random.default_rng(0).random((2, 3))
    compiled = jac.compile(lambda w, feed, kill: jac.jacobian(spread)(w, feed, kill).to_sparse())
    found = compiled(w, 0.03, 0.06).toarray()
    steps = [spread(w + 1e-30j * e.reshape(w.shape), 0.03, 0.06).imag.ravel() / 1e-30 for e in np.eye(w.size)]
    np.testing.assert_allclose(found, np.stack(steps, axis=1), rtol=1e-13)
