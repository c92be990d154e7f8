"""Matrices whose entries stand in a pattern: they are moved, and nothing is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as original

from ...errors import UnsupportedFunctionError
from ...tracing import lift
from ..standing import follows

__all__ = ["block_diag", "circulant", "hankel", "khatri_rao", "toeplitz"]


@follows(original.block_diag)
def block_diag(*arrs: Any) -> Any:
    blocks = [np.reshape(lift(a), (1, -1)) if np.ndim(a) < 2 else lift(a) for a in arrs]
    if any(np.ndim(block) > 2 for block in blocks):
        raise UnsupportedFunctionError("jacobians.scipy.linalg.block_diag", "for stacks of matrices")
    columns, left, rows = sum([np.shape(block)[1] for block in blocks]), 0, []
    for block in blocks:
        count, width = np.shape(block)
        before, after = np.zeros((count, left), block.dtype), np.zeros((count, columns - left - width), block.dtype)
        rows.append(np.concatenate([before, block, after], axis=1))
        left += width
    return np.concatenate(rows, axis=0)


def _vector(name: str, values: Any) -> Any:
    values = lift(values)
    values = values if hasattr(values, "shape") else np.asarray(values)
    if np.ndim(values) > 1:
        raise UnsupportedFunctionError(f"jacobians.scipy.linalg.{name}", "for arrays of more than one dimension")
    return np.reshape(values, (-1,))


@follows(original.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    c = _vector("toeplitz", c)
    r = np.conjugate(c) if r is None else _vector("toeplitz", r)
    i, j = np.arange(c.size)[:, None], np.arange(r.size)
    return np.concatenate([c[::-1], r[1:]])[c.size - 1 - i + j]


@follows(original.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    c = _vector("hankel", c)
    r = np.zeros(c.shape, c.dtype) if r is None else _vector("hankel", r)
    return np.concatenate([c, r[1:]])[np.arange(c.size)[:, None] + np.arange(r.size)]


@follows(original.circulant)
def circulant(c: Any) -> Any:
    c = _vector("circulant", c)
    return c[(np.arange(c.size)[:, None] - np.arange(c.size)) % max(c.size, 1)]


@follows(original.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    products = np.expand_dims(a, -2) * np.expand_dims(b, -3)
    *stack, rows, more, columns = np.shape(products)
    return np.reshape(products, (*stack, rows * more, columns))
