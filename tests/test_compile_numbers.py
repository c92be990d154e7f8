"""Loops over single numbers compute with Python's floats, and as NumPy does where Python would raise."""

from __future__ import annotations

import importlib.util
import pickle
import re

import numpy as np
import pytest

import jacobians as jac

_STEPS = 40


def _loop(step):
    def run(q):
        x, y = q[0], q[1]
        total = 0.0
        for t in range(_STEPS):
            x, y = step(x, y, 0.1 + 0.01 * (t % 7))
            total = total + x * y
        return total

    return run


_STEPPED = {
    "divide": lambda x, y, c: (y - x / (y + 1.0), x * y * c),
    "reciprocal": lambda x, y, c: (c * y + 1 / x, 0.5 * x),
    "sqrt": lambda x, y, c: (np.sqrt(x) + c, y * c + x),
    "log": lambda x, y, c: (np.log(x) - c, y * c + x),
    "log1p": lambda x, y, c: (np.log1p(x) - c, y * c - x),
    "exp": lambda x, y, c: (np.exp(x) * c, y - x),
    "expm1": lambda x, y, c: (np.expm1(x) * c, y - x),
    "sin": lambda x, y, c: (np.sin(x) + c * y, np.cos(y) * x),
    "tan": lambda x, y, c: (np.tan(x) * c, y * c + x),
    "sinh": lambda x, y, c: (np.sinh(x) * c, np.cosh(y) * 0.1),
    "tanh": lambda x, y, c: (np.tanh(x) + c, np.arctan(y) - x),
    "absolute": lambda x, y, c: (np.abs(x) - c, -np.abs(y) * c),
    "maximum": lambda x, y, c: (np.maximum(x, y) * c - y, np.minimum(x, c * y)),
    "square": lambda x, y, c: (np.square(x) * c, y - x * c),
    "sign": lambda x, y, c: (np.sign(x) * c - y, np.sign(y - x) + c * x),
    "less": lambda x, y, c: (np.where(x < y, x * c, y), np.where(y >= c, y - x, 1)),
    "equal": lambda x, y, c: (np.where(x == 0.0, c, x) - y, np.where(x != y, y * c, -1)),
    "truths": lambda x, y, c: (np.where((x > y) | ~(y <= c), c * x, y), (x > 0) * y + c * (x == y)),
    "both": lambda x, y, c: (np.where(np.logical_and(x > c, y > c), y, c), np.logical_not(x > y) * c - y),
}

_STARTS = [
    *[(0.3, 0.7), (-0.3, 0.2), (0.0, 0.0), (-0.0, 1.0), (0.0, -1.0), (1e300, 1e300), (1e-300, -1e-300)],
    *[(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (1.0, -np.inf), (-np.inf, np.nan)],
]


@pytest.mark.parametrize("name", _STEPPED)
def test_numbers_that_python_refuses_are_those_of_numpy(name):
    function = _loop(_STEPPED[name])
    compiled = jac.compile(function)
    for start in _STARTS:
        q = np.array(start)
        with np.errstate(all="ignore"):
            result, expected = compiled(q), function(q)
        np.testing.assert_allclose(result, expected, rtol=1e-10)
        assert type(result) is np.float64
    assert len(re.findall(r"^ +for ", compiled.source, re.MULTILINE)) == 1
    assert "float(" in compiled.source


@pytest.mark.parametrize("name", _STEPPED)
def test_slopes_of_loops_over_numbers(name):
    function = _loop(_STEPPED[name])
    compiled = jac.compile(jac.grad(function))
    for start in ((0.31, 0.72), (0.9, 0.4)):
        q = np.array(start)
        with np.errstate(all="ignore"):
            h = 1e-6
            expected = [(function(q + h * e) - function(q - h * e)) / (2 * h) for e in np.eye(2)]
            result = compiled(q)
        if np.all(np.isfinite(expected)):
            np.testing.assert_allclose(result, expected, rtol=2e-5, atol=1e-6 * np.max(np.abs(expected)))


def _predator(p):
    x, y = 1.0, 0.5
    for _ in range(60):
        x, y = x + 0.02 * (p[0] * x - p[1] * x * y), y + 0.02 * (p[2] * x * y - p[3] * y)
    return x * y


def test_gradients_against_steps_in_the_complex_plane():
    p = np.array([1.1, 0.4, 0.3, 0.9])
    expected = [_predator(p + 1e-30j * e).imag / 1e-30 for e in np.eye(4)]
    compiled = jac.compile(jac.grad(_predator))
    np.testing.assert_allclose(compiled(p), expected, rtol=1e-12)
    for line in re.findall(r"^ {8}(.*)$", compiled.source, re.MULTILINE):  # of the loops
        assert "np." not in line


def test_single_precision_stays_what_it_is():
    p = np.array([1.1, 0.4, 0.3, 0.9], np.float32)
    compiled = jac.compile(jac.grad(_predator))
    assert compiled(p).dtype == np.float32
    assert "float(" not in compiled.source
    np.testing.assert_allclose(compiled(p), jac.grad(_predator)(p), rtol=1e-5)


def test_numbers_that_leave_are_of_numpy():
    def states(p):
        x, kept = p[0], []
        for _ in range(30):
            x = x + 0.1 * p[1] * x * (1 - x)
            kept.append(x)
        return kept[3], x, np.stack(kept), kept[5][None] * np.ones(2, np.float32)

    p = np.array([0.2, 1.3])
    compiled = jac.compile(states)
    for result, expected in zip(compiled(p), states(p), strict=True):
        assert type(result) is type(expected)
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=1e-14)


