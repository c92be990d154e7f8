"""Ordinary NumPy code, idiom by idiom: the derivative is right, or an error says what to write instead.

Every idiom runs through `jacobian` in every mode and through `grad`, against finite differences. The second table holds
what would lose the derivative; other libraries do so without a word.
"""

import copy
import math
import pickle
from functools import reduce

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
from graph_oracle import numerical_jacobians

import jacobians

X = np.array([0.6, 1.2, 2.1])
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])
B = np.array([[0.5, -1.0, 2.0], [1.0, 0.3, 0.1]])


def accumulated(x):
    total = np.zeros(3)
    for n in range(3):
        total += np.sin(n * x)
    return total


def rebound(x):
    y = x * 2
    y += x
    y *= x
    y **= 2
    return y


def filled_like(x):
    z = np.zeros(3, like=x)
    z += x * x
    return z


def branched(x):
    return x * x if x[0] > 0 and np.float64(1) > x[0] and bool(x[1]) else -x


def unpacked(x):
    a, b, *rest = x
    return a * b - rest[0]


def looped(x):
    state, history = x, []
    for _ in range(4):
        state = state + 0.1 * np.sin(A @ state)
        history.append(state)
    return np.array(history)


def newton(x):
    """The square root, with a stopping rule that looks at the numbers."""
    y = x
    while np.max(np.abs(y * y - x)) > 1e-12:
        y = (y + x / y) / 2
    return y


def polynomial(x):
    return reduce(lambda total, c: total * x + c, [1.0, -2.0, 0.5])


def printed(x):
    return x if f"{x[0]:.2f} {x} {x!r}".startswith("0.60 ") else -x


def assigned_zeros_like(x):
    z = np.zeros_like(x)
    z[1] = x[0]
    return z


def assigned_traced(x):
    y = x * 2
    y[0] = 5
    return y


def aliased(x):
    y = x * 1
    z = y
    z += 1
    return y * z


def row_in_place(x):
    y = np.stack([x, x])
    row = y[0]
    row += 1
    return y


def mixed(x, **like):
    return np.array([[np.sin(x[0]), 0.0], [1.0, np.exp(x[1])]], **like)


