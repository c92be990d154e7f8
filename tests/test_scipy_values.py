"""Functions of `jacobians.scipy`: under a derivative the values, shapes and options are SciPy's own.

The values are compared with SciPy's functions on plain arrays, the derivatives with central differences of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import scipy.special

import jacobians as jac
from jacobians.scipy import linalg, signal, special

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 4))
P = A @ A.T + np.eye(4)
TALL, SIDE = RNG.normal(size=(5, 3)), RNG.normal(size=5)
STACK = RNG.normal(size=(2, 3, 4, 4))
BANDS = [[0, 1, 1, 1], [4, 4, 4, 5], [1, 1, 1, 0]]


def residues(found: Any) -> Any:
    return found[1]


def third(found: Any) -> Any:
    return found[2]


def pair(x: Any, y: float) -> np.ndarray:
    return np.array([x, y])


def gamma1(x: Any) -> Any:
    return scipy.special.gamma(x + 1)


def log_softmax(x: Any, y: float) -> Any:
    return pair(x, y) - np.logaddexp(x, y)


CASES: dict[str, tuple[Any, Any, np.ndarray]] = {
    "khatri_rao": (linalg.khatri_rao, scipy.linalg.khatri_rao, A),
    "residue of one system": (
        lambda b: residues(linalg.lstsq(TALL, b)),
        lambda b: residues(scipy.linalg.lstsq(TALL, b)),
        SIDE,
    ),
    "residues of several": (
        lambda a: residues(linalg.lstsq(a, np.stack([SIDE, SIDE**2], axis=1))),
        lambda a: residues(scipy.linalg.lstsq(a, np.stack([SIDE, SIDE**2], axis=1))),
        TALL,
    ),
    "bands in a list": (
        lambda b: linalg.solve_banded((1, 1), BANDS, b),
        lambda b: scipy.linalg.solve_banded((1, 1), BANDS, b),
        A[0],
    ),
    "bands of integers": (
        lambda b: linalg.solve_banded((1, 1), np.array(BANDS), b),
        lambda b: scipy.linalg.solve_banded((1, 1), np.array(BANDS), b),
        A[0],
    ),
    "symmetric bands of integers": (
        lambda b: linalg.solveh_banded(np.array(BANDS[:2]), b),
        lambda b: scipy.linalg.solveh_banded(np.array(BANDS[:2]), b),
        A[0],
    ),
    "convolution with a list": (
        lambda x: signal.fftconvolve(x, [1, 2]) + signal.convolve([1, 2], x),
        lambda x: 2 * np.convolve(x, [1, 2]),
        A[0],
    ),
    "convolution with a list of lists": (
        lambda x: signal.convolve2d(x, [[1, 2], [0, 1]]) + signal.correlate2d(x, [[1, 0], [2, 1]]),
        lambda x: scipy.signal.convolve2d(x, [[1, 2], [0, 1]]) + scipy.signal.correlate2d(x, [[1, 0], [2, 1]]),
        A,
    ),
    "functions of lists": (
        lambda x: special.polygamma(1, [x[0], 2.0]) + special.factorial([x[1], 2]) + special.softmax([x[2], 0.3]),
        lambda x: scipy.special.polygamma(1, pair(x[0], 2)) + gamma1(pair(x[1], 2)) + np.exp(log_softmax(x[2], 0.3)),
        1.5 + A[0] ** 2,
    ),
    "more functions of lists": (
        lambda x: special.zeta([x[0], 2.0]) + special.sinc([x[1], 0.2]) + special.log_softmax([x[2], 0.3]),
        lambda x: scipy.special.zeta(pair(x[0], 2)) + np.sinc(pair(x[1], 0.2)) + log_softmax(x[2], 0.3),
        1.5 + A[0] ** 2,
    ),
    "eigenvalues by position": (
        lambda a: linalg.eigh(a, subset_by_index=[1, 2], eigvals_only=True),
        lambda a: scipy.linalg.eigh(a, subset_by_index=[1, 2], eigvals_only=True),
        P,
    ),
    "eigenvalues by value": (
        lambda a: linalg.eigvalsh(a, subset_by_value=[1.2, 8.0]),
        lambda a: scipy.linalg.eigvalsh(a, subset_by_value=[1.2, 8.0]),
        P,
    ),
    "eigenvectors by position": (
        lambda a: np.abs(linalg.eigh(a, subset_by_index=[1, 2])[1]),
        lambda a: np.abs(scipy.linalg.eigh(a, subset_by_index=[1, 2])[1]),
        P,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives_are_those_of_scipy(name: str) -> None:
    ours, theirs, x = CASES[name]
    if name == "khatri_rao":
        ours, theirs = (lambda x, f=f: f(x, np.tanh(x)) for f in (ours, theirs))
    value, J = jac.value_and_jacobian(ours)(x)
    assert np.shape(value) == np.shape(theirs(x))
    np.testing.assert_allclose(value, theirs(x), rtol=1e-10)
    np.testing.assert_allclose(J.to_array(), jac.numerical_jacobian(theirs, x), rtol=1e-6, atol=1e-8)


OF_LAPACK: dict[str, Any] = {
    "solve": lambda m, a: m.solve(a, a[0]),
    "solve_banded": lambda m, a: m.solve_banded((1, 2), a, a[0]),
    "cholesky": lambda m, a: m.cholesky(a @ a.T),
    "svd": lambda m, a: m.svd(a)[1],
    "qr": lambda m, a: m.qr(a)[1],
    "polar": lambda m, a: m.polar(a)[0],
    "solve_discrete_lyapunov": lambda m, a: m.solve_discrete_lyapunov(a / 64, a),
    "lu_factor": lambda m, a: m.lu_factor(a)[0],
}


@pytest.mark.filterwarnings("ignore:Calling.*is deprecated in SciPy:DeprecationWarning")
@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.clongdouble, ">f8"])
@pytest.mark.parametrize("name", OF_LAPACK)
def test_types_that_lapack_lacks_become_those_of_scipy(name: str, dtype: Any) -> None:
    function, a = OF_LAPACK[name], (P + np.diag([0.1, 0.2, 0.3, 0.4])).astype(dtype)
    value, slope = jac.jvp(lambda a: function(linalg, a), (a,), (a,))
    expected = function(scipy.linalg, a.astype(a.dtype.newbyteorder("=")))  # SciPy 1.18 misreads the other order
    assert value.dtype == slope.dtype == expected.dtype
    tolerance = 1e-2 if dtype == np.float16 else 1e-8
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)
    double = a.astype(complex if a.dtype.kind == "c" else float)
    step = function(scipy.linalg, double + 1e-6 * double) - function(scipy.linalg, double - 1e-6 * double)
    np.testing.assert_allclose(slope, step / 2e-6, rtol=1e-5 + tolerance, atol=1e-5 + tolerance)


@pytest.mark.parametrize("lower", [True, False])
def test_vectors_of_pairs_have_the_signs_of_scipy(lower: bool) -> None:
    random = np.random.default_rng(0)
    for _ in range(10):
        a, b = random.standard_normal((2, 4, 4))
        a, b = a + a.T, b @ b.T + 4 * np.eye(4)
        value, J = jac.value_and_jacobian(lambda a, b=b: linalg.eigh(a, b, lower=lower)[1])(a)
        np.testing.assert_allclose(value, scipy.linalg.eigh(a, b, lower=lower)[1], rtol=1e-10, atol=1e-12)
        expected = jac.numerical_jacobian(lambda a, b=b: scipy.linalg.eigh(a, b, lower=lower)[1], a)
        np.testing.assert_allclose(J.to_array(), expected, rtol=1e-6, atol=1e-7)


def test_products_of_stacks() -> None:
    value, J = jac.value_and_jacobian(lambda x: linalg.khatri_rao(x, STACK))(STACK)
    expected = [[scipy.linalg.khatri_rao(a, a) for a in row] for row in STACK]
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(J @ STACK, expected, rtol=1e-14)  # it is linear in one of them


def test_a_solver_without_residues_has_none() -> None:
    _, residues, _, values = linalg.lstsq(TALL, SIDE, lapack_driver="gelsy")
    assert values is None

    def f(b: Any) -> Any:
        x, none, _, values = linalg.lstsq(TALL, b, lapack_driver="gelsy")
        assert none.shape == residues.shape == (0,)
        assert values is None
        return x

    np.testing.assert_allclose(jac.jacobian(f)(SIDE).to_array(), np.linalg.pinv(TALL), rtol=1e-10)


NOTHING: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "lu": (lambda a: third(linalg.lu(a)), lambda a: third(scipy.linalg.lu(a)), (3, 0)),
    "fftconvolve": (lambda a: signal.fftconvolve(a, [1.0, 2]), lambda a: scipy.signal.fftconvolve(a, [1.0, 2]), (0,)),
    "welch": (lambda a: signal.welch(a)[1], lambda a: scipy.signal.welch(a)[1], (0, 4)),
    "periodogram": (lambda a: signal.periodogram(a)[1], lambda a: scipy.signal.periodogram(a)[1], (2, 0)),
    "stft": (lambda a: signal.stft(a)[2], lambda a: scipy.signal.stft(a)[2], (0, 4)),
    "spectrogram": (lambda a: signal.spectrogram(a, nperseg=4)[2], lambda a: np.zeros((0, 4)), (0, 4)),
}


@pytest.mark.parametrize("name", NOTHING)
def test_empty_arrays(name: str) -> None:
    ours, theirs, shape = NOTHING[name]
    value, slope = jac.jvp(ours, (np.zeros(shape),), (np.zeros(shape),))
    assert value.shape == slope.shape == theirs(np.zeros(shape)).shape


REFUSED: dict[str, tuple[Any, str]] = {
    "sylvester": (lambda x: linalg.solve_sylvester(x, x, x), "one matrix at a time"),
    "lyapunov": (lambda x: linalg.solve_continuous_lyapunov(x, x), "one matrix at a time"),
    "discrete lyapunov": (lambda x: linalg.solve_discrete_lyapunov(x, x), "one matrix at a time"),
    "lstsq": (lambda x: linalg.lstsq(x, np.ones(4)), r"np\.linalg\.pinv\(a\) @ b"),
    "banded": (lambda x: linalg.solve_banded((1, 2), x, np.ones(4)), "one matrix at a time"),
    "banded, symmetric": (lambda x: linalg.solveh_banded(x, np.ones(4)), "one matrix at a time"),
    "riccati": (lambda x: linalg.solve_continuous_are(x, x, x, x), "one matrix at a time"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_stacks_are_refused_with_what_to_write(name: str) -> None:
    f, advice = REFUSED[name]
    if name == "sylvester" or "lyapunov" in name:
        try:
            _ = scipy.linalg.solve_continuous_lyapunov(STACK, STACK)
        except (ValueError, TypeError):
            pytest.skip("this SciPy has no stacks")
    with pytest.raises(jac.UnsupportedFunctionError, match=rf"for stacks of matrices\. Use {advice}"):
        jac.jacobian(f)(STACK)


def test_factorials_are_extended_by_zero_alone() -> None:
    x = np.array([0.5, 2.0, 3.5])
    slopes = jac.jacobian(lambda x: special.factorial(x, extend="zero"))(x).diagonal()
    expected = jac.numerical_jacobian(lambda x: special.factorial(x), x)
    np.testing.assert_allclose(slopes, np.diagonal(expected), rtol=1e-6)
    with pytest.raises(jac.UnsupportedFunctionError, match="for extend='complex'"):
        jac.jacobian(lambda x: special.factorial(x, extend="complex"))(x)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", ["fill", "wrap", "circular", "symm", "symmetric"])
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_images_go_on_beyond_their_bounds(name: str, boundary: str, mode: str) -> None:
    """Under a derivative a convolution in the plane has the value that SciPy's function gives, and its slopes."""
    ours, theirs = getattr(signal, name), getattr(scipy.signal, name)
    image = A[:, :3] + 0.5j * A[:, 1:]
    for shape in ((2, 3), (3, 2), (1, 3), (4, 3)):
        for kernel in (RNG.normal(size=shape), RNG.normal(size=shape) + 1j):
            how = {"fillvalue": 0.7} if boundary == "fill" else {"boundary": boundary}
            for x in (image.real.astype(np.float32), image):
                expected = theirs(x, kernel, mode, **how)
                value, slope = jac.jvp(lambda k, x=x, how=how: ours(x, k, mode, **how), (kernel,), (kernel,))
                assert value.dtype == expected.dtype
                np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
                outside = theirs(x, 0 * kernel, mode, **how)
                np.testing.assert_allclose(slope, expected - outside, rtol=1e-12, atol=1e-12)
                step = jac.jvp(lambda x, k=kernel, how=how: ours(x, k, mode, **how), (x,), (x,))[1]
                moved = theirs(2 * x, kernel, mode, **how) - expected
                np.testing.assert_allclose(step, moved, rtol=1e-5 if x.dtype == np.float32 else 1e-12, atol=1e-6)


def test_an_unknown_boundary_is_refused() -> None:
    with pytest.raises(ValueError, match="Acceptable boundary flags"):
        jac.jacobian(lambda x: signal.convolve2d(x, x, boundary="mirror"))(A)
