"""Matrices whose entries stand in a pattern: they are moved, and nothing is computed."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import scipy.linalg as original

from ...errors import UnsupportedFunctionError
from ...tracing import lift
from ..standing import follows

__all__ = ["block_diag", "circulant", "companion", "convolution_matrix", "hankel", "khatri_rao", "toeplitz"]


def _array(values: Any) -> Any:
    """An array of what may be a list."""
    values = lift(values)
    return values if hasattr(values, "shape") else np.asarray(values)


@follows(original.block_diag)
def block_diag(*arrs: Any) -> Any:
    blocks = [np.atleast_2d(_array(a)) for a in arrs]
    if any(np.ndim(block) > 2 for block in blocks):
        raise UnsupportedFunctionError("jacobians.scipy.linalg.block_diag", "for stacks of matrices")
    columns, left, rows = sum([np.shape(block)[1] for block in blocks]), 0, []
    for block in blocks:
        count, width = np.shape(block)
        before, after = np.zeros((count, left), block.dtype), np.zeros((count, columns - left - width), block.dtype)
        rows.append(np.concatenate([before, block, after], axis=1))
        left += width
    return np.concatenate(rows, axis=0)


@cache
def _in_stacks() -> bool:
    """Whether SciPy takes the vectors of a stack one by one (from 1.15 on), or all their entries as one vector."""
    return np.ndim(original.circulant(np.ones((1, 1)))) == 3


def _vectors(name: str, values: Any, stacks: bool = True) -> Any:
    values = _array(values)
    if np.ndim(values) > 1 and not (stacks and _in_stacks()):
        raise UnsupportedFunctionError(f"jacobians.scipy.linalg.{name}", "for arrays of more than one dimension")
    return np.atleast_1d(values)


@follows(original.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    c = _vectors("toeplitz", c)
    r = np.conjugate(c) if r is None else _vectors("toeplitz", r)
    m, n = np.shape(c)[-1], np.shape(r)[-1]
    stack = np.broadcast_shapes(np.shape(c)[:-1], np.shape(r)[:-1])
    below, right = np.broadcast_to(c, (*stack, m)), np.broadcast_to(r, (*stack, n))
    line = np.concatenate([below[..., ::-1], right[..., 1:]], axis=-1)
    return line[..., m - 1 - np.arange(m)[:, None] + np.arange(n)]


@follows(original.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    c = _vectors("hankel", c, stacks=False)
    r = np.zeros(c.shape, c.dtype) if r is None else _vectors("hankel", r, stacks=False)
    return np.concatenate([c, r[1:]])[np.arange(c.size)[:, None] + np.arange(r.size)]


@follows(original.circulant)
def circulant(c: Any) -> Any:
    c = _vectors("circulant", c)
    n = np.shape(c)[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % max(n, 1)]


@follows(original.companion)
def companion(a: Any) -> Any:
    a = _vectors("companion", a)
    *stack, n = np.shape(a)
    if n < 2:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    first = -a[..., None, 1:] / a[..., None, :1]
    below = np.broadcast_to(np.eye(n - 2, n - 1, dtype=first.dtype), (*stack, n - 2, n - 1))
    return np.concatenate([first, below], axis=-2)


@follows(original.convolution_matrix)
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    a = _vectors("convolution_matrix", a)
    size = np.shape(a)[-1]
    overlap = min(n, size) - 1
    if mode not in ("full", "valid", "same"):
        raise ValueError("'mode' argument must be one of ('full', 'valid', 'same')")
    start, cut = {"full": (0, 0), "valid": (overlap, overlap), "same": (overlap // 2, overlap - overlap // 2)}[mode]
    places = np.arange(start, n + size - 1 - cut)[:, None] - np.arange(n)
    outside = (places < 0) | (places >= size)
    padded = np.concatenate([a, np.zeros_like(a[..., :1])], axis=-1)
    return padded[..., np.where(outside, size, places)]


@follows(original.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    products = np.expand_dims(a, -2) * np.expand_dims(b, -3)
    *stack, rows, more, columns = np.shape(products)
    return np.reshape(products, (*stack, rows * more, columns))