RIGHT = {
    "np.array of entries": lambda x: np.array([x[0], x[1] * x[2], 2.0]),
    "np.array of rows": lambda x: np.array([x, 2 * x]),
    "np.array of lists": lambda x: np.array([[x[0], x[1]], [1, x[2]]]) @ np.ones(2),
    "np.array": lambda x: np.array(x) * x,
    "np.asarray": lambda x: np.asarray(x) * x,
    "sin of an object array": lambda x: np.sin(np.array([x[0], x[1]])),
    "arctan2 of object arrays": lambda x: np.arctan2(np.array([x[0], x[1]]), np.array([x[1], 2.0])),
    "A @ object array": lambda x: A @ np.array([x[0], x[1], x[2]]),
    "norm of an object array": lambda x: np.linalg.norm(np.array([x[0], x[1]])),
    "traced and plain numbers": lambda x: np.sum(mixed(x) @ x[:2]) * mixed(x).T,
    "solve of traced and plain numbers": lambda x: (
        np.linalg.solve(mixed(x, like=x), np.ones(2)) + np.sin(mixed(x, like=x))
    ),
    "x.flat": lambda x: sum(v * v for v in (A * x).flat) * (A * x).flat[1:3],
    "lists on either side": lambda x: ([1.0, 2, 3] @ x) * ((1.0, 2, 3) - x) / [2, 1, x[0]],
    "np.vectorize of rows": lambda x: np.vectorize(lambda row: row * row.sum(), signature="(n)->(n)")(A * x),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda row: row * row.sum(), 1, A * x),
    "interp": lambda x: np.interp(x, [0.0, 1, 3], [1.0, 4, 2]) + np.interp([0.5, 1.5, 2], [0, 1, 3], x),
    "np.hypot.reduce": lambda x: np.subtract.outer(x, [1.0, 2]) * np.logaddexp.reduce(A * x)[:, None],
    "maximum.accumulate": lambda x: np.maximum.accumulate(A * x) + np.add.reduceat(x, [0, 2, 1]),
    "sum(out=)": lambda x: np.sum(A * x, axis=0, out=np.zeros_like(x)),
    "np.zeros_like": lambda x: np.zeros_like(x) + x,
    "np.zeros(like=)": filled_like,
    "np.array(like=)": lambda x: np.array([x[0], 1.0], like=x) * x[1],
    "np.full(like=)": lambda x: np.full(3, x[0], like=x),
    "x += 1": rebound,
    "ndarray += x": accumulated,
    "zeros_like(x)[0] = x": assigned_zeros_like,
    "y[0] = 5": assigned_traced,
    "alias of y += 1": aliased,
    "row of y += 1": row_in_place,
    "if": branched,
    "while": newton,
    "loop, np.array of a history": looped,
    "reduce": polynomial,
    "einsum": lambda x: np.einsum("ij,j->i", A, x, optimize=True),
    "einsum of lists": lambda x: np.einsum(A, [0, 1], x, [1], [0]),
    "solve": lambda x: np.linalg.solve(A, x),
    "det": lambda x: np.linalg.det(A * x),
    "svd": lambda x: np.linalg.svd(A * x, compute_uv=False),
    "slogdet": lambda x: np.linalg.slogdet(A * x).logabsdet,
    "inv": lambda x: np.linalg.inv(A + np.diag(x)),
    "norm": lambda x: np.linalg.norm(x),
    "where": lambda x: np.where(x > 1, x * x, 3 * x),
    "clip": lambda x: np.clip(x, 0.7, 1.5) + x.clip(1.0),
    "std": lambda x: np.std(A * x, axis=0),
    "cumsum": lambda x: np.cumsum(x),
    "select": lambda x: np.select([x > 2, x < 1], [x * x, x], 0.0),
    "piecewise": lambda x: np.piecewise(x, [x > 1], [lambda t: t * t, lambda t: 3 * t]),
    "dot": lambda x: np.dot(A, x),
    "outer": lambda x: np.outer(x, x),
    "kron": lambda x: np.kron(x, B),
    "tensordot": lambda x: np.tensordot(A, x, 1),
    "block": lambda x: np.block([[x, x], [2 * x, np.ones(3)]]),
    "pad": lambda x: np.pad(x, 2),
    "pad, constant_values=": lambda x: np.pad(x, 1, constant_values=x[0]),
    "max(initial=)": lambda x: np.max(A * x, initial=x[0]),
    "sum(initial=)": lambda x: np.sum(x, initial=x[0]),
    "np.vectorize": lambda x: np.vectorize(lambda t: t * t)(x),
    "np.frompyfunc": lambda x: np.frompyfunc(lambda t: t * t, 1, 1)(x).astype(float),
    "np.r_": lambda x: np.r_[x, x * x, 1.0],
    "np.c_": lambda x: np.c_[x, x * x],
    "np.full": lambda x: np.full(3, x[0]) * x,
    "ndarray @ x": lambda x: A @ x,
    "np.float64 * x": lambda x: np.float64(2) * x,
    "np.bool * x": lambda x: np.bool_(True) * x,
    "mask * x": lambda x: (x > 1) * x,
    "2.0 * x": lambda x: 2.0 * x - 1 / x + 2**x,
    "[1, 2, 3] * x": lambda x: [1, 2, 3] * x,
    "A.dot(x)": lambda x: A.dot(x),
    "np.mean of a list": lambda x: np.mean([x, x * x], axis=0),
    "np.sum of a list": lambda x: np.sum([x[0], x[1] * x[2]]),
    "concatenate": lambda x: np.concatenate([x, A[0], x * x]),
    "stack": lambda x: np.stack([x[0], 1.0, x[1] * x[2]]),
    "f-string": printed,
    "for": lambda x: sum(v * v for v in x),
    "zip": lambda x: sum(a * v for a, v in zip(A[0], x, strict=True)),
    "len": lambda x: x * len(x),
    "list": lambda x: np.stack(list(x)[::-1]),
    "unpacking": unpacked,
    "max, min, sorted": lambda x: max(x) * min(x) * sorted(x)[1],
    "x[argmax]": lambda x: x[np.argmax(x)] * x,
    "x[mask]": lambda x: x[x > 1],
    "x[np.where]": lambda x: x[np.where(x > 1)],
    "A[argsort]": lambda x: A[x.argsort()] @ x,
    "np.add.reduce": lambda x: np.add.reduce(A * x),
    "np.multiply.accumulate": lambda x: np.multiply.accumulate(A * x),
    "np.subtract.outer": lambda x: np.subtract.outer(x, A),
    "weights=": lambda x: np.average(A, axis=0, weights=x),
    "trapezoid(x=)": lambda x: np.trapezoid(A, x=x),
    "linspace": lambda x: np.linspace(x[0], x[1], 4),
    "meshgrid": lambda x: np.multiply(*np.meshgrid(x, x * x)),
    "broadcast_arrays": lambda x: np.multiply(*np.broadcast_arrays(x, A)),
    "polynomial.polyval": lambda x: np.polynomial.polynomial.polyval(x, [1.0, 2.0, 3.0]),
    "astype": lambda x: x.astype(np.float32).astype(np.float64) * 0 + x,
    "item, tolist": lambda x: x.item(0) * sum(x.tolist()),
    "deepcopy": lambda x: copy.deepcopy(x) * x,
    "round": lambda x: np.round(x) * x + x // 0.8 + divmod(x, 0.8)[1],
    "masked array without a mask": lambda x: np.asarray(np.ma.array(A)) * x,
    "sparse @ x": lambda x: scipy.sparse.csr_array(A) @ x,
    "x @ sparse": lambda x: x @ scipy.sparse.csr_array(A),
    "sparse.dot(x)": lambda x: scipy.sparse.csr_array(A).dot(x),
    "sparse matrix * x": lambda x: scipy.sparse.csc_matrix(A) * x,
    "x @ sparse.toarray()": lambda x: x @ scipy.sparse.csr_array(A).toarray(),
}


