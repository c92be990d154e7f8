"""What an index picks and adds up in compiled programs: tables that are looked up, graphs, windows, margins."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import jacobians as jac
from jacobians.plain import RowSums, row_sums

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 300, (40, 25))
TABLE, WEIGHTS = RNG.standard_normal((300, 16)), RNG.standard_normal((40, 25, 16))


def added(ids: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Rows added one after the other."""
    total = np.zeros((size, *values.shape[ids.ndim :]), values.dtype)
    for n, row in zip(ids.reshape(-1), values.reshape(-1, *values.shape[ids.ndim :]), strict=True):
        total[n] += row
    return total


def mean_of_rows(table: Any) -> Any:
    return np.sum(np.mean(table[IDS], axis=1) ** 3)


def weighed_rows(table: Any) -> Any:
    return np.sum(table[IDS] ** 2 * WEIGHTS)


def test_the_gradient_of_a_table_is_a_product_with_a_sparse_matrix() -> None:
    compiled = jac.compile(jac.grad(mean_of_rows))
    slope = 3 * TABLE[IDS].mean(1) ** 2 / 25
    expected = added(IDS, np.broadcast_to(slope[:, None], (40, 25, 16)), 300)
    np.testing.assert_allclose(compiled(TABLE), expected, rtol=1e-12, atol=1e-14)
    assert "m0 @" in compiled.source
    assert "add.at" not in compiled.source
    compiled = jac.compile(jac.grad(weighed_rows))
    np.testing.assert_allclose(compiled(TABLE), added(IDS, 2 * TABLE[IDS] * WEIGHTS, 300), rtol=1e-11, atol=1e-12)
    assert "m0 @" in compiled.source


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_dtypes_stay(dtype: Any) -> None:
    table = TABLE.astype(dtype)
    compiled = jac.compile(lambda table, w: jac.vjp(lambda t: t[IDS], table)[1](w)[0])
    found = compiled(table, WEIGHTS.astype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, added(IDS, WEIGHTS.astype(dtype), 300), rtol=1e-5, atol=1e-5)


def test_products_lie_as_they_are_added() -> None:
    X = RNG.standard_normal((40, 16))
    compiled = jac.compile(jac.grad(lambda table: np.sum(np.exp(np.einsum("bd,bnd->bn", X, table[IDS])))))
    slopes = np.exp(np.einsum("bd,bnd->bn", X, TABLE[IDS]))
    np.testing.assert_allclose(compiled(TABLE), added(IDS, slopes[:, :, None] * X[:, None], 300), rtol=1e-12)
    assert "transpose" not in compiled.source


def test_positions_may_be_arguments() -> None:
    compiled = jac.compile(lambda table, ids: jac.grad(lambda t: np.sum(t[ids] ** 2 * WEIGHTS))(table))
    for ids in (IDS, IDS[::-1] - 300):  # those from the end, too
        expected = added(ids, 2 * TABLE[ids] * WEIGHTS, 300)
        np.testing.assert_allclose(compiled(TABLE, ids), expected, rtol=1e-11, atol=1e-12)
    with pytest.raises(IndexError):
        _ = compiled(TABLE, IDS + 200)