def test_truths_that_leave_are_of_numpy():
    def events(p):
        x, rising, over = p[0], [], p[0] > 1
        for _ in range(30):
            y = x + 0.1 * p[1] * x * (1 - x)
            over = (y > 0.7) | over
            rising.append(y > x)
            x = np.where(over, 0.5 * y, y)
        return rising[4], over, np.stack(rising), x

    compiled = jac.compile(events)
    for p in (np.array([0.2, 1.3]), np.array([0.2, np.nan]), np.array([2.0, -3.0])):
        for result, expected in zip(compiled(p), events(p), strict=True):
            assert result.dtype == expected.dtype
            np.testing.assert_allclose(result, expected, rtol=1e-14)
    bodies = re.findall(r"^ {8}(.*)$", compiled.source, re.MULTILINE)
    assert bodies
    assert not any("np." in line for line in bodies)


def test_slopes_of_the_smallest_are_decided_by_floats():
    def path(p):
        best = [0.0 * p[0]] * 3
        for step in range(20):
            costs = [np.minimum(best[k], best[k - 1]) + np.sin(p[k] * (step + k)) ** 2 for k in range(3)]
            best = [costs[0], np.maximum(costs[1], 0.5 * costs[0]), costs[2]]
        return best[0] + 2 * best[1] - best[2]

    p = np.array([0.3, 1.1, 0.7])
    compiled = jac.compile(jac.grad(path))
    expected = [(path(p + 1e-6 * e) - path(p - 1e-6 * e)) / 2e-6 for e in np.eye(3)]
    np.testing.assert_allclose(compiled(p), expected, rtol=1e-6)
    bodies = re.findall(r"^ {8}(.*)$", compiled.source, re.MULTILINE)
    assert bodies
    assert not any("np.where" in line or "np.minimum" in line for line in bodies)


def test_divisions_by_zero_warn_as_those_of_numpy():
    def halved(p):
        x = p[0]
        for _ in range(40):
            x = p[1] / x - 1.0
        return x

    compiled = jac.compile(halved)
    assert np.isfinite(compiled(np.array([0.3, 0.7])))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        _ = compiled(np.array([0.0, 0.7]))


