"""Large constants that are mostly zeros, as what they have at a few positions: zeros need not be stored, nor copied."""

from __future__ import annotations

import numpy as np

from ..program import CONSTANT, Node

__all__ = ["entries"]

_LARGE = 8192
"""Entries of a constant from which on it pays."""

_FEW = 16
"""Of how many entries at most one may be no zero."""


def entries(node: Node) -> tuple[Node, Node] | None:
    """The entries of a constant that are no zeros, and their positions in the raveled array; None if they are many."""
    if node.function is not CONSTANT or node.size < _LARGE:
        return None
    flat: np.ndarray = node.args[0].reshape(-1)
    if _FEW * np.count_nonzero(flat) > flat.size:
        return None
    positions = np.flatnonzero(flat)
    values = flat[positions]
    return (
        Node(CONSTANT, (values,), {}, values.shape, values.dtype),
        Node(CONSTANT, (positions,), {}, positions.shape, positions.dtype),
    )
