"""Where the entries of a term lie in a contiguous buffer: a start and a stride for each of its labels.

- `steps_of(term, strides)`: how far a step of each label goes; None where a map tells no regular steps.
- `place_of(pattern, shape)`: that of all terms of a pattern; `places_of(terms, shape)` those of several.
- `add_at(buffer, term, place)`: adds the factor of a term there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..labels import Label
from ..terms import Affine, Pattern, PatternTerm, Term, picks_part

__all__ = ["Place", "add_at", "place_of", "places_of", "steps_of"]

Labels = tuple[Label, ...]


class Place(NamedTuple):
    """Where the only factor of a term goes in a contiguous buffer: offset and strides count entries.

    `moves` tells how far it moves for each step that the start of a map moves.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    moves: tuple[int, ...]
    order: tuple[int, ...] | None
    shape: tuple[int, ...]


@lru_cache(maxsize=8192)
def place_of(pattern: Pattern, shape: tuple[int, ...]) -> Place | None:
    """The place of terms of a skeleton that are in normal form and lie in the buffer by strides; None for others."""
    determined = {label for relation in pattern.maps for label in relation.dst}
    sources = {label for relation in pattern.maps for label in relation.src}
    term = Term(pattern.out, pattern.inp, maps=pattern.maps, bound=pattern.bound)
    normal = determined.issubset(term.free) and sources.issuperset(pattern.bound)
    if len(pattern.groups) != 1 or not normal or not determined.isdisjoint(pattern.groups[0]):
        return None
    grid, steps = _grid(term), steps_of(term, _row_major(shape))
    if steps is None:
        return None
    (labels,) = pattern.groups
    order = tuple(sorted(range(len(labels)), key=lambda n: grid.index(labels[n])))
    spread_shape = tuple([label.size if label in labels else 1 for label in grid])
    strides = tuple([steps[0].get(label, 0) for label in grid])
    moved = None if order == tuple(range(len(order))) else order
    return Place(tuple([label.size for label in grid]), strides, *steps[1:], moved, spread_shape)


def places_of(terms: Sequence[Term], shape: tuple[int, ...]) -> list[Place]:
    """The places of terms that each put one true array where an affine map tells; none if one of them does not."""
    found = []
    for term in terms:
        pattern = term._pattern if type(term) is PatternTerm else None
        if pattern is None or not pattern.starts or len(term.arrays) != 1 or type(term.arrays[0]) is not np.ndarray:
            return []
        place = None if term.is_empty else place_of(pattern.skeleton, shape)
        if place is None:
            return []
        found.append(place)
    return found


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a contiguous array, in entries."""
    return tuple([prod(shape[n + 1 :]) for n in range(len(shape))])


def add_at(buffer: np.ndarray, term: Term, place: Place) -> None:
    """Add the factor of a term at its place."""
    core = term.arrays[0]
    if place.order is not None:
        core = core.transpose(place.order)
    if core.shape != place.shape:
        core = core.reshape(place.shape)
    item = buffer.itemsize
    strides = [step * item for step in place.strides]
    starts = term._pattern.starts  # type: ignore[union-attr]
    offset = place.offset + sum([step * start for step, start in zip(place.moves, starts, strict=True)])
    view = np.ndarray(place.sizes, buffer.dtype, buffer, offset * item, strides)  # type: ignore[arg-type]
    np.add(view, _scaled(core, term.scale), out=view, casting="same_kind")


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


def _grid(term: Term) -> Labels:
    """The labels that index the entries of a reduced term: all free ones that no map determines, and the sources."""
    determined = {label for relation in term.maps for label in relation.dst}
    return tuple([label for label in term.labels if label not in determined])


def _scaled(array: Any, scale: float) -> Any:
    return array if scale == 1 else array * scale
