"""Nests are taken apart and put together; random ones are differentiated, with Jacobians that are known."""

import dataclasses
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nests import Layer, arrays_of, assert_same_nest, changed, flat

import jacobians as jac
from jacobians.errors import ArgumentError
from jacobians.trees import LEAF, Assembly, Tree, flatten, is_container


@dataclasses.dataclass
class Pair:
    left: object
    right: object = None


class Pick(int):
    """The number of an array of the argument, where the result has an array."""


def nests(leaves):
    def above(part):
        several = st.lists(part, max_size=3)
        keys = st.text("abc", min_size=1, max_size=2) | st.integers(0, 3)
        pairs = st.builds(Layer, part, part) | st.builds(Pair, part, part)
        return several | several.map(tuple) | st.dictionaries(keys, part, max_size=3) | pairs

    return st.recursive(leaves, above, max_leaves=8)


def is_number(value):
    return isinstance(value, (float, np.ndarray))


ARRAYS = st.sampled_from([(), (2,), (1, 3), (0,)]).map(np.ones)
CONSTANTS = st.sampled_from([None, 3, "text"])
PICKS = st.integers(0, 7).map(Pick)


@given(nests(ARRAYS | CONSTANTS))
def test_a_nest_is_put_together_again(nest):
    leaves, tree = flatten(nest, is_number)
    assert tree.count == len(leaves) == len(arrays_of(nest)) == len(tree.paths())
    assert all(one is other for one, other in zip(leaves, arrays_of(nest), strict=True))
    assert_same_nest(tree.build(leaves), nest)
    assert flatten(tree.build(leaves), is_number)[1] == tree
    assert hash(flatten(tree.build(leaves), is_number)[1]) == hash(tree)
    for path, leaf in zip(tree.paths("nest"), leaves, strict=True):
        assert eval(path, {"nest": nest}) is leaf
    assert all(one is other for one, other in zip(tree.match(nest, "f", "x", "y"), leaves, strict=True))
    assert_same_nest(tree.slopes().build(leaves), changed(nest, lambda leaf: leaf))


def fits(one, other):
    """Whether a nest is nested as another one; a list of numbers does for an array."""
    if is_number(one):
        return is_number(other) or type(other) in (list, tuple)
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(fits, one, other))
    one, other = (nest if type(nest) is dict else vars(nest) for nest in (one, other))
    return one.keys() == other.keys() and all(fits(part, other[key]) for key, part in one.items())


@given(nests(ARRAYS), nests(ARRAYS))
def test_nests_match_if_they_are_nested_alike(one, other):
    _, tree = flatten(one, is_number)
    if fits(one, other):
        assert len(tree.match(other, "f", "x", "y")) == tree.count
    else:
        with pytest.raises(ArgumentError, match="they differ at x"):
            _ = tree.match(other, "f", "x", "y")


@settings(max_examples=60, deadline=None)
@given(
    nests(ARRAYS | CONSTANTS).filter(arrays_of),
    nests(st.integers(0, 7).map(Pick)),
    st.sampled_from(["explicit", "lazy"]),
)
def test_jacobians_of_random_nests(argument, pattern, mode):
    """Each array of the result is a known multiple of one array of the argument."""
    count = len(arrays_of(argument))
    _, pattern_tree = flatten(pattern, lambda value: isinstance(value, Pick))
    picks = [int(pick) for pick in flatten(pattern, lambda value: isinstance(value, Pick))[0]]
    if not picks:
        return

    def f(nest):
        leaves = arrays_of(nest)
        return pattern_tree.build([(pick + 1.0) * leaves[pick % count] for pick in picks])

    sizes = [leaf.size for leaf in arrays_of(argument)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    blocks = [np.zeros((0, starts[-1]))]
    for pick in picks:
        n = pick % count
        block = np.zeros((sizes[n], starts[-1]))
        block[:, starts[n] : starts[n + 1]] = (pick + 1.0) * np.eye(sizes[n])
        blocks.append(block)
    expected = np.concatenate(blocks)
    J = jac.jacobian(f, mode=mode)(argument)
    np.testing.assert_array_equal(J.to_matrix(), expected)
    if isinstance(J, jac.BlockJacobian):
        assert J.shape == expected.shape
    np.testing.assert_array_equal(J.to_sparse().toarray(), expected)
    np.testing.assert_array_equal(flat(J @ argument), expected @ flat(argument))
    np.testing.assert_array_equal(flat(f(argument) @ J), flat(f(argument)) @ expected)
    compiled = jac.compile(jac.jacobian(f))(argument)
    np.testing.assert_array_equal(compiled.to_matrix(), expected)


def test_children():
    tree = flatten({"a": [1.0, 2.0], "b": Layer(3.0, None), 0: 4.0}, is_number)[1]
    assert tree.child("b") == (flatten(Layer(3.0, None), is_number)[1], slice(2, 3))
    assert tree.child(0).leaves == slice(3, 4)
    assert tree.child("a").tree.child(-1) == (LEAF, slice(1, 2))
    assert tree.child("b").tree.child("W") == tree.child("b").tree.child(0) == (LEAF, slice(0, 1))
    for key in (1, "c", True):
        with pytest.raises(KeyError, match="is not among 'a', 'b', 0"):
            _ = tree.child(key)


def test_text():
    tree = flatten({"a": [1.0], "b": (2.0,), "c": Layer(3.0, Pair(4.0, "x"))}, is_number)[1]
    assert str(tree) == "{'a': [*], 'b': (*,), 'c': Layer(W=*, b=Pair(left=*, right='x'))}"
    assert tree.paths("p") == ['p["a"][0]', 'p["b"][0]', 'p["c"].W', 'p["c"].b.left']
    assert str(flatten([1.0] * 500, is_number)[1]).endswith("*, *...")


def test_kinds_of_containers():
    assert all(is_container(value) for value in ((), [], {}, OrderedDict(), Layer(1, 2), Pair(1)))
    assert not any(is_container(value) for value in (np.ones(2), 1.0, "text", {1}, Pair, None))
    assert flatten(OrderedDict(a=1.0), is_number)[1] != flatten({"a": 1.0}, is_number)[1]
    assert flatten([3], is_number)[1] != flatten([3.0], lambda value: False)[1]


def test_other_objects_are_taken_apart_on_demand():
    class Box(Assembly):
        def build(self, parts):
            return {*parts}

        def steps(self):
            return [".only"]

    leaves, tree = flatten([{1.0}], is_number, lambda v: (Box("box"), [*v]) if isinstance(v, set) else None)
    assert (leaves, tree.build([2.0]), tree.paths("x")) == ([1.0], [{2.0}], ["x[0].only"])
    assert Box("box") == Box("box") != Box("other")
    assert hash(Box("box")) == hash(Box("box"))
    assert Tree(None) == LEAF


def test_the_nest_of_the_caller_stays_as_it_is():
    params = {"x": np.ones(2), "more": [np.zeros(2)]}

    def f(p):
        p["more"].append(p.pop("x") * 2.0)
        return p["more"][1]

    np.testing.assert_array_equal(jac.jacobian(f)(params)["x"].to_array(), 2 * np.eye(2))
    assert list(params) == ["x", "more"]
    assert len(params["more"]) == 1
