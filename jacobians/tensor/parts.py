"""The flat view of blocks: `parts_of(tree, shapes)` tells where the arrays of a nest lie in it.

`dense_view` and `placed_terms` put blocks there, as a matrix and as terms of one.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..contract import Placed
from ..trees import Tree
from .jacobian import Jacobian

__all__ = ["Part", "dense_view", "parts_of", "placed_terms"]

Grid = Sequence[Sequence[Jacobian]]


class Part(NamedTuple):
    """An array of a nest, and where its entries lie in the flat view.

    Attributes
    ----------
    path : str
        What leads to it: ``'["W"]'``, ``'[0].b'``, or nothing for an array alone.
    shape : tuple of int
    slice : slice
        Its rows or columns, raveled row-major.
    """

    path: str
    shape: tuple[int, ...]
    slice: builtins.slice


def parts_of(tree: Tree, shapes: Sequence[tuple[int, ...]]) -> list[Part]:
    """The arrays of a nest one after the other."""
    parts, start = [], 0
    for path, shape in zip(tree.paths(), shapes, strict=True):
        parts.append(Part(path, shape, slice(start, start + prod(shape))))
        start += prod(shape)
    return parts


def dense_view(
    rows: Sequence[Part],
    columns: Sequence[Part],
    grid: Grid,
    dtype: np.dtype,
    limit: int | str | None,
    symmetric: bool,
) -> Any:
    """The matrix of blocks; what holds no terms is not computed. A symmetric one is so exactly.

    Of that one the blocks below the diagonal are copies of those above it.
    """
    ends = rows[-1].slice.stop if rows else 0, columns[-1].slice.stop if columns else 0
    matrix = np.zeros(ends, dtype)
    for m, (row, blocks) in enumerate(zip(rows, grid, strict=True)):
        for n, (column, J) in enumerate(zip(columns, blocks, strict=True)):
            if (symmetric and n < m) or not J.terms:
                continue
            block = J.to_matrix(limit)
            if type(block) is not np.ndarray:
                return _put_together(grid, limit, symmetric)
            matrix[row.slice, column.slice] = block
            if symmetric and m < n:
                matrix[column.slice, row.slice] = block.T
    return matrix


def _put_together(grid: Grid, limit: int | str | None, symmetric: bool) -> Any:
    """The same for traced and recorded blocks, by dispatch."""
    found: list[list[Any]] = []
    for m, blocks in enumerate(grid):
        found.append([found[n][m].T if symmetric and n < m else J.to_matrix(limit) for n, J in enumerate(blocks)])
    return np.concatenate([np.concatenate(blocks, axis=1) for blocks in found], axis=0)


def placed_terms(rows: Sequence[Part], columns: Sequence[Part], grid: Grid) -> list[Placed]:
    """The terms of blocks, at their places in the matrix."""
    places = [
        (row.slice.start, column.slice.start, J)
        for row, blocks in zip(rows, grid, strict=True)
        for column, J in zip(columns, blocks, strict=True)
    ]
    return [Placed(term, *place) for *place, J in places for term in J._entries("to_sparse()")[0]]
