"""Constants of compiled programs: one that is another with its axes in another order is a view of it."""

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
