"""Calls of compiled functions: which program runs, and what the Jacobians that they return are made of."""

from __future__ import annotations

import copy
import enum
import pickle
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import jacobians as jac


class Colour(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass(frozen=True)
class Weights:
    a: Any
    b: Any


class Own(np.ndarray):
    pass


def first(x, *others):
    return 2 * x


def counted(*arguments):
    """A compiled function, and how often it has been recorded."""
    runs = []

    def f(x, *others):
        runs.append(others)
        return 2 * x

    return jac.compile(f), runs


X = np.array([1.0, 2.0])
SECONDS = [
    X,
    X.astype(np.float32),
    np.ones(3),
    np.ones((2, 1)),
    np.array(1.0),
    1.0,
    1,
    True,
    None,
    "x",
    Colour.RED,
    (X, X),
    [X, X],
    (X,),
    Pair(X, X),
    Pair(X, np.ones(3)),
    Weights(X, X),
    {"a": X, "b": X},
    {"a": X, "b": 1},
    OrderedDict(a=X, b=X),
    {0: X, 1: X},
    {(0, 1): X},
    {"a": {"b": [X, 1.0]}},
    np.arange(2),
]


def test_each_kind_of_argument_has_its_program():
    compiled, runs = counted()
    for _ in range(2):  # first written down, then looked up
        for second in SECONDS:
            np.testing.assert_array_equal(compiled(X, second), [2, 4])
    assert len(runs) == len(compiled.programs) == len(SECONDS)
    for second in SECONDS[-6:]:  # those that are asked for first
        for _ in range(3):
            np.testing.assert_array_equal(compiled(3 * X, second), [6, 12])
    assert len(runs) == len(SECONDS)


def value_of(c):
    return 10.0 if isinstance(c, Colour) else 20.0 if c is True else c


def test_what_looks_alike_runs_its_own_program():
    def f(x, c):
        return x * value_of(c)

    for values in ((Colour.RED, 1, True, 1.0), (True, 1.0, 1, Colour.RED), (1, Colour.RED, 1.0, True)):
        for static in ((), (1,)):
            compiled = jac.compile(f, static_argnums=static)
            for _ in range(2):
                for value in values:
                    np.testing.assert_array_equal(compiled(X, value), X * value_of(value))


def test_scalars_arrays_without_axes_and_floats():
    single = np.ones(2, np.float32)
    compiled = jac.compile(lambda x, s: x * s)
    for s, dtype in (
        (2.0, np.float32),
        (np.float64(2), np.float64),
        (np.array(2.0), np.float64),
        (np.float32(2), np.float32),
    ):
        for _ in range(2):
            assert compiled(single, s).dtype == dtype
            np.testing.assert_array_equal(compiled(single, s), [2, 2])


def test_other_kinds_of_arrays():
    compiled = jac.compile(jac.grad(lambda x: np.sum(x**3)))
    expected = 3 * X**2
    for x in (X, X.view(Own), X.astype(">f8"), X, np.asfortranarray(X), np.ma.array(X).data, np.arange(1.0, 9)[:2]):
        np.testing.assert_allclose(np.asarray(compiled(x)), expected)


def test_order_of_keys_and_more_keys():
    compiled = jac.compile(jac.grad(lambda p: np.sum(p["a"] ** 2) + 3 * np.sum(p["b"])))
    for _ in range(2):
        assert list(compiled({"a": X, "b": X})) == ["a", "b"]
        assert list(compiled({"b": X, "a": X})) == ["b", "a"]
    np.testing.assert_array_equal(compiled({"b": X, "a": X})["a"], 2 * X)
    with pytest.raises(KeyError):
        compiled({"a": X})


def test_number_of_arguments():
    compiled = jac.compile(lambda x, y=X: x + y)
    np.testing.assert_array_equal(compiled(X), 2 * X)
    np.testing.assert_array_equal(compiled(X, 3 * X), 4 * X)
    np.testing.assert_array_equal(compiled(X, y=3 * X), 4 * X)
    np.testing.assert_array_equal(compiled(X), 2 * X)
    for arguments in ((), (X, X, X)):
        with pytest.raises(TypeError, match="argument"):
            compiled(*arguments)
    constant = jac.compile(lambda: X + 1)
    for _ in range(2):
        np.testing.assert_array_equal(constant(), X + 1)


def test_arguments_by_name():
    runs = []

    def f(x, *, scale=1.0, nest=None, power=1):
        runs.append(power)
        y = x**power * scale
        return y if nest is None else y + nest["a"][0]

    compiled = jac.compile(jac.jacobian(f))
    calls: list[dict[str, Any]] = [
        {},
        {"scale": 2.0},
        {"scale": np.array([3.0, 4.0])},
        {"power": 2},
        {"power": 3},
        {"scale": 2.0, "power": 2},
        {"power": 2, "scale": 2.0},
        {"nest": {"a": [X, 1.0]}},
        {"nest": {"a": [X, 1.0]}, "scale": 0.5},
    ]
    for x in (X, 3 * X, X):
        for named in calls:
            power, scale = named.get("power", 1), named.get("scale", 1.0)
            expected = np.diag(power * x ** (power - 1) * scale)
            np.testing.assert_allclose(compiled(x, **named).to_array(), expected)
    assert len(runs) == len(calls)
    with pytest.raises(TypeError, match="unexpected"):
        compiled(X, other=1.0)


def test_errors_of_the_function_are_its_own():
    compiled = jac.compile(lambda A: np.linalg.inv(A))
    np.testing.assert_allclose(compiled(2 * np.eye(2)), np.eye(2) / 2)
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.zeros((2, 2)))


