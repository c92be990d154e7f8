"""Arrays that a compiled function writes into: right for every program of writes and reads, and without copies."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import jacobians as jac

X = np.random.default_rng(0).normal(size=40)


def recurrence(x):
    z = np.zeros_like(x)
    z[0] = x[0]
    for n in range(1, len(x)):
        z[n] = np.sin(z[n - 1]) + x[n]
    return z


def rows(x):
    z = np.zeros_like(np.reshape(x, (-1, 2)))
    z[0] = x[:2]
    for n in range(1, len(z)):
        z[n] = 0.9 * z[n - 1][::-1] + x[2 * n : 2 * n + 2]
        z[n, 0] += 1.0
    return z


def entries_of_a_matrix(x):
    z = np.empty_like(np.reshape(x, (4, 10)))
    for i in range(4):
        for j in range(10):
            z[i, j] = x[10 * i + j] * (z[i, j - 1] if j else 1.0)
    return z.sum(axis=1)


def numbers_and_again(x):
    z = x * 2
    z[0] = 3
    z[-1] = 0.5
    z[0] = z[0] * x[1]
    z[39] += 1
    return z, z[0], z[-1]


def looked_at_in_between(x):
    z = np.zeros_like(x)
    z[1] = x[0]
    first = z * 1.0
    z[2:4] = x[1]
    second = z + first
    z[3] = x[2]
    z[np.array([5, 6])] = x[3:5]
    return first, second, z, z[1:4]


def two_from_one(x):
    y = x + 1
    z = y.copy()
    z[0] = x[3]
    w = y.copy()
    w[0] = x[4]
    y[1] = 7.0
    return y, z, w, x * 1.0


def copies_by_numbers_of_one(x):
    y, z = x * 1.0, x / 1
    y[0] = x[1]
    part = y[3:6] * 1.0
    y[4] = 0.0
    return y, part, z[0]


def view_of_the_old(x):
    y = x + 1
    part = y[3:6] * 1.0
    y[4] = 0.0
    return part, y


def small_dtype(x):
    z = np.zeros_like(x, dtype=np.float32)
    z[0] = x[0]
    z[1] = 2 * z[0]
    z[2] = 1e-9 + z[1]
    return z


FUNCTIONS = (
    *(recurrence, rows, entries_of_a_matrix, numbers_and_again, looked_at_in_between),
    *(two_from_one, copies_by_numbers_of_one, view_of_the_old, small_dtype),
)


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
        return
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6 if expected.dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_values_after_writes(f):
    compiled = jac.compile(f)
    for x in (X, 0.3 - X, X.copy()):
        before = x.copy()
        assert_same(compiled(x), f(x))
        np.testing.assert_array_equal(x, before)
    single = X.astype(np.float32)
    assert_same(compiled(single), f(single))


def test_a_loop_of_writes_is_a_loop_and_copies_nothing():
    texts = [jac.compile(recurrence) for _ in range(2)]
    lengths = []
    for compiled, size in zip(texts, (100, 400), strict=True):
        _ = compiled(np.ones(size))
        lengths.append(compiled.source.count("\n"))
        assert "for " in compiled.source
        assert "copy" not in compiled.source
    assert lengths[0] == lengths[1]


def test_a_write_copies_only_what_is_still_looked_at():
    def needed(x):
        z = np.sin(x)
        z[2:5] = 0.0
        total = np.sum(z)
        z[7:9] = 1.0
        return z, total

    def kept(x):
        z = np.sin(x)
        y = z.copy()
        y[2:5] = 0.0
        return z, y

    counts = []
    for f in (needed, kept):
        compiled = jac.compile(f)
        assert_same(compiled(X), f(X))
        counts.append(len(re.findall(r"copy\(", compiled.source)))
    assert counts == [0, 1]


def test_results_after_writes_are_of_their_own():
    compiled = jac.compile(lambda x: (recurrence(x), recurrence(x)[:3], x))
    first, part, same = compiled(X)
    assert not np.may_share_memory(first, part)
    assert not np.may_share_memory(same, X)
    again = first.copy()
    _ = compiled(2 * X)
    np.testing.assert_array_equal(first, again)


CONSTANT = np.random.default_rng(4).normal(size=40_000)


@pytest.mark.parametrize("transform", [lambda f: f, lambda f: jac.grad(lambda x: np.sum(f(x)))])
def test_large_arguments_and_constants_that_are_read_in_another_shape_stay_as_they_are(transform):
    def f(x):
        u, c = np.reshape(x, (200, 200)), np.reshape(CONSTANT, (200, 200))
        rows = np.sum(u * c, axis=1, keepdims=True)
        return np.exp(-(np.tanh(u - rows) ** 2)) * u + np.sin(c * rows) * c

    x = np.random.default_rng(3).normal(size=40_000)
    constant, before = CONSTANT.copy(), x.copy()
    compiled = jac.compile(transform(f))
    first = compiled(x).copy()
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x), first)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(CONSTANT, constant)
    np.testing.assert_allclose(first, transform(f)(x), rtol=1e-9, atol=1e-12)


def random_writes(seed: int) -> Any:
    """A function that writes and reads at random places of two arrays."""
    rng = np.random.default_rng(seed)
    steps = [(rng.integers(8), rng.integers(4), rng.integers(2), *rng.integers(-6, 6, 3)) for _ in range(25)]

    def f(x):
        pair = [np.reshape(x, (6, 6)) * 2.0, np.zeros_like(np.reshape(x, (6, 6)))]
        seen = []
        for kind, read, which, i, j, k in ([int(n) for n in step] for step in steps):
            z, other = pair[which], pair[1 - which]
            value = [z[i, j], other[i, k], other[k][j] * 2, z[:, j][i] + 1.5][read]
            if kind == 0:
                z[i, k] = value
            elif kind == 1:
                z[k] = other[i]
            elif kind == 2:
                z[k] = value
            elif kind == 3:
                z[i, j] = 0.25
            elif kind == 4:
                z[:, k] = other[:, i]
            elif kind == 5:
                z[abs(i) : abs(i) + 2, j] = value
            elif kind == 6:
                z[i, j] += value
            else:
                seen.append(np.sum(z * other[i]))
        return (*pair, *seen, pair[0][1, 2], pair[1][3])

    return f


@pytest.mark.parametrize("seed", range(60))
def test_random_writes(seed):
    f, x = random_writes(seed), np.random.default_rng(1).normal(size=36)
    compiled = jac.compile(f)
    for point in (x, x[::-1].copy()):
        assert_same(compiled(point), f(point))
    derivative = jac.compile(lambda x: jac.jacobian(lambda x: f(x)[0])(x).to_array())
    h = np.random.default_rng(2).normal(size=36)
    change = (f(x + 1e-6 * h)[0] - f(x - 1e-6 * h)[0]) / 2e-6
    np.testing.assert_allclose(derivative(x) @ h, change, rtol=1e-6, atol=1e-6)


def test_an_array_of_which_all_entries_are_written_is_not_begun_with_another():
    def driven(x, c):
        y = np.zeros(60, (x[0] * c[0]).dtype, like=c)
        y[0], y[1] = x[0], c[1] * x[1]
        for i in range(2, 60):
            y[i] = np.sin(c[0] * y[i - 1]) + c[1] * y[i - 2] + x[i]
        return y, np.sum(np.sin(y) ** 2)

    x, c = np.random.default_rng(1).standard_normal(60), np.array([0.4, -0.3])
    compiled = jac.compile(driven)
    assert_same(compiled(x, c), driven(x, c))
    assert "copy" not in compiled.source
    assert "zeros" not in compiled.source
    assert not re.search(r"\*v\d", compiled.source)  # arrays are joined, not taken apart

    def loss(x, c):
        return driven(x, c)[1]

    for n, found in enumerate(jac.compile(jac.grad(loss, argnums=(0, 1)))(x, c)):
        expected = [loss(x + 1e-30j * e, c) if n == 0 else loss(x, c + 1e-30j * e) for e in np.eye(len((x, c)[n]))]
        np.testing.assert_allclose(found, np.imag(expected) / 1e-30, rtol=1e-11)
