"""The laws of chaining, against dense tensordot."""

import numpy as np
import pytest
from dense_terms import dense
from hypothesis import given, settings
from hypothesis import strategies as st
from random_terms import terms

from jacobians.chain import _tabulated, chain, diagonal
from jacobians.errors import ChainError
from jacobians.labels import axes_of, shape_of, unify
from jacobians.rules.indexing import indexing_term
from jacobians.terms import Term

SHAPES = st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=2).map(tuple)


def value(term: Term | None, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape) if term is None else dense(term.check())


@settings(max_examples=300, deadline=None)
@given(st.data(), SHAPES, SHAPES, SHAPES)
def test_chain_is_tensordot(data, out_shape, mid_shape, in_shape):
    outer = data.draw(terms(out_shape, mid_shape))
    inner = data.draw(terms(mid_shape, in_shape))
    expected = np.tensordot(dense(outer), dense(inner), len(mid_shape))
    np.testing.assert_allclose(value(chain(outer, inner), out_shape + in_shape), expected, atol=1e-10)


@settings(max_examples=100, deadline=None)
@given(st.data(), SHAPES, SHAPES, SHAPES, SHAPES)
def test_chain_is_associative(data, a, b, c, d):
    x, y, z = data.draw(terms(a, b)), data.draw(terms(b, c)), data.draw(terms(c, d))
    left_pair, right_pair = chain(x, y), chain(y, z)
    left = None if left_pair is None else chain(left_pair, z)
    right = None if right_pair is None else chain(x, right_pair)
    np.testing.assert_allclose(value(left, a + d), value(right, a + d), atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.data(), SHAPES, SHAPES)
def test_transpose_is_an_involution(data, a, b):
    term = data.draw(terms(a, b))
    order = [*range(len(a), len(a) + len(b)), *range(len(a))]
    np.testing.assert_allclose(dense(term.T), dense(term).transpose(order), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(dense(term.T.T), dense(term))


@settings(max_examples=100, deadline=None)
@given(st.data(), SHAPES)
def test_transposed_chain_is_the_chain_of_the_transposed(data, shape):
    x, y = data.draw(terms(shape, shape)), data.draw(terms(shape, shape))
    left, right = chain(x, y), chain(y.T, x.T)
    left = None if left is None else left.T
    np.testing.assert_allclose(value(left, shape + shape), value(right, shape + shape), atol=1e-10)


@settings(max_examples=150, deadline=None)
@given(st.data(), SHAPES)
def test_diagonal_is_the_dense_diagonal(data, shape):
    term = data.draw(terms(shape, shape))
    size = int(np.prod(shape))
    expected = np.diagonal(dense(term).reshape(size, size)).reshape(shape)
    np.testing.assert_allclose(value(diagonal(term), shape), expected, atol=1e-10)


def test_a_bound_label_without_factor_counts_its_size():
    ((i,),) = (axes_of((5,)),)
    total = Term((), (i,), bound=())
    copies = Term((i,), ())
    assert dense(chain(total, copies)) == 5.0


def test_mismatched_chain_names_both_shapes():
    message = r"left expects an input of shape \(3, 4\), right yields an output of shape \(4, 3\)"
    with pytest.raises(ChainError, match=message):
        _ = chain(Term((), axes_of((3, 4))), Term(axes_of((4, 3)), ()))


@given(st.sampled_from([((6,), (2, 3)), ((12,), (3, 4)), ((4, 6), (4, 6))]))
def test_unify_of_equal_shapes_keeps_the_shape(pair):
    flat, split = pair
    left = axes_of((int(np.prod(flat)),))
    right = (tuple(label for axis in axes_of(split) for label in axis),)
    unified = unify(left, right)
    assert unified.joints == []
    assert shape_of(left) == shape_of(right)


def test_terms_and_labels_are_frozen():
    ((i,),) = (axes_of((5,)),)
    term = Term((i,), ())
    with pytest.raises(AttributeError, match="Term.scale is read-only"):
        term.scale = 2.0
    with pytest.raises(AttributeError, match="Label.size is read-only"):
        i[0].size = 3


def test_several_maps_from_one_source_meet_their_own_transpose():
    picked = indexing_term((2, 2, 3), (np.array([0, -2, 0]), np.array([1, 0, 1])))
    gram = np.tensordot(dense(picked), dense(picked.T), 3)
    np.testing.assert_array_equal(value(chain(picked, picked.T), gram.shape), gram)


@settings(max_examples=100, deadline=None)
@given(st.data(), SHAPES, SHAPES)
def test_tabulated_maps_mean_the_same(data, a, b):
    """What remains for a tangle that no other step resolves."""
    term = data.draw(terms(a, b))
    listed = _tabulated(term, list(term.maps)) if term.maps else term
    np.testing.assert_allclose(value(listed, a + b), dense(term), atol=1e-10)
