"""Contractions that are multiples of others, in compiled programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac

RNG = np.random.default_rng(0)
A, E, W = RNG.standard_normal((4, 30, 40)), RNG.standard_normal((4, 30)), RNG.standard_normal(4)


def test_weights_of_the_batch_come_after_the_contraction() -> None:
    def f(A: Any, E: Any, W: Any) -> Any:
        return np.einsum("bij,bi->bj", A, E), np.einsum("bi,bij->bj", E * W[:, None], A)

    compiled = jac.compile(f)
    once, weighted = compiled(A, E, W)
    np.testing.assert_allclose(once, [a.T @ e for a, e in zip(A, E, strict=True)], rtol=1e-12)
    np.testing.assert_allclose(weighted, [w * (a.T @ e) for a, e, w in zip(A, E, W, strict=True)], rtol=1e-12)
    assert compiled.source.count("np.matvec(") == 1


@pytest.mark.parametrize("first", [True, False])
def test_either_may_be_recorded_first(first: bool) -> None:
    def f(A: Any, E: Any, W: Any) -> Any:
        pair = [np.einsum("bij,bi->jb", A, E), np.einsum("bij,bi->bj", A, W[:, None] * E)]
        return tuple(pair if first else pair[::-1])

    compiled = jac.compile(f)
    found = compiled(A, E, W)
    plain = np.stack([a.T @ e for a, e in zip(A, E, strict=True)])
    expected = [plain.T, W[:, None] * plain]
    for one, other in zip(found, expected if first else expected[::-1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert compiled.source.count("np.matvec(") == 1


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (4, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_weights_of_few_axes(shape: tuple[int, ...], dtype: type) -> None:
    def f(A: Any, E: Any, s: Any) -> Any:
        scaled = E * s
        return np.einsum("bij,bi->bj", A, E), np.einsum("bi,bij->bj", scaled, A), np.tanh(scaled)

    arrays = [np.asarray(RNG.standard_normal(n)).astype(dtype) for n in (A.shape, E.shape, shape)]
    compiled = jac.compile(f)
    for found, expected in zip(compiled(*arrays), f(*arrays), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3 if dtype is np.float32 else 1e-12)
        assert found.dtype == dtype


def test_weights_of_what_is_summed_stay() -> None:
    V = RNG.standard_normal(30)
    compiled = jac.compile(lambda A, E: (np.einsum("bij,bi->bj", A, E), np.einsum("bij,bi->bj", A, E * V)))
    once, weighted = compiled(A, E)
    np.testing.assert_allclose(once, [a.T @ e for a, e in zip(A, E, strict=True)], rtol=1e-12)
    np.testing.assert_allclose(weighted, [a.T @ (e * V) for a, e in zip(A, E, strict=True)], rtol=1e-12)
    assert compiled.source.count("np.matvec(") == 2


def test_square_axes_are_not_confused() -> None:
    M, u, v = RNG.standard_normal((3, 25, 25))

    def f(M: Any, u: Any, v: Any) -> Any:
        return u @ M, (u * v[:, :1]) @ M, (u * v[:1]) @ M, M @ (u * v[:1]), M @ u, M.T @ (u * v[:1])

    compiled = jac.compile(f)
    expected = f(M, u, v)
    for one, other in zip(compiled(M, u, v), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)
    assert compiled.source.count("@") + compiled.source.count(".dot(") == 4


def test_diagonal_of_a_gauss_newton_matrix() -> None:
    """``J.T (diag p - p p.T) J`` of a linear layer behind a softmax: the mean of J is taken once."""
    X = RNG.standard_normal((50, 8))

    def diagonal(W: Any) -> Any:
        def loss(Z: Any) -> Any:
            return np.sum(np.log(np.sum(np.exp(Z), axis=1)))

        J, Z = jac.jacobian(lambda W: np.tanh(X @ W) @ B)(W), np.tanh(X @ W) @ B
        return (J.T @ jac.hessian(loss)(Z) @ J).diagonal()

    W, B = RNG.standard_normal((8, 12)), RNG.standard_normal((12, 5))
    Y = np.tanh(X @ W)
    Z = Y @ B
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    D = B.T[None] * (1 - Y * Y)[:, None, :]  # batch, class, hidden
    variance = np.einsum("bc,bch->bh", P, D * D) - np.einsum("bc,bch->bh", P, D) ** 2
    np.testing.assert_allclose(jac.compile(diagonal)(W), (X * X).T @ variance, rtol=1e-9, atol=1e-12)


def test_a_difference_that_is_there_is_summed_once() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sqrt(x - y), np.sum(x, axis=0) - np.sum(y, axis=0), np.sum(x, axis=1) - np.sum(y, axis=1)[::-1]

    x, y = RNG.uniform(1, 2, (5, 6)), RNG.uniform(0, 1, (5, 6))
    compiled = jac.compile(f)
    roots, columns, rows = compiled(x, y)
    np.testing.assert_allclose(roots, np.sqrt(x - y))
    np.testing.assert_allclose(columns, [sum(x[:, k]) - sum(y[:, k]) for k in range(6)], rtol=1e-13)
    np.testing.assert_allclose(rows, [sum(x[k]) - sum(y[4 - k]) for k in range(5)], rtol=1e-13)
    assert compiled.source.count(".sum(") == 3


def test_a_first_axis_of_one_makes_no_other_difference():
    def f(x):
        return (x - np.mean(x, axis=0, keepdims=True)) * np.tanh(x - np.mean(x, axis=0)) + np.sum(x, axis=0)[None, :]

    x = np.random.default_rng(8).standard_normal((6, 4))
    compiled = jac.compile(f)
    np.testing.assert_allclose(compiled(x), f(x), rtol=1e-13)
    assert compiled.source.count(" - ") == 1
    row = jac.compile(lambda x: np.add(np.sum(x, axis=0)[None, :], 1.0) * np.ones((1, 1)))
    assert row(x).shape == (1, 4)
    outer = jac.compile(lambda x: x[:, 0][:, None] - x[:, 0][None, :])
    np.testing.assert_array_equal(outer(x), x[:, :1] - x[:, 0])


def test_products_that_there_are_are_read_by_others() -> None:
    cores = [RNG.standard_normal(shape) for shape in ((20, 3), (3, 22, 4), (4, 25))]
    data = RNG.standard_normal((20, 22, 25))

    def loss(A: Any, B: Any, C: Any) -> Any:
        return 0.5 * np.sum((np.einsum("ia,ajb,bk->ijk", A, B, C) - data) ** 2)

    compiled = jac.compile(jac.grad(loss, argnums=(0, 1, 2)))
    error = np.einsum("ia,ajb,bk->ijk", *cores) - data
    expected = [
        np.einsum("ijk,ajb,bk->ia", error, *cores[1:]),
        np.einsum("ijk,ia,bk->ajb", error, cores[0], cores[2]),
        np.einsum("ijk,ia,ajb->bk", error, *cores[:2]),
    ]
    for found, right in zip(compiled(*cores), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-10)
    assert compiled.source.count("dot(") + compiled.source.count(" @ ") == 6  # one for each that reads another


def test_a_product_meets_itself_in_a_trace() -> None:
    matrices = RNG.standard_normal((12, 9, 9))

    def f(x: Any) -> Any:
        return -np.linalg.slogdet(9 * np.eye(9) + np.einsum("k,kij->ij", x, matrices))[1]

    hessian = jac.hessian(f)
    compiled = jac.compile(lambda x: hessian(x).to_array())
    x = RNG.standard_normal(12) / 9
    products = np.linalg.inv(9 * np.eye(9) + np.einsum("k,kij->ij", x, matrices)) @ matrices
    np.testing.assert_allclose(compiled(x), np.einsum("kij,lji->kl", products, products), rtol=1e-10)
    assert compiled.source.count("dot(") + compiled.source.count(" @ ") == 3
