"""A graph that pushes tangents while it is written: nothing but the tangents of living values is kept.

Forward mode needs an edge once, when its vertex is made. So a Jacobian-vector product takes no more memory for a
thousand steps than for one: a vertex belongs to the traced values that stand for it, and its tangent goes with them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from ..graph import LinearGraph
from ..late import LARGE
from ..quiet import quietly
from ..terms import Term
from .elimination import TANGENT, _joined, _merged, _spare
from .owning import made_terms

__all__ = ["PushingGraph"]


TOGETHER = 256
"""Vertices whose edges wait together, if all are small."""

ALONE = 2
"""References to what only a name holds: this one, and that of the question."""


class _Vertex:
    """The number of a vertex, with its tangent: the terms that are there, and the edges that are not yet used.

    These wait until somebody asks: by then the values before them may be gone, and their tangents be written into.
    """

    __slots__ = ("edges", "number", "terms")

    def __init__(self, number: int) -> None:
        self.number = number
        self.edges: list[tuple[_Vertex, list[Term]]] = []
        self.terms: list[Term] = []

    def __index__(self) -> int:
        return self.number


class PushingGraph(LinearGraph):
    """A graph whose edges are used at once; `seed` gives a vertex its tangent, `taken` hands tangents out.

    As long as there are small vertices only, edges are used some hundred at a time, which is faster.
    """

    __slots__ = ("has_large", "waiting")
    is_pushing = True

    def __init__(self) -> None:
        super().__init__()
        self.has_large = False
        self.waiting: list[_Vertex] = []

    def add_vertex(self, shape: tuple[int, ...], dtype: np.dtype) -> int:
        if not self.has_large and prod(shape) * 16 >= LARGE:
            self.has_large = True
        return _Vertex(super().add_vertex(shape, dtype))  # type: ignore[return-value]

    def add_term(self, source: int, target: int, term: Term) -> None:
        first: _Vertex = source  # type: ignore[assignment]
        second: _Vertex = target  # type: ignore[assignment]
        if term.act:
            self.has_complex = True
        if first.terms or first.edges:
            if not second.edges:
                self.waiting.append(second)
            second.edges.append((first, [term]))

    def add_linked(self, shape: tuple[int, ...], dtype: np.dtype, edges: dict[int, list[Term]]) -> int:
        vertex: Any = self.add_vertex(shape, dtype)
        found = [(first, terms) for first, terms in edges.items() if first.terms or first.edges]  # type: ignore[attr-defined]
        if found:
            self.waiting.append(vertex)
            vertex.edges = found
        return vertex

    def settle(self, vertices: Iterable[int] = ()) -> None:
        if self.has_large or len(self.waiting) >= TOGETHER:
            self._push_all()

    @quietly
    def _push_all(self) -> None:
        """Use all edges, in the order of their vertices, of which nothing is kept but by who needs it."""
        waiting, self.waiting = self.waiting, []
        waiting.reverse()
        while waiting:
            vertex = waiting.pop()
            if sys.getrefcount(vertex) > ALONE:
                self._push(vertex)

    def seed(self, vertex: int, terms: list[Term]) -> None:
        """Give an input its tangent."""
        vertex.terms = terms  # type: ignore[attr-defined]

    def taken(self, vertices: tuple[int, ...]) -> list[list[Term]]:
        """The tangents of vertices, which are left without; lists of their own where one is named twice."""
        self._push_all()
        found = [[term for term in vertex.terms if not term.is_empty] for vertex in vertices]  # type: ignore[attr-defined]
        for vertex in vertices:
            vertex.terms = []  # type: ignore[attr-defined]
        return found

    def _push(self, vertex: _Vertex) -> None:
        """Use the edges into a vertex."""
        edges, vertex.edges = vertex.edges, []
        if not self.has_large:
            for source, outer in edges:
                vertex.terms += _joined(outer, source.terms, self, TANGENT, vertex.number)
        else:
            edges.reverse()
            while edges:
                source, outer = edges.pop()
                found, inner = made_terms(outer), source.terms
                del source, outer  # what only this edge has kept
                alone = sys.getrefcount(inner) == ALONE
                vertex.terms += _joined(found, inner, self, TANGENT, vertex.number, _spare(found, inner, True, alone))
                del found, inner
        if len(vertex.terms) > 1:
            _ = _merged(vertex.terms, self, vertex.number)
