"""What people write around NumPy's functions, compiled: right for other numbers too, or an error with the line."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler import compile
from jacobians.errors import ArgumentError, JacobianError, StagingError

FIRST, SECOND = np.array([0.3, 1.2, -0.7, 2.0]), np.array([1.3, -0.2, 0.9, 0.4])
A = np.arange(16.0).reshape(4, 4) / 7


def accumulated(x: Any) -> Any:
    total = np.zeros_like(x)
    for power in range(3):
        total += x**power
    return total


def into_plain(x: Any) -> Any:
    z = np.zeros(4)
    z += x
    z *= x
    return z


def copied_first(x: Any) -> Any:
    y = x.copy()
    y += 1
    y /= 3
    return y * x


def same_expression_again(x: Any) -> Any:
    parts = []
    for n in range(3):
        y = x * 2
        y += n * x**2
        parts.append(y)
    return np.stack(parts)


def number_in_place(x: Any) -> Any:
    total = x[0] * 2
    total += x[1]
    return total


def looped(x: Any) -> Any:
    total = 0.0
    for entry in x:
        total += entry * entry
    return total


def unpacked(x: Any) -> Any:
    a, b, c, d = x
    return a * b + c * d


def broadcast(x: Any) -> Any:
    first, second = np.broadcast_arrays(x, A)
    return first * second


def formatted(x: Any) -> Any:
    assert f"{x[0]:.2f} {x}"
    return 2 * x


# fmt: off
RIGHT: dict[str, Callable[[Any], Any]] = {
    "np.array of entries": lambda x: np.array([x[0], x[1] * 2, 3.0]),
    "np.array of rows": lambda x: np.array([[x[0], 1], [2, x[1]]]) @ x[:2],
    "np.asarray": lambda x: np.asarray(x) ** 2,
    "np.asarray, like": lambda x: np.asarray([1.0, 2, 3, 4], like=np.argsort(x))[np.argsort(x)] * x,
    "np.zeros, like": lambda x: np.zeros(4, like=x) + x,
    "np.r_": lambda x: np.r_[x, 1.0, x[:2]],
    "np.c_": lambda x: np.c_[x, x**2],
    "np.full": lambda x: np.full(3, x[1]),
    "np.mean of a list": lambda x: np.mean([x, 2 * x], axis=0),
    "np.sum of numbers": lambda x: np.sum([x[0], x[1] ** 2]),
    "np.stack": lambda x: np.stack([x, A[0]]),
    "np.block": lambda x: np.block([[x, x], [2 * x, x]]),
    "np.vectorize": lambda x: np.vectorize(lambda t: t * t + 1)(x),
    "np.frompyfunc": lambda x: np.frompyfunc(lambda t: t * t + 1, 1, 1)(x),
    "np.select": lambda x: np.select([x > 1, x < 0], [x**2, -x], 0.5),
    "np.where": lambda x: np.where((x > 0) & (x < 2), x, 2 * x),
    "comparison from the left": lambda x: np.where(np.float64(1) > x, x, 2 * x),
    "np.apply_along_axis": lambda x: np.apply_along_axis(lambda row: row * row.sum(), 0, np.outer(x, x)),
    "ndarray.dot": lambda x: A.dot(x),
    "an index that is found": lambda x: x[np.argmax(x)] * np.sort(x),
    "argsort as index": lambda x: x[np.argsort(x)][:2],
    "fancy beside a slice": lambda x: np.outer(x, x)[np.argsort(x)[:2], 1:],
    "iteration": looped,
    "unpacking": unpacked,
    "broadcast_arrays": broadcast,
    "meshgrid": lambda x: np.multiply(*np.meshgrid(x, x[:2])),
    "split": lambda x: np.subtract(*np.split(x, 2)),
    "len": lambda x: len(x) * x,
    "abs, round, pow, divmod": lambda x: abs(x) + round(x[0], 1) + pow(x, 2) + divmod(x, 0.5)[1],
    "copy": lambda x: copy.copy(x) * copy.deepcopy(x),
    "item, tolist": lambda x: x[0].item() * np.stack(x.tolist()),
    "np.poly1d": lambda x: np.poly1d([1.0, 2, 3])(x),
    "a scan": np.cumprod,
    "a quantile": lambda x: np.quantile(x, [0.2, 0.5]),
    "lexsort": lambda x: x[np.lexsort((x,))],
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(x), 0),
    "einsum of lists": lambda x: np.einsum(x, [0], A, [0, 1]),
    "einsum, optimized": lambda x: np.einsum("i,ij,j->", x, A, x, optimize=True),
    "astype to int": lambda x: x.astype(int) * x,
    "printing": formatted,
    "y += x": accumulated,
    "plain += x": into_plain,
    "copy, then +=": copied_first,
    "the same again, then +=": same_expression_again,
    "number += number": number_in_place,
}
# fmt: on


def assign(x: Any) -> Any:
    z = np.zeros(3)
    z[0] = x[0]
    return z


def assign_all(x: Any) -> Any:
    z = np.zeros(4)
    z[:] = x
    return z


def decide(x: Any) -> Any:
    return x if x[0] > 0 else -x


def repeat(x: Any) -> Any:
    while x[0] > 0:
        x = x - 1
    return x


def scatter_plain(x: Any) -> Any:
    z = np.zeros(4)
    np.add.at(z, [0, 0, 1, 2], x)
    return z


RAISES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "if": (decide, "np.where"),
    "while": (repeat, "np.where"),
    "range": (lambda x: [x for _ in range(x[0].astype(int))], "static_argnums"),
    "in": (lambda x: x if 3.0 in x else 2 * x, "np.where"),
    "and": (lambda x: (x > 0) and x, "np.where"),
    "max of Python": (max, "np.where"),
    "float": (lambda x: float(x[0]) * x, "static_argnums"),
    "int": (lambda x: x[int(x[0])], "static_argnums"),
    "math": (lambda x: math.sin(x[0]) * x, "functions in place of those of math"),
    "an index of a plain array": (lambda x: A[np.argmax(x)], "like=index"),
    "np.asarray to float": (lambda x: np.asarray(x, dtype=float), "np.stack"),
    "assignment to an entry": (assign, "functions"),
    "assignment to all": (assign_all, "np.stack"),
    "a mask": (lambda x: x[x > 0], "np.where"),
    "np.nonzero": (lambda x: x[np.nonzero(x > 0)], "np.where"),
    "np.unique": (lambda x: np.unique(x), "np.sort"),
    "np.repeat": (lambda x: np.repeat(x, x.astype(int)), "static_argnums"),
    "a size": (lambda x: np.tile(x, x.astype(int)[1]), "static_argnums"),
    "sections": (lambda x: np.split(x, np.argsort(x)[:1])[0], "static_argnums"),
    "a slice": (lambda x: x[: np.argmax(x)], "static_argnums"),
    "np.piecewise": (lambda x: np.piecewise(x, [x > 0], [np.sin, np.cos]), "np.select"),
    "np.add.at": (scatter_plain, "np.where"),
    "out=": (lambda x: np.sin(x, out=np.zeros(4)), "in place"),
    "eigenvalues": (lambda x: np.linalg.eigvals(np.outer(x, x)), "cast it, a.astype(complex)"),
    "eigenvectors": (lambda x: np.linalg.eig(np.outer(x, x))[1], "cast it, a.astype(complex)"),
    "roots": (lambda x: np.roots(x), "np.linalg.eigvals(C.astype(complex))"),
    "np.copyto": (lambda x: np.copyto(np.zeros(4), x), "np.where"),
    "np.save": (lambda x: np.save("nowhere.npy", x), "Return the array"),
}


def jacobian_of(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: jac.jacobian(function)(x).to_array()


def second_of(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: jac.hessian(lambda x: np.sum(function(x) ** 2))(x).to_array()


@pytest.mark.parametrize("transform", [lambda f: f, jacobian_of, second_of], ids=["value", "jacobian", "second"])
@pytest.mark.parametrize("name", list(RIGHT))
def test_right(name: str, transform: Callable[..., Any]) -> None:
    function = transform(RIGHT[name])
    compiled = compile(function)
    for x in (FIRST, SECOND):
        expected = np.asarray(function(x.copy()), dtype=float)
        found = compiled(x.copy())
        assert np.shape(found) == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", list(RAISES))
def test_raises(name: str) -> None:
    function, advice = RAISES[name]
    with pytest.raises(StagingError) as caught:
        compile(function)(FIRST)
    assert advice in str(caught.value)
    assert "test_compile_idioms.py:" in caught.value.line
    with pytest.raises(JacobianError):
        compile(jacobian_of(function))(FIRST)


def test_other_names_of_a_changed_array_are_refused() -> None:
    def through_a_view(x: Any) -> Any:
        y = x * 2
        z = y[:2]
        y += 1
        return z

    def through_a_name(x: Any) -> Any:
        y = x * 2
        z = y
        y += 1
        return z + y

    for function in (through_a_view, through_a_name):
        with pytest.raises(ArgumentError, match=r"test_compile_idioms\.py:.*y \+= x"):
            compile(function)(FIRST)


def test_an_argument_is_not_changed_in_place() -> None:
    def function(x: Any) -> Any:
        x += 1
        return x

    with pytest.raises(StagingError, match="argument of the caller"):
        compile(function)(FIRST)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: 2 * np.sort(x),
        lambda x: np.max(x) * x[np.argsort(x)][:2],
        lambda x: np.concatenate([x, x**2])[np.argsort(-x)],
        lambda x: np.median(x) * x,
    ],
)
def test_a_jacobian_with_recorded_positions(function: Callable[[Any], Any]) -> None:
    compiled = compile(jac.jacobian(function))
    for x in (FIRST, SECOND):
        found, expected = compiled(x), jac.jacobian(function)(x)
        np.testing.assert_allclose(found.to_array(), expected.to_array(), atol=1e-12)
        np.testing.assert_allclose(found @ x, expected @ x, atol=1e-12)
        np.testing.assert_allclose(found.to_sparse().toarray(), expected.to_array(), atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sum(np.sort(np.stack([x, x**2]), axis=0)[0] ** 2),
        lambda x: np.sum(np.sort(np.concatenate([x, -(x**2)]).reshape(2, -1), axis=0)[:, ::2] ** 3),
        lambda x: -np.sum(np.partition(np.concatenate([x, x**2]), 2)[:3] ** 2) * x[0],
    ],
)
def test_products_where_recorded_positions_meet(function: Callable[[Any], Any]) -> None:
    """Their pairs are not known; along a vector nobody needs to list them."""
    compiled = compile(lambda x, v: jac.hvp(function, (x,), (v,))[0])
    backward = compile(lambda x, v: jac.vjp(jac.grad(function), x)[1](v)[0])
    for x in (FIRST, SECOND):
        v, h = np.cos(np.arange(x.size)), 1e-4
        expected = (function(x + h * v) - 2 * function(x) + function(x - h * v)) / h**2
        assert v @ compiled(x, v) == pytest.approx(expected, rel=1e-5)
        assert v @ backward(x, v) == pytest.approx(expected, rel=1e-5)


def test_a_sparse_matrix_with_recorded_positions_is_refused() -> None:
    compiled = compile(lambda x: jac.jacobian(np.sort)(x).to_sparse())
    with pytest.raises(StagingError, match="Return the Jacobian itself"):
        compiled(FIRST)


def test_arrays_of_the_caller_are_constants() -> None:
    for size in (4, 200):
        B = np.ones((size, size))
        compiled = compile(lambda x, B=B: B @ x)
        x = np.arange(float(size))
        expected = B @ x
        np.testing.assert_allclose(compiled(x), expected)
        B *= 3
        np.testing.assert_allclose(compiled(x), expected)


def test_python_numbers_stay_numbers() -> None:
    def step(x: Any, rate: Any) -> Any:
        return x - 2 * rate * x + (-rate) ** 2

    x = np.arange(3, dtype=np.float32)
    compiled = compile(step)
    for rate in (0.5, 0.25):
        assert compiled(x, rate).dtype == np.float32
        np.testing.assert_array_equal(compiled(x, rate), step(x, rate))


def companion(p: Any) -> Any:
    C = np.concatenate([np.reshape(-p[1:] / p[0], (1, -1)), np.eye(p.size - 2, p.size - 1)])
    return np.linalg.eigvals(C.astype(complex))


# What the errors of real matrices advise, and the function that it stands for.
CAST = {
    "eigvals": (lambda a: np.linalg.eigvals(a.astype(complex)), np.linalg.eigvals),
    "eig": (lambda a: np.linalg.eig(a.astype(complex))[0], lambda a: np.linalg.eig(a)[0]),
    "vectors": (lambda a: np.abs(np.linalg.eig(a.astype(complex))[1]) ** 2, lambda a: np.abs(np.linalg.eig(a)[1]) ** 2),
    "roots": (lambda a: companion(a[0]), lambda a: np.roots(a[0])),
}
MATRICES = [
    np.array([[2.0, 1.0, 0.3], [0.5, -1.0, 0.2], [0.1, 0.4, 0.7]]),
    np.array([[1.0, -3, 2], [2, 1, 1], [0, 1, 4]]),
]


@pytest.mark.parametrize("name", list(CAST))
def test_real_matrices_cast_to_complex(name: str) -> None:
    ours, theirs = CAST[name]

    def energy(function: Any) -> Callable[[Any], Any]:  # whatever the order of the values
        return lambda a: np.sum(np.abs(function(a) - 0.3) ** 4)

    compiled, gradient = compile(energy(ours)), compile(jac.grad(energy(ours)))
    for a in (*MATRICES, MATRICES[1] - MATRICES[1].T + np.eye(3)):
        np.testing.assert_allclose(compiled(a), energy(theirs)(a), rtol=1e-10)
        np.testing.assert_allclose(gradient(a), jac.grad(energy(theirs))(a), rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(gradient(a), jac.numerical_jacobian(energy(theirs), a), atol=1e-6)
