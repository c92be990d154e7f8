"""Rolls of one array by several places, as slices of one array with margins; and rolls of what is computed from it.

    np.roll(x, 1) + np.roll(x, -1)      becomes    p = np.concatenate([x[-1:], x, x[:1]]); p[:-2] + p[2:]
    np.roll(x * x, 1)                   becomes    (p * p)[:-2]

A periodic stencil reads its array at several places, and so does what is handed back through it. One copy with margins
serves for all of them.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...arrays import scatter
from ...program import CONSTANT, Node
from .moves import is_plain
from .rewriting import Builder, is_number

__all__ = ["ringed"]

LEAST = 16
"""Entries of an axis from which on it gets margins; these have a quarter of them at most."""

STRIP = 128
"""Entries that lie side by side in memory in what is taken out of an array with margins, unless it is all."""

DEPTH = 5
"""Elementwise calls one after the other that are made with margins."""


class Roll(NamedTuple):
    """A node as `x` moved by `shift` places along an axis, with what went out at the end put in at the front."""

    x: Node
    axis: int
    shift: int


class Margins(NamedTuple):
    """Entries in front of an axis and behind it."""

    before: int = 0
    after: int = 0

    def over(self, other: Margins) -> Margins:
        return Margins(max(self.before, other.before), max(self.after, other.after))


_CHEAP = {np.add, np.subtract, np.multiply, np.negative, np.square}
"""Calls of which two take less time than a copy with margins."""

Place = tuple[int, int]
"""The id of an array, and an axis."""


def ringed(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    rolls = {id(node): roll for node in nodes if (roll := _roll_of(node)) is not None}
    if len(rolls) < 2:
        return outputs
    rings = _Rings(rolls, {id(node) for node in outputs})
    return rings.made(outputs, nodes) if rings.margins else outputs


class _Rings:
    """The arrays that get margins.

    Attributes
    ----------
    rolls : dict
        By id, the nodes that are rolls.
    kept : set of int
        The ids of results, which are made without margins, too.
    margins : dict of Place to Margins
    computed : set of Place
        Arrays that are computed with their margins.
    """

    def __init__(self, rolls: dict[int, Roll], kept: set[int]) -> None:
        self.rolls, self.kept = rolls, kept
        self.margins: dict[Place, Margins] = {}
        self.computed: set[Place] = set()
        self.shifts: dict[Place, set[int]] = {}
        arrays: dict[Place, Node] = {}
        for x, axis, shift in rolls.values():
            self.shifts.setdefault((id(x), axis), set()).add(shift)
            arrays[id(x), axis] = x
        for (_, axis), x in arrays.items():
            if axis and prod(x.shape[axis:]) < STRIP:
                continue
            if self._follows(x, axis, 0):
                self._compute(x, axis, Margins())
            elif len(self.shifts[id(x), axis]) > 1:
                self._need((id(x), axis), Margins())

    def _follows(self, x: Node, axis: int, depth: int) -> bool:
        """Whether an array is computed entry by entry from arrays that are rolled, too."""
        if depth == DEPTH or not _is_single(x) or (id(x) in self.kept and x.function not in _CHEAP):
            return False
        long = [a for a in x.operands if not _is_even(a, x, axis)]
        return bool(long) and all([a.shape == x.shape and self._has(a, axis, depth) for a in long])

    def _has(self, a: Node, axis: int, depth: int) -> bool:
        return (id(a), axis) in self.shifts or self._follows(a, axis, depth + 1)

    def _compute(self, x: Node, axis: int, needed: Margins) -> None:
        """Note that an array is computed with margins, and what has them for that."""
        self.computed.add((id(x), axis))
        self._need((id(x), axis), needed)
        for a in x.operands:
            if _is_even(a, x, axis):
                continue
            if self._follows(a, axis, 0):
                self._compute(a, axis, self.margins[id(x), axis])
            else:
                self._need((id(a), axis), self.margins[id(x), axis])

    def _need(self, place: Place, needed: Margins) -> None:
        """Note margins for an array, and for all of its own rolls."""
        shifts = self.shifts.get(place, {0})
        own = Margins(max(0, *shifts, 0), max(0, *[-shift for shift in shifts], 0))
        self.margins[place] = needed.over(own).over(self.margins.get(place, Margins()))

    # ---- the program -------------------------------------------------------------------------------------------------

    def made(self, outputs: Sequence[Node], nodes: Sequence[Node]) -> list[Node]:
        builder = Builder({})
        new: dict[int, Node] = {}
        wide: dict[Place, Node] = {}
        axes: dict[int, list[int]] = {}
        for key, axis in self.margins:
            axes.setdefault(key, []).append(axis)
        for node in nodes:
            builder.take_place(node)
            roll = self.rolls.get(id(node))
            place = None if roll is None else (id(roll.x), roll.axis)
            if roll is not None and place in wide:
                start = self.margins[place].before - roll.shift
                part = _part(builder, wide[place], roll.axis, start, roll.x.shape[roll.axis])
                new[id(node)] = builder.reshaped(part, node.shape)
            else:
                new[id(node)] = builder.remade(node, new)
            for axis in axes.get(id(node), ()):
                place = id(node), axis
                if place in self.computed and axis == axes[id(node)][0]:  # it is computed once
                    wide[place] = self._with_margins(builder, node, axis, new, wide)
                    if id(node) in self.kept:
                        continue
                    new[id(node)] = _part(builder, wide[place], axis, self.margins[place].before, node.shape[axis])
                else:
                    wide[place] = _extended(builder, new[id(node)], axis, self.margins[place])
        return [new[id(node)] for node in outputs]

    def _with_margins(
        self, builder: Builder, node: Node, axis: int, new: dict[int, Node], wide: dict[Place, Node]
    ) -> Node:
        """An elementwise call of arrays that have margins."""
        own, args = self.margins[id(node), axis], []
        length = node.shape[axis] + sum(own)
        for a in node.args:
            if not isinstance(a, Node):
                args.append(a)
            elif _is_even(a, node, axis):
                args.append(new[id(a)])
            else:
                start = self.margins[id(a), axis].before - own.before
                args.append(_part(builder, wide[id(a), axis], axis, start, length))
        return builder.call(node.function, *args)


def _part(builder: Builder, x: Node, axis: int, start: int, length: int) -> Node:
    if length == x.shape[axis]:
        return x
    return builder.call(operator.getitem, x, (*[slice(None)] * axis, slice(start, start + length)))


def _extended(builder: Builder, x: Node, axis: int, margins: Margins) -> Node:
    """An array between its own ends."""
    count = x.shape[axis]
    parts = [x]
    if margins.before:
        parts.insert(0, _part(builder, x, axis, count - margins.before, margins.before))
    if margins.after:
        parts.append(_part(builder, x, axis, 0, margins.after))
    return builder.call(np.concatenate, parts, axis=axis)


def _is_single(node: Node) -> bool:
    return node.is_elementwise and is_plain(node) and not node.kwargs


def _is_even(a: Any, x: Node, axis: int) -> bool:
    """Whether an operand of an elementwise call is the same along an axis of the result."""
    if is_number(a) or a.ndim == 0:
        return True
    place = axis - (x.ndim - a.ndim)
    return place < 0 or a.shape[place] == 1


def _roll_of(node: Node) -> Roll | None:
    """What a node is a roll of, along an axis that may have margins."""
    if not is_plain(node) or not node.operands:
        return None
    found = None
    if node.function is np.roll:
        found = _called(node)
    elif node.function is np.take:
        found = _taken(node)
    elif node.function is scatter:
        found = _scattered(node)
    if found is None or not is_plain(found.x):
        return None
    count = found.x.shape[found.axis]
    shift = found.shift % count
    shift = shift - count if 2 * shift > count else shift
    fits = count >= LEAST and 0 < 4 * abs(shift) <= count
    return Roll(found.x, found.axis, shift) if fits else None


def _called(node: Node) -> Roll | None:
    names = dict(zip(("a", "shift", "axis"), node.args, strict=False)) | node.kwargs
    x, shift, axis = names["a"], names["shift"], names.get("axis")
    if not isinstance(x, Node) or type(shift) is not int or type(axis) not in (int, type(None)):
        return None
    if not x.size or (axis is None and x.ndim != 1):
        return None
    return Roll(x, normalize_axis_index(axis or 0, x.ndim), shift)


def _taken(node: Node) -> Roll | None:
    if node.kwargs or len(node.args) not in (2, 3):
        return None
    x, index, *axes = node.args
    axis = axes[0] if axes else None
    if not isinstance(x, Node) or not isinstance(index, Node) or index.function is not CONSTANT or index.ndim != 1:
        return None
    if type(axis) not in (int, type(None)) or (axis is None and x.ndim != 1):
        return None
    axis = normalize_axis_index(axis or 0, x.ndim)
    shift = _turn(index.args[0], x.shape[axis])
    return None if shift is None else Roll(x, axis, -shift)


def _scattered(node: Node) -> Roll | None:
    values, index, size, *rest = node.args
    injective = rest[0] if rest else node.kwargs.get("injective", False)
    if not injective or index.function is not CONSTANT or index.size != size or not isinstance(values, Node):
        return None
    if values.ndim > 1 or values.function is not np.reshape:
        shift = _turn(index.args[0], size)
        return None if shift is None else Roll(values, 0, shift)
    core = values.args[0]
    positions = index.args[0].reshape(core.shape)
    whole = np.arange(size).reshape(core.shape)
    for axis, place in enumerate(np.unravel_index(int(positions.flat[0]), core.shape)):
        if place and np.array_equal(np.roll(whole, -int(place), axis), positions):
            return Roll(core, axis, int(place))
    return None


def _turn(index: np.ndarray, count: int) -> int | None:
    """By how much all of so many positions are turned."""
    if index.shape != (count,) or not count:
        return None
    first = int(index[0])
    whole = np.arange(first, first + count)
    whole[whole >= count] -= count
    return first if np.array_equal(index, whole) else None
