"""Indices that are listed along some axes and regular along others are right, and are not written out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.labels import Label
from jacobians.terms import Affine, Lattice, Map, compose, lattice_of


def written(relation: Map, sizes: dict[Label, int]) -> dict[tuple[int, ...], int]:
    """The position for each combination of indices of the source, by the definition of a map."""
    index = relation.positions()
    return {point: int(index[n]) for n, point in enumerate(np.ndindex(*[sizes[label] for label in relation.src]))}


def agree(outer: Map, inner: Map) -> Any:
    """Compose two maps, and compare with what both say point by point."""
    labels = {*outer.src, *inner.dst, *inner.src}
    sizes = {label: label.size for label in labels}
    first, second = written(outer, sizes), written(inner, sizes)
    made = compose(outer, inner)
    found = made.positions()
    for n, point in enumerate(np.ndindex(*[label.size for label in made.src])):
        where = dict(zip(made.src, point, strict=True))
        flat = second[tuple([where[label] for label in inner.src])]
        parts = np.unravel_index(flat, [label.size for label in inner.dst])
        where |= dict(zip(inner.dst, parts, strict=True))
        assert found[n] == first[tuple([int(where[label]) for label in outer.src])]
    return made.index


i, j, k, m, n, p = (Label(size, name) for size, name in zip((4, 3, 5, 2, 6, 60), "ijkmnp", strict=True))
whole = Label(1000, "whole")


def listed(dst: tuple[Label, ...], src: tuple[Label, ...], seed: int = 0) -> Map:
    size, count = np.prod([label.size for label in dst]), np.prod([label.size for label in src])
    return Map.of(dst, src, np.random.default_rng(seed).integers(0, size, count))


def test_a_row_that_a_list_names_and_columns_are_not_written_out():
    index = agree(Map((whole,), (k, j), Affine(7, 2)), listed((k,), (n,)))
    assert isinstance(index, Lattice)
    assert index.listed is not None
    assert index.nbytes == n.size * 8
    index = agree(Map((whole,), (n, j), index), Map((j,), (m,), Affine(1, 1)))
    assert isinstance(index, Lattice)
    assert index.nbytes == n.size * 8


@pytest.mark.parametrize("order", list(permutations((i, j, k))))
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("source", [(n,), (m, n), (n, m)])
def test_any_axis_may_be_listed(order: tuple[Label, ...], place: int, source: tuple[Label, ...]):
    index = agree(Map((whole,), order, Affine(3, 4)), listed((order[place],), source))
    assert isinstance(index, Lattice)


def test_what_is_regular_again_is_affine():
    assert agree(Map((whole,), (k, j), Affine(0, 1)), Map((k,), (m,), Affine(1, 1))) == Affine(3, 1)
    rows = Map.of((k,), (n,), np.array([4, 0, 1, 2, 4, 3]))
    middle = Map((n,), (j,), Affine(1, 1))  # 0, 1, 2 of the list
    assert agree(Map((whole,), (k, m), Affine(0, 1)), compose(rows, middle)) == Affine(0, 1)
    table = Map((whole,), (k, m), Affine(0, 1))
    assert agree(compose(table, rows), middle) == Map((whole,), (j, m), Affine(0, 1)).index


def test_lists_of_lists_groups_and_rings():
    table = Map((whole,), (k, j), Affine(0, 1))
    first = listed((k,), (n,))
    _ = agree(compose(table, first), listed((n,), (i, m), 1))  # a list in a list
    _ = agree(compose(table, first), listed((j,), (m,), 1))  # two lists
    _ = agree(table, listed((k, j), (n,)))  # two axes as one
    _ = agree(Map((whole,), (k, j, m), Affine(5, 3)), listed((j, m), (n,)))
    _ = agree(Map((whole,), (j, k), Affine(0, 1)), Map((k,), (Label(5),), Affine(2, 1, 5)))
    _ = agree(Map((whole,), (k, j), Affine(0, 1)), Map((k,), (), Affine(3, 1)))
    _ = agree(compose(table, first), Map((n,), (), Affine(3, 1)))
    _ = agree(listed((whole,), (p,)), listed((p,), (n,), 1))


def test_other_groups_of_labels_split_a_lattice():
    index = Lattice((6, 4), 1, (0, 3), np.array([5, 2, 2, 0, 1, 9]), (0,), 12)
    split = index.split((2, 3, 2, 2))
    assert split is not None
    assert split.positions().tolist() == index.positions().tolist()
    assert index.split((4, 6)) is None
    assert index.split((6, 8)) is None
    assert index.split((3, 4)) is None
    relation = Map((whole,), (Label(4), Label(6)), index)
    assert lattice_of(relation) is None
    _ = agree(relation, listed((relation.src[0],), (k,)))


def test_one_fingerprint_for_the_same_numbers():
    rows = np.array([4, 0, 1, 4])
    one = Lattice((4, 3), 2, (0, 1), rows, (0,), 3)
    same = [
        Lattice((4, 3), 5, (0, 1), rows - 1, (0,), 3),
        Lattice((2, 2, 3), 2, (0, 0, 1), 3 * rows, (0, 1), 1),
        Lattice((4, 1, 3), 2, (0, 7, 1), rows, (0,), 3),
    ]
    other = [
        Lattice((4, 3), 3, (0, 1), rows, (0,), 3),
        Lattice((4, 3), 2, (0, 2), rows, (0,), 3),
        Lattice((4, 3), 2, (0, 1), rows[::-1].copy(), (0,), 3),
    ]
    mark = Map((whole,), (i, j), one).fingerprint
    for index in same:
        assert index.positions().tolist() == one.positions().tolist()
        assert Map((whole,), (i, j), index).fingerprint == mark
    for index in other:
        assert Map((whole,), (i, j), index).fingerprint != mark


@pytest.mark.parametrize("index", [(0, ...), (..., 1), (slice(None), 2), (3, slice(None)), (...,)])
def test_parts_are_parts_of_what_is_written_out(index: tuple[Any, ...]):
    lattice = Lattice((4, 3), 2, (0, 5), np.array([4, 0, 1, 4]), (0,), -3)
    full = tuple([slice(None) if part is ... else part for part in index]) if index != (...,) else index
    part = lattice.part(full)
    expected = np.asarray(lattice.array()[full])
    assert part.array().tolist() == expected.tolist()
    assert [part.at(point) for point in np.ndindex(part.sizes)] == expected.reshape(-1).tolist()
    assert part.array(np.int32).dtype == np.int32


PICK = np.random.default_rng(3).integers(0, 6, 9)

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "columns of rows": lambda x: x.reshape(6, 4)[PICK][:, 1:3],
    "rows of columns": lambda x: x.reshape(6, 4)[:, ::-2][PICK],
    "lists of both axes": lambda x: x.reshape(6, 4)[PICK][:, [3, 0, 0]],
    "a list of a list": lambda x: x.reshape(6, 4)[PICK][[2, 2, 7, 1]],
    "an even part of a list": lambda x: x.reshape(6, 4)[[5, 1, 2, 3, 0]][1:4],
    "sums along the list": lambda x: x.reshape(6, 4)[PICK].sum(0) + x.reshape(6, 4)[PICK, 1].sum(),
    "sums beside the list": lambda x: (x.reshape(6, 4)[PICK] * np.arange(4.0)).sum(1),
    "two ways to one place": lambda x: x.reshape(6, 4)[PICK][:, 1] + 2 * x[4 * PICK + 1],
    "three axes": lambda x: x.reshape(2, 3, 4)[:, PICK % 3][..., 1:].transpose(2, 0, 1),
    "reshaped after": lambda x: x.reshape(6, 4)[PICK[:8]].reshape(4, 2, 2, 2)[1:, :, 1],
    "as columns": lambda x: x.reshape(4, 6)[:, PICK].T,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_linear_functions_are_their_own_matrix(name: str):
    f = FUNCTIONS[name]
    x = np.random.default_rng(0).standard_normal(24)
    expected = np.stack([f(e).reshape(-1) for e in np.eye(24)], axis=1)
    for order in ("forward", "reverse", "auto"):
        J = jac.jacobian(f, order=order)(x)
        assert np.allclose(J.to_array().reshape(expected.shape), expected, rtol=0, atol=1e-14)
        for format in ("csr", "csc", "coo"):
            assert np.allclose(J.to_sparse(format).toarray(), expected, rtol=0, atol=1e-14)
    c = np.random.default_rng(1).standard_normal(f(x).shape)
    assert np.allclose(jac.grad(lambda x: np.sum(c * f(x)))(x), expected.T @ c.reshape(-1), rtol=0, atol=1e-13)
    compiled = jac.compile(jac.jacobian(f))
    assert np.allclose(compiled(x).to_array().reshape(expected.shape), expected, rtol=0, atol=1e-14)


def test_a_jacobian_holds_the_list_alone():
    rows = np.random.default_rng(0).integers(0, 50, 1000)
    J = jac.jacobian(lambda x: x.reshape(50, 11)[rows][:, 2:9])(np.ones(550))
    (term,) = J.terms
    assert term.nbytes == rows.nbytes
