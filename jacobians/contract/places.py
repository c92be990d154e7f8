"""Where the numbers of a term stand in a dense array: by strides, and written or added there.

- `grid_of(term)`: the labels that index its entries; `steps_of(term, strides)`: how far a step of each label goes.
- `place_of(pattern, shape)`: the place of all terms of a pattern; `add_at` adds one there.
- `at_places(terms, shape, dtype)`: the sum of terms that have places, the usual one of small arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..labels import Axis, Label, flatten, size_of
from ..terms import Affine, Pattern, Term, factor_of, pattern_of, picks_part
from .network import contract_factors, contraction

__all__ = ["SMALL", "add_at", "at_places", "grid_of", "is_plain", "place_of", "scaled", "steps_of"]


def grid_of(term: Term) -> tuple[Label, ...]:
    """The labels that index the entries of a reduced term: all free ones that no map determines, and the sources."""
    determined = {label for relation in term.maps for label in relation.dst}
    return tuple([label for label in term.labels if label not in determined])


def scaled(array: Any, scale: float) -> Any:
    return array if scale == 1 else array * scale


def is_plain(term: Term) -> bool:
    """Whether the term is only a transposition and broadcast of its factor."""
    labels = flatten(term.out) + flatten(term.inp)
    return not term.maps and len(set(labels)) == len(labels)


SMALL = 4096
"""Entries of a product up to which it is multiplied out in NumPy's loop."""

SUMMED = 2**15
"""Multiply-adds of a product up to which it is made before it goes to its place; a large one is written there."""


