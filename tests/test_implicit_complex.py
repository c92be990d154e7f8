"""Complex roots and fixed points, against differences of the solver and against roots of polynomials."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from complex_functions import cplx
from test_custom_complex import along, like

import jacobians as jac
from jacobians.scipy.sparse.linalg import spsolve

A, B, P = cplx(4, 4) / 6, cplx(4, 4) / 6, cplx(4)


def newton(residual, start):
    """Newton's method in real and imaginary parts, which knows nothing of how they are differentiated here."""
    size, z = start.size, start.astype(complex)
    for _ in range(50):
        r = residual(z)
        columns = []
        for k in range(2 * size):
            e = np.zeros(size, complex)
            e[k % size] = 1e-7 if k < size else 1e-7j
            columns.append((residual(z + e.reshape(z.shape)) - residual(z - e.reshape(z.shape))).ravel() / 2e-7)
        M = np.array([np.concatenate([c.real, c.imag]) for c in columns]).T
        step = np.linalg.solve(M, -np.concatenate([r.real.ravel(), r.imag.ravel()]))
        z = z + (step[:size] + 1j * step[size:]).reshape(z.shape)
        if np.abs(step).max(initial=0) < 1e-15:
            break
    return z


RESIDUALS = {
    "holomorphic": lambda z, p: z + A @ np.sin(z) - p,
    "diagonal": lambda z, p: z + 0.2 * np.sin(z) - p**2,
    "diagonal with a conjugate": lambda z, p: z + 0.1 * np.conj(z) ** 2 - 0.5 * p,
    "with a conjugate": lambda z, p: z + A @ np.sin(z) + B @ np.conj(z) * 0.5 - p,
    "conjugate alone": lambda z, p: np.conj(z) + 0.2 * (B @ np.conj(z)) ** 2 - p,
    "not holomorphic in the parameter": lambda z, p: z + 0.05 * np.abs(z) ** 2 * (A @ z) - p * np.abs(p) / 4,
}


@pytest.mark.parametrize("method", ["auto", "dense", "sparse", "iterative"])
@pytest.mark.parametrize("name", RESIDUALS)
def test_roots(name, method):
    residual = RESIDUALS[name]

    def plain(p):
        return newton(lambda z: residual(z, p), 0.3 * p)

    solve = jac.implicit(residual, method=method)(plain)
    h, c = like(P, 1), like(P, 2)
    expected = along(plain, P, h)
    for mode in ("explicit", "lazy"):
        J = jac.jacobian(solve, mode=mode)(P)
        np.testing.assert_allclose(J @ h, expected, rtol=1e-7, atol=1e-8)
        assert abs(np.sum(c * expected).real - np.sum((c @ J) * h).real) < 1e-7
    gradient = jac.grad(lambda p: np.sum(np.abs(solve(p)) ** 2))
    np.testing.assert_allclose(jac.jvp(gradient, (P,), (h,))[1], along(gradient, P, h), rtol=1e-6, atol=1e-7)
    if "diagonal" in name and method == "auto":
        assert jac.jacobian(solve)(P).linear_part.is_diagonal


def test_a_large_sparse_system():
    n = 200
    p = cplx(n) / 3

    def residual(z, p):
        return z + 0.2 * np.roll(z, 1) * z - 0.1j * np.conj(np.roll(z, -1)) - p

    def plain(p):
        z = p.copy()
        for _ in range(200):
            z = p - 0.2 * np.roll(z, 1) * z + 0.1j * np.conj(np.roll(z, -1))
        return z

    h = like(p, 1)
    for method in ("auto", "iterative"):
        J = jac.jacobian(jac.implicit(residual, method=method)(plain))(p)
        np.testing.assert_allclose(J @ h, along(plain, p, h), rtol=1e-7, atol=1e-9)


def test_a_complex_root_of_a_real_polynomial():
    """Simple roots move by ``dz = -sum(dp_k z^k) / p'(z)``."""
    p = np.array([1.0, -2.0, 3.0, 5.0])

    @jac.implicit(lambda z, p: np.polyval(p, z))
    def root(p):
        return np.roots(p)[0]

    z = np.roots(p)[0]
    assert abs(z.imag) > 1
    np.testing.assert_allclose(
        jac.jacobian(root)(p).to_array(), -(z ** np.arange(3, -1, -1)) / np.polyval(np.polyder(p), z)
    )
    np.testing.assert_allclose(
        jac.hessian(lambda p: np.abs(root(p)))(p).to_array(),
        jac.hessian(lambda p: np.abs(np.roots(p)[0]))(p).to_array(),
        rtol=1e-8,
    )


def test_fixed_points_in_single_precision_and_of_numbers():
    @jac.implicit(lambda z, a: 0.4 * np.conj(np.sin(z)) + a, fixed_point=True)
    def fixed(a):
        z = np.zeros_like(a)
        for _ in range(80):
            z = 0.4 * np.conj(np.sin(z)) + a
        return z

    for a in (np.array(0.5 + 0.3j), cplx(3) / 4, np.zeros(0, complex)):
        h = like(a, 1)
        np.testing.assert_allclose(jac.jvp(fixed, (a,), (h,))[1], along(fixed, a, h), rtol=1e-8)
        narrow = a.astype(np.complex64)
        assert jac.jvp(fixed, (narrow,), (np.asarray(h).astype(np.complex64),))[1].dtype == np.complex64
        assert np.asarray(jac.grad(lambda a: np.sum(np.abs(fixed(a))))(narrow)).dtype == np.complex64


def test_equations_of_another_kind_are_refused():
    solve = jac.implicit(lambda z, p: np.abs(z - p))(lambda p: p * (1 + 0j))
    with pytest.raises(jac.ArgumentError, match="is real, unlike it"):
        _ = jac.jacobian(solve)(P)


def test_complex_sparse_systems_are_solved_in_both_directions():
    """Of real factors, too, a complex right-hand side keeps its imaginary part."""
    matrix = scipy.sparse.csc_array(np.where(np.abs(A) > 0.15, A, 0) + 2 * np.eye(4))
    for D in (matrix, matrix.real.tocsc()):
        dense, b, h, c = D.toarray(), cplx(4), cplx(4), cplx(4)
        value, J = jac.value_and_jacobian(lambda b, D=D: spsolve(D, b))(b)
        np.testing.assert_allclose(value, np.linalg.solve(dense, b), rtol=1e-12)
        np.testing.assert_allclose(J @ h, np.linalg.solve(dense, h), rtol=1e-12)
        np.testing.assert_allclose(c @ J, np.linalg.solve(dense.T, c), rtol=1e-12)
