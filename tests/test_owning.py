"""Slopes that wait, and products in place: right, and nobody's array is ever written into."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac
import jacobians.late
from jacobians.elimination import is_alone, owning, sums
from jacobians.elimination.recipes import join
from jacobians.labels import Label
from jacobians.late import Late, late
from jacobians.recording import linearise, pull
from jacobians.terms import Term, patterned

LABEL = Label(3, "i")
C = np.array([0.5, -1.5, 2.0])


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small arrays are treated as large ones are."""
    monkeypatch.setattr(jacobians.late, "LARGE", 0)
    monkeypatch.setattr(owning, "LARGE", 0)
    monkeypatch.setattr(sums, "LARGE", 0)


def diagonal(array: Any) -> Term:
    return patterned(((LABEL,),), ((LABEL,),), [(LABEL,)]).term([array])


def fan(x: Any) -> Any:
    y = np.sin(x) * np.exp(-(x**2) / 2)
    return y / np.sqrt(np.sum(y**2)) + C * y - np.tanh(x + y) * 0.3


def shared(x: Any) -> Any:
    a = x + 1.0
    b = a * C
    return a * b + b - np.cos(a) / (2 + b * b)


def twice(x: Any) -> Any:
    y = x * x
    return y + y * y - 3.0 * y + np.sqrt(1 + y)


FUNCTIONS = [fan, shared, twice, np.sin, np.exp, lambda x: x, lambda x: 2.0 * x, lambda x: x * C, lambda x: C - x]


def slope(f: Any, x: np.ndarray) -> np.ndarray:
    """By complex steps."""
    columns = [np.imag(f(x + 1e-30j * h)) / 1e-30 for h in np.eye(x.size)]
    return np.stack(columns, axis=1)


# ---------------------------------------------------------------------------------------------------- whose it is


def test_a_term_that_nobody_else_holds_is_alone() -> None:
    assert owning._ALONE is not None
    assert is_alone([diagonal(np.ones(3))])


@pytest.mark.parametrize(
    "hold",
    [
        lambda terms: terms[0],
        lambda terms: terms[0].arrays,
        lambda terms: terms[0].arrays[0],
        lambda terms: terms[0].arrays[0][1:],
        lambda terms: memoryview(terms[0].arrays[0]),
        lambda terms: terms[:],
    ],
)
def test_whatever_else_holds_a_part_of_it_is_seen(hold: Any) -> None:
    terms = [diagonal(np.ones(3))]
    kept = hold(terms)
    assert not is_alone(terms)
    del kept
    assert is_alone(terms)


@pytest.mark.parametrize("share", [lambda term: term.T, lambda term: term.times(2.0), lambda term: term.factors])
def test_terms_of_the_same_array_are_not_alone(share: Any) -> None:
    terms = [diagonal(np.ones(3))]
    kept = share(terms[0])
    assert not is_alone(terms)
    del kept


def test_views_and_arrays_that_cannot_be_written_are_not_alone() -> None:
    assert not is_alone([diagonal(np.ones(6)[:3])])
    assert not is_alone([diagonal(np.broadcast_to(np.ones(()), (3,)))])
    fixed = np.ones(3)
    fixed.flags.writeable = False
    terms = [diagonal(fixed)]
    del fixed
    assert not is_alone(terms)


def test_a_product_takes_the_place_of_a_spare_factor() -> None:
    outer, inner = diagonal(np.array([1.0, 2.0, 3.0])), diagonal(C)
    array = outer.arrays[0]
    product = join(outer, inner, frozenset([id(array)]))
    assert product is not None
    assert product.arrays[0] is array
    assert array.tolist() == [0.5, -3.0, 6.0]
    assert C.tolist() == [0.5, -1.5, 2.0]


def test_a_product_of_another_type_takes_no_place() -> None:
    outer, inner = diagonal(np.ones(3, np.float32)), diagonal(C)
    array = outer.arrays[0]
    product = join(outer, inner, frozenset([id(array)]))
    assert product is not None
    assert product.arrays[0].dtype == np.float64
    assert array.tolist() == [1.0, 1.0, 1.0]


# ---------------------------------------------------------------------------------------- what comes out, and stays


@pytest.mark.parametrize("f", FUNCTIONS)
def test_products_are_right_and_change_nothing(f: Any) -> None:
    x, v = np.array([0.3, -0.7, 1.1]), np.array([1.0, 0.5, -2.0])
    before = x.copy(), v.copy(), C.copy()
    J = slope(f, x)
    value, tangent = jac.jvp(f, (x,), (v,))
    np.testing.assert_allclose(tangent, J @ v, atol=1e-13)
    value, pullback = jac.vjp(f, x)
    for _ in range(3):  # the second time slopes are kept, the third time they are there
        np.testing.assert_allclose(pullback(v)[0], v @ J, atol=1e-13)
    np.testing.assert_allclose(jac.grad(lambda x: np.sum(v * f(x)))(x), v @ J, atol=1e-13)
    np.testing.assert_allclose(jac.jacobian(f)(x).to_array(), J, atol=1e-13)
    _, lazy = jac.linearize(f, x)
    for _ in range(3):
        np.testing.assert_allclose(lazy @ v, J @ v, atol=1e-13)
        np.testing.assert_allclose(v @ lazy, v @ J, atol=1e-13)
    np.testing.assert_allclose(value, f(x))
    for array, old in zip((x, v, C), before, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_results_alias_nothing(f: Any) -> None:
    x, v = np.array([0.3, -0.7, 1.1]), np.array([1.0, 0.5, -2.0])
    value, tangent = jac.jvp(f, (x,), (v,))
    seen, pullback = jac.vjp(f, x)
    arrays = [x, v, C, value, tangent, seen, pullback(v)[0], pullback(v)[0], jac.grad(lambda x: np.sum(f(x)))(x)]
    for n, a in enumerate(arrays):
        for b in arrays[:n]:
            assert not np.shares_memory(a, b)
        if n > 2:
            a += 1.0  # it is the caller's


@pytest.mark.parametrize("f", [fan, shared, twice, np.sin])
def test_second_derivatives(f: Any) -> None:
    x, v = np.array([0.3, -0.7, 1.1]), np.array([1.0, 0.5, -2.0])
    gradient = jac.grad(lambda x: np.sum(v * f(x)))
    step = 1e-6
    (found,) = jac.hvp(lambda x: np.sum(v * f(x)), (x,), (v,))
    np.testing.assert_allclose(found, (gradient(x + step * v) - gradient(x - step * v)) / (2 * step), atol=1e-7)


def test_gradients_of_equal_parts_are_apart() -> None:
    x, y = np.array([0.3, -0.7, 1.1]), np.ones(3)
    a, b = jac.grad(lambda x, y: np.sum(np.sin(x + y)), argnums=(0, 1))(x, y)
    assert not np.shares_memory(a, b)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a, np.cos(x + y))


