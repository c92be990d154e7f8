"""Functions with a given derivative, against the same functions written in NumPy and against finite differences."""

import ctypes
import math
import pickle

import mpmath
import numpy as np
import pytest
import scipy.ndimage
import scipy.optimize
import scipy.sparse
from graph_oracle import numerical_jacobians

import jacobians as jac

rng = np.random.default_rng(0)
W, V = rng.normal(size=(3, 4)), rng.normal(size=(3, 2))
X, Y = rng.normal(size=4), rng.normal(size=2)


def mixed(x, y):
    return np.tanh(W @ x) * (V @ y)


def foreign(x, y):
    """The same for plain arrays alone, which must be writable, as for much compiled code."""
    buffers = [np.ctypeslib.as_array(np.ctypeslib.as_ctypes(v)) for v in (x, y)]
    return mixed(*buffers)


def pull(c, result, x, y):
    t = np.tanh(W @ x)
    return W.T @ ((1 - t * t) * (V @ y) * c), V.T @ (t * c)


def push(tangents, result, x, y):
    t = np.tanh(W @ x)
    return (1 - t * t) * (W @ tangents[0]) * (V @ y) + t * (V @ tangents[1])


def pull_stack(c, result, x, y):
    t = np.tanh(W @ x)
    return ((1 - t * t) * (V @ y) * c) @ W, (t * c) @ V


def push_stack(tangents, result, x, y):
    t = np.tanh(W @ x)
    return (1 - t * t) * (tangents[0] @ W.T) * (V @ y) + t * (tangents[1] @ V.T)


def dense(x, y):
    t = np.tanh(W @ x)
    return ((1 - t * t) * (V @ y))[:, None] * W, t[:, None] * V


def as_jacobians(x, y):
    t = np.tanh(W @ x)
    return jac.jacobian(lambda x: mixed(x, y))(x), jac.jacobian(lambda y: t * (V @ y), mode="lazy")(y)


CUSTOM = {
    "jacobian": jac.custom(foreign, jacobian=dense),
    "Jacobian": jac.custom(foreign, jacobian=as_jacobians),
    "vjp": jac.custom(foreign, vjp=pull),
    "jvp": jac.custom(foreign, jvp=push),
    "both": jac.custom(foreign, vjp=pull, jvp=push),
    "stacks": jac.custom(foreign, vjp=pull_stack, jvp=push_stack, batched=True),
    "stacks, vjp": jac.custom(foreign, vjp=pull_stack, batched=True),
}
every_kind = pytest.mark.parametrize("function", CUSTOM.values(), ids=CUSTOM)


def assert_close(found, expected, tolerance=1e-10):
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def composed(function):
    return lambda x, y: np.sin(function(x * x, np.exp(y))) * function(x, y)


@every_kind
@pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
def test_jacobians_and_products(function, mode):
    for wrap in (lambda f: f, composed):
        expected = numerical_jacobians(wrap(mixed), X, Y)
        assert np.array_equal(wrap(function)(X, Y), wrap(mixed)(X, Y))
        for argnums in (0, 1, (0, 1)):
            made = jac.jacobian(wrap(function), argnums, mode=mode)(X, Y)
            found = zip(argnums, made, strict=True) if isinstance(argnums, tuple) else [(argnums, made)]
            for n, J in found:
                h, c = rng.normal(size=J.in_shape), rng.normal(size=J.out_shape)
                assert_close(J @ h, expected[n] @ h, 1e-8)
                assert_close(c @ J, c @ expected[n], 1e-8)
                assert_close(J.to_array(), expected[n], 1e-8)


@every_kind
def test_higher_orders(function):
    def loss(f):
        return lambda x, y: np.sum(np.sin(f(x * x, np.exp(y))))

    for found, expected in zip(*[jac.grad(loss(f), (0, 1))(X, Y) for f in (function, mixed)], strict=True):
        assert_close(found, expected)
    for row, expected_row in zip(*[jac.hessian(loss(f), (0, 1))(X, Y) for f in (function, mixed)], strict=True):
        for found, expected in zip(row, expected_row, strict=True):
            assert_close(found.to_array(), expected.to_array())

    def third(f):
        return jac.jacobian(lambda x: jac.hessian(loss(f))(x, Y).to_array())(X).to_array()

    assert_close(third(function), third(mixed))


