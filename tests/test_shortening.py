"""Pullbacks hold one array for a chain of entrywise steps, and give the same cotangents again and again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.elimination import has_large, shorten
from jacobians.recording import linearise

N = 20_000


def steep(x: Any) -> Any:
    return np.sin(x) * np.exp(-(x**2) / 2)


def normalised(x: Any) -> Any:
    y = steep(x)
    return y / np.sqrt(np.sum(y**2))


def several(x: Any) -> Any:
    y = np.exp(x) * np.sin(x)
    z = np.tanh(y) + y**2
    return {"y": y, "z": z * np.cumsum(x), "x": x}


def twice(x: Any) -> Any:
    y = np.sin(x) + x * np.cos(x)
    return np.sum(y * y), y


def selected(x: Any) -> Any:
    return np.where(x > 0.5, np.exp(x) ** 2, np.sqrt(np.abs(x) + 1))[::2] * np.sin(x[1::2])


FUNCTIONS: list[Callable[[Any], Any]] = [steep, normalised, several, twice, selected, np.exp, lambda x: x, np.sum]
NAMES = ["steep", "normalised", "several", "twice", "selected", "exp", "identity", "sum"]


def leaves(result: Any) -> list[Any]:
    if isinstance(result, dict):
        return list(result.values())
    return list(result) if isinstance(result, tuple) else [result]


def like(result: Any, make: Callable[[Any], Any]) -> Any:
    if isinstance(result, dict):
        return {key: make(value) for key, value in result.items()}
    return tuple([make(value) for value in result]) if isinstance(result, tuple) else make(result)


@pytest.mark.parametrize("f", FUNCTIONS, ids=NAMES)
def test_pullbacks_are_those_of_complex_steps(f: Callable[[Any], Any]) -> None:
    rng = np.random.default_rng(0)
    x, h = rng.uniform(0.1, 1.0, N), rng.standard_normal(N)
    given = x.copy()
    value, pullback = jac.vjp(f, x)
    copies = [np.copy(leaf) for leaf in leaves(value)]
    along = [np.imag(leaf) / 1e-30 for leaf in leaves(f_complex(f, x + 1e-30j * h))]
    for scale in (1.0, -2.0):
        cotangent = like(value, lambda leaf: scale * np.cos(np.arange(np.size(leaf))).reshape(np.shape(leaf)))  # noqa: B023
        (found,) = pullback(cotangent)
        expected = sum([np.sum(c * d) for c, d in zip(leaves(cotangent), along, strict=True)])
        np.testing.assert_allclose(np.sum(found * h), expected, rtol=1e-9)
    for leaf, copy in zip(leaves(value), copies, strict=True):
        np.testing.assert_array_equal(leaf, copy)
    np.testing.assert_array_equal(x, given)


def f_complex(f: Callable[[Any], Any], x: Any) -> Any:
    if f is selected:
        return np.where(x.real > 0.5, np.exp(x) ** 2, np.sqrt(x + 1))[::2] * np.sin(x[1::2])
    return f(x)


def test_what_the_caller_changes_afterwards_changes_nothing() -> None:
    x = np.linspace(0.1, 1.0, N)
    value, pullback = jac.vjp(normalised, x)
    (before,) = pullback(np.ones(N))
    x *= 3
    value[:] = 7
    np.testing.assert_array_equal(pullback(np.ones(N))[0], before)


@pytest.mark.parametrize("kind", ["f", "d"])
def test_precision_stays(kind: str) -> None:
    x = np.linspace(0.1, 1.0, N).astype(kind)
    (found,) = jac.vjp(steep, x)[1](np.ones(N, kind))
    assert found.dtype == x.dtype
    np.testing.assert_allclose(
        found, (np.cos(x) - x * np.sin(x)) * np.exp(-(x**2) / 2), rtol=1e-4 if kind == "f" else 1e-12, atol=1e-6
    )


def test_two_inputs_and_what_is_not_finite() -> None:
    x, y = np.linspace(-1.0, 1.0, N), np.linspace(1.0, 2.0, N)
    x[3], y[4] = np.nan, np.inf

    def f(x: Any, y: Any) -> Any:
        return np.exp(np.sin(x) * y) + x * y

    with np.errstate(all="ignore"):
        by_x, by_y = jac.vjp(f, x, y)[1](np.ones(N))
        e = np.exp(np.sin(x) * y)
        np.testing.assert_allclose(by_x, e * np.cos(x) * y + y, rtol=1e-12)
        np.testing.assert_allclose(by_y, e * np.sin(x) + x, rtol=1e-12)


def test_pullbacks_are_differentiated_themselves() -> None:
    x = np.linspace(0.1, 1.0, N)
    found = jac.grad(lambda x: np.sum(jac.vjp(np.sin, x * x)[1](np.cos(x))[0]))(x)
    direction = np.cos(np.arange(N))
    z = x + 1e-30j * direction
    np.testing.assert_allclose(found @ direction, np.imag(np.sum(np.cos(z) * np.cos(z * z))) / 1e-30, rtol=1e-10)


def edges(f: Callable[[Any], Any], x: np.ndarray) -> tuple[int, int]:
    """Edges before and after."""

    def finish(record: Any) -> tuple[int, int]:
        assert has_large(record.graph)
        before = sum(map(len, record.graph.into))
        shorten(record.graph, record.inputs, record.outputs)
        return before, sum(map(len, record.graph.into))

    return linearise("vjp", f, (x,), {}, (0,), finish)


def test_a_chain_is_one_edge() -> None:
    x = np.linspace(0.1, 1.0, N)
    assert edges(steep, x)[1] == 1
    assert edges(lambda x: np.tanh(np.sin(np.exp(x))), x) == (3, 1)


@pytest.mark.parametrize("f", [np.sin, np.cumsum, lambda x: np.cumsum(np.sin(x)), lambda x: np.sin(x)[::2]])
def test_other_steps_stay(f: Callable[[Any], Any]) -> None:
    before, after = edges(f, np.linspace(0.1, 1.0, N))
    assert before == after


def test_fewer_arrays_are_held() -> None:
    """The value, and one slope for all steps; without it the point and two values more."""
    x = np.linspace(0.1, 1.0, 10 * N)
    _ = jac.vjp(steep, x)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = jac.vjp(steep, x)
    held = (tracemalloc.get_traced_memory()[0] - before) / x.nbytes
    tracemalloc.stop()
    assert held < 2.1
    np.testing.assert_allclose(kept[1](x)[0], x * (np.cos(x) - x * np.sin(x)) * np.exp(-(x**2) / 2), atol=1e-12)


def rooted(x: Any) -> Any:
    y = np.exp(x)
    return np.sqrt(y), 1 / (y + np.cumsum(y)), y / (1 + y[::-1])


@pytest.mark.parametrize("f", [lambda x: x / np.sum(x), rooted, lambda x: np.sqrt(x), lambda x: x / (1 + x * x)])
def test_results_that_are_handed_out_are_computed_again(f: Callable[[Any], Any]) -> None:
    """Their slopes are stated by them, but the caller may write into them."""
    x = np.linspace(0.1, 1.0, N)
    h = np.cos(np.arange(N))
    along = [np.imag(leaf) / 1e-30 for leaf in leaves(f(x + 1e-30j * h))]
    value, pullback = jac.vjp(f, x)
    cotangent = like(value, lambda leaf: np.sin(np.arange(N)))
    x *= 3
    for leaf in leaves(value):
        leaf[:] = 7
    for _ in range(3):
        (found,) = pullback(cotangent)
        expected = sum([np.sum(c * d) for c, d in zip(leaves(cotangent), along, strict=True)])
        np.testing.assert_allclose(found @ h, expected, rtol=1e-9, atol=1e-12)
