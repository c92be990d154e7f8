"""Dtypes, empty and 0-d arrays, arguments that cannot be differentiated, and the conventions at kinks."""

import numpy as np
import pytest

import jacobians as jac

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
W = np.linspace(-1, 1, 12).reshape(3, 4)
X = np.linspace(0.2, 1.3, 4)


def layer(x):
    """Keeps the dtype of x: constants are Python numbers, or arrays of that dtype."""
    y = np.tanh(W.astype(x.dtype) @ x + 0.5) / 3
    return np.cumsum(y * np.sqrt(1 + y * y)) - np.max(y)


def loss(x):
    return np.sum(layer(x) ** 2)


@pytest.mark.parametrize("steps", [2.0, np.float64(2), [0, 1, 3, 4], np.array([0.0, 1, 3, 4])], ids=repr)
def test_a_gradient_has_the_dtype_of_its_array_whatever_the_steps(steps):
    x = X.astype(np.float32)
    value, J = jac.value_and_jacobian(lambda x: np.gradient(x, steps))(x)
    assert value.dtype == J.dtype == np.gradient(x, steps).dtype == F32
    np.testing.assert_allclose(value, np.gradient(x, steps), rtol=1e-6)
    by_steps, _ = jac.vjp(lambda h: np.gradient([1, 2, 4, 3], h), np.array([0.0, 1, 3, 4]))
    np.testing.assert_allclose(by_steps, np.gradient([1, 2, 4, 3], [0, 1, 3, 4]), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_transform_keeps_the_dtype(dtype):
    x, dtype = X.astype(dtype), np.dtype(dtype)
    for mode in ("auto", "explicit", "lazy"):
        value, J = jac.value_and_jacobian(layer, mode=mode)(x)
        assert (value.dtype, J.dtype, J.in_dtype) == (dtype,) * 3
        assert (J @ x).dtype == (layer(x) @ J).dtype == J.jvp(x).dtype == J.vjp(layer(x)).dtype == dtype
        assert J.to_array().dtype == J.to_matrix().dtype == J.T.dtype == J[0].dtype == J[0, 1].dtype == dtype
        if dtype != np.float16:  # SciPy has no float16
            assert J.to_sparse().dtype == dtype
    value, pullback = jac.vjp(layer, x)
    assert value.dtype == pullback(value)[0].dtype == dtype
    assert [part.dtype for part in jac.jvp(layer, (x,), (x,))] == [dtype] * 2
    assert [part.dtype for part in jac.value_and_grad(loss)(x)] == [dtype] * 2
    assert jac.grad(loss)(x).dtype == jac.hessian(loss)(x).dtype == jac.hessian(loss)(x).to_array().dtype == dtype
    assert jac.hvp(loss, (x,), (x,))[0].dtype == dtype
    assert jac.linearize(layer, x)[1].jvp(x).dtype == dtype


def test_no_double_precision_on_the_way():
    x = X.astype(F32)
    for term in jac.jacobian(layer, mode="explicit")(x).terms + jac.hessian(loss, mode="explicit")(x).terms:
        assert {factor.dtype for factor in term.factors} <= {F32}


def test_mixed_precision():
    """The Jacobian has the dtype of the output; pullbacks have those of the inputs, tangents that of the output."""
    a, b = X.astype(np.float32), X.copy()
    value, (A, B) = jac.value_and_jacobian(lambda a, b: a * b, (0, 1))(a, b)
    assert (value.dtype, A.dtype, A.in_dtype, B.dtype, B.in_dtype) == (F64, F64, F32, F64, F64)
    assert [g.dtype for g in jac.grad(lambda a, b: np.sum(a * b), (0, 1))(a, b)] == [F32, F64]
    assert [g.dtype for g in jac.vjp(np.multiply, a, b)[1](value)] == [F32, F64]
    assert jac.jvp(np.multiply, (a, b), (a, b))[1].dtype == F64
    assert (value @ A).dtype == F32
    assert (A @ a).dtype == F64
    narrow = jac.jacobian(lambda b: np.sin(b).astype(np.float32))(b)
    assert (narrow.dtype, narrow.in_dtype, narrow.to_array().dtype) == (F32, F64, F32)
    assert (np.ones(4, F32) @ narrow).dtype == F64
    np.testing.assert_allclose(narrow.diagonal(), np.cos(b), rtol=1e-6)


def test_integers_and_booleans_as_constants():
    n, mask = np.array([1, 2, 3, 4]), np.array([True, False, True, True])
    for x in (X, X.astype(np.float32)):
        J = jac.jacobian(lambda x: x * mask + x**2)(x)
        np.testing.assert_allclose(J.diagonal(), mask + 2 * x)
        assert J.dtype == x.dtype
        assert jac.jacobian(lambda x: n * x)(x).dtype == (n * x).dtype
        np.testing.assert_array_equal(jac.jacobian(lambda x: n @ x)(x).to_array(), n)
        assert jac.vjp(lambda x: n * x, x)[1](n)[0].dtype == x.dtype  # an integer cotangent
        assert jac.jvp(np.sin, (x,), (n,))[1].dtype == x.dtype
        assert (J @ n).dtype == (mask @ J).dtype == x.dtype


def test_python_numbers_and_0d():
    for x in (2.0, np.float64(2.0), np.array(2.0)):
        assert jac.grad(lambda x: x**3)(x) == 12.0
        J = jac.jacobian(lambda x: x**3)(x)
        assert (J.shape, J.in_shape, J.to_array().shape) == ((), (), ())
        assert J @ np.array(2.0) == 24.0
        assert J.jvp(1.0) == J.vjp(1.0) == J.to_array() == 12.0
        assert jac.hessian(lambda x: x**3)(x).to_array() == 12.0
        assert jac.jvp(np.square, (x,), (1.0,)) == (4.0, 4.0)
        assert jac.jacobian(lambda x: x * np.ones((2, 3)))(x).shape == (2, 3)
    assert jac.grad(lambda x: x**3)(np.float32(2)).dtype == np.float32
    np.testing.assert_array_equal(jac.jacobian(np.sum)(np.ones((2, 1))).to_array(), np.ones((2, 1)))
    np.testing.assert_array_equal(jac.jacobian(lambda x: np.take(x, [0, 0], axis=0))(2.0).to_array(), [1, 1])

    def put(x):
        y = np.zeros_like(x)
        np.put(y, [0, 0], [x, 3 * x])
        return y

    assert jac.grad(put)(2.0) == 3.0


def test_long_precision_where_scipy_has_none():
    x = X.astype(np.longdouble)
    value, slopes = jac.jvp(np.i0, (x,), (np.ones_like(x),))
    assert value.dtype == slopes.dtype == x.dtype
    np.testing.assert_allclose(slopes, (np.i0(X + 1e-6) - np.i0(X - 1e-6)).astype(x.dtype) / 2e-6, rtol=1e-8)


EMPTY = {
    "sin": np.sin,
    "sum": np.sum,
    "sum(0)": lambda x: np.sum(x, axis=0),
    "square": lambda x: x * x,
    "ravel": np.ravel,
    "transpose": np.transpose,
    "cumsum": np.cumsum,
    "reversed": lambda x: x[::-1],
    "concatenate": lambda x: np.concatenate([x, x]),
    "with a row": lambda x: np.concatenate([x, np.ones((1, *x.shape[1:]))]),
    "outer": lambda x: np.outer(x, x),
    "product": lambda x: np.tensordot(np.ones((2, x.shape[0])), x, 1),
    "taken": lambda x: x[np.zeros(0, int)],
    "where": lambda x: np.where(x > 0, x, -x),
    "prod": np.prod,
    "differences from one": lambda x: np.subtract.reduce(x, axis=-1, initial=1.0),
    "padded": lambda x: np.pad(x, 0, mode="maximum"),
    "clipped": lambda x: np.take(x, np.zeros(0, int), axis=0, mode="clip"),
}


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2), (2, 0, 3)])
@pytest.mark.parametrize("name", EMPTY)
def test_empty_arrays(name, shape):
    function, x = EMPTY[name], np.zeros(shape)
    y = function(x)
    for mode in ("auto", "explicit", "lazy"):
        value, J = jac.value_and_jacobian(function, mode=mode)(x)
        np.testing.assert_array_equal(value, y)
        assert (J.out_shape, J.in_shape, J.dtype) == (y.shape, shape, F64)
        np.testing.assert_array_equal(J.to_array(), np.zeros(y.shape + shape))
        assert J.to_sparse().shape == (np.size(y), 0)
        np.testing.assert_array_equal(J @ x, np.zeros(y.shape))
        np.testing.assert_array_equal(np.ones(y.shape) @ J, x)
        assert J.T.shape == shape + y.shape
    np.testing.assert_array_equal(jac.vjp(function, x)[1](np.ones(y.shape))[0], x)
    np.testing.assert_array_equal(jac.jvp(function, (x,), (x,))[1], np.zeros(y.shape))
    np.testing.assert_array_equal(jac.grad(lambda x: np.sum(function(x)))(x), x)
    assert jac.hessian(lambda x: np.sum(function(x) ** 2))(x).to_array().shape == shape + shape


