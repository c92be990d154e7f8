"""Functions of `jacobians.scipy` between complex arrays, against SciPy's values and differences of them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import scipy.sparse
import scipy.special
from complex_functions import cplx
from test_custom_complex import along, like

import jacobians as jac
from jacobians.scipy import linalg, signal, sparse, special

A, B, V, W = cplx(3, 3), cplx(4, 2), cplx(3), cplx(5)
L = np.tril(A) + 2 * np.eye(3)
HERMITIAN = A @ A.conj().T + np.eye(3)
NEAR = np.eye(3) * 2 + A / 4
BANDS = np.stack([cplx(4) / 4, 2 + cplx(4) / 4, cplx(4) / 4])
SPARSE = scipy.sparse.csc_array(np.diag(cplx(4) + 2) + np.diag(cplx(3), 1))


def weights(z):
    """Two Hermitian matrices, of the state and of the input."""
    q = z @ z.conj().T + np.eye(3)
    return q, q[:2, :2] + np.eye(2)


# fmt: off
FUNCTIONS = {
    **{name: (lambda m, z, name=name: getattr(m.linalg, name)(z), NEAR / 2)
       for name in ("expm", "logm", "sqrtm", "sinm", "cosm", "tanm", "sinhm", "coshm", "tanhm", "inv", "det", "pinv")},
    "expm of real": (lambda m, z: m.linalg.expm(1j * z), A.real.copy()),
    "logm of real": (lambda m, z: m.linalg.logm(z), np.diag([-1.0, 2.0, -3.0]) + A.real / 8),
    "sqrtm of real": (lambda m, z: m.linalg.sqrtm(z), np.diag([-1.0, 2.0, -3.0]) + A.real / 8),
    "sqrtm of a stack": (lambda m, z: m.linalg.expm(z), np.stack([A, A.T]) / 2),
    "cholesky": (lambda m, z: m.linalg.cholesky(z, lower=True), HERMITIAN),
    "cholesky upper": (lambda m, z: m.linalg.cholesky(z), HERMITIAN),
    "cho_solve": (lambda m, z: m.linalg.cho_solve(m.linalg.cho_factor(z), V), HERMITIAN),
    "cho_solve lower": (lambda m, z: m.linalg.cho_solve(m.linalg.cho_factor(z, lower=True), z @ V), HERMITIAN),
    "eigvalsh": (lambda m, z: m.linalg.eigvalsh(z), HERMITIAN), "svdvals": (lambda m, z: m.linalg.svdvals(z), B),
    "qr": (lambda m, z: m.linalg.qr(z, mode="economic")[0], B), "lstsq": (lambda m, z: m.linalg.lstsq(z, W[:4])[0], B),
    "norm": (lambda m, z: m.linalg.norm(z), B),
    "solve": (lambda m, z: m.linalg.solve(z, z @ V), A),
    "solve her": (lambda m, z: m.linalg.solve(z, V, assume_a="her"), HERMITIAN),
    "solve pos": (lambda m, z: m.linalg.solve(z, V, assume_a="pos", lower=True), HERMITIAN),
    "solve sym": (lambda m, z: m.linalg.solve(z + z.T, V, assume_a="sym"), A),
    "solve_triangular": (lambda m, z: m.linalg.solve_triangular(z, V, lower=True), L),
    "solve_triangular T": (lambda m, z: m.linalg.solve_triangular(z, z @ V, trans="T", lower=True), L),
    "solve_triangular C": (lambda m, z: m.linalg.solve_triangular(z, V, trans="C", lower=True), L),
    "solve_triangular 2": (lambda m, z: m.linalg.solve_triangular(L, z, trans=2, lower=True), V),
    "solve_banded": (lambda m, z: m.linalg.solve_banded((1, 1), z, W[:4]), BANDS),
    "solveh_banded": (lambda m, z: m.linalg.solveh_banded(z, W[:4]), BANDS[:2]),
    "solveh_banded lower": (lambda m, z: m.linalg.solveh_banded(z, W[:4], lower=True), BANDS[1:]),
    "solve_toeplitz": (lambda m, z: m.linalg.solve_toeplitz(z, V), V + np.array([4.0, 0, 0])),
    "solve_toeplitz both": (lambda m, z: m.linalg.solve_toeplitz((z, z[::-1]), V), V + np.array([4.0, 0, 0])),
    "solve_sylvester": (lambda m, z: m.linalg.solve_sylvester(z, A.T, z @ z), NEAR),
    "solve_continuous_are": (lambda m, z: m.linalg.solve_continuous_are(z, z[:, :2], *weights(z)), A),
    "solve_discrete_are": (lambda m, z: m.linalg.solve_discrete_are(z, z[:, :2], *weights(z)), A / 3),
    "solve_continuous_are s": (
        lambda m, z: m.linalg.solve_continuous_are(z, A[:, :2], *weights(z), s=z[:, :2] / 9), A),
    "solve_discrete_are s": (
        lambda m, z: m.linalg.solve_discrete_are(z, A[:, :2], *weights(z), s=z[:, :2] / 9), A / 3),
    # SciPy's own solution for a complex e is none, and with balancing that for one that is not symmetric.
    "solve_continuous_are of real": (lambda m, z: m.linalg.solve_continuous_are(
        z, A.real[:, :2], *weights(z), e=z + 4 * np.eye(3), s=z[:, :2] / 9, balanced=False), A.real.copy()),
    "solve_discrete_are of real": (lambda m, z: m.linalg.solve_discrete_are(
        z, A.real[:, :2], *weights(z), e=z + 4 * np.eye(3), balanced=False), A.real.copy()),
    "lu": (lambda m, z: m.linalg.lu(z)[1] @ m.linalg.lu(z)[2] ** 2, A),
    "toeplitz": (lambda m, z: m.linalg.toeplitz(z), V), "hankel": (lambda m, z: m.linalg.hankel(z, W), V),
    "circulant": (lambda m, z: m.linalg.circulant(z), V), "block_diag": (lambda m, z: m.linalg.block_diag(z, z[0]), A),
    "khatri_rao": (lambda m, z: m.linalg.khatri_rao(z, z.conj()), B),
    **{f"{name} {mode}": (lambda m, z, name=name, mode=mode: getattr(m.signal, name)(z * z[0], V * z[1], mode), W)
       for name in ("convolve", "correlate", "fftconvolve", "oaconvolve") for mode in ("full", "same", "valid")},
    "convolve2d": (lambda m, z: m.signal.convolve2d(z, A[:2]), B),
    "correlate2d of the smaller": (lambda m, z: m.signal.correlate2d(z, A, "valid"), A[:2, :2] + 0),
    "correlate2d by the larger": (lambda m, z: m.signal.correlate2d(A[:2, :2], z, "valid"), A),
    "polar": (lambda m, z: m.linalg.polar(z)[0], B), "polar left": (lambda m, z: m.linalg.polar(z, "left")[1], A),
    "companion": (lambda m, z: m.linalg.companion(z), V),
    "convolution_matrix": (lambda m, z: m.linalg.convolution_matrix(z, 4, "same"), V),
    "correlate2d": (lambda m, z: m.signal.correlate2d(A, z, "same"), A[:2] + 0),
    "correlate of real": (lambda m, z: m.signal.correlate(W, z), V.real.copy()),
    "spsolve": (lambda m, z: m.sparse.linalg.spsolve(SPARSE, z), W[:4]),
    "spsolve real": (lambda m, z: m.sparse.linalg.spsolve(SPARSE.real.tocsc(), z), B),
    "sparse product": (lambda m, z: SPARSE @ z, B),
    "logsumexp": (lambda m, z: m.special.logsumexp(z * 3), B),
    "logsumexp rows": (lambda m, z: m.special.logsumexp(z, axis=1, keepdims=True), B),
    "logsumexp b": (lambda m, z: m.special.logsumexp(z, axis=0, b=z * z[0]), B),
    "logsumexp b of real": (lambda m, z: m.special.logsumexp(z, axis=(0, 1), b=B), B.real.copy()),
    "logsumexp without": (lambda m, z: m.special.logsumexp(z, axis=1, b=np.array([1.0, 0.0])), B),
    **{f"logsumexp {n}": (lambda m, z, n=n: m.special.logsumexp(z, axis=0, b=-B, return_sign=True)[n], B)
       for n in (0, 1)},
    "softmax": (lambda m, z: m.special.softmax(z), V), "softmax rows": (lambda m, z: m.special.softmax(z, axis=1), B),
    "log_softmax": (lambda m, z: m.special.log_softmax(z * 4), W),
    "log_softmax rows": (lambda m, z: m.special.log_softmax(z, axis=-1), B),
}
# fmt: on


class Ours:
    linalg, signal, sparse, special = linalg, signal, sparse, special


class Theirs:
    linalg, signal, sparse, special = scipy.linalg, scipy.signal, scipy.sparse, scipy.special


@pytest.mark.parametrize("name", FUNCTIONS)
def test_products(name):
    f, z = FUNCTIONS[name]
    h = like(z, 1)
    y = np.asarray(f(Theirs, z))
    c, expected = like(y, 2), along(lambda z: f(Theirs, z), z, h)
    scale = max(1.0, np.abs(expected).max(initial=0))
    value, J = jac.value_and_jacobian(lambda z: f(Ours, z))(z)
    np.testing.assert_allclose(value, y, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(J @ h, expected, atol=2e-7 * scale)
    pulled = c @ J
    assert (value.dtype, pulled.dtype) == (y.dtype, z.dtype)
    assert abs(np.sum(c * expected).real - np.sum(pulled * h).real) < 1e-6 * scale
    lazy = jac.jacobian(lambda z: f(Ours, z), mode="lazy")(z)
    np.testing.assert_allclose(lazy @ h, J @ h, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(c @ lazy, pulled, rtol=1e-9, atol=1e-11)
    both = J.linear_part @ h + J.conjugate_part @ np.conj(h)
    np.testing.assert_allclose(both, J @ h, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_order(name):
    f, z = FUNCTIONS[name]
    h, gradient = like(z, 3), jac.grad(lambda z: np.sum(np.abs(f(Ours, z)) ** 2))
    expected = along(gradient, z, h)
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(jac.jvp(gradient, (z,), (h,))[1], expected, rtol=0, atol=1e-6 * scale)


def test_logarithms_of_huge_complex_sums():
    z = np.array([1000 + 2j, 999 - 1j, -np.inf, -1000], np.complex128)
    value, J = jac.value_and_jacobian(special.logsumexp, holomorphic=True)(z)
    weights = np.exp(z - 1000) / np.sum(np.exp(z - 1000))
    np.testing.assert_allclose(value, 1000 + np.log(np.sum(np.exp(z - 1000))), rtol=1e-14)
    np.testing.assert_allclose(J.to_array(), weights, rtol=1e-12)
    np.testing.assert_allclose(special.softmax(z), weights, rtol=1e-12)
    single = z[:2].astype(np.complex64)
    for f in (special.logsumexp, special.softmax, special.log_softmax):
        assert jac.value_and_jacobian(f, holomorphic=True)(single)[0].dtype == np.complex64
        compiled = jac.compile(lambda z, f=f: jac.jacobian(f, holomorphic=True)(z).to_array())(z[:2])
        np.testing.assert_allclose(compiled, jac.jacobian(f, holomorphic=True)(z[:2]).to_array(), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, complex])
def test_the_order_of_rows_is_real(dtype):
    a = (A.real if dtype is np.float32 else A).astype(dtype)
    found, expected = jac.vjp(linalg.lu, a)[0], scipy.linalg.lu(a)
    assert [part.dtype for part in found] == [part.dtype for part in expected]
    np.testing.assert_array_equal(found[0], expected[0])
