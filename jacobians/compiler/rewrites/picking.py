"""Positions along one axis: ``x[:, index]`` as ``np.take(x, index, 1)``.

NumPy copies whole rows for the one, and entry by entry for the other, and leaves what an index picks along a later axis
in an order of memory that each reader pays for. Many short rows stay as they are: blocks of rows pick their own.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...program import Node
from ..blocks.rows import LARGE, is_gather
from .moves import is_plain
from .rewriting import Builder, Rule

__all__ = ["FINAL"]


def _along_one_axis(builder: Builder, node: Node) -> Node | None:
    x, index = node.args
    items = list(index) if type(index) is tuple else [index]
    arrays = [n for n, item in enumerate(items) if isinstance(item, Node)]
    if len(arrays) != 1 or not is_plain(x) or x.parts is not None:
        return None
    if node.size >= LARGE and is_gather(node):
        return None
    positions: Node = items.pop(arrays[0])
    if positions.dtype.kind != "i" or not positions.ndim or positions.parts is not None:
        return None
    if not all([type(item) is slice and item == slice(None) for item in items]):
        return None
    return builder.made(np.take, (x, positions, arrays[0]), {}, node.shape, node.dtype)


FINAL: dict[Any, Sequence[Rule]] = {operator.getitem: (_along_one_axis,)}