@every_kind
def test_a_compiled_program_calls_the_function(function):
    gradient = jac.grad(lambda x, y: np.sum(np.sin(function(x, y))), (0, 1))
    compiled = jac.compile(gradient)
    matrix = jac.compile(lambda x, y: jac.jacobian(function, 1)(x, y).to_array())
    for x, y in ((X, Y), (2 * X, Y - 1)):
        for found, expected in zip(compiled(x, y), gradient(x, y), strict=True):
            assert_close(found, expected)
        assert_close(matrix(x, y), jac.jacobian(mixed, 1)(x, y).to_array())


def test_a_program_that_calls_it_is_not_saved(tmp_path):
    compiled = jac.compile(jac.grad(lambda x: np.sum(CUSTOM["both"](x, Y))))
    assert np.all(np.isfinite(compiled(X)))
    with pytest.raises(jac.ArgumentError):
        compiled.save(tmp_path / "program.py")


def test_numbers_and_compiled_code():
    libm = ctypes.CDLL(None)
    libm.cbrt.restype, libm.cbrt.argtypes = ctypes.c_double, [ctypes.c_double]
    for root in (
        jac.custom(libm.cbrt, jacobian=lambda x: np.cbrt(x) ** -2 / 3),
        jac.custom(libm.cbrt, vjp=lambda c, y, x: c / (3 * np.cbrt(x) ** 2)),
        jac.custom(libm.cbrt, jvp=lambda h, y, x: h[0] / (3 * np.cbrt(x) ** 2)),
    ):
        function, expected = root, np.cbrt
        for _ in range(3):
            assert_close(function(0.7), expected(0.7))
            function, expected = jac.grad(function), jac.grad(expected)


def test_without_custom_the_error_says_what_to_do():
    for call in (math.gamma, lambda x: np.asarray(x, dtype=float)):
        with pytest.raises(jac.TraceConversionError, match=r"gets its derivative with jacobians\.custom"):
            jac.grad(call)(0.7)
    with pytest.raises(ValueError, match="object arrays") as caught:
        jac.jacobian(lambda b: scipy.linalg.solve(np.eye(4), b))(X)
    assert "Use jacobians.scipy.linalg.solve" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: scipy.ndimage.gaussian_filter(x, 1.0),  # RuntimeError
        lambda x: scipy.optimize.fsolve(lambda t: t**3 - x, x),  # TypeError
        lambda x: memoryview(x),
        lambda x: x.ctypes,  # AttributeError
        lambda x: mpmath.sin(x[0]),
    ],
)
def test_errors_of_foreign_code_say_what_to_do(call):
    with pytest.raises((TypeError, ValueError, RuntimeError, AttributeError)) as caught:
        jac.jacobian(call)(X)
    assert "jacobians.custom" in str(caught.value) + "".join(caught.value.__notes__)


def test_other_errors_are_left_alone():
    def fails(x):
        raise RuntimeError("of the function itself")

    with pytest.raises(RuntimeError, match="itself") as caught:
        jac.jacobian(fails)(X)
    assert not hasattr(caught.value, "__notes__")


def test_the_structure_of_what_is_given_is_kept():
    square = jac.custom(lambda x: x**2, jacobian=lambda x: scipy.sparse.diags_array(2 * x, format="csr"))
    J = jac.jacobian(square)(X)
    assert J.to_sparse().nnz == 4
    assert jac.jacobian(jac.custom(lambda x: x**2, jacobian=lambda x: jac.Jacobian.diagonal(2 * x)))(X).is_diagonal
    assert jac.jacobian(jac.custom(np.sum, vjp=lambda c, y, x: c * np.ones(4)))(X).to_array().tolist() == [1] * 4


def test_keyword_arguments_and_arguments_without_a_derivative():
    calls = []

    @jac.custom(vjp=lambda c, y, x, words, n, power=1: (c * power * x ** (power - 1), None, None))
    def powered(x, words, n, *, power=1):
        calls.append((type(x), words, n, power))
        return x**power

    assert_close(jac.grad(lambda x: np.sum(powered(x, "abc", 3, power=3)))(X), 3 * X**2)
    assert calls == [(np.ndarray, "abc", 3, 3)]


def test_one_call_of_vjp_serves_all_arguments():
    calls = []
    counted = jac.custom(foreign, vjp=lambda *args: calls.append(1) or pull(*args))
    _ = jac.grad(lambda x, y: np.sum(counted(x, y)), (0, 1))(X, Y)
    assert len(calls) == 1


