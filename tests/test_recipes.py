"""What depends on shapes alone is worked out once: the second call of a function plans nothing."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from random_terms import terms

from jacobians import grad, hessian, jacobian, jvp
from jacobians.chain import chain
from jacobians.contract import to_dense
from jacobians.elimination.recipes import _recipe, join
from jacobians.elimination.settle import settle
from jacobians.labels import Label, axes_of, standard_label
from jacobians.partials import _diagonal
from jacobians.pausing import OBJECTS
from jacobians.terms import Factor, Map, Term, pattern_of, remembering
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
    made = [cache.cache_info().misses for cache in (_recipe, _diagonal, _interned, standard_label)]
    assert_array_equal(call(), first)
    assert [cache.cache_info().misses for cache in (_recipe, _diagonal, _interned, standard_label)] == made


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


def test_terms_of_one_pattern_share_it():
    first, second = scaling(np.ones(3)), scaling(np.zeros(3))
    assert pattern_of(first) is pattern_of(second)
    assert pattern_of(first) is not pattern_of(Term(first.out, axes_of((3,)), first.factors))


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
    with pytest.raises(ZeroDivisionError):
        _ = grad(lambda x: x / 0 if gc.get_threshold() == usual else 1 // 0)(1.0)
    assert gc.get_threshold() == usual
