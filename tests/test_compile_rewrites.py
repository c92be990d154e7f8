"""Rewriting of compiled programs: what the text contains, and that the numbers are those of the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from random_programs import Program, programs

import jacobians as jac

RNG = np.random.default_rng(0)
A, B, C, S = (RNG.standard_normal((4, 4)) for _ in range(4))
X, u, v = RNG.standard_normal((6, 4)), RNG.standard_normal(4), RNG.standard_normal(6)
T = RNG.standard_normal((3, 4, 5))


def text_of(function: Callable[..., Any], *arguments: Any) -> str:
    """The text of a compiled function, whose result has been compared with that of the function."""
    compiled = jac.compile(function)
    found, expected = compiled(*arguments), function(*arguments)
    for one, other in zip(np.atleast_1d(found), np.atleast_1d(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
    assert np.shape(found) == np.shape(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    return compiled.source


# fmt: off
ROWS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], list[str], list[str]]] = {
    # name: (function, arguments, what the text contains, what it does not contain)
    "matrix product":        (lambda a, b: np.einsum("ij,jk->ik", a, b), (A, B), ["a.dot(b)"], ["einsum", ".T"]),
    "first transposed":      (lambda a, b: np.einsum("ji,jk->ik", a, b), (A, B), ["a.T", ".dot(b)"], ["einsum"]),
    "result transposed":     (lambda a, b: np.einsum("ij,jk->ki", a, b), (A, B), [".T", ".dot("], ["einsum"]),
    "matrix-vector":         (lambda a, x: np.einsum("ij,j->i", a, x), (X, u), ["a.dot(x)"], ["einsum"]),
    "vector-matrix":         (lambda a, x: np.einsum("ij,i->j", a, x), (X, v), ["x.dot(a)"], ["einsum", ".T"]),
    "inner product":         (lambda x, y: np.einsum("i,i->", x, y), (u, u + 1), [".dot("], ["einsum"]),
    "Frobenius":             (lambda a, b: np.einsum("ij,ij->", a, b), (A, B), [".reshape(", ".dot("], ["einsum"]),
    "many inner products":   (lambda a, b: np.einsum("ij,ij->i", a, b), (A, B), ["np.vecdot(a, b)"], ["einsum"]),
    "outer product":         (lambda x, y: np.einsum("i,j->ij", x, y), (u, v), ["[:, None]", "*"], ["einsum", ".T"]),
    "scaled rows":           (lambda x, a: np.einsum("i,ij->ij", x, a), (u, A), ["[:, None]", "*"], ["einsum"]),
    "scaled columns":        (lambda x, a: np.einsum("j,ij->ij", x, a), (u, A), ["*"], ["einsum", "None"]),
    "batched products":      (lambda a, b: np.einsum("bij,bjk->bik", a, b), (T, T.mT), ["@"], []),
    "batched vectors":       (lambda a, b: np.einsum("bij,bj->bi", a, b), (T, T[:, 0]), ["np.matvec("], ["einsum"]),
    "sum of one factor":     (lambda a, x: np.einsum("ij,k->k", a, x), (A, u), [".sum(axis=(0, 1))", "*"], ["einsum"]),
    "three factors":         (lambda a, b, x: np.einsum("ij,jk,k->i", a, b, x), (A, B, u), ["b.dot(x)"], ["einsum"]),
    "no copy of a batch":    (lambda t, a: np.einsum("bik,ji->bjk", t, a), (T, A), ["@"], ["einsum"]),
    "same product twice":    (lambda a, b: np.sin(a @ b) + np.einsum("kj,ik->ij", b, a), (A, B), [], ["b.dot"]),
    "transposed operand":    (lambda a, b: np.transpose(a) @ np.transpose(b), (A, B), ["v0.dot(v1)"], ["transpose"]),
    "numbers merged":        (lambda x: 2 * (3 * x), (u,), ["6.0 * x"], ["3", "2"]),
    "numbers of a product":  (lambda a, x: 2 * (a @ (3 * x)), (A, u), ["6.0 * x"], ["3", "2 *"]),
    "smallest takes number": (lambda x, y: 3 * np.outer(x, y), (u, v), ["3.0 * x"], ["3.0 * v"]),
    "negations cancel":      (lambda x, y: (-x) * (-y), (u, u + 1), ["x * y"], ["-"]),
    "negation subtracts":    (lambda x, y: x + (-y), (u, u + 1), ["x - y"], ["+", "-y"]),
    "difference negated":    (lambda x, y: -(x - y), (u, u + 1), ["y - x"], ["-x", "-v"]),
    "common number":         (lambda x, y: 3 * np.sin(x) + 3 * np.cos(y), (u, u), [" + "], ["3.0 * v0 + "]),
    "times one":             (lambda x: 1 * x * np.ones(4), (u + 0.5,), [], ["*", "c0"]),
    "plus zero":             (lambda x: np.sin(x) + np.zeros(4) + 0, (u,), ["np.sin(x)"], ["+"]),
    "square":                (lambda x: np.power(x, 2), (u,), ["x * x"], ["**", "power"]),
    "root":                  (lambda x: np.power(x, 0.5), (np.abs(u),), ["np.sqrt(x)"], ["**", "power"]),
    "reciprocal":            (lambda x: np.power(x, -1), (u,), ["1 / x"], ["**", "power"]),
    "moves of moves":        (lambda a: np.transpose(np.reshape(np.transpose(np.sin(a)), (4, 6))), (X,), [], [".T.T"]),
    "moves cancel":          (lambda a: np.transpose(np.exp(np.transpose(a))), (X,), ["np.exp(a)"], [".T"]),
    "broadcast dropped":     (lambda a, x: a + np.broadcast_to(x, (6, 4)), (X, u), ["a + x"], ["broadcast"]),
    "sum of a broadcast":    (lambda x: np.sum(np.broadcast_to(x, (50, 4)), axis=0), (u,), ["50.0 *"], ["broadcast"]),
    "ones count":            (lambda x: np.einsum("i,ij->i", x, np.ones((4, 5))), (u,), ["5.0 * x"], ["einsum", "c0"]),
    "ones of two count":     (lambda x, y: np.einsum("i,i,ij->i", x, y, np.ones((4, 5))), (u, u + 1), ["5.0"], ["c0"]),
    "mask":                  (lambda a, y: np.equal(a, y).astype(float) * a, (u, u), ["a == y"], ["astype"]),
    "constant folded":       (lambda x: x + np.sin(np.arange(4.0)) * 2, (u,), ["c0"], ["sin", "*"]),
    "association":           (lambda a, x, y: x[:, None] * (y[:, None] * a), (A, u, u + 1), ["x * y"], []),
    "common factor":         (lambda a, x, y: x[:, None] * a + y[:, None] * a, (A, u, u + 1), ["x + y"], []),
    "common factor minus":   (lambda a, x, y: x[:, None] * a - a * y[:, None], (A, u, u + 1), ["x - y"], []),
}
# fmt: on


@pytest.mark.parametrize("name", ROWS)
def test_rewrites(name: str) -> None:
    function, arguments, there, gone = ROWS[name]
    text = text_of(function, *arguments).partition(":\n")[2]
    for words in there:
        assert words in text, text
    for words in gone:
        assert words not in text, text


def test_lesson_is_what_one_would_write() -> None:
    def loss(W: Any, b: Any, x: Any) -> Any:
        return np.sum((W @ x + b) ** 2)

    gradient = jac.compile(jac.grad(loss, argnums=(0, 1)))
    W, b = A[:2, :2], u[:2]
    for found, expected in zip(gradient(W, b, v[:2]), jac.grad(loss, argnums=(0, 1))(W, b, v[:2]), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    body = [line.strip() for line in gradient.source.splitlines() if " = " in line]
    assert body == ["v0 = W.dot(x)", "v1 = v0 + b", "v2 = v1 + v1", "v3 = v2[:, None]", "v4 = x * v3"]


def test_network_scales_what_is_small() -> None:
    def loss(W: Any, V: Any, X: Any) -> Any:
        return np.mean((np.tanh(X @ W) @ V) ** 2)

    gradient = jac.compile(jac.grad(loss, argnums=(0, 1)))
    arguments = (A, B, X)
    for found, expected in zip(gradient(*arguments), jac.grad(loss, argnums=(0, 1))(*arguments), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert gradient.source.count(f"{2 / 24!r} * ") <= 2


def test_blocks_of_a_network_without_a_copy() -> None:
    def logits(X: Any, W: Any, V: Any) -> Any:
        return np.tanh(X @ W) @ V

    def blocks(X: Any, W: Any, V: Any) -> Any:
        return jac.jacobian(logits)(X, W, V).diagonal_blocks()

    text = text_of(blocks, X, A, B[:, :2])
    assert "einsum" not in text
    assert "transpose(" not in text


@pytest.mark.parametrize("sign", [1, -1])
def test_weighted_gram_of_large_arrays(sign: int) -> None:
    X, s = RNG.standard_normal((300, 40)), RNG.uniform(-0.2, 1, 300)
    compiled = jac.compile(lambda X, s: sign * (X.T @ (s[:, None] * X)))
    for weights in (s, np.abs(s), -np.abs(s), np.full(300, np.nan), np.zeros(300)):
        np.testing.assert_allclose(compiled(X, weights), sign * (X.T @ (weights[:, None] * X)), rtol=1e-10, atol=1e-11)
    assert "np.sqrt(" in compiled.source
    assert "if " in compiled.source
    positive = jac.compile(lambda X, s: X.T @ (np.exp(s)[:, None] * X))
    np.testing.assert_allclose(positive(X, s), X.T @ (np.exp(s)[:, None] * X), rtol=1e-12, atol=1e-11)
    assert "if " not in positive.source


@pytest.mark.parametrize("sign", [1, -1])
def test_weighted_gram_of_products_of_rows(sign: int) -> None:
    """The Hessian of softmax regression has it: both factors occur twice, and a weight of each row is left."""
    X, E, s = RNG.standard_normal((200, 10)), RNG.standard_normal((200, 5)), RNG.uniform(-0.2, 1, 200)

    def f(X: Any, E: Any, s: Any) -> Any:
        return np.einsum("nia,nkb->iakb", X[:, :, None] * E[:, None, :], X[:, :, None] * (s[:, None] * E)[:, None, :])

    compiled = jac.compile(lambda X, E, s: sign * f(X, E, s))
    for weights in (s, np.abs(s), -np.abs(s), np.full(200, np.nan), np.zeros(200)):
        np.testing.assert_allclose(compiled(X, E, weights), sign * f(X, E, weights), rtol=1e-10, atol=1e-10)
    assert "_half.T @ _half" in compiled.source
    positive = jac.compile(lambda X, E, s: -2.0 * f(X, E, np.exp(s)))
    np.testing.assert_allclose(positive(X, E, s), -2 * f(X, E, np.exp(s)), rtol=1e-10, atol=1e-10)
    assert "if " not in positive.source


def test_gram_of_one_array_multiplies_it_by_itself() -> None:
    text = text_of(lambda X: np.einsum("ki,kj->ij", X, X), RNG.standard_normal((200, 30)))
    assert "v0 = X.T\n" in text
    assert "v0 @ X" in text


def test_numbers_stay_apart_where_rounding_is_meant() -> None:
    compiled = jac.compile(lambda x: (1 + x) - 1)
    x = np.array([1e-20, 1e-10, 1.0])
    assert np.array_equal(compiled(x), (1 + x) - 1)


def test_single_precision_stays() -> None:
    a, x = A.astype(np.float32), u.astype(np.float32)

    def f(a: Any, x: Any) -> Any:
        return 2 * (a @ (3.0 * x)) + np.power(x, 2) - np.sum(a, axis=0) / 7

    found = jac.compile(f)(a, x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, f(a, x), rtol=1e-5)
    wide = jac.compile(lambda a: a * np.array(2.0))
    assert wide(a).dtype == (a * np.array(2.0)).dtype


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_and_infinities_stay() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0, 2.0])
    for f in (lambda x: 2 * (3 * x) + x, lambda x: x**2 / 3, lambda x: -(x - 1) * 1, lambda x: np.power(x, -1)):
        np.testing.assert_array_equal(np.isnan(jac.compile(f)(x)), np.isnan(f(x)))
        np.testing.assert_allclose(jac.compile(f)(x), f(x), rtol=1e-15)


def test_sparse_entries_over_a_template() -> None:
    def heat(u: Any) -> Any:
        return np.roll(u, 1) - 2 * u + np.roll(u, -1) + u**3

    compiled = jac.compile(lambda u: jac.jacobian(heat)(u).to_sparse())
    x = RNG.standard_normal(30)
    assert abs(compiled(x) - jac.jacobian(heat)(x).to_sparse()).max() < 1e-13
    assert ".copy()" in compiled.source
    assert "concatenate" not in compiled.source
    assert "reduceat" not in compiled.source


def test_diagonals_meet_in_the_product_that_is_written_first() -> None:
    def attention(X: Any) -> Any:
        E = np.exp(X @ X.T)
        return E @ X / np.sum(E, axis=1, keepdims=True)

    text = text_of(lambda X: jac.jacobian(attention)(X).to_array(), X / 3)
    assert 'order="C")' in text
    assert "np.zeros(" not in text
    assert "copy()" not in text


def test_empty_arrays() -> None:
    for shape in ((0, 3), (3, 0)):
        a, b = np.zeros(shape), np.zeros(shape[::-1])
        assert "def " in text_of(lambda a, b: 2 * (a @ b) + np.sum(a) + np.einsum("ij->", b), a, b)


@settings(max_examples=60, deadline=None)
@given(programs())
def test_random_programs(program: Program) -> None:
    compiled = jac.compile(program.total(np))
    np.testing.assert_allclose(compiled(*program.inputs), program.total(np)(*program.inputs), rtol=1e-9, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(programs(steps=8))
def test_derivatives_of_random_programs(program: Program) -> None:
    gradient = jac.grad(program.total(np), argnums=tuple(range(len(program.inputs))))
    for found, expected in zip(jac.compile(gradient)(*program.inputs), gradient(*program.inputs), strict=True):
        scale = 1 + np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-8, atol=1e-9)
        assert np.shape(found) == np.shape(expected)


def test_numbers_too_far_apart_to_be_one():
    def total(p):
        b = np.cos(p)
        for _ in range(8):
            b = 0.7 * np.dot(b, b) * p
        return np.sum(b)

    p = np.array([0.8, -0.3, 0.5])
    slopes = [total(p + 1e-30j * row).imag / 1e-30 for row in np.eye(3)]
    np.testing.assert_allclose(jac.compile(jac.grad(total))(p), slopes, rtol=1e-10)


def test_what_is_read_back_to_front() -> None:
    """The slope of ``x[::-1]`` is a view, and no array that is filled by an index; two of them are none."""
    events = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])

    def likelihood(x: Any) -> Any:
        return np.sum(events * (x - np.log(np.cumsum(np.exp(x)[::-1])[::-1])))

    x = np.random.default_rng(0).standard_normal(6)
    compiled = jac.compile(jac.grad(likelihood))
    expected = [np.imag(likelihood(x + 1e-30j * e)) / 1e-30 for e in np.eye(6)]
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-12)
    np.testing.assert_allclose(jac.grad(likelihood)(x), expected, rtol=1e-12)
    assert "np.empty" not in compiled.source
    assert compiled.source.count("[::-1]") == 2


def test_reversed_gradients_are_nobody_elses() -> None:
    w, x = np.arange(5.0), np.ones(5)

    def weighted(x: Any, w: Any) -> Any:
        return w @ x[::-1]

    for gradient in (jac.grad(weighted), jac.compile(jac.grad(weighted))):
        found = gradient(x, w)
        np.testing.assert_array_equal(found, w[::-1])
        assert not np.shares_memory(found, w)
