"""What cancels in compiled programs: derivatives of functions that subtract the largest entry before `exp`."""

from __future__ import annotations

from itertools import product
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import jacobians as jac

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 5))
X[2, 1] = X[2, 3] = 4.0  # two largest entries
Q, K, V, T = RNG.standard_normal((4, 7, 3))


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def logsumexp(x: Any) -> Any:
    largest = np.max(x, axis=1)
    return largest + np.log(np.sum(np.exp(x - largest[:, None]), axis=1))


def plain_softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


def test_jacobian_of_softmax() -> None:
    compiled = jac.compile(lambda x: jac.jacobian(softmax)(x).diagonal_blocks())
    P = plain_softmax(X)
    expected = P[:, :, None] * np.eye(5) - P[:, :, None] * P[:, None, :]
    np.testing.assert_allclose(compiled(X), expected, rtol=1e-13, atol=1e-15)
    assert "==" not in compiled.source


def test_gradient_of_logsumexp_is_softmax() -> None:
    compiled = jac.compile(jac.grad(lambda x: np.sum(logsumexp(x))))
    np.testing.assert_allclose(compiled(X), plain_softmax(X), rtol=1e-13)
    assert "==" not in compiled.source


def test_hessian_of_logsumexp_is_that_of_softmax() -> None:
    compiled = jac.compile(lambda x: jac.hessian(lambda x: np.sum(logsumexp(x)))(x).diagonal_blocks())
    P = plain_softmax(X)
    expected = P[:, :, None] * np.eye(5) - P[:, :, None] * P[:, None, :]
    np.testing.assert_allclose(compiled(X), expected, rtol=1e-12, atol=1e-14)
    assert "==" not in compiled.source


def classified(W: Any, X: Any) -> Any:
    return np.sum(logsumexp(X @ W))


@pytest.mark.parametrize(("n", "d", "k"), [(300, 20, 5), (400, 30, 10), (7, 3, 3)])
def test_hessian_of_a_linear_classifier(n: int, d: int, k: int) -> None:
    """What stands on the diagonals of a softmax's Hessian is multiplied alone, and what is left is a square."""
    W, X = RNG.standard_normal((d, k)) / d**0.5, RNG.standard_normal((n, d))
    compiled = jac.compile(lambda W, X: jac.hessian(classified)(W, X).to_array())
    P = plain_softmax(X @ W)
    blocks = P[:, :, None] * np.eye(k) - P[:, :, None] * P[:, None, :]
    expected = np.einsum("ni,nj,nkl->ikjl", X, X, blocks, optimize=True)
    np.testing.assert_allclose(compiled(W, X), expected, rtol=1e-11, atol=1e-12 * np.max(expected))
    assert "==" not in compiled.source
    assert ("_half.T @ _half" in compiled.source) == (n > 7)
    matrix = compiled(W, X).reshape(d * k, d * k)
    np.testing.assert_array_equal(matrix, matrix.T)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("at", [0, 1])
def test_what_is_not_finite_reaches_the_hessian_of_a_classifier(at: int, bad: float) -> None:
    W, X = arguments = RNG.standard_normal((30, 10)), RNG.standard_normal((400, 30))
    arguments[at][3, 4] = bad
    compiled = jac.compile(lambda W, X: jac.hessian(classified)(W, X).to_array())
    with np.errstate(all="ignore"):
        assert not np.any(np.isfinite(compiled(W, X)))


def test_gradient_of_attention() -> None:
    def loss(Q: Any, K: Any, V: Any) -> Any:
        return 0.5 * np.sum((softmax(Q @ K.T) @ V - T) ** 2)

    compiled = jac.compile(jac.grad(loss, argnums=(0, 1, 2)))
    P = plain_softmax(Q @ K.T)
    G = P @ V - T
    D = P * (G @ V.T - np.sum(P * (G @ V.T), axis=1, keepdims=True))
    for found, expected in zip(compiled(Q, K, V), (D @ K, D.T @ Q, P.T @ G), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    assert "==" not in compiled.source


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_keep_their_dtype(dtype: type) -> None:
    compiled = jac.compile(jac.grad(lambda x: np.sum(softmax(x) ** 2)))
    found = compiled(X.astype(dtype))
    P = plain_softmax(X)
    expected = 2 * P * (P - np.sum(P * P, axis=1, keepdims=True))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype is np.float32 else 1e-12, atol=1e-6)


