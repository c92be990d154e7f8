"""Jacobians of what is written with numbers: compiled, their entries are sums of floats, and are put together once."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac

_ANGLES = np.random.default_rng(0).standard_normal(5)
_TWISTS, _LENGTHS = np.random.default_rng(1).standard_normal((2, 5))


def _tip(q):
    """Where an arm ends, link after link."""
    turned, place = np.eye(3), np.zeros(3)
    for n in range(5):
        c, s = np.cos(q[n]), np.sin(q[n])
        ca, sa = np.cos(_TWISTS[n]), np.sin(_TWISTS[n])
        place = place + turned @ np.stack([_LENGTHS[n] * c, _LENGTHS[n] * s, 0.3])
        turned = turned @ np.array([[c, -s * ca, s * sa], [s, c * ca, -c * sa], [0.0, sa, ca]])
    return place


def _sparse(x):
    """Two entries that depend on nothing in common, and one that is only subtracted."""
    return np.stack([x[0] * x[1] - np.sin(x[0]) + x[1] * x[0], -x[2] * x[3] - x[3], 2.0 * x[3] * x[3] + x[2]])


def _by_steps(f, x):
    """In the complex plane."""
    return np.stack([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))], axis=1)


@pytest.mark.parametrize(("f", "x"), [(_tip, _ANGLES), (_sparse, _ANGLES[:4])])
def test_jacobians_against_steps_in_the_complex_plane(f, x):
    jacobian = jac.jacobian(f)
    compiled = jac.compile(lambda x: jacobian(x).to_array())
    np.testing.assert_allclose(compiled(x), _by_steps(f, x), rtol=1e-12, atol=1e-14)
    target = np.full(compiled(x).shape, np.nan)
    assert compiled(x, out=target) is target
    np.testing.assert_allclose(target, _by_steps(f, x), rtol=1e-12, atol=1e-14)
    first, second = compiled(x), compiled(2 * x)
    np.testing.assert_array_equal(first, compiled(x))
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
@pytest.mark.parametrize(("f", "x"), [(_tip, _ANGLES), (_sparse, _ANGLES[:4])])
def test_what_is_not_finite_stays_so(f, x, value):
    jacobian = jac.jacobian(f)
    compiled = jac.compile(lambda x: jacobian(x).to_array())
    for place in range(len(x)):
        moved = x.copy()
        moved[place] = value
        with np.errstate(all="ignore"):
            expected, found = jacobian(moved).to_array(), compiled(moved)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_numbers_are_added_before_they_are_entries():
    compiled = jac.compile(lambda x: jac.jacobian(_tip)(x).to_array())
    _ = compiled(_ANGLES)
    assert compiled.source.count("+=") + compiled.source.count("-=") <= 5  # of columns
    assert "np.take" not in compiled.source
    assert "[None" not in compiled.source


def test_single_precision_stays():
    x = _ANGLES[:4].astype(np.float32)
    compiled = jac.compile(lambda x: jac.jacobian(_sparse)(x).to_array())
    assert compiled(x).dtype == np.float32
    np.testing.assert_allclose(compiled(x), _by_steps(_sparse, x.astype(float)), rtol=1e-5)


@pytest.mark.parametrize("place", [0, 2, -1])
def test_one_position_of_what_is_stacked_is_what_stands_there(place):
    def picked(x):
        rows = np.stack([np.sin(x), x * x, 3 * x])
        return np.take(rows, place, 0) + np.take(x, np.array(place), axis=0)

    x = np.array([0.3, 0.5, 1.5])
    compiled = jac.compile(picked)
    np.testing.assert_allclose(compiled(x), picked(x), rtol=1e-15)
    assert "take" not in compiled.source
    assert "stack" not in compiled.source
