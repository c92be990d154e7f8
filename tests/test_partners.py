"""Sine and cosine of one large array are each other's slope: neither is computed twice, what is held stays right."""

from __future__ import annotations

from collections import Counter

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac
from jacobians.late import LARGE, one_view

N = LARGE // 8


def numbers(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, N)


def counted(monkeypatch: pytest.MonkeyPatch, *names: str) -> Counter[str]:
    """How often rules compute these functions of plain arrays."""
    calls: Counter[str] = Counter()

    def watch(name: str) -> None:
        function = getattr(np, name)

        def call(x):
            calls[name] += type(x) is np.ndarray and x.nbytes >= LARGE
            return function(x)

        monkeypatch.setattr(np, name, call)

    for name in names:
        watch(name)
    return calls


def rotated(np):
    """A function of an array, of sine and cosine, or of their hyperbolic sisters, of the same numbers."""

    def circle(x):
        return np.sum(np.sin(x) * x**2 + np.cos(x) * x**3)

    def hyperbola(x):
        return np.sum(np.sinh(x) * x**2 + np.cosh(x) * x**3)

    def twice(x):
        return np.sum(np.sin(x) * np.cos(x) + np.sin(x) ** 2 * x)

    return [circle, hyperbola, twice]


@pytest.mark.parametrize("which", range(3))
def test_gradient(which, monkeypatch):
    """The values are the slopes: the rules compute nothing anew."""
    x, f = numbers(), rotated(np)[which]
    calls = counted(monkeypatch, "sin", "cos", "sinh", "cosh")
    found = jac.grad(lambda x: rotated(_Plain)[which](x))(x)
    assert calls.total() == 0
    assert np.allclose(found, autograd.grad(rotated(anp)[which])(x), rtol=1e-13)
    assert np.allclose(jac.vjp(f, x)[1](2.0)[0], 2 * found, rtol=1e-13)


class _Plain:
    """NumPy's functions as they were before they were watched."""

    sum, sin, cos, sinh, cosh = np.sum, np.sin, np.cos, np.sinh, np.cosh


@pytest.mark.parametrize("which", range(3))
def test_second_derivative(which, monkeypatch):
    x, h = numbers(), numbers(1)
    calls = counted(monkeypatch, "sin", "cos", "sinh", "cosh")
    (found,) = jac.hvp(lambda x: rotated(_Plain)[which](x), (x,), (h,))
    assert calls.total() == 0
    expected = autograd.make_hvp(rotated(anp)[which])(x)[0](h)
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_third_derivative():
    x, h = numbers(), numbers(1)
    found = jac.grad(lambda x: jac.hvp(lambda x: np.sum(np.sin(x) + x * np.cos(x)), (x,), (h,))[0] @ h)(x)
    # (sin + x cos)''' = -cos + x sin - 3 cos
    assert np.allclose(found, h * h * (x * np.sin(x) - 4 * np.cos(x)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("step", [1, -1])
def test_results_may_be_written_into(step):
    """A value that is handed out shares no memory with a slope that is used later."""
    x, c = numbers(), numbers(1)
    y, pullback = jac.vjp(lambda x: (np.sin(x), np.cos(x)) if step == 1 else (np.cos(x), np.sin(x)), x)
    slopes = (np.cos(x), -np.sin(x))[::step]
    for array in y:
        array[:] = 7.0
    for _ in range(2):
        (found,) = pullback((c, 3 * c))
        assert np.allclose(found, c * slopes[0] + 3 * c * slopes[1], rtol=1e-13)
        found[:] = 9.0
    y, J = jac.linearize(lambda x: np.sin(x) + np.cos(x), x)
    y[:] = 7.0
    assert np.allclose(J.jvp(c), c * (np.cos(x) - np.sin(x)), rtol=1e-12, atol=1e-14)


def test_what_is_handed_out_as_aux_may_be_written_into():
    x, c = numbers(), numbers(1)

    def f(x):
        s, t = np.sin(x), np.cos(x)
        return s * 2 + t, (s, t)

    J, aux = jac.jacobian(f, has_aux=True)(x)
    for array in aux:
        array[:] = 7.0
    assert np.allclose(J @ c, c * (2 * np.cos(x) - np.sin(x)), rtol=1e-12, atol=1e-14)


def test_written_buffers():
    """Entries that are written afterwards do not change the slope."""
    x = numbers()

    def f(x):
        s, t = np.sin(x), np.cos(x)
        t[::2] = 0.0
        s *= x
        return np.sum(s * t)

    expected = np.where(np.arange(N) % 2, np.cos(2 * x) * x + np.sin(x) * np.cos(x), 0.0)
    assert np.allclose(jac.grad(f)(x), expected, rtol=1e-12, atol=1e-14)


def test_tape_is_asked_twice():
    x = numbers()
    with jac.Tape() as tape:
        w = tape.watch(x)
        s = np.sin(w)
        first = np.sum(s * 2)
        assert np.allclose(tape.gradient(first, w), 2 * np.cos(x), rtol=1e-13)
        both = first + np.sum(np.cos(w) * s)
        for _ in range(2):
            assert np.allclose(tape.gradient(both, w), 2 * np.cos(x) + np.cos(2 * x), rtol=1e-11, atol=1e-14)


def test_single_precision_stays():
    x = np.linspace(-1, 1, 2 * N, dtype=np.float32)
    found = jac.grad(lambda x: np.sum(np.sin(x) * np.cos(x)))(x)
    assert found.dtype == np.float32
    assert np.allclose(found, np.cos(2 * x.astype(float)), atol=1e-6)


def test_columns(monkeypatch):
    """A slope under fewer labels than its array has axes waits as well, and is the partner where that is known."""
    x, c = numbers()[:, None], np.arange(1.0, 3)
    calls = counted(monkeypatch, "sin", "cos")
    J = jac.jacobian(lambda x: _Plain.cos(x) * (x * c) + _Plain.sin(x))(x)
    assert calls.total() == 0
    found = J @ np.ones((N, 1))
    assert calls.total() == 0
    assert np.allclose(found, (np.cos(x) - x * np.sin(x)) * c + np.cos(x), rtol=1e-12, atol=1e-14)


def test_views_of_one_array_are_one():
    """So that a factor which two terms share is seen; the view of an array that is gone is nobody else's."""
    array = np.arange(float(N))
    view = one_view(array, (N // 2, 2))
    assert one_view(array, (N // 2, 2)) is view
    assert view.base is array
    for n in range(20):
        fresh = np.full(N, float(n))
        assert one_view(fresh, (N, 1))[0, 0] == n
    turned = np.asfortranarray(array.reshape(N // 2, 2))
    assert np.array_equal(one_view(turned, (N,)), turned.reshape(-1))
