"""Compiled derivatives of largest and smallest entries: what is picked is picked, and no matrix of zeros is made."""

from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac
from jacobians.plain import chosen_entries, picked_sums

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((150, 3)), RNG.standard_normal((140, 3))
C = RNG.standard_normal((150, 140))


def chamfer(np: Any) -> Any:
    def f(X: Any, Y: Any) -> Any:
        D = np.sum((X[:, None, :] - Y) ** 2, axis=2)
        return np.mean(np.min(D, axis=1)) - np.sum(np.sqrt(np.min(D, axis=0)))

    return f


def products(np: Any) -> Any:
    """The largest entries of a product of matrices: the slopes meet both factors."""

    def f(X: Any, Y: Any) -> Any:
        return np.sum(np.exp(0.1 * np.max(X @ Y.T, axis=1))) + np.sum(np.max(X @ Y.T, axis=0) ** 2)

    return f


@pytest.mark.parametrize("loss", [chamfer, products])
def test_gradients(loss: Any):
    compiled = jac.compile(jac.grad(loss(np), argnums=(0, 1)))
    expected = [autograd.grad(loss(anp), n)(X, Y) for n in (0, 1)]
    for ours, theirs in zip(compiled(X, Y), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)
    assert "picked_sums" in compiled.source
    assert compiled.source.count("= chosen_entries") == 2


@pytest.mark.parametrize("loss", [chamfer, products])
def test_ties_share_equally(loss: Any):
    """Points that occur several times, and points that are all the same: then nothing is sparse."""
    gradient = jac.grad(loss(np), argnums=(0, 1))
    compiled = jac.compile(gradient)
    twice = np.concatenate([Y[:70], Y[:70]])
    for left, right in ((X, twice), (np.ones_like(X), np.full_like(Y, 2.0))):
        for ours, eager in zip(compiled(left, right), gradient(left, right), strict=True):
            np.testing.assert_allclose(ours, eager, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_so(bad: float):
    gradient = jac.grad(products(np), argnums=(0, 1))
    compiled, left, right = jac.compile(gradient), X.copy(), Y.copy()
    left[3, 1] = bad
    with np.errstate(all="ignore"):
        for ours, eager in zip(compiled(left, right), gradient(left, right), strict=True):
            np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(eager))


def test_a_matrix_that_is_read_whole_is_made():
    def loss(X: Any, Y: Any) -> Any:
        return jac.grad(lambda D: np.sum(np.min(D, axis=1) ** 2))(X @ Y.T)

    compiled = jac.compile(loss)
    D = X @ Y.T
    np.testing.assert_allclose(compiled(X, Y), 2 * D * (D.min(axis=1, keepdims=True) == D))


def test_single_precision_stays():
    gradient = jac.compile(jac.grad(chamfer(np)))
    assert gradient(X.astype(np.float32), Y.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("rows", [None, 1, 2])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("bad", [1.0, np.nan, np.inf])
def test_products(turned: bool, rows: int | None, share: float, bad: float):
    chosen = RNG.random((30, 40)) < share
    table = None if rows is None else RNG.standard_normal((30 if turned else 40, 5)[:rows])
    for shape in ((), (30, 1), (1, 40)):
        weights = np.asarray(RNG.standard_normal(shape))
        weights[(-1,) * len(shape)] = bad
        with np.errstate(all="ignore"):
            full = (chosen * weights).T if turned else chosen * weights
            expected = full.sum(axis=1) if table is None else full @ table
            found = picked_sums(chosen, chosen_entries(chosen), weights, table, turned)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_rows_that_are_not_finite_meet_zeros():
    chosen = np.eye(20, dtype=bool)
    rows = np.ones((20, 2))
    rows[4, 1] = np.inf
    with np.errstate(all="ignore"):
        found = picked_sums(chosen, chosen_entries(chosen), 1.0, rows)
    assert np.isnan(found[:, 1]).sum() == 19
    assert np.isfinite(found[:, 0]).all()


def test_saved_programs_bring_the_text(tmp_path: Path):
    compiled = jac.compile(jac.grad(chamfer(np)))
    expected = compiled(X, Y)
    compiled.save(tmp_path / "picks.py")
    space: dict[str, Any] = {"__name__": "picks", "__file__": str(tmp_path / "picks.py")}
    exec((tmp_path / "picks.py").read_text(), space)
    np.testing.assert_array_equal(space["f"](X, Y), expected)
