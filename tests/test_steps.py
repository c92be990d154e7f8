"""What is left to do in a call of a known structure is what its rule tells: the same terms of the same numbers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from row_checks import all_rows, single

import jacobians as jac
from jacobians import registry
from jacobians.graph import LinearGraph
from jacobians.recording import linearise
from jacobians.registry import KNOWN_STEPS, Rule
from jacobians.terms import pattern_of
from jacobians.tracing import swift

ROWS = all_rows()


class Forgetful(dict):
    """Nothing is known, so that each rule is asked."""

    def get(self, key: Any, default: Any = None) -> None:
        return None


def graph_of(function: Any, arrays: Any) -> LinearGraph:
    return linearise("test", function, arrays, {}, tuple(range(len(arrays))), lambda record: record.graph)


def assert_same_terms(ours: LinearGraph, theirs: LinearGraph) -> None:
    assert (ours.shapes, ours.dtypes) == (theirs.shapes, theirs.dtypes)
    assert [[*edges] for edges in ours.into] == [[*edges] for edges in theirs.into]
    for edges, others in zip(ours.into, theirs.into, strict=True):
        for source, terms in edges.items():
            for term, other in zip(terms, others[source], strict=True):
                assert pattern_of(term) is pattern_of(other)
                assert term.scale == other.scale
                if pattern_of(term) is not None:
                    for array, expected in zip(term.arrays, other.arrays, strict=True):
                        assert_array_equal(np.asarray(array), np.asarray(expected), strict=True)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_known_structure_has_the_terms_of_its_rule(name: str, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    for row in ROWS[name]:
        if dtype is np.float32 and not name.startswith(("ufuncs", "reductions", "shape", "indexing", "linear-")):
            return
        call, arrays = single(row), [array.astype(dtype) for array in row.arrays]
        with monkeypatch.context() as patch:
            patch.setattr(swift, "KNOWN_STEPS", Forgetful())
            expected = graph_of(call, arrays)
        KNOWN_STEPS.clear()
        with suppress(Exception), np.errstate(all="ignore"):  # other numbers may be none of the function's
            _ = graph_of(call, [np.flip(array) for array in arrays])
        _ = graph_of(call, arrays)
        assert_same_terms(graph_of(call, arrays), expected)


def test_what_is_looked_up_is_what_was_asked_for() -> None:
    """Arguments that are equal, but not the same: True and 1, a list and a tuple, arrays and numbers beside a value."""
    x = np.arange(6.0).reshape(2, 3) + 0.5
    calls = [
        lambda x: np.sum(x, 1, keepdims=True),
        lambda x: np.sum(x, 1),
        lambda x: np.reshape(x, (3, 2)),
        lambda x: np.reshape(x, (3, 2), order="F"),
        lambda x: np.reshape(x, (3, -1), order="A"),
        lambda x: x[0],
        lambda x: x[(0,)],
        lambda x: x[(0, 1)],
        lambda x: x[True],
        lambda x: x[0:1],
        lambda x: x[:1:2],
        lambda x: x[-1],
        lambda x: x * 2,
        lambda x: x * 2.5,
        lambda x: x * np.float32(2.5),
        lambda x: x * np.array([1.0, 2.0, 3.0]),
        lambda x: np.array([1.0, 2.0, 3.0]) * x,
        lambda x: x * np.array([1, 2, 3]),
        lambda x: x**2,
        lambda x: x**0,
        lambda x: x**-1.5,
        lambda x: x * 0.0,
        lambda x: x * x[:, :1],
        lambda x: x[:1] / x,
        lambda x: np.matmul(x, x.T),
        lambda x: np.matmul(x, np.ones((3, 1))),
        lambda x: np.matmul(np.ones((1, 2)), x),
        lambda x: np.where(x > 2, x, 0.0),
        lambda x: np.where(x > 2, 1.0, x),
        lambda x: np.where(x > 2, x, x[0]),
        lambda x: np.concatenate([x, x]),
        lambda x: np.concatenate((x, np.ones((1, 3)))),
        lambda x: np.concatenate((np.ones((1, 3)), x)),
    ]
    for number in range(3):
        for f in calls:
            y = x + number
            h = np.cos(y)
            expected = (f(y + 1e-6 * h) - f(y - 1e-6 * h)) / 2e-6
            assert np.allclose(jac.jvp(f, (y,), (h,))[1], expected, rtol=1e-7)
            c = np.sin(1 + np.arange(np.size(expected))).reshape(np.shape(expected))
            assert np.allclose(np.sum(jac.vjp(f, y)[1](c) * h), np.sum(c * expected), rtol=1e-7)


def test_a_new_rule_is_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_RULES", registry.registered())
    twice = np.frompyfunc(lambda x: 2.0 * x, 1, 1)
    x = np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        return np.sum(np.negative(x))

    assert_array_equal(jac.grad(f)(x), [-1, -1])
    assert any([type(known[0]) is Rule for known in KNOWN_STEPS.values() if known is not None])
    jac.elementwise(twice, 2.0)
    assert not KNOWN_STEPS
    assert_array_equal(jac.grad(f)(x), [-1, -1])


def test_what_has_been_written_over_is_noticed_where_the_structure_is_known() -> None:
    def f(x: Any) -> Any:
        y = 2.0 * x
        z = y[:2]
        y[0] = x[1] * x[2]
        return np.sum(z * z) + np.sum(y * x)

    x = np.array([1.1, 0.7, 1.3])
    for _ in range(3):
        step = [np.imag(f(x + 1e-30j * h)) / 1e-30 for h in np.eye(3)]
        np.testing.assert_allclose(jac.grad(f)(x), step, rtol=1e-13)
        x = x + 0.1


def test_captured_numbers_are_those_of_the_call() -> None:
    """A constant that changes between two calls of one structure, in place and between two transforms."""
    c = np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        y = x * c
        c[...] = c + 1
        return np.sum(y * c)

    for _ in range(3):
        expected = c * (c + 1)
        assert_array_equal(jac.grad(f)(np.ones(2)), expected)


def test_exceptional_numbers_of_a_known_structure_are_left_to_the_rule() -> None:
    """Of a singular matrix the determinant has the slope of its cofactors, after regular ones and before them."""
    regular = np.array([[2.0, 1.0, 0.5], [0.3, 1.5, 0.2], [0.1, 0.4, 1.0]])
    singular = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1.0, 0.0, 2.0]])
    stack = np.stack([regular, singular])
    for matrix in (regular, singular, regular, stack, stack[::-1].copy(), singular):
        step = [np.imag(np.linalg.det(matrix + 1e-30j * h.reshape(matrix.shape))) / 1e-30 for h in np.eye(matrix.size)]
        expected = np.reshape(np.moveaxis(step, 0, -1), matrix.shape[:-2] + matrix.shape)
        np.testing.assert_allclose(jac.jacobian(np.linalg.det)(matrix).to_array(), expected, rtol=1e-12, atol=1e-12)


def test_a_condition_may_change_once_it_has_chosen() -> None:
    for condition in ([True, False, True], [2, 0, -1], [np.nan, 0.0, 0.5]):
        given = np.array(condition)

        def chosen(x: Any, given: np.ndarray = given) -> Any:
            mask = given.copy()
            y = np.where(mask, x, 3 * x)
            mask[:] = 0
            return y

        for _ in range(2):  # asked, and looked up
            assert_array_equal(jac.jacobian(chosen)(np.ones(3)).diagonal(), [1, 3, 1])
            assert_array_equal(jac.jacobian(chosen)(np.ones(3, np.float32)).to_array(), np.diag([1, 3, 1]))
            assert jac.jacobian(chosen)(np.ones(3, np.float32)).to_array().dtype == np.float32
