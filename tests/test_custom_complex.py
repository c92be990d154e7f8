"""Functions with a given derivative between complex arrays, against NumPy's own and against differences."""

from __future__ import annotations

import numpy as np
import pytest
from complex_functions import cplx

import jacobians as jac

A, B, G, Z = cplx(3, 4), cplx(3, 4), cplx(4), cplx(4)
X = np.linspace(-1, 1.5, 4)


def linear(z):
    """Not holomorphic: ``A sin(z) + B conj(z)^2``."""
    return A @ np.sin(z) + B @ np.conj(z) ** 2


def loss(z):
    return np.abs(z) ** 2 * np.array([1.0, 2.0, 3.0, 4.0]) + z.real * z.imag


def spread(x):
    return (A @ np.sin(x)) * np.exp(1j * np.sum(x))


def foreign(f):
    """Code that takes plain arrays alone."""

    def call(*args):
        assert all([type(value) is np.ndarray for value in args])
        return f(*args)

    return call


# The pairing is Re(sum(c * y)): of A h + B conj(h) it is A.T c + conj(B.T c).
def pull_linear(c, y, z):
    return np.cos(z) * (c @ A) + np.conj(c @ B) * 2 * z


def push_linear(h, y, z):
    return A @ (np.cos(z) * h[0]) + B @ (2 * np.conj(z) * np.conj(h[0]))


W = np.array([1.0, 2.0, 3.0, 4.0])


def pull_loss(c, y, z):
    return c * (2 * W * np.conj(z) + z.imag - 1j * z.real)


def push_loss(h, y, z):
    return 2 * W * np.real(np.conj(z) * h[0]) + np.real(h[0]) * z.imag + z.real * np.imag(h[0])


def jacobian_loss(z):
    return np.diag(2 * W * np.conj(z) + z.imag - 1j * z.real)


def pull_spread(c, y, x):
    return ((c * np.exp(1j * np.sum(x))) @ A) * np.cos(x) + 1j * np.sum(c * y)  # its real part counts


def push_spread(h, y, x):
    return np.exp(1j * np.sum(x)) * (A @ (np.cos(x) * h[0])) + 1j * np.sum(h[0]) * y


def jacobian_spread(x):
    y = spread(x)
    return np.exp(1j * np.sum(x)) * A * np.cos(x) + 1j * y[:, None] * np.ones(4)


def jacobian_linear(z):
    return jac.Jacobian.from_array(A * np.cos(z), 1, conjugate=B * 2 * np.conj(z))


CASES = {
    "complex to complex": (linear, pull_linear, push_linear, jacobian_linear, Z),
    "complex to real": (loss, pull_loss, push_loss, jacobian_loss, Z),
    "real to complex": (spread, pull_spread, push_spread, jacobian_spread, X),
}
GIVEN = {
    "jacobian": lambda f, pull, push, J: jac.custom(foreign(f), jacobian=J),
    "vjp": lambda f, pull, push, J: jac.custom(foreign(f), vjp=pull),
    "jvp": lambda f, pull, push, J: jac.custom(foreign(f), jvp=push),
    "both": lambda f, pull, push, J: jac.custom(foreign(f), vjp=pull, jvp=push),
}


def along(f, z, h, step=1e-3):
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    return sum([w * (f(z + k * step * h) - f(z - k * step * h)) for k, w in weights.items()]) / step


def like(y, seed):
    own = np.random.default_rng(seed)
    numbers = own.normal(size=np.shape(y))
    return numbers + 1j * own.normal(size=np.shape(y)) if np.iscomplexobj(y) else numbers


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("case", CASES)
def test_products(case, given):
    f, *derivatives, z = CASES[case]
    custom = GIVEN[given](f, *derivatives)
    h, c = like(z, 1), like(f(z), 2)
    expected = along(f, z, h)
    for mode in ("explicit", "lazy"):
        J = jac.jacobian(custom, mode=mode)(z)
        assert (J @ h).dtype == f(z).dtype
        np.testing.assert_allclose(J @ h, expected, atol=1e-9)
        pulled = c @ J
        assert pulled.dtype == z.dtype
        assert abs(np.sum(c * expected).real - np.sum(pulled * h).real) < 1e-8
    inner = jac.jacobian(lambda z: np.exp(custom(z * z)))(z)
    np.testing.assert_allclose(inner @ h, along(lambda z: np.exp(f(z * z)), z, h), rtol=1e-8)
    both = J.linear_part @ h + J.conjugate_part @ np.conj(h)
    np.testing.assert_allclose(both, expected, atol=1e-9)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("case", CASES)
