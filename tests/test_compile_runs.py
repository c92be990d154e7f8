"""Positions that are few runs are read and written by slices; rolls are two slices put together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler.runs import runs_of
from jacobians.program import CONSTANT, Node


def _constant(values) -> Node:
    array = np.asarray(values, np.intp)
    return Node(CONSTANT, (array,), {}, array.shape, array.dtype)


_POSITIONS = [
    [5],
    [0, 1, 2, 3],
    [9, 0, 1, 2, 3, 4],
    [1, 2, 3, 4, 0],
    [0, 6, 12, 17, 22, 27, 33, 39],
    [4, 4],
    [3, 9, 10, 15, 20],
    [7, 5, 6, 7, 8],
    [2, 0, 4, 6, 8, 1],
]


@pytest.mark.parametrize("positions", _POSITIONS, ids=str)
def test_runs_tell_the_positions(positions):
    runs = runs_of(_constant(positions))
    assert runs is not None
    found = np.concatenate([np.arange(40)[run.slice] for run in runs])
    np.testing.assert_array_equal(found, positions)
    texts = [eval(f"np.arange(40)[{run.text}]") for run in runs]
    np.testing.assert_array_equal(np.concatenate(texts), positions)
    assert runs[0].first == 0
    assert runs[-1].stop == len(positions)
    assert all(a.stop == b.first for a, b in pairwise(runs))


def test_many_runs_and_those_that_go_down_are_left():
    assert runs_of(_constant([4, 3, 2, 1])) is None
    assert runs_of(_constant([-1, 0, 1])) is None
    assert runs_of(_constant(np.random.default_rng(0).permutation(50))) is None
    assert runs_of(_constant([])) is None


def _numeric(f, x):
    """The Jacobian by complex steps."""
    steps = [np.imag(f(x + 1e-30j * e.reshape(x.shape))).ravel() / 1e-30 for e in np.eye(x.size)]
    return np.stack(steps, axis=-1).reshape(*f(x).shape, *x.shape)


def _ring(u):
    return u * (np.roll(u, 1) - 2 * u + np.roll(u, -1)) + np.roll(u, 37) ** 2


def _plane(u):
    k = 1 + u * u
    return sum(np.roll(k, 1, axis) * np.roll(u, -2, axis) for axis in (0, 1)) + np.roll(u, -5)


@pytest.mark.parametrize(("f", "shape"), [(_ring, (40,)), (_ring, (3,)), (_ring, (1,)), (_plane, (6, 7))])
def test_stencils_with_rolls(f, shape):
    x = np.random.default_rng(1).standard_normal(shape)
    np.testing.assert_allclose(jac.compile(f)(x), f(x), rtol=1e-14)
    expected = _numeric(f, x)
    dense = jac.compile(lambda x: jac.jacobian(f)(x).to_array())(x)
    np.testing.assert_allclose(dense, expected, rtol=1e-12, atol=1e-14)
    sparse = jac.compile(lambda x: jac.jacobian(f)(x).to_sparse("csr"))(x)
    np.testing.assert_allclose(sparse.toarray(), expected.reshape(x.size, x.size), rtol=1e-12, atol=1e-14)
    c = np.cos(np.arange(x.size)).reshape(shape)
    gradient = jac.compile(jac.grad(lambda x: np.sum(c * f(x))))(x)
    np.testing.assert_allclose(gradient, np.tensordot(c, expected, x.ndim), rtol=1e-12, atol=1e-13)


def test_gradients_of_a_ring_are_written_by_slices():
    def loss(k, u):
        for _ in range(40):
            u = u + k * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
        return np.sum(u**2)

    k, u = np.full(50, 0.1), np.sin(np.arange(50.0))
    compiled = jac.compile(jac.grad(loss, argnums=(0, 1)))
    results = compiled(k, u)
    for n, result in enumerate(results):
        arguments = [k, u]
        for m in (0, 7, 49):
            arguments[n] = (k, u)[n] + 1e-30j * np.eye(50)[m]
            np.testing.assert_allclose(result[m], np.imag(loss(*arguments)) / 1e-30, rtol=1e-11)
    assert "np.roll" not in compiled.source
    assert "[c" not in compiled.source


@pytest.mark.parametrize(
    "call", [lambda x: np.roll(x, 3), lambda x: np.roll(x, (1, 2), (0, 1)), lambda x: np.roll(x, 0, 1)]
)
def test_rolls_of_other_kinds(call):
    for x in (np.arange(12.0).reshape(3, 4), np.zeros((0, 4)), np.arange(3, dtype=np.float32).reshape(1, 3)):
        found = jac.compile(call)(x)
        np.testing.assert_array_equal(found, call(x))
        assert found.dtype == x.dtype


def test_results_of_rolls_share_no_memory_with_the_argument():
    x = np.arange(40.0)
    for shift in (0, 3, 40, -80):
        found = jac.compile(lambda x, shift=shift: np.roll(x, shift))(x)
        assert not np.shares_memory(found, x)
        np.testing.assert_array_equal(found, np.roll(x, shift))
