"""What stays constant: integers and None among differentiated arguments, and what `stop_gradient` is given."""

import dataclasses
from typing import Any, NamedTuple

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from sample_jacobians import assert_close

import jacobians as jac

X = np.array([0.5, -1.5, 2.0])
CHOSEN = np.array([2, 0])


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclasses.dataclass
class Held:
    value: Any
    count: int = 3


# ---------------------------------------------------------------------------------------------------- stop_gradient
NESTS = {
    "a dict": (lambda x: {"x": x}, lambda nest: nest["x"]),
    "a list in a tuple": (lambda x: ("sin", [x, 2]), lambda nest: nest[1][0]),
    "a named tuple": (lambda x: Pair(None, x), lambda nest: nest.second),
    "a dataclass": (lambda x: Held(x), lambda nest: nest.value),
    "an array of objects": (lambda x: np.array([x[0], 1.0, x[2]]), lambda array: array),
    "a Jacobian": (lambda x: jac.jacobian(np.square)(x), lambda J: J @ np.ones(3)),
    "a lazy Jacobian": (lambda x: jac.jacobian(np.square, mode="lazy")(x), lambda J: J @ np.ones(3)),
}


@pytest.mark.parametrize("name", NESTS)
@pytest.mark.parametrize("stop", [jac.stop_gradient, jac.primal])
def test_nothing_in_a_nest_keeps_its_derivative(name, stop):
    pack, take = NESTS[name]
    factor = take(pack(X))
    found = jac.grad(lambda x: np.sum(x**2 * take(stop(pack(x)))))(X)
    assert_close(found, 2 * X * factor)
    second = jac.hessian(lambda x: np.sum(x**2 * take(stop(pack(x)))))(X)
    assert_close(second.to_array(), np.diag(2 * factor))


def test_what_is_not_traced_comes_back_itself():
    nest = {"x": X, "names": ["a", "b"], "held": Held(2.0)}
    assert jac.stop_gradient(nest) is nest
    assert jac.stop_gradient("text") == "text"
    J = jac.jacobian(lambda p: p["a"] * 2)({"a": X})
    with pytest.raises(jac.ArgumentError, match=r"stop_gradient\(J.blocks\)"):
        jac.stop_gradient(J)


# --------------------------------------------------------------------------------------- None among the arguments
def scaled(x, weights, scale=None):
    return x * weights if scale is None else x * weights * scale


def test_none_is_a_constant_of_every_transform():
    weights = 2 * X
    value, pullback = jac.vjp(scaled, X, weights, None)
    assert_close(value, X * weights)
    found = pullback(np.ones(3))
    assert_close(found[0], weights)
    assert_close(found[1], X)
    assert found[2] is None
    assert_close(jac.jvp(scaled, (X, weights, None), (np.ones(3), np.zeros(3), None))[1], weights)
    gradients = jac.grad(lambda *args: np.sum(scaled(*args)), (0, 2))(X, weights, None)
    assert_close(gradients[0], weights)
    assert gradients[1] is None
    J = jac.jacobian(scaled, (0, 2))(X, weights, None)
    assert_close(J[0].diagonal(), weights)
    _, J = jac.linearize(scaled, X, weights, None)
    assert_close(J @ (np.ones(3), np.zeros(3), None), weights)


# ------------------------------------------------------------------------------------------------ allow_int=True
def power(x, n):
    return np.sum(x**n)


@pytest.mark.parametrize("n", [3, True, np.int32(3), np.array([1, 2, 3]), np.array([True, False, True])])
def test_integers_have_gradients_of_zero(n):
    g, zero = jac.grad(power, (0, 1), allow_int=True)(X, n)
    assert_close(g, autograd.grad(lambda x: anp.sum(x ** (n * 1)))(X))
    assert np.shape(zero) == np.shape(n)
    assert not np.any(zero)
    assert np.asarray(zero).dtype == np.asarray(n).dtype
    value, (again, _) = jac.value_and_grad(power, (0, 1), allow_int=True)(X, n)
    assert_close(again, g)
    assert_close(value, power(X, n))
    with pytest.raises(jac.ArgumentError, match="dtype"):
        jac.grad(power, (0, 1))(X, n)


def test_arrays_of_integers_in_nests():
    p = {"x": X, "chosen": CHOSEN}

    def f(p):
        return p["x"][p["chosen"]] ** 2

    expected = autograd.jacobian(lambda x: x[CHOSEN] ** 2)(X)
    J = jac.jacobian(f, allow_int=True)(p)
    assert_close(J["x"].to_array(), expected)
    (found,) = jac.vjp(f, p, allow_int=True)[1](np.ones(2))
    assert_close(found["x"], expected.sum(0))
    assert found["chosen"].dtype == CHOSEN.dtype
    assert not found["chosen"].any()
    value, K = jac.value_and_jacobian(f, allow_int=True)(p)
    assert_close(value, X[CHOSEN] ** 2)
    assert_close(K["x"].to_array(), expected)
    with pytest.raises(jac.ArgumentError, match=r'argument 0\["chosen"\] has the integer dtype'):
        jac.jacobian(f)(p)


