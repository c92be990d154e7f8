"""Sums of what has been centred, which are zero.

    y = x - np.mean(x, axis=0)
    np.sum(y, axis=0)            is 0, and so is
    np.sum(y @ A, axis=0)

They are terms of the derivatives of variances, covariances, and normalised layers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import Node
from .rewriting import split_scale

__all__ = ["is_zero_sum"]

_DEEPEST = 3


def is_zero_sum(node: Node) -> bool:
    """Whether it is the sum of centred entries."""
    if node.function is not np.sum or len(node.args) != 1 or set(node.kwargs) != {"axis"}:
        return False
    a = node.args[0]
    if not isinstance(a, Node) or not a.ndim:
        return False
    return _is_centred(a, set(normalize_axis_tuple(node.kwargs["axis"], a.ndim)), _DEEPEST)


def _is_centred(node: Node, gone: set[int], depth: int) -> bool:
    """Whether the entries along these axes add up to zero."""
    _, a = split_scale(node)
    if not depth or a.kwargs or a.dtype.kind not in "fc":
        return False
    if a.function is np.subtract:
        return _is_less_its_mean(a, gone)
    if a.function is np.multiply:
        for x, w in (a.args, a.args[::-1]):
            if isinstance(x, Node) and x.shape == a.shape and _is_same_along(w, gone, a.ndim):
                return _is_centred(x, gone, depth - 1)
    if a.function is np.einsum and len(a.args) == 5:
        x, left, y, right, out = a.args
        labels = {out[n] for n in gone}
        for operand, own, others in ((x, left, right), (y, right, left)):
            if labels <= set(own) and not labels & set(others) and len(set(own)) == len(own):
                return _is_centred(operand, {own.index(label) for label in labels}, depth - 1)
    return False


def _is_less_its_mean(node: Node, gone: set[int]) -> bool:
    x, mean = node.args
    if not isinstance(x, Node) or not isinstance(mean, Node) or x.shape != node.shape:
        return False
    inner = mean
    while inner.function in (np.reshape, np.broadcast_to):
        inner = inner.args[0]
    if inner.function is not np.mean or inner.args != (x,) or set(inner.kwargs) != {"axis"}:
        return False
    axes = set(normalize_axis_tuple(inner.kwargs["axis"], x.ndim))
    kept = tuple([1 if n in axes else size for n, size in enumerate(x.shape)])
    padded = (1,) * (x.ndim - mean.ndim) + mean.shape
    return axes <= gone and padded in (kept, x.shape)


def _is_same_along(value: Any, gone: set[int], ndim: int) -> bool:
    if not isinstance(value, Node):
        return True
    padded = (1,) * (ndim - value.ndim) + value.shape
    return all(padded[n] == 1 for n in gone)
