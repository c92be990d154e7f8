"""What depends on shapes alone is worked out once: the second call of a function plans nothing."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from random_terms import terms

from jacobians import grad, hessian, jacobian, jvp, linearize
from jacobians.chain import chain
from jacobians.contract import to_dense
from jacobians.elimination import Plan, inner_vertices, named_order, notes, predict, recipes
from jacobians.elimination.merge import merge
from jacobians.elimination.recipes import _recipe, join
from jacobians.elimination.settle import settle
from jacobians.labels import Label, axes_of, standard_label
from jacobians.partials import diagonal_pattern
from jacobians.pausing import COLLECTIONS, OBJECTS
from jacobians.terms import Affine, Factor, Map, Term, pattern_of, remembering, standardised
from jacobians.terms import compose as compose_maps
from jacobians.terms.pattern import _interned

A, x = np.linspace(-1.0, 1.0, 12).reshape(3, 4), np.linspace(0.0, 1.0, 4)


def network(x):
    h = np.tanh(A @ x)
    return np.sum(h * h[::-1]) + np.max(x.reshape(2, 2), axis=0) @ x[:2]


def repeated(x):
    for _ in range(50):
        x = np.sin(x) * x + 0.5 * x
    return x


CALLS = {
    "gradient": lambda: grad(network)(x),
    "tangent": lambda: jvp(network, (x,), (x,)),
    "Jacobian": lambda: jacobian(repeated, mode="explicit")(x).to_array(),
    "Hessian": lambda: hessian(network)(x).to_array(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_second_call_plans_nothing(call: Callable[[], object]):
    first = call()
    made = [cache.cache_info().misses for cache in (_recipe, diagonal_pattern, _interned, standard_label)]
    assert_array_equal(call(), first)
    assert [cache.cache_info().misses for cache in (_recipe, diagonal_pattern, _interned, standard_label)] == made


# fmt: off
WITHOUT_NUMBERS = {
    "transpose":   lambda y: np.transpose(y, (1, 0)),
    "swapaxes":    lambda y: np.swapaxes(y, 0, 1),
    "flip":        lambda y: np.flip(y, axis=1),
    "roll":        lambda y: np.roll(y, 2, axis=1),
    "repeat":      lambda y: np.repeat(y, 3, axis=0),
    "tile":        lambda y: np.tile(y, (2, 1)),
    "diagonal":    lambda y: np.diagonal(y, 1),
    "trace":       lambda y: np.trace(y),
    "concatenate": lambda y: np.concatenate((y, np.zeros((1, 4)), y)),
    "stack":       lambda y: np.stack([y, y], axis=-1),
    "split":       lambda y: np.split(y, 2, axis=1)[1],
}
# fmt: on


@pytest.mark.parametrize("function", WITHOUT_NUMBERS.values(), ids=WITHOUT_NUMBERS.keys())
def test_a_rule_without_numbers_states_its_terms_once_for_a_structure(function):
    def last(y):
        return function(np.cos(y))

    first, second = [jacobian(last, mode="lazy")(np.full((3, 4), value))._body.graph for value in (1.0, 2.0)]
    ours, theirs = [[term for terms in graph.into[-1].values() for term in terms] for graph in (first, second)]
    assert [a is b for a, b in zip(ours, theirs, strict=True)] == [True] * len(ours)
    assert all([term._pattern is not None for term in ours])


def test_what_a_rule_remembers_depends_on_every_argument():
    y = np.arange(12.0).reshape(3, 4)
    for shift, axis in [(1, 0), (1, 1), (2, 0), (-1, 1), ((1, 2), (0, 1))]:
        J = jacobian(lambda y: np.roll(y, shift, axis=axis))(y)  # noqa: B023  # called at once
        assert_array_equal(np.tensordot(J.to_array(), y, 2), np.roll(y, shift, axis))
    for cuts in (np.array([1]), np.array([2]), [3]):
        J = jacobian(lambda y: np.split(y, cuts, axis=1)[0])(y)  # noqa: B023
        assert_array_equal(np.tensordot(J.to_array(), y, 2), np.split(y, cuts, axis=1)[0])
    for parts in ((y, y[:1]), (y[:1], y), (y[:1], y, y)):
        J = jacobian(lambda *parts: np.concatenate(parts), len(parts) - 1)(*parts)
        assert_array_equal(np.tensordot(J.to_array(), parts[-1], 2)[-len(parts[-1]) :], parts[-1])


def test_a_long_program_is_a_few_recipes():
    before = _recipe.cache_info().misses
    grad(lambda x: np.sum(repeated(x)))(np.ones(7))
    assert _recipe.cache_info().misses - before < 20


SHAPES = st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=2).map(tuple)


@settings(max_examples=200, deadline=None)
@given(st.data(), SHAPES, SHAPES, SHAPES)
def test_joining_is_chaining_and_settling(data, out_shape, mid_shape, in_shape):
    outer = data.draw(terms(out_shape, mid_shape))
    inner = data.draw(terms(mid_shape, in_shape))
    chained = chain(outer, inner)
    expected = [] if chained is None else [settle(chained)]
    joined = join(outer, inner)
    found = [] if joined is None else [joined.check()]
    shape = out_shape + in_shape
    assert_allclose(to_dense(found, shape, float), to_dense(expected, shape, float), rtol=1e-12, atol=1e-12)


def scaling(numbers: np.ndarray) -> Term:
    axes = axes_of(numbers.shape)
    return Term(axes, axes, (Factor(numbers, axes[0]),))


def products_of_neighbours(x):
    z = np.zeros_like(x)
    for n in range(len(x) - 1):
        z[n] = x[n] * x[n + 1] + np.sum(x[n : n + 2] ** 2)
    return np.sum(z * z)


def test_entries_and_slices_are_one_case_wherever_they_are_picked():
    _ = grad(products_of_neighbours)(np.ones(41))
    before = _recipe.cache_info().misses
    sizes = np.linspace(0.5, 1.5, 40)
    made = []
    for count in (40, 30):  # other sizes are other labels, other positions are not
        y = sizes[:count]
        gradient = grad(products_of_neighbours)(y)
        made.append(_recipe.cache_info().misses - before)
        before = _recipe.cache_info().misses
        step = 1e-6 * np.eye(count)
        differences = [(products_of_neighbours(y + h) - products_of_neighbours(y - h)) / 2e-6 for h in step]
        assert_allclose(gradient, differences, rtol=1e-6)
    assert max(made) < 20


@pytest.mark.parametrize("index", [(0, 0), (2, -1), (-3, 1), (slice(1, 3), 2), (1, slice(None, None, -2))])
def test_variants_of_a_skeleton_are_where_they_were_picked(index):
    y = np.arange(12.0).reshape(3, 4)
    J = jacobian(lambda y: np.exp(y)[index] * y[index])(y)
    expected = np.eye(12).reshape(3, 4, 3, 4)[index] * np.asarray(((1 + y) * np.exp(y))[index])[..., None, None]
    assert_allclose(J.to_array(), expected)


def test_that_terms_never_meet_is_found_once(monkeypatch):
    (i,), (j,) = axes_of((3, 3))
    outer, inner = Term((), ((i,),), (), (Map.constant(i, 0),)), Term(((j,),), (), (), (Map.constant(j, 2),))
    assert join(outer, inner) is None
    monkeypatch.setattr("jacobians.elimination.recipes.chain", None)
    assert join(outer, inner) is None


def test_terms_of_one_pattern_share_it():
    first, second = scaling(np.ones(3)), scaling(np.zeros(3))
    assert pattern_of(first) is pattern_of(second)
    assert pattern_of(first) is not pattern_of(Term(first.out, axes_of((3,)), first.factors))


def test_a_term_of_a_pattern_is_a_term():
    (i,), (j,) = axes_of((2, 3))
    term = Term(((i,),), ((j,),), (Factor(np.arange(6.0).reshape(2, 3), (i, j)),), scale=2.0)
    made = pattern_of(term).term(term.arrays, term.scale)
    for other in (made, pickle.loads(pickle.dumps(made)), copy.deepcopy(made), made.replace(), made.T.T):
        assert repr(other) == repr(term)
        assert_array_equal(to_dense([other], (2, 3), np.dtype(float)), to_dense([term], (2, 3), np.dtype(float)))
        assert pattern_of(other) is pattern_of(term)
    with pytest.raises(AttributeError):
        made.out = ()


@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_costs_that_are_repeated_are_those_of_a_run(order: str, monkeypatch: pytest.MonkeyPatch):
    def layers(x):
        for _ in range(4):
            x = np.tanh(A[:, :3] @ np.reshape(np.stack([x[1:], x[:2]]), (4,))[:3])
        return x

    def predicted() -> Plan:
        _, J = linearize(layers, x[:3])
        graph, inputs, output = J._body.graph, J._body.inputs, J._body.output
        return predict(graph, inputs, output, named_order(order, inner_vertices(graph, inputs, output)))

    first = predicted()
    assert first.seconds > 0
    assert predicted() == first
    monkeypatch.setattr(recipes, "all_shadows", lambda arrays: False)
    assert predicted() == first


def test_importing_reads_nothing_that_is_slow():
    slow = "scipy.sparse scipy.sparse.linalg scipy.special scipy.linalg opt_einsum matplotlib"
    program = f"import sys, jacobians; print(*[name for name in {slow.split()} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_index_arrays_are_composed_once_in_an_elimination():
    i, j, k = Label(4), Label(4), Label(4)
    outer, inner = Map.of((k,), (i,), np.array([1, 1, 0, 2])), Map.of((i,), (j,), np.array([2, 0, 3, 3]))
    again = outer, inner.relabel({j: (Label(4),)})
    assert compose_maps(outer, inner).index is not compose_maps(*again).index
    with remembering():
        first = compose_maps(outer, inner)
        assert first.index is compose_maps(*again).index
        assert_array_equal(first.index, [0, 1, 2, 2])
    outer.index[0] = 3  # what changes afterwards is read anew
    with remembering():
        assert_array_equal(compose_maps(outer, inner).index, [0, 3, 2, 2])


def test_collection_is_rare_while_a_function_runs_and_usual_afterwards():
    usual = gc.get_threshold()
    assert grad(lambda x: x * gc.get_threshold()[0])(1.0) == max(usual[0], OBJECTS)
    assert grad(lambda x: x * gc.get_threshold()[1])(1.0) == max(usual[1], COLLECTIONS)
    with pytest.raises(ZeroDivisionError):
        _ = grad(lambda x: x / 0 if gc.get_threshold() == usual else 1 // 0)(1.0)
    assert gc.get_threshold() == usual


def _parts(x: np.ndarray) -> float:
    """Parts of what was joined of parts: cotangents are cut at other starts each time, forwards and backwards."""
    total, y = 0.0, x
    for n in range(3):
        y = np.concatenate([y[n : n + 4], np.sin(y[3::-1]), y[::2][:2]]) * x
        total = total + np.sum(y[n:] ** 2) + np.sum(y[: n + 2 : 1] * y[9 : 7 - n : -1][: n + 2])
    return total


def test_parts_of_cotangents_are_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut of an array along one axis is a slice of it, not worked out by a map each time."""
    x = np.linspace(0.2, 1.1, 10)
    step = [np.imag(_parts(x + 1e-30j * h)) / 1e-30 for h in np.eye(10)]
    np.testing.assert_allclose(grad(_parts)(x), step, rtol=1e-13)
    monkeypatch.setattr(notes, "gather", None)
    np.testing.assert_allclose(grad(_parts)(x + 0.0), step, rtol=1e-13)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_parts_of_an_array_are_added_at_their_places(kind: type) -> None:
    """What arrives at an array from parts of it; a part with a zero scale is no part, whatever stands there."""
    whole, part = Label(7, "whole"), Label(3, "part")
    numbers = np.array([1.0, 2.0, 3.0], kind)
    terms = [
        pattern_of(
            Term((), ((whole,),), (Factor(numbers, (part,)),), (Map((whole,), (part,), Affine(n, s)),), (part,))
        ).term([numbers + n if scale else np.full(3, np.inf, kind)], scale)
        for n, s, scale in [(0, 1, 1.0), (1, 2, -2.0), (4, 1, 0.5)]
    ]
    expected = np.zeros(7)
    for n, s, scale in [(0, 1, 1.0), (1, 2, -2.0), (4, 1, 0.5)]:
        expected[n : n + 3 * s : s] += scale * (numbers + n)
    found = to_dense(terms, (7,), np.dtype(kind))
    assert found.dtype == kind
    np.testing.assert_allclose(found, expected)
    out = np.full(7, np.nan, kind)
    assert to_dense(terms, (7,), np.dtype(kind), out) is out
    np.testing.assert_array_equal(out, found)
    none = terms[0]._pattern.term([np.full(3, np.inf, kind)], 0.0)
    np.testing.assert_array_equal(to_dense([*terms, none], (7,), np.dtype(kind)), found)


