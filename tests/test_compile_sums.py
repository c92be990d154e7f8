"""Sums of products in compiled programs: what they have in common is multiplied once, nothing is copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jacobians as jac

RNG = np.random.default_rng(0)
X, a, b, c = (RNG.standard_normal((40, 30)) for _ in range(4))
W, V = RNG.standard_normal((2, 30, 20))
s, r = RNG.standard_normal((2, 40, 1))
G, H = RNG.standard_normal((2, 60, 8))
TALL = RNG.standard_normal((3, 500, 3))


def compiled_text(function: Callable[..., Any], *arguments: Any) -> str:
    """The text of a compiled function, whose results have been compared with those of the function."""
    compiled = jac.compile(function)
    found, expected = compiled(*arguments), function(*arguments)
    for one, other in zip(_several(found), _several(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)
        assert np.asarray(one).dtype == np.asarray(other).dtype
    return compiled.source


def _several(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def products(text: str) -> int:
    """How many products of matrices a text contains."""
    return text.count(" @ ") + text.count(".dot(") + text.count("np.matmul(")


# fmt: off
ROWS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]] = {
    # name: (function, arguments, products of matrices in the text)
    "common left factor":      (lambda X, a, b: X.T @ a - X.T @ b, (X, a, b), 1),
    "common right factor":     (lambda a, b, W: a @ W + b @ W, (a, b, W), 1),
    "weights of both":         (lambda X, s, a, b: X.T @ (s * a) - X.T @ (s * b), (X, s, a, b), 1),
    "rows of one are scaled":  (lambda a, b, W, r: r * (a @ W) - b @ W, (a, b, W, r), 1),
    "numbers":                 (lambda X, a, b: 2 * (X.T @ a) - 3 * (X.T @ b), (X, a, b), 1),
    "three":                   (lambda X, a, b, c: X.T @ a + X.T @ b - X.T @ c, (X, a, b, c), 1),
    "the first and the last":  (lambda X, a, b, c: X.T @ a + c.T @ c + X.T @ b, (X, a, b, c), 2),
    "chains":                  (lambda X, a, b, W: X.T @ (a @ W) - X.T @ (b @ W), (X, a, b, W), 2),
    "one is read elsewhere":   (lambda X, a, b: (X.T @ a - X.T @ b, X.T @ b), (X, a, b), 2),
    "same in another order":   (lambda X, a, b: X.T @ a - b.T @ X, (X[:, :30], a, b), 2),
    "other axes are summed":   (lambda X, a, b: X @ a + X.T @ b, (X[:30], a[:30], b[:30]), 2),
    "opposite differences":    (lambda a, b, W: np.sum((a - b) @ W * ((b - a) @ W)), (a, b, W), 1),
}
# fmt: on


@pytest.mark.parametrize("name", ROWS)
def test_products_in_sums(name: str) -> None:
    function, arguments, count = ROWS[name]
    assert products(compiled_text(function, *arguments)) == count


def test_what_is_added_to_its_multiple_is_multiplied_by_one_more() -> None:
    x = RNG.standard_normal((40, 30, 4))
    text = compiled_text(lambda s, x: np.sin(s * x + x), s[:, :, None], x)
    assert " + 1" in text or ", 1.0" in text
    assert text.count("+") + text.count("np.add") == 1


def test_a_vector_for_all_rows_is_multiplied_once() -> None:
    """Only the squares of E @ v remain: weights of rows are no reason for another product."""

    def f(E: Any, v: Any, s: Any) -> Any:
        return (E @ v, (s * E) @ v)

    assert products(compiled_text(f, X, W[:, 0], s)) == 1


def test_sums_over_far_entries_go_along_the_near_ones() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.einsum("ij,ij->j", a, b)

    assert "np.einsum(" in compiled_text(f, X, a)
    assert "np.vecdot(" in compiled_text(f, TALL[0], TALL[1])
    assert "np.vecdot(" in compiled_text(lambda a, b: np.einsum("ij,ij->i", a, b), X, a)


def test_the_sum_of_a_product_that_is_there() -> None:
    text = compiled_text(lambda a, b, W: (W.T @ (a * b).T, np.einsum("ij,ij->j", a, b)), X, a, W)
    assert text.count(" * ") == 1
    assert "einsum" not in text


def test_a_diagonal_is_added_to_a_product_in_place() -> None:
    def loss(w: Any, X: Any) -> Any:
        return np.sum(np.log1p(np.exp(X @ w))) + 0.5 * np.sum(w * w)

    hessian = jac.compile(lambda w, X: jac.hessian(loss)(w, X).to_array())
    w = RNG.standard_normal(30)
    p = 1 / (1 + np.exp(-X @ w))
    expected = X.T @ (X * (p * (1 - p))[:, None]) + np.eye(30)
    np.testing.assert_allclose(hessian(w, X), expected, rtol=1e-12)
    assert ".copy()" not in hessian.source
    result = np.empty((30, 30))
    assert hessian(w, X, out=result) is result
    np.testing.assert_allclose(result, expected, rtol=1e-12)


def test_what_others_read_is_not_written_into() -> None:
    def f(a: Any, b: Any) -> Any:
        product = a @ b
        return product, product + jac.jacobian(np.sin)(b[0]).to_array()

    text = compiled_text(f, a[:30], b[:30])
    assert ".copy()" in text or "np.add" in text


LABELS = ("ij", "ji", "ik", "ki", "jk", "kj", "i", "j", "k")


@st.composite
def sums(draw: Any) -> list[tuple[str, tuple[int, ...], float]]:
    """Terms of a sum: the subscripts of an einsum, which arrays it takes, and a number."""
    terms = []
    for _ in range(draw(st.integers(2, 4))):
        groups = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=3))
        out = "ij" if {*"ij"} <= set("".join(groups)) else None
        if out is None:
            groups = [*groups, "ij"]
        which = tuple([draw(st.integers(0, 1)) for _ in groups])
        terms.append((",".join(groups) + "->ij", which, draw(st.sampled_from([1.0, -1.0, 2.0, -0.5]))))
    return terms


@settings(max_examples=150, deadline=None)
@given(sums(), st.sampled_from([np.float64, np.float32]))
def test_sums_of_products_of_the_same_arrays(terms: list[tuple[str, tuple[int, ...], float]], dtype: type) -> None:
    """All axes have one size, so that labels that are mistaken for others give other numbers, no error."""
    square = RNG.standard_normal((2, 5, 5)).astype(dtype)
    vectors = RNG.standard_normal((2, 5)).astype(dtype)

    def f(M: Any, N: Any, x: Any, y: Any) -> Any:
        total = None
        for subscripts, which, number in terms:
            groups = subscripts.split("->")[0].split(",")
            arrays = [((M, N) if len(g) == 2 else (x, y))[n] for g, n in zip(groups, which, strict=True)]
            term = number * np.einsum(subscripts, *arrays)
            total = term if total is None else total + term
        return total

    arguments = (*square, *vectors)
    found = jac.compile(f)(*arguments)
    expected = f(*[argument.astype(np.float64) for argument in arguments])
    assert found.dtype == dtype
    tolerance = 1e-12 if dtype is np.float64 else 2e-4
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows_or_one(rows: int) -> None:
    text = compiled_text(lambda X, a, b: X.T @ a - X.T @ b, X[:rows], a[:rows], b[:rows])
    assert products(text) <= 1


def test_a_result_takes_the_memory_of_a_product_that_is_read_in_another_shape() -> None:
    """The kernel of 60 x 5 values: no memory is borrowed for the product that it is made of."""
    F, k = RNG.standard_normal((300, 40)), RNG.standard_normal((60, 1, 60, 1))

    def f(F: Any, k: Any) -> Any:
        return (F @ F.T).reshape(60, 5, 60, 5) * k + k

    compiled = jac.compile(f)
    first = compiled(F, k)
    before = first.copy()
    second = compiled(-2 * F, k)
    np.testing.assert_array_equal(first, before)
    np.testing.assert_allclose(second, f(-2 * F, k), rtol=1e-12)
    assert not np.shares_memory(first, second)
    assert "borrow" not in compiled.source


def test_a_common_factor_of_a_sum_that_is_spread() -> None:
    """The slope of a normalised row: weights times what differs from their mean."""

    def f(E: Any, r: Any, D: Any) -> Any:
        P = E * r[:, None]
        return P, (r[:, None] * D - (r * np.sum(P * D, axis=1))[:, None]) * E

    E, r, D = RNG.random((30, 20)), RNG.random(30), RNG.standard_normal((30, 20))
    found, expected = jac.compile(f)(E, r, D), f(E, r, D)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    E[2, 3] = np.inf
    with np.errstate(all="ignore"):
        assert not np.isfinite(jac.compile(f)(E, r, D)[1][~np.isfinite(f(E, r, D)[1])]).any()


def test_numbers_come_after_values_are_added_to_few() -> None:
    i, j = np.triu_indices(30, 1)
    x = RNG.standard_normal((30, 3))
    compiled = jac.compile(jac.grad(lambda x: 3.0 * np.sum((x[i] - x[j]) ** 4)))
    d = x[:, None] - x
    np.testing.assert_allclose(compiled(x), 12.0 * np.sum(d**3, axis=1), rtol=1e-10, atol=1e-10)
    assert "np.subtract.at(" in compiled.source


def test_batched_products_are_read_as_they_lie() -> None:
    X, T = RNG.standard_normal((8, 48, 32)), RNG.standard_normal((8, 48, 48))
    compiled = jac.compile(lambda W: np.einsum("bti,btj->ij", X, T @ (X @ W)))
    W = RNG.standard_normal((32, 32))
    np.testing.assert_allclose(compiled(W), np.einsum("bti,btj->ij", X, T @ (X @ W)), rtol=1e-10, atol=1e-10)
    assert "transpose" not in compiled.source


def test_temporaries_lie_as_those_that_they_are_made_of() -> None:
    A, B, C = RNG.standard_normal((40, 8)), RNG.standard_normal((50, 8)), RNG.standard_normal((60, 8))
    T = RNG.standard_normal((40, 50, 60))

    def loss(A: Any, B: Any, C: Any) -> Any:
        return 0.5 * np.sum((np.einsum("ir,jr,kr->ijk", A, B, C) - T) ** 2)

    E = np.einsum("ir,jr,kr->ijk", A, B, C) - T
    expected = [np.einsum("ijk,jr,kr->ir", E, B, C), np.einsum("ijk,ir,kr->jr", E, A, C)]
    found = jac.compile(jac.grad(loss, argnums=(0, 1, 2)))(A, B, C)
    for ours, theirs in zip(found, [*expected, np.einsum("ijk,ir,jr->kr", E, A, B)], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