def test_an_empty_result_of_a_full_array():
    J = jac.jacobian(lambda x: x[5:])(X)
    assert (J.shape, J.to_array().shape, (J @ X).shape) == ((0, 4), (0, 4), (0,))
    np.testing.assert_array_equal(np.zeros(0) @ J, np.zeros(4))


CONVERT = "Only floating numbers have derivatives; convert it first, e.g. x.astype(float)."
OTHERS = "Only arrays of floating numbers are differentiated; pass others by keyword or leave them out of argnums."
NESTS = "a nest of arrays. Use tuples, lists, dicts, named tuples or dataclasses, or pass it by keyword."

# fmt: off
REFUSED = {
    "integer":  (np.arange(3),         f"argument 0 has the integer dtype int64. {CONVERT}"),
    "boolean":  (np.ones(3, bool),     f"argument 0 has the boolean dtype bool. {CONVERT}"),
    "unsigned": (np.ones(3, np.uint8), f"argument 0 has the integer dtype uint8. {CONVERT}"),
    "number":   (3,                    f"argument 0 has the integer dtype int64. {CONVERT}"),
    "text":     (np.array(["a"]),      f"argument 0 has dtype <U1. {OTHERS}"),
    "set":      ({1.0, 2.0},           f"argument 0 is of type set, which is neither an array nor {NESTS}"),
}
# fmt: on


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_cannot_be_differentiated(name):
    argument, words = REFUSED[name]
    calls = {
        "jacobian": lambda: jac.jacobian(np.sin)(argument),
        "grad": lambda: jac.grad(np.sum)(argument),
        "vjp": lambda: jac.vjp(np.sin, argument),
        "jvp": lambda: jac.jvp(np.sin, (argument,), (1.0,)),
        "value_and_grad": lambda: jac.value_and_grad(np.sum)(argument),
    }
    for operation, call in calls.items():
        with pytest.raises(jac.ArgumentError) as caught:
            call()
        assert str(caught.value) == f"{operation}: {words}"
        assert caught.value.operand == "argument 0"


