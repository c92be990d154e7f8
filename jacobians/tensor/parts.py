"""The arrays of a nest in the flat view of a Jacobian: `parts_of(tree, shapes)` tells where each of them lies."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from ..trees import Tree

__all__ = ["Part", "parts_of"]


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
