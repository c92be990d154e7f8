"""What may be asked of the edges that an elimination meets, before it joins them.

- `is_plain`: whether all is real and small.
- `is_symmetric`: whether the last product is a symmetric matrix.
- `only_sums`: the edge into a vertex that only repeats entries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod

from ..contract import SYMMETRIC_LIMIT
from ..graph import LinearGraph
from ..terms import Term

__all__ = ["is_plain", "is_symmetric", "only_sums"]


def only_sums(edges: dict[int, list[Term]] | None) -> dict[int, list[Term]] | None:
    """The edges into a vertex that is only an array with entries repeated: then they only sum cotangents.

    What would be summed need not be multiplied before: ``(c A).sum(0)`` is ``c.sum(0) A``.
    """
    if edges is None or len(edges) != 1:
        return None
    (terms,) = edges.values()
    if len(terms) != 1:
        return None
    pattern = terms[0]._pattern
    if pattern is None or pattern.groups or pattern.maps or terms[0].act:
        return None
    return edges if prod(terms[0].in_shape) < prod(terms[0].out_shape) else None


def is_plain(graph: LinearGraph, joints: Collection[int], symmetric: tuple[int, int | None], large: bool) -> bool:
    """Whether all is real and small: nothing waits, and nothing is worth writing into."""
    near = symmetric[1] is None or prod(graph.shapes[symmetric[1]]) < SYMMETRIC_LIMIT
    return near and not (large or joints or graph.has_complex)


def is_symmetric(outer: Sequence[Term], inner: Sequence[Term], others: Sequence[Term], graph: LinearGraph) -> bool:
    """Whether the product of two terms is symmetric where its sum with others is: these are diagonals."""
    single = len(outer) == len(inner) == 1 and not graph.has_complex
    return single and all([term.out == term.inp and not term.maps for term in others])
