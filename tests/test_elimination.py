"""Elimination against the brute-force meaning of terms: merging, settling, orders, predictions."""

from math import prod
from types import SimpleNamespace

import numpy as np
import pytest
from dense_terms import dense
from graph_oracle import graph_jacobians
from hypothesis import given, settings
from hypothesis import strategies as st
from random_terms import terms
from sample_jacobians import SAMPLES, assert_close

import jacobians.contract.calls
import jacobians.contract.kernels
import jacobians.contract.matrices
import jacobians.contract.network
from jacobians import jacobian
from jacobians.chain import chain, resolve
from jacobians.elimination import (
    choose,
    eliminate,
    held_bytes,
    inner_vertices,
    merge,
    named_order,
    predict,
    push,
    settle,
)
from jacobians.graph import LinearGraph
from jacobians.labels import Label, axes_of
from jacobians.terms import Affine, Factor, Map, Term

SHAPES = st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=2).map(tuple)
SMALL = st.lists(st.sampled_from([1, 2, 3]), max_size=2).map(tuple)
FLOAT = np.dtype(float)


def resolved(*raw):
    return [term for term in map(resolve, raw) if term is not None]


def total(parts, shape):
    return sum((dense(term.check()) for term in parts), np.zeros(shape))


# ----------------------------------------------------------------------------------------------- settle and merge
@settings(max_examples=150, deadline=None)
@given(st.data(), SHAPES, SHAPES)
def test_settling_keeps_the_sum(data, out_shape, in_shape):
    raw = data.draw(terms(out_shape, in_shape))
    for term in resolved(raw):
        settled = settle(term)
        assert_close(dense(settled.check()), dense(raw))
        assert len(settled.factors) <= len(term.factors)


@settings(max_examples=150, deadline=None)
@given(st.data(), SHAPES, SHAPES, st.integers(1, 4), st.booleans())
def test_merging_keeps_the_sum(data, out_shape, in_shape, count, densify):
    raw = [data.draw(terms(out_shape, in_shape)) for _ in range(count)]
    parts = resolved(*raw)
    expected = total(raw, out_shape + in_shape)
    twice = parts + [term.freshen() for term in parts]
    for unmerged in (parts, parts[::-1], [settle(term) for term in parts], twice):
        merged = merge(unmerged, FLOAT, densify=densify)
        assert_close(total(merged, out_shape + in_shape), expected * (2 if unmerged is twice else 1))
        assert len(merged) <= len(unmerged)
        assert not any(term.is_empty for term in merged)


@settings(max_examples=150, deadline=None)
@given(st.data(), SMALL, SMALL, SMALL, st.booleans())
def test_merging_terms_that_share_labels(data, out_shape, shape, in_shape, densify):
    """Paths through one outer term share its labels, free in one product and bound in the other."""
    outers = [data.draw(terms(out_shape, shape)) for _ in range(2)]
    inners = [data.draw(terms(shape, in_shape)) for _ in range(2)]
    left, right = resolved(*outers), resolved(*inners)
    joined = [chain(a, b) for a in left for b in right]
    parts = [term for term in joined if term is not None]
    axes = len(shape)
    expected = np.tensordot(total(outers, out_shape + shape), total(inners, shape + in_shape), axes)
    assert_close(total(merge(parts, FLOAT, densify=densify), out_shape + in_shape), expected)
    assert_close(total(merge([settle(term) for term in parts], FLOAT, densify=densify), out_shape + in_shape), expected)


def test_a_label_that_is_free_in_one_term_and_bound_in_the_other():
    i, j, k = Label(4, "i"), Label(3, "j"), Label(3, "k")
    A, B = np.arange(12.0).reshape(4, 3), np.arange(9.0).reshape(3, 3)
    alone = Term(((i,),), ((j,),), (Factor(A, (i, j)),))
    parts = [alone, Term(((i,),), ((k,),), (Factor(A, (i, j)), Factor(B, (j, k))), (), (j,))]
    assert_close(total(merge(parts, FLOAT, densify=False), (4, 3)), A + A @ B)


