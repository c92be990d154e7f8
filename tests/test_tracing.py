"""Tracing without the engine: graphs by brute force against finite differences, and everything that must raise."""

import copy
import importlib
import math
import pickle
import pkgutil
import threading
import warnings

import numpy as np
import pytest
import tables
from graph_oracle import assert_right, graph_jacobians, jacobians_of

import jacobians.rules  # noqa: F401  (registers)
from jacobians import errors, tracing
from jacobians.tracing import appearance

TABLES = [importlib.import_module(f"tables.{module.name}").ROWS for module in pkgutil.iter_modules(tables.__path__)]
ROWS = [row for table in TABLES for rows in (table.values() if isinstance(table, dict) else [table]) for row in rows]
X = np.array([0.6, 1.2, 2.1])
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])


@pytest.fixture
def level():
    with tracing.opened() as level:
        yield level


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_row(row):
    assert_right(row.call, *row.arrays)


# ---- levels ----------------------------------------------------------------------------------------------------------


def test_levels_nest_and_close():
    with tracing.opened() as outer:
        with tracing.opened() as inner:
            assert (outer.depth, inner.depth) == (0, 1)
            assert inner.open
        assert not inner.open
        assert outer.open
        with tracing.opened() as again:
            assert again.depth == 1


def test_a_level_closes_after_an_error():
    def failing():
        with tracing.opened() as level:
            seen.append(level)
            raise KeyError

    seen = []
    with pytest.raises(KeyError):
        failing()
    assert not seen[0].open
    with tracing.opened() as level:
        assert level.depth == 0


def test_an_operation_belongs_to_the_innermost_level(level):
    x = tracing.watch(level, X)
    with tracing.opened() as inner:
        y = tracing.watch(inner, x)
        product = x * y  # x is a constant of the inner level
        assert product.level is inner
        assert product.value.level is level
        (edge,) = [sources for sources in inner.graph.into if sources]
        assert list(edge) == [y.vertex]
        assert edge[y.vertex][0].factors[0].array is x
        assert (x + 1).level is level


def test_nested_levels_do_not_confuse_perturbations(level):
    """d/dx (x * d/dy (x + y)) is 1, not 2: the inner derivative treats x as a constant."""
    x = tracing.watch(level, np.array(3.0))
    with tracing.opened() as inner:
        y = tracing.watch(inner, np.array(2.0))
        z = x + y
    (slope,) = graph_jacobians(inner.graph, z.vertex, [y.vertex])
    result = x * slope
    assert graph_jacobians(level.graph, result.vertex, [x.vertex])[0] == 1


def test_a_thread_uses_a_value_of_the_level_that_started_it(level):
    x = tracing.watch(level, np.array(3.0))
    found = []

    def run():
        with tracing.opened() as inner:
            assert inner.depth == level.depth  # a thread starts with a fresh context
            found.append((x * tracing.watch(inner, np.array(2.0))).level is inner)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [True]


@pytest.mark.parametrize("use", [np.sin, lambda x: x + 1, lambda x: x[0], lambda x: x > 0, np.std, np.sum])
def test_a_value_that_escaped_raises(use):
    with tracing.opened() as level:
        x = tracing.watch(level, X)
    with pytest.raises(errors.EscapedTraceError, match=r"a traced value of shape \(3,\) outlived its transform"):
        use(x)


def test_watch_takes_floating_numbers_only(level):
    with pytest.raises(errors.ArgumentError, match="dtype int64"):
        _ = tracing.watch(level, [1, 2])
    assert tracing.watch(level, [1.0, 2.0]).shape == (2,)
    assert tracing.watch(level, np.float32(1)).dtype == np.float32


# ---- what a traced array looks like ----------------------------------------------------------------------------------


def test_attributes(level):
    x = tracing.watch(level, A.astype(np.float32))
    assert (x.shape, x.ndim, x.size, x.itemsize, x.nbytes, len(x)) == ((3, 3), 2, 9, 4, 36, 3)
    assert x.dtype == np.float32
    assert x.T.shape == x.mT.shape == x.real.shape == (3, 3)
    assert len(list(x.flat)) == 9
    assert repr(x[0]) == "Traced([1. 2. 3.], shape=(3,), dtype=float32)"
    assert f"{x[0, 1]:.2f} {x[0, 1]}" == "2.00 Traced(2.0, shape=(), dtype=float32)"
    assert 5 in x
    assert -5 not in x
    assert hash(x) == hash(x)
    for unsized in (len, list):
        with pytest.raises(TypeError):
            _ = unsized(x[0, 0])


def test_comparisons_are_plain(level):
    x = tracing.watch(level, X)
    for mask in (x > 1, np.float64(1) < x, x == x, x != 1, np.isfinite(x), np.logical_and(x, x), (x > 1) & (x < 2)):
        assert type(mask) is np.ndarray
        assert mask.dtype == bool
    assert type(np.argsort(-x)) is np.ndarray
    assert bool(x[0])
    assert not x[0] - 0.6
    with pytest.raises(ValueError, match="ambiguous"):
        _ = bool(x)


