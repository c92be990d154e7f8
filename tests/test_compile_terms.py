"""Loops whose steps do not look alike at first: terms of several kinds, symbols that pick columns, two directions."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac

_RNG = np.random.default_rng(7)


def _bidirectional(steps: int, xp):
    X, Y = np.sin(np.arange(steps * 3.0)).reshape(steps, 3), np.cos(np.arange(steps))

    def loss(A, U, C, V, w):
        f, g = xp.zeros(4), xp.zeros(4)
        F, G = [], []
        for t in range(steps):
            f = xp.tanh(A @ X[t] + U @ f)
            F.append(f)
        for t in reversed(range(steps)):
            g = xp.tanh(C @ X[t] + V @ g)
            G.append(g)
        H = xp.concatenate([xp.stack(F), xp.stack(G[::-1])], axis=1)
        return xp.mean((H @ w - Y) ** 2)

    shapes = [(4, 3), (4, 4), (4, 3), (4, 4), (8,)]
    return loss, [_RNG.standard_normal(shape) / 2 for shape in shapes]


def _hidden_states(steps: int, xp, symbols: int = 5):
    seen = np.random.default_rng(3).integers(0, symbols, steps)

    def loss(A, E):
        a, e = xp.exp(A), xp.exp(E)
        a, e = a / xp.sum(a, axis=1, keepdims=True), e / xp.sum(e, axis=1, keepdims=True)
        p, total = e[:, seen[0]] / 3, 0.0
        for t in range(1, steps):
            s = xp.sum(p)
            total = total + xp.log(s)
            p = ((p / s) @ a) * e[:, seen[t]]
        return -(total + xp.log(xp.sum(p)))

    return loss, [_RNG.standard_normal((3, 3)), _RNG.standard_normal((3, symbols))]


def _balanced(steps: int, xp):
    def loss(C):
        K, u, v = xp.exp(-2 * C), np.ones(4), np.ones(5)
        for _ in range(steps):
            u = 0.25 / (K @ v)
            v = 0.2 / (u @ K)
        return xp.sum(u[:, None] * K * v * C)

    return loss, [np.random.default_rng(5).random((4, 5))]


_PROGRAMS = {"bidirectional": _bidirectional, "hidden states": _hidden_states, "balanced": _balanced}


@pytest.mark.parametrize("name", _PROGRAMS)
def test_steps_that_differ_in_order_or_index_are_loops(name):
    texts = []
    for steps in (50, 120):
        loss, arguments = _PROGRAMS[name](steps, np)
        compiled = jac.compile(jac.grad(loss, argnums=tuple(range(len(arguments)))))
        results = compiled(*arguments)
        foreign, _ = _PROGRAMS[name](steps, anp)
        expected = autograd.grad(foreign, argnum=tuple(range(len(arguments))))(*arguments)
        for result, other in zip(results, expected, strict=True):
            np.testing.assert_allclose(result, other, rtol=1e-9, atol=1e-12)
        texts.append(compiled.source)
    assert texts[1].count("\n") <= texts[0].count("\n") + 15  # the first symbols of a text may differ
    assert texts[1].count("\n") < 200


def test_terms_of_one_kind_are_contracted_after_the_loop():
    loss, arguments = _balanced(40, np)
    compiled = jac.compile(jac.grad(loss))
    _ = compiled(*arguments)
    bodies = [line for line in compiled.source.splitlines() if line.startswith(" " * 12)]
    assert not any("[:, None]" in line for line in bodies)


def test_columns_are_taken_for_all_steps_at_once():
    loss, arguments = _hidden_states(80, np)
    compiled = jac.compile(jac.grad(loss, argnums=(0, 1)))
    _ = compiled(*arguments)
    bodies = "".join([line for line in compiled.source.splitlines() if line.startswith(" " * 12)])
    assert "[:, " not in bodies.replace("[:, None]", "")


def test_stacked_states_are_the_rows_that_the_loop_wrote():
    def f(W, x):
        states = []
        for _ in range(60):
            x = np.tanh(W @ x)
            states.append(x)
        return np.sum(np.stack(states) ** 2)

    W, x = _RNG.standard_normal((3, 3)), _RNG.standard_normal(3)
    compiled = jac.compile(f)
    np.testing.assert_allclose(compiled(W, x), f(W, x), rtol=1e-13)
    assert "stack" not in compiled.source
    both = jac.compile(lambda W, x: (np.stack(_states(W, x)), _states(W, x)[-1]))
    np.testing.assert_array_equal(both(W, x)[0][-1], both(W, x)[1])


def _states(W, x):
    states = []
    for _ in range(50):
        x = np.tanh(W @ x)
        states.append(x)
    return states


def _outputs(steps: int, xp):
    X, Y = np.sin(np.arange(steps * 6.0)).reshape(steps, 2, 3), np.cos(np.arange(steps * 4.0)).reshape(steps, 2, 2)

    def loss(A, U, b, V):
        h, outputs = xp.zeros((2, 4)), []
        for x in X:
            h = xp.tanh(x @ A + h @ U + b)
            outputs.append(h @ V)
        return xp.mean((xp.stack(outputs) - Y) ** 2)

    return loss, [_RNG.standard_normal(shape) / 2 for shape in [(3, 4), (4, 4), (4,), (4, 2)]]


def test_what_no_step_reads_is_made_after_the_loop():
    loss, arguments = _outputs(40, np)
    compiled = jac.compile(jac.grad(loss, argnums=(0, 1, 2, 3)))
    results = compiled(*arguments)
    expected = autograd.grad(_outputs(40, anp)[0], argnum=(0, 1, 2, 3))(*arguments)
    for result, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, other, rtol=1e-9, atol=1e-12)
    bodies = [line for line in compiled.source.splitlines() if line.startswith(" " * 8)]
    assert len(bodies) == 6  # forward: product, sum, tanh; backward: product, sum, slope
    assert not any(".sum(" in line for line in bodies)


def test_values_handed_on_in_a_ring_stay_in_the_loop():
    def f(x, y, z):
        total = 0.0
        for _ in range(40):
            x, y, z = np.sin(y), z * 0.9, np.cos(x)
            total = total + x * y
        return np.sum(total + z)

    arguments = [_RNG.standard_normal(3) for _ in range(3)]
    compiled = jac.compile(jac.grad(f, argnums=(0, 1, 2)))
    for n, result in enumerate(compiled(*arguments)):
        for k in range(3):
            moved = [a + 1e-30j * np.eye(3)[k] if m == n else a for m, a in enumerate(arguments)]
            np.testing.assert_allclose(result[k], np.imag(f(*moved)) / 1e-30, rtol=1e-10)
