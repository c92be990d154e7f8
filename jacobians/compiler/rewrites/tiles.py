"""Arrays that are put together from tiles: what is computed from them is put together from what is computed from these.

    np.concatenate([A, b[None]]) @ C              becomes   np.concatenate([A @ C, (b @ C)[None]])
    J.T @ (w * J) with J = [A, b]                 becomes   [[A.T @ (w * A), A.T @ (w * b)], [b @ (w * A), b @ (w * b)]]

The parameters of a model are often one vector, of which parts mean different things. Its derivatives are arrays with
one tile for each part; what is done to all of them is done to each, and no array of all is made. Of a matrix that is
mirrored, the tiles below the diagonal are not computed at all.

Only arrays that are tiled without gaps are looked into: what is not finite meets the same entries as before.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...arrays import mirrored, scatter
from ...program import CONSTANT, Node, topological
from .rewriting import Builder, is_number
from .tiling import MOST, Box, Tile, fills, may_fill, parsed, terms_of

__all__ = ["tiled"]

LEAST = 1024
"""Entries of an array from which on its tiles are followed."""

PAIRS = 4
"""Products of two arrays of tiles are those of so many pairs of tiles at most."""


class Tiled(NamedTuple):
    """An array of tiles without gaps; raveled where the shape of the node that it stands for is another one."""

    shape: tuple[int, ...]
    tiles: list[Tile]


def tiled(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program."""
    nodes = topological(outputs)
    if not any([node.function is scatter for node in nodes]):
        return list(outputs)
    return _Rewriting(builder).made(nodes, outputs)


