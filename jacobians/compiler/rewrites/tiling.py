"""Sums of scattered arrays as arrays of tiles: where each of them lies, if their positions are boxes.

`parsed` finds the tiles, `fills` tells whether they are all of an array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ...arrays import scatter
from ...program import CONSTANT, Node
from .rewriting import Builder, split_scale

__all__ = ["MOST", "Box", "Tile", "fills", "may_fill", "parsed", "terms_of"]

MOST = 9
"""Arrays of more tiles are made."""

_LARGEST = 2**22  # entries of an array of positions that is looked at

Box = tuple[tuple[int, int], ...]
"""For each axis of an array, where a tile starts and where it stops."""


class Tile(NamedTuple):
    """An array at a place of a larger one."""

    box: Box
    node: Node


def terms_of(node: Node, scale: float = 1.0) -> list[tuple[float, Node]]:
    """What a sum consists of, and the numbers that it is multiplied with."""
    return [*_from_the_last(node, scale)][::-1]


def _from_the_last(node: Node, scale: float = 1.0) -> Iterator[tuple[float, Node]]:
    waiting = [(scale, node)]
    while waiting:
        scale, term = waiting.pop()
        inner, base = split_scale(term)
        if base is not term and base.shape == term.shape:
            waiting.append((scale * inner, base))
        elif _is_sum(term):
            left, right = term.args
            waiting += [(scale, left), (scale if term.function is np.add else -scale, right)]
        else:
            yield scale, term


def _is_sum(node: Node) -> bool:
    shape, operands = node.shape, node.args
    return node.function in (np.add, np.subtract) and all([type(a) is Node and a.shape == shape for a in operands])


def fills(tiles: Sequence[Tile], shape: tuple[int, ...]) -> bool:
    """Whether tiles, of which no two meet, fill an array."""
    if not 0 < len(tiles) <= MOST or sum([tile.node.size for tile in tiles]) != prod(shape):
        return False
    boxes = [tile.box for tile in tiles]
    return not any(
        [
            all([max(a[0], b[0]) < min(a[1], b[1]) for a, b in zip(one, other, strict=True)])
            for n, one in enumerate(boxes)
            for other in boxes[n + 1 :]
        ]
    )


def may_fill(node: Node) -> bool:
    """Whether it is a sum of scattered arrays that have as many entries together, or more."""
    if node.function is not np.add and node.function is not np.subtract:
        return False
    total = 0
    for count, (_, term) in enumerate(_from_the_last(node)):
        base = term.args[0] if term.function is np.reshape else term
        if base.function is not scatter or base.ndim != 1 or count == MOST:
            return False
        total += base.args[0].size
    return total >= node.size


def parsed(builder: Builder, node: Node) -> list[Tile] | None:
    """The tiles that a sum of scattered arrays consists of."""
    tiles: list[Tile] = []
    for scale, term in terms_of(node):
        tile = _tile(builder, term, scale)
        if tile is None or len(tiles) == MOST:
            return None
        same = [n for n, other in enumerate(tiles) if other.box == tile.box]
        if same:
            tiles[same[0]] = Tile(tile.box, builder.call(np.add, tiles[same[0]].node, tile.node))
        else:
            tiles.append(tile)
    return tiles


def _tile(builder: Builder, term: Node, scale: float) -> Tile | None:
    """A scattered array as a tile of what it is scattered into."""
    shape = term.shape
    base = term.args[0] if term.function is np.reshape else term
    if base.function is not scatter or base.ndim != 1:
        return None
    values, index = base.args[:2]
    injective = len(base.args) > 3 and bool(base.args[3])
    if not injective or index.function is not CONSTANT or index.size > _LARGEST or not index.size:
        return None
    inner, values = split_scale(values)
    core = values.args[0] if values.function is np.reshape else values
    places = _grid(index.args[0].reshape(core.shape), shape)
    if places is None:
        return None
    starts, axes = places
    sizes = tuple([1 if n is None else core.shape[n] for n in axes])
    order = [n for n in axes if n is not None]
    kept = sorted(order)
    core = builder.reshaped(core, tuple([core.shape[n] for n in kept]))
    core = builder.reshaped(builder.transposed(core, tuple([kept.index(n) for n in order])), sizes)
    core = builder.scaled(scale * inner, core)
    return Tile(tuple([(start, start + n) for start, n in zip(starts, sizes, strict=True)]), core)


def _grid(index: np.ndarray, shape: tuple[int, ...]) -> tuple[tuple[int, ...], list[int | None]] | None:
    """Where positions that are a box of an array start, and which of their axes goes along each axis of it."""
    start = int(index.flat[0])
    ones = [(*(0,) * axis, 1, *(0,) * (index.ndim - axis - 1)) for axis in range(index.ndim)]
    steps = [int(index[one]) - start if n > 1 else 0 for one, n in zip(ones, index.shape, strict=True)]
    last = start + sum([step * (n - 1) for step, n in zip(steps, index.shape, strict=True)])
    if min(steps, default=0) < 0 or int(index.flat[-1]) != last:
        return None
    places: list[int | None] = []
    for axis, n in enumerate(shape):
        stride = prod(shape[axis + 1 :])
        along = [k for k, step in enumerate(steps) if step == stride and index.shape[k] > 1] if n > 1 else []
        if len(along) > 1:
            return None
        places.append(along[0] if along else None)
    moving = [k for k, n in enumerate(index.shape) if n > 1]
    if sorted([k for k in places if k is not None]) != moving:
        return None
    starts = tuple([int(n) for n in np.unravel_index(start, shape)])
    fits = [k is None or first + index.shape[k] <= n for k, first, n in zip(places, starts, shape, strict=True)]
    expected = np.array(start)
    for step, n in zip(steps, index.shape, strict=True):
        expected = expected[..., None] + step * np.arange(n)
    return (starts, places) if all(fits) and np.array_equal(index, expected) else None