def test_terms_of_one_pattern_are_added():
    i, j = Label(50), Label(50)
    d = np.linspace(1.0, 2.0, 50)
    diagonal, other = Term(((i,),), ((i,),), (Factor(d, (i,)),)), Term(((j,),), ((j,),), (Factor(d, (j,)),), scale=-3)
    (merged,) = merge([diagonal, Term(((j,),), ((j,),)), other], FLOAT)
    assert_close(dense(merged), np.diag(1 - 2 * d))
    assert merge([diagonal, diagonal.times(-1)], FLOAT) == []
    assert len(merge([diagonal, Term(((i,),), ((j,),), (Factor(d, (i,)),))], FLOAT)) == 2


def test_terms_of_one_pattern_that_differ_in_one_factor_become_one_product():
    i, j, k = Label(4), Label(5), Label(2)
    A, *others = [np.random.default_rng(n).normal(size=shape) for n, shape in enumerate([(4, 2), *3 * [(2, 5)]])]
    terms = [Term(((i,),), ((j,),), (Factor(A, (i, k)), Factor(B, (k, j))), bound=(k,), scale=0.5) for B in others]
    (total,) = merge(terms, FLOAT)
    assert len(total.factors) == 2
    assert_close(dense(total), 0.5 * A @ sum(others))
    (double,) = merge([terms[0], terms[0].freshen()], FLOAT)
    assert double.scale == 1
    assert [factor.array is array for factor, array in zip(double.factors, (A, others[0]), strict=True)] == [True, True]


def test_a_sum_of_two_slices_is_written_once():
    (k,), parts = axes_of((3,)), [np.array([1.0, 2.0]), np.array([10.0, 20.0])]
    slices = [axes_of((2,))[0] for _ in parts]
    terms = [
        Term((), (k,), (Factor(part, src),), (Map(k, src, Affine(start, 1)),), bound=src)
        for start, (part, src) in enumerate(zip(parts, slices, strict=True))
    ]
    (total,) = merge(terms, FLOAT)
    assert not total.maps
    assert_close(dense(total), np.array([1.0, 12.0, 20.0]))


def test_equal_maps_into_labels_of_other_sizes_stay_apart():
    i, k, m = Label(2), Label(5), Label(7)
    A, B = np.arange(10.0).reshape(2, 5), np.arange(14.0).reshape(2, 7)
    parts = [Term(((i,),), (), (Factor(a, (i, n)),), (Map.constant(n, 3),), (n,)) for a, n in ((A, k), (B, m))]
    assert_close(total(merge(parts, FLOAT), (2,)), A[:, 3] + B[:, 3])


def test_shared_factors_are_pulled_out():
    """X' diag(s) X + X' diag(t) X = X' diag(s + t) X: the large factors are never multiplied."""
    i, j, n = Label(20), Label(20), Label(500)
    X, s, t = np.ones((500, 20)), np.arange(500.0), np.ones(500)
    left = Factor(X, (n, i))
    parts = [Term(((i,),), ((j,),), (left, Factor(d, (n,)), Factor(X, (n, j))), (), (n,)) for d in (s, t)]
    (merged,) = merge(parts, FLOAT)
    assert [factor.nbytes for factor in merged.factors].count(X.nbytes) == 2
    assert held_bytes([merged]) == X.nbytes + s.nbytes
    assert_close(dense(merged), X.T @ ((s + t)[:, None] * X))