def test_results_that_cannot_be_differentiated():
    with pytest.raises(jac.ArgumentError, match=r"jacobian: the result has the integer dtype int64"):
        jac.jacobian(lambda x: np.argsort(x))(X)
    with pytest.raises(jac.ArgumentError, match=r"jacobian: the result has the boolean dtype bool"):
        jac.jacobian(lambda x: x > 0)(X)
    with pytest.raises(jac.ArgumentError, match=r"jacobian: the result has dtype object"):
        jac.jacobian(lambda x: {1.0})(X)
    with pytest.raises(jac.ArgumentError, match=r"grad: the result has shape \(4,\), but must be a scalar"):
        jac.grad(np.sin)(X)


NOT_FINITE = np.array([np.nan, np.inf, 1.0])


def _guarded_root(x):
    return np.where(x > 0, np.sqrt(np.where(x > 0, x, 1)), 0)


# Name: function, point, derivative (the diagonal of the Jacobian, or a gradient).
# fmt: off
KINKS = {
    "ties of maximum share":    (lambda x: np.maximum(x, x[::-1]), [1, 2, 1], [[.5, 0, .5], [0, 1, 0], [.5, 0, .5]]),
    "relu at 0":                    (lambda x: np.maximum(x, 0),                 [-1, 0, 1],    [0, .5, 1]),
    "relu at 0, constant first":    (lambda x: np.maximum(0.0, x),               [-1, 0, 1],    [0, .5, 1]),
    "minimum at 0":                 (lambda x: np.minimum(x, 0),                 [-1, 0, 1],    [1, .5, 0]),
    "clip at its ends":             (lambda x: np.clip(x, 0, 1),                 [0, .5, 1],    [.5, 1, .5]),
    "abs at 0":                     (np.abs,                                     [-1, 0, 1],    [-1, 0, 1]),
    "sign":                         (np.sign,                                    [-1, 0, 1],    [0, 0, 0]),
    "floor":                        (np.floor,                                   [-1, 0, .5],   [0, 0, 0]),
    "square root of squares at 0":  (lambda x: np.hypot(x, 0.0),                 [-1, 0, 1],    [-1, 0, 1]),
    "square at 0":                  (lambda x: x**2,                             [-1, 0, 1],    [-2, 0, 2]),
    "cube at 0":                    (lambda x: x**3,                             [-2, 0, 1],    [12, 0, 3]),
    "power 1":                      (lambda x: x**1,                             [-2, 0, 1],    [1, 1, 1]),
    "power 0":                      (lambda x: x**0,                             [-2, 0, 1],    [0, 0, 0]),
    "power -1":                     (lambda x: x**-1,                            [-2, .5, 1],   [-.25, -4, -1]),
    "power of an array":            (lambda x: x ** np.array([2.0, 0.0, 1.0]),   [-2, 0, 0],    [-4, 0, 1]),
    "power of an integer array":    (lambda x: x ** np.array([2, 0, 3]),         [-2, 0, 0],    [-4, 0, 0]),
    "guarded where":                (_guarded_root,                              [-1, 0, 4],    [0, 0, .25]),
    "inf and nan not chosen":       (lambda x: np.where(x > 0, x, NOT_FINITE),   [-1, 0, 1],    [0, 0, 1]),
    "sinc at 0":                    (np.sinc,                                    [0, 1, 2],     [0, -1, .5]),
    "logaddexp of infinities":      (lambda x: np.logaddexp(x, -np.inf),         [-1, 0, 1],    [1, 1, 1]),
    "nan_to_num":                   (np.nan_to_num,                              [np.nan, np.inf, 1], [0, 0, 1]),
}
GRADIENTS = {
    "ties of max":                  (np.max,                                     [2, 2, 1, 2],  [1/3, 1/3, 0, 1/3]),
    "ties of min":                  (np.min,                                     [2, 2, 1, 1],  [0, 0, .5, .5]),
    "ties of ptp":                  (np.ptp,                                     [2, 2, 1],     [.5, .5, -1]),
    "ties of max along an axis":    (lambda x: np.sum(np.max(x.reshape(2, 2), 1)), [2, 2, 1, 3], [.5, .5, 0, 1]),
    "norm at 0":                    (np.linalg.norm,                             [0, 0, 0],     [0, 0, 0]),
    "1-norm at 0":                  (lambda x: np.linalg.norm(x, 1),             [0, 1, -2],    [0, 1, -1]),
    "max-norm with ties":           (lambda x: np.linalg.norm(x, np.inf),        [2, 1, -2],    [.5, 0, -.5]),
    "product with one zero":        (np.prod,                                    [0, 2, 3],     [6, 0, 0]),
    "product with two zeros":       (np.prod,                                    [0, 0, 3],     [0, 0, 0]),
    "last of cumprod with a zero":  (lambda x: np.cumprod(x)[-1],                [0, 2, 3],     [6, 0, 0]),
    "norm of equal points":         (lambda x: np.linalg.norm(x - x[::-1]),      [1, 1],        [0, 0]),
}
# fmt: on


