"""`numerical_jacobian` against derivatives by hand, and `check_jacobian` against functions wrong on purpose."""

import numpy as np
import pytest

import jacobians as jac
from jacobians.checking import check_jacobian, numerical_columns, numerical_jacobian
from jacobians.errors import ArgumentError, JacobianMismatchError

A = np.arange(6.0).reshape(2, 3)
X = np.linspace(-1.0, 2.0, 6).reshape(3, 2)


@pytest.mark.parametrize("method", ["central", "complex"])
def test_a_matrix_product_has_its_kronecker_jacobian(method):
    expected = np.einsum("ik,jl->ijkl", A, np.eye(2))
    found = numerical_jacobian(lambda x: A @ x, X, method)
    assert found.shape == (2, 2, 3, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("method", "digits"), [("central", 1e-9), ("complex", 1e-15)])
def test_precision(method, digits):
    x = np.array([0.3, 1.7, -2.0])
    np.testing.assert_allclose(np.diagonal(numerical_jacobian(np.sin, x, method)), np.cos(x), rtol=digits)


def test_the_central_step_grows_with_the_argument():
    x = np.array([1e8])
    np.testing.assert_allclose(numerical_jacobian(lambda v: v**2, x), [[2e8]], rtol=1e-9)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0), (2, 3)])
def test_shapes(shape):
    def f(x):
        return np.stack([np.sum(x), np.sum(3 * x)])

    assert numerical_jacobian(f, np.ones(shape)).shape == (2, *shape)
    np.testing.assert_allclose(numerical_jacobian(f, np.ones(shape))[1], np.full(shape, 3.0), rtol=1e-9)


def test_float32_and_integers_are_differentiated_in_float64():
    found = numerical_jacobian(lambda x: x**3, np.array([2], dtype=np.float32))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [[12.0]], rtol=1e-9)
    np.testing.assert_allclose(numerical_jacobian(lambda x: x**3, [2]), [[12.0]], rtol=1e-9)


def test_the_argument_is_not_changed():
    x = np.ones(3)
    x.flags.writeable = False
    _ = numerical_jacobian(np.exp, x)
    np.testing.assert_array_equal(x, 1.0)


def test_columns_are_columns_of_the_whole():
    def f(x):
        return np.cumprod(x.ravel())

    whole = numerical_jacobian(f, X)
    np.testing.assert_array_equal(numerical_columns(f, X, [4, 1]), whole.reshape(6, 6)[:, [4, 1]])


def test_refusals():
    with pytest.raises(ArgumentError, match="numerical_jacobian: x is complex"):
        _ = numerical_jacobian(np.sin, np.array([1j]))
    with pytest.raises(ArgumentError, match="method is 'forward'. Use 'central' or 'complex'"):
        _ = numerical_jacobian(np.sin, X, "forward")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="the complex step is lost. Use method='central'"):
        _ = numerical_jacobian(np.abs, X, "complex")


def test_check_jacobian_passes_what_is_right():
    assert check_jacobian(lambda a, x: np.tanh(a @ x), A, X) is None
    check_jacobian(lambda a, x: np.tanh(a @ x), A, X, argnums=1)
    check_jacobian(lambda a, x: np.tanh(a @ x), A, X, argnums=(1,), method="complex", rtol=1e-12, atol=1e-12)


def test_check_jacobian_skips_what_cannot_be_differentiated():
    check_jacobian(lambda x, n: x**n, X, 3)


def test_check_jacobian_knows_float32():
    check_jacobian(lambda a, x: np.tanh(a @ x), A.astype(np.float32), X.astype(np.float32))


def test_check_jacobian_names_the_worst_entry():
    weights = np.array([1.0, 10.0, 2.0])

    def wrong(a, x):
        return np.sum(a) * np.ones(2)[:, None] * (x + weights * jac.stop_gradient(x))

    with pytest.raises(JacobianMismatchError, match="argument 1 disagree") as caught:
        check_jacobian(wrong, np.ones(1), np.array([1.0, 2.0, 3.0]))
    error = caught.value
    assert (error.argnum, error.entries) == (1, 6)
    assert error.in_index == (1,)
    assert error.out_index in [(0, 1), (1, 1)]
    assert error.computed == pytest.approx(1.0)
    assert error.numerical == pytest.approx(11.0)
    assert "/ d in[1]: computed " in str(error)


def test_check_jacobian_finds_a_missing_number():
    def f(x):
        return x + np.nan * jac.stop_gradient(x)  # the derivative by rules is 1, the numerical one is nan

    with pytest.raises(JacobianMismatchError, match=r"d out\[0\] / d in\[0\]: computed 1.0, numerical nan"):
        check_jacobian(f, np.array([4.0]))


def test_tolerances_are_the_callers():
    def slightly_wrong(x):
        return x + 0.01 * jac.stop_gradient(x)

    check_jacobian(slightly_wrong, X, rtol=0.0, atol=0.02)
    check_jacobian(slightly_wrong, X, rtol=0.02, atol=0.0)
    with pytest.raises(JacobianMismatchError):
        check_jacobian(slightly_wrong, X, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("f", [np.abs, np.exp, lambda z: z * np.conj(z), lambda z: (np.angle(z), np.fft.fft(z))])
def test_complex_arrays_are_compared_in_their_parts(f):
    check_jacobian(f, np.array([1 + 2j, -0.5 + 1j, 0.3j]))


def test_a_complex_result_of_a_real_array():
    x = np.array([0.3, -1.0])
    check_jacobian(lambda x: np.exp(1j * x), x)
    np.testing.assert_allclose(numerical_jacobian(lambda x: 1j * x**2, x), 2j * np.diag(x), atol=1e-9)


def test_a_wrong_complex_derivative_is_found():
    with pytest.raises(JacobianMismatchError, match=r'argument 0\["(real|imag)"\]'):
        check_jacobian(lambda z: z * jac.stop_gradient(np.conj(z)), np.array([1 + 2j]))
