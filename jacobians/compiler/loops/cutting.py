"""Which numbers a loop makes step by step, and which are made for all steps at once, before it or after it.

A product of two floats takes a step ten nanoseconds, and next to nothing in an array of all steps; but to keep a float
takes ten, too, and to make an array of a list twenty for each. So what a step need not make itself leaves the loop
where the values that cross the border cost less than what is saved: a least cut of a network, in which each call lies
on one of the two sides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...program import Node
from ..arithmetic import is_function
from ..statements import Assign, Statement

__all__ = ["Border", "held"]

_CALL, _DIVISION, _FUNCTION = 10, 19, 45
"""Nanoseconds of one step's arithmetic, of a division that looks at its divisor, and of a function."""

_APPENDED, _CONVERTED, _LISTED, _DRAWN = 10, 18, 13, 4
"""To keep a float in a list, to make an array of it, to make floats of an array, and to draw from a list."""

_OVERHEAD = 5  # of a call for all steps, if they are about a hundred: the text does not depend on their number
_MOST = 400  # statements of a step of which the best cut is looked for
_NEVER = 1_000_000_000

Vertex = tuple[object, ...]

_SOURCE: Vertex = ("in",)
_SINK: Vertex = ("out",)


class Border(NamedTuple):
    """What may lie on either side of a loop's border, and what not.

    Attributes
    ----------
    core : collection of int
        The ids of what the steps must make.
    listed : collection of int
        Of what is kept for other loops.
    added : collection of int
        Of what is added to arrays for all steps at once.
    drawn : mapping of int to (int, bool)
        For what is drawn from lists and arrays, the id of the array, and whether that must be made of a list first;
        nothing where there is none.
    ahead : collection of int
        Of what can be made before the loop.
    handed : mapping of int to (int, bool)
        For what is handed on, the id of what replaces it, and whether there may be an array of it.
    """

    core: Collection[int]
    listed: Collection[int]
    added: Collection[int]
    drawn: Mapping[int, tuple[int, bool] | None]
    ahead: Collection[int]
    handed: Mapping[int, tuple[int, bool]]


def held(body: Sequence[Statement], border: Border, again: Callable[[Node], Node | None]) -> set[int]:
    """The ids of what is made in the loop; `again` tells of what alone something can be made once more."""
    calls = [statement.node for statement in body if type(statement) is Assign]
    if len(calls) > _MOST:
        return {id(node) for node in calls}
    network = _Network()
    cut = _Cut(network, {id(node) for node in calls}, border)
    for node in calls:
        cut.call(node, again(node))
    inside = network.reached()
    return {id(node) for node in calls if cut.side(id(node)) in inside}


class _Cut:
    """The network of a loop: an edge from what is inside to what is outside is paid."""

    def __init__(self, network: _Network, own: set[int], border: Border) -> None:
        self.network, self.own, self.border = network, own, border
        self.again: dict[int, Node] = {}

    def side(self, key: int) -> Vertex:
        """The vertex of a call."""
        return _SOURCE if key in self.border.core else (key,)

    def call(self, node: Node, again: Node | None) -> None:
        """The edges of a call and of what it reads."""
        key, border, edge = id(node), self.border, self.network.edge
        here = self.side(key)
        edge(here, _SINK, _FUNCTION if is_function(node) else _DIVISION if node.function is np.divide else _CALL)
        kept = (_LISTED + _DRAWN) // 2 if key in border.listed else 0
        edge(_SOURCE, here, _OVERHEAD + (5 if is_function(node) else 1) + kept)
        if again is not None:
            self.again[key] = node
        for operand in node.operands:
            self._read(here, id(operand))
        if key in border.listed:
            edge(here, ("list", key), _APPENDED)
            edge(("list", key), _SINK, _NEVER)
        if key in border.added:
            edge(self._array(key), _SINK, _NEVER)

    def _array(self, key: int) -> Vertex:
        """The vertex that lies outside where there is an array of what is made inside."""
        vertex: Vertex = ("array", key)
        if vertex in self.network.left:
            return vertex
        if key in self.again:  # what makes it once more are arrays, too
            self.network.edge(_SOURCE, vertex, _OVERHEAD)
            for operand in self.again[key].operands:
                self._reads_array(vertex, id(operand))
        else:
            self.network.edge(self.side(key), ("list", key), _APPENDED)
            self.network.edge(("list", key), vertex, _CONVERTED + _OVERHEAD)
        return vertex

    def _read(self, here: Vertex, key: int) -> None:
        """What it costs to read something on this side of the border, or on the other."""
        border, edge = self.border, self.network.edge
        if key in border.handed:
            edge(here, self.side(border.handed[key][0]), _NEVER)
        elif key in border.drawn:
            edge(here, ("drawn", key), _NEVER)
            edge(("drawn", key), _SINK, _DRAWN + _LISTED * (not (border.drawn[key] or (0, True))[1]))
        elif key in border.ahead:
            edge(here, ("drawn", key), _NEVER)
            edge(("drawn", key), self.side(key), _LISTED + _DRAWN + _OVERHEAD)
        elif key in self.own:
            edge(here, self.side(key), _NEVER)
        self._reads_array(here, key)

    def _reads_array(self, here: Vertex, key: int) -> None:
        """What it costs if there must be an array of something where this vertex lies outside."""
        border, edge = self.border, self.network.edge
        if key in self.own:
            edge(self._array(key), here, _NEVER)
        elif key in border.handed and border.handed[key][1] and key not in border.listed:
            edge(self._array(border.handed[key][0]), ("later", key), _NEVER)
            edge(_SOURCE, ("later", key), 2 * _OVERHEAD)
            edge(("later", key), here, _NEVER)
        elif key in border.handed and not border.handed[key][1]:
            edge(_SOURCE, here, _NEVER)
        elif key in border.handed:
            self._reads_list(here, key)
        elif key in border.drawn:
            array = border.drawn[key]
            if array is None:
                edge(_SOURCE, here, _NEVER)
            elif array[1]:
                self._reads_list(here, array[0])

    def _reads_list(self, here: Vertex, key: int) -> None:
        """What it costs if an array must be made of a list that there is."""
        self.network.edge(_SOURCE, ("array", key), _CONVERTED + _OVERHEAD)
        self.network.edge(("array", key), here, _NEVER)


class _Network:
    """Vertices, and what may still flow between them."""

    def __init__(self) -> None:
        self.left: dict[Vertex, dict[Vertex, int]] = {_SOURCE: {}, _SINK: {}}

    def edge(self, start: Vertex, stop: Vertex, capacity: int) -> None:
        """What it costs if one vertex lies inside and another outside; the same, however often it is said."""
        if start != stop:
            out = self.left.setdefault(start, {})
            out[stop] = max(out.get(stop, 0), capacity)
            _ = self.left.setdefault(stop, {}).setdefault(start, 0)

    def reached(self) -> set[Vertex]:
        """The vertices on the source's side of a least cut."""
        while True:
            before: dict[Vertex, Vertex] = {_SOURCE: _SOURCE}
            waiting = deque([_SOURCE])
            while waiting and _SINK not in before:
                vertex = waiting.popleft()
                for other, capacity in self.left[vertex].items():
                    if capacity and other not in before:
                        before[other] = vertex
                        waiting.append(other)
            if _SINK not in before:
                return set(before)
            path: list[Vertex] = [_SINK]
            while path[-1] != _SOURCE:
                path.append(before[path[-1]])
            flow = min([self.left[a][b] for b, a in pairwise(path)])
            for b, a in pairwise(path):
                self.left[a][b] -= flow
                self.left[b][a] += flow
