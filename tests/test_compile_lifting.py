"""What does not wait for the step before leaves a loop: the text tells it, autograd tells whether it is right."""

from __future__ import annotations

import re

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac


def _numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape) + 3).standard_normal(shape) / 4


def _bodies(source: str) -> list[str]:
    """The text of each loop."""
    return re.findall(r"^( *)for .*\n((?:\1    .*\n)+)", source, re.MULTILINE)


def elman(np):
    def loss(W, U, b, V, X, Y):
        h, total = np.zeros(W.shape[0]), 0.0
        for t in range(len(X)):
            h = np.tanh(np.dot(W, h) + np.dot(U, X[t]) + b)
            error = np.dot(V, h) - Y[t]
            total = total + np.sum(error * error)
        return total

    return loss, (_numbers(5, 5), _numbers(5, 3), _numbers(5), _numbers(2, 5), _numbers(30, 3), _numbers(30, 2))


def gated(np):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def loss(W, U, b, X):
        n = W.shape[1]
        h, total = np.zeros(n), 0.0
        for x in X:
            z = np.dot(U, x) + b
            u = np.dot(W[: 2 * n], h) + z[: 2 * n]
            update, reset = sigmoid(u[:n]), sigmoid(u[n:])
            new = np.tanh(np.dot(W[2 * n :], reset * h) + z[2 * n :])
            h = (1 - update) * h + update * new
            total = total + np.sum(h**2 * x[0])
        return total

    return loss, (_numbers(12, 4), _numbers(12, 3), _numbers(12), _numbers(25, 3))


def leapfrog(np):
    def energy(x, v, masses):
        for _ in range(20):
            apart = x[:, None, :] - x
            force = np.sum(masses[:, None] * apart / (np.sum(apart**2, axis=2) + 0.1)[:, :, None] ** 1.5, axis=1)
            v = v - 0.01 * force
            x = x + 0.01 * v
        return np.sum(x**2) + np.sum(masses[:, None] * v**2)

    return energy, (_numbers(4, 3), _numbers(4, 3), np.abs(_numbers(4)))


def decaying(np):
    def total(x, a):
        result = 0.0
        for t in range(40):
            x = np.sin(a * x) + 0.1 * t
            result = result + x * np.exp(-a)
        return result

    return total, (np.array(0.3), np.array(0.8))


def matrices(np):
    def loss(A, P):
        total = 0.0
        for _ in range(30):
            P = np.dot(np.dot(A, P), A.T) + np.eye(3)
            total = total + np.sum(np.tanh(P))
        return total

    return loss, (_numbers(3, 3), _numbers(3, 3))


def windows(np):
    def loss(w, X):
        h, total = np.zeros(2), 0.0
        for t in range(20):
            h = np.tanh(h + np.dot(X[2 * t : 2 * t + 2], w) + np.dot(X[t : t + 1], w) - X[3 * t, 0])
            total = total - np.sum(h * X[39 - t : 40 - t, :2])
        return total

    return loss, (_numbers(3), _numbers(60, 3))


def wide(np):
    """Parts of one array of weights, of more entries than are kept for each step."""

    def loss(W, X):
        n = W.shape[1]
        h, total = np.zeros(n), 0.0
        for t in range(len(X)):
            gate = 1 / (1 + np.exp(-np.dot(W[:n], h) - X[t]))
            h = gate * np.tanh(np.dot(W[n:], gate * h) + X[t])
            total = total + np.sum(h**2)
        return total

    return loss, (_numbers(80, 40) / 4, _numbers(60, 40))


def outer_products(np):
    def loss(A, x):
        kept, total = [], 0.0
        for t in range(30):
            x = np.tanh(np.dot(A, x) + 0.1 * t)
            product = np.outer(x, np.cos(x))
            total = total + product
            kept.append(product)
        return np.sum(total**2) + np.sum(np.stack(kept) ** 3) + np.sum(kept[4] * kept[-1])

    return loss, (_numbers(40, 40) / 4, _numbers(40))


FUNCTIONS = (wide, outer_products, elman, gated, leapfrog, decaying, matrices, windows)


