"""Terms as compressed sparse matrices, against SciPy's own assembly of the dense entries."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import jacobians as jac
from jacobians.contract import Placed, arrange, compress, is_compressible
from jacobians.labels import Label
from jacobians.terms import Affine, Factor, Map, Term

FLOAT = np.dtype(float)


def listed(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> Term:
    """The term with values at listed positions, some of which may be equal."""
    i, j, e = Label(shape[0], "i"), Label(shape[1], "j"), Label(len(rows), "e")
    maps = (Map((i,), (e,), rows), Map((j,), (e,), columns))
    return Term(((i,),), ((j,),), (Factor(values, (e,)),), maps, (e,), 0.5)


def assert_matrix(found: object, rows: list, columns: list, values: list, shape: tuple[int, int]) -> None:
    """Canonical, and with the entries of these triplets."""
    expected = scipy.sparse.coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape
    ).tocsr()
    data, indices, indptr = found  # type: ignore[misc]
    np.testing.assert_array_equal(indptr, expected.indptr)
    np.testing.assert_array_equal(indices, expected.indices)
    np.testing.assert_allclose(data, expected.data, rtol=1e-14, atol=1e-14)
    assert indices.dtype == indptr.dtype == np.int32


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.booleans())
@settings(max_examples=150, deadline=None)
def test_listed_positions(seed: int, count: int, m: int, n: int, by_columns: bool) -> None:
    rng = np.random.default_rng(seed)
    parts, rows, columns, values = [], [], [], []
    for _ in range(count):
        size = int(rng.integers(2, 20))
        top, left = int(rng.integers(0, m)), int(rng.integers(0, n))
        r, c = rng.integers(0, m - top, size), rng.integers(0, n - left, size)
        if m - top < 2 or n - left < 2:
            top = left = 0
            r, c = rng.integers(0, m, size), rng.integers(0, n, size)
            if m < 2 or n < 2:
                continue
        v = rng.standard_normal(size)
        parts.append(Placed(listed(r, c, v, (m - top, n - left)), top, left))
        rows.append(r + top)
        columns.append(c + left)
        values.append(v / 2)
    if not parts:
        return
    found = compress(parts, (m, n), FLOAT, by_columns=by_columns)
    if by_columns:
        assert_matrix(found, columns, rows, values, (n, m))
    else:
        assert_matrix(found, rows, columns, values, (m, n))


def stencil(u: np.ndarray) -> np.ndarray:
    around = sum([np.roll(u, shift, axis) for axis in (0, 1) for shift in (1, -1)])
    corners = sum([np.roll(np.roll(u, a, 0), b, 1) for a in (1, -1) for b in (1, -1)])
    return np.sin(u) * (around + 0.25 * corners) - u**2


@pytest.mark.parametrize("format", ["csr", "csc"])
@pytest.mark.parametrize("shape", [(5, 7), (2, 3), (1, 4), (3, 1)])
def test_periodic_stencils_wrap_and_meet(format: str, shape: tuple[int, int]) -> None:
    """Where an axis has two points or one, several neighbours are one cell, and are added."""
    u = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    found = jac.jacobian(stencil)(u).to_sparse(format)
    size = u.size
    dense = np.empty((size, size))
    for n in range(size):  # complex step: exact, and not ours
        h = np.zeros(size, complex)
        h[n] = 1e-30j
        dense[:, n] = stencil(u + h.reshape(shape)).imag.ravel() / 1e-30
    np.testing.assert_allclose(found.toarray(), dense, atol=1e-13)
    assert found.has_canonical_format
    fresh = type(found)((found.data, found.indices, found.indptr), shape=found.shape)
    assert fresh.has_canonical_format  # asked anew
    assert found.nnz == np.count_nonzero(dense)


def test_entries_of_one_place_are_added_before_they_are_written() -> None:
    i = Label(4, "i")
    term = Term(((i,),), ((i,),), (Factor(np.arange(4.0), (i,)),))
    found = compress([Placed(term), Placed(term.times(2.0))], (4, 4), FLOAT)
    assert found.data.tolist() == [0.0, 3.0, 6.0, 9.0]
    assert found.indices.size == 4


def test_a_row_holds_blocks_of_several_columns() -> None:
    i, j, k = Label(3, "i"), Label(2, "j"), Label(5, "k")
    block = Factor(np.arange(6.0).reshape(3, 2), (i, j))
    wide = Term(((i,),), ((k,),), (block,), (Map((k,), (j,), Affine(3, 1)),), (j,))
    one = Term(((i,),), ((k,),), (), (Map((k,), (i,), Affine(0, 1)),))
    found = compress([Placed(wide), Placed(one)], (3, 5), FLOAT)
    dense = np.eye(3, 5)
    dense[:, 3:] += block.array
    np.testing.assert_array_equal(scipy.sparse.csr_array(found, shape=(3, 5)).toarray(), dense)
    assert found.indptr.tolist() == [0, 3, 6, 9]


def test_nothing_makes_an_empty_matrix() -> None:
    found = compress([], (2, 3), np.dtype(np.float32))
    assert found.data.dtype == np.float32
    assert found.indptr.tolist() == [0, 0, 0]


def test_single_precision_stays() -> None:
    found = jac.jacobian(stencil)(np.ones((4, 4), np.float32)).to_sparse()
    assert found.data.dtype == np.float32


def test_values_that_are_no_true_arrays_are_not_written_in_place() -> None:
    i = Label(2, "i")

    class Duck:
        shape, dtype = (2,), FLOAT

    assert not is_compressible([Term(((i,),), ((i,),), (Factor(Duck(), (i,)),))])
    assert is_compressible([Term(((i,),), ((i,),))])


def pairs(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> Term:
    """The term with two entries in each place of a list: their positions depend on the place, and on the pair."""
    i, j, e, s = Label(shape[0], "i"), Label(shape[1], "j"), Label(rows.shape[0], "e"), Label(rows.shape[1], "s")
    maps = (Map((i,), (e, s), rows.ravel()), Map((j,), (e, s), columns.ravel()))
    return Term(((i,),), ((j,),), (Factor(values, (e, s)),), maps, (e, s))


def test_slots_tell_where_each_entry_stands() -> None:
    """Entries of terms, of which some share their places and one has equal places itself."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(20)[:, None], 2, axis=1)
    apart, equal = np.stack([np.arange(20), np.arange(20) + 20], axis=1), np.repeat(np.arange(20)[:, None], 2, axis=1)
    columns = [apart, apart.copy(), equal]
    values = [rng.standard_normal((20, 2)) for _ in columns]
    dense = np.zeros((20, 45))
    for c, v in zip(columns, values, strict=True):
        np.add.at(dense, (rows, c + 5), v)
    placed = [Placed(pairs(rows, c, v, (20, 40)), 0, 5) for c, v in zip(columns, values, strict=True)]
    placed[1] = placed[1]._replace(term=placed[0].term.replace(factors=placed[1].term.factors))
    found = arrange(placed, (20, 45))
    assert found is not None
    np.testing.assert_array_equal(found.slots[0], found.slots[1])
    assert found.differ == [True, True, False]
    data = np.zeros(found.indices.size)
    for slots, v in zip(found.slots, values, strict=True):
        np.add.at(data, slots, v.ravel())
    made = scipy.sparse.csr_array((data, found.indices, found.indptr), shape=(20, 45))
    np.testing.assert_allclose(made.toarray(), dense, rtol=1e-14)