def test_the_point_may_change_before_the_pullback() -> None:
    x = np.array([0.3, -0.7, 1.1])
    old = x.copy()
    y, pullback = jac.vjp(lambda x: np.sin(x) * x**2, x)
    expected = np.cos(old) * old**2 + 2 * old * np.sin(old)
    x[:] = 7.0
    y[:] = 5.0
    np.testing.assert_allclose(pullback(np.ones(3))[0], expected)
    np.testing.assert_allclose(pullback(np.ones(3))[0], expected)


def test_the_value_may_change_before_the_jacobian_is_asked() -> None:
    x = np.array([0.3, -0.7, 1.1])
    y, J = jac.value_and_jacobian(lambda x: np.tanh(np.sin(x)))(x)
    y[:] = 0.0
    x[:] = 0.0
    expected = np.array([0.3, -0.7, 1.1])
    np.testing.assert_allclose(J.diagonal(), np.cos(expected) / np.cosh(np.sin(expected)) ** 2)


# ------------------------------------------------------------------------------------------------ slopes that wait


def test_a_slope_is_forgotten_once_and_then_kept() -> None:
    calls: list[int] = []

    def partial(y: Any, x: Any) -> Any:
        calls.append(1)
        return np.cos(x)

    x = np.array([0.3, -0.7, 1.1])
    slope = late(partial, (np.sin(x), x), {0})
    assert isinstance(slope, Late)
    tried = len(calls)
    assert (slope.shape, slope.dtype, slope.ndim, slope.size, slope.nbytes) == ((3,), np.float64, 1, 3, 24)
    assert len(calls) == tried
    first = slope.made()
    second = slope.made()
    assert first is not second
    assert slope.made() is second
    assert len(calls) == tried + 2
    np.testing.assert_array_equal(first, np.cos(x))


def test_a_slope_holds_what_it_needs_alone() -> None:
    x = np.array([0.3, -0.7, 1.1])
    of_argument = late(lambda y, x: np.cos(x), (np.sin(x), x), {0})
    of_result = late(lambda y, x: 1 - y * y, (np.tanh(x), x), {0})
    assert of_argument is not None
    assert of_result is not None
    assert [None if operand is None else operand is x for operand in of_argument.operands] == [None, True]
    assert [operand is None for operand in of_result.operands] == [False, True]


@pytest.mark.parametrize(
    ("partial", "operands", "needed"),
    [
        (lambda y, x: y, (np.ones(3), np.ones(3)), {0}),  # the result itself costs nothing
        (lambda y, x: x[:], (np.ones(3), np.ones(3)), {0}),
        (lambda y, a, b: 1 / b, (np.ones((2, 3)), np.ones((2, 3)), np.ones((1, 3))), {0, 1}),  # smaller
        (lambda y, a, b: 1 / b, (np.ones(3), np.ones(3), np.ones(3)), {0}),  # b is the caller's, who may change it
        (lambda y, x: np.float32(2) * y.astype(np.float32), (np.ones(3), np.ones(3)), {0}),
    ],
)
def test_slopes_that_do_not_wait(partial: Any, operands: Any, needed: Any) -> None:
    assert late(partial, operands, needed) is None


def test_slopes_do_for_arrays_where_somebody_looks() -> None:
    x = np.array([[0.3, -0.7, 1.1]])
    slope = late(lambda y, x: np.cos(x), (np.sin(x), x), {0})
    assert slope is not None
    np.testing.assert_array_equal(np.reshape(slope, (3,)), np.cos(x)[0])  # type: ignore[call-overload]
    np.testing.assert_array_equal(slope * np.ones(3), np.cos(x))
    np.testing.assert_array_equal(np.asarray(slope), np.cos(x))


def test_a_gradient_leaves_no_edges() -> None:
    graphs: list[Any] = []

    def finish(record: Any) -> Any:
        graphs.append(record.graph)
        return pull(record, consume=True)

    (found,) = linearise("grad", lambda x: np.sum(fan(x)), (np.ones(3),), {}, (0,), finish)
    assert graphs[0].into == [{} for _ in graphs[0].into]
    np.testing.assert_allclose(found, np.ones(3) @ slope(fan, np.ones(3)), atol=1e-13)


def test_slopes_at_poles_make_no_noise() -> None:
    """Warnings are errors here."""
    found = jac.grad(lambda x: np.sum(np.sqrt(x)))(np.array([0.0, 1.0]))
    assert found.tolist() == [np.inf, 0.5]
