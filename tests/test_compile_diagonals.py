"""Diagonals in compiled programs: only what stands on them is computed; products that are equal are made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jacobians as jac

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 60, 20))
s = RNG.uniform(0.1, 1, (60, 1))
A, B = RNG.standard_normal((2, 20, 20))
T, U = RNG.standard_normal((2, 6, 20, 20))
v = RNG.standard_normal(20)

# fmt: off
ROWS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], list[str]]] = {
    # name: (function, arguments, what the text does not contain)
    "weighted Gram matrix":  (lambda X, s: np.diagonal(X.T @ (s * X)), (X, s), ["diagonal", "_half"]),
    "product":               (lambda A, B: np.diagonal(A @ B), (A, B), ["diagonal", "@", ".dot("]),
    "by einsum":             (lambda A, B: np.einsum("ii->i", A @ B), (A, B), ["@", ".dot("]),
    "trace":                 (lambda A, B: np.trace(A @ B), (A, B), ["trace", "@", ".dot("]),
    "sum":                   (lambda A, B: np.diagonal(A @ B + 2 * B.T), (A, B), ["@", ".dot("]),
    "row added":             (lambda A, B, v: np.diagonal(A @ B - v), (A, B, v), ["@", ".dot("]),
    "entrywise product":     (lambda A, B, v: np.diagonal((A @ B) * A * v[:, None]), (A, B, v), ["@", ".dot("]),
    "of many":               (lambda T, U: np.diagonal(T @ U, axis1=1, axis2=2), (T, U), ["@", "matmul"]),
    "other axes":            (lambda T, U: np.diagonal(T @ U, axis1=-1, axis2=1), (T, U), ["@", "matmul"]),
    "of a diagonal":         (lambda A, B: np.einsum("ijij->ij", np.einsum("ik,jl->ijkl", A, B)), (A, B), ["ijij"]),
}
# fmt: on


def text_of(function: Callable[..., Any], *arguments: Any) -> str:
    """The text of a compiled function, whose result has been compared with that of the function."""
    compiled = jac.compile(function)
    found, expected = compiled(*arguments), function(*arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    assert np.shape(found) == np.shape(expected)
    return compiled.source


@pytest.mark.parametrize("name", ROWS)
def test_diagonals(name: str) -> None:
    function, arguments, gone = ROWS[name]
    text = text_of(function, *arguments)
    for words in gone:
        assert words not in text, text


def test_what_is_read_as_a_whole_too_gives_its_diagonal() -> None:
    compiled = jac.compile(lambda A, B: (A @ B, np.diagonal(A @ B)))
    whole, part = compiled(A, B)
    np.testing.assert_array_equal(part, np.diagonal(whole))
    assert compiled.source.count(".dot(") + compiled.source.count(" @ ") == 1


def test_equal_products_are_made_once_whatever_their_order() -> None:
    def f(A: Any, B: Any, v: Any) -> Any:
        return np.sin((A * v) @ B) + np.cos(np.einsum("jk,ij->ki", v[:, None] * B, A)).T

    text = text_of(f, A, B, v)
    assert text.count(".dot(") + text.count(" @ ") == 1


def test_other_diagonals_stay() -> None:
    for offset in (1, -3):
        assert "diagonal" in text_of(lambda A, B, k=offset: np.diagonal(A @ B, k), A, B)


def test_hessian_diagonal_of_a_network_is_made_of_matrices() -> None:
    """The matrix of shape (20, 5, 20, 5) is not made: no product has more entries than the weights or the data."""
    W, V = RNG.standard_normal((20, 5)) / 5, RNG.standard_normal((5, 3))

    def loss(W: Any, V: Any, X: Any) -> Any:
        return 0.5 * np.sum((np.tanh(X @ W) @ V) ** 2)

    compiled = jac.compile(lambda W, V, X: jac.hessian(loss)(W, V, X).diagonal())
    H, R = np.tanh(X @ W), np.tanh(X @ W) @ V
    slope = 1 - H * H
    expected = (X * X).T @ (slope**2 * np.sum(V * V, axis=1) - 2 * H * slope * (R @ V.T))
    np.testing.assert_allclose(compiled(W, V, X), expected, rtol=1e-11)
    assert "None, :, None]" not in compiled.source


@st.composite
def matrices(draw: Any, depth: int = 3) -> Any:
    """A nested tuple: how a square matrix is made of M, N and a vector."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["M", "N", "rows", "columns", "delta"]))
    kind = draw(st.sampled_from(["+", "-", "*", "@", "T", "scaled"]))
    left = draw(matrices(depth - 1))
    return (kind, left) if kind in ("T", "scaled") else (kind, left, draw(matrices(depth - 1)))


def value(tree: Any, M: Any, N: Any, x: Any) -> Any:
    if isinstance(tree, str):
        delta = jac.arrays.embed(x, ((0,), (0,))) if tree == "delta" else None
        return {"M": M, "N": N, "rows": x[:, None] * M, "columns": N * x, "delta": delta}[tree]
    kind, left, *right = tree
    a = value(left, M, N, x)
    if not right:
        return np.transpose(a) if kind == "T" else -1.5 * a
    b = value(right[0], M, N, x)
    return {"+": np.add, "-": np.subtract, "*": np.multiply, "@": np.matmul}[kind](a, b)


@settings(max_examples=150, deadline=None)
@given(matrices(), matrices())
def test_diagonals_of_random_matrices(left: Any, right: Any) -> None:
    M, N, x = RNG.standard_normal((5, 5)), RNG.standard_normal((5, 5)), RNG.standard_normal(5)

    def f(M: Any, N: Any, x: Any) -> Any:
        return np.diagonal(value(left, M, N, x)) + np.einsum("ii->i", value(right, M, N, x))

    found, expected = jac.compile(f)(M, N, x), f(M, N, x)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * (1 + np.abs(expected).max()))


def test_numbers_are_added_to_a_diagonal_without_an_array_of_them() -> None:
    ridge = jac.hessian(lambda w, c: 0.5 * np.sum((X @ w) ** 4) + c * np.sum(w**2))
    for function, number in (
        (lambda w: ridge(w, 3.0).to_array(), 3.0),
        (lambda w: ridge(w, w[0] ** 2).to_array(), None),
    ):
        compiled = jac.compile(function)
        c = v[0] ** 2 if number is None else number
        np.testing.assert_allclose(compiled(v), X.T @ (6 * (X @ v)[:, None] ** 2 * X) + 2 * c * np.eye(20), rtol=1e-10)
        assert "broadcast_to" not in compiled.source