def test_a_sum_larger_than_its_dense_form_is_replaced():
    rng = np.random.default_rng(0)
    parts = []
    for _ in range(5):
        b, i, j, r = Label(3), Label(4), Label(4), Label(2)
        U, V = Factor(rng.normal(size=(3, 4, 2)), (b, i, r)), Factor(rng.normal(size=(2, 4)), (r, j))
        parts.append(Term(((b,), (i,)), ((b,), (j,)), (U, V), (), (r,)))
    (merged,) = merge(parts, FLOAT)
    assert merged.out[0] == merged.inp[0]  # the common delta stays
    assert held_bytes([merged]) == 3 * 4 * 4 * 8
    assert_close(dense(merged), total(parts, (3, 4, 3, 4)))
    assert len(merge(parts, FLOAT, densify=False)) == 5


# --------------------------------------------------------------------------------------------------------- graphs
@st.composite
def graphs(draw):
    """A random graph of random terms, with one or two inputs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    graph, inputs = LinearGraph(), draw(st.integers(1, 2))
    for vertex in range(draw(st.integers(inputs + 1, 6))):
        _ = graph.add_vertex(draw(SMALL), FLOAT)
        if vertex >= inputs:
            for source in {int(rng.integers(0, vertex)), vertex - 1, int(rng.integers(0, vertex))}:
                for term in resolved(draw(terms(graph.shapes[vertex], graph.shapes[source]))):
                    graph.add_term(source, vertex, term)
    return graph, tuple(range(inputs)), len(graph) - 1


@settings(max_examples=100, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_every_order_gives_the_jacobian(case, random):
    graph, inputs, output = case
    expected = graph_jacobians(graph, output, inputs)
    inner = inner_vertices(graph, inputs, output)
    shuffled = random.sample(inner, len(inner))
    for order in (named_order("forward", inner), named_order("reverse", inner), shuffled):
        for joints in ((), tuple(vertex for vertex in order[-1:])):
            found = eliminate(graph, inputs, output, order, joints)
            for vertex, jacobian_ in zip(inputs, expected, strict=True):
                assert_close(total(found[vertex], jacobian_.shape), jacobian_, tolerance=1e-7)


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_products_run_on_the_graph(case):
    graph, inputs, output = case
    rng = np.random.default_rng(0)
    expected = graph_jacobians(graph, output, inputs)
    shape = graph.shapes[output]
    axes, c = axes_of(shape), rng.normal(size=shape)
    pulled = push(graph, inputs, output, cotangent=[Term((), axes, (Factor.on(c, axes),))])
    tangents, moved = {}, np.zeros(shape)
    for vertex, jacobian_ in zip(inputs, expected, strict=True):
        h, axes = rng.normal(size=graph.shapes[vertex]), axes_of(graph.shapes[vertex])
        tangents[vertex] = [Term(axes, (), (Factor.on(h, axes),))]
        moved = moved + np.tensordot(jacobian_, h, h.ndim)
        assert_close(total(pulled[vertex], h.shape), np.tensordot(c, jacobian_, c.ndim), tolerance=1e-7)
    (pushed,) = push(graph, inputs, output, tangents=tangents).values()
    assert_close(total(pushed, shape), moved, tolerance=1e-7)


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_predictions_are_what_is_held(case):
    graph, inputs, output = case
    inner = inner_vertices(graph, inputs, output)
    plans = [predict(graph, inputs, output, named_order(name, inner), (), name) for name in ("reverse", "forward")]
    for plan in plans:
        found = eliminate(graph, inputs, output, plan.order)
        assert plan.nbytes == held_bytes([term for parts in found.values() for term in parts])
    assert choose(graph, inputs, output).multiplications <= min(plan.multiplications for plan in plans)


@pytest.mark.parametrize("name", SAMPLES)
def test_predictions_of_samples(name):
    function, x, _ = SAMPLES[name]
    J = jacobian(function)(x)
    assert J.plan.nbytes == held_bytes(J.terms) == J.nbytes


@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_predictions_of_sums_with_terms_without_numbers(order):
    """What is predicted to be left of ``trace + A`` is not taken for `A`, with which another `A` would cancel."""
    A = np.arange(1.0, 5.0).reshape(2, 2)

    def f(X):
        v = -np.sum(A * X)
        return v + (np.trace(X) - v)

    J = jacobian(f, mode="explicit", order=order)(A)
    assert J.plan.nbytes == J.nbytes == {"forward": A.nbytes, "reverse": 0}[order]
    np.testing.assert_array_equal(J.to_array(), np.eye(2))


class CountingNumPy:
    """NumPy, with the multiplications of the functions that contract."""

    def __init__(self):
        self.multiplications = 0

    def __getattr__(self, name):
        return getattr(np, name)

    @property
    def ndarray(self):
        return SimpleNamespace(dot=self.matmul)

    def matmul(self, a, b, *out):
        self.multiplications += prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2])) * prod(a.shape[-2:]) * b.shape[-1]
        return np.matmul(a, b, *out)

    def matvec(self, a, b):
        self.multiplications += a.size
        return np.matvec(a, b)

    def multiply(self, *operands, **options):
        result = np.multiply(*operands, **options)
        self.multiplications += result.size
        return result

    def einsum(self, expression, a, b, **options):
        sizes = dict(zip(expression.split("->")[0].replace(",", ""), a.shape + b.shape, strict=True))
        self.multiplications += prod(sizes.values())
        return np.einsum(expression, a, b, **options)


@pytest.mark.parametrize("order", ["forward", "reverse"])
@pytest.mark.parametrize("batch", [2, 40])
def test_multiplications_are_as_predicted(order, batch, monkeypatch):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in [(30, 20), (20, 10), (10, 5)]]

    def network(x):
        for W in weights:
            x = np.tanh(x @ W)
        return x

    J = jacobian(network, order=order)(rng.normal(size=(batch, 30)))
    plan = J.plan
    counting = CountingNumPy()
    for module in (jacobians.contract.calls, jacobians.contract.kernels, jacobians.contract.matrices):
        monkeypatch.setattr(module, "np", counting)
    monkeypatch.setattr(jacobians.contract.calls, "_einsum", counting.einsum)
    monkeypatch.setattr(jacobians.contract.network, "_RECENT", {})
    monkeypatch.setattr(jacobians.contract.network, "_program", jacobians.contract.network._program.__wrapped__)
    assert len(J.terms) == 1
    assert counting.multiplications == plan.multiplications > 0


def test_a_plan_prints_itself():
    J = jacobian(lambda x: np.sin(np.cos(x)))(np.ones(3))
    *lines, largest, last = str(J.plan).splitlines()
    assert lines == ["order: reverse, 1 inner vertices (1)", "multiplications: 3", "held: 24 B"]
    assert largest.startswith("largest intermediate: ")
    assert last == "in NumPy's calls: about 1 us"
    assert J.mode == "auto"


def test_the_order_follows_the_shape():
    """Few outputs: reverse; few inputs: forward."""
    A, B = np.ones((40, 40)), np.ones((40, 40))
    wide = jacobian(lambda x: np.ones((2, 40)) @ np.sin(A @ np.sin(B @ x)))(np.ones(40))
    tall = jacobian(lambda t: np.sin(A @ np.sin(B @ (np.ones((40, 2)) @ t))))(np.ones(2))
    assert (wide.plan.name, tall.plan.name) == ("reverse", "forward")
    assert wide.plan.bounded
    assert tall.plan.bounded


def test_maps_that_meet_nowhere():
    i, j = Label(2), Label(2)
    k, m = Label(4), Label(4)
    first = Term(((k,),), ((i,),), maps=(Map.of((k,), (i,), np.array([0, 1])),), bound=())
    second = Term(((j,),), ((m,),), maps=(Map.of((m,), (j,), np.array([2, 3])),), bound=())
    assert chain(second, first) is None
    graph = LinearGraph()
    for shape in ((2,), (4,), (2,)):
        _ = graph.add_vertex(shape, FLOAT)
    graph.add_term(0, 1, first)
    graph.add_term(1, 2, second)
    assert eliminate(graph, (0,), 2, (1,)) == {0: []}
