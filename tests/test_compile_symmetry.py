"""Compiled Hessians equal their transpose exactly, large products are halved, and what is symmetric anyway is left."""

import importlib.util

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from test_symmetry import FUNCTIONS, WIDE

import jacobians as jac

RNG = np.random.default_rng(12)
CASES = {name: (row[0], 12) for name, row in FUNCTIONS.items()} | {name: (row, 180) for name, row in WIDE.items()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:Output seems independent of input")
def test_a_compiled_hessian_equals_its_transpose(name):
    function, size = CASES[name]
    hessian = jac.hessian(lambda w: function(w, np))
    compiled = jac.compile(lambda w: hessian(w).to_array())
    for _ in range(2):
        w = RNG.normal(size=size) / 5
        dense = compiled(w)
        np.testing.assert_array_equal(dense, dense.T)
        np.testing.assert_allclose(dense, autograd.hessian(lambda w: function(w, anp))(w), rtol=1e-9, atol=1e-9)
        out = np.full(dense.shape, np.nan)
        _ = compiled(w, out=out)
        np.testing.assert_array_equal(out, dense)
    half = compiled(np.linspace(-0.2, 0.3, size, dtype=np.float32))
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half, half.T)


def test_before_that_it_does_only_but_for_rounding():
    """Otherwise nothing above would have been tested."""
    for name in ("two terms", "blocks"):
        function, size = CASES[name]
        hessian = jac.hessian(lambda w, f=function: f(w, np), symmetric=False)
        compiled = jac.compile(lambda w, h=hessian: h(w).to_array())
        dense = compiled(RNG.normal(size=size) / 5)
        assert 0 < np.abs(dense - dense.T).max() < 1e-13 * np.abs(dense).max()


BOTH = ["mirror", "symmetric_product"]
X = RNG.normal(size=(40, 150))
V = RNG.normal(size=(60, 6))
Z = np.random.default_rng(1).normal(size=(140, 150)) / 2
# fmt: off
HELPERS = {
    "weights of one sign": (lambda w: np.sum(np.exp(X @ w)),                  150, []),
    "weights of any sign": (lambda w: np.sum(np.sin(X @ w)),                  150, ["symmetric_product"]),
    "with a diagonal":     (lambda w: np.sum(np.exp(X @ w)) + np.sum(w**4),   150, []),
    "diagonal":            (lambda w: np.sum(np.sin(np.exp(w))),              150, []),
    "one block, repeated": (lambda w: np.sum((w.reshape(20, 6) @ V.T) ** 2),  120, []),
    "square of a sum":     (lambda w: np.sum(np.sin(w)) ** 2,                 150, []),
    "parts of a product":  (lambda w: np.sum(np.sin(X @ w)) * np.sum(w**3),   150, ["symmetric_product"]),
    "two matrices":        (lambda w: np.sum(np.sin(Z @ w)) * np.sum(np.outer(w, w) ** 3), 150, BOTH),
    "a short product":     (lambda w: np.sum(np.sin(X @ w)) * np.sum(np.outer(w, w) ** 3), 150, ["mirror"]),
}
# fmt: on


@pytest.mark.parametrize("name", HELPERS)
def test_what_is_symmetric_anyway_is_left_alone(name):
    function, size, expected = HELPERS[name]
    hessian = jac.hessian(function)
    compiled = jac.compile(lambda w: hessian(w).to_array())
    w = RNG.normal(size=size) / 5
    dense = compiled(w)
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_allclose(dense, hessian(w).to_array(), rtol=1e-9, atol=1e-9)
    assert [helper for helper in ("mirror", "symmetric_product") if f" {helper}(" in compiled.source] == expected


def test_of_zeros_only_what_else_there_is_is_mirrored():
    def f(w):
        return np.sum(np.sin(w[1:] * w[:-1] ** 2))

    hessian = jac.hessian(f)
    compiled = jac.compile(lambda w: hessian(w).to_array())
    w = RNG.normal(size=70)
    dense = compiled(w)
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_allclose(dense, hessian(w).to_array(), rtol=1e-12, atol=1e-12)
    assert "mirror(" in compiled.source
    assert ", c" in compiled.source.partition("mirror(")[2].partition(")")[0]
    assert "np.array(" not in compiled.source  # nothing is copied


def test_what_is_not_returned_is_not_mirrored():
    hessian = jac.hessian(lambda w: np.sum(np.tanh(X @ w)) * np.sum(w**3))
    compiled = jac.compile(lambda w, v: hessian(w).to_array() @ v)
    w, v = RNG.normal(size=(2, 150)) / 5
    np.testing.assert_allclose(compiled(w, v), hessian(w).to_array() @ v, rtol=1e-9, atol=1e-9)
    assert "mirror" not in compiled.source


def test_what_is_read_again_is_not_overwritten():
    def f(w):
        return np.sum(np.tanh(np.outer(w, w**2)) * np.arange(9.0))

    hessian, as_computed = jac.hessian(f), jac.hessian(f, symmetric=False)

    def both(w):
        return hessian(w).to_array(), as_computed(w).to_array()

    w = RNG.normal(size=9)
    exact, computed = jac.compile(both)(w)
    np.testing.assert_array_equal(exact, exact.T)
    np.testing.assert_array_equal(np.triu(exact), np.triu(computed))
    assert np.abs(computed - computed.T).max() > 0


def test_nests():
    def loss(p):
        return np.sum(np.tanh(np.tanh(X @ p["W"]) @ p["v"]) ** 2)

    point = {"W": RNG.normal(size=(150, 2)) / 9, "v": RNG.normal(size=2)}
    hessian = jac.hessian(loss)
    matrix = jac.compile(lambda p: hessian(p).to_matrix())(point)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(matrix, hessian(point).to_matrix(), rtol=1e-9, atol=1e-9)


def test_traced_hessians_are_symmetric_too():
    hessian = jac.hessian(lambda w: np.sum(np.tanh(X @ w)) * np.sum(w**3))
    seen = []

    def energy(w):
        H = hessian(w).to_array()
        seen.append(jac.stop_gradient(H))
        return np.sum(H**2)

    w = RNG.normal(size=150) / 5
    slope = jac.grad(energy)(w)
    np.testing.assert_array_equal(seen[0], seen[0].T)
    step = 1e-6 * RNG.normal(size=150)
    difference = energy(w + step) - energy(w - step)
    np.testing.assert_allclose(slope @ (2 * step), difference, rtol=1e-6)


@pytest.mark.parametrize("name", ["weights of any sign", "two matrices"])
def test_saved_programs_bring_the_helpers_along(name, tmp_path):
    function, size, _ = HELPERS[name]
    hessian = jac.hessian(function)
    compiled = jac.compile(lambda w: hessian(w).to_array())
    w = RNG.normal(size=size) / 5
    expected = compiled(w)
    compiled.save(tmp_path / "saved_hessian.py")
    spec = importlib.util.spec_from_file_location("saved_hessian", tmp_path / "saved_hessian.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (tmp_path / "saved_hessian.py").read_text()
    assert "import jacobians" not in text
    assert "from jacobians" not in text
    np.testing.assert_array_equal(module.compiled(w), expected)
