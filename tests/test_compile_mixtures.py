"""Compiled functions that mix arrays of several kinds: recorded and traced ones, object arrays, sparse constants."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from foreign_derivatives import complex_step as extended_complex_step

import jacobians as jac
from jacobians.errors import ArgumentError, TraceConversionError

complex_step = partial(extended_complex_step, dtype=complex)

X, Y = np.array([1.0, 2.0]), np.array([0.5, 0.7])
OTHER_X, OTHER_Y = np.array([-0.4, 1.5]), np.array([2.0, 0.1])

# ------------------------------------------------------------------- recorded arrays beside object arrays of entries
# fmt: off
MIXTURES: dict[str, Callable[[Any, Any], Any]] = {
    "stack": lambda x, y: np.stack([y, np.array([2 * x[0], x[1]])]),
    "sum": lambda x, y: y + np.array([2 * x[0], x[1]]),
    "reflected sum": lambda x, y: np.array([2 * x[0], x[1]]) - y,
    "list": lambda x, y: y * [x[0], x[0] * x[1]],
    "product": lambda x, y: y @ np.array([[x[0], x[1]], [1.0, x[0]]]),
    "outer": lambda x, y: np.multiply.outer(y, np.array([x[0] * x[1], x[1]])),
    "concatenate": lambda x, y: np.concatenate([np.array([x[0] ** 2, x[1]]), y]),
    "where": lambda x, y: np.where(np.array([True, False]), np.array([x[0] ** 2, x[1]]), y),
    "einsum": lambda x, y: np.einsum("i,i->i", y, np.array([x[0] ** 2, x[1]])),
    "solve": lambda x, y: np.linalg.solve(np.array([[3 * x[0], x[1]], [1.0, x[0]]]), y),
    "entries of both": lambda x, y: np.array([x[0] * 2, y[1], 3.0]) * 2,
    "entries of both, nested": lambda x, y: np.array([[x[0], y[1]], [0.0, x[1] * y[0]]]),
    "entries of the other": lambda x, y: np.array([2 * y[0], y[1]]),
    "entries of the other and numbers": lambda x, y: np.array([y[0], 2.0]),
    "nothing of either": lambda x, y: np.array([1.0, 2.0]),
}
# fmt: on


@pytest.mark.parametrize("name", MIXTURES)
def test_object_arrays_beside_recorded_arrays(name):
    f = MIXTURES[name]

    def g(x: Any, y: Any) -> Any:  # entries of object arrays have no sine if they are plain
        return jac.jacobian(lambda x: np.sum(np.sin(f(x, y) * x[0] + 0.0)))(x).to_array()

    jacobians = [jac.compile(jac.jacobian(f, n)) for n in (0, 1)]
    pulled = jac.compile(lambda x, y: jac.vjp(lambda x: f(x, y), x)[0])
    pushed = jac.compile(lambda x, y: jac.jvp(lambda x: f(x, y), (x,), (y,))[1])
    second = jac.compile(jac.jacobian(g))
    for x, y in ((X, Y), (OTHER_X, OTHER_Y)):
        for n, compiled in enumerate(jacobians):
            expected = complex_step(f, (x, y), n)
            np.testing.assert_allclose(compiled(x, y).to_array(), expected, atol=1e-12)
        np.testing.assert_allclose(pulled(x, y), f(x, y).astype(float), rtol=1e-12)
        np.testing.assert_allclose(pushed(x, y), complex_step(f, (x, y), 0) @ y, atol=1e-12)

        def gradient(x: Any, y: Any) -> Any:
            return np.cos(f(x, y) * x[0]).ravel() @ (
                complex_step(f, (x, y), 0).reshape(-1, 2) * x[0] + np.outer(f(x, y).ravel(), [1.0, 0.0])
            )

        step = 1e-6
        columns = [(gradient(x + h, y) - gradient(x - h, y)) / (2 * step) for h in step * np.eye(2)]
        np.testing.assert_allclose(second(x, y).to_array(), np.stack(columns, axis=1), atol=1e-7)


@pytest.mark.parametrize("value", [lambda x: x[0], lambda x: np.array([x[0], 1.0]), lambda x: np.array([x[0], x[1]])])
def test_traced_numbers_do_not_go_into_recorded_constants(value):
    def f(x, y):
        z = np.zeros_like(y)
        z[...] = value(x)
        return z

    for transform in (jac.jacobian(f), jac.hessian(lambda x, y: np.sum(f(x, y) ** 2))):
        with pytest.raises(TraceConversionError, match=r"np\.zeros_like\(x\)"):
            jac.compile(transform)(X, Y)
    # The other way round it is what one does.
    compiled = jac.compile(jac.jacobian(f, 1))
    assert not compiled(X, Y).to_array().any()


def test_foreign_arrays_are_refused():
    class Foreign:
        def __array_function__(self, *_: Any) -> Any:
            return NotImplemented

    with pytest.raises(ArgumentError, match="a Foreign meets a recorded array"):
        jac.compile(lambda x: x[Foreign()])(X)


# ------------------------------------------------------------------------------------------------- sparse constants
RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(5, 4)) * (RNG.random((5, 4)) > 0.4)
FORMATS = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
VECTOR, MATRIX = RNG.normal(size=4), RNG.normal(size=(4, 3))

SPARSE: dict[str, tuple[Callable[[Any], Callable[[Any], Any]], np.ndarray]] = {
    "vector": (lambda A: lambda x: A @ x, VECTOR),
    "matrix": (lambda A: lambda x: A @ x, MATRIX),
    "dot": (lambda A: lambda x: A.dot(np.sin(x)), VECTOR),
    "from the right": (lambda A: lambda x: x @ A.T, VECTOR),
    "rows from the right": (lambda A: lambda x: x.T @ A.T, MATRIX),
    "twice": (lambda A: lambda x: A.T @ np.tanh(A @ x), VECTOR),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_constants(name, form):
    make, x = SPARSE[name]
    f, dense = make(scipy.sparse.csr_array(DENSE).asformat(form)), make(DENSE)
    value, jacobian = jac.compile(f), jac.compile(lambda x: jac.jacobian(f)(x).to_array())
    gradient = jac.compile(jac.grad(lambda x: np.sum(f(x) ** 2)))
    for point in (x, 0.5 - x):
        np.testing.assert_allclose(value(point), dense(point), atol=1e-13)
        expected = complex_step(dense, (point,))
        np.testing.assert_allclose(jacobian(point), expected, atol=1e-13)
        pulled = np.tensordot(2 * dense(point), expected, dense(point).ndim)
        np.testing.assert_allclose(gradient(point), pulled, atol=1e-12)
    single = value(x.astype(np.float32))
    assert single.dtype == f(x.astype(np.float32)).dtype


def test_older_sparse_matrices_multiply_by_a_star():
    A = scipy.sparse.csr_matrix(DENSE)
    np.testing.assert_allclose(jac.compile(lambda x: A * x)(VECTOR), DENSE @ VECTOR)


def test_sparse_constants_are_copied_and_print_as_a_product():
    A = scipy.sparse.csr_array(DENSE)
    compiled = jac.compile(lambda x: A @ x)
    _ = compiled(VECTOR)
    A.data[:] = 0
    np.testing.assert_allclose(compiled(VECTOR), DENSE @ VECTOR)
    assert compiled.source == "def compiled(x):\n    v0 = m0 @ x\n    return v0\n"


def test_a_sparse_constant_that_changes_in_between():
    def f(x):
        A = scipy.sparse.csr_array(DENSE)
        before = A @ x
        A.data *= 3
        return before + A @ x

    np.testing.assert_allclose(jac.compile(f)(VECTOR), 4 * DENSE @ VECTOR)
    assert jac.compile(f)(VECTOR).shape == (5,)


def test_sparse_constants_are_saved(tmp_path):
    A = scipy.sparse.csc_array(DENSE)
    compiled = jac.compile(jac.grad(lambda x: np.sum(np.sin(A @ x))), name="pulled")
    expected = compiled(VECTOR)
    path = tmp_path / "pulled.py"
    compiled.save(path)
    spec = importlib.util.spec_from_file_location("pulled", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    np.testing.assert_array_equal(module.pulled(VECTOR), expected)
    _ = compiled(VECTOR.astype(np.float32))
    compiled.save(path)
    spec.loader.exec_module(module)
    np.testing.assert_array_equal(module.pulled(VECTOR), expected)
