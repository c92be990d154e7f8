"""Loops whose steps are linear in what they are handed: no loop is left, and complex steps tell what is right."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.plain import linear_steps

STEPS = 80


def moving_average_errors(p: Any, x: Any) -> Any:
    e, total = x[0], x[0] ** 2
    for t in range(1, STEPS):
        e = x[t] - p[0] * x[t - 1] - p[1] * e
        total = total + e**2
    return total


def volatility(p: Any, x: Any) -> Any:
    h, total = p[0], 0.0
    for t in range(1, STEPS):
        h = p[0] + p[1] * x[t - 1] ** 2 + p[2] * h
        total = total + np.log(h) + x[t] ** 2 / h
    return total


def decaying_sums(p: Any, x: Any) -> Any:
    """Factors that differ from step to step."""
    excited, total = 0.0, 0.0
    for t in range(1, STEPS):
        excited = np.exp(-p[2] * (x[t] - x[t - 1]) ** 2) * (1 + excited)
        total = total + np.log(p[0] + p[1] * excited)
    return total


def level_and_trend(p: Any, x: Any) -> Any:
    """Two numbers that need each other."""
    level, trend, total = x[0], 0.0, 0.0
    for t in range(1, STEPS):
        total = total + (x[t] - level - trend) ** 2
        before, level = level, p[0] * x[t] + (1 - p[0]) * (level + trend)
        trend = p[1] * (level - before) + (1 - p[1]) * trend
    return total


def written(p: Any, x: Any) -> Any:
    """Two steps back, into an array."""
    y = np.zeros_like(x * p[0])
    y[0], y[1] = x[0], x[1]
    for t in range(2, STEPS):
        y[t] = x[t] + p[0] * y[t - 1] - p[1] * y[t - 2]
    return np.sum(y**2 * x)


SOLVED = [moving_average_errors, volatility, decaying_sums, level_and_trend, written]


def random_numbers(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.uniform(0.1, 0.6, 3), generator.standard_normal(STEPS)


def complex_steps(f: Any, p: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    return [
        np.array([f(p + 1e-30j * e, x.astype(complex)).imag / 1e-30 for e in np.eye(p.size)]),
        np.array([f(p.astype(complex), x + 1e-30j * e).imag / 1e-30 for e in np.eye(x.size)]),
    ]


@pytest.mark.parametrize("f", SOLVED)
def test_there_is_no_loop(f: Any) -> None:
    compiled = jac.compile(jac.value_and_grad(f, argnums=(0, 1)))
    _ = compiled(*random_numbers(0))
    assert "linear_steps(" in compiled.source
    assert compiled.source.count("for ") == (f is level_and_trend)  # whose way back takes more calls
    for seed in (1, 2):
        p, x = random_numbers(seed)
        value, slopes = compiled(p, x)
        np.testing.assert_allclose(value, f(p, x), rtol=1e-12)
        for found, expected in zip(slopes, complex_steps(f, p, x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)


def test_what_is_not_linear_stays_a_loop() -> None:
    def final(p: Any, x: Any) -> Any:
        y = p[0]
        for t in range(STEPS):
            y = p[1] * np.tanh(y) + x[t]
        return y

    compiled = jac.compile(final)
    p, x = random_numbers(0)
    np.testing.assert_allclose(compiled(p, x), final(p, x), rtol=1e-13)
    assert "for " in compiled.source


def test_few_steps_stay_a_loop() -> None:
    def final(p: Any, x: Any) -> Any:
        y = p[0]
        for t in range(40):
            y = p[1] * y + x[t]
        return y

    compiled = jac.compile(final)
    p, x = random_numbers(0)
    np.testing.assert_allclose(compiled(p, x), final(p, x), rtol=1e-13)
    assert "linear_steps" not in compiled.source


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("f", SOLVED)
def test_values_that_are_not_finite_are_what_they_are_in_a_loop(f: Any, wrong: float) -> None:
    p, x = random_numbers(3)
    compiled = jac.compile(f)
    _ = compiled(p, x)
    x[STEPS // 2] = wrong
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(compiled(p, x), f(p, x), rtol=1e-12)


def test_a_saved_program_holds_what_solves_it(tmp_path: Any) -> None:
    compiled = jac.compile(jac.grad(volatility), name="slope")
    p, x = random_numbers(4)
    expected = compiled(p, x)
    path = tmp_path / "saved_volatility.py"
    compiled.save(path)
    spec = importlib.util.spec_from_file_location("saved_volatility", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    np.testing.assert_array_equal(module.slope(p, x), expected)


def one_after_the_other(before: Any, addends: Any, places: Any, factors: Any, count: int) -> np.ndarray:
    y = [np.array(before, float)]
    for t in range(count):
        new = np.array([np.broadcast_to(a, (count,))[t] for a in addends], float)
        for (i, j), factor in zip(places, factors, strict=True):
            new[i] += np.broadcast_to(factor, (count,))[t] * y[-1][j]
        y.append(new)
    return np.array(y).T


@pytest.mark.parametrize("seed", range(40))
def test_linear_steps(seed: int) -> None:
    """Any number of numbers, with factors and addends that are numbers or arrays, and now and then no number at all."""
    generator = np.random.default_rng(seed)
    k, count = int(generator.integers(1, 5)), int(generator.integers(0, 9))

    def any_value() -> Any:
        return generator.standard_normal(count) if generator.random() < 0.6 else float(generator.standard_normal())

    every = [(i, j) for i in range(k) for j in range(k)]
    places = tuple([place for place in every if generator.random() < 0.6])
    factors = [any_value() for _ in places]
    before, addends = generator.standard_normal(k).tolist(), [any_value() for _ in range(k)]
    if seed % 4 == 1:
        before[0] = 0.0
        factors = [np.full(count, np.inf) if n == 0 else factor for n, factor in enumerate(factors)]
    if seed % 4 == 2:
        addends[-1] = np.nan
    with np.errstate(all="ignore"):
        expected = one_after_the_other(before, addends, places, factors, count)
        found = linear_steps(before, addends, places, factors, count)
    assert found.shape == (k, count + 1)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_linear_steps_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [1.0, 2.0], [np.arange(3.0), 0.5], ((0, 0), (0, 1), (1, 0)), [0.5, np.ones(3), 2.0], 3
    expected = linear_steps(*arguments)
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    np.testing.assert_allclose(linear_steps(*arguments), expected, rtol=1e-14)