def test_pairs_under_compile() -> None:
    """An entry that is picked twice by one operation is added twice."""
    index = np.stack([np.arange(30), np.arange(30)], axis=1)
    w = np.random.default_rng(1).standard_normal((30, 2))

    def f(x: np.ndarray) -> np.ndarray:
        return np.sum(np.sin(x)[index] * w, axis=1) + x**2

    x = np.linspace(0, 1, 30)
    expected = np.diag(np.cos(x) * w.sum(axis=1) + 2 * x)
    compiled = jac.compile(lambda x: jac.jacobian(f)(x).to_sparse())
    np.testing.assert_allclose(compiled(x).toarray(), expected, rtol=1e-13)


@pytest.mark.parametrize("size", [2, 2**31 + 5])
def test_equal_indices_have_one_fingerprint(size: int) -> None:
    label, source = Label(size), Label(3)
    one, same, other = [Map((label,), (source,), np.array(index)) for index in ([0, 1, 1], [0, 1, 1], [1, 1, 0])]
    assert one.fingerprint == same.fingerprint != other.fingerprint
    far = Map((label,), (source,), np.array([0, 1, size - 1]))
    assert far.fingerprint == Map((label,), (source,), np.array([0, 1, size - 1])).fingerprint
    assert (far.fingerprint == one.fingerprint) == (size == 2)


@pytest.mark.parametrize("n", [3, 8000])
def test_lanes_of_evenly_spaced_places(n: int) -> None:
    """Rows of one length are evenly spaced; rows of several lengths, single rows, and turned ones are not."""
    rng = np.random.default_rng(3)
    m = 50
    index = rng.integers(0, m, (11, n))

    def f(x):
        first = reduce(np.multiply, [np.sin(x[row]) for row in index])
        second = x[index[0]] * np.cos(x[index[1]])
        return np.concatenate([first, second[::-1], np.exp(x[index[2]]), x[:1] * x[1:2], first + second])

    x = rng.uniform(0.5, 1.5, m)
    J = jac.jacobian(f)(x).to_sparse()
    exact = np.imag(np.stack([f(x + 1e-30j * e) for e in np.eye(m)], axis=1)) / 1e-30
    np.testing.assert_allclose(J.toarray(), exact, rtol=1e-12, atol=1e-14)
    assert J.has_canonical_format
