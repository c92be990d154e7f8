"""Calls of NumPy functions on traced values: ufunc methods, keywords, containers, foreign types, in-place operators."""

import gc
import tracemalloc

import numpy as np
import pytest
from graph_oracle import assert_right

import jacobians.rules  # noqa: F401  (registers)
from jacobians import arrays, errors, registry, tracing

X = np.array([0.6, 1.2, 2.1])
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])


@pytest.fixture
def level():
    with tracing.opened() as level:
        yield level


UFUNC_METHODS = {
    "add.reduce": lambda x: np.add.reduce(x),
    "add.reduce, axes": lambda x: np.add.reduce(x, axis=(0, 1), keepdims=True),
    "add.reduce, None": lambda x: np.add.reduce(x, None),
    "add.reduce, where": lambda x: np.add.reduce(x, 1, where=A > 2),
    "multiply.reduce": lambda x: np.multiply.reduce(x, 1),
    "maximum.reduce": lambda x: np.maximum.reduce(x),
    "minimum.reduce": lambda x: np.minimum.reduce(x, initial=2.5),
    "logical_and.reduce": lambda x: np.logical_and.reduce(x) * x[0],
    "add.accumulate": lambda x: np.add.accumulate(x, 1),
    "multiply.accumulate": lambda x: np.multiply.accumulate(x),
    "subtract.outer": lambda x: np.subtract.outer(x[0], x),
    "multiply.outer": lambda x: np.multiply.outer(X, x),
}


@pytest.mark.parametrize("call", UFUNC_METHODS.values(), ids=UFUNC_METHODS)
def test_ufunc_method(call):
    assert_right(call, A)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.add.at(np.zeros(3), [0, 1, 1], x), "np.add.at"),
        (lambda x: np.arctan2.reduceat(x, [0, 2]), "np.arctan2.reduceat has no rule"),
        (lambda x: np.ldexp.reduce(x), "np.ldexp.reduce has no rule"),
        (lambda x: np.ldexp.accumulate(x), "np.ldexp.accumulate has no rule"),
        (lambda x: np.sqrt(x, where=x > 1), "np.sqrt has no rule for where="),
        (lambda x: np.add(x, 1, out=np.zeros(3)), "np.add has no rule for out="),
        (lambda x: np.sum(x, out=np.zeros(())), "np.sum has no rule for out="),
        (lambda x: np.sum(A, 0, None, x), "np.sum has no rule for out="),
        (lambda x: x.dot(A, np.zeros(3)), "np.dot has no rule for out="),
        (lambda x: np.logaddexp.reduce(x, initial=x[0]), "np.logaddexp.reduce has no rule for a traced initial="),
        (lambda x: np.save("x", x), "np.save"),
    ],
)
def test_what_has_no_rule_raises(level, call, words):
    with pytest.raises(errors.UnsupportedFunctionError, match=words):
        call(tracing.watch(level, X))


def test_traced_keywords_are_operands():
    assert_right(lambda x: np.dot(A, b=x), X)
    assert_right(lambda x: np.sum(a=x * x, axis=0), X)
    assert_right(lambda x: np.average(A, axis=0, weights=x), X)
    assert_right(lambda x: np.linalg.solve(a=A, b=x), X)


def test_results_keep_their_container(level):
    x = tracing.watch(level, A)
    result = np.linalg.slogdet(x)
    assert type(result).__name__ == "SlogdetResult"
    assert isinstance(result.logabsdet, tracing.Traced)
    assert type(np.split(x, 3)) is list
    assert type(np.modf(x)) is tuple
    mantissa, exponent = np.frexp(x)
    assert isinstance(mantissa, tracing.Traced)
    assert type(exponent) is np.ndarray
    assert type(np.where(x > 2)[0]) is np.ndarray


def test_python_numbers_do_not_promote(level):
    x = tracing.watch(level, X.astype(np.float32))
    for y in (x * 2.0, 2 + x, x**2, np.maximum(x, 0.5), x[0] * 3.0, np.mean(x), x / 3):
        assert y.dtype == np.float32
    assert (x * np.float64(2)).dtype == np.float64


def test_complex_numbers_are_refused_where_no_rule_knows_them(level):
    z = tracing.watch(level, X) * 1j
    assert z.dtype == complex
    for call in (lambda: np.bincount([0, 1, 1], z), lambda: np.bincount([0, 1, 1], weights=z, minlength=4)):
        with pytest.raises(errors.UnsupportedFunctionError, match="for complex numbers"):
            _ = call()


