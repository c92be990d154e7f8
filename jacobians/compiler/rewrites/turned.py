"""Entries of an axis in another order, as few slices put together: ``np.roll(x, 1)`` joins ``x[-1:]`` and ``x[:-1]``.

A call of `np.roll` takes five microseconds more than it needs, and `np.take` several times a copy.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...program import Node
from ..runs import runs_of
from .moves import is_plain
from .rewriting import Builder, Rule

__all__ = ["FINAL"]

_LEAST = 32
"""Entries from which on slices are joined in less time than entries are taken one by one."""


def _rolled(builder: Builder, node: Node) -> Node | None:
    names = dict(zip(("a", "shift", "axis"), node.args, strict=False)) | node.kwargs
    x, shift, axis = names["a"], names["shift"], names.get("axis")
    if not is_plain(x) or type(shift) is not int or (axis is None and x.ndim != 1) or type(axis) is tuple:
        return None
    axis = normalize_axis_index(axis or 0, x.ndim)
    shift = shift % x.shape[axis] if x.size else 0
    if not shift:
        return None
    return _joined(builder, x, axis, [slice(-shift, None), slice(None, -shift)])


def _taken(builder: Builder, node: Node) -> Node | None:
    if node.kwargs or len(node.args) not in (2, 3) or not is_plain(node.args[0]) or node.size < _LEAST:
        return None
    x, index, *axes = node.args
    axis = axes[0] if axes else None
    if axis is None and x.ndim != 1:
        return None
    runs = runs_of(index)
    if runs is None or runs[-1].stop < 8 * len(runs):
        return None
    return _joined(builder, x, normalize_axis_index(axis or 0, x.ndim), [run.slice for run in runs])


def _joined(builder: Builder, x: Node, axis: int, slices: Sequence[slice]) -> Node | None:
    before = (slice(None),) * axis
    parts = [builder.call(operator.getitem, x, (*before, part) if axis else part) for part in slices]
    return builder.call(np.concatenate, parts, axis=axis) if len(parts) > 1 else None


FINAL: dict[Any, Sequence[Rule]] = {np.roll: (_rolled,), np.take: (_taken,)}