METHODS = {
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(axis=1, keepdims=True),
    "prod": lambda x: x.prod(),
    "max": lambda x: x.max(0),
    "min": lambda x: x.min(),
    "var": lambda x: x.var(0),
    "std": lambda x: x.std(),
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(0),
    "reshape": lambda x: x.reshape(9) * x.reshape((-1, 1)),
    "ravel": lambda x: x.ravel("F") * x.flat[3],
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.transpose() @ x.transpose(1, 0) + x.transpose((0, 1)),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x[:1].squeeze(0),
    "dot": lambda x: x.dot(A),
    "astype": lambda x: x.astype(np.float64) * x,
    "copy": lambda x: x.copy(),
    "clip": lambda x: x.clip(2.5, 6.5),
    "take": lambda x: x.take([0, 2], 1),
    "repeat": lambda x: x.repeat(2, axis=0),
    "diagonal": lambda x: x.diagonal(),
    "trace": lambda x: x.trace(),
    "conj": lambda x: x.conj() * x.conjugate(),
    "item": lambda x: x.item(4) * x.item((0, 1)) * x[0, 0].item(),
    "tolist": lambda x: sum(sum(row) for row in x.tolist()),
    "compress": lambda x: x.compress([True, False, True], axis=0),
    "round": lambda x: x.round(0) * x,
    "argmax": lambda x: x[x.argmax(0)],
    "argsort": lambda x: x[0][x[1].argsort()],
    "nonzero": lambda x: x[x.nonzero()],
    "any": lambda x: x * x.any() * x.all(0),
    "imag": lambda x: x.imag + x.real,
    "mT": lambda x: x.mT @ x,
    "floor": lambda x: math.floor(x[0, 1] + 0.5) * math.ceil(x[0, 0] + 0.5) * x,
    "trunc": lambda x: math.trunc(x[0, 1] + 0.5) * round(x[1, 1] + 0.2) * x,
    "deepcopy": lambda x: copy.deepcopy(x) * copy.copy(x),
    "abs": lambda x: abs(-x),
    "divmod": lambda x: divmod(x, 0.7)[1],
    "pow": lambda x: pow(x, 2) + 2**x,
    "unpack": lambda x: (lambda a, b, c: a * b - c)(*x),
}


@pytest.mark.parametrize("call", METHODS.values(), ids=METHODS)
def test_method(call):
    assert_right(call, A * 1.01)


@pytest.mark.parametrize("name", ["partition", "resize", "view", "tobytes"])
def test_a_method_that_changes_the_array_raises(level, name):
    with pytest.raises(errors.TraceConversionError, match=rf"ndarray\.{name}"):
        getattr(tracing.watch(level, X), name)(0)


@pytest.mark.parametrize("convert", [float, int, complex, range, math.sin, np.arange, pickle.dumps])
def test_a_conversion_to_plain_numbers_raises(level, convert):
    with pytest.raises(errors.TraceConversionError, match=r"traced array of shape \(\) would become plain numbers"):
        convert(tracing.watch(level, np.array(2.0)))


def test_numpy_errors_are_explained(level):
    x, plain = tracing.watch(level, X), np.zeros(3)
    with pytest.raises((ValueError, TypeError)) as caught:
        plain[0] = x[0]
    explained = tracing.explain(caught.value)
    assert isinstance(explained, errors.TraceConversionError)
    assert "np.zeros(3, like=x)" in str(explained)
    assert tracing.explain(ValueError("another")) is None


# ---- object arrays ---------------------------------------------------------------------------------------------------


def test_scalarising_warns_once(level, monkeypatch):
    x = tracing.watch(level, np.arange(200.0))
    monkeypatch.setattr(appearance, "_warned", False)
    with pytest.warns(errors.ScalarisationWarning, match="200 entries"):
        _ = np.asarray(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(x).dtype == object
        monkeypatch.setattr(appearance, "_warned", False)
        assert np.asarray(x[:100]).shape == (100,)


def test_lift(level):
    x = tracing.watch(level, X.astype(np.float32))
    assert tracing.lift(np.array([x[0], x[1]])).dtype == np.float32
    assert tracing.lift(np.array([[x[0], 1.0], [2, x[1]]])).shape == (2, 2)
    assert tracing.lift([x[0], 1.0]).dtype == np.float64  # as np.array([np.float32(1), 1.0])
    assert tracing.lift([[x[0], 1.0], [2.0, 3.0]]).shape == (2, 2)
    assert tracing.lift([1, 2]) == [1, 2]
    assert tracing.contains_traced((1, [x]))
    assert not tracing.contains_traced(np.array([None, "a"]))
    with pytest.raises(errors.ArgumentError, match="beside traced values"):
        tracing.lift(np.array([x[0], None]))


def test_primal(level):
    x = tracing.watch(level, X)
    with tracing.opened() as inner:
        y = tracing.watch(inner, x) * 2
        np.testing.assert_array_equal(tracing.primal(y), 2 * X)
        assert not tracing.primal(y).flags.writeable
    assert tracing.primal("a") == "a"
    _, (jacobian,) = jacobians_of(lambda x: tracing.primal(x) * x, X)
    np.testing.assert_array_equal(jacobian, np.diag(X))
