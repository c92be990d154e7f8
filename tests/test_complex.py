"""Derivatives between complex arrays, against differences of real and imaginary parts, mpmath and HIPS autograd."""

from __future__ import annotations

import pickle

import autograd
import autograd.numpy
import mpmath
import numpy as np
import pytest
import scipy.fft
from complex_functions import FUNCTIONS, MATRIX, VECTOR, cplx, rng
from hypothesis import given, settings
from hypothesis import strategies as st

import jacobians as jac
from jacobians.scipy import fft

A, V = MATRIX, VECTOR


def along(f, z, h, step=5e-4):
    """The derivative along a direction by central differences of eighth order; of real and imaginary part alike."""
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    return sum([w * (f(z + k * step * h) - f(z - k * step * h)) for k, w in weights.items()]) / step


def real_product(c, y) -> float:
    return float(np.real(np.sum(np.asarray(c) * np.asarray(y))))


def like(y, seed: int):
    """Random numbers of the shape and kind of an array."""
    own = np.random.default_rng(seed)
    numbers = own.normal(size=np.shape(y))
    return numbers + 1j * own.normal(size=np.shape(y)) if np.iscomplexobj(y) else numbers


@pytest.mark.parametrize("name", FUNCTIONS)
def test_products(name):
    """``J @ h`` along a complex direction, and the real pairing of ``c @ J``, in every mode and as `jvp` and `vjp`."""
    f, z = FUNCTIONS[name]
    y, h = np.asarray(f(z)), like(z, 1)
    c, expected = like(y, 2), along(f, z, h)
    scale = max(1.0, np.abs(expected).max(initial=0))
    for mode in ("auto", "explicit", "lazy"):
        J = jac.jacobian(f, mode=mode)(z)
        found, pulled = J @ h, c @ J
        assert (found.dtype, pulled.dtype) == (y.dtype, z.dtype)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * scale)
        assert abs(real_product(c, expected) - real_product(pulled, h)) < 1e-7 * scale
        np.testing.assert_allclose(J.T @ c, pulled, rtol=0, atol=1e-9 * max(1, np.abs(pulled).max(initial=0)))
        np.testing.assert_allclose(pickle.loads(pickle.dumps(J)) @ h, found, rtol=0, atol=1e-9 * scale)
    value, tangent = jac.jvp(f, (z,), (h,))
    np.testing.assert_allclose(tangent, expected, rtol=0, atol=1e-8 * scale)
    np.testing.assert_allclose(value, y, rtol=1e-13)
    (pulled,) = jac.vjp(f, z)[1](c)
    assert abs(real_product(c, expected) - real_product(pulled, h)) < 1e-7 * scale


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_order(name):
    """The derivative of the gradient of a real function of the result."""
    f, z = FUNCTIONS[name]

    def total(z):
        y = f(z)
        return np.sum(np.sin(np.abs(y + 0.1))) + np.sum(np.real(y * (1 + 2j)) ** 2)

    h, gradient = like(z, 3), jac.grad(total)
    expected = along(gradient, z, h)
    scale = max(1.0, np.abs(expected).max(initial=0))
    assert abs(along(total, z, h) - real_product(gradient(z), h)) < 1e-7 * max(1.0, scale)
    np.testing.assert_allclose(jac.jvp(gradient, (z,), (h,))[1], expected, rtol=0, atol=1e-6 * scale)
    np.testing.assert_allclose(jac.hessian(total)(z) @ h, expected, rtol=0, atol=1e-6 * scale)
    np.testing.assert_allclose(jac.hvp(total, (z,), (h,))[0], expected, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parts(name):
    """Both parts, the dense array where there is one, and what it is between real and complex arrays."""
    f, z = FUNCTIONS[name]
    h, J = like(z, 4), jac.jacobian(f)(z)
    found = J @ h
    both = J.linear_part @ h + J.conjugate_part @ np.conj(h)
    np.testing.assert_allclose(both, found, rtol=0, atol=1e-9 * max(1.0, np.abs(found).max(initial=0)))
    if J.is_holomorphic or J.dtype.kind != "c":
        dense = J.to_array()
        assert dense.dtype == complex
        product = np.tensordot(dense, h, h.ndim)
        product = product if J.dtype.kind == "c" else np.real(product)
        np.testing.assert_allclose(product, found, rtol=0, atol=1e-9 * max(1.0, np.abs(found).max(initial=0)))
        np.testing.assert_allclose(J.to_sparse().toarray(), J.to_matrix(), rtol=1e-10, atol=1e-12)
        if dense.size:
            np.testing.assert_allclose(J[(0,) * J.ndim], dense[(0,) * J.ndim], rtol=1e-10, atol=1e-12)
    else:
        with pytest.raises(jac.HolomorphyError, match="linear_part and J.conjugate_part"):
            _ = J.to_array()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_precision(name):
    f, z = FUNCTIONS[name]
    narrow = z.astype(np.complex64)
    expected = np.asarray(f(narrow)).dtype
    J = jac.jacobian(f)(narrow)
    h = like(z, 5).astype(np.complex64)
    assert (J.dtype, (J @ h).dtype) == (expected, expected)
    c = like(np.zeros(J.out_shape, expected), 6).astype(expected)
    assert (c @ J).dtype == narrow.dtype
    assert jac.grad(lambda z: np.sum(np.abs(f(z))))(narrow).dtype == narrow.dtype


@pytest.mark.parametrize("name", ["matmul", "mean", "take", "fft", "norm", "kron"])
def test_other_memory(name):
    f, z = FUNCTIONS[name]
    wide = np.zeros((2 * z.shape[0], *z.shape[1:]), complex)
    wide[::2] = z
    h = like(z, 7)
    np.testing.assert_allclose(jac.jacobian(f)(wide[::2]) @ h, jac.jacobian(f)(z) @ h, rtol=1e-12)
    np.testing.assert_allclose(jac.jacobian(f)(np.asfortranarray(z)) @ h, jac.jacobian(f)(z) @ h, rtol=1e-12)


HOLOMORPHIC = ["exp", "log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sqrt"]
HOLOMORPHIC += ["sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"]
MPMATH = {"log": "log"} | {name: name.replace("arc", "a") for name in HOLOMORPHIC}


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_complex_derivatives_against_mpmath(name):
    z = cplx(9) * 1.5
    found = jac.jacobian(getattr(np, name), holomorphic=True)(z).diagonal()
    with mpmath.workdps(30):
        expected = [complex(mpmath.diff(getattr(mpmath, MPMATH[name]), mpmath.mpc(complex(entry)))) for entry in z]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


# fmt: off
LOSSES = {
    "power": lambda xp, x: xp.sum(xp.abs(xp.fft.fft(x)) ** 2 * xp.arange(x.size)),
    "plane": lambda xp, x: xp.sum(xp.abs(xp.fft.fft2(xp.reshape(x, (2, 3)) * 1j)) ** 4),
    "real": lambda xp, x: xp.sum(xp.real(xp.exp(1j * x) * xp.conj(x + 2j * xp.sin(x))) ** 2),
    "imag": lambda xp, x: xp.imag(xp.sum(xp.exp(2j * x) / (x - 2j))),
    "derivative": lambda xp, x: xp.sum(xp.sin(xp.real(xp.fft.ifft(1j * xp.arange(6) * xp.fft.fft(x)))) ** 2),
    "abs": lambda xp, x: xp.sum(xp.abs(x + 1j * x[::-1] ** 2) * xp.angle(x + 1j)),
}
# fmt: on


@pytest.mark.parametrize("name", LOSSES)
def test_real_functions_against_autograd(name):
    x = rng.normal(size=6)
    expected = autograd.grad(lambda x: LOSSES[name](autograd.numpy, x))(x)
    found = jac.grad(lambda x: LOSSES[name](np, x))(x)
    assert found.dtype == float
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    second = jac.hessian(lambda x: LOSSES[name](np, x))(x).to_array()
    np.testing.assert_allclose(second, autograd.hessian(lambda x: LOSSES[name](autograd.numpy, x))(x), atol=1e-7)


@pytest.mark.parametrize("name", ["power", "real", "plane"])
def test_gradients_in_complex_arguments_against_autograd(name):
    """The same convention: ``df/du - i df/dv``."""
    z = cplx(6)
    expected = autograd.grad(lambda z: LOSSES[name](autograd.numpy, z))(z)
    np.testing.assert_allclose(jac.grad(lambda z: LOSSES[name](np, z))(z), expected, rtol=1e-11)


def test_several_arguments_and_nests():
    x, z = rng.normal(size=3), V

    def f(p):
        return {"y": p["x"] * p["z"], "r": np.abs(p["z"]) * p["x"]}

    point, tangent = {"x": x, "z": z}, {"x": like(x, 1), "z": like(z, 2)}
    J = jac.jacobian(f)(point)
    pushed = J @ tangent
    for key in ("y", "r"):
        step = along(lambda t, key=key: f({k: point[k] + t * tangent[k] for k in point})[key], 0.0, 1.0)
        np.testing.assert_allclose(pushed[key], step, atol=1e-9)
    cotangent = {"y": like(z, 3), "r": like(x, 4)}
    pulled = cotangent @ J
    assert (pulled["x"].dtype, pulled["z"].dtype) == (float, complex)
    left = sum([real_product(cotangent[k], pushed[k]) for k in cotangent])
    assert abs(left - sum([real_product(pulled[k], tangent[k]) for k in point])) < 1e-12
    np.testing.assert_array_equal(J.to_sparse().toarray(), J.to_matrix())
    gradient = jac.grad(lambda p: np.sum(f(p)["r"] ** 2))(point)
    assert (gradient["x"].dtype, gradient["z"].dtype) == (float, complex)


def test_algebra():
    J, K = jac.jacobian(lambda z: np.abs(A @ z))(V), jac.jacobian(lambda z: z * z.conj())(V)
    h, c = like(V, 1), rng.normal(size=3)
    np.testing.assert_allclose((J @ K) @ h, J @ (K @ h))
    np.testing.assert_allclose((2j * K - K) @ h, 2j * (K @ h) - K @ h)
    np.testing.assert_allclose((J @ K).T @ c, (c @ J) @ K)
    np.testing.assert_allclose((J @ K).T.T @ h, J @ (K @ h))
    np.testing.assert_allclose((K * 1j).T @ h, K.T @ (1j * h))
    matrix = jac.Jacobian.from_array(A, 1)
    np.testing.assert_allclose(matrix @ h, A @ h)
    operator = matrix.to_linear_operator()
    np.testing.assert_allclose(operator.rmatvec(h), A.conj().T @ h)
    with pytest.raises(jac.HolomorphyError, match="to_linear_operator"):
        _ = K.to_linear_operator()


def test_structure_tells_how_terms_act():
    assert jac.jacobian(np.conj)(V).structure == "identity on the conjugate"
    assert jac.jacobian(np.abs)(V).structure == "real part of diagonal"
    assert jac.jacobian(lambda z: A @ z)(V).structure == "dense"
    assert "on the conjugate" in repr(jac.jacobian(np.conj)(V).terms[0])


def test_real_part_of_a_real_function_is_one_term():
    """No term and its conjugate, in a gradient or in a Jacobian."""
    x = rng.normal(size=5)
    J = jac.jacobian(lambda x: np.abs(np.fft.rfft(x)) ** 2, mode="explicit")(x)
    assert len(J.terms) == 1
    assert J.terms[0].act == "re"


def test_a_real_program_holds_no_acts():
    J = jac.jacobian(lambda x: np.conj(x.real) @ np.sin(np.outer(x, x)) + x.imag)(rng.normal(size=3))
    assert not any([term.act for term in J.terms])


def test_holomorphic():
    f = jac.jacobian(lambda z: A @ np.sin(z), holomorphic=True)
    np.testing.assert_allclose(f(V).to_array(), A * np.cos(V))
    g = jac.grad(lambda z: np.sum(np.exp(z) * z), holomorphic=True)
    np.testing.assert_allclose(g(V), np.exp(V) * (1 + V))
    H = jac.hessian(lambda z: np.sum(np.exp(z) * z), holomorphic=True)(V)
    np.testing.assert_allclose(H.diagonal(), np.exp(V) * (2 + V))
    assert H.is_diagonal
    value, slope = jac.value_and_grad(np.prod, holomorphic=True)(V)
    np.testing.assert_allclose([value, *slope], [np.prod(V), *(np.prod(V) / V)])
    # What acts on conjugates twice is holomorphic.
    np.testing.assert_allclose(jac.grad(lambda z: np.conj(np.sum(np.conj(z) ** 2)), holomorphic=True)(V), 2 * V)


@pytest.mark.parametrize("transform", [jac.jacobian, jac.grad])
def test_what_is_not_holomorphic(transform):
    with pytest.raises(jac.HolomorphyError, match="is not holomorphic"):
        _ = transform(lambda z: z * np.conj(z), holomorphic=True)(1 + 2j)
    with pytest.raises(jac.ArgumentError, match="the result is real"):
        _ = transform(np.abs, holomorphic=True)(1 + 2j)
    with pytest.raises(jac.ArgumentError, match="an argument is real"):
        _ = transform(lambda x: x * 1j, holomorphic=True)(1.0)


def test_what_is_refused():
    with pytest.raises(jac.ArgumentError, match="grad: the result is complex"):
        _ = jac.grad(np.sum)(V)
    for vector in (lambda: jac.jvp(np.sin, (V.real,), (V,)), lambda: jac.vjp(np.abs, V)[1](V)):
        with pytest.raises(jac.ArgumentError, match="is complex, but belongs to a real array"):
            _ = vector()
    with pytest.raises(jac.ArgumentError, match="J @ h: the tangent is complex"):
        _ = jac.jacobian(np.sin)(V.real) @ V
    with jac.Tape() as tape:
        z = tape.watch(V)
        total = np.sum(z)
    with pytest.raises(jac.ArgumentError, match=r"Tape.gradient: the target is complex"):
        _ = tape.gradient(total, z)


def test_arrays_of_objects_are_refused():
    """NumPy's `imag` of one is zero, whatever its entries are."""
    for build in (lambda z: np.array([z[0], 1j]), np.asarray, np.vectorize(lambda w: w * w)):
        with pytest.raises(jac.TraceConversionError, match="take its entries for real ones. Use np.stack"):
            _ = jac.jacobian(lambda z, build=build: np.imag(build(z)))(V)


def test_tape():
    with jac.Tape() as tape:
        z = tape.watch(V)
        total = np.sum(np.abs(z) ** 2)
    np.testing.assert_allclose(tape.gradient(total, z), 2 * V.conj())


@pytest.mark.parametrize("name", ["fft", "rfft", "irfft", "hfft", "ihfft", "fft2", "irfft2", "fftn", "rfftn"])
def test_transforms_of_scipy(name):
    function, original = getattr(fft, name), getattr(scipy.fft, name)
    z = MATRIX.real.copy() if name in ("rfft", "ihfft", "rfftn") else MATRIX
    options = {"axes": (0,)} if name[-1] in "2n" else {"n": 4, "axis": 0}
    h = like(z, 1)
    found, tangent = jac.jvp(lambda z: function(z, norm="ortho", workers=1, **options), (z,), (h,))
    np.testing.assert_allclose(found, original(z, norm="ortho", **options), atol=1e-13)
    np.testing.assert_allclose(tangent, original(h, norm="ortho", **options), atol=1e-13)
    np.testing.assert_array_equal(function(z), original(z))


def test_transforms_stay_operators():
    """A circulant Jacobian of a million squared entries is applied, not written out."""
    x, k = rng.normal(size=1000), rng.normal(size=1000)
    J = jac.jacobian(lambda x: np.fft.ifft(np.fft.fft(k) * np.fft.fft(x)), mode="explicit")(x)
    assert J.structure == "operator"
    assert J.nbytes < 50 * x.nbytes
    np.testing.assert_allclose(J @ x, np.fft.ifft(np.fft.fft(k) * np.fft.fft(x)), atol=1e-9)
    shifted = np.stack([np.roll(k, n) for n in range(1000)], axis=1)
    np.testing.assert_allclose(J.to_array(), shifted, atol=1e-9)


CUTS = {
    "sqrt": [-2, -0.5], "log": [-3, -0.2], "arcsin": [2, -3], "arccos": [1.5, -2], "arccosh": [0.5, -2, 3],
    "arctanh": [2, -3], "arcsinh": [2j, -3j], "arctan": [2j, -3j], "log1p": [-2], "power": [-2.5],
}  # fmt: skip


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("side", [1, -1])
def test_branch_cuts(name, side):
    """On a cut the derivative along it is that of the value there, on the side that the sign of zero tells."""
    zero = np.copysign(0.0, side)
    f = (lambda z: z**0.3) if name == "power" else getattr(np, name)

    def on_cut(t: float):
        return np.array([complex(zero, z.imag + t) if np.iscomplex(z) else complex(z + t, zero) for z in CUTS[name]])

    along_cut = np.array([1j if np.iscomplex(z) else 1.0 for z in CUTS[name]])
    expected = (f(on_cut(1e-5)) - f(on_cut(-1e-5))) / 2e-5 / along_cut
    points = on_cut(0.0)
    np.testing.assert_allclose(jac.jacobian(f)(points).diagonal(), expected, rtol=1e-7)


def test_kinks():
    """``abs`` at 0 has the derivative 0, and so has the norm."""
    assert jac.grad(np.abs)(0j) == 0
    assert jac.grad(np.linalg.norm)(np.zeros(2, complex)).tolist() == [0, 0]


@pytest.mark.parametrize("name", ["abs", "modulus squared", "matmul", "solve", "eigvalsh", "fft", "irfft", "where"])
def test_compiled(name):
    f, z = FUNCTIONS[name]
    y, h = np.asarray(f(z)), like(z, 1)
    c = like(y, 2)
    total = jac.grad(lambda z: np.sum(np.abs(f(z)) ** 2))
    np.testing.assert_allclose(jac.compile(total)(z), total(z), rtol=1e-10, atol=1e-12)
    pushed = jac.compile(lambda z, h: jac.jvp(f, (z,), (h,))[1])
    np.testing.assert_allclose(pushed(z, h), jac.jacobian(f)(z) @ h, rtol=1e-10, atol=1e-12)
    pulled = jac.compile(lambda z, c: jac.vjp(f, z)[1](c)[0])
    np.testing.assert_allclose(pulled(z, c), c @ jac.jacobian(f)(z), rtol=1e-10, atol=1e-12)
    J = jac.compile(jac.jacobian(f))(z)
    np.testing.assert_allclose(J @ h, jac.jacobian(f)(z) @ h, rtol=1e-10, atol=1e-12)


# ---- random programs -------------------------------------------------------------------------------------------------

SHIFT, MASK = 3 + 1j, np.array([True, False, True])
STEPS = [
    lambda a, b: a * b,
    lambda a, b: a + np.conj(b),
    lambda a, b: np.exp(1j * np.real(a)) - b,
    lambda a, b: np.sin(a / np.abs(b + SHIFT)),
    lambda a, b: np.real(a) * b + np.imag(b),
    lambda a, b: A @ a / 3,
    lambda a, b: np.fft.fft(a) * np.abs(b + SHIFT) / 4,
    lambda a, b: np.fft.irfft(a[:2], 3) + b,
    lambda a, b: np.cumsum(a) * np.sum(np.conj(b)) / 9,
    lambda a, b: np.where(MASK, a, np.conj(b)),
    lambda a, b: a[::-1] - 1j * np.abs(b + SHIFT) ** 2 / 5,
    lambda a, b: np.stack([np.real(a[0]), b[1], np.imag(b[2]) * 1j]),
]


@settings(max_examples=60, deadline=None)
@given(
    program=st.lists(st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 30), st.integers(0, 30)), max_size=9),
    real=st.booleans(),
    mode=st.sampled_from(["explicit", "lazy", "auto"]),
)
def test_random_programs(program, real, mode):
    def run(x):
        values = [x, x * (1 + 0.5j)]
        for step, first, second in program:
            value = STEPS[step](values[first % len(values)], values[second % len(values)])
            values.append(value / (1 + np.mean(np.abs(value + SHIFT) ** 2) / 20))
        return values[-1]

    own = np.random.default_rng(5)
    x = own.uniform(-1, 1, 3) if real else own.uniform(-1, 1, 3) + 1j * own.uniform(-1, 1, 3)
    J, h, y = jac.jacobian(run, mode=mode)(x), like(x, 6), np.asarray(run(x))
    c, expected = like(y, 7), along(run, x, h)
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(J @ h, expected, rtol=0, atol=1e-6 * scale)
    (pulled,) = jac.vjp(run, x)[1](c)
    assert abs(real_product(c, expected) - real_product(pulled, h)) < 1e-6 * scale
    np.testing.assert_allclose(c @ J, pulled, rtol=0, atol=1e-9 * max(1.0, np.abs(pulled).max()))
    gradient = jac.grad(lambda x: np.sum(np.abs(run(x) + SHIFT)))
    turned = jac.jvp(gradient, (x,), (h,))[1]
    second = along(gradient, x, h)
    np.testing.assert_allclose(turned, second, rtol=0, atol=1e-5 * max(1.0, np.abs(second).max()))
