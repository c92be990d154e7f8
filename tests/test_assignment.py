"""Writing into traced arrays: what NumPy would leave there, its derivatives, and what cannot be followed.

The programs are run on plain arrays for the values and for finite differences; random programs write into views of each
other in any order.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from graph_oracle import numerical_jacobians
from scripts import chain_of_masses
from writing_programs import NEVER_COMPILED, NOT_COMPILED, PROGRAMS, A, X, entry, into, repaired

import jacobians as jac
from jacobians import tracing


@pytest.mark.parametrize("mode", ["explicit", "lazy"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program(program, mode):
    value, J = jac.value_and_jacobian(program, mode=mode)(X)
    np.testing.assert_allclose(value, program(X.copy()), rtol=1e-12)
    (expected,) = numerical_jacobians(lambda x: program(x.copy()), X)
    np.testing.assert_allclose(J.to_array(), expected, rtol=1e-6, atol=1e-6)
    tangent = np.array([0.3, -1.0, 0.7])
    np.testing.assert_allclose(jac.jvp(program, (X,), (tangent,))[1], expected @ tangent, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_second_derivative(program):
    weights = np.random.default_rng(0).normal(size=np.shape(program(X.copy())))

    def weighted(x):
        return np.sum(weights * program(x) ** 2)

    gradient = jac.grad(weighted)
    (expected,) = numerical_jacobians(gradient, X)
    np.testing.assert_allclose(jac.hessian(weighted)(X).to_array(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_compiled(program):
    def jacobian(x):
        return jac.jacobian(program)(x).to_array()

    for function in (program, jacobian):
        if (function is program and program in NOT_COMPILED) or program in NEVER_COMPILED:
            with pytest.raises(jac.JacobianError):
                jac.compile(function)(X)
            continue
        compiled = jac.compile(function)
        for x in (X, X[::-1] * 0.9):
            np.testing.assert_allclose(compiled(x.copy()), function(x.copy()), rtol=1e-10, atol=1e-10)


def test_a_compiled_write_is_printed_as_one():
    compiled = jac.compile(entry)
    np.testing.assert_allclose(compiled(X), entry(X))
    assert "copy" not in compiled.source
    assert "[0] = " in compiled.source


def test_equal_calls_are_two_arrays_when_compiled():
    def copies(x):
        a, b = x.copy(), x.copy()
        c, d = np.zeros(3, like=x), np.zeros(3, like=x)
        a[0], c[1] = x[1], x[2]
        return a + 2 * b + 3 * c + 4 * d

    np.testing.assert_allclose(jac.compile(copies)(X), copies(X.copy()))

    def products(x):
        a, b = x * 2, x * 2
        a[0] = 1.0
        return a + b

    with pytest.raises(jac.StagingError, match=r"y\.copy\(\)"):
        jac.compile(products)(X)


def test_entries_are_not_computed_where_they_are_not_wanted():
    for program in (into, repaired):
        with np.errstate(divide="ignore", invalid="ignore"):
            value, J = jac.value_and_jacobian(program)(X)
        np.testing.assert_allclose(value, program(X.copy()), rtol=1e-12)
        assert np.all(np.isfinite(J.to_array()))
    np.testing.assert_allclose(J.to_array()[0], [0, 1, 0])


# ---- random programs -------------------------------------------------------------------------------------------------


def an_index(choice: random.Random, shape: tuple[int, ...]) -> Any:
    kind = choice.random()
    if kind < 0.3:
        return tuple([choice.randrange(-n, n) for n in shape])
    if kind < 0.6:
        items: list[Any] = []
        for n in shape[: choice.randrange(1, len(shape) + 1)]:
            part = slice(choice.choice([None, 0, 1]), choice.choice([None, -1, n]), choice.choice([None, 1, 2, -1]))
            items.append(choice.randrange(-n, n) if choice.random() < 0.4 and n else part)
        if choice.random() < 0.2:
            items.insert(choice.randrange(len(items) + 1), None)
        return tuple(items)
    if kind < 0.8:
        return choice.choice([slice(None), Ellipsis])
    if kind < 0.9:
        return [choice.randrange(shape[0]) for _ in range(choice.randrange(1, 4))]
    chosen = np.zeros(shape, bool)
    chosen.flat[[choice.randrange(chosen.size) for _ in range(3)]] = True
    return chosen


def random_program(seed: int, x: Any) -> Any:
    """Views and copies of some arrays, written into in any order; at the end all of them."""
    choice = random.Random(seed)
    pool: list[Any] = [np.sin(x), x.copy(), np.zeros_like(x), np.outer(x, x)]
    views: list[Callable[[Any], Any]] = [
        *(lambda a: a.reshape(-1), lambda a: a.T, np.ravel, lambda a: a[None], np.flip, np.atleast_2d),
        *(lambda a: a[1:], lambda a: a[0, ...], lambda a: np.swapaxes(a, 0, -1)),
    ]

    def a_value(shape: tuple[int, ...]) -> Any:
        other = choice.choice(pool)
        kinds = [0.5, x[choice.randrange(3)], np.sum(other) * 0.1, other if other.shape == shape else -1.0]
        return choice.choice(kinds)

    for _ in range(choice.randrange(4, 14)):
        array = choice.choice(pool)
        kind = choice.choice(["set", "set", "add", "multiply", "whole", "view", "view", "new", "copy"])
        if not array.size:
            continue
        if kind == "view":
            view = choice.choice(views)(array)
            if view.ndim and view.size:
                pool.append(view)
        elif kind == "new":
            pool.append(array * 1.5 + np.cos(choice.choice(pool).sum()))
        elif kind == "copy":
            pool.append(array.copy())
        elif kind == "whole":
            array += a_value(array.shape)
        else:
            index = an_index(choice, array.shape)
            value = a_value(np.shape(array[index]))
            if kind == "set":
                array[index] = value
            elif kind == "add":
                array[index] += value
            else:
                array[index] *= value
        if len(pool) > 9:
            _ = pool.pop(choice.randrange(len(pool)))
    return np.concatenate([np.reshape(array, (-1,)) for array in pool])


@pytest.mark.parametrize("seed", range(60))
def test_random_program(seed):
    value, J = jac.value_and_jacobian(lambda x: random_program(seed, x))(X / 3)
    np.testing.assert_allclose(value, random_program(seed, X / 3), rtol=1e-10)
    (expected,) = numerical_jacobians(lambda x: random_program(seed, x.copy()), X / 3)
    scale = np.maximum(1, np.abs(expected))
    np.testing.assert_allclose(J.to_array() / scale, expected / scale, atol=1e-4)


# ---- levels ----------------------------------------------------------------------------------------------------------


def test_an_inner_value_in_an_outer_array():
    def outer(x):
        z = np.zeros(2, like=x)
        z[0] = x * x

        def inner(t):
            y = z.copy()
            y[1] = t * y[0]  # traced by the inner transform, beside what the outer one traces
            return np.sum(y**2)

        return jac.grad(inner)(x) + z[1]

    # inner(t) = x^4 + t^2 x^4, slope 2 t x^4, at t = x: 2 x^5
    np.testing.assert_allclose(jac.grad(outer)(1.5), 10 * 1.5**4)


def test_what_an_inner_transform_has_seen_stays():
    def outer(x):
        y = np.sin(x)
        value, pullback = jac.vjp(lambda t: y * t**2, x)
        lazy = jac.jacobian(lambda t: np.exp(y * t), mode="lazy")(x)
        y[0] = 100.0
        value[1] = 100.0
        (pulled,) = pullback(x)
        pulled += lazy @ x
        return pulled

    def expected(x):
        return 2 * np.sin(x) * x * x + np.sin(x) * np.exp(np.sin(x) * x) * x

    np.testing.assert_allclose(jac.jacobian(outer)(X).to_array(), jac.jacobian(expected)(X).to_array(), rtol=1e-10)


def test_a_gradient_may_be_written_into():
    def outer(x):
        weights = x * 2
        g = jac.grad(lambda t: np.sum(weights * t))(x)
        g[0] = 0.0
        g += weights
        return g

    np.testing.assert_allclose(jac.jacobian(outer)(X).to_array(), np.diag([2.0, 4.0, 4.0]))


def test_precision_is_kept():
    def program(x):
        y = np.zeros(3, np.float32, like=x)
        y[:2] = x[:2].astype(np.float64) * np.float64(2)
        y += x[0]
        return y

    J = jac.jacobian(program)(X.astype(np.float32))
    assert J.dtype == np.float32
    np.testing.assert_allclose(J.to_array(), [[3, 0, 0], [1, 2, 0], [1, 0, 0]])


# ---- what raises -----------------------------------------------------------------------------------------------------


@pytest.fixture
def level():
    with tracing.opened() as level:
        yield level


def test_an_argument_is_not_written_into(level):
    x = tracing.watch(level, A)
    for write in (
        lambda: x.__setitem__(0, 1.0),
        lambda: x[0].__setitem__(0, 1.0),
        lambda: x.T.__setitem__(0, 1.0),
        lambda: np.fill_diagonal(x, 0.0),
        lambda: x.sort(),
        lambda: np.add(x, 1, out=np.broadcast_to(x, (3, 3))),
    ):
        with pytest.raises(jac.JacobianError, match=r"x\.copy\(\)|out="):
            _ = write()
    np.testing.assert_array_equal(tracing.primal(x), A)
    y = x.copy()
    y[0] = 1.0
    assert float(tracing.primal(y)[0, 2]) == 1


def test_shapes_and_positions_are_checked_as_in_numpy(level):
    y = tracing.watch(level, A) * 1
    for array in (A.copy(), y):
        with pytest.raises(ValueError, match=r"could not broadcast input array from shape \(2,\) into shape \(3,\)"):
            array[0] = np.ones(2)
        with pytest.raises(IndexError):
            array[3] = 1.0
        with pytest.raises(IndexError):
            array[0, 0, 0] = 1.0
        with pytest.raises(ValueError):  # noqa: PT011  (NumPy's text)
            array[0] = "text"


def test_other_arrays_in_the_memory_of_what_is_written_are_loud(level):
    for view in (np.real, lambda y: np.split(y, 3)[0], lambda y: np.broadcast_to(y, (2, 3, 3)), np.diagonal):
        y = tracing.watch(level, A) * 1
        part = view(y)
        y[0, 0] = 1.0
        with pytest.raises(jac.TraceConversionError, match=r"y\.copy\(\)"):
            _ = part + 1
        part = view(y)
        assert (part + 1).shape == part.shape
        y[0, 0] = 2.0
        with pytest.raises(jac.TraceConversionError, match=r"y\.copy\(\)"):
            _ = part + 1


def test_a_plain_array_cannot_hold_traced_values(level):
    x, plain = tracing.watch(level, X), np.zeros(3)
    for write in (
        lambda: np.copyto(plain, x),
        lambda: np.put(plain, [0], x[0]),
        lambda: np.putmask(plain, plain == 0, x),
        lambda: np.put_along_axis(plain, np.array([0]), x[:1], 0),
        lambda: np.add.at(plain, [0, 1, 1], x),
        lambda: np.add(x, 1, out=plain),
        lambda: np.sqrt(x, where=x > 1),
    ):
        with pytest.raises(jac.JacobianError, match=r"np\.zeros_like\(x\)|np\.zeros"):
            _ = write()
    with pytest.raises(jac.TraceConversionError, match=r"np\.zeros\(3, like=x\)"):
        jac.jacobian(lambda x: plain.__setitem__(0, x[0]))(X)


# ---- cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [100, 1000])
def test_many_writes_are_one_vertex(level, count):
    x = tracing.watch(level, np.linspace(1, 2, count))
    z = np.zeros(count, like=x)
    for n in range(count):
        z[n] = x[n] * (z[n - 1] if n else 1.0)
    before = len(level.graph)
    edges = level.graph.into[z.vertex]
    assert len(level.graph) == before + 1
    assert before == 1 + 2 * count  # the input, and an entry and a product for each step: the slots are found again
    assert len(edges) == count
    assert sum(term.nbytes for terms in edges.values() for term in terms) == 0


def test_a_jacobian_of_many_writes_holds_what_it_consists_of():
    def program(x):
        z = np.zeros(len(x), like=x)
        for n in range(len(x)):
            z[n] = np.sin(x[n])
        return z

    x = np.linspace(0, 1, 300)
    J = jac.jacobian(program)(x)
    assert J.to_sparse().nnz == 300
    np.testing.assert_allclose(J.to_sparse().diagonal(), np.cos(x))
    np.testing.assert_allclose(jac.grad(lambda x: np.sum(program(x)))(x), np.cos(x))


def test_slices_keep_their_structure():
    def program(x):
        y = np.zeros_like(x)
        y[:, 0] = x[:, 1] * x[:, 0]
        y[:, 1] = np.sin(x[:, 0])
        return y

    x = np.ones((5000, 2))
    J = jac.jacobian(program)(x)
    assert J.to_sparse().nnz == 3 * 5000
    assert J.nbytes <= 4 * 5000 * 8


# ---- a simulation that fills a table ---------------------------------------------------------------------------------


def test_a_chain_of_masses():
    rng = np.random.default_rng(0)
    arguments = (rng.normal(size=5) / 5, rng.uniform(1, 2, 5), rng.uniform(1, 3, 6), np.array(0.7))
    observed = chain_of_masses.simulate(*arguments)[0] + rng.normal(size=(21, 5)) / 10

    def loss(start, masses, stiffness, cubic):
        return chain_of_masses.misfit(start, masses, stiffness, cubic, observed)

    numbers = (0, 1, 2, 3)
    value, gradients = jac.value_and_grad(loss, argnums=numbers)(*arguments)
    np.testing.assert_allclose(value, loss(*arguments))
    for found, expected in zip(gradients, numerical_jacobians(loss, *arguments), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    compiled = jac.compile(jac.grad(loss, argnums=numbers))(*arguments)
    for found, expected in zip(compiled, gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    hessian = jac.hessian(lambda start: loss(start, *arguments[1:]))(arguments[0])
    (expected,) = numerical_jacobians(jac.grad(lambda start: loss(start, *arguments[1:])), arguments[0])
    np.testing.assert_allclose(hessian.to_array(), expected, rtol=1e-5, atol=1e-6)
    trajectory = jac.jacobian(lambda start: chain_of_masses.simulate(start, *arguments[1:])[0])(arguments[0])
    (expected,) = numerical_jacobians(lambda x: chain_of_masses.simulate(x, *arguments[1:])[0], arguments[0])
    np.testing.assert_allclose(trajectory.to_array(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.uint8])
def test_entries_at_integers_of_numpy_are_numbers(kind):
    # As the nodes of an element are, that stand in an array.
    def assembled(x):
        K = np.zeros((3, 3), like=x)
        for i, j in [(0, 1), (1, 2), (0, 1), (2, 2)]:
            K[kind(i), kind(j)] += x[i] * x[j]
            K[i, kind(j)] *= 2
            k = K[kind(i), j]
            k += 5.0
        return K

    x = np.array([0.5, 1.5, -2.0])
    expected = np.zeros((3, 3, 3))
    for (i, j), count in {(0, 1): 6, (1, 2): 2, (2, 2): 2}.items():
        expected[i, j, i] += count * x[j]
        expected[i, j, j] += count * x[i]
    np.testing.assert_allclose(jac.jacobian(assembled)(x).to_array(), expected)
    np.testing.assert_allclose(jac.compile(lambda x: jac.jacobian(assembled)(x).to_array())(x), expected)