def test_complex_numbers_do_not_lose_their_imaginary_part(level):
    z = tracing.watch(level, X) * 1j
    y = np.zeros_like(z.real)
    calls = {
        "astype": lambda: z.astype(float),
        "np.astype": lambda: np.astype(z, np.float64),
        "dtype=": lambda: np.sum(z, dtype=float),
        "assignment": lambda: y.__setitem__(0, z[0]),
        "assignment of a number": lambda: y.__setitem__(0, 1j),
        "assignment of an array": lambda: y.__setitem__(slice(None), np.ones(3) * 1j),
    }
    for call in calls.values():
        with pytest.raises(errors.ArgumentError, match="would become float64"):
            _ = call()


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_unknown_types_get_their_turn(level):
    class Wrapper:
        def __array_ufunc__(self, *_, **__):
            return "wrapped ufunc"

        def __array_function__(self, *_, **__):
            return "wrapped function"

    x = tracing.watch(level, X)
    assert x + Wrapper() == Wrapper() + x == "wrapped ufunc"
    assert np.concatenate([x, Wrapper()]) == "wrapped function"
    for kind in (np.ma.array, np.matrix):
        with pytest.raises(errors.ArgumentError, match=r"Use np\.asarray|Masks are not followed"):
            _ = x * kind(A)


def test_frompyfunc_runs_on_scalars():
    assert_right(lambda x: np.frompyfunc(lambda a, b: a * b + a, 2, 1)(x, 2.0).astype(float), X)


def test_scatter_and_embed():
    assert_right(lambda x: arrays.scatter(x, np.array([0, 2, 0]), 4), A)
    assert_right(lambda x: arrays.scatter(x, np.array([2, 0, 3]), 4, injective=True), A)
    assert_right(lambda x: arrays.scatter(x, np.array([0, 0, 0]), 1), X)
    assert_right(lambda x: arrays.scatter(x[:1], np.array([1]), 3), A)
    assert_right(lambda x: arrays.embed(x, ((0,), (1, 0))), A[:2])
    assert_right(lambda x: arrays.embed(x, ((), (0,), (0,))), X)


def test_every_function_of_a_rule_is_known_by_name():
    assert all(isinstance(registry.function_name(function), str) for function in registry.registered())


# ---- in place --------------------------------------------------------------------------------------------------------


def accumulated(x):
    total = np.zeros(3)
    for n in range(3):
        total += x * n
    total -= x[0]
    total @= A  # type: ignore[misc]
    return total


def test_in_place_binds_the_name_anew():
    assert_right(accumulated, X)
    assert_right(lambda x: _plus(np.zeros(3), x) + _plus(x * 1, 2.0), X)


def _plus(a, b):
    a += b
    return a


def test_in_place_keeps_the_dtype_and_the_shape(level):
    x = tracing.watch(level, X)
    assert _plus(np.zeros(3, np.float32), x).dtype == np.float32
    with pytest.raises(ValueError, match="non-broadcastable"):
        _ = _plus(np.zeros(()), x)


def test_an_alias_of_what_changed_in_place_is_loud(level):
    x = tracing.watch(level, X)
    plain = np.zeros(3)
    _ = _plus(plain, x)
    assert np.all(np.isnan(plain))
    for view in (np.real, lambda y: np.split(y, 3)[0], lambda y: np.broadcast_to(y, (2, 3))):
        y = x * 1
        alias = view(y)
        y += 1
        with pytest.raises(errors.TraceConversionError, match="in-place operation"):
            _ = alias + 1
        assert (y + 1).shape == (3,)
    scalar = alias = x[0] * 2
    scalar += 1
    assert (alias + 1).shape == ()  # NumPy's scalars cannot be changed either


@pytest.mark.parametrize("target", [np.zeros(4)[1:], np.zeros(3, int), np.broadcast_to(0.0, 3)])
def test_in_place_on_what_cannot_follow_raises(level, target):
    with pytest.raises(errors.TraceConversionError, match=r"in-place np\.add"):
        _plus(target, tracing.watch(level, X))


def test_memory_of_overwritten_values_is_freed(level):
    x = tracing.watch(level, np.ones(100_000))
    tracemalloc.start()
    for _ in range(20):
        x += 1.0
    _ = gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 5 * x.nbytes
