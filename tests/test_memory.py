"""How much memory a call takes at its peak, beside what it is given and what it gives.

The peak is what NumPy and Python allocate (`tracemalloc`), in units of one array of 10^5 numbers.
"""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.contract import contract_factors
from jacobians.elimination import merge
from jacobians.elimination.living import living_edges
from jacobians.elimination.owning import NOTHING_SPARE, spare_arrays
from jacobians.elimination.sums import weighted_sum
from jacobians.graph import LinearGraph
from jacobians.labels import Label
from jacobians.terms import Factor, patterned

N = 100_000
UNIT = 8 * N


def peak(work: Callable[[], Any]) -> float:
    """Arrays of N numbers that are there at most at a time during a call, its result included."""
    for _ in range(2):  # plans and recipes are there the second time
        _ = work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = work()
        most = tracemalloc.get_traced_memory()[1] - before
        del result
    finally:
        tracemalloc.stop()
    return most / UNIT


def largest_held(graph: LinearGraph) -> int:
    """Bytes of the largest array in the dense factors of a graph."""
    terms = [term for edges in graph.into for terms in edges.values() for term in terms]
    factors = [factor for term in terms for factor in term.factors if isinstance(factor, Factor)]
    return max([factor.array.nbytes for factor in factors if isinstance(factor.array, np.ndarray)], default=0)


def test_a_sum_is_written_into_what_nobody_needs() -> None:
    label = Label(N, "i")
    for scales in ((1.0, 1.0), (2.0, -2.0), (1.0, 3.0), (3.0, 1.0), (3.0, 5.0)):
        for owned in ((0,), (1,), (0, 1)):
            a, b = np.full(N, 2.0), np.full(N, 7.0)
            spare = frozenset([id((a, b)[n]) for n in owned])
            scale, total = weighted_sum(scales[0], Factor(a, (label,)), scales[1], Factor(b, (label,)), spare)
            assert set(scale * total.array) == {2.0 * scales[0] + 7.0 * scales[1]}
            assert any([total.array is (a, b)[n] for n in owned]) or scales == (1.0, 3.0) or owned == (1,)
            for n in {0, 1}.difference(owned):
                assert set((a, b)[n]) == {(2.0, 7.0)[n]}


def test_a_sum_of_what_is_needed_takes_one_array() -> None:
    label = Label(N, "i")
    a, b = Factor(np.ones(N), (label,)), Factor(np.ones(N), (label,))
    assert peak(lambda: weighted_sum(1.0, a, 3.0, b, NOTHING_SPARE)) < 1.1
    assert peak(lambda: weighted_sum(5.0, a, 3.0, b, NOTHING_SPARE)) < 2.1


def test_an_intermediate_of_a_contraction_becomes_its_result() -> None:
    i, j, k = Label(400, "i"), Label(250, "j"), Label(7, "k")
    rng = np.random.default_rng(0)
    labels = (i, k), (k, j), (j, i)  # a matrix product, times what stands in another order
    arrays = [rng.standard_normal([label.size for label in group]) for group in labels]
    factors = [Factor(array, group) for array, group in zip(arrays, labels, strict=True)]
    found = contract_factors(factors, (i, j))
    order = tuple([found.labels.index(label) for label in (i, j)])
    np.testing.assert_allclose(found.array.transpose(order), np.einsum("ik,kj,ji->ij", *arrays), rtol=1e-10)
    copies = [array.copy() for array in arrays]
    assert peak(lambda: contract_factors(factors, (i, j))) < 1.2
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


ORDERS = ["auto", "forward", "reverse", "markowitz", "markowitz-structure", "late", "fill", "search"]


@pytest.mark.parametrize("order", ORDERS)
def test_an_explicit_jacobian_forgets_its_graph_and_still_tells_its_plan(order: str) -> None:
    rng = np.random.default_rng(1)
    A, x = rng.standard_normal((60, 40)), rng.standard_normal((40, 50))

    def f(x: Any) -> Any:
        y = np.tanh(A @ np.sin(x))
        return np.sum(y * np.exp(-y), axis=0) + np.cumsum(np.roll(x, 1, axis=1)[0] ** 2)

    asked, not_asked = (jac.jacobian(f, order=order)(x) for _ in range(2))
    expected = str(asked.plan)
    array = not_asked.to_array()
    assert str(not_asked.plan) == expected
    assert str(asked.plan) == expected
    np.testing.assert_array_equal(asked.to_array(), array)
    assert largest_held(not_asked._body.graph) <= 4096


