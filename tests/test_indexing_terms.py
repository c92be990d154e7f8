"""The term of ``x[index]`` against NumPy, for every form of index."""

import numpy as np
import pytest
from dense_terms import dense
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jacobians.rules.indexing import indexing_term
from jacobians.terms import Affine

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def agrees(shape, index):
    """Whether the term, applied to an array of distinct numbers, is what NumPy's indexing gives."""
    x = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape) + 1.0
    try:
        value = x[index]
    except IndexError:
        assume(False)
    term = indexing_term(shape, index).check()
    assert term.out_shape == np.shape(value)
    assert term.in_shape == shape
    assert all(label.size != 1 for label in term.labels)
    for relation in term.maps:
        if relation.injective:
            assert len(set(relation.positions())) == relation.positions().size
    np.testing.assert_array_equal(np.tensordot(dense(term), x, len(shape)), value)
    return True


@st.composite
def index_arrays(draw, size, broadcast):
    """An index array whose shape broadcasts to `broadcast`."""
    last = draw(st.integers(0, len(broadcast)))
    kept = tuple([draw(st.sampled_from([1, side])) for side in broadcast[last:]])
    entries = st.integers(-size, size - 1) if size else st.nothing()
    array = (
        draw(hnp.arrays(draw(st.sampled_from([np.int64, np.int8])), kept, elements=entries))
        if size
        else np.zeros(0, int)
    )
    return array.tolist() if array.ndim and array.size and draw(st.booleans()) else array


@st.composite
def indices(draw):
    """A shape and a tuple that mixes integers, slices, new axes, Ellipsis, arrays and masks."""
    shape = draw(SHAPES)
    broadcast = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    items, axis, ellipsis = [], 0, False
    for _ in range(8):
        kind = draw(
            st.sampled_from(["int", "slice", "full", "none", "ellipsis", "array", "array", "mask", "truth", "end"])
        )
        if kind == "end":
            break
        if kind == "none":
            items.append(None)
        elif kind == "truth":
            items.append(draw(st.sampled_from([True, False, np.True_, np.array(True)])))
        elif kind == "ellipsis" and not ellipsis:
            ellipsis = True
            items.append(Ellipsis)
            axis = draw(st.integers(axis, len(shape)))
        elif axis < len(shape):
            size = shape[axis]
            if kind == "full":
                items.append(slice(None))
            elif kind == "slice":
                items.append(draw(st.slices(size)))
            elif kind == "int" and size:
                items.append(draw(st.integers(-size, size - 1)))
            elif kind == "array":
                items.append(draw(index_arrays(size, broadcast)))
            elif kind == "mask":
                stop = draw(st.integers(axis + 1, len(shape)))
                items.append(draw(hnp.arrays(bool, shape[axis:stop])))
                axis = stop - 1
            else:
                continue
            axis += 1
    return shape, tuple(items)


@settings(max_examples=400, deadline=None)
@given(st.data(), SHAPES)
def test_basic_indices(data, shape):
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    assert agrees(shape, index)


@settings(max_examples=200, deadline=None)
@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_integer_array_indices(data, shape):
    index = data.draw(
        hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(min_dims=0, max_dims=2, min_side=0))
    )
    assert agrees(shape, index)


@settings(max_examples=1500, deadline=None)
@given(indices())
def test_mixed_indices(case):
    shape, index = case
    assert agrees(shape, index)


@settings(max_examples=100, deadline=None)
@given(SHAPES.flatmap(lambda shape: hnp.arrays(bool, shape)))
def test_masks(mask):
    assert agrees(mask.shape, mask)


FIVE = np.array([0, 1, 0, 1, 1])


@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((), ()),
        ((), True),
        ((), False),
        ((3,), []),
        ((3,), [True, False, True]),
        ((3,), [[0, 1], [2, -1]]),
        ((3,), np.array(1)),
        ((3,), np.uint8(2)),
        ((300,), np.array([250, 3], dtype=np.uint8)),
        ((2, 3, 2), (slice(None), FIVE, Ellipsis, FIVE)),
        ((2, 2, 3), (slice(None), FIVE, FIVE)),
        ((2, 2, 3), (FIVE, slice(None), 0)),
        ((2, 2, 3), (0, slice(None), FIVE)),
        ((2, 2, 3), (slice(None), 0, FIVE)),
        ((2, 3, 4), (FIVE, None, FIVE)),
        ((2, 3, 4), np.ix_([0, 1], [2, 0], [3])),
        ((1, 3), ([0, 0, -1], slice(None))),
        ((0, 3), ([], slice(None))),
        ((2, 3), (np.zeros((2, 0), int), 1)),
    ],
)
def test_known_forms(shape, index):
    assert agrees(shape, index)


def test_untouched_axes_keep_their_labels():
    term = indexing_term((4, 5, 6), (slice(None), [3, 1, 1]))
    assert (term.out[0], term.out[2]) == (term.inp[0], term.inp[2])
    assert indexing_term((4, 5), (slice(None), slice(0, 5))).maps == ()


def test_slices_are_affine_and_arrays_vary_where_they_vary():
    assert indexing_term((9,), slice(7, 0, -2)).maps[0].index == Affine(7, -2)
    rows, columns = indexing_term((4, 5), np.ix_([3, 1, 1], [0, 4, 2])).maps
    assert (len(rows.src), len(columns.src)) == (1, 1)


def test_an_index_array_is_copied():
    index = np.array([3, 1, 1])
    term = indexing_term((4,), index)
    index[:] = 0
    np.testing.assert_array_equal(term.maps[0].positions(), [3, 1, 1])