def test_more_signatures_than_are_asked_for_one_by_one():
    compiled, runs = counted()
    for _ in range(3):
        for n in range(1, 21):
            np.testing.assert_array_equal(compiled(np.ones(n)), 2 * np.ones(n))
    assert len(runs) == 20


def test_an_unpickled_function_finds_its_programs():
    compiled = jac.compile(first)
    for second in (1, X, {"a": X}):
        compiled(X, second)
    again = pickle.loads(pickle.dumps(compiled))
    for second in (1, X, {"a": X}):
        np.testing.assert_array_equal(again(3 * X, second), 6 * X)
    assert len(again.programs) == 3


# ------------------------------------------------------------------------------------------------ returned Jacobians
A = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
P = np.array([0.1, 0.2, -0.3])


def rows(p):
    return np.tanh(A @ p)


def slopes(p):
    return (1 - np.tanh(A @ p) ** 2)[:, None] * A


def test_a_returned_jacobian_is_like_any_other():
    compiled = jac.compile(jac.jacobian(rows))
    compiled(P)

    def made(p=P):
        return compiled(p)

    expected, J = slopes(P), made()
    eager = jac.jacobian(rows, mode="explicit")(P)
    assert type(made()) is jac.Jacobian
    assert (made().shape, made().ndim, made().dtype, made().mode) == (eager.shape, eager.ndim, eager.dtype, "explicit")
    assert (made().nbytes, made().structure, repr(made())) == (eager.nbytes, eager.structure, repr(eager))
    assert [str(term) for term in made().terms] == [str(term) for term in eager.terms]
    for found, wanted in (
        (made().to_array(), expected),
        (made().T.to_array(), expected.T),
        (made() @ np.ones(3), expected @ np.ones(3)),
        (np.ones(2) @ made(), np.ones(2) @ expected),
        (made()[1], expected[1]),
        ((made() + made()).to_array(), 2 * expected),
        ((made() @ made().T).to_array(), expected @ expected.T),
        (made().to_sparse().toarray(), expected),
        (copy.copy(made()).to_array(), expected),
        (copy.deepcopy(made()).to_array(), expected),
        (pickle.loads(pickle.dumps(made())).to_array(), expected),
        (made().plan.nbytes, 0),
    ):
        if not isinstance(found, int):
            np.testing.assert_allclose(found, wanted, atol=1e-14)
    _ = made(2 * P)
    np.testing.assert_allclose(J.to_array(), expected)
    assert not hasattr(J, "nothing")


def test_a_returned_jacobian_shares_nothing_with_later_calls_and_arguments():
    compiled = jac.compile(jac.jacobian(lambda W, X: X @ W, mode="explicit"))
    W, inputs = np.ones((3, 2)), np.arange(6.0).reshape(2, 3)
    J = compiled(W, inputs)
    (factor,) = [factor.array for term in compiled(W, inputs).terms for factor in term.factors]
    assert not np.may_share_memory(factor, inputs)
    inputs[:] = 0  # before anything has been asked of J
    np.testing.assert_array_equal(J @ W, np.arange(6.0).reshape(2, 3) @ W)


