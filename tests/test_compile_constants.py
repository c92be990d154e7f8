"""Constants of compiled programs: views of others, and counts, axes and shapes that are arrays."""

from __future__ import annotations

import importlib.util
import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler.constants import seen_in

SHAPES = ((24,), (4, 6), (2, 3, 4), (4, 1, 6))


def _arranged(values: np.ndarray, shape: tuple[int, ...], order: tuple[int, ...]) -> np.ndarray:
    return values.reshape(shape).transpose(order)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("other", SHAPES)
def test_views(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    values = np.arange(24.0)
    values[5], values[6] = np.nan, -0.0
    for order in itertools.permutations(range(len(shape))):
        array = _arranged(values, shape, order)
        for turned in itertools.permutations(range(len(other))):
            expression = seen_in(_arranged(values.copy(), other, turned), array, "A")
            assert expression is not None
            view = eval(expression, {"A": array})
            assert np.shares_memory(view, array)
            np.testing.assert_array_equal(view, _arranged(values, other, turned))
    assert seen_in(np.roll(values, 1), values, "A") is None
    assert seen_in(values.astype(np.float32), values, "A") is None


def test_other_memory() -> None:
    X = np.arange(6.0).reshape(2, 3)
    assert seen_in(np.ascontiguousarray(X.T), X, "X") is None
    assert seen_in(np.arange(12.0)[::2], np.arange(6.0), "x") is None
    assert seen_in(np.array([0.0]), np.array([-0.0]), "x") is None
    assert seen_in(np.zeros(0), np.zeros((0, 3)), "x") is None


def test_data_is_stored_once(tmp_path: Path) -> None:
    # The gradient of least squares reads the data and their transpose.
    rng = np.random.default_rng(0)
    X, y, w = rng.standard_normal((200, 30)), rng.standard_normal(200), rng.standard_normal(30)

    def loss(w: Any) -> Any:
        return 0.5 * np.sum(np.cos(X @ w - y))

    compiled = jac.compile(jac.grad(loss))
    expected = -0.5 * X.T @ np.sin(X @ w - y)
    np.testing.assert_allclose(compiled(w), expected, rtol=1e-12)
    (program,) = compiled._programs.values()
    space = program.kernel.space
    assert [array.shape for array in space.constants.values() if array.size == X.size] == [X.shape]
    assert list(space.views.values()) == ["c0.T"]
    np.testing.assert_allclose(pickle.loads(pickle.dumps(program.kernel)).text(w), expected, rtol=1e-12)
    path = tmp_path / "slope.py"
    compiled.save(path)
    spec = importlib.util.spec_from_file_location("slope", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    np.testing.assert_allclose(module.loss(w), expected, rtol=1e-12)


ENTRIES = np.random.default_rng(0).standard_normal((3, 4))
COUNTS = {
    "repeat": lambda x: np.repeat(x, np.arange(12) % 3),
    "mean of repeated": lambda x: np.mean(np.repeat(x, np.array([1, 0, 2]), axis=0)),
    "tile": lambda x: np.tile(x, np.array([2, 1])),
    "pad": lambda x: np.pad(x, np.array([[1, 2], [2, 1]])),
    "broadcast_to": lambda x: np.broadcast_to(x, np.array([2, 3, 4])),
    "zeros_like": lambda x: np.zeros_like(x, shape=np.array([2])) + np.sum(x),
    "sum": lambda x: np.sum(x, axis=np.int64(0)),
    "max": lambda x: np.max(x, np.array(1)),
    "moveaxis": lambda x: np.moveaxis(x, np.array([0]), np.int64(1)),
    "trace": lambda x: np.trace(x, np.int64(1)),
    "swapaxes": lambda x: np.swapaxes(x, np.array(0), np.int64(1)),
    "rot90": lambda x: np.rot90(x, np.int64(1)),
    "tensordot": lambda x: np.tensordot(x, x, (np.array([1]), np.array([1]))),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_and_axes_may_be_integers_of_numpy(name: str) -> None:
    f = COUNTS[name]
    expected = jac.numerical_jacobian(f, ENTRIES)
    found = jac.compile(lambda x: jac.jacobian(f)(x).to_array())(ENTRIES)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(jac.compile(f)(ENTRIES), f(ENTRIES))


def test_copies_counted_by_integers_of_numpy_leave_labels_of_plain_ones() -> None:
    for reps in (np.int64(2), (np.int64(2), 3), np.array([2, 1])):
        (term,) = jac.jacobian(lambda x, reps=reps: np.tile(x, reps))(ENTRIES).terms
        assert {type(label.size) for axis in (*term.out, *term.inp) for label in axis} == {int}