@pytest.mark.parametrize("axes", list(product((0, 1), repeat=3)))
def test_sums_over_other_axes_do_not_cancel(axes: tuple[int, int, int]) -> None:
    """All axes have one size; what is added is zero only where all sums are over the same one."""
    one, other, last = axes

    def f(E: Any, g: Any) -> Any:
        s = np.sum(E, axis=one, keepdims=True)
        c = np.sum(E * g / s, axis=other, keepdims=True)
        slope = E * (g / s - c / s)
        return slope - np.sum(slope, axis=last, keepdims=True)

    E, g = RNG.uniform(1, 2, (2, 5, 5))
    compiled = jac.compile(f)
    np.testing.assert_allclose(compiled(E, g), f(E, g), rtol=1e-11, atol=1e-13)
    assert compiled.source.count("sum(") + compiled.source.count("vecdot(") == (2 if len(set(axes)) == 1 else 3)


def test_what_is_summed_without_being_carried_counts() -> None:
    """A row of E / s sums to one; five of them, to five."""

    def f(E: Any, g: Any) -> Any:
        s = np.sum(E, axis=1)
        ones = np.sum(E / s[:, None], axis=1)
        return np.sum(g + ones[:, None], axis=1) - 4 * (s / s), np.sum(g / s[:, None] * s[:, None] - g + s / s, axis=0)

    E, g = RNG.uniform(1, 2, (2, 5, 5))
    for found, expected in zip(jac.compile(f)(E, g), f(E, g), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_what_is_zero_is_carried_on() -> None:
    def f(E: Any, g: Any, A: Any) -> Any:
        s = np.sum(E, axis=1)
        rest = np.sum(E / s[:, None], axis=1) - np.sum(E, axis=1) / s
        kept = E * g / s[:, None]
        return kept - (3 * rest[:, None] * g).T.T, kept - A @ (rest[:, None] * g)

    E, g, A = RNG.uniform(1, 2, (3, 5, 5))
    compiled = jac.compile(f)
    first, second = compiled(E, g, A)
    np.testing.assert_allclose(first, E * g / E.sum(axis=1)[:, None], rtol=1e-13)
    np.testing.assert_allclose(second, first, rtol=1e-13)
    assert compiled.source.count("sum(") == 2  # for what A multiplies, which may be infinite
    assert not np.shares_memory(first, second)


# ---- What is not finite ----------------------------------------------------------------------------------------------


def total(a: Any) -> Any:
    return np.sum(a, axis=1, keepdims=True)


UNSEEN = {
    "nothing is kept":       lambda E, g: E / total(E) - E * total(E / total(E)) / total(E),
    "of another array":      lambda E, g: g + total(E / total(E)) - total(E) / total(E),
    "of another row":        lambda E, g: g / total(E).T + total(E / total(E)) - total(E) / total(E),
    "without what is added": lambda E, g: E / total(E) + total(E * g / total(E)) - total(E * g) / total(E),
}  # fmt: skip
SHIFTED = {
    "softmax":   lambda x: jac.jacobian(softmax)(x).diagonal_blocks(),
    "logsumexp": jac.grad(lambda x: np.sum(logsumexp(x))),
    "squares":   jac.grad(lambda x: np.sum(softmax(x) ** 2)),
}  # fmt: skip


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_finite_is_not_lost(name: str, at: int, bad: float) -> None:
    arguments = RNG.uniform(1, 2, (2, 5, 5))
    arguments[at, 2, 3] = bad
    with np.errstate(all="ignore"):
        expected, found = UNSEEN[name](*arguments), jac.compile(UNSEEN[name])(*arguments)
    assert not np.all(np.isfinite(expected)) or (name, at) == ("nothing is kept", 1)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", SHIFTED)
def test_derivatives_of_what_is_not_finite(name: str, bad: float) -> None:
    x = X.copy()
    x[2, 3] = bad
    with np.errstate(all="ignore"):
        expected, found = SHIFTED[name](x), jac.compile(SHIFTED[name])(x)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


LEAVES = ("E", "g", "E / s", "g / s", "s", "1 / s", "t", "1", "E / t")


@st.composite
def trees(draw: Any, depth: int = 4) -> Any:
    """How an array is made of E, g and sums of E: a leaf, or a kind of call and what it is made of."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(LEAVES))
    kind = draw(st.sampled_from(["+", "-", "*", "rows", "columns"]))
    left = draw(trees(depth - 1))
    return (kind, left) if kind in ("rows", "columns") else (kind, left, draw(trees(depth - 1)))


def value(tree: Any, E: Any, g: Any) -> Any:
    s, t = np.sum(E, axis=1, keepdims=True), np.sum(E, axis=0)
    if isinstance(tree, str):
        one = np.ones((5, 5))
        leaves = {"E": E, "g": g, "E / s": E / s, "g / s": g / s, "s": s * one, "1 / s": one / s, "t": t * one}
        return {**leaves, "1": one, "E / t": E / t}[tree]
    kind, left, *right = tree
    a = value(left, E, g)
    if not right:
        return np.sum(a, axis=1)[:, None] + 0 * E if kind == "rows" else np.broadcast_to(np.sum(a, axis=0), (5, 5))
    b = value(right[0], E, g)
    return a + b if kind == "+" else a - b if kind == "-" else a * b


@settings(max_examples=200, deadline=None)
@example(("+", "E", ("+", "E / s", ("+", "1", ("-", "E / s", "E / s")))))
@given(trees())
def test_sums_of_products_with_reciprocals(tree: Any) -> None:
    E, g = RNG.uniform(1, 2, (2, 5, 5))
    found, expected = jac.compile(lambda E, g: value(tree, E, g))(E, g), value(tree, E, g)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * (1 + np.abs(expected).max()))


@settings(max_examples=100, deadline=None)
@given(trees(), st.integers(0, 1), st.sampled_from([np.nan, np.inf]))
def test_sums_of_what_is_not_finite(tree: Any, at: int, bad: float) -> None:
    arguments = RNG.uniform(1, 2, (2, 5, 5))
    arguments[at, 2, 3] = bad
    with np.errstate(all="ignore"):
        expected, found = value(tree, *arguments), jac.compile(lambda E, g: value(tree, E, g))(*arguments)
    if np.isnan(bad):
        assert not np.any(np.isfinite(found) & ~np.isfinite(expected))
    else:
        assert np.all(np.isfinite(found)) <= np.all(np.isfinite(expected))


@pytest.mark.parametrize("number", [1.0, -2, 0.5])
def test_numbers_beside_what_cancels_stay(number: float) -> None:
    E = RNG.uniform(1, 2, (5, 5))

    def f(E: Any) -> Any:
        p = E / np.sum(E, axis=1, keepdims=True)
        return p + (number + (p - p)), E - (p - ((p - p) - number))

    for found, expected in zip(jac.compile(f)(E), f(E), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_what_cancels_in_a_factor_leaves_the_others_as_they_are() -> None:
    """The weights of a mixture meet the differences as they are, and not those of each point and of each mean."""

    def loss(np: Any) -> Any:
        def f(Q: Any, means: Any, X: Any) -> Any:
            y = np.einsum("kij,nkj->nki", Q, X[:, None, :] - means)
            inner = -0.5 * np.sum(y**2, axis=2)
            largest = np.max(inner, axis=1)
            return np.sum(largest + np.log(np.sum(np.exp(inner - largest[:, None]), axis=1)))

        return f

    rng = np.random.default_rng(0)
    arguments = rng.standard_normal((6, 5, 5)) / 2, rng.standard_normal((6, 5)), rng.standard_normal((4000, 5))
    compiled = jac.compile(jac.grad(loss(np), argnums=(0, 1)))
    for found, expected in zip(compiled(*arguments), autograd.grad(loss(anp), (0, 1))(*arguments), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    assert compiled.source.count("reshape((6, 5, 4000))") == 2  # differences, and their products with Q


def test_gradients_of_a_mixture() -> None:
    """What has cancelled for one parameter is not made again for another one."""
    points, a, mu, s = RNG.standard_normal((30, 2)), *(RNG.standard_normal(shape) for shape in ((4,), (4, 2), (4, 2)))

    def loss(np: Any) -> Any:
        def f(a: Any, mu: Any, s: Any) -> Any:
            z = (points[:, None, :] - mu) * np.exp(-s)
            terms = a - np.sum(s, axis=1) - 0.5 * np.sum(z**2, axis=2)
            largest = np.max(terms, axis=1, keepdims=True)
            return np.sum(largest[:, 0] + np.log(np.sum(np.exp(terms - largest), axis=1)))

        return f

    compiled = jac.compile(jac.grad(loss(np), argnums=(0, 1, 2)))
    expected = [autograd.grad(loss(anp), n)(a, mu, s) for n in range(3)]
    for ours, theirs in zip(compiled(a, mu, s), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    assert "==" not in compiled.source