def looked_up(table: Any, ids: Any) -> Any:
    return np.sum(np.mean(table[ids], axis=1) ** 3) + np.sum(np.sum(table[ids], axis=1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", [0, -150, -300])
def test_many_rows_that_arguments_name_are_added_row_by_row(dtype: Any, shift: int) -> None:
    """Positions from the end are the same rows."""
    compiled = jac.compile(jac.grad(looked_up))
    table, ids = TABLE.astype(dtype), IDS + shift
    slope = 3 * TABLE[ids].mean(1) ** 2 / 25 + 1
    expected = added(ids, np.broadcast_to(slope[:, None], (40, 25, 16)), 300)
    found = compiled(table, ids)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-3 if dtype is np.float32 else 1e-12, atol=1e-4)
    assert compiled.source.count("row_sums(") >= 2
    assert "add.at" not in compiled.source
    for wrong in (300, -301):
        with pytest.raises(IndexError, match="out of bounds"):
            _ = compiled(table, np.where(ids == ids[3, 4], wrong, ids))


def test_rows_that_arguments_name_are_multiplied_before_they_are_named() -> None:
    """And positions that a condition chose may be negative."""
    heads, tails = RNG.integers(-300, 300, (2, 900))

    def f(table: Any, scale: Any, heads: Any, tails: Any) -> Any:
        last = np.where(heads > 200, -1, tails)
        return np.sum(scale[heads][:, None] * table[heads] * np.sin(table[last]))

    scale = RNG.standard_normal(300)
    gradient = jac.grad(f, argnums=(0, 1))
    last = np.where(heads > 200, -1, tails)
    terms = (
        added(heads % 300, scale[heads][:, None] * np.sin(TABLE[last]), 300)
        + added(last % 300, scale[heads][:, None] * TABLE[heads] * np.cos(TABLE[last]), 300),
        added(heads % 300, np.sum(TABLE[heads] * np.sin(TABLE[last]), axis=1), 300),
    )
    for found, expected in zip(jac.compile(gradient)(TABLE, scale, heads, tails), terms, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_what_is_not_finite_reaches_the_rows_that_read_it() -> None:
    weights = WEIGHTS.copy()
    weights[3, 4] = np.nan
    weights[7, 2] = np.inf
    compiled = jac.compile(lambda table, w: jac.vjp(lambda t: t[IDS], table)[1](w)[0])
    found, expected = compiled(TABLE, weights), added(IDS, weights, 300)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


GRAPH = csr_array(RNG.standard_normal((500, 500)) * (RNG.random((500, 500)) < 0.02))
FEATURES = RNG.standard_normal((500, 20))


def layers(W: Any, V: Any) -> Any:
    return np.sum((GRAPH @ (np.tanh(GRAPH @ (FEATURES @ W)) @ V)) ** 2)


@pytest.mark.parametrize("make", [lambda f: f, jac.compile], ids=["eager", "compiled"])
def test_layers_of_a_sparse_graph(make: Callable[[Any], Any]) -> None:
    W, V = RNG.standard_normal((20, 12)), RNG.standard_normal((12, 10))
    H = np.tanh(GRAPH @ (FEATURES @ W))
    E = 2 * (GRAPH.T @ (GRAPH @ (H @ V)))
    D = GRAPH.T @ ((E @ V.T) * (1 - H * H))
    found = make(jac.grad(layers, argnums=(0, 1)))(W, V)
    for one, other in zip(found, (FEATURES.T @ D, H.T @ E), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


def test_the_gradient_of_a_sparse_graph_lists_no_pairs_of_entries() -> None:
    """Two layers meet in 20 times as many pairs as a layer has entries."""
    compiled = jac.compile(jac.grad(layers, argnums=(0, 1)))
    _ = compiled(RNG.standard_normal((20, 12)), RNG.standard_normal((12, 10)))
    (program,) = compiled._programs.values()
    assert max([array.size for array in program.kernel.space.constants.values()]) <= max(GRAPH.nnz, FEATURES.size)


def test_windows_by_an_index_array() -> None:
    starts, offsets = np.arange(60), np.arange(5)
    windows = starts[:, None] + offsets
    X, K = RNG.standard_normal((12, 64, 6)), RNG.standard_normal((5, 6, 3))
    T = RNG.standard_normal((12, 60, 3))
    compiled = jac.compile(jac.grad(lambda X, K: np.sum(np.einsum("bwoc,ocd->bwd", X[:, windows], K) * T)))
    expected = np.zeros_like(X)
    for o in offsets:
        expected[:, o : o + 60] += T @ K[o].T
    np.testing.assert_allclose(compiled(X, K), expected, rtol=1e-11, atol=1e-12)


def test_one_index_array_among_slices_is_taken() -> None:
    compiled = jac.compile(lambda x, n: (x[:, IDS], x[n], x[:, :, n]))
    x, n = RNG.standard_normal((3, 300, 8)), np.array([2, 0, -1])
    found = compiled(x, n)
    for one, other in zip(found, (x[:, IDS], x[n], x[:, :, n]), strict=True):
        np.testing.assert_array_equal(one, other)
    assert compiled.source.count("np.take(") == 3


def test_the_gradient_of_a_bias_is_a_margin() -> None:
    X, T = RNG.standard_normal((64, 30)), RNG.standard_normal((64, 8, 4))

    def loss(W: Any, b: Any) -> Any:
        H = np.maximum(X @ W + b, 0)
        return np.sum(np.mean(H.reshape(64, 8, 4, 2), axis=3) * T)

    W, b = RNG.standard_normal((30, 64)), RNG.standard_normal(64)
    compiled = jac.compile(jac.grad(loss, argnums=(0, 1)))
    G = np.repeat(T / 2, 2, axis=2).reshape(64, 64) * (X @ W + b > 0)
    found = compiled(W, b)
    np.testing.assert_allclose(found[0], X.T @ G, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(found[1], G.sum(0), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("scipy", [True, False])
def test_a_saved_gradient_of_a_table_needs_numpy_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scipy: bool
) -> None:
    compiled = jac.compile(jac.grad(mean_of_rows))
    expected = compiled(TABLE)
    path = tmp_path / "looked_up.py"
    compiled.save(path)
    if not scipy:
        monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    spec = importlib.util.spec_from_file_location("looked_up", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = module.mean_of_rows
    np.testing.assert_allclose(function(TABLE), expected, rtol=1e-12, atol=1e-14)


def test_sums_of_rows_are_those_of_a_dense_matrix() -> None:
    weights, columns, starts = np.array([2.0, -1.0, 3.0]), np.array([1, 1, 0]), np.array([0, 2, 2, 3])
    rows = RNG.standard_normal((2, 4))
    dense = np.array([[0.0, 1.0], [0.0, 0.0], [3.0, 0.0]])
    np.testing.assert_allclose(RowSums(weights, columns, starts, 2) @ rows, dense @ rows)


@pytest.mark.parametrize("scipy", [True, False])
@pytest.mark.parametrize("source", [None, [4, 0, 2, 4, 1]])
def test_rows_are_added_with_scipy_and_without(monkeypatch: pytest.MonkeyPatch, scipy: bool, source: Any) -> None:
    if not scipy:
        monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    rows, index = RNG.standard_normal((5, 3)), np.array([1, 0, 1, 3, 1])
    at = None if source is None else np.array(source)
    expected = added(index, rows if at is None else rows[at], 4)
    np.testing.assert_allclose(row_sums(rows, index, 4, at), expected, rtol=1e-14)
    none = row_sums(rows[:0], index[:0], 4) if at is None else row_sums(rows, index[:0], 4, at[:0])
    np.testing.assert_array_equal(none, np.zeros((4, 3)))
    with pytest.raises(IndexError, match="index 3 is out of bounds"):
        _ = row_sums(rows, index, 3, at)
