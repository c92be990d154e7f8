"""Convolutions: products with vectors are convolutions again, the Jacobian itself stays sparse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

import jacobians as jac
from jacobians.scipy import signal as ours

MODES = ("full", "same", "valid")
SIZES = ((7, 3), (3, 7), (5, 5), (1, 4), (4, 1), (1, 1), (2, 6))


def matrix_of(function, x):
    """The matrix of a linear function, by unit vectors."""
    columns = [np.ravel(function(e.reshape(x.shape))) for e in np.eye(x.size)]
    return np.stack(columns, axis=1)


FUNCTIONS = (np.convolve, np.correlate)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_products_of_a_convolution(function, mode, sizes, kind):
    random = np.random.default_rng(0)
    x, k = [random.standard_normal(size).astype(kind) for size in sizes]
    c, h, d = [random.standard_normal(size).astype(kind) for size in (function(x, k, mode).size, x.size, k.size)]
    close = {"rtol": 1e-4, "atol": 1e-5} if kind is np.float32 else {"rtol": 1e-12, "atol": 1e-13}
    by_x, by_k = matrix_of(lambda e: function(e, k, mode), x), matrix_of(lambda e: function(x, e, mode), k)
    for make in (lambda f: f, jac.compile):
        gx, gk = make(jac.grad(lambda x, k: np.sum(c * function(x, k, mode)), argnums=(0, 1)))(x, k)
        np.testing.assert_allclose(gx, by_x.T @ c, **close)
        np.testing.assert_allclose(gk, by_k.T @ c, **close)
        tangent = make(lambda x, k, h, d: jac.jvp(lambda x, k: function(x, k, mode), (x, k), (h, d))[1])(x, k, h, d)
        np.testing.assert_allclose(tangent, by_x @ h + by_k @ d, **close)
        dense = make(lambda x, k: [J.to_array() for J in jac.jacobian(lambda *a: function(*a, mode), (0, 1))(x, k)])
        for found, expected in zip(dense(x, k), (by_x, by_k), strict=True):
            np.testing.assert_allclose(found, expected, **close)
        assert gx.dtype == gk.dtype == tangent.dtype == kind


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("mode", MODES)
def test_complex_convolutions(function, mode):
    random = np.random.default_rng(1)
    x, k, c = [random.standard_normal(n) + 1j * random.standard_normal(n) for n in (6, 3, 8)]
    c = c[: function(x, k, mode).size]

    def loss(parts):
        y = function(parts[:6] + 1j * parts[6:12], parts[12:15] + 1j * parts[15:], mode)
        return np.sum(np.real(c * y * y))

    parts = np.concatenate([x.real, x.imag, k.real, k.imag])
    slopes = [(loss(parts + 1e-6 * e) - loss(parts - 1e-6 * e)) / 2e-6 for e in np.eye(18)]
    np.testing.assert_allclose(jac.grad(loss)(parts), slopes, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(parts), slopes, rtol=1e-6, atol=1e-7)


def test_second_derivatives_of_a_convolution():
    random = np.random.default_rng(2)
    x, k = random.standard_normal(9), random.standard_normal(4)

    def loss(k):
        return np.sum(np.sin(np.convolve(x, k) ** 2))

    def slope(k):
        y = np.convolve(x, k)
        return np.correlate(2 * y * np.cos(y * y), x, "valid")

    expected = np.stack([(slope(k + 1e-6 * e) - slope(k - 1e-6 * e)) / 2e-6 for e in np.eye(4)])
    np.testing.assert_allclose(jac.hessian(loss)(k).to_array(), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        jac.compile(lambda k: jac.hessian(loss)(k).to_array())(k), expected, rtol=1e-6, atol=1e-6
    )
    h = random.standard_normal(4)
    np.testing.assert_allclose(jac.hvp(loss, (k,), (h,))[0], expected @ h, rtol=1e-6, atol=1e-5)


def test_what_is_not_finite_reaches_what_it_meets():
    x, k = np.ones(6), np.array([1.0, np.inf, 2.0])
    c = np.arange(8.0)
    expected = [sum(c[n + j] * k[j] for j in range(3)) for n in range(6)]
    np.testing.assert_array_equal(jac.grad(lambda x: np.sum(c * np.convolve(x, k)))(x), expected)


def test_a_gradient_is_two_correlations():
    random = np.random.default_rng(3)
    x, k, y = [random.standard_normal(n) for n in (500, 20, 519)]
    compiled = jac.compile(jac.grad(lambda x, k: 0.5 * np.sum((np.convolve(x, k) - y) ** 2), argnums=(0, 1)))
    e = np.convolve(x, k) - y
    for found, expected in zip(compiled(x, k), (np.correlate(e, k), np.correlate(e, x)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert compiled.source.count("np.correlate") == 2
    assert "np.take" not in compiled.source
    assert "0.5" not in compiled.source


def test_jacobians_of_convolutions_stay_sparse():
    x, k = np.arange(1.0, 101), np.array([1.0, -2.0, 1.0])
    J = jac.jacobian(lambda x: np.convolve(x, k))(x)
    assert J.to_sparse().nnz == 300
    assert J.nbytes < 1000
    valid = jac.jacobian(lambda x: ours.convolve(x, k, mode="valid"))(x)
    assert valid.to_sparse().nnz == 98 * 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "shapes", [((5, 6), (2, 3)), ((2, 3), (5, 6)), ((4, 1), (2, 1)), ((3, 3), (3, 3)), ((6, 4), (1, 2))]
)
@pytest.mark.parametrize("function", ["convolve", "correlate", "convolve2d", "correlate2d", "fftconvolve"])
def test_convolutions_in_the_plane(function, mode, shapes):
    random = np.random.default_rng(4)
    image, kernel = [random.standard_normal(shape) for shape in shapes]
    true, mine = getattr(signal, function), getattr(ours, function)
    value = true(image, kernel, mode=mode)
    c, h = random.standard_normal(value.shape), random.standard_normal(kernel.shape)
    by_image = matrix_of(lambda e: true(e, kernel, mode=mode), image)
    by_kernel = matrix_of(lambda e: true(image, e, mode=mode), kernel)
    for make in (lambda f: f, jac.compile):
        gradient = make(jac.grad(lambda a, b: np.sum(c * mine(a, b, mode=mode)), argnums=(0, 1)))(image, kernel)
        np.testing.assert_allclose(gradient[0].ravel(), by_image.T @ c.ravel(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(gradient[1].ravel(), by_kernel.T @ c.ravel(), rtol=1e-10, atol=1e-12)
        tangent = make(lambda b, h: jac.jvp(lambda b: mine(image, b, mode=mode), (b,), (h,)))(kernel, h)
        np.testing.assert_allclose(tangent[0], value, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(tangent[1].ravel(), by_kernel @ h.ravel(), rtol=1e-10, atol=1e-12)
        dense = make(lambda a: jac.jacobian(lambda a: mine(a, kernel, mode=mode))(a).to_array())(image)
        np.testing.assert_allclose(dense.reshape(by_image.shape), by_image, rtol=1e-10, atol=1e-12)


def test_a_large_convolution_in_the_plane_makes_no_array_of_all_pairs():
    random = np.random.default_rng(5)
    image, kernel, y = (
        random.standard_normal((50, 60)),
        random.standard_normal((4, 5)),
        random.standard_normal((47, 56)),
    )
    gradient = jac.grad(lambda a, b: 0.5 * np.sum((ours.correlate2d(a, b, mode="valid") - y) ** 2), argnums=(0, 1))
    compiled = jac.compile(gradient)
    by_image, by_kernel = compiled(image, kernel)
    e = signal.correlate2d(image, kernel, mode="valid") - y
    np.testing.assert_allclose(by_image, signal.convolve2d(e, kernel), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(by_kernel, signal.correlate2d(image, e, mode="valid"), rtol=1e-11, atol=1e-11)
    assert "np.add.at" not in compiled.source
    assert "np.take" not in compiled.source


K = np.random.default_rng(5).normal(size=4)
# fmt: off
RAVELED = {
    "argument":        lambda a: np.convolve(np.ravel(a), K),
    "both":            lambda a: np.convolve(np.ravel(a), np.ravel(np.outer(K, a[0]))),
    "result":          lambda a: np.reshape(np.convolve(np.ravel(a), K), (3, 3)),
    "correlation":     lambda a: np.correlate(np.ravel(np.outer(a[0], K)), K[:3], "valid"),
    "windows":         lambda a: np.lib.stride_tricks.sliding_window_view(np.kron(a[1], K), 2, axis=-1),
    "folded windows":  lambda a: np.reshape(np.lib.stride_tricks.sliding_window_view(np.ravel(a), 3), (2, 2, 3)),
}
# fmt: on


@pytest.mark.parametrize("name", RAVELED)
@pytest.mark.parametrize("mode", ["explicit", "lazy"])
def test_what_slides_along_raveled_arrays(name, mode):
    # A reshape parts the axis that slides into several labels.
    function = RAVELED[name]
    x, u = np.random.default_rng(6).normal(size=(2, 2, 3))
    expected = np.imag(function(x + 1e-30j * u)) / 1e-30
    J = jac.jacobian(function, mode=mode)(x)
    dense = jac.compile(lambda x: jac.jacobian(function, mode=mode)(x).to_array())
    _ = dense(u)
    c = np.cos(expected)
    for found in (J @ u, np.tensordot(J.to_array(), u, 2), np.tensordot(dense(x), u, 2)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.sum((c @ J) * u), np.sum(c * expected))
    pulled = jac.compile(lambda x, c: c @ jac.jacobian(function, mode=mode)(x))
    _ = pulled(u, expected)
    np.testing.assert_allclose(np.sum(pulled(x, c) * u), np.sum(c * expected))