@pytest.mark.parametrize("name", KINKS)
def test_kinks_of_entrywise_functions(name):
    function, x, expected = KINKS[name]
    x, expected = np.array(x, float), np.array(expected, float)
    expected = np.diag(expected) if expected.ndim == 1 else expected
    for dtype in (np.float64, np.float32):
        for mode in ("explicit", "lazy"):
            J = jac.jacobian(function, mode=mode)(x.astype(dtype))
            np.testing.assert_allclose(J.to_array(), expected, atol=1e-6)
            np.testing.assert_allclose(np.ones(3, dtype) @ J, expected.sum(0), atol=1e-6)


@pytest.mark.parametrize("name", GRADIENTS)
def test_kinks_of_reductions(name):
    function, x, expected = GRADIENTS[name]
    np.testing.assert_allclose(jac.grad(function)(np.array(x, float)), expected, atol=1e-12)


def test_infinite_slopes_come_without_warnings():
    assert jac.grad(np.sqrt)(0.0) == np.inf
    assert jac.grad(np.cbrt)(0.0) == np.inf
    assert jac.grad(lambda x: x**0.5)(0.0) == np.inf
    assert jac.grad(np.arcsin)(1.0) == np.inf
    np.testing.assert_array_equal(jac.jacobian(np.sqrt)(np.array([0.0, 4.0])).diagonal(), [np.inf, 0.25])


