"""Loops over small arrays compute with their entries; what leaves them is an array again."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac


def _lorenz(p):
    s = np.stack([p[0] * 0.1, p[1] * 0.05, p[2]])
    for _ in range(50):
        s = s + 0.005 * np.stack([p[0] * (s[1] - s[0]), s[0] * (p[1] - s[2]) - s[1], s[0] * s[1] - p[2] * s[2]])
    return np.sum(s * s)


def _states(p):
    s, kept = p[:2], []
    for _ in range(30):
        s = s + 0.1 * np.stack([s[1], -p[2] * np.sin(s[0])])
        kept.append(s)
    return np.sum(np.stack(kept) ** 2) + kept[7] @ kept[3]


def _matrices(p):
    M, total = np.eye(2), 0.0
    for t in range(40):
        turn = np.stack([np.stack([np.cos(p[t % 3]), np.sin(p[t % 3])]), np.stack([-np.sin(p[t % 3]), p[0]])])
        M = 0.9 * turn @ M
        total = total + M[0] @ M[:, 1]
    return total + np.sum(M)


def _driven(p):
    force = np.sin(np.arange(80).reshape(40, 2))
    s, v = p[:2], p[1:]
    for t in range(40):
        v = v + 0.1 * (force[t] - p[2] * np.sqrt(np.sum(v * v)) * v)
        s = s + 0.1 * v
    return s @ v


def _filled(p):
    path = np.zeros((40, 2), like=p)
    path[0] = p[:2]
    for t in range(39):
        path[t + 1] = path[t] + 0.1 * np.stack([path[t, 1], -p[2] * path[t, 0]])
    return np.sum(path * np.cos(np.arange(80.0).reshape(40, 2)))


def _turned(p):
    """The transposed and the reversed of what was handed on."""
    A = np.reshape(np.concatenate([p, p[:1]]), (2, 2))
    for _ in range(30):
        A = np.tanh(0.5 * A.T[::-1] @ A + np.reshape(p[0], (1, 1)))
    return np.trace(A) + A[1, 0]


_FUNCTIONS = (_lorenz, _states, _matrices, _driven, _filled, _turned)


def _bodies(compiled) -> list[str]:
    """The lines of the loops."""
    lines = compiled.source.splitlines()
    depth = [len(line) - len(line.lstrip()) for line in lines]
    loops = [n for n, line in enumerate(lines) if line.lstrip().startswith("for ")]
    return [lines[k] for n in loops for k in range(n + 1, len(lines)) if min(depth[n + 1 : k + 1]) > depth[n]]


@pytest.mark.parametrize("function", _FUNCTIONS)
def test_gradients_against_differences(function):
    p = np.array([0.7, 0.4, 1.3])
    h = 1e-6
    expected = [(function(p + h * e) - function(p - h * e)) / (2 * h) for e in np.eye(3)]
    compiled = jac.compile(jac.grad(function))
    np.testing.assert_allclose(compiled(p), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(compiled(p), jac.grad(function)(p), rtol=1e-11)
    value = jac.compile(function)
    np.testing.assert_allclose(value(p), function(p), rtol=1e-13)
    assert isinstance(value(p), np.float64)


@pytest.mark.parametrize("function", [_lorenz, _driven, _filled])
def test_steps_over_small_arrays_have_numbers_only(function):
    compiled = jac.compile(jac.grad(function))
    _ = compiled(np.array([0.7, 0.4, 1.3]))
    assert _bodies(compiled)
    assert not any("np.array" in line or "np.empty" in line or "@" in line for line in _bodies(compiled))


@pytest.mark.parametrize("function", _FUNCTIONS)
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf, 1e200])
def test_what_is_not_finite_stays_so(function, value):
    p = np.array([0.7, value, 1.3])
    gradient = jac.grad(function)
    with np.errstate(all="ignore"):
        result, expected = jac.compile(gradient)(p), gradient(p)
        outcome, own = jac.compile(function)(p), function(p)
    np.testing.assert_allclose(outcome, own, rtol=1e-10)
    assert not np.any(np.isfinite(result) & ~np.isfinite(expected))


@pytest.mark.parametrize("function", _FUNCTIONS)
def test_jacobians_of_states(function):
    """Sensitivities, forward or reverse: second derivatives against differences of the gradient."""
    p, h = np.array([0.7, 0.4, 1.3]), 1e-5
    gradient = jac.grad(function)
    expected = [(gradient(p + h * e) - gradient(p - h * e)) / (2 * h) for e in np.eye(3)]
    hessian = jac.compile(lambda p: jac.hessian(function)(p).to_array())
    np.testing.assert_allclose(hessian(p), expected, rtol=1e-6, atol=1e-6 * np.max(np.abs(expected)))


def test_single_precision_and_larger_arrays_stay_arrays():
    p = np.array([0.7, 0.4, 1.3], np.float32)
    compiled = jac.compile(jac.grad(_lorenz))
    assert compiled(p).dtype == np.float32
    np.testing.assert_allclose(compiled(p), jac.grad(_lorenz)(p), rtol=1e-4)

    def ring(x):
        for _ in range(30):
            x = x + 0.1 * np.sin(np.roll(x, 1) - x)
        return np.sum(x * x)

    x = np.linspace(0, 1, 40)
    wide = jac.compile(jac.grad(ring))
    np.testing.assert_allclose(wide(x), jac.grad(ring)(x), rtol=1e-11)
    assert "float(" not in wide.source


def test_results_that_are_arrays_are_arrays():
    def run(p):
        s = p[:2]
        kept = []
        for _ in range(20):
            s = s + 0.1 * np.stack([s[1], -p[2] * s[0]])
            kept.append(s)
        return s, kept[4], np.stack(kept)

    p = np.array([0.7, 0.4, 1.3])
    for result, expected in zip(jac.compile(run)(p), run(p), strict=True):
        assert type(result) is np.ndarray
        np.testing.assert_allclose(result, expected, rtol=1e-14)
        result[...] = 0  # each in memory of its own


def test_a_result_that_is_the_same_in_all_steps():
    def total(p, s):
        b, c, seen, k, v = np.cos(p), 0.2 * p, [], s, p
        for _ in range(20):
            u = np.tanh(0.3 * c + 0.7 * b)
            v = np.tanh(np.concatenate([p[1:], p[:1]]))
            seen.append(u)
            k = 0.5 * np.sin(k) + 0.1 * b[0]
            b, c = -v, np.sin(v)
        return k + np.sum(b * c) + np.sum(sum(seen)) + np.sum(v * v)

    p, s = np.array([0.3, -0.8, 1.1]), 0.4
    slopes = [total(p + 1e-30j * row, s).imag / 1e-30 for row in np.eye(3)]
    np.testing.assert_allclose(jac.compile(jac.grad(total))(p, s), slopes, rtol=1e-12)


def test_cross_products_of_single_vectors_go_number_by_number():
    def precession(field):
        spin, total = np.array([1.0, 0.0, 0.0]), 0.0
        for t in range(40):
            turn = np.cross(spin, field + np.array([0.0, 0.0, 0.1 * t]))
            spin = spin + 0.05 * turn - 0.01 * np.cross(spin, turn)
            total = total + spin[2] ** 2
        return total

    field = np.array([0.3, 0.2, 0.1])
    compiled = jac.compile(jac.grad(precession))
    expected = [precession(field + 1e-30j * e).imag / 1e-30 for e in np.eye(3)]
    np.testing.assert_allclose(compiled(field), expected, rtol=1e-12)
    inside = [line for line in compiled.source.splitlines() if line.startswith(" " * 8)]
    assert inside
    assert not [line for line in inside if "np.take" in line or ".dot(" in line]


_BESIDE = {
    "states alone": lambda start, last: [],
    "the start": lambda start, last: [start],
    "an array": lambda start, last: [np.ones((2, 2))],
    "both": lambda start, last: [start, np.sin(last)],
}
_READ = {
    "as it is": np.stack,
    "summed": lambda states: np.sum(np.stack(states), axis=1),
    "turned": lambda states: np.transpose(np.stack(states), (1, 0, 2)),
    "multiplied": lambda states: np.stack(states) @ np.array([1.0, 2.0]),
    "in another axis": lambda states: np.stack(states, axis=1),
    "joined": np.concatenate,
}


@pytest.mark.parametrize("beside", _BESIDE)
@pytest.mark.parametrize("read", _READ)
def test_stacks_of_matrices_keep_their_shape(beside, read):
    def run(p):
        s, kept = np.reshape(p, (2, 2)), []
        for _ in range(30):
            s = 0.6 * s + np.tanh(s) * s
            kept.append(s)
        return _READ[read](_BESIDE[beside](np.reshape(p, (2, 2)), s) + kept)

    p, u = np.array([[0.7, 0.4, 1.3, -0.2], [0.3, -0.1, 0.8, 0.5]])
    compiled, along = jac.compile(run), jac.compile(lambda p: jac.jvp(run, (p,), (u,))[1])
    _ = compiled(u), along(u)
    np.testing.assert_allclose(compiled(p), run(p), rtol=1e-13)
    np.testing.assert_allclose(along(p), np.imag(run(p + 1e-30j * u)) / 1e-30, rtol=1e-11, atol=1e-13)