def test_a_lazy_jacobian_of_a_large_function_is_never_written_out():
    n = 100_000
    shift = jac.custom(lambda x: np.roll(x, 1) ** 2, vjp=lambda c, y, x: 2 * x * np.roll(c, -1),
                       jvp=lambda h, y, x: np.roll(2 * x * h[0], 1))  # fmt: skip
    x = np.linspace(0, 1, n)
    J = jac.jacobian(lambda x: np.sin(shift(x)))(x)
    assert J.plan.nbytes < 100 * x.nbytes
    assert_close(J @ np.ones(n), np.cos(np.roll(x, 1) ** 2) * 2 * np.roll(x, 1))
    assert_close(np.ones(n) @ J, 2 * x * np.cos(x**2))


def test_a_missing_product_is_an_error_where_the_matrix_is_large():
    n = 5000
    one_way = jac.custom(lambda x: x**2, vjp=lambda c, y, x: 2 * x * c)
    assert_close(jac.grad(lambda x: np.sum(one_way(x)))(np.ones(n)), 2 * np.ones(n))
    with pytest.raises(jac.ArgumentError, match=r"that jvp would give, but has vjp alone.*5000 calls\. Give jvp= as"):
        jac.jvp(one_way, (np.ones(n),), (np.ones(n),))
    other = jac.custom(lambda x: x**2, jvp=lambda h, y, x: 2 * x * h[0])
    with pytest.raises(jac.ArgumentError, match=r"that vjp would give, but has jvp alone.*ask for jvp or J @ h alone"):
        jac.grad(lambda x: np.sum(other(x)))(np.ones(n))


def test_the_matrix_is_written_out_from_the_smaller_side():
    calls = []
    wide = jac.custom(lambda x: W @ x, vjp=lambda c, y, x: calls.append("vjp") or W.T @ c,
                      jvp=lambda h, y, x: calls.append("jvp") or W @ h[0])  # fmt: skip
    assert_close(jac.jacobian(wide)(X).to_array(), W)
    assert calls == ["vjp"] * 3


def test_single_precision():
    for function in CUSTOM.values():
        J = jac.jacobian(lambda x, f=function: f(x, Y.astype("f4")).astype(np.float32))(X.astype("f4"))
        assert J.to_array().dtype == np.float32
    half = jac.custom(lambda x: x * np.float32(0.5), vjp=lambda c, y, x: c * np.float64(0.5))
    assert jac.grad(lambda x: np.sum(half(x)))(X.astype("f4")).dtype == np.float32
    assert jac.jacobian(half)(X.astype("f4")).to_array().dtype == np.float32


def test_what_it_holds_is_its_own():
    x = rng.normal(size=20_000)
    squared = jac.custom(lambda x: x**2, vjp=lambda c, y, x: 2 * x * c, jvp=lambda h, y, x: 2 * x * h[0])
    value, J = jac.value_and_jacobian(squared, mode="lazy")(x)
    expected = 2 * x
    x *= 0
    value *= 0
    assert_close(J @ np.ones(20_000), expected)
    assert_close(np.ones(20_000) @ J, expected)


@jac.custom(jacobian=lambda x: np.exp(x))
def exponential(x):
    """The exponential function."""
    return math.exp(x)


def test_it_looks_like_the_function():
    assert exponential.__name__ == "exponential"
    assert exponential.__doc__ == "The exponential function."
    assert repr(exponential) == "custom(exponential, jacobian)"
    assert pickle.loads(pickle.dumps(exponential)) is exponential


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jac.custom(foreign), "custom: the function has 0 derivatives. Give a function, and jacobian="),
        (lambda: jac.custom(foreign, jacobian=dense, vjp=pull), "custom: the function has 2 derivatives"),
        (lambda: jac.custom(foreign, vjp=3), "custom: a derivative is not callable"),
        (lambda: jac.custom(3, vjp=pull), "custom: the function is a int"),
    ],
)
def test_wrong_definitions(make, message):
    with pytest.raises(jac.ArgumentError, match=message):
        make()


def one(x, y):
    return x + np.sum(y)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (jac.custom(lambda x, y: (x, y), vjp=pull), jac.ArgumentError, "the result of <lambda> is a tuple. Return one"),
        (jac.custom(one, vjp=lambda c, r, x, y: c), jac.ArgumentError, "vjp of one returned 1 for 2 positional"),
        (
            jac.custom(one, jacobian=lambda x, y: (np.eye(3), None)),
            jac.ShapeError,
            r"in argument 0 of one must .* \(4, 4",
        ),
        (jac.custom(one, vjp=lambda c, r, x, y: (c[:2], None)), jac.ShapeError, "of one returns for argument 0 must"),
        (jac.custom(one, jvp=lambda h, r, x, y: h[1]), jac.ShapeError, "what jvp of one returns must"),
    ],
)
def test_wrong_derivatives(function, error, message):
    with pytest.raises(error, match=message):
        _ = jac.jacobian(lambda x: function(x, Y))(X).to_array()