class _Rewriting:
    """One pass over a program."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.new: dict[int, Node] = {}
        self.tiled: dict[int, Tiled] = {}  # by the ids of nodes of the old program
        self.pieces: dict[int, list[Node]] = {}  # sums of scattered tiles, before they are added
        self.wholes: dict[Any, Node] = {}  # arrays by the ids and boxes of their tiles

    def made(self, nodes: Sequence[Node], outputs: Sequence[Node]) -> list[Node]:
        for node in nodes:
            self.builder.take_place(node)
            self.new[id(node)] = self._one(node)
        return [self.new[id(node)] for node in outputs]

    def _one(self, node: Node) -> Node:
        function = node.function
        if function is mirrored:
            return self._mirrored(node)
        if function is scatter:
            found = self._scattered(node)
            if found is not None:
                return found
        elif function is np.reshape and id(node.args[0]) in self.pieces:
            pieces = [self.builder.reshaped(piece, node.shape) for piece in self.pieces[id(node.args[0])]]
            return self._added(pieces)
        made = self._of_tiles(node) if node.dtype.kind in "fc" and not node.kwargs else None
        if made is not None:
            self.tiled[id(node)] = made
            if made.shape != node.shape:
                return self.builder.reshaped(self._whole(made), node.shape)
            return self._whole(made)
        remade = self.builder.remade(node, self.new)
        if node.size >= LEAST:
            tiles = parsed(self.builder, remade) if may_fill(remade) else None
            if tiles and len(tiles) > 1 and fills(tiles, node.shape):
                self.tiled[id(node)] = found = Tiled(node.shape, tiles)
                return self._whole(found, remade)
        return remade

    def _added(self, pieces: Sequence[Node]) -> Node:
        total = pieces[0]
        for piece in pieces[1:]:
            total = self.builder.call(np.add, total, piece)
        return total

    # ---- what is computed from tiles ---------------------------------------------------------------------------------

    def _of_tiles(self, node: Node) -> Tiled | None:
        function = node.function
        if not any([id(operand) in self.tiled for operand in node.operands]):
            return None
        if function is np.einsum and len(node.args) == 5:
            return self._contracted(node)
        first = node.args[0] if isinstance(node.args[0], Node) else node.args[-1]
        if function is np.reshape:
            inner = self.tiled.get(id(first))
            return inner if inner is not None and len(node.shape) == 1 else None
        if function in (np.negative, np.multiply) and (function is np.negative or any(map(is_number, node.args))):
            inner = self.tiled[id(first)]
            numbers = [a for a in node.args if is_number(a)]
            call = self.builder.call
            parts = [call(function, *numbers, tile.node) for tile in inner.tiles]
            return Tiled(inner.shape, [Tile(tile.box, part) for tile, part in zip(inner.tiles, parts, strict=True)])
        if function in (np.multiply, np.add, np.subtract) and len(node.operands) == 2:
            return self._elementwise(node)
        return None

    def _elementwise(self, node: Node) -> Tiled | None:
        """Sums and products of two arrays, one of them tiled, or both alike."""
        inner = next(self.tiled[id(a)] for a in node.args if id(a) in self.tiled)
        if inner.shape != node.shape:
            return None
        columns = [self._along(operand, inner, node) for operand in node.args]
        if None in columns:
            return None
        tiles = []
        for tile, *parts in zip(inner.tiles, *columns, strict=True):
            left, right = parts
            if right is None:
                made = left
            elif left is None:
                made = self.builder.scaled(-1.0, right) if node.function is np.subtract else right
            else:
                made = self.builder.call(node.function, left, right)
            tiles.append(Tile(tile.box, made))
        return Tiled(inner.shape, tiles)

    def _along(self, operand: Node, inner: Tiled, node: Node) -> list[Node | None] | None:
        """The parts of an operand that meet these tiles; None for those where a sum adds zeros."""
        own = self.tiled.get(id(operand))
        if own is not None:
            alike = own.shape == node.shape and [t.box for t in own.tiles] == [t.box for t in inner.tiles]
            return [tile.node for tile in own.tiles] if alike else None
        new = self.new[id(operand)]
        if node.function is np.multiply or new.size == 1:
            return [self._part(new, _below(tile.box, node.shape, new.shape)) for tile in inner.tiles]
        tiles = parsed(self.builder, new)
        places = {tile.box: tile.node for tile in tiles or ()}
        boxes = [tile.box for tile in inner.tiles]
        return [places.get(box) for box in boxes] if tiles and set(places) <= set(boxes) else None

    def _contracted(self, node: Node) -> Tiled | None:
        """A contraction of two arrays, one or both of them tiled."""
        a, left, b, right, out = node.args
        if len({*left}) < len(left) or len({*right}) < len(right):
            return None
        found: dict[Box, Node] = {}
        mine, theirs = [self._tiles(operand) for operand in (a, b)]
        if (
            mine is None
            or theirs is None
            or len(mine) * len(theirs) > (MOST if 1 in (len(mine), len(theirs)) else PAIRS)
        ):
            return None
        for one in mine:
            for other in theirs:
                ranges = dict(zip(left, one.box, strict=True))
                for label, (start, stop) in zip(right, other.box, strict=True):
                    known = ranges.get(label, (start, stop))
                    ranges[label] = max(start, known[0]), min(stop, known[1])
                if any([start >= stop for start, stop in ranges.values()]):
                    continue
                parts = []
                for tile, labels in ((one, left), (other, right)):
                    inside = [
                        (ranges[x][0] - start, ranges[x][1] - start)
                        for x, (start, _) in zip(labels, tile.box, strict=True)
                    ]
                    parts.append(self._part(tile.node, tuple(inside)))
                box = tuple([ranges[x] for x in out])
                term = self.builder.call(np.einsum, parts[0], left, parts[1], right, out)
                found[box] = term if box not in found else self.builder.call(np.add, found[box], term)
        tiles = [Tile(box, part) for box, part in found.items()]
        return Tiled(node.shape, tiles) if fills(tiles, node.shape) else None

    def _tiles(self, operand: Node) -> list[Tile] | None:
        """The tiles of an operand, or itself as one; None where it stands raveled."""
        found = self.tiled.get(id(operand))
        if found is None:
            return [Tile(tuple([(0, n) for n in operand.shape]), self.new[id(operand)])]
        return found.tiles if found.shape == operand.shape else None

    def _part(self, node: Node, box: Box) -> Node:
        """The part of an array that is in a box."""
        if all([(start, stop) == (0, n) for (start, stop), n in zip(box, node.shape, strict=True)]):
            return node
        if node.function is CONSTANT:
            index = tuple([slice(start, stop) for start, stop in box])
            return self.builder.constant(np.array(node.args[0][index], order="K"))
        kept = [
            slice(None) if (start, stop) == (0, n) else slice(start, stop)
            for (start, stop), n in zip(box, node.shape, strict=True)
        ]
        return self.builder.call(operator.getitem, node, tuple(kept))

    # ---- what is made of tiles ---------------------------------------------------------------------------------------

    def _whole(self, array: Tiled, made: Node | None = None) -> Node:
        """The array itself, as it has been made; or the transposed of one that has the same tiles."""
        if len(array.tiles) == 1:
            return array.tiles[0].node
        own, turned = _key(array.tiles), None
        if len(array.shape) == 2:
            call = self.builder.transposed
            turned = _key([Tile(tile.box[::-1], call(tile.node, (1, 0))) for tile in array.tiles])
        if own not in self.wholes:
            if turned in self.wholes:
                self.wholes[own] = self.builder.transposed(self.wholes[turned], (1, 0))
            else:
                self.wholes[own] = made or self._together(array)
        return self.wholes[own]

    def _together(self, array: Tiled) -> Node:
        size = prod(array.shape)
        positions = np.arange(size).reshape(array.shape)
        pieces = [self._put(tile, positions, size) for tile in array.tiles]
        return self._added([self.builder.reshaped(piece, array.shape) for piece in pieces])

    def _put(self, tile: Tile, positions: np.ndarray, size: int) -> Node:
        index = positions[tuple([slice(start, stop) for start, stop in tile.box])].reshape(-1)
        flat = self.builder.reshaped(tile.node, (tile.node.size,))
        return self.builder.call(scatter, flat, self.builder.constant(np.array(index)), size, True)

    def _scattered(self, node: Node) -> Node | None:
        """A tiled array at positions: each tile at its own."""
        values, index, size = node.args[:3]
        injective = len(node.args) > 3 and bool(node.args[3])
        inner = self.tiled.get(id(values))
        if inner is None or node.kwargs or values.ndim != 1 or index.function is not CONSTANT or len(inner.tiles) < 2:
            return None
        positions = index.args[0].reshape(inner.shape)
        pieces = []
        for tile in inner.tiles:
            own = positions[tuple([slice(start, stop) for start, stop in tile.box])].reshape(-1)
            flat = self.builder.reshaped(tile.node, (tile.node.size,))
            own = self.builder.constant(np.array(own))
            pieces.append(self.builder.call(scatter, flat, own, size, injective))
        self.pieces[id(node)] = pieces
        return self._added(pieces)

    def _mirrored(self, node: Node) -> Node:
        """A matrix whose lower triangle is not read: what is put there is not computed."""
        matrix = self.new[id(node.args[0])]
        if node.ndim != 2 or len(node.args) > 1:
            return self.builder.remade(node, self.new)
        terms = terms_of(matrix)
        kept = [self.builder.scaled(scale, term) for scale, term in terms if not _lies_below(term)]
        if len(kept) == len(terms) or not kept:
            return self.builder.remade(node, self.new)
        total = self._added(kept)
        return self.builder.made(mirrored, (total,), {}, node.shape, node.dtype)


def _key(tiles: Sequence[Tile]) -> frozenset[tuple[Box, int]]:
    return frozenset([(tile.box, id(tile.node)) for tile in tiles])


def _below(box: Box, shape: tuple[int, ...], own: tuple[int, ...]) -> Box:
    """The part of an array that is broadcast against a box of a larger one."""
    behind = box[len(shape) - len(own) :]
    return tuple([(0, 1) if n == 1 else place for n, place in zip(own, behind, strict=True)])


def _lies_below(node: Node) -> bool:
    """Whether a square matrix has nothing on its diagonal or above it."""
    if node.function is not np.reshape or node.args[0].function is not scatter:
        return False
    index = node.args[0].args[1]
    if index.function is not CONSTANT or node.args[0].ndim != 1:
        return False
    rows, columns = np.divmod(index.args[0], node.shape[1])
    return bool(np.all(rows > columns))