@pytest.mark.parametrize("make", FUNCTIONS)
def test_gradients_are_those_of_autograd(make):
    function, arguments = make(np)
    argnums = tuple(range(len(arguments)))
    compiled = jac.compile(jac.grad(function, argnums=argnums))
    expected = autograd.grad(make(anp)[0], argnums)(*arguments)
    other = tuple([1.25 * a for a in arguments])
    for _ in range(2):
        for found, right in zip(compiled(*arguments), expected, strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)
        _ = compiled(*other)  # nothing is left over from a call with other numbers
    for found, right in zip(compiled(*other), autograd.grad(make(anp)[0], argnums)(*other), strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("make", FUNCTIONS)
def test_single_precision_stays(make):
    function, arguments = make(np)
    single = tuple([a.astype(np.float32) for a in arguments])
    argnums = tuple(range(len(arguments)))
    found = jac.compile(jac.grad(function, argnums=argnums))(*single)
    expected = jac.grad(function, argnums=argnums)(*arguments)
    for a, right in zip(found, expected, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, right, rtol=2e-3, atol=2e-4)


def test_slopes_inputs_and_sums_leave_the_loops_of_a_network():
    function, arguments = elman(np)
    compiled = jac.compile(jac.grad(function, argnums=(0, 1, 2, 3)))
    _ = compiled(*arguments)
    forward, backward = [body for _, body in _bodies(compiled.source)]
    assert forward.count("\n") == 3  # the product with W, what was added up before, tanh
    assert backward.count("\n") == 3  # the product with W, the error, the slope
    assert "append" not in compiled.source


def test_sigmoids_of_neighbouring_parts_are_one():
    function, arguments = gated(np)
    compiled = jac.compile(jac.grad(function, argnums=(0, 1, 2)))
    _ = compiled(*arguments)
    forward = _bodies(compiled.source)[0][1]
    assert forward.count("np.exp") == 1


def test_gradients_of_weights_are_products_of_all_steps():
    function, arguments = wide(np)
    compiled = jac.compile(jac.grad(function))
    _ = compiled(*arguments)
    backward = _bodies(compiled.source)[-1][1]
    assert "+=" not in backward
    assert ".append" not in compiled.source
    assert "[:, None]" not in backward  # no product of two vectors is written


def test_what_is_the_same_in_all_steps_is_computed_once():
    def final(x, a):
        for _ in range(40):
            x = np.sin(x * np.exp(a)) + np.cos(a)
        return x

    compiled = jac.compile(final)
    x, a = np.linspace(0.25, 0.5, 20), np.linspace(-0.2, 0.1, 20)
    np.testing.assert_allclose(compiled(x, a), final(x, a), rtol=1e-13)
    assert _bodies(compiled.source)[0][1].count("np.") == 1


def test_results_share_no_memory():
    def states(x):
        kept = []
        for _ in range(40):
            x = np.tanh(1.5 * x)
            kept.append(x)
        return np.stack(kept), x, kept[3], np.sum(np.stack(kept) ** 2, axis=1)

    compiled = jac.compile(states)
    x = np.linspace(-1, 1, 5)
    whole, last, fourth, _ = compiled(x)
    for a, b in ((whole, last), (whole, fourth), (last, fourth)):
        assert not np.shares_memory(a, b)
    for found, right in zip(compiled(x), states(x), strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-15)


def test_non_finite_steps_are_those_of_the_plain_function():
    def final(x, X):
        for t in range(40):
            x = x * np.exp(X[t]) + np.log(X[t])
        return x

    X = np.ones((40, 3))
    X[7, 0], X[9, 1] = np.inf, 0.0
    with np.errstate(all="ignore"):
        expected = final(np.ones(3), X)
        np.testing.assert_allclose(jac.compile(final)(np.ones(3), X), expected)
    assert not np.all(np.isfinite(expected))


def test_large_arrays_stay_in_the_loop():
    def final(x, X):
        for t in range(40):
            x = x * np.exp(X[t])
        return x

    compiled = jac.compile(final)
    x, X = _numbers(3000), _numbers(40, 3000)
    np.testing.assert_allclose(compiled(x, X), final(x, X))
    assert "np.exp" in _bodies(compiled.source)[0][1]
    compiled = jac.compile(final)
    np.testing.assert_allclose(compiled(x[:30], X[:, :30]), final(x[:30], X[:, :30]))
    assert "np.exp" not in _bodies(compiled.source)[0][1]


@pytest.mark.parametrize(
    "least",
    [np.minimum, lambda a, b: b / (2 + np.max(b)) + a, lambda a, b: a + np.minimum.accumulate(b)],
    ids=["elementwise", "largest", "running"],
)
def test_what_is_compared_is_computed_once(least):
    """What equals a result in the loop equals it behind the loop, whatever is rounded in another way there."""

    def total(p, x):
        a, b, c, e = p, 0.2 * p, p, 0.0
        for n in range(len(x)):
            c = 0.6 * (0.3 * b + 0.7 * x[n]) + 0.1 * p
            d = 0.6 * (p * (p @ c)) + 0.1 * p
            e = np.dot(np.tanh(a), c)
            a, b = np.tanh(np.tanh(least(a, d))), np.sin(1.1 * c)
        return np.sum(a) + np.sum(np.tanh(e * p) * c)

    gradient = jac.compile(jac.grad(total))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        p, x = rng.standard_normal(3), rng.standard_normal((12, 3))
        expected = [(total(p + h, x) - total(p - h, x)) / 2e-6 for h in 1e-6 * np.eye(3)]
        np.testing.assert_allclose(gradient(p, x), expected, rtol=1e-5, atol=1e-7)
    assert "for " in gradient.source


def test_what_is_broadcast_in_each_step_is_broadcast_once():
    W = _numbers(6, 3)

    def loss(x):
        y = np.ones(6)
        for k in range(30):
            y = np.tanh(W @ y[:3] + np.broadcast_to(np.exp(x[k]), (3, 2)).reshape(-1))
        return np.sum(y * y)

    x, compiled = _numbers(30, 1), jac.compile(loss)
    np.testing.assert_allclose(compiled(x), loss(x), rtol=1e-13)
    assert [text.count("broadcast_to") for _, text in _bodies(compiled.source)] == [0]
    steps = [1e-30j * (np.arange(30) == k)[:, None] for k in range(30)]
    expected = [[loss(x + step).imag / 1e-30] for step in steps]
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(x), expected, rtol=1e-11)