def test_what_was_asked_before_and_after_elimination_is_the_same() -> None:
    x = np.linspace(0.1, 2.0, 1000)
    f = lambda x: np.sin(x) * np.cumsum(x)  # noqa: E731
    lazy, J = jac.jacobian(f, mode="lazy")(x), jac.jacobian(f)(x)
    before = J @ x, x @ J, (J @ J.T).diagonal()
    composed, turned = J @ J, J.T
    dense = J.to_array()
    for found, ours in zip((J @ x, x @ J, (J @ J.T).diagonal()), before, strict=True):
        np.testing.assert_allclose(found, ours, rtol=1e-12)
    np.testing.assert_allclose(composed.to_array(), dense @ dense, rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(turned.to_array(), dense.T, rtol=1e-12)
    np.testing.assert_allclose(lazy.to_array(), dense, rtol=1e-12)
    columns = np.stack([np.imag(f(x + 1e-30j * h)) / 1e-30 for h in np.eye(1000)[::100]], axis=1)
    np.testing.assert_allclose(dense[:, ::100], columns, rtol=1e-11, atol=1e-12)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(J)).to_array(), dense)


def test_blocks_forget_their_graph() -> None:
    x = {"a": np.linspace(0.1, 1.0, 2000), "b": np.linspace(1.0, 2.0, 2000)}
    f = lambda x: {"s": np.sin(x["a"]) * x["b"], "t": np.exp(x["b"])}  # noqa: E731
    J = jac.jacobian(f)(x)
    block, plan = J["s"]["a"], str(jac.jacobian(f)(x).plan)
    np.testing.assert_allclose(J["s"]["a"].diagonal(), np.cos(x["a"]) * x["b"])
    np.testing.assert_allclose(J["t"]["b"].diagonal(), np.exp(x["b"]))
    assert str(J.plan) == plan
    tangent = {"a": np.ones(2000), "b": np.ones(2000)}
    pushed = J @ tangent
    np.testing.assert_allclose(pushed["s"], np.cos(x["a"]) * x["b"] + np.sin(x["a"]))
    np.testing.assert_allclose(block @ np.ones(2000), np.cos(x["a"]) * x["b"])
    for holder in (J._bundle, J._bundle.body, block._body):
        assert largest_held(holder.graph) <= 4096


def test_an_explicit_jacobian_holds_its_terms_alone() -> None:
    x = np.linspace(0.1, 2.0, N)

    def f(x: Any) -> Any:
        return np.exp(np.sin(np.tanh(np.cos(x) * x)))

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        J = jac.jacobian(f)(x)
        _ = J.diagonal()
        held = tracemalloc.get_traced_memory()[0] - before - 8 * N
    finally:
        tracemalloc.stop()
    assert J.nbytes == 8 * N
    assert held < 1.1 * UNIT


