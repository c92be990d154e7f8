"""Products whose rows are groups, one for each row of a run, are made block by block and never stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac


@pytest.fixture(params=[1, 2])
def threads(request: Any) -> Iterator[int]:
    before = jac.set_threads(request.param)
    yield request.param
    _ = jac.set_threads(before)


def arrays(n: int = 150, g: int = 7, k: int = 30, m: int = 64, dtype: Any = np.float64) -> tuple[np.ndarray, ...]:
    """Matrices of each of n examples, the matrix that all of them meet, and weights."""
    rng = np.random.default_rng(n + g)
    shapes = ((n, g, k), (k, m), (n, g), (n, m))
    return tuple([rng.standard_normal(shape).astype(dtype) / 2 for shape in shapes])


def is_in_blocks(text: str) -> bool:
    """Whether a product is written into the buffer of a block."""
    return re.search(r"np\.matmul\(.*out=b\d+\.reshape\(\(-1, ", text) is not None


def squared(A: Any, B: Any, p: Any, q: Any) -> Any:
    P = A @ B
    return np.einsum("ngm,ng->nm", P * P, p) - q * np.einsum("ngm,ng->nm", P, p)


# fmt: off
CASES: dict[str, Callable[..., Any]] = {
    "weighted squares":     squared,
    "sums over the group":  lambda A, B, p, q: np.sum(np.tanh(A @ B), axis=1) * q,
    "sums over the row":    lambda A, B, p, q: np.sum(np.exp(A @ B), axis=2) * p,
    "largest":              lambda A, B, p, q: np.max(A @ B, axis=1) + q,
    "all in one":           lambda A, B, p, q: np.sum(np.sin(A @ B) * q[:, None, :]),
    "made in the run":      lambda A, B, p, q: np.sum((A * p[:, :, None]) @ B, axis=1) * q,
    "what meets it":        lambda A, B, p, q: np.sum(np.abs(A @ (2 * B)) ** 1.5, axis=1) - q,
    "sums over examples":   lambda A, B, p, q: np.sum(np.cos(A @ B), axis=0),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sizes", [(150, 7, 30, 64), (90, 20, 5, 40), (3, 400, 12, 60), (900, 2, 16, 48)])
def test_numbers_are_those_of_numpy(name: str, sizes: tuple[int, ...], threads: int) -> None:
    given, f = arrays(*sizes), CASES[name]
    compiled = jac.compile(f)
    for _ in range(2):
        np.testing.assert_allclose(compiled(*given), f(*given), rtol=1e-11, atol=1e-11)
    assert is_in_blocks(compiled.source) or sizes[0] == 3  # for so few examples other calls may be better


def test_only_blocks_of_the_product_are_in_memory() -> None:
    given = arrays(200, 10, 32, 128)
    compiled = jac.compile(squared)
    np.testing.assert_allclose(compiled(*given), squared(*given), rtol=1e-11, atol=1e-12)
    assert "borrow" not in compiled.source  # the product has 2 MB
    assert re.findall(r"in_blocks\(_block0, 200, (\d+), ", compiled.source) == ["13"]  # 13 groups of 10: 128 rows


@pytest.mark.parametrize(
    ("f", "count"),
    [
        (lambda A, B, p, q: A @ B, 1),
        (lambda A, B, p, q: (A @ B, np.sum(np.tanh(A @ B), axis=1)), 2),
        (lambda A, B, p, q: (A @ B).reshape(-1, 64).T @ (A @ B).reshape(-1, 64), 1),
        (lambda A, B, p, q: np.cumsum(A @ B, axis=0), 1),
    ],
)
def test_a_product_that_is_needed_as_a_whole_is_made_at_once(f: Callable[..., Any], count: int) -> None:
    given = arrays()
    compiled = jac.compile(f)
    found, expected = compiled(*given), f(*given)
    pairs = [(found, expected)] if count == 1 else list(zip(found, expected, strict=True))
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)
    assert not is_in_blocks(compiled.source)


def test_deep_and_wide_products_are_made_at_once() -> None:
    for sizes in ((128, 8, 300, 80), (128, 8, 20, 600)):
        given = arrays(*sizes)
        compiled = jac.compile(CASES["sums over the group"])
        np.testing.assert_allclose(compiled(*given), CASES["sums over the group"](*given), rtol=1e-11, atol=1e-11)
        assert not is_in_blocks(compiled.source)


def test_what_is_not_finite_stays_where_it_was() -> None:
    A, B, p, q = arrays()
    A[3, 2, 1], A[149, 6, 0], q[7, 5] = np.nan, np.inf, -np.inf
    compiled = jac.compile(squared)
    with np.errstate(all="ignore"):
        found, expected = compiled(A, B, p, q), squared(A, B, p, q)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    assert np.isnan(found).sum() >= B.shape[1]


def test_single_precision_and_other_layouts(threads: int) -> None:
    given = arrays(dtype=np.float32)
    compiled = jac.compile(squared)
    found = compiled(*given)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, squared(*given), rtol=2e-4, atol=1e-4)
    turned = tuple([np.asfortranarray(x) for x in arrays()])
    sliced = tuple([np.repeat(x, 2, axis=0)[::2] if x.shape[0] == 150 else x for x in arrays()])
    for others in (turned, sliced):
        np.testing.assert_allclose(compiled(*others), squared(*others), rtol=1e-11, atol=1e-12)


def test_results_go_into_arrays_of_the_caller() -> None:
    given = arrays()
    compiled, out = jac.compile(squared), np.empty((150, 64))
    assert compiled(*given, out=out) is out
    np.testing.assert_allclose(out, squared(*given), rtol=1e-11, atol=1e-12)


def test_the_gradient_is_that_of_autograd() -> None:
    A, B, _, q = arrays(100, 12, 20, 64)

    def loss(np: Any, A: Any, B: Any) -> Any:
        return np.sum(np.sum(np.tanh(np.matmul(A, B)) ** 2, axis=1) * q)

    compiled = jac.compile(jac.grad(lambda A, B: loss(np, A, B), argnums=(0, 1)))
    expected = autograd.grad(lambda A, B: loss(anp, A, B), (0, 1))(A, B)
    for found, other in zip(compiled(A, B), expected, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-10, atol=1e-12)


def test_the_diagonal_of_a_network_s_curvature() -> None:
    """Of the logits' Jacobian J and the Hessian H of the loss: the diagonal of ``J.T H J`` without the slopes."""
    rng = np.random.default_rng(0)
    X, W, V = rng.standard_normal((128, 40)), rng.standard_normal((40, 256)) / 6, rng.standard_normal((256, 64)) / 16
    U = rng.standard_normal((64, 10)) / 8

    def logits(W: Any) -> Any:
        return np.tanh(np.tanh(X @ W) @ V) @ U

    def diagonal(W: Any) -> Any:
        J = jac.jacobian(logits)(W)
        H = jac.hessian(lambda Z: np.sum(np.log(np.sum(np.exp(Z), axis=1))))(logits(W))
        return (J.T @ H @ J).diagonal()

    compiled = jac.compile(diagonal)
    found = compiled(W)
    assert is_in_blocks(compiled.source)
    slopes = [1 - np.tanh(X @ W) ** 2, 1 - np.tanh(np.tanh(X @ W) @ V) ** 2]
    P = np.exp(logits(W))
    P /= P.sum(axis=1, keepdims=True)
    D = np.einsum("bh,hs,bs,so->boh", slopes[0], V, slopes[1], U)
    curved = np.einsum("bo,boh,boh->bh", P, D, D) - np.einsum("bo,boh->bh", P, D) ** 2
    np.testing.assert_allclose(found, (X * X).T @ curved, rtol=1e-10, atol=1e-13)
    assert sum(map(int, re.findall(r"borrow\((\d+)\)", compiled.source))) < 128 * 10 * 256 * 8
