"""Sums of several scattered arrays in compiled programs: the entries of sparse matrices that elements add to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(4)
PAIRS = np.unique(np.sort(RNG.integers(0, 90, (1200, 2)), axis=1), axis=0)
FROM, TO = PAIRS[PAIRS[:, 0] != PAIRS[:, 1]].T
LENGTH, STIFF = 0.5 + RNG.random(FROM.size), 1 + RNG.random(FROM.size)
X = RNG.standard_normal((90, 2))


def energy(x: Any) -> Any:
    return 0.5 * np.sum(STIFF * (np.sqrt(np.sum((x[FROM] - x[TO]) ** 2, axis=1)) - LENGTH) ** 2)


def stiffness(x: np.ndarray) -> np.ndarray:
    """Element by element, from the formula for one spring."""
    total = np.zeros((90, 2, 90, 2), x.dtype)
    for i, j, stiff, rest in zip(FROM, TO, STIFF, LENGTH, strict=True):
        d = x[i] - x[j]
        size = np.sqrt(d @ d)
        K = stiff * (np.outer(d, d) * rest / size**3 + (1 - rest / size) * np.eye(2))
        for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
            total[a, :, b, :] += sign * K
    return total


def test_entries_that_elements_share_are_one_product() -> None:
    hessian = jac.hessian(energy)
    compiled = jac.compile(lambda x: hessian(x).to_sparse("csr"))
    np.testing.assert_allclose(compiled(X).toarray().reshape(90, 2, 90, 2), stiffness(X), rtol=1e-9, atol=1e-9)
    assert "m0 @" in compiled.source
    assert ".at(" not in compiled.source


def test_only_what_reads_an_infinite_entry_is_not_finite() -> None:
    hessian = jac.hessian(energy)
    compiled = jac.compile(lambda x: hessian(x).to_sparse("csr"))
    x = X.copy()
    x[3, 0] = np.nan
    finite = np.isfinite(compiled(x).toarray())
    near = np.unique([3, *TO[FROM == 3], *FROM[TO == 3]])
    meets = np.zeros((90, 2, 90, 2), bool)
    meets[3, :, near] = True
    meets[near, :, 3] = True
    meets[near, :, near] = True
    np.testing.assert_array_equal(finite, ~meets.reshape(180, 180))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_moved_broadcast_and_negative_arrays_are_read_as_they_lie(dtype: Any) -> None:
    n = 600
    places = [RNG.permutation(n)[:400] for _ in range(6)]
    base = RNG.standard_normal((20, 20)).astype(dtype)

    def f(a: Any) -> Any:
        total = np.zeros(n, a.dtype)
        row = np.sin(a[0])
        parts = [np.tanh(a).T, np.tanh(a), -2 * a * a, 3 * (a * a), np.broadcast_to(row, (20, 20)), a]
        for at, part in zip(places, parts, strict=True):
            total = total + jac.arrays.scatter(part.reshape(-1), at, n)
        return total

    compiled = jac.compile(f)
    found = compiled(base)
    expected = np.zeros(n, dtype)
    t, s = np.tanh(base), base * base
    for at, part in zip(places, [t.T, t, -2 * s, 3 * s, np.tile(np.sin(base[0]), (20, 1)), base], strict=True):
        np.add.at(expected, at, part.reshape(-1))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)
    assert "m0 @" in compiled.source
    assert compiled.source.count("-") <= 2  # numbers are weights
