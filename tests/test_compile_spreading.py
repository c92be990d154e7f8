"""Large arrays are written in the order that their readers ask for, and products are summed without being written."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler.rewrites.rewriting import Builder
from jacobians.compiler.rewrites.scales import placed
from jacobians.program import INPUT, Node
from jacobians.program import topological as ordered


def _numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape) + 3).standard_normal(shape) / 4


def distances(np):
    def loss(Q, means, X):
        y = np.einsum("kij,nkj->nki", Q, X[:, None, :] - means)
        return np.sum(np.log(np.sum(np.exp(-np.sum(y**2, axis=2) / 2), axis=1)))

    return loss


@pytest.mark.parametrize(("n", "width", "count"), [(700, 6, 5), (5, 2, 3), (1, 4, 1), (900, 1, 40)])
def test_gradient_of_a_mixture_is_that_of_autograd(n, width, count):
    arguments = _numbers(count, width, width), _numbers(count, width), _numbers(n, width)
    compiled = jac.compile(jac.grad(distances(np), argnums=(0, 1, 2)))
    expected = autograd.grad(distances(anp), (0, 1, 2))(*arguments)
    for found, right in zip(compiled(*arguments), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-11)
    turned = tuple([np.asfortranarray(a) for a in arguments])
    for found, right in zip(compiled(*turned), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-11)


def test_differences_lie_as_the_products_read_them():
    arguments = _numbers(5, 6, 6), _numbers(5, 6), _numbers(700, 6)
    compiled = jac.compile(lambda Q, means, X: np.einsum("kij,nkj->nki", Q, X[:, None, :] - means))
    expected = np.einsum("kij,nkj->nki", arguments[0], arguments[2][:, None, :] - arguments[1])
    np.testing.assert_allclose(compiled(*arguments), expected, atol=1e-14)
    assert "np.ascontiguousarray" in compiled.source
    single = tuple([a.astype(np.float32) for a in arguments])
    assert compiled(*single).dtype == np.float32


def test_squares_of_a_product_are_summed_without_being_written():
    A, x = _numbers(300, 20), _numbers(20, 100)
    compiled = jac.compile(lambda A, x: np.sum((A @ x) ** 2, axis=0))
    np.testing.assert_allclose(compiled(A, x), np.sum((A @ x) ** 2, axis=0), rtol=1e-12)
    assert "einsum" in compiled.source
    assert "sum(axis" not in compiled.source


def test_products_of_elementwise_calls_stay_in_their_blocks():
    x, y = _numbers(3000, 8), _numbers(3000, 8)
    compiled = jac.compile(lambda x, y: np.sum(np.exp(x) * y, axis=1))
    np.testing.assert_allclose(compiled(x, y), np.sum(np.exp(x) * y, axis=1), rtol=1e-12)
    assert "vecdot" not in compiled.source


def test_a_number_is_multiplied_after_a_sum_of_squares():
    x = Node(INPUT, ("x",), {}, (300, 40), float)
    square = Node(np.multiply, (x, x), {}, (300, 40), float)
    total = Node(np.sum, (square,), {"axis": (1,)}, (300,), float)
    (found,) = placed([Node(np.multiply, (0.5, total), {}, (300,), float)], Builder({}))
    assert found.shape == (300,)
    assert found.function is np.multiply
    assert [node.size for node in ordered([found]) if 0.5 in node.args] == [300]


def test_the_reader_of_most_entries_decides_the_order() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((64, 256), (256, 40), (10, 40), (64, 10))]

    def f(A, W, v, p):
        S = np.tanh(A @ W)
        return (v * S[:, None, :]) @ W.T, np.sin(S * (v.T @ p.T).T).T

    compiled = jac.compile(f)
    for found, expected in zip(compiled(*arrays), f(*arrays), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    first = next(line for line in compiled.source.splitlines() if "@" in line)
    assert first.strip() == "v0 = A @ W"  # and not its transpose, which the much smaller second product would read


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_are_turned_once_for_the_array_that_they_meet(dtype):
    A, G, C = [_numbers(*shape).astype(dtype) for shape in ((16, 3), (3, 14, 2), (12, 2))]
    T, row = _numbers(16, 14, 12).astype(dtype), _numbers(14, 1).astype(dtype)

    def loss(np):
        return lambda A, G, C: np.sum(((np.einsum("ia,ajc,kc->ijk", A, G, C) - T) * row) ** 2)

    compiled = jac.compile(jac.grad(loss(np), argnums=(0, 1, 2)))
    for found, right in zip(compiled(A, G, C), autograd.grad(loss(anp), (0, 1, 2))(A, G, C), strict=True):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, right, rtol=2e-4 if dtype == np.float32 else 1e-11, atol=1e-5)
    whole = [line for line in compiled.source.splitlines() if "- c" in line or "subtract" in line]
    assert len(whole) == 1
    assert "transpose" not in whole[0]
    turned = next(line for line in compiled.source.splitlines() if line.split(" = ")[0].strip() in whole[0])
    assert "reshape" in turned or "transpose" not in turned


def test_short_columns_are_copied_to_be_multiplied_along_rows():
    d, s = _numbers(900, 2), _numbers(900)
    compiled = jac.compile(lambda d, s: np.einsum("ea,eb,e->abe", d, d, s))
    expected = np.stack([[d[:, a] * d[:, b] * s for b in range(2)] for a in range(2)])
    np.testing.assert_allclose(compiled(d, s), expected, rtol=1e-12)
    assert compiled.source.count("np.ascontiguousarray") == 1
    assert compiled(d.astype(np.float32), s.astype(np.float32)).dtype == np.float32
