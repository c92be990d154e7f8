"""Where entries stand in a sparse matrix: rules against the positions written out, and what they save."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import jacobians as jac
from jacobians.contract.lines import Lines
from jacobians.contract.positions import Positions, Rule, Wrap


def listed(rule: Rule) -> np.ndarray:
    """The positions of a rule, point by point, by Python's numbers."""
    found = []
    for index in np.ndindex(rule.sizes):
        value = rule.start + sum([a * b for a, b in zip(rule.steps, index, strict=True)])
        for scale, start, modulus, steps in rule.wraps:
            value += scale * ((start + sum([a * b for a, b in zip(steps, index, strict=True)])) % modulus)
        found.append(value)
    return np.array(found, np.int64).reshape(rule.sizes)


def random_rule(seed: int) -> Rule:
    rng = np.random.default_rng(seed)
    sizes = tuple([int(n) for n in rng.integers(1, 5, rng.integers(0, 4))])

    def steps() -> tuple[int, ...]:
        return tuple([int(n) for n in rng.integers(-6, 7, len(sizes))])

    wraps = [
        Wrap(int(rng.integers(1, 9)), int(rng.integers(-20, 20)), int(rng.integers(1, 30)), steps())
        for _ in range(rng.integers(0, 3))
    ]
    return Rule(sizes, int(rng.integers(0, 10)), steps(), tuple(wraps))


@given(st.integers(0, 10**9))
@settings(max_examples=300, deadline=None)
def test_a_rule_says_what_its_points_say(seed: int) -> None:
    rule = random_rule(seed)
    expected = listed(rule)
    np.testing.assert_array_equal(rule.array(np.int64), expected)
    settled = rule.settled()
    assert len(settled.sizes) <= len(rule.sizes)
    np.testing.assert_array_equal(settled.array(np.int64).reshape(-1), expected.reshape(-1))
    found = Positions(settled)
    assert [found.at(n) for n in range(found.size)] == expected.reshape(-1).tolist()
    if settled.is_distinct:
        assert np.unique(expected).size == expected.size
    if rule.sizes:
        index = (*[slice(None)] * (len(rule.sizes) - 1), rule.sizes[-1] - 1)
        np.testing.assert_array_equal(rule.part(index).array(np.int64), expected[index])


@given(st.integers(0, 10**9))
@settings(max_examples=200, deadline=None)
def test_lines_by_rule_are_those_that_are_listed(seed: int) -> None:
    rule = random_rule(seed)
    listing = listed(rule).reshape(-1)
    rule = rule._replace(start=rule.start - int(listing.min()))
    listing = listing - listing.min()
    count = int(listing.max()) + 1
    ours, theirs = Lines.of(Positions(rule), count, np.int64), Lines.of(Positions(None, listing), count, np.int64)
    totals = [np.zeros(count, np.intp) for _ in range(2)]
    ends = np.arange(count) * 100
    slots = []
    for lines, total in zip((ours, theirs), totals, strict=True):
        lines.add_to(total)
        own = ends.copy()
        found = lines.first(own)
        slots.append(np.array(found).reshape(-1))
        found += lines.steps
        lines.finish(own, found)
        slots.append(own)
    np.testing.assert_array_equal(totals[0], np.bincount(listing, minlength=count))
    np.testing.assert_array_equal(totals[0], totals[1])
    np.testing.assert_array_equal(slots[0], slots[2])
    np.testing.assert_array_equal(slots[1], slots[3])


def test_products_beyond_32_bits_wrap_where_they_should() -> None:
    rule = Rule((5,), 0, (0,), (Wrap(1, 7, 2**30 + 1, (2**30 - 1,)),))
    np.testing.assert_array_equal(rule.array(np.int32), listed(rule))


def energy(x: Any) -> Any:
    return np.sum(3 * (x[1:] - x[:-1] ** 2) ** 2 + np.sin(x[:-1])) + np.sum(x[5:-3] * x[4:-4] * x[3:-5])


def columns(f: Callable[[Any], Any], x: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Columns of the Hessian: complex steps of the gradient by central differences, none of ours."""
    found = []
    for n in which:
        h = np.zeros(x.size)
        h[n] = 1e-5
        ends = []
        for point in (x + h, x - h):
            probe = np.arange(max(0, n - 4), min(x.size, n + 5))
            steps = [np.imag(f(point + 1e-30j * (np.arange(x.size) == m))) / 1e-30 for m in probe]
            column = np.zeros(x.size)
            column[probe] = steps
            ends.append(column)
        found.append((ends[0] - ends[1]) / 2e-5)
    return np.stack(found, axis=1)


@pytest.mark.parametrize("format", ["csr", "csc"])
@pytest.mark.parametrize("n", [12, 40])
def test_diagonals_that_overlap_are_one(n: int, format: str) -> None:
    x = np.random.default_rng(0).standard_normal(n)
    found = jac.hessian(energy)(x).to_sparse(format)
    np.testing.assert_allclose(found.toarray(), columns(energy, x, np.arange(n)), atol=1e-7)
    assert found.has_canonical_format
    fresh = type(found)((found.data, found.indices, found.indptr), shape=found.shape)
    assert fresh.has_canonical_format  # asked anew
    compiled = jac.compile(lambda x: jac.hessian(energy)(x).to_sparse(format))(x)
    np.testing.assert_allclose(compiled.toarray(), found.toarray(), rtol=1e-12)


def heat(u: Any) -> Any:
    inner = 4 * u
    zero = np.zeros((1, u.shape[1]))
    inner = inner - np.concatenate([u[1:], zero]) - np.concatenate([zero, u[:-1]])
    return np.exp(-u) * inner


def periodic(u: Any) -> Any:
    return u**2 * (np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1))


def chained(x: Any) -> Any:
    return np.sum(3 * (x[1:] - x[:-1] ** 2) ** 2)


MATRICES: list[tuple[str, Callable[[np.ndarray], Any], float]] = [
    ("heat", lambda u: jac.jacobian(heat)(u).to_sparse(), 1.85),
    ("periodic", lambda u: jac.jacobian(periodic)(u).to_sparse(), 1.55),
    ("chain", lambda u: jac.hessian(chained)(u.reshape(-1)).to_sparse(), 2.05),
]


@pytest.mark.parametrize(("name", "work", "most"), MATRICES, ids=[name for name, *_ in MATRICES])
def test_positions_take_no_memory(name: str, work: Callable[[np.ndarray], Any], most: float) -> None:
    """In units of the result: entries, their columns, and where the rows begin."""
    u = np.random.default_rng(0).uniform(0.5, 1.5, (256, 256))
    result = scipy.sparse.csr_array(work(u))
    unit = result.data.nbytes + result.indices.nbytes + result.indptr.nbytes
    _ = work(u)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        found = work(u)
        peak = tracemalloc.get_traced_memory()[1] - before
        del found
    finally:
        tracemalloc.stop()
    assert peak < most * unit, f"{name}: {peak / unit}"