@pytest.mark.parametrize("argument", [{"a": P, "b": A}, (P, A), Pair(P, A)], ids=["dict", "tuple", "named"])
def test_returned_jacobians_of_nests(argument):
    def f(p):
        a, b = p.values() if isinstance(p, dict) else p
        return {"y": np.tanh(b @ a), "z": a**2}

    compiled = jac.compile(jac.jacobian(f))
    for _ in range(2):
        J = compiled(argument)
        assert type(J) is jac.BlockJacobian
        keys = list(argument) if isinstance(argument, dict) else [0, 1]
        np.testing.assert_allclose(J["y"][keys[0]].to_array(), slopes(P), atol=1e-14)
        np.testing.assert_allclose(J["z"][keys[0]].to_array(), np.diag(2 * P), atol=1e-14)
        expected = jac.jacobian(f)(argument)
        np.testing.assert_allclose(J.to_matrix(), expected.to_matrix(), atol=1e-14)
        np.testing.assert_allclose(pickle.loads(pickle.dumps(J)).to_matrix(), expected.to_matrix(), atol=1e-14)
        assert repr(compiled(argument)).partition("\n")[0].endswith("explicit)")


def test_jacobians_in_nests_of_results():
    compiled = jac.compile(
        lambda p: [jac.jacobian(rows)(p), {"value": rows(p), "both": (jac.jacobian(rows)(2 * p), 1)}]
    )
    for _ in range(2):
        J, other = compiled(P)
        np.testing.assert_allclose(J.to_array(), slopes(P), atol=1e-14)
        np.testing.assert_allclose(other["value"], rows(P))
        np.testing.assert_allclose(other["both"][0].to_array(), slopes(2 * P), atol=1e-14)
        assert other["both"][1] == 1


def test_threads_that_ask_one_jacobian_at_once():
    compiled = jac.compile(jac.jacobian(rows))
    compiled(P)
    wrong: list[Any] = []
    for _ in range(50):
        J = compiled(P)
        start = threading.Barrier(4)

        def ask(J=J, start=start):
            _ = start.wait()
            if not np.allclose(J.to_array(), slopes(P)):
                wrong.append(J)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


CLOSURES = {
    "product": lambda x: lambda y: y * x,
    "outer value first": lambda x: lambda y: x * y,
    "nothing else": lambda x: lambda y: np.sin(x),
    "a list": lambda x: lambda y: [y, x * y][1],
    "inner derivative": lambda x: jac.grad(lambda y: np.sum(y**3 * x)),
    "shape by numbers": lambda x: lambda y: np.linalg.eigvalsh(np.outer(y * x, y * x) + np.diag(x)),
}
ENCLOSING = {
    "jacobian": lambda f: jac.jacobian(f)(X).to_array(),
    "jvp": lambda f: np.stack([jac.jvp(f, (X,), (e,))[1] for e in np.eye(2)], 1),
    "second": lambda f: jac.jacobian(jac.grad(lambda x: np.sum(f(x) ** 2)))(X).to_array(),
    "compiled": lambda f: jac.compile(f)(X),
    "compiled jacobian": lambda f: jac.compile(lambda x: jac.jacobian(f)(x).to_array())(X),
}


@pytest.mark.parametrize("around", ENCLOSING)
@pytest.mark.parametrize("name", CLOSURES)
def test_what_closes_over_an_outer_value_is_a_part_of_what_is_around(name, around):
    y = np.array([0.5, 2.0])
    measure = ENCLOSING[around]
    expected = measure(lambda x: CLOSURES[name](x)(y))
    if around == "jacobian":
        np.testing.assert_allclose(expected, jac.numerical_jacobian(lambda x: CLOSURES[name](x)(y), X), atol=1e-7)
    np.testing.assert_allclose(measure(lambda x: jac.compile(CLOSURES[name](x))(y)), expected, rtol=1e-12)


def test_results_of_an_outer_derivative_are_not_written_into_arrays():
    def f(x):
        return np.sum(jac.compile(lambda y: y * x)(X, out=np.empty(2)))

    with pytest.raises(jac.ArgumentError, match=r"closes over values of a derivative.*Call it without out="):
        jac.grad(f)(X)


class Model:
    def __init__(self) -> None:
        self.W = np.array([[2.0, 1.0], [0.0, 3.0]])

    @jac.compile
    def product(self, x: Any) -> Any:
        return self.W @ x


def test_methods_get_their_instance():
    model = Model()
    np.testing.assert_array_equal(model.product(X), model.W @ X)
    np.testing.assert_array_equal(jac.jacobian(model.product)(X).to_array(), model.W)
    assert isinstance(Model.product, jac.Compiled)