def test_arrays_of_integers_in_results():
    def f(x):
        return {"sorted": np.sort(x), "order": np.argsort(x)}

    value, pullback = jac.vjp(f, X, allow_int=True)
    assert np.array_equal(value["order"], np.argsort(X))
    assert_close(pullback({"sorted": np.array([1.0, 2.0, 3.0]), "order": None})[0], np.argsort(np.argsort(X)) + 1.0)
    J = jac.jacobian(f, allow_int=True)(X)
    assert_close(J["sorted"].to_array(), np.eye(3)[np.argsort(X)])
    with pytest.raises(jac.ArgumentError, match=r'the result\["order"\] has the integer dtype'):
        jac.jacobian(f)(X)


@pytest.mark.parametrize("n", [3, np.int32(3), np.array([1, 2, 3])])
def test_integers_beside_tangents(n):
    h = np.array([1.0, -2.0, 0.5])
    scale = n * 1

    def f(x, n):
        return x**n

    expected = scale * X ** (scale - 1) * h
    value, tangent = jac.jvp(f, (X, n), (h, None), allow_int=True)
    assert_close(value, X**scale)
    assert_close(tangent, expected)
    assert_close(jac.jvp(f, (X, n), (h, n), allow_int=True)[1], expected)
    assert_close(jac.linearize(f, X, n, allow_int=True)[1] @ (h, None), expected)
    curved = autograd.elementwise_grad(autograd.elementwise_grad(lambda x: x**scale))(X)
    along, zero = jac.hvp(lambda x, n: np.sum(f(x, n)), (X, n), (h, None), allow_int=True)
    assert_close(along, curved * h)
    assert np.shape(zero) == np.shape(n)
    assert not np.any(zero)
    H = jac.hessian(lambda p: np.sum(f(p["x"], p["n"])), allow_int=True)({"x": X, "n": n})
    assert_close(H["x"]["x"].to_array(), np.diag(curved))
    blocks = jac.hessian(lambda x, n: np.sum(f(x, n)), (0, 1), allow_int=True)(X, n)
    assert_close(blocks[0][0].to_array(), np.diag(curved))
    for refused in (
        lambda: jac.jvp(f, (X, n), (h, None)),
        lambda: jac.linearize(f, X, n),
        lambda: jac.hvp(lambda x, n: np.sum(f(x, n)), (X, n), (h, None)),
        lambda: jac.hessian(lambda x, n: np.sum(f(x, n)), (0, 1))(X, n),
    ):
        with pytest.raises(jac.ArgumentError, match="integer dtype"):
            _ = refused()


def test_integers_in_results_have_tangents_of_zero():
    def f(x):
        return {"sorted": np.sort(x), "order": np.argsort(x), "scale": 2}

    value, tangent = jac.jvp(f, (X,), (np.array([1.0, 2.0, 3.0]),), allow_int=True)
    assert np.array_equal(value["order"], np.argsort(X))
    assert_close(tangent["sorted"], np.argsort(X) + 1.0)
    assert tangent["order"].dtype == value["order"].dtype
    assert not tangent["order"].any()
    assert tangent["scale"] == 0
    _, J = jac.linearize(f, X, allow_int=True)
    assert_close((J @ np.array([1.0, 2.0, 3.0]))["sorted"], np.argsort(X) + 1.0)


def test_integers_alone():
    n = np.array([1, 2, 3])
    value, zero = jac.value_and_grad(lambda n: np.sum(2.0 * n), allow_int=True)(n)
    assert value == 12
    assert zero.dtype == n.dtype
    assert not zero.any()
    assert jac.grad(lambda n: 1.0 * n, allow_int=True)(3) == 0
    with pytest.raises(jac.ArgumentError, match="argument 0 is None, a nest without an array"):
        jac.grad(lambda n: 1.0)(None)


# --------------------------------------------------------------------------------------------- what they hand out
def test_linearize_with_aux():
    value, J, aux = jac.linearize(lambda x: (np.sin(x), {"x": x}), X, has_aux=True)
    assert_close(value, np.sin(X))
    assert_close(J @ np.ones(3), np.cos(X))
    assert_close(aux["x"], X)


def test_a_pullback_takes_one_cotangent():
    _, pullback = jac.vjp(lambda x: (x, 2 * x), X)
    with pytest.raises(jac.ArgumentError, match=r"called with 2. Write pullback\(\(c1, c2\)\)"):
        pullback(X, X)
    assert_close(pullback((X, X))[0], 3 * X)
