"""The linearised graph: vertices are intermediate values, each edge holds the terms of one local Jacobian.

Data only. `tracing` writes it, `elimination` reduces it, and the class `Jacobian` is one with an algebra. Vertices are
numbered in the order in which they were computed, so every edge goes from a smaller number to a larger one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .terms import Term

__all__ = ["LinearGraph"]


class LinearGraph:
    """Vertices with shapes and dtypes, and for each vertex its incoming edges.

    Attributes
    ----------
    shapes : list of tuple of int
    dtypes : list of dtype
    into : list of dict
        ``into[target][source]`` lists the terms of that edge.
    has_complex : bool
        Whether a vertex is complex, or a term does not act linearly.
    """

    __slots__ = ("dtypes", "has_complex", "into", "shapes")
    is_pushing = False
    """Whether edges are used as soon as they are written; then `settle` is told which vertices come next."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.dtypes: list[np.dtype] = []
        self.into: list[dict[int, list[Term]]] = []
        self.has_complex = False

    def __len__(self) -> int:
        return len(self.shapes)

    def add_vertex(self, shape: tuple[int, ...], dtype: np.dtype) -> int:
        """A new vertex; returns its number."""
        number = len(self.shapes)
        self.shapes.append(shape)
        self.dtypes.append(dtype)
        self.into.append({})
        if dtype.kind == "c":
            self.has_complex = True
        return number

    def add_linked(self, shape: tuple[int, ...], dtype: np.dtype, edges: dict[int, list[Term]]) -> int:
        """A new vertex of real numbers with all edges into it, whose terms act linearly; returns its number."""
        shapes = self.shapes
        number = len(shapes)
        if number and shape == shapes[-1]:  # one tuple for many
            shape = shapes[-1]
        shapes.append(shape)
        self.dtypes.append(dtype)
        self.into.append(edges)
        return number

    def is_real(self, vertex: int) -> bool:
        """Whether the values of a vertex are real."""
        return self.dtypes[vertex].kind != "c"

    def settle(self, vertices: Iterable[int]) -> None:
        """Use the edges into some vertices, from which others will start: there is room yet."""

    def sharing(self) -> LinearGraph:
        """A graph that shares the edges of this one, and grows by itself."""
        longer = LinearGraph()
        longer.shapes, longer.dtypes, longer.into = [*self.shapes], [*self.dtypes], [*self.into]
        longer.has_complex = self.has_complex
        return longer

    def add_term(self, source: int, target: int, term: Term) -> None:
        """Add a term to the edge from `source` to `target`; terms of one edge are summed."""
        if term.act:
            self.has_complex = True
        edges = self.into[target]
        if source in edges:
            edges[source].append(term)
        else:
            edges[source] = [term]