def test_a_constant_exponent_takes_no_logarithm():
    """The exponent's partial, ``x**n log x``, is not a number here; it must not be asked for."""
    x = np.array([-2.0, 3.0])
    np.testing.assert_array_equal(jac.jacobian(lambda x: x ** np.array([2.0, 2.0]))(x).diagonal(), 2 * x)
    np.testing.assert_array_equal(jac.grad(lambda x: np.sum(np.power(x, 2.0)))(x), 2 * x)
    np.testing.assert_array_equal(jac.hessian(lambda x: np.sum(x**2))(x).to_array(), 2 * np.eye(2))
    np.testing.assert_array_equal(jac.hessian(lambda x: np.sum(x**3))(np.zeros(2)).to_array(), np.zeros((2, 2)))


def test_not_a_number_stays_where_it_is():
    x = np.array([1.0, np.nan, -1.0])
    for J in (jac.jacobian(lambda x: x * x)(x), jac.jacobian(lambda x: np.maximum(x, 0))(x)):
        assert np.isfinite(J.to_array()[[0, 2], [0, 2]]).all()
        np.testing.assert_array_equal(J.to_array()[[0, 2, 1, 1], [1, 1, 0, 2]], 0)


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mean_given_for_integers(function, dtype):
    a = np.array([[1, 5, 2], [4, 4, 9]], np.int16)
    mean = np.array([[2.4, 4.3, 5.6]], dtype)
    value, J = jac.value_and_jacobian(lambda m: function(a, axis=0, mean=m))(mean)
    assert value.dtype == J.dtype == function(a, axis=0, mean=mean).dtype == float
    np.testing.assert_allclose(value, function(a, axis=0, mean=mean), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["f", "d", "F", "D"])
@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0)])
def test_eigenvalues_of_nothing(dtype, shape):
    a = np.zeros(shape, dtype)
    (w, V), pullback = jac.vjp(lambda a: tuple(np.linalg.eig(a)), a)
    assert (w.shape, V.shape) == (shape[:-1], shape)
    assert pullback((w, V))[0].shape == shape
    assert jac.jacobian(np.linalg.eigvals)(a).shape == shape[:-1] + shape