def test_a_sparse_matrix_is_written_term_by_term() -> None:
    rng = np.random.default_rng(2)
    index = rng.integers(0, 500, N // 10)
    x = rng.standard_normal((500, 6))

    def f(x: Any) -> Any:
        rows = x[index]
        return np.sin(rows[:, :3]) * np.exp(rows[:, 3:]) / (1 + np.sum(rows**2, axis=1, keepdims=True))

    def run() -> Any:
        return jac.jacobian(f)(x).to_sparse()

    J = jac.jacobian(f)(x)
    _ = J.terms
    result = run()
    given = sum([result.data.nbytes, result.indices.nbytes, result.indptr.nbytes, x.nbytes, index.nbytes])
    assert peak(run) * UNIT < 1.8 * (given + J.nbytes)
    rows = rng.integers(0, result.shape[0], 50)
    steps = np.stack([np.imag(f(x + 1e-30j * h)).reshape(-1)[rows] for h in np.eye(x.size).reshape(-1, *x.shape)[::97]])
    np.testing.assert_allclose(result[rows][:, ::97].toarray(), steps.T / 1e-30, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_lanes_of_terms_whose_numbers_are_made_late_are_added(form: str) -> None:
    rng = np.random.default_rng(3)
    A, B = rng.standard_normal((2, N // 5, 3))
    x = rng.standard_normal((N // 5, 3))

    def f(x: Any) -> Any:
        y = np.sum(A * x, axis=1)[:, None] * np.sin(x) + np.sum(B * np.cos(x), axis=1)[:, None]
        return np.concatenate([y, 2 * y[::-1]])

    found = jac.jacobian(f)(x).to_sparse(form)
    h = rng.standard_normal(x.shape)
    np.testing.assert_allclose(found @ h.reshape(-1), np.imag(f(x + 1e-30j * h)).reshape(-1) / 1e-30, rtol=1e-9)
    assert found.has_canonical_format


def steps(x: Any, count: int) -> Any:
    for n in range(count):
        x = np.sin(x) * np.exp(-x * x / 2) + 0.1 * n
    return x


def test_a_tangent_takes_no_more_memory_for_more_steps() -> None:
    x, h = np.linspace(0.1, 1.0, N), np.linspace(-1.0, 1.0, N)
    few, many = [peak(lambda n=n: jac.jvp(lambda x: steps(x, n), (x,), (h,))) for n in (3, 30)]
    assert many < few + 0.1
    assert many < 7.2


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_tangents_of_steps(count: int) -> None:
    x, h = np.linspace(0.1, 1.0, N), np.linspace(-1.0, 1.0, N)
    before = x.copy(), h.copy()
    value, tangent = jac.jvp(lambda x: steps(x, count), (x,), (h,))
    np.testing.assert_allclose(tangent, np.imag(steps(x + 1e-30j * h, count)) / 1e-30, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(value, steps(x, count))
    np.testing.assert_array_equal((x, h), before)
    assert not np.shares_memory(tangent, h)


def test_tangents_of_values_that_are_used_again() -> None:
    x, h = np.linspace(0.1, 1.0, N), np.linspace(-1.0, 1.0, N)

    def f(x: Any) -> Any:
        a = np.exp(x)
        kept = [a, a * a, np.sin(a)]
        b = kept[1] * kept[2] / a
        _ = np.tanh(b)  # not used
        c = kept[0] * b + a
        return c, b, c, x, kept[1][::-1], np.sum(a * c)

    values, tangents = jac.jvp(f, (x,), (h,))
    for tangent, along in zip(tangents, f(x + 1e-30j * h), strict=True):
        np.testing.assert_allclose(tangent, np.imag(along) / 1e-30, rtol=1e-10, atol=1e-13)
    for n, tangent in enumerate(tangents[:-1]):
        for other in (*tangents[n + 1 :], *values, x, h):
            assert not np.shares_memory(tangent, other)


def normalised(x: Any) -> Any:
    y = np.sin(x) * np.exp(-x * x / 2)
    return y / np.sqrt(np.sum(y * y))


def powered(x: Any) -> Any:
    y = np.sin(x) * np.exp(-(x**2) / 2)
    return y / np.sqrt(np.sum(y**2))


PEAKS: list[tuple[str, Callable[[np.ndarray, np.ndarray], Any], float]] = [
    ("jvp", lambda x, h: jac.jvp(normalised, (x,), (h,))[1], 6.2),
    ("vjp", lambda x, h: jac.vjp(normalised, x)[1](h)[0], 6.2),
    ("pullback", lambda x, h: jac.vjp(powered, x)[1](h)[0], 5.1),
    ("gradient", lambda x, h: jac.grad(lambda x: np.sum(h * normalised(x)))(x), 6.2),
    ("hvp", lambda x, h: jac.hvp(lambda x: np.sum(h * normalised(x)), (x,), (h,))[0], 14.2),
    ("diagonal", lambda x, h: jac.jacobian(lambda x: np.sin(np.exp(-x * x)) * h)(x).diagonal(), 6.2),
]


def test_a_sparse_matrix_is_written_in_portions() -> None:
    x = np.linspace(0.1, 1.0, N)
    J = jac.hessian(lambda x: np.sum(np.sin(x[1:]) * x[:-1] ** 2))(x)
    size = sum([getattr(J.to_sparse(), part).nbytes for part in ("data", "indices", "indptr")]) / UNIT
    found = peak(J.to_sparse)
    assert found < size + 0.6, f"{found}, of which {size} is the result"


@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_an_elimination_copies_the_edges_that_it_gets_to(order: str) -> None:
    """Two paths meet at each sum, so that the edge of one of them takes the terms of the other."""

    def deep(x: Any) -> Any:
        for _ in range(20):
            x = x + np.tanh(x)
        return x

    _, J = jac.linearize(deep, np.ones(3))
    J._body.order = order
    before = [[[*terms] for terms in edges.values()] for edges in J._body.graph.into]
    assert J.to_array().shape == (3, 3)
    assert [[[*terms] for terms in edges.values()] for edges in J._body.graph.into] == before


@pytest.mark.parametrize(("name", "work", "most"), PEAKS, ids=[name for name, *_ in PEAKS])
def test_peaks_of_products(name: str, work: Callable[..., Any], most: float) -> None:
    x, h = np.linspace(0.1, 1.0, N), np.linspace(-1.0, 1.0, N)
    found = peak(lambda: work(x, h))
    assert found < most, f"{name}: {found}"


def test_a_factor_beside_a_number_is_written_into() -> None:
    label = Label(N, "i")
    pattern = patterned(((label,),), (), [(), (label,)])
    terms = [pattern.term([np.full((), 3.0), np.full(N, 2.0)]), pattern.term([np.full((), 5.0), np.full(N, 7.0)])]
    kept = terms[1].arrays[1]
    assert spare_arrays(terms) == {id(terms[0].arrays[1])}
    (total,) = merge(terms, np.dtype(float), spare=spare_arrays(terms))
    assert set(total.scale * total.factors[0].array) == {41.0}
    assert set(kept) == {7.0}


def test_a_jacobian_and_its_transpose_share_what_they_are_made_of() -> None:
    """Of the derivative by the first activations, D, there is one array, not one for each of J and its transpose."""
    rng = np.random.default_rng(4)
    X, U, V, W = [rng.standard_normal(s) / 5 for s in ((64, 50), (50, 256), (256, 30), (30, 10))]

    def f(U: Any) -> Any:
        return np.tanh(np.tanh(X @ U) @ V) @ W

    H = jac.hessian(lambda Z: np.sum(np.log(np.sum(np.exp(Z), axis=1))))(f(U))

    def work() -> Any:
        J = jac.jacobian(f)(U)
        return (J.T @ H @ J).diagonal()

    A, Z = np.tanh(X @ U), f(U)
    B, P = np.tanh(A @ V), np.exp(Z) / np.sum(np.exp(Z), axis=1, keepdims=True)
    D = (((W.T * (1 - B * B)[:, None]) @ V.T) * (1 - A * A)[:, None]).transpose(1, 0, 2)
    S = np.einsum("bo,op->bop", P, np.eye(10)) - P[:, :, None] * P[:, None, :]
    curved = np.einsum("bop,obj,pbj->bj", S, D, D, optimize=True)
    np.testing.assert_allclose(work(), np.einsum("bi,bj->ij", X * X, curved), rtol=1e-8, atol=1e-12)
    assert peak(work) * UNIT < 2.8 * D.nbytes  # D, D times the curvature, and small ones


def test_what_lies_on_a_path_is_found_without_sets_of_all_vertices() -> None:
    graph, count = LinearGraph(), 50_000
    label = Label(3, "i")
    term = patterned(((label,),), ((label,),), []).term(())
    for vertex in range(count):
        _ = graph.add_linked((3,), np.dtype(float), {vertex - 1: [term]} if vertex else {})
    assert len({id(shape) for shape in graph.shapes}) == 1
    assert [*living_edges(graph, {0}, count - 1)] == [*range(count - 1, 0, -1)]
    assert [*living_edges(graph, {count - 3}, count - 1)] == [count - 1, count - 2]
    bytes_of_one = peak(lambda: living_edges(graph, {0}, count - 1)) * UNIT / count
    assert bytes_of_one < 130  # a dict that grows, and a number


@pytest.mark.parametrize(("function", "most"), [(np.tanh, 2.2), (np.log1p, 1.2), (np.arctan, 1.2), (np.arctanh, 2.2)])
def test_a_slope_takes_one_array(function: Any, most: float) -> None:
    x = np.random.default_rng(0).uniform(0, 0.9, N)
    gradient = jac.grad(lambda x: np.sum(function(x)))
    assert peak(lambda: gradient(x)) < most  # the gradient, and what it is made of
    _, expected = jac.jvp(function, (x,), (np.ones(N),))
    step = 1e-6
    np.testing.assert_allclose(gradient(x), (function(x + step) - function(x - step)) / (2 * step), rtol=1e-7)
    np.testing.assert_array_equal(gradient(x), expected)