def test_second_order(case, given):
    f, *derivatives, z = CASES[case]
    custom, h = GIVEN[given](f, *derivatives), like(z, 3)
    gradient = jac.grad(lambda z: np.sum(np.abs(custom(z)) ** 2))
    expected = along(jac.grad(lambda z: np.sum(np.abs(f(z)) ** 2)), z, h)
    np.testing.assert_allclose(jac.jvp(gradient, (z,), (h,))[1], expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("case", CASES)
def test_compiled(case, given):
    f, *derivatives, z = CASES[case]
    custom = GIVEN[given](f, *derivatives)
    compiled = jac.compile(jac.grad(lambda z: np.sum(np.abs(custom(z)) ** 2)))
    for point in (z, 0.5 * z):
        expected = jac.grad(lambda z: np.sum(np.abs(f(z)) ** 2))(point)
        np.testing.assert_allclose(compiled(point), expected, rtol=1e-9)


def test_several_arguments_of_both_kinds():
    def f(x, z):
        return np.sin(x) * z + np.conj(z) * x

    def pull(c, y, x, z):
        return c * (np.cos(x) * z + np.conj(z)), c * np.sin(x) + np.conj(c) * x

    def push(h, y, x, z):
        return (np.cos(x) * z + np.conj(z)) * h[0] + np.sin(x) * h[1] + x * np.conj(h[1])

    for options in ({"vjp": pull}, {"jvp": push}, {"vjp": pull, "jvp": push}):
        custom = jac.custom(foreign(f), **options)
        found = jac.grad(lambda x, z, custom=custom: np.sum(np.abs(custom(x, z)) ** 2), (0, 1))(X, Z)
        expected = jac.grad(lambda x, z: np.sum(np.abs(f(x, z)) ** 2), (0, 1))(X, Z)
        for got, want in zip(found, expected, strict=True):
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, rtol=1e-12)
        doubled = jac.jvp(lambda z, custom=custom: custom(z.real, z), (Z,), (G,))[1]
        np.testing.assert_allclose(doubled, along(lambda z: f(z.real, z), Z, G), atol=1e-9)


def test_two_complex_arguments_take_one_product():
    calls = []

    def pull(c, y, w, z):
        calls.append(0)
        return c * z, c * w

    f = jac.custom(lambda w, z: w * z, vjp=pull)
    gw, gz = jac.grad(lambda w, z: np.real(np.sum(f(w, z))), (0, 1))(Z, G)
    np.testing.assert_allclose([gw, gz], [G, Z])
    assert len(calls) <= 4


@pytest.mark.parametrize("case", CASES)
def test_single_precision(case):
    f, *derivatives, z = CASES[case]
    narrow = z.astype(np.complex64 if np.iscomplexobj(z) else np.float32)
    for make in GIVEN.values():
        custom = make(lambda z: f(z).astype(np.complex64 if np.iscomplexobj(f(z)) else np.float32), *derivatives)
        J = jac.jacobian(custom)(narrow)
        h = like(z, 1).astype(narrow.dtype)
        assert (J @ h).dtype == custom(narrow).dtype
        np.testing.assert_allclose(J @ h, along(f, z, h.astype(z.dtype)), rtol=1e-3, atol=1e-4)
        assert jac.grad(lambda z, custom=custom: np.sum(np.abs(custom(z))))(narrow).dtype == narrow.dtype


def test_numbers_and_empty_arrays():
    f = jac.custom(lambda z: np.conj(z) * 3, jvp=lambda h, y, z: 3 * np.conj(h[0]))
    assert jac.jvp(f, (1 + 2j,), (2j,))[1] == -6j
    assert jac.grad(lambda z: np.abs(f(z)))(3 + 4j) == pytest.approx(3 * (0.6 - 0.8j))
    assert (jac.jacobian(f)(np.zeros(0, complex)) @ np.zeros(0, complex)).shape == (0,)


def test_from_array_with_a_conjugate_part():
    J = jac.Jacobian.from_array(A, 1, conjugate=B)
    np.testing.assert_allclose(J @ Z, A @ Z + B @ Z.conj())
    np.testing.assert_array_equal(J.linear_part.to_array(), A)
    np.testing.assert_array_equal(J.conjugate_part.to_array(), B)
    assert not J.is_holomorphic
    with pytest.raises(jac.ShapeError, match="conjugate="):
        _ = jac.Jacobian.from_array(A, 1, conjugate=B[:2])