def test_programs_with_functions_of_python_are_saved_and_pickled(tmp_path):
    function = _loop(_STEPPED["sin"])
    compiled = jac.compile(jac.grad(function))
    q = np.array([0.4, 0.2])
    expected = compiled(q)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(compiled))(q), expected)
    compiled.save(tmp_path / "slopes.py")
    found = importlib.util.spec_from_file_location("slopes", tmp_path / "slopes.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    np.testing.assert_array_equal(getattr(module, compiled.__name__)(q), expected)


def _filtered(x, c):
    y = np.zeros_like(x)
    for i in range(2, len(x)):
        y[i] = x[i] + c[0] * y[i - 1] + c[1] * y[i - 2]
    return np.sum(y * y)


def test_entries_that_steps_add_to_are_written_at_once():
    x, c = np.random.default_rng(3).standard_normal(60), np.array([0.4, -0.3])
    compiled = jac.compile(jac.grad(_filtered))
    expected = [_filtered(x + 1e-30j * e, c).imag / 1e-30 for e in np.eye(60)]
    np.testing.assert_allclose(compiled(x, c), expected, rtol=1e-12, atol=1e-14)
    loops = re.findall(r"^ {8}(.*)$", compiled.source, re.MULTILINE)
    assert loops
    assert not any("+=" in line for line in loops)


def _several(x, c):
    """Steps that add to the same entries as others do."""
    total = 0.0
    z = c[0]
    for i in range(40):
        z = np.sin(z + x[i % 5] * x[(3 * i) % 5])
        total = total + z * z
    return total


def test_entries_that_several_steps_add_to():
    x, c = np.random.default_rng(4).standard_normal(5), np.array([0.4])
    compiled = jac.compile(jac.grad(_several))
    expected = [_several(x + 1e-30j * e, c).imag / 1e-30 for e in np.eye(5)]
    np.testing.assert_allclose(compiled(x, c), expected, rtol=1e-12, atol=1e-14)


def test_ones_of_a_shape_are_constants():
    def slope(x):
        return np.sum(np.gradient(x * x, 0.1) ** 2)

    x = np.random.default_rng(5).standard_normal(30)
    compiled = jac.compile(jac.grad(slope))
    np.testing.assert_allclose(compiled(x), jac.grad(slope)(x), rtol=1e-12)
    assert "ones_like" not in compiled.source


_SHOCKS = np.random.default_rng(6).standard_normal(60) ** 2


def _likelihood(q):
    """A recursion of variances, whose terms and slopes are sums over all steps."""
    variance, total = q[0] / (1 - q[1] - q[2]), 0.0
    for shock in _SHOCKS:
        total = total + np.log(variance) + shock / variance
        variance = q[0] + q[1] * shock + q[2] * variance
    return total


def test_what_a_step_need_not_make_leaves_the_loop():
    compiled, q = jac.compile(jac.grad(_likelihood)), np.array([0.1, 0.2, 0.6])
    expected = [_likelihood(q + 1e-30j * e).imag / 1e-30 for e in np.eye(3)]
    np.testing.assert_allclose(compiled(q), expected, rtol=1e-12)
    repeated = re.findall(r"^ {12}\w+ = .*$", compiled.source, re.MULTILINE)
    assert len(repeated) <= 5  # a product and a sum forward, the same backward, and one sum over the steps
    for bad in ([0.1, np.nan, 0.6], [np.inf, 0.2, 0.6], [0.0, 0.0, 0.0]):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(
                np.isnan(compiled(np.array(bad))), np.isnan(jac.grad(_likelihood)(np.array(bad)))
            )


def test_no_sign_changes_from_step_to_step():
    def errors(q):
        error, total = 0.3, 0.0
        for shock in _SHOCKS:
            error = shock - q * error
            total = total + error * error
        return total

    compiled = jac.compile(jac.grad(errors))
    np.testing.assert_allclose(compiled(0.4), errors(0.4 + 1e-30j).imag / 1e-30, rtol=1e-12)
    assert ":-2]" not in compiled.source


def test_lists_that_are_taken_as_a_whole_are_made_step_by_step():
    def total(x, X):
        seen = []
        for row in X:
            seen.append(np.tanh(x))
            x = x + row
        return np.sum(np.stack(seen) ** 2) + np.sum(x)

    rng = np.random.default_rng(8)
    x, X = rng.standard_normal(3), rng.standard_normal((40, 3))
    np.testing.assert_allclose(jac.compile(total)(x, X), total(x, X), rtol=1e-12)
    expected = [total(x + 1e-30j * e, X).imag / 1e-30 for e in np.eye(3)]
    np.testing.assert_allclose(jac.compile(jac.grad(total))(x, X), expected, rtol=1e-12)