def test_a_sum_is_repeated_where_the_same_arrays_are_shared() -> None:
    """``u v' + u w'`` is ``u (v + w)'``, of other arrays of the same patterns two terms stay; zeros are left out."""
    (i,), (j,) = axes_of((30, 40))
    rng = np.random.default_rng(5)

    def term(u: np.ndarray, v: np.ndarray, scale: float = 1.0) -> Term:
        return standardised(Term(((i,),), ((j,),), (Factor(u, (i,)), Factor(v, (j,))), scale=scale))

    counts = []
    for case in [0, 1, 0, 2, 1, 3, 2, 0]:
        a, b = rng.standard_normal((2, 30))
        v, w = rng.standard_normal((2, 40))
        terms = {
            0: [term(a, v), term(a, w, 2.0)],
            1: [term(a, v), term(b, w)],
            2: [term(a, v), term(a, v, 3.0)],
            3: [term(a, v, 0.5), term(a, v, -0.5)],
        }[case]
        found = merge([*terms], np.dtype(float))
        expected = sum([t.scale * np.outer(*t.arrays) for t in terms])
        assert_allclose(to_dense(found, (30, 40), np.dtype(float)), expected, atol=1e-15)
        counts.append(len(found))
    assert counts == [1, 2, 1, 1, 2, 0, 1, 1]
