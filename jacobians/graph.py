"""The linearised graph: vertices are intermediate values, each edge holds the terms of one local Jacobian.

Data only. `tracing` writes it, `elimination` reduces it, and the class `Jacobian` is one with an algebra. Vertices are
numbered in the order in which they were computed, so every edge goes from a smaller number to a larger one.
"""

from __future__ import annotations

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
    """

    __slots__ = ("dtypes", "into", "shapes")

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.dtypes: list[np.dtype] = []
        self.into: list[dict[int, list[Term]]] = []

    def __len__(self) -> int:
        return len(self.shapes)

    def add_vertex(self, shape: tuple[int, ...], dtype: np.dtype) -> int:
        """A new vertex; returns its number."""
        self.shapes.append(shape)
        self.dtypes.append(dtype if isinstance(dtype, np.dtype) else np.dtype(dtype))
        self.into.append({})
        return len(self.shapes) - 1

    def add_term(self, source: int, target: int, term: Term) -> None:
        """Add a term to the edge from `source` to `target`; terms of one edge are summed."""
        edges = self.into[target]
        if source in edges:
            edges[source].append(term)
        else:
            edges[source] = [term]