def test_a_traced_keyword_is_refused():
    powered = jac.custom(lambda x, p=1.0: x**p, vjp=lambda c, y, x, p=1.0: c)
    with pytest.raises(jac.ArgumentError, match="p= of <lambda> is traced. Pass differentiated arguments by position"):
        jac.grad(lambda p: powered(2.0, p=p))(1.0)


@pytest.mark.parametrize(("name", "others"), [("sin", ()), ("sqrt", ()), ("arctan2", (1.0,))])
def test_an_array_of_traced_and_plain_numbers_is_told_what_to_do(name, others):
    """NumPy asks the plain ones for a method; the note names the function and what helps, which does."""
    ufunc = getattr(np, name)

    def call(x, **how):
        return ufunc(np.array([[x[0] * x[1], 0.5], [1.0, x[1]]], **how), *others)

    with pytest.raises((TypeError, AttributeError)) as caught:
        _ = jac.jacobian(call)(X)
    assert f"np.{name} met an array of objects" in caught.value.__notes__[0]
    assert "like=x" in caught.value.__notes__[0]
    helped = jac.jacobian(lambda x: call(x, like=x))(np.abs(X)).to_array()
    np.testing.assert_allclose(helped, numerical_jacobians(call, np.abs(X))[0], atol=1e-7)


def test_an_attribute_that_is_missing_elsewhere_has_no_note():
    with pytest.raises(AttributeError) as caught:
        _ = jac.grad(lambda x: [x].add(x))(1.0)
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(("attribute", "value"), [("shape", (3, 1)), ("dtype", np.float32)])
@pytest.mark.parametrize("whole", [lambda x: x, lambda x: 2 * x, lambda x: np.outer(x, x)[1]])
def test_an_attribute_that_cannot_be_assigned_tells_what_to_write(attribute, value, whole):
    with pytest.raises(AttributeError, match="no setter") as caught:
        _ = jac.jacobian(lambda x: setattr(whole(x), attribute, value))(np.ones(3))
    assert f"The {attribute} of a traced array cannot be assigned" in caught.value.__notes__[0]


class Scaled:
    scale = 2.0

    @jac.custom(jacobian=lambda self, x: (None, np.diag(self.scale * np.cos(x))))
    def by_jacobian(self, x):
        return self.scale * np.sin(x)

    @jac.custom(vjp=lambda c, y, self, x: (None, c * self.scale * np.cos(x)))
    def by_vjp(self, x):
        return self.scale * np.sin(x)

    @jac.custom(jvp=lambda h, y, self, x: h[1] * self.scale * np.cos(x))
    def by_jvp(self, x):
        return self.scale * np.sin(x)

    @jac.implicit(lambda z, self, x: np.arcsin(z / self.scale) - x)
    def by_residual(self, x):
        return self.scale * np.sin(x)


@pytest.mark.parametrize("name", ["by_jacobian", "by_vjp", "by_jvp", "by_residual"])
def test_methods_get_their_instance(name):
    x = np.array([0.3, 1.1])
    method = getattr(Scaled(), name)
    np.testing.assert_allclose(method(x), 2 * np.sin(x))
    np.testing.assert_allclose(jac.jacobian(method)(x).to_array(), np.diag(2 * np.cos(x)), rtol=1e-12)
    np.testing.assert_allclose(jac.hessian(lambda x: np.sum(method(x)))(x).diagonal(), -2 * np.sin(x), rtol=1e-9)
    compiled = jac.compile(lambda x: jac.jacobian(method)(x).to_array())
    np.testing.assert_allclose(compiled(x), np.diag(2 * np.cos(x)), rtol=1e-12)


@pytest.mark.parametrize(
    "products",
    [{"vjp": lambda c, y, x: W.T @ (c * np.cos(W @ x))}, {"jvp": lambda h, y, x: np.cos(W @ x) * (W @ h[0])}],
)
def test_jacobians_with_products_that_have_no_name_are_pickled(products):
    function = jac.custom(lambda x: np.sin(W @ x), **products)
    stored = pickle.loads(pickle.dumps(jac.jacobian(function)(X)))
    expected = np.cos(W @ X)[:, None] * W
    np.testing.assert_allclose(stored.to_array(), expected, rtol=1e-12)
    np.testing.assert_allclose(stored @ X, expected @ X, rtol=1e-12)
    np.testing.assert_allclose(np.arange(3.0) @ stored, np.arange(3.0) @ expected, rtol=1e-12)
