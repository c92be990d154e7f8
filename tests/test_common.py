"""What several terms have in common is computed once: in sums, and in graphs of the same function joined to itself."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.contract import common, to_dense
from jacobians.contract.common import with_common_factors
from jacobians.labels import Label
from jacobians.terms import Factor, Term

RNG = np.random.default_rng(0)
D, A, C = RNG.standard_normal((6, 2, 50)), RNG.standard_normal((6, 4)), RNG.standard_normal((6, 6))


def kernel_term(*, gram: bool = False, weight: bool = False, scale: float = 1.0, ones: int = 0) -> Term:
    """``scale sum_k D[b o k] D[c p k]``, with ``sum_m A[b m] A[c m]`` and ``C[b c]`` if asked for."""
    b, o, c, p, k, m = Label(6), Label(2), Label(6), Label(2), Label(50), Label(4)
    factors, bound = [Factor(D, (b, o, k)), Factor(D, (c, p, k))], [k]
    if gram:
        factors[1:1] = [Factor(A, (b, m)), Factor(A, (c, m))]
        bound.append(m)
    if weight:
        factors.append(Factor(C, (b, c)))
    if ones:
        bound.append(Label(ones))
    return Term(((b,), (o,)), ((c,), (p,)), tuple(factors), bound=tuple(bound), scale=scale)


BASE = np.einsum("bok,cpk->bocp", D, D)
GRAM = (A @ A.T)[:, None, :, None]
WEIGHT = C[:, None, :, None]


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "COMMON_LIMIT", 0)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([{"gram": True}, {}], BASE * (GRAM + 1)),
        ([{}, {"gram": True}], BASE * (GRAM + 1)),
        ([{"gram": True, "scale": 3.0}, {"weight": True, "scale": -0.5}], BASE * (3 * GRAM - 0.5 * WEIGHT)),
        ([{"gram": True, "weight": True}, {"weight": True, "ones": 7}], BASE * WEIGHT * (GRAM + 7)),
        ([{}, {"scale": 2.0}, {"ones": 3}], 6 * BASE),
        ([{"gram": True}, {"gram": True, "scale": 4.0}, {"weight": True}], BASE * (5 * GRAM + WEIGHT)),
    ],
)
def test_terms_with_common_factors_are_one(parts: Any, expected: np.ndarray) -> None:
    terms = [kernel_term(**part) for part in parts]
    together = with_common_factors(terms)
    assert len(together) == 1
    np.testing.assert_allclose(to_dense(together, expected.shape, np.dtype(float)), expected, atol=1e-12)
    np.testing.assert_allclose(to_dense(terms, expected.shape, np.dtype(float)), expected, atol=1e-12)


def test_what_both_sum_over_may_be_different() -> None:
    """``sum_n X X s s (sum_o p B B - (sum_o p B)**2)``: with B outside, the rest would be as large as B."""
    n, i, j, o, p = Label(7, "n"), Label(50, "i"), Label(4, "j"), Label(30, "o"), Label(30, "p")
    X, s, B, P = [RNG.standard_normal(shape) for shape in ((7, 50), (7, 4), (30, 7, 4), (7, 30))]
    outer = (Factor(X, (n, i)), Factor(s, (n, j)))
    mine = Factor(B, (o, n, j)), Factor(P, (n, o)), Factor(B, (o, n, j))
    other = Factor(B, (o, n, j)), Factor(P, (n, o)), Factor(P, (n, p)), Factor(B, (p, n, j))
    terms = [
        Term(((i,), (j,)), (), (*outer, *mine, *outer), bound=(n, o), scale=0.5),
        Term(((i,), (j,)), (), (*outer, *other, *outer), bound=(n, o, p), scale=-0.5),
    ]
    (together,) = with_common_factors(terms)
    assert max([factor.array.size for factor in together.factors]) == X.size  # type: ignore[union-attr]
    squares = np.einsum("no,onj,onj->nj", P, B, B) - np.einsum("no,onj->nj", P, B) ** 2
    expected = 0.5 * np.einsum("ni,nj->ij", X * X, s * s * squares)
    np.testing.assert_allclose(to_dense([together], (50, 4), np.dtype(float)), expected, rtol=1e-12)


def losses(X: np.ndarray, T: np.ndarray) -> Any:
    def f(W: Any, V: Any) -> Any:
        Z = np.tanh(X @ W) @ V
        return np.log(np.sum(np.exp(Z), axis=1)) - np.sum(T * Z, axis=1)

    return f


def test_both_sides_of_a_product_hold_the_same_arrays() -> None:
    """Two paths lead from Z to the losses; what arrives on them is added once, not once for J and once for J.T."""
    X, T, W, V = [RNG.standard_normal(shape) for shape in ((30, 3), (30, 4), (3, 20), (20, 4))]
    J = jac.jacobian(losses(X, T))(W, V)
    product = J @ J.T
    (term,) = product.terms
    assert len({id(factor.array) for factor in term.factors}) == 2  # type: ignore[union-attr]
    f = losses(X, T)
    columns = [np.imag(f(W + 1e-30j * h.reshape(3, 20), V)) / 1e-30 for h in np.eye(60)]
    np.testing.assert_allclose(product.to_array(), np.transpose(columns) @ columns, rtol=1e-9, atol=1e-12)


def test_each_part_of_a_product_is_eliminated_as_it_is_alone() -> None:
    X, T, W, V = [RNG.standard_normal(shape) for shape in ((30, 3), (30, 4), (3, 20), (20, 4))]
    J = jac.jacobian(losses(X, T))(W, V)
    assert (J @ J.T).plan.multiplications <= 2 * J.plan.multiplications


def test_terms_without_common_work_stay() -> None:
    one = kernel_term()
    b, o, c, p, k = Label(6), Label(2), Label(6), Label(2), Label(50)
    other = Term(((b,), (o,)), ((c,), (p,)), (Factor(D + 1, (b, o, k)), Factor(D, (c, p, k))), bound=(k,))
    turned = Term(((c,), (p,)), ((b,), (o,)), (Factor(D, (b, p, k)), Factor(D, (c, o, k))), bound=(k,))
    terms = [one, other, turned]
    assert with_common_factors(terms) == terms
    expected = BASE + np.einsum("bok,cpk->bocp", D + 1, D) + np.einsum("bpk,cok->cpbo", D, D)
    np.testing.assert_allclose(to_dense(terms, BASE.shape, np.dtype(float)), expected, atol=1e-12)


def test_single_precision_stays() -> None:
    b, c, k = Label(6), Label(5), Label(50)
    X, Y, Z = [RNG.standard_normal(shape).astype(np.float32) for shape in ((6, 50), (5, 50), (6, 5))]
    product = (Factor(X, (b, k)), Factor(Y, (c, k)))
    terms = [Term(((b,),), ((c,),), (*product, *more), bound=(k,)) for more in ((), (Factor(Z, (b, c)),))]
    (total,) = with_common_factors(terms)
    assert all([factor.dtype == np.float32 for factor in total.factors])


def network_of(X: np.ndarray) -> Any:
    def f(W1: Any, b1: Any, W2: Any, b2: Any, W3: Any) -> Any:
        return np.tanh(np.tanh(X @ W1 + b1) @ W2 + b2) @ W3

    return f


def test_the_kernel_of_a_network() -> None:
    X = RNG.standard_normal((5, 3))
    point = [RNG.standard_normal(shape) for shape in ((3, 4), (4,), (4, 6), (6,), (6, 2))]
    f = network_of(X)
    blocks = jac.jacobian(f, argnums=(0, 1, 2, 3, 4))(*point)
    found = reduce(add, [J @ J.T for J in blocks]).to_array()
    dense = []
    for n, array in enumerate(point):  # complex steps
        columns = []
        for h in np.eye(array.size).reshape(-1, *array.shape):
            moved = [x + 1e-30j * h if k == n else x for k, x in enumerate(point)]
            columns.append(np.imag(f(*moved)).ravel() / 1e-30)
        dense.append(np.stack(columns, axis=1))
    J = np.concatenate(dense, axis=1)
    np.testing.assert_allclose(found.reshape(10, 10), J @ J.T, atol=1e-11)


def test_copies_of_a_function_are_eliminated_once() -> None:
    """Each block brings the whole network; what is behind the last layers is multiplied for the first of them only."""
    X = RNG.standard_normal((5, 3))
    point = [RNG.standard_normal(shape) for shape in ((3, 4), (4,), (4, 6), (6,), (6, 2))]
    blocks = jac.jacobian(network_of(X), argnums=(0, 1, 2, 3, 4))(*point)
    total = reduce(add, [J @ J.T for J in blocks])
    assert len({id(factor.array) for term in total.terms for factor in term.factors}) == 7  # type: ignore[union-attr]