def assigned(x):
    z = np.zeros(3)
    z[0] = x[0]
    return z


def assigned_whole(x):
    z = np.zeros(3)
    z[:] = x
    return z


def assigned_slice_in_place(x):
    z = np.zeros(4)
    z[1:] += x
    return z


def added_to_integers(x):
    z = np.zeros(3, dtype=int)
    z += x
    return z


def added_at(x):
    z = np.zeros(2)
    np.add.at(z, [0, 1, 1], x)
    return z


RAISES = {
    "np.asarray(dtype=float)": lambda x: np.asarray(x, dtype=float),
    "np.array(dtype=float)": lambda x: np.array([x[0], 1.0], dtype=float),
    "z[0] = x[0]": assigned,
    "z[:] = x": assigned_whole,
    "z[1:] += x": assigned_slice_in_place,
    "integers += x": added_to_integers,
    "np.add.at": added_at,
    "np.full_like": lambda x: np.full_like(A, x[0]),
    "out=ndarray": lambda x: np.add(x, 1, out=np.zeros(3)),
    "sum(out=)": lambda x: np.sum(A * x, axis=0, out=np.zeros(3)),
    "where= of a ufunc": lambda x: np.sqrt(x, where=x > 1),
    "float": lambda x: float(x[0]) * x,
    "math.sin": lambda x: math.sin(x[0]) * x,
    "np.vectorize(math.sin)": lambda x: np.vectorize(lambda t: math.sin(t))(x),
    "rng.normal": lambda x: np.random.default_rng(0).normal(x),
    "np.arange(x)": lambda x: np.arange(x[0]),
    "range(x)": lambda x: range(x[0]),
    "A[x]": lambda x: A[x[0]],
    "np.copyto": lambda x: np.copyto(np.zeros(3), x),
    "np.put": lambda x: np.put(np.zeros(3), [0], x[0]),
    "x.fill": lambda x: x.fill(0),
    "x.sort": lambda x: x.sort(),
    "plain pad, constant_values=": lambda x: np.pad(A, 1, constant_values=x[0]),
    "initial=": lambda x: np.sum(A, initial=x[0]),
    "nan_to_num(nan=)": lambda x: np.nan_to_num(A, nan=x[0]),
    "np.arctan2.reduceat": lambda x: np.arctan2.reduceat(x, [0, 2]),
    "np.histogram2d": lambda x: np.histogram2d(x, x)[1],
    "masked array": lambda x: x * np.ma.array(A, mask=A > 2),
    "sparse + x": lambda x: scipy.sparse.csr_array(A) + x,
    "sparse * x": lambda x: scipy.sparse.csr_array(A) * x,
    "scipy.linalg.solve": lambda x: scipy.linalg.solve(A, x),
    "pickle": lambda x: pickle.dumps(x),
    "np.save": lambda x: np.save("x", x),
}
# Their errors come from SciPy and NumPy.
FOREIGN = {"A[x]", "scipy.linalg.solve"}

MODES = ("explicit", "lazy", "auto")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("function", RIGHT.values(), ids=RIGHT)
def test_the_jacobian_is_right(function, mode):
    (expected,) = numerical_jacobians(lambda x: np.asarray(function(x), dtype=float), X)
    computed = jacobians.jacobian(function, mode=mode)(X)
    assert computed.shape == expected.shape
    np.testing.assert_allclose(computed.to_array(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("function", RIGHT.values(), ids=RIGHT)
def test_the_gradient_is_right(function):
    weights = np.random.default_rng(0).normal(size=np.shape(function(X)))

    def weighted(x):
        return np.sum(weights * function(x))

    (expected,) = numerical_jacobians(weighted, X)
    np.testing.assert_allclose(jacobians.grad(weighted)(X), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("function", RIGHT.values(), ids=RIGHT)
def test_the_second_derivative_is_right(function):
    weights = np.random.default_rng(0).normal(size=np.shape(function(X)))
    gradient = jacobians.grad(lambda x: np.sum(weights * function(x)))
    (expected,) = numerical_jacobians(gradient, X)
    np.testing.assert_allclose(jacobians.jacobian(gradient)(X).to_array(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("transform", [jacobians.jacobian, jacobians.grad, jacobians.hessian], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", RAISES)
def test_a_derivative_that_would_be_lost_raises(name, transform):
    with pytest.raises(Exception if name in FOREIGN else jacobians.JacobianError):
        transform(RAISES[name])(X.copy())


def test_the_error_of_an_assignment_says_what_to_write():
    words = r"np\.zeros\(3, like=x\) or np\.zeros_like\(x\)"
    with pytest.raises(jacobians.TraceConversionError, match=words) as caught:
        jacobians.jacobian(assigned)(X)
    assert "would become plain numbers and lose its derivative" in str(caught.value)