class _Place(NamedTuple):
    """Where the product of the factors of a term goes in a contiguous buffer: offset and strides count entries.

    `moves` tells how far it moves for each step that the start of a map moves, `fills` whether it is everywhere, and
    `covers` whether the product is the whole array then; `layouts` the order of the axes of each factor, if that
    changes, and the shape in which it broadcasts. Where labels are summed, `product` makes one factor of all before.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    moves: tuple[int, ...]
    layouts: tuple[tuple[tuple[int, ...] | None, tuple[int, ...]], ...]
    fills: bool
    covers: bool
    product: Callable[..., Any] | None

    def core(self, arrays: Sequence[np.ndarray]) -> Any:
        """The product of the factors, broadcastable over the grid."""
        if self.product is not None:
            arrays = (self.product(*arrays),)
        product: Any = None
        for array, (order, shape) in zip(arrays, self.layouts, strict=True):
            laid = array if order is None else array.transpose(order)
            laid = laid if laid.shape == shape else laid.reshape(shape)
            product = laid if product is None else product * laid
        return 1.0 if product is None else product


@lru_cache(maxsize=8192)
def place_of(pattern: Pattern, shape: tuple[int, ...]) -> _Place | None:
    """The place of terms of a skeleton that are in normal form and lie in the buffer by strides; None for others.

    And None for large products, which are made in other ways.
    """
    determined = {label for relation in pattern.maps for label in relation.dst}
    sources = {label for relation in pattern.maps for label in relation.src}
    term = Term(pattern.out, pattern.inp, maps=pattern.maps, bound=pattern.bound)
    groups, product = pattern.groups, None
    if not determined.issubset(term.free) or not determined.isdisjoint(flatten(pattern.groups)):
        return None
    if not sources.issuperset(pattern.bound):
        carried = {*flatten(groups)}.issuperset(pattern.bound)
        if pattern.maps or len(groups) != 2 or not carried or size_of(pattern.labels) > SUMMED:
            return None
        groups, product = _contracted(pattern)
        term = Term(pattern.out, pattern.inp)
    grid, steps = grid_of(term), steps_of(term, _row_major(shape))
    sizes = tuple([label.size for label in grid])
    if steps is None or (len(pattern.groups) > 1 and prod(sizes) > SMALL):
        return None
    layouts = []
    for labels in groups:
        order = tuple(sorted(range(len(labels)), key=lambda n, labels=labels: grid.index(labels[n])))
        broadcast = tuple([label.size if label in labels else 1 for label in grid])
        layouts.append((None if order == tuple(range(len(order))) else order, broadcast))
    strides = tuple([steps[0].get(label, 0) for label in grid])
    fills = is_plain(term)
    covers = fills and sizes == shape and {*flatten(groups)}.issuperset(grid) and shape != ()
    return _Place(sizes, strides, *steps[1:], tuple(layouts), fills, covers, product)


def _contracted(pattern: Pattern) -> tuple[tuple[Axis], Callable[..., Any]]:
    """The labels of the product of two factors without those that are bound, and what makes it of true ndarrays."""
    kept = flatten(pattern.out + pattern.inp)
    zeros = [factor_of(np.zeros(sizes), group) for sizes, group in zip(pattern.sizes, pattern.groups, strict=True)]
    return (contract_factors(zeros, kept).labels,), contraction(pattern.groups, kept)


def at_places(
    terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype, out: np.ndarray | None = None
) -> np.ndarray | None:
    """The sum of terms all of which have a place; None where there are others, or arrays that are no true ndarrays."""
    added: list[tuple[Term, _Place]] = []
    buffer = None
    alone = out is None and len(terms) == 1
    for term in terms:
        pattern = None if term.act else term._pattern or pattern_of(term)
        place = None if pattern is None else place_of(pattern.skeleton, shape)
        if place is None:
            return None
        for array in term.arrays:
            if type(array) is not np.ndarray:
                return None
        if term.is_empty:
            continue
        if alone and place.covers:
            whole = place.core(term.arrays)
            if term.scale != 1:
                whole = whole * term.scale
            elif len(term.arrays) == 1:
                whole = whole.copy()  # it shares no memory with the term
            if whole.dtype == dtype and whole.flags.c_contiguous:
                return whole
        if buffer is not None or not place.fills:
            added.append((term, place))
            continue
        buffer = np.empty(shape, dtype) if out is None else out
        target = buffer if place.sizes == shape else buffer.reshape(place.sizes)
        if term.scale == 1:
            np.copyto(target, place.core(term.arrays), casting="same_kind")
        else:
            np.multiply(place.core(term.arrays), term.scale, out=target, casting="same_kind")
    if buffer is None:
        buffer = np.zeros(shape, dtype) if out is None else out
        if out is not None:
            out[...] = 0
    for term, place in added:
        add_at(buffer, term, place)
    return buffer


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a contiguous array, in entries."""
    return tuple([prod(shape[n + 1 :]) for n in range(len(shape))])


def add_at(buffer: np.ndarray, term: Term, place: _Place) -> None:
    """Add the factors of a term at its place."""
    item, offset = buffer.itemsize, place.offset
    if place.moves:
        for step, start in zip(place.moves, term._pattern.starts, strict=True):  # type: ignore[union-attr]
            offset += step * start
    strides = [step * item for step in place.strides]
    view = np.ndarray(place.sizes, buffer.dtype, buffer, offset * item, strides)  # type: ignore[arg-type]
    view += scaled(place.core(term.arrays), term.scale)


def steps_of(term: Term, strides: tuple[int, ...]) -> tuple[dict[Label, int], int, tuple[int, ...]] | None:
    """How far a step of each label goes in an array of these strides, and where they begin; None where that varies.

    And how far they move with the start of each map that picks a part.
    """
    steps: dict[Label, int] = {}
    for step, axis in zip(strides, term.out + term.inp, strict=True):
        for label in reversed(axis):
            steps[label] = steps.get(label, 0) + step
            step *= label.size
    offset, moves = 0, []
    for relation in term.maps:
        index = relation.index
        if len(relation.dst) != 1 or not isinstance(index, Affine) or index.modulus is not None:
            return None
        step = steps.pop(relation.dst[0], 0)
        offset += index.start * step
        if picks_part(relation):
            moves.append(step)
        step *= index.step
        for label in reversed(relation.src):
            steps[label] = steps.get(label, 0) + step
            step *= label.size
    return steps, offset, tuple(moves)
